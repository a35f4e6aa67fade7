//! The parser's words for a syntax error, in words that help.

use crate::config::diagnostic::Diagnostic;
use saphyr_parser::Marker;

/// Turns a parser message into a finding with a cure.
pub(super) fn explain(info: &str, text: &str, marker: Marker) -> Diagnostic {
    let line = text.lines().nth(marker.line().saturating_sub(1)).unwrap_or_default();
    let found = line.chars().nth(marker.col());
    let (message, cure) = translate(info, line, found);
    let diagnostic = Diagnostic::error("syntax_error", message);
    match cure {
        Some(cure) => diagnostic.cure(cure),
        None => diagnostic,
    }
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
    if has("mapping values are not allowed") || has("illegal placement of ':'") || has("simple key expect") {
        return colon(found);
    }
    brackets(info, found).unwrap_or_else(|| structure(info, found))
}

fn colon<'t>(found: Option<char>) -> (&'t str, Option<&'t str>) {
    if found == Some(':') {
        (
            "a second \": \" stands in one line, or this line is indented too far",
            Some(
                "put a value that holds \": \" in quotes, and give keys of one mapping the same indentation",
            ),
        )
    } else {
        ("a key without a colon", Some("write \"key: value\""))
    }
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
