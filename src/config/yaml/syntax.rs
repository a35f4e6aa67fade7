//! The parser's words for a syntax error, in words that help.

use crate::config::diagnostic::Diagnostic;
use saphyr_parser::Marker;

/// A place in the text that is being read: line from 1, column from 0, as the parser counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// The line.
    pub(super) line: usize,
    /// The column.
    pub(super) column: usize,
}

/// A syntax error in other words.
pub(super) struct Explained {
    /// What is wrong and what to do about it, without its place.
    pub(super) diagnostic: Diagnostic,
    /// The place that is to blame. The parser often stops later than that.
    pub(super) spot: Spot,
}

/// Turns a parser message into a finding with a cure. `opener` is the outermost `[` or `{` that is open where the
/// parser stopped.
pub(super) fn explain(info: &str, text: &str, marker: Marker, opener: Option<(Spot, char)>) -> Explained {
    let mut spot = Spot { line: marker.line(), column: marker.col() };
    if let Some((open, bracket)) = opener.filter(|(open, _)| open.line < spot.line) {
        let message =
            format!("this {bracket} is not closed, or a comma is missing, before line {}", spot.line);
        let closing = if bracket == '[' { ']' } else { '}' };
        let cure = format!("close it with {closing}, and put a comma between its entries");
        return Explained { diagnostic: Diagnostic::error("syntax_error", message).cure(cure), spot: open };
    }
    if info.contains("simple key expect") {
        // The parser stops at the next thing that it meets; the key without its colon stands before that.
        spot = before(text, spot.line).unwrap_or(spot);
    }
    if info.contains("tab") {
        spot = tab_from(text, spot.line).unwrap_or(spot);
    }
    let line = text.lines().nth(spot.line.saturating_sub(1)).unwrap_or_default();
    let (message, cure) = translate(info, line, line.chars().nth(spot.column));
    let diagnostic = Diagnostic::error("syntax_error", message);
    let diagnostic = match cure {
        Some(cure) => diagnostic.cure(cure),
        None => diagnostic,
    };
    Explained { diagnostic, spot }
}

/// The beginning of the last line before `line` that holds something.
fn before(text: &str, line: usize) -> Option<Spot> {
    let lines = text.lines().enumerate().take(line.saturating_sub(1));
    let (index, last) =
        lines.filter(|(_, l)| !l.trim().is_empty() && !l.trim_start().starts_with('#')).last()?;
    Some(Spot { line: index + 1, column: last.len() - last.trim_start().len() })
}

/// The first tab in the indentation of a line from `line` on.
fn tab_from(text: &str, line: usize) -> Option<Spot> {
    let mut lines = text.lines().enumerate().skip(line.saturating_sub(1));
    lines.find_map(|(index, l)| {
        let indent = &l[..l.len() - l.trim_start().len()];
        Some(Spot { line: index + 1, column: indent.find('\t')? })
    })
}

fn translate<'t>(info: &'t str, line: &str, found: Option<char>) -> (&'t str, Option<&'t str>) {
    let has = |part: &str| info.contains(part);
    let blanks = line.len() - line.trim_start().len();
    let tab_indent = line[..blanks].contains('\t');
    if has("tab") || (tab_indent && (has("indentation") || has("cannot start any token"))) {
        return ("a tab is used for indentation", Some("indent with spaces: YAML does not allow tabs there"));
    }
    if has("unexpected end of stream") || has("unexpected document indicator") {
        return ("a quote is opened here and never closed", Some("close the quote"));
    }
    if has("in quoted scalar") {
        return (
            "this quoted text goes on to a line that is not indented enough",
            Some("close the quote, or indent the lines that continue it"),
        );
    }
    if has("after double-quoted") || has("after single-quoted") {
        return (
            "something follows the closing quote",
            Some("put the whole value in quotes, and write a quote inside it as \\\""),
        );
    }
    if has("unknown escape") || has("hexadecimal") || has("escape code") {
        return (
            "this backslash escape does not exist",
            Some("write \\\\ for a backslash, or use single quotes"),
        );
    }
    if has("mapping values are not allowed") || has("illegal placement of ':'") {
        return (
            "a second \": \" stands in one line, or this line is indented too far",
            Some(
                "put a value that holds \": \" in quotes, and give keys of one mapping the same indentation",
            ),
        );
    }
    if has("simple key expect") {
        return ("a key without a colon", Some("write \"key: value\""));
    }
    brackets(info, found).unwrap_or_else(|| structure(info, found))
}

/// Messages about `[ ]` and `{ }`.
fn brackets<'t>(info: &str, found: Option<char>) -> Option<(&'t str, Option<&'t str>)> {
    let has = |part: &str| info.contains(part);
    if has("recursion limit") {
        return Some(("brackets are nested too deep", None));
    }
    if has("flow mapping, did not find") {
        return Some((
            "a comma or a closing } is missing before this",
            Some("close the { } of this mapping, or put a comma between its entries"),
        ));
    }
    if has("flow sequence, expected") || has("flow construct") || has("only valid inside a block") {
        return Some((
            "a comma or a closing bracket is missing before this",
            Some("close the [ ] or { } that was opened before, or put a comma between its entries"),
        ));
    }
    if has("misplaced bracket") || (has("expected node content") && matches!(found, Some(']' | '}' | ','))) {
        return Some(("a bracket or comma stands where none is open", Some("remove it, or quote the value")));
    }
    None
}

/// Messages about blocks, indentation and special characters.
fn structure(info: &str, found: Option<char>) -> (&str, Option<&str>) {
    let has = |part: &str| info.contains(part);
    if has("expected '-' indicator") || has("did not find expected key") || has("expected <document start>") {
        return (
            "this line does not fit the lines above it",
            Some("check its indentation: entries of one list or mapping begin in the same column"),
        );
    }
    if has("invalid indentation") || has("wrongly indented") || has("sequence entries are not allowed") {
        return ("this line is not indented as the lines around it", Some("check its indentation"));
    }
    if has("unknown anchor") {
        return ("this alias has no anchor before it", Some("quote the value if it begins with a *"));
    }
    if has("unexpected character") || matches!(found, Some('@' | '`' | '%')) {
        return ("a value cannot begin with this character", Some("put the value in quotes"));
    }
    if has("handle wasn't declared") || has("a tag") {
        return ("this tag cannot be read", Some("quote the value if it begins with a !"));
    }
    (info, None)
}
