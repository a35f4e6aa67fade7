//! The tree: scalars, lists and mappings, each with its place and as little else as possible.

use std::borrow::Cow;

/// A part of a file: from (line, column) up to, not including, (line, column); counted from 1, in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    /// First line.
    pub(crate) line: u32,
    /// First column.
    pub(crate) column: u32,
    /// Last line.
    pub(crate) end_line: u32,
    /// The column after the last.
    pub(crate) end_column: u32,
}

impl Span {
    /// Characters on its first line; beyond measure when it goes on to the next.
    pub(crate) fn width(&self) -> u32 {
        if self.end_line > self.line { u32::MAX } else { self.end_column.saturating_sub(self.column).max(1) }
    }

    /// Which characters (counted from 0, end excluded) of a line of `length` characters belong to it.
    pub(crate) fn columns_on(&self, line: usize, length: usize) -> (usize, usize) {
        let large = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        if line < large(self.line) || line > large(self.end_line) {
            return (0, 0);
        }
        let from = if line == large(self.line) { large(self.column).saturating_sub(1) } else { 0 };
        let to = if line == large(self.end_line) { large(self.end_column).saturating_sub(1) } else { length };
        (from, to)
    }
}

/// What a node holds.
#[derive(Clone, Debug)]
pub(crate) enum Content<'a> {
    /// A text, escapes and folding undone.
    Scalar(Cow<'a, str>),
    /// A list.
    List(Vec<Node<'a>>),
    /// A mapping; its keys are texts and different from each other.
    Map(Vec<Entry<'a>>),
}

/// One key of a mapping and its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'a> {
    /// The key.
    pub(crate) key: Cow<'a, str>,
    /// Where the key stands.
    pub(crate) key_span: Span,
    /// The value.
    pub(crate) value: Node<'a>,
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    /// Where it stands.
    pub(crate) span: Span,
    /// A scalar without quotes, whose text may mean a number, a boolean or null.
    pub(crate) plain: bool,
    /// The file is broken inside this node: what is missing here may stand in the part that could not be read.
    pub(crate) partial: bool,
    /// What it holds.
    pub(crate) content: Content<'a>,
}

impl Node<'_> {
    /// Whether it is nothing: an empty value, `~` or `null` without quotes.
    pub(crate) fn is_null(&self) -> bool {
        match &self.content {
            Content::Scalar(text) => self.plain && matches!(&**text, "" | "~" | "null" | "Null" | "NULL"),
            _ => false,
        }
    }

    /// What it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.content {
            _ if self.is_null() => "nothing",
            Content::Scalar(_) => "a single value",
            Content::List(_) => "a list",
            Content::Map(_) => "a mapping",
        }
    }

    /// Nodes in it, itself included.
    pub(crate) fn size(&self) -> usize {
        1 + match &self.content {
            Content::Scalar(_) => 0,
            Content::List(items) => items.iter().map(Node::size).sum(),
            Content::Map(entries) => entries.iter().map(|entry| 1 + entry.value.size()).sum(),
        }
    }
}
