//! Scalars that every reader of any YAML dialect takes for the same text.

use super::paint::misleads;
use std::fmt::Write;

/// Plain where nothing could misread it, else double-quoted.
pub(super) fn scalar(text: &str) -> String {
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | '-');
    let lower = text.to_ascii_lowercase();
    let is_word = matches!(
        &*lower,
        "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null" | "nan" | "inf"
    );
    if starts_well && !is_word && text.chars().all(is_plain) { text.to_owned() } else { quoted(text) }
}

/// A double-quoted YAML scalar: JSON's escapes are a subset of YAML's. What would mislead a terminal, or a reader
/// of another dialect, is escaped as well.
pub(super) fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    json.chars().fold(String::with_capacity(json.len()), |mut out, c| {
        if misleads(c) || matches!(c, '\u{fffe}' | '\u{ffff}') {
            // Writing to a String cannot fail; all of these have four digits.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
        out
    })
}
