//! Goes on after a syntax error where that is safe: at the next list item of the section or the next top-level
//! key, so that one run reports the mistakes of the whole file.

use super::builder::{Builder, Built, Ending};
use super::node::{Content, Node};
use crate::config::findings::Findings;
use std::sync::Arc;

/// Syntax errors reported per file.
const MAX_BREAKS: usize = 20;

/// A piece of a file that could be read.
pub(crate) enum Part<'a> {
    /// Top-level keys and their values.
    Document(Node<'a>),
    /// Items of the list under a top-level key, which was broken before them.
    Items(&'a str, Node<'a>),
}

/// A file as far as it could be read.
pub(crate) struct Reading<'a> {
    /// The pieces, in their order. One document where nothing is broken; none for an empty file.
    pub(crate) parts: Vec<Part<'a>>,
    /// The top-level sections in which something is broken; `""` where the section is not known.
    pub(crate) broken: Vec<&'a str>,
}

/// A stretch of lines to read on its own.
struct Stretch<'a> {
    text: &'a str,
    lines_before: u32,
    /// The section whose items it holds; `None` for top-level keys.
    items_of: Option<&'a str>,
}

/// Reads a file. Mistakes go to `findings`.
pub(crate) fn read<'a>(text: &'a str, file: &Arc<str>, findings: &mut Findings) -> Reading<'a> {
    let mut reading = Reading { parts: Vec::new(), broken: Vec::new() };
    let Built { root, mut ending } = Builder::new(file, 0, findings).build(text);
    reading.parts.extend(root.map(Part::Document));
    if ending == Ending::Whole {
        return reading;
    }
    let outline = Outline::of(text);
    for _ in 0..MAX_BREAKS {
        let Ending::Broken(line) = ending else { break };
        reading.broken.push(outline.section_at(line).unwrap_or_default());
        ending = Ending::Whole;
        let mut next = outline.next_stretch(line);
        while let Some(stretch) = next {
            let built = Builder::new(file, stretch.lines_before, findings).build(stretch.text);
            add(&mut reading, &stretch, built.root);
            ending = built.ending;
            next = if ending == Ending::Whole { outline.after(&stretch) } else { None };
        }
    }
    if ending != Ending::Whole {
        reading.broken.push("");
    }
    reading
}

fn add<'a>(reading: &mut Reading<'a>, stretch: &Stretch<'a>, root: Option<Node<'a>>) {
    let Some(root) = root else { return };
    match (stretch.items_of, &root.content) {
        (Some(section), Content::List(_)) => reading.parts.push(Part::Items(section, root)),
        (None, Content::Map(_)) => reading.parts.push(Part::Document(root)),
        // A restart in the wrong place, inside a long text for example: nothing in it can be trusted.
        _ => {}
    }
}

/// The lines of a file and those among them that begin a top-level key.
struct Outline<'a> {
    text: &'a str,
    /// Byte at which each line begins.
    starts: Vec<usize>,
    /// Line indices (from 0) of top-level keys, with the key.
    keys: Vec<(usize, &'a str)>,
}

impl<'a> Outline<'a> {
    fn of(text: &'a str) -> Self {
        let breaks = text
            .char_indices()
            .filter(|(at, c)| *c == '\n' || (*c == '\r' && text.as_bytes().get(at + 1) != Some(&b'\n')));
        let starts: Vec<usize> = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        let keys = starts.iter().enumerate().filter_map(|(i, at)| Some((i, key_of(&text[*at..])?)));
        let keys = keys.collect();
        Self { text, starts, keys }
    }

    /// The top-level key that a line (from 1) belongs to.
    fn section_at(&self, line: u32) -> Option<&'a str> {
        let index = index(line);
        self.keys.iter().rev().find(|(at, _)| *at <= index).map(|(_, key)| *key)
    }

    /// Where reading can go on after a break in a line (from 1).
    fn next_stretch(&self, broken: u32) -> Option<Stretch<'a>> {
        let broken = index(broken);
        let section = self.keys.iter().rev().find(|(at, _)| *at <= broken).copied();
        let end = self.keys.iter().map(|(at, _)| *at).find(|at| *at > broken);
        if let Some((key_line, key)) = section
            && let Some(indent) = (key_line + 1..=broken).find_map(|i| self.item_indent(i))
        {
            let last = end.unwrap_or(self.starts.len());
            let item = (broken + 1..last).find(|i| self.item_indent(*i) == Some(indent));
            if let Some(item) = item {
                return self.stretch(item, last, Some(key));
            }
        }
        end.and_then(|from| self.stretch(from, self.starts.len(), None))
    }

    /// What follows a stretch that was read without a break: the rest of the file after a list.
    fn after(&self, stretch: &Stretch<'a>) -> Option<Stretch<'a>> {
        stretch.items_of?;
        let line = index(stretch.lines_before.saturating_add(1));
        let from = self.keys.iter().map(|(at, _)| *at).find(|at| *at > line)?;
        self.stretch(from, self.starts.len(), None)
    }

    fn stretch(&self, from: usize, to: usize, items_of: Option<&'a str>) -> Option<Stretch<'a>> {
        let start = *self.starts.get(from)?;
        let end = self.starts.get(to).copied().unwrap_or(self.text.len());
        Some(Stretch { text: self.text.get(start..end)?, lines_before: u32::try_from(from).ok()?, items_of })
    }

    /// The indentation of a line that begins a list item.
    fn item_indent(&self, line: usize) -> Option<usize> {
        let rest = self.text.get(*self.starts.get(line)?..)?;
        let indent = rest.len() - rest.trim_start_matches(' ').len();
        let after = rest[indent..].strip_prefix('-')?;
        after.is_empty().then_some(indent).or_else(|| after.starts_with([' ', '\n', '\r']).then_some(indent))
    }
}

fn index(line: u32) -> usize {
    usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1)
}

/// The key that a line begins with, if the line begins with one in its first column.
fn key_of(rest: &str) -> Option<&str> {
    let line = rest.split(['\n', '\r']).next()?;
    let (key, value) = line.split_once(':')?;
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    (!key.is_empty() && key.chars().all(word) && (value.is_empty() || value.starts_with([' ', '\t'])))
        .then_some(key)
}
