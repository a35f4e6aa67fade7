//! Names and ids of servers: brace expansion, and the rules that hold on every provider.

use super::Decoder;
use crate::config::diagnostic::{Diagnostic, quote};
use crate::config::yaml::Node;
use crate::model::{BraceError, expand};

/// The longest name, in characters.
const MAX_NAME: usize = 255;

/// The longest id, in characters.
const MAX_ID: usize = 1024;

/// What a text with or without braces stands for.
pub(super) enum Names<'n> {
    /// Itself.
    One(&'n str),
    /// Several, or one that differs from the text.
    Many(Vec<String>),
}

impl Names<'_> {
    /// How many.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(names) => names.len(),
        }
    }

    /// One of them.
    pub(super) fn get(&self, index: usize) -> Option<&str> {
        match self {
            Self::One(name) => Some(name),
            Self::Many(names) => names.get(index).map(String::as_str),
        }
    }
}

impl Decoder<'_> {
    /// Expands a name and checks what comes out. `None` if nothing usable did; that was reported.
    pub(super) fn names<'n>(&mut self, node: &'n Node<'_>, what: &str) -> Option<Names<'n>> {
        let text = self.text(node, what)?;
        let names = if text.contains(['{', '}', '\\']) {
            match expand(text) {
                Ok(names) => Names::Many(names),
                Err(error) => {
                    self.bad_braces(node, text, &error);
                    return None;
                }
            }
        } else {
            Names::One(text)
        };
        let bad = match &names {
            Names::One(name) => problem(name, MAX_NAME),
            Names::Many(all) => all.iter().find_map(|name| problem(name, MAX_NAME)),
        };
        match bad {
            None => Some(names),
            Some(why) => {
                let message = format!("{what} {} {why}", quote(text));
                self.report(node.span, Diagnostic::error("bad_name", message));
                None
            }
        }
    }

    fn bad_braces(&mut self, node: &Node<'_>, text: &str, error: &BraceError) {
        let cure = match error {
            _ if text.contains("${") => {
                "references such as ${env:NAME} are for the settings of providers only"
            }
            BraceError::Unbalanced | BraceError::NeitherListNorRange(_) => {
                "write a range {01..20} or a list {a,b}; a brace that is part of a name is written \\{"
            }
            BraceError::TooMany | BraceError::TooDeep => "write several entries",
        };
        let message = match error {
            BraceError::NeitherListNorRange(inside) => {
                format!("{} is neither a list nor a range", quote(&format!("{{{inside}}}")))
            }
            other => format!("{} cannot be expanded: {other}", quote(text)),
        };
        self.report(node.span, Diagnostic::error("bad_braces", message).cure(cure));
    }

    /// An id: any text, to the letter.
    pub(super) fn id<'n>(&mut self, node: &'n Node<'_>) -> Option<&'n str> {
        let text = self.text(node, "id")?;
        if let Some(why) = problem(text, MAX_ID) {
            let message = format!("id {} {why}", quote(text));
            self.report(node.span, Diagnostic::error("bad_id", message));
            return None;
        }
        Some(text)
    }
}

/// What no name or id may be.
fn problem(text: &str, most: usize) -> Option<String> {
    if text.is_empty() {
        return Some("is empty".into());
    }
    if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
        return Some("begins or ends with a blank".into());
    }
    if text.chars().any(char::is_control) {
        return Some("holds a control character".into());
    }
    // Counting is only needed where bytes could be too many.
    (text.len() > most && text.chars().count() > most).then(|| format!("is longer than {most} characters"))
}
