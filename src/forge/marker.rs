//! What a comment is found again by: its first line, an HTML comment, which no service shows.
//!
//! Nothing but this room writes a first line, so no name in a plan can forge one; and whoever quotes a comment puts
//! something in front of it.

use std::fmt;

/// Which of several comments on one request: 1 to 64 letters, digits, `.`, `_` and `-`, so that it can neither end the
/// HTML comment nor be taken for another key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// The most characters.
    pub const MOST: usize = 64;

    /// Reads a key; `None` for anything else. Two dashes in a row would not be valid in an HTML comment.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let good = (1..=Self::MOST).contains(&text.len()) && text.chars().all(fits) && !text.contains("--");
        good.then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The first line of a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker(String);

impl Marker {
    /// The marker of a key.
    pub fn new(key: &Key) -> Self {
        Self(format!("<!-- fleetform comment key={key} -->"))
    }

    /// What is put in front of the text: the marker, and an empty line, so that the text begins a block of its own.
    pub fn head(&self) -> String {
        format!("{}\n\n", self.0)
    }

    /// Whether a comment begins with it.
    pub fn begins(&self, body: &str) -> bool {
        body.lines().next().is_some_and(|line| line.trim_end() == self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_cannot_end_the_marker() {
        for good in ["fleetform", "a", "east.2_x-1", &"k".repeat(64)] {
            assert!(Key::parse(good).is_some(), "{good}");
        }
        for bad in ["", "a b", "a-->", "a--b", "ä", "a\n", "<!--", &"k".repeat(65)] {
            assert!(Key::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn only_a_whole_first_line_is_a_marker() {
        let marker = |key| Marker::new(&Key::parse(key).unwrap());
        let body = format!("{}text\n", marker("a").head());
        assert!(marker("a").begins(&body) && marker("a").begins(&body.replace('\n', "\r\n")));
        assert!(!marker("ab").begins(&body) && !marker("b").begins(&body));
        for other in
            [format!("> {body}"), format!("\n{body}"), format!(" {body}"), body.replace("-->", "--> x")]
        {
            assert!(!marker("a").begins(&other), "{other}");
        }
    }
}
