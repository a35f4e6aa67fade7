//! Selectors: globs over addresses, or `label:key=value`.

use super::{Address, Labels};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What `--target` takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Selector {
    /// A glob over `connection/name`: `*` is any text, `?` one character. Without a slash it is matched
    /// against the name alone.
    Address(String),
    /// Servers whose label has a value that the glob matches.
    Label {
        /// The label's key, to the letter.
        key: String,
        /// A glob over its value.
        value: String,
    },
}

/// A selector that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a selector: write a glob such as 'east/web-*', or 'label:tier=web'")]
pub struct SelectorError {
    /// What was given.
    pub text: String,
}

impl Selector {
    /// Reads a selector.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let bad = || SelectorError { text: text.to_owned() };
        if let Some(rest) = text.strip_prefix("label:") {
            let (key, value) = rest.split_once('=').ok_or_else(bad)?;
            if key.is_empty() {
                return Err(bad());
            }
            return Ok(Self::Label { key: key.to_owned(), value: value.to_owned() });
        }
        if text.is_empty() { Err(bad()) } else { Ok(Self::Address(text.to_owned())) }
    }

    /// Whether the selector means this server.
    pub fn matches(&self, address: &Address, labels: &Labels) -> bool {
        match self {
            Self::Address(glob) if glob.contains('/') => glob_matches(glob, &address.to_string()),
            Self::Address(glob) => glob_matches(glob, address.name.as_str()),
            Self::Label { key, value } => labels.get(key).is_some_and(|text| glob_matches(value, text)),
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(glob) => f.write_str(glob),
            Self::Label { key, value } => write!(f, "label:{key}={value}"),
        }
    }
}

impl Serialize for Selector {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Selector {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Selector {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Selector".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A glob over addresses such as east/web-*, or label:key=value",
            "minLength": 1
        })
    }
}

/// Whether `glob` matches the whole of `text`. Linear in practice: on a mismatch only the last `*` is retried.
pub fn glob_matches(glob: &str, text: &str) -> bool {
    let (glob, text): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
    let (mut g, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match glob.get(g) {
            Some('*') => {
                star = Some((g, t));
                g += 1;
            }
            Some(&c) if c == '?' || c == text[t] => {
                g += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    g = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    glob[g..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_texts() {
        for (glob, text, expected) in [
            ("web-*", "web-01", true),
            ("web-?", "web-01", false),
            ("*", "", true),
            ("*-01", "web-01-01", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("web", "web-01", false),
        ] {
            assert_eq!(glob_matches(glob, text), expected, "{glob} on {text}");
        }
    }

    #[test]
    fn a_glob_without_a_slash_is_about_names() {
        let address = Address::parse("east/web-01").unwrap();
        let labels = Labels::default();
        assert!(Selector::parse("web-*").unwrap().matches(&address, &labels));
        assert!(Selector::parse("east/*").unwrap().matches(&address, &labels));
        assert!(!Selector::parse("west/*").unwrap().matches(&address, &labels));
    }
}
