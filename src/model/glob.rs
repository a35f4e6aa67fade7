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

/// Whether `glob` matches the whole of `text`. Linear in practice: on a mismatch only the last `*` is retried. Asks for
/// no memory: rules ask it of every live server.
pub fn glob_matches(glob: &str, text: &str) -> bool {
    let (pattern, bytes) = (glob.as_bytes(), text.as_bytes());
    let (mut g, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < bytes.len() {
        match pattern.get(g) {
            Some(b'*') => {
                star = Some((g, t));
                g += 1;
            }
            // `t` is at the beginning of a character here: `?` and `*` move over whole ones, and equal bytes of whole
            // characters are whole characters.
            Some(b'?') => {
                g += 1;
                t += width(bytes[t]);
            }
            Some(byte) if *byte == bytes[t] => {
                g += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    let next = from + width(bytes[from]);
                    star = Some((at, next));
                    g = at + 1;
                    t = next;
                }
                None => return false,
            },
        }
    }
    pattern[g..].iter().all(|byte| *byte == b'*')
}

/// How many bytes the character takes that begins with this one.
fn width(first: u8) -> usize {
    match first {
        0..0xC0 => 1,
        0xC0..0xE0 => 2,
        0xE0..0xF0 => 3,
        _ => 4,
    }
}

/// Whether there is a text that both globs match.
pub fn globs_meet(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    // `meet[j]`: whether the rests of both from `i` and from `j` on have a text in common; from the ends backwards.
    let mut below: Vec<bool> = Vec::new();
    for i in (0..=one.len()).rev() {
        let mut meet = vec![false; other.len() + 1];
        for j in (0..=other.len()).rev() {
            let (a, b) = (one.get(i), other.get(j));
            let skip_a = || below.get(j).copied().unwrap_or(false);
            let skip_b = |meet: &[bool]| meet.get(j + 1).copied().unwrap_or(false);
            meet[j] = match (a, b) {
                (None, None) => true,
                // The star takes nothing, or one character of the other.
                (Some('*'), _) | (_, Some('*')) => {
                    (a.is_some() && skip_a()) || (b.is_some() && skip_b(&meet))
                }
                (Some(a), Some(b)) => {
                    (a == b || *a == '?' || *b == '?') && below.get(j + 1).copied().unwrap_or(false)
                }
                _ => false,
            };
        }
        below = meet;
    }
    below[0]
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
    fn a_question_mark_is_one_character_however_many_bytes_it_takes() {
        assert!(glob_matches("gr?n", "gr\u{fc}n") && glob_matches("*?n", "gr\u{fc}n"));
        assert!(!glob_matches("gr??n", "gr\u{fc}n"));
        assert!(glob_matches("*\u{4e16}?", "a\u{4e16}\u{754c}") && !glob_matches("?", "\u{4e16}\u{754c}"));
    }

    #[test]
    fn globs_meet_where_some_text_matches_both() {
        // Against the slow way: all texts of up to four characters.
        let texts: Vec<String> = (0..5u32)
            .flat_map(|len| {
                (0..3usize.pow(len)).map(move |n| {
                    (0..len).map(|at| ['a', 'b', '/'][n / 3usize.pow(at) % 3]).collect::<String>()
                })
            })
            .collect();
        let globs = ["", "*", "a", "?", "a*", "*a", "a/*", "*/b", "?b", "b?*", "a*b", "**", "ab/", "*a*b"];
        for one in globs {
            for other in globs {
                let slow = texts.iter().any(|text| glob_matches(one, text) && glob_matches(other, text));
                assert_eq!(globs_meet(one, other), slow, "{one:?} and {other:?}");
            }
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
