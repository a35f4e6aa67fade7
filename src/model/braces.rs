//! Brace expansion of names, like a shell's: `web-{01..20}`, `{a,b}`, nested and side by side; bounded.

use std::fmt;

/// The most names that one text may expand to.
pub const MAX_EXPANSION: usize = 100_000;

/// How deep braces may nest.
const MAX_DEPTH: usize = 16;

/// What is wrong with a brace expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BraceError {
    /// `{` without `}` or the reverse.
    Unbalanced,
    /// `{x}`: neither a list nor a range.
    NeitherListNorRange(String),
    /// It would expand to more than [`MAX_EXPANSION`] names.
    TooMany,
    /// Nested too deeply.
    TooDeep,
}

impl fmt::Display for BraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unbalanced => f.write_str("a brace is opened or closed without its partner"),
            Self::NeitherListNorRange(text) => write!(f, "{{{text}}} is neither a list nor a range"),
            Self::TooMany => write!(f, "it would expand to more than {MAX_EXPANSION} names"),
            Self::TooDeep => write!(f, "braces are nested more than {MAX_DEPTH} deep"),
        }
    }
}

impl std::error::Error for BraceError {}

/// Expands a text, first brace slowest: `{a,b}{1..2}` is `a1 a2 b1 b2`. A text without braces is itself.
/// Ranges take numbers (`{01..20}` pads to the wider end, `{10..1}` counts down, `{0..10..5}` has a step) and
/// single letters (`{a..e}`). A backslash keeps a brace or comma as it is.
pub fn expand(text: &str) -> Result<Vec<String>, BraceError> {
    if !text.contains(['{', '}', '\\']) {
        return Ok(vec![text.to_owned()]);
    }
    let chars: Vec<char> = text.chars().collect();
    expand_at(&chars, 0)
}

fn expand_at(text: &[char], depth: usize) -> Result<Vec<String>, BraceError> {
    if depth > MAX_DEPTH {
        return Err(BraceError::TooDeep);
    }
    let mut names = vec![String::new()];
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            '\\' if at + 1 < text.len() => {
                push(&mut names, text[at + 1]);
                at += 2;
            }
            '{' => {
                let close = matching(text, at)?;
                names = product(&names, &alternatives(&text[at + 1..close], depth)?)?;
                at = close + 1;
            }
            '}' => return Err(BraceError::Unbalanced),
            c => {
                push(&mut names, c);
                at += 1;
            }
        }
    }
    Ok(names)
}

fn push(names: &mut [String], c: char) {
    for name in names {
        name.push(c);
    }
}

