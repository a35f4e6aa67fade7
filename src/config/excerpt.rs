//! Cuts source lines for messages: short, aligned with the caret, and with every literal secret masked.

use super::diagnostic::Excerpt;
use super::source::Source;
use super::yaml::Span;
use crate::model::Location;
use std::collections::HashMap;
use std::sync::Arc;

/// The longest part of a line that is shown, in characters.
const MAX_SHOWN: usize = 100;

/// What is shown before the caret when a line is cut, in characters.
const BEFORE: usize = 40;

/// What a secret is shown as.
const MASK: &str = "***";

/// Source lines of all files, found again by place.
pub(super) struct Excerpts<'a> {
    sources: HashMap<&'a str, Lines<'a>>,
}

struct Lines<'a> {
    texts: Vec<&'a str>,
    secret: Vec<Secret>,
    spans: Vec<Span>,
}

/// What of a line is secret, judged by its text alone: a broken file has no spans.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Secret {
    Nothing,
    /// From this byte on.
    From(usize),
    /// A continuation of a secret value.
    All,
}

impl<'a> Excerpts<'a> {
    /// Prepares all sources; only done when there is something to show.
    pub(super) fn new(sources: &'a [Source], names: &[&str], spans: &[(Arc<str>, Span)]) -> Self {
        let prepare = |source: &'a Source| {
            let texts = split_lines(&source.text);
            let secret = secret_parts(&texts, names);
            let spans = spans.iter().filter(|(file, _)| *file == source.name).map(|(_, s)| *s).collect();
            (&*source.name, Lines { texts, secret, spans })
        };
        Self { sources: sources.iter().map(prepare).collect() }
    }

    /// The line at a place, cut around it.
    pub(super) fn at(&mut self, place: &Location, width: u32) -> Option<Excerpt> {
        let source = self.sources.get(&*place.file)?;
        let index = usize::try_from(place.line).ok()?.checked_sub(1)?;
        let line = source.texts.get(index)?;
        let column = usize::try_from(place.column).ok()?.saturating_sub(1);
        let shown = source.masked(index, line);
        let length = shown.trim_end().chars().count();
        let caret = column.min(length);
        let width = usize::try_from(width).unwrap_or(usize::MAX).min(length - caret).max(1);
        Some(cut(&shown, caret, width))
    }
}

impl Lines<'_> {
    /// The line with its secrets replaced. A mask may be shorter than what it hides, but what stands before it,
    /// where carets point, keeps its columns.
    fn masked(&self, index: usize, line: &str) -> String {
        let chars: Vec<char> = line.chars().collect();
        let mut hidden = vec![false; chars.len()];
        let mut hide = |from: usize, to: usize| {
            hidden.iter_mut().take(to).skip(from).for_each(|h| *h = true);
        };
        match self.secret.get(index) {
            Some(Secret::All) => hide(0, chars.len()),
            Some(Secret::From(byte)) => hide(line[..*byte].chars().count(), chars.len()),
            _ => {}
        }
        for span in &self.spans {
            let (from, to) = span.columns_on(index + 1, chars.len());
            hide(from, to);
        }
        if let Some((from, to)) = user_info(&chars) {
            hide(from, to);
        }
        let mut shown = String::with_capacity(line.len());
        for (at, c) in chars.iter().enumerate() {
            match (hidden[at], at > 0 && hidden[at - 1]) {
                (true, false) => shown.push_str(MASK),
                (true, true) => {}
                (false, _) => shown.push(*c),
            }
        }
        shown
    }
}

/// Lines as the YAML parser counts them: `\n`, `\r\n` and a lone `\r` end one.
fn split_lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    for line in text.split('\n') {
        lines.extend(line.strip_suffix('\r').unwrap_or(line).split('\r'));
    }
    lines
}

/// The characters between `://` and `@`: credentials in a URL.
fn user_info(line: &[char]) -> Option<(usize, usize)> {
    let from = line.windows(3).position(|w| w == [':', '/', '/'])? + 3;
    let rest = line.get(from..)?;
    let stop = rest.iter().position(|c| c.is_whitespace() || *c == '/').unwrap_or(rest.len());
    let at = rest[..stop].iter().rposition(|c| *c == '@')?;
    Some((from, from + at))
}

