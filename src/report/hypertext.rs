//! Text as HTML that shows it, inside of elements and of quoted attributes.

use super::paint::misleads;

/// Adds a text.
pub(in crate::report) fn push(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if misleads(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

/// A text.
pub(in crate::report) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    push(&mut out, text);
    out
}

/// A name.
pub(in crate::report) fn code(name: &str) -> String {
    format!("<code>{}</code>", text(name))
}