/// The index of the brace that closes the one at `open`.
fn matching(text: &[char], open: usize) -> Result<usize, BraceError> {
    let mut depth = 0usize;
    let mut at = open;
    while at < text.len() {
        match text[at] {
            '\\' => at += 1,
            '{' => depth += 1,
            '}' if depth == 1 => return Ok(at),
            '}' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    Err(BraceError::Unbalanced)
}

/// What one pair of braces stands for.
fn alternatives(inside: &[char], depth: usize) -> Result<Vec<String>, BraceError> {
    let parts = split_list(inside);
    if parts.len() == 1 {
        let text: String = inside.iter().collect();
        return range(&text)?.ok_or(BraceError::NeitherListNorRange(text));
    }
    let mut all = Vec::new();
    for part in parts {
        all.extend(expand_at(part, depth + 1)?);
        if all.len() > MAX_EXPANSION {
            return Err(BraceError::TooMany);
        }
    }
    Ok(all)
}

/// Splits at the commas that are not inside inner braces.
fn split_list(inside: &[char]) -> Vec<&[char]> {
    let (mut parts, mut from, mut depth, mut at) = (Vec::new(), 0, 0usize, 0);
    while at < inside.len() {
        match inside[at] {
            '\\' => at += 1,
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&inside[from..at]);
                from = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    parts.push(&inside[from..]);
    parts
}

/// Reads `a..b` or `a..b..step`; `None` if it is no range.
fn range(text: &str) -> Result<Option<Vec<String>>, BraceError> {
    let parts: Vec<&str> = text.split("..").collect();
    let (first, last, step) = match parts[..] {
        [first, last] => (first, last, 1),
        [first, last, step] => match step.parse::<i64>() {
            Ok(step) if step != 0 => (first, last, step.unsigned_abs()),
            _ => return Ok(None),
        },
        _ => return Ok(None),
    };
    let letters = |text: &str| match text.as_bytes() {
        [c] if c.is_ascii_alphabetic() => Some(i64::from(*c)),
        _ => None,
    };
    if let (Some(from), Some(to)) = (letters(first), letters(last)) {
        let render = |n: i64| u8::try_from(n).map(|c| char::from(c).to_string()).unwrap_or_default();
        return count(from, to, step, render).map(Some);
    }
    match (number(first), number(last)) {
        (Some(from), Some(to)) => {
            let padded =
                [first, last].iter().any(|t| t.len() > 1 && t.trim_start_matches('-').starts_with('0'));
            let width = if padded { first.len().max(last.len()) } else { 0 };
            count(from, to, step, |n| format!("{n:0width$}")).map(Some)
        }
        _ => Ok(None),
    }
}

/// A plain decimal number; no plus sign, no blanks.
fn number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

fn count(from: i64, to: i64, step: u64, render: impl Fn(i64) -> String) -> Result<Vec<String>, BraceError> {
    let steps = from.abs_diff(to) / step;
    if steps >= MAX_EXPANSION as u64 {
        return Err(BraceError::TooMany);
    }
    let sign: i128 = if from <= to { 1 } else { -1 };
    Ok((0..=steps)
        .filter_map(|i| i64::try_from(i128::from(from) + sign * i128::from(i) * i128::from(step)).ok())
        .map(render)
        .collect())
}

fn product(heads: &[String], tails: &[String]) -> Result<Vec<String>, BraceError> {
    if heads.len().saturating_mul(tails.len()) > MAX_EXPANSION {
        return Err(BraceError::TooMany);
    }
    Ok(heads.iter().flat_map(|head| tails.iter().map(move |tail| format!("{head}{tail}"))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> String {
        expand(text).map_or_else(|e| format!("error: {e}"), |names| names.join(" "))
    }

    #[test]
    fn expands_like_a_shell() {
        for (text, expected) in [
            ("web", "web"),
            ("web-{01..03}", "web-01 web-02 web-03"),
            ("{8..11}", "8 9 10 11"),
            ("{08..11}", "08 09 10 11"),
            ("{3..1}", "3 2 1"),
            ("{0..10..5}", "0 5 10"),
            ("{-1..1}", "-1 0 1"),
            ("{a..c}", "a b c"),
            ("x{a,b}y", "xay xby"),
            ("{a,b}{1,2}", "a1 a2 b1 b2"),
            ("{a,b{1..2}}", "a b1 b2"),
            ("{a,}x", "ax x"),
            (r"a\{b\,c\}", "a{b,c}"),
        ] {
            assert_eq!(expanded(text), expected, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_expansion() {
        assert_eq!(expand("web-{01.20}"), Err(BraceError::NeitherListNorRange("01.20".into())));
        assert_eq!(expand("web-{}"), Err(BraceError::NeitherListNorRange(String::new())));
        assert_eq!(expand("web-{a"), Err(BraceError::Unbalanced));
        assert_eq!(expand("web-a}"), Err(BraceError::Unbalanced));
    }

    #[test]
    fn is_bounded_before_it_allocates() {
        for text in [
            "{1..999999999}",
            "{1..99999}{1..99999}",
            "{-9223372036854775808..9223372036854775807}",
            &"{a,b}".repeat(40),
        ] {
            assert_eq!(expand(text), Err(BraceError::TooMany), "{text}");
        }
        let deep = format!("{}a{}", "{b,".repeat(40), "}".repeat(40));
        assert_eq!(expand(&deep), Err(BraceError::TooDeep));
    }
}
