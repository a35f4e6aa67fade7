//! Content lines: unfolded, cut into name, parameters and value.

use super::{Result, wrong};
use std::borrow::Cow;

/// The most lines of a file.
const MAX_LINES: usize = 100_000;

/// One content line.
#[derive(Debug)]
pub(super) struct Line<'t> {
    /// In capitals.
    pub(super) name: String,
    /// Names in capitals, values without their quotes.
    pub(super) parameters: Vec<(String, String)>,
    /// As it stands; texts keep their escapes, which no value that is read here has.
    pub(super) value: Cow<'t, str>,
    /// In the file, from 1.
    pub(super) number: u32,
}

impl Line<'_> {
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether the value is this word.
    pub(super) fn is(&self, word: &str) -> bool {
        self.value.trim().eq_ignore_ascii_case(word)
    }

    pub(super) fn begins(&self, component: &str) -> bool {
        self.name == "BEGIN" && self.is(component)
    }
}

/// The content lines of a text. A line that begins with a blank goes on with the one before.
pub(super) fn unfold(text: &str) -> Result<Vec<Line<'_>>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut whole: Vec<(Cow<'_, str>, u32)> = Vec::new();
    for (at, line) in text.split('\n').enumerate() {
        let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
        let line = line.strip_suffix('\r').unwrap_or(line);
        if at >= MAX_LINES {
            return wrong(number, format!("it has more than {MAX_LINES} lines"));
        }
        if let Some(rest) = line.strip_prefix([' ', '\t']) {
            match whole.last_mut() {
                Some((last, _)) => last.to_mut().push_str(rest),
                None if rest.trim().is_empty() => {}
                None => return wrong(number, "it begins in the middle of a folded line"),
            }
        } else if !line.is_empty() {
            whole.push((Cow::Borrowed(line), number));
        }
    }
    whole.into_iter().map(|(text, number)| cut(text, number)).collect()
}

/// `NAME;KEY=VALUE;KEY="VALUE":value`.
fn cut(text: Cow<'_, str>, number: u32) -> Result<Line<'_>> {
    let Some(colon) = end_of_head(&text) else {
        return wrong(number, "a line without a colon is no content line");
    };
    let mut parts = split_outside_quotes(&text[..colon], ';').into_iter();
    let name = parts.next().unwrap_or_default().trim().to_ascii_uppercase();
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !is_name(&name) {
        return wrong(number, "a content line begins with a name of letters, digits and dashes");
    }
    let mut parameters = Vec::new();
    for part in parts {
        let Some((key, value)) = part.split_once('=').filter(|(key, _)| is_name(key)) else {
            return wrong(number, format!("a parameter of {name} has no value"));
        };
        parameters.push((key.to_ascii_uppercase(), value.replace('"', "")));
    }
    let value = match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[colon + 1..]),
        Cow::Owned(text) => Cow::Owned(text[colon + 1..].to_owned()),
    };
    Ok(Line { name, parameters, value, number })
}

/// The colon between name and value: the first one outside of quotes.
fn end_of_head(text: &str) -> Option<usize> {
    let mut quoted = false;
    text.bytes().position(|b| {
        quoted ^= b == b'"';
        b == b':' && !quoted
    })
}

fn split_outside_quotes(text: &str, at: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(|c| {
        quoted ^= c == '"';
        c == at && !quoted
    })
    .collect()
}
