//! When a server that was started counts as healthy: data; what asks is the room `health`.

use super::{Address, Labels, Period, ServerId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What is asked of a server that was started, resumed or rebooted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HealthCheck {
    /// What is asked.
    #[serde(flatten)]
    pub probe: Probe,
    /// It must pass within this time after the provider's evidence.
    pub within: Period,
    /// One try takes so long at most.
    pub timeout: Period,
}

/// One way of asking. Texts of a fleet file hold placeholders, those of a plan are filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Probe {
    /// `host:port` takes a connection.
    Tcp(String),
    /// A GET of this URL is answered with 2xx; redirects are not followed.
    Http(String),
    /// This program with these arguments, run without a shell where apply runs, ends with 0.
    Exec(Vec<String>),
}

impl HealthCheck {
    /// How long a check goes on where the file does not say.
    pub const WITHIN: Period = Period::from_mins(5);

    /// How long one try may take where the file does not say.
    pub const TIMEOUT: Period = Period::from_secs(10);

    /// The check of one server. A label that the server does not have is nothing: the file is refused before.
    #[must_use]
    pub fn of(&self, address: &Address, id: &ServerId, labels: &Labels) -> Self {
        let value = |placeholder: &Placeholder<'_>| match placeholder {
            Placeholder::Name => address.name.to_string(),
            Placeholder::Id => id.to_string(),
            Placeholder::Provider => address.connection.to_string(),
            Placeholder::Label(key) => labels.get(*key).cloned().unwrap_or_default(),
        };
        // A text that cannot be read never comes here either.
        let filled = |text: &String| fill(text, value).unwrap_or_else(|_| text.clone());
        let probe = match &self.probe {
            Probe::Tcp(to) => Probe::Tcp(filled(to)),
            Probe::Http(url) => Probe::Http(filled(url)),
            Probe::Exec(words) => Probe::Exec(words.iter().map(filled).collect()),
        };
        Self { probe, ..*self }
    }

    /// The labels that its placeholders name.
    pub fn labels(&self) -> Vec<String> {
        let mut labels = Vec::new();
        for text in self.probe.texts() {
            let _ = fill(text, |placeholder| {
                if let Placeholder::Label(key) = placeholder {
                    labels.push((*key).to_owned());
                }
                String::new()
            });
        }
        labels
    }
}

impl Probe {
    /// Its texts.
    pub fn texts(&self) -> &[String] {
        match self {
            Self::Tcp(text) | Self::Http(text) => std::slice::from_ref(text),
            Self::Exec(words) => words,
        }
    }
}

/// For people: `tcp 10.0.0.5:443`; of a URL what comes before its query.
impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(to) => write!(f, "tcp {to}"),
            Self::Http(url) => write!(f, "http {}", url.split(['?', '#']).next().unwrap_or_default()),
            Self::Exec(words) => write!(f, "exec {words:?}"),
        }
    }
}

/// What a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placeholder<'t> {
    /// `{name}`: the declared name.
    Name,
    /// `{id}`.
    Id,
    /// `{provider}`: the connection.
    Provider,
    /// `{label:KEY}`.
    Label(&'t str),
}

/// Why a text with placeholders cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadPlaceholder {
    /// There is none of that name.
    Unknown(String),
    /// A brace without its partner.
    Unbalanced,
}

/// Puts values into the placeholders of a text; `{{` and `}}` are braces.
///
/// # Errors
/// A placeholder that does not exist, a brace that is opened or closed alone.
pub fn fill<'t>(
    text: &'t str,
    mut value: impl FnMut(&Placeholder<'t>) -> String,
) -> Result<String, BadPlaceholder> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if let Some(after) = from.strip_prefix("{{") {
            out.push('{');
            rest = after;
        } else if let Some(after) = from.strip_prefix("}}") {
            out.push('}');
            rest = after;
        } else {
            let inside = from.strip_prefix('{').ok_or(BadPlaceholder::Unbalanced)?;
            let (name, after) = inside.split_once('}').ok_or(BadPlaceholder::Unbalanced)?;
            let placeholder = match name {
                "name" => Placeholder::Name,
                "id" => Placeholder::Id,
                "provider" => Placeholder::Provider,
                _ => match name.strip_prefix("label:").filter(|key| !key.is_empty()) {
                    Some(key) => Placeholder::Label(key),
                    None => return Err(BadPlaceholder::Unknown(name.to_owned())),
                },
            };
            out.push_str(&value(&placeholder));
            rest = after;
        }
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_and_doubled_braces_are_braces() {
        let value = |placeholder: &Placeholder<'_>| match placeholder {
            Placeholder::Label(key) => format!("<{key}>"),
            other => format!("<{other:?}>"),
        };
        for (text, filled) in [
            ("plain", "plain"),
            ("{name}.{provider}:{label:port}", "<Name>.<Provider>:<port>"),
            ("{{\"id\": \"{id}\"}}", "{\"id\": \"<Id>\"}"),
            ("{label:a b}", "<a b>"),
        ] {
            assert_eq!(fill(text, value).as_deref(), Ok(filled), "{text}");
        }
        for text in ["{", "a}", "{name", "}{name}"] {
            assert_eq!(fill(text, value), Err(BadPlaceholder::Unbalanced), "{text}");
        }
        for (text, name) in [("{ip}", "ip"), ("${env:X}", "env:X"), ("{label:}", "label:"), ("{}", "")] {
            assert_eq!(fill(text, value), Err(BadPlaceholder::Unknown(name.into())), "{text}");
        }
    }

    #[test]
    fn a_value_is_never_read_as_a_placeholder_again() {
        assert_eq!(fill("{name}", |_| "{id}".into()).as_deref(), Ok("{id}"));
    }
}