/// Judges every line by the words in it: the value after a key that sounds like a secret, and the lines that
/// continue such a value.
fn secret_parts(lines: &[&str], names: &[&str]) -> Vec<Secret> {
    let mut parts = Vec::with_capacity(lines.len());
    let mut within: Option<usize> = None;
    let mut quote: Option<char> = None;
    for line in lines {
        let indent = line.len() - line.trim_start().len();
        let blank = line.trim().is_empty();
        if let Some(key_indent) = within {
            // A quote that is still open may go on in the same column, inside { } at least.
            if blank || indent > key_indent || (quote.is_some() && indent == key_indent) {
                parts.push(Secret::All);
                quote = quote.filter(|open| !line.contains(*open));
                continue;
            }
            within = None;
        }
        let Some(from) = secret_value(line, names) else {
            parts.push(Secret::Nothing);
            continue;
        };
        let value = line[from..].trim();
        quote = value.chars().next().filter(|c| matches!(c, '"' | '\'') && !value[1..].contains(*c));
        within = Some(key_indent(line, indent, from));
        parts.push(if is_reference(value) { Secret::Nothing } else { Secret::From(from) });
    }
    parts
}

/// The column of the key whose value begins at `from`: in `- url: x` the next keys of the mapping stand below it, not
/// below the dash, and are not what continues its value.
fn key_indent(line: &str, indent: usize, from: usize) -> usize {
    let after_dashes = line.trim_start_matches([' ', '-']);
    let key = line.len() - after_dashes.len();
    let is_first = line.get(key..from).is_some_and(|text| text.matches(':').count() == 1);
    let starts_plain = after_dashes.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '"' | '\''));
    if is_first && starts_plain { key } else { indent }
}

/// A value that is a reference and nothing else may be shown: that is what people need to see.
fn is_reference(value: &str) -> bool {
    let value = value.split(" #").next().unwrap_or(value).trim();
    let value = value.trim_matches(['"', '\'', '}', ' ', ',']);
    value.is_empty() || (value.starts_with("${") && value.matches("${").count() == 1 && !value.contains('}'))
}

/// Words that make a key sound like a secret, whatever provider it is for.
const SUSPECT: [&str; 6] = ["pass", "secret", "token", "api_key", "apikey", "credential"];

/// The byte where the value of the first secret-sounding key of a line begins.
fn secret_value(line: &str, names: &[&str]) -> Option<usize> {
    let mut from = 0;
    while let Some(colon) = line[from..].find(':').map(|at| at + from) {
        let key = line[..colon].trim_end().trim_end_matches(['"', '\'']);
        let start = key
            .rfind(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')))
            .map_or(0, |at| at + key[at..].chars().next().map_or(1, char::len_utf8));
        let word = key[start..].to_ascii_lowercase();
        let is_scheme = key[..start].ends_with("${");
        if !is_scheme && (names.contains(&&*word) || SUSPECT.iter().any(|s| word.contains(s))) {
            return Some(colon + 1 + (line[colon + 1..].len() - line[colon + 1..].trim_start().len()));
        }
        from = colon + 1;
    }
    None
}

/// The part of a line around the caret, marked with `…` where it was cut.
fn cut(line: &str, caret: usize, width: usize) -> Excerpt {
    let total = line.chars().count();
    let clean = |c: char| if c.is_control() && c != '\t' { '\u{fffd}' } else { c };
    if total <= MAX_SHOWN {
        return Excerpt { text: line.chars().map(clean).collect(), caret, length: width };
    }
    let from = caret.saturating_sub(BEFORE).min(total.saturating_sub(MAX_SHOWN));
    let mut text: String = if from > 0 { "…".into() } else { String::new() };
    text.extend(line.chars().skip(from).take(MAX_SHOWN).map(clean));
    if from + MAX_SHOWN < total {
        text.push('…');
    }
    let caret = caret - from + usize::from(from > 0);
    let length = width.min(text.chars().count().saturating_sub(caret)).max(1);
    Excerpt { text, caret, length }
}
