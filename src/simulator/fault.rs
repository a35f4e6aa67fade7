//! Fault rules: which call goes wrong, and how.

use super::{Error, Outcome, Request};
use crate::model::glob_matches;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use std::time::Duration;

/// One rule: the `nth` and following calls that match it go wrong, `count` of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// A glob over connection names.
    #[serde(default = "anything")]
    connection: String,
    /// The method; any if absent.
    #[serde(default)]
    method: Option<String>,
    /// A glob over the decoded path below the connection's base.
    #[serde(default = "anything")]
    path: String,
    /// A glob over the query as sent; any if absent.
    #[serde(default)]
    query: Option<String>,
    /// A glob over the body; any if absent.
    #[serde(default)]
    body: Option<String>,
    /// Whether the call asks for a change of a server; either if absent.
    #[serde(default)]
    changes: Option<bool>,
    /// The first matching call that goes wrong, from 1.
    #[serde(default = "one")]
    nth: u64,
    /// How many go wrong from there on.
    #[serde(default)]
    count: Count,
    /// How.
    #[serde(deserialize_with = "named_fault")]
    fault: Fault,
    /// How many calls matched so far; not for world files to set.
    #[serde(default)]
    matched: u64,
}

/// How many calls a rule spoils.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(untagged, expecting = "`count` is a number or \"all\"")]
enum Count {
    Times(u64),
    All(All),
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum All {
    All,
}

impl Default for Count {
    fn default() -> Self {
        Self::Times(1)
    }
}

/// How a call goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// The connection is closed without an answer; nothing was done.
    ResetBefore {},
    /// The work is done, then the connection is closed without an answer.
    ResetAfter {},
    /// This status instead of the work.
    Status {
        /// The status code.
        code: u16,
        /// The header, as seconds or as an HTTP date.
        #[serde(default, deserialize_with = "text_or_number")]
        retry_after: Option<String>,
        /// The body; plain text unless it is JSON.
        #[serde(default)]
        body: Option<String>,
    },
    /// The work is done, then this status is answered.
    StatusAfter {
        /// The status code.
        #[serde(default = "server_error")]
        code: u16,
        /// The body; plain text unless it is JSON.
        #[serde(default)]
        body: Option<String>,
    },
    /// The work is done at once, the answer comes so much later.
    #[serde(with = "super::moment::text_duration")]
    Late(Duration),
    /// The work is done, the answer stops half way.
    CutOff {},
    /// An HTML page, as from a gateway; nothing was done.
    Html {
        /// The status code.
        #[serde(default = "fine")]
        status: u16,
    },
    /// Bytes that are no JSON but say so; nothing was done.
    Garbage {
        /// The status code.
        #[serde(default = "fine")]
        status: u16,
    },
    /// Accepted; the effect never comes.
    NeverSettles {},
    /// Accepted; it ends without its effect, and the provider's job says why.
    Fails {
        /// The reason.
        #[serde(default = "failure")]
        reason: String,
    },
    /// The provider's own "not possible now".
    Refuse {},
}

impl Fault {
    /// How an operation that this call starts goes on.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::NeverSettles {} => Outcome::Never,
            Self::Fails { reason } => Outcome::Fails(reason.clone()),
            _ => Outcome::Settles,
        }
    }
}

impl Rule {
    /// Reads a rule; `path` is where it stands, for the error.
    pub fn read(value: Value, path: &str) -> Result<Self, Error> {
        if value.get("matched").is_some() {
            return Err(Error::world(path, "unknown field `matched`"));
        }
        let rule: Self =
            serde_json::from_value(value).map_err(|error| Error::world(path, error.to_string()))?;
        if rule.nth == 0 {
            return Err(Error::world(path, "`nth` is counted from 1"));
        }
        let codes = match rule.fault {
            Fault::Status { code, .. } | Fault::StatusAfter { code, .. } => code,
            Fault::Html { status } | Fault::Garbage { status } => status,
            _ => 200,
        };
        if !(200..=599).contains(&codes) {
            return Err(Error::world(path, format!("{codes} is no status of an answer: 200 to 599")));
        }
        Ok(rule)
    }

    /// The glob over connection names.
    pub fn connection(&self) -> &str {
        &self.connection
    }

    /// Counts the call if it matches, and says whether (and how) it goes wrong.
    pub(super) fn judge(&mut self, connection: &str, request: &Request, changes: bool) -> Option<Fault> {
        if !self.matches(connection, request) || self.changes.is_some_and(|wanted| wanted != changes) {
            return None;
        }
        self.matched += 1;
        let hit = match self.count {
            Count::Times(count) => self.matched >= self.nth && self.matched - self.nth < count,
            Count::All(All::All) => self.matched >= self.nth,
        };
        hit.then(|| self.fault.clone())
    }

    fn matches(&self, connection: &str, request: &Request) -> bool {
        let path = percent_encoding::percent_decode_str(&request.path).decode_utf8_lossy();
        glob_matches(&self.connection, connection)
            && self.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(&request.method))
            && glob_matches(&self.path, &path)
            && self.query.as_ref().is_none_or(|glob| glob_matches(glob, &request.query))
            && self
                .body
                .as_ref()
                .is_none_or(|glob| glob_matches(glob, &String::from_utf8_lossy(&request.body)))
    }

    /// How many calls matched so far, and how many of them went wrong.
    pub(super) fn counts(&self) -> (u64, u64) {
        let from_nth = self.matched.saturating_sub(self.nth - 1);
        match self.count {
            Count::Times(count) => (self.matched, from_nth.min(count)),
            Count::All(All::All) => (self.matched, from_nth),
        }
    }
}

fn anything() -> String {
    "*".to_owned()
}

fn one() -> u64 {
    1
}

fn fine() -> u16 {
    200
}

fn server_error() -> u16 {
    500
}

fn failure() -> String {
    "the operation failed".to_owned()
}

/// A fault without particulars may be written as its name alone.
fn named_fault<'de, D: Deserializer<'de>>(from: D) -> Result<Fault, D::Error> {
    let value = match Value::deserialize(from)? {
        Value::String(name) => Value::Object(Map::from_iter([(name, Value::Object(Map::new()))])),
        value => value,
    };
    serde_json::from_value(value).map_err(|error| serde::de::Error::custom(format!("fault: {error}")))
}

fn text_or_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Number(number) => Ok(Some(number.to_string())),
        other => Err(serde::de::Error::custom(format!("{other} is neither a text nor a number"))),
    }
}
