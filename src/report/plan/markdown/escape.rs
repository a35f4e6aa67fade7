//! Names and messages as Markdown that shows them and does nothing else. Names stand in code spans: no service looks
//! for links, references or mentions there. Prose is escaped character by character, and what the services turn into
//! a link after Markdown is done (`@name`, `#12`, `www.`, `://`) is broken by an invisible word joiner.

use crate::report::paint::safe;
use std::borrow::Cow;

/// Invisible, and no part of any name, number or address.
const JOINER: char = '\u{2060}';

/// The most characters of a name; a fleet file takes no longer ones.
const NAME: usize = 255;

/// The most characters of a sentence.
const PROSE: usize = 1000;

/// A name as a code span.
pub(in crate::report) fn code(name: &str) -> String {
    code_of(name, NAME)
}

/// The first characters of a name as a code span.
pub(super) fn code_of(name: &str, most: usize) -> String {
    span(&clipped(name, most))
}

/// A name as a code span in a table. Tables are cut into cells before code spans are found, so a bar has a backslash,
/// which is taken away with the cutting.
pub(super) fn cell(name: &str) -> String {
    let name = clipped(name, NAME);
    let mut inner = String::with_capacity(name.len());
    for c in name.chars() {
        if c == '|' {
            // A backslash of the name's own would be taken together with the one that keeps the cell whole.
            inner.extend(inner.ends_with('\\').then_some(JOINER));
            inner.push('\\');
        }
        inner.push(c);
    }
    span(&inner)
}

fn span(text: &str) -> String {
    if text.is_empty() {
        return "(empty)".into();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(1 + longest);
    let needs_room = text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']);
    let room = if needs_room { " " } else { "" };
    format!("{fence}{room}{text}{room}{fence}")
}

/// A message, never at the beginning of a line and never in a table: what it has between backticks stays code.
pub(super) fn sentence(text: &str) -> String {
    let text = clipped(text, PROSE);
    let parts: Vec<&str> = text.split('`').collect();
    // Backticks that are no pairs, or that touch each other, are a name's own.
    let last = parts.len() - 1;
    let are_pairs = last.is_multiple_of(2) && parts[..last].iter().skip(1).all(|part| !part.is_empty());
    if !are_pairs {
        return prose(&text);
    }
    parts.iter().enumerate().map(|(at, part)| if at % 2 == 0 { prose(part) } else { span(part) }).collect()
}

/// A sentence, never at the beginning of a line.
pub(super) fn prose(text: &str) -> String {
    let text = clipped(text, PROSE);
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text.chars().peekable();
    let mut tail = [' '; 3];
    let mut hex = 0;
    while let Some(c) = rest.next() {
        let next = rest.peek().copied().unwrap_or(' ');
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '|' => out.push_str("&#124;"),
            '$' => out.push_str("&#36;"),
            '\\' => out.push_str("&#92;"),
            '.' if tail.map(|c| c.to_ascii_lowercase()) == ['w', 'w', 'w'] => out.extend([JOINER, '.']),
            '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '~' | '!' | '^' => out.extend(['\\', c]),
            _ => out.push(c),
        }
        let refers = matches!(c, '@' | '#' | '!' | '~' | '%' | '&' | '$' | '^') && !next.is_whitespace();
        // `://` begins a link, `:name:` is a picture; `GH-12` and the hex digits of a commit are links as well.
        let begins = c == ':' && (next == '/' || next.is_alphanumeric() || matches!(next, '+' | '-'));
        let issue = c == '-' && next.is_ascii_digit() && ends_with_gh(tail);
        hex = if c.is_ascii_hexdigit() { hex + 1 } else { 0 };
        out.extend((refers || begins || issue || hex == LONGEST_HEX).then_some(JOINER));
        hex %= LONGEST_HEX;
        tail = [tail[1], tail[2], c];
    }
    out
}

/// Services look for commits in runs of seven hex digits and more.
const LONGEST_HEX: usize = 6;

fn ends_with_gh(tail: [char; 3]) -> bool {
    let [before, g, h] = tail.map(|c| c.to_ascii_lowercase());
    (g, h) == ('g', 'h') && !before.is_alphanumeric()
}

fn clipped(text: &str, most: usize) -> Cow<'_, str> {
    let text = safe(text);
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]).into(),
        None => text.into(),
    }
}
