//! Names and ids as types of their own, so that one is never taken for the other.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

macro_rules! text_newtype {
    ($(#[$doc:meta])* $name:ident, $inner:ty) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(transparent)]
        pub struct $name(#[schemars(with = "String")] $inner);

        impl $name {
            /// The text as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    };
}

text_newtype!(
    /// The name of a connection: a key of `providers:` in the fleet file. Shared by all servers on it.
    ConnectionName,
    Arc<str>
);
text_newtype!(
    /// A server's name as people use it; not unique on every provider.
    ServerName,
    Box<str>
);
text_newtype!(
    /// A server's id as its provider writes it. Always text: some ids are decimal beyond 2^53.
    ServerId,
    Box<str>
);

/// Where a server is found: `connection/name`, for example `east/web-01`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The connection the server lives on.
    pub connection: ConnectionName,
    /// The server's declared (or, where nothing declares it, live) name.
    pub name: ServerName,
}

impl Address {
    /// Joins a connection and a name.
    pub fn new(connection: ConnectionName, name: ServerName) -> Self {
        Self { connection, name }
    }

    /// Reads `connection/name`; `None` without a slash or with an empty part. A name may itself hold slashes.
    pub fn parse(text: &str) -> Option<Self> {
        let (connection, name) = text.split_once('/')?;
        (!connection.is_empty() && !name.is_empty()).then(|| Self::new(connection.into(), name.into()))
    }
}

impl Address {
    /// As a word of a shell's command line: in quotes where it needs them.
    pub fn shell_word(&self) -> String {
        let text = self.to_string();
        let plain =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | ':' | '@' | '+' | ',');
        if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.connection, self.name)
    }
}

impl Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!("{text:?} is not an address: write connection/name"))
        })
    }
}

impl schemars::JsonSchema for Address {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Address".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "connection/name, for example east/web-01",
            "pattern": "^[^/]+/.+$"
        })
    }
}
