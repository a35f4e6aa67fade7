//! Parser events to a tree. Nothing here recurses with the input: open containers lie on a stack of bounded depth.

use super::node::{Content, Entry, Node, Span};
use super::syntax::{Explained, Spot, explain};
use crate::config::diagnostic::{Diagnostic, quote};
use crate::config::findings::Findings;
use crate::model::Location;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span as RawSpan, Tag};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// How deep lists and mappings may nest.
const MAX_DEPTH: usize = 64;

/// Nodes that aliases may add to one file.
const ALIAS_BUDGET: usize = 100_000;

/// Entries up to which every key is compared with every other; beyond it they are hashed.
const FEW: usize = 12;

/// A text (all of a file or a part of it) that was read as far as it goes.
pub(super) struct Built<'a> {
    /// The document; `None` where it is empty or broken at its very beginning.
    pub(super) root: Option<Node<'a>>,
    /// How far it was read.
    pub(super) ending: Ending,
}

/// How the reading of a text ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// All of it was read.
    Whole,
    /// A line (from 1, in the file) is broken; reading may go on after it.
    Broken(u32),
    /// What was read cannot be relied on and going on makes no sense.
    GivenUp,
}

/// A container that is not closed yet.
#[derive(Clone, Copy)]
struct Open {
    is_map: bool,
    /// Where its children begin in [`Builder::done`].
    from: usize,
    span: Span,
    /// The columns of its first line in which its bracket stands, if it is written with brackets.
    opener: Option<(Spot, usize)>,
    anchor: usize,
}

impl Open {
    /// Its bracket, if it is written with brackets.
    fn bracket(&self, text: &str) -> Option<(Spot, char)> {
        let (start, end) = self.opener?;
        let line = text.lines().nth(start.line.checked_sub(1)?)?;
        let mut chars = line.chars().enumerate().take(end.max(start.column + 1)).skip(start.column);
        let (column, bracket) = chars.find(|(_, c)| matches!(c, '[' | '{'))?;
        Some((Spot { line: start.line, column }, bracket))
    }
}

pub(super) struct Builder<'a, 'f> {
    file: &'f Arc<str>,
    /// Lines of the file before this text.
    lines_before: u32,
    findings: &'f mut Findings,
    done: Vec<Node<'a>>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node<'a>>,
    budget: usize,
    documents: usize,
}

/// Reading cannot go on; the reason was reported.
struct Stop(Ending);

impl<'a, 'f> Builder<'a, 'f> {
    pub(super) fn new(file: &'f Arc<str>, lines_before: u32, findings: &'f mut Findings) -> Self {
        Self {
            file,
            lines_before,
            findings,
            done: Vec::new(),
            open: Vec::new(),
            anchors: HashMap::new(),
            budget: ALIAS_BUDGET,
            documents: 0,
        }
    }

    /// Reads one document.
    pub(super) fn build(mut self, text: &'a str) -> Built<'a> {
        let mut parser = Parser::new_from_str(text);
        let mut ending = Ending::Whole;
        while let Some(event) = parser.next_event() {
            let step = match event {
                Ok((event, span)) => self.take(event, span),
                Err(error) => Err(self.syntax_error(&error, text)),
            };
            if let Err(Stop(why)) = step {
                ending = why;
                self.abandon();
                break;
            }
        }
        Built { root: self.done.pop(), ending }
    }

    fn syntax_error(&mut self, error: &ScanError, text: &str) -> Stop {
        if self.lines_before > 0 && error.info().contains("unknown anchor") {
            // The anchor may stand in the part that was skipped.
            return Stop(Ending::GivenUp);
        }
        let mut open = self.open.iter().enumerate();
        let bracket = open.find_map(|(at, open)| Some((at, open.from, open.bracket(text)?)));
        let opener = bracket.map(|(_, _, opener)| opener);
        let Explained { diagnostic, spot } = explain(error.info(), text, *error.marker(), opener);
        if let Some((at, from, (opener, _))) = bracket
            && spot == opener
        {
            // What the bracket swallowed cannot be told from what belongs into it.
            self.done.truncate(from);
            self.open.truncate(at);
        }
        let marker = Marker::new(0, spot.line, spot.column);
        let span = self.span(RawSpan::empty(marker));
        self.stop(span, diagnostic)
    }

    fn take(&mut self, event: Event<'a>, raw: RawSpan) -> Result<(), Stop> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && !self.tag_says_text(tag.as_deref(), raw);
                let node =
                    Node { span: self.span(raw), plain, partial: false, content: Content::Scalar(text) };
                self.finish(node, anchor)?;
            }
            Event::MappingStart(anchor, tag) => self.enter(true, anchor, tag.as_deref(), raw)?,
            Event::SequenceStart(anchor, tag) => self.enter(false, anchor, tag.as_deref(), raw)?,
            Event::MappingEnd | Event::SequenceEnd => self.leave(raw)?,
            Event::Alias(id) => self.alias(id, raw)?,
            Event::DocumentStart(_) => self.document(raw)?,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn document(&mut self, raw: RawSpan) -> Result<(), Stop> {
        self.documents += 1;
        if self.documents < 2 {
            return Ok(());
        }
        let span = self.span(raw);
        self.report(
            span,
            Diagnostic::error("several_documents", "the file holds several YAML documents").cure(
                "remove the line ---, or write each document to a file of its own and give them all with -f",
            ),
        );
        // The first document is whole.
        Err(Stop(Ending::Whole))
    }

    fn enter(&mut self, is_map: bool, anchor: usize, tag: Option<&Tag>, raw: RawSpan) -> Result<(), Stop> {
        let span = self.span(raw);
        if let Some(tag) = tag {
            self.check_tag(tag, &[if is_map { "map" } else { "seq" }], span);
        }
        if self.open.len() >= MAX_DEPTH {
            let message = format!("lists and mappings are nested more than {MAX_DEPTH} deep");
            return Err(self.stop(span, Diagnostic::error("too_deep", message)));
        }
        // Without brackets there is nothing that could be spanned, unless it has an anchor or a tag.
        let start = Spot { line: raw.start.line(), column: raw.start.col() };
        let opener = (!raw.is_empty()).then_some((start, raw.end.col()));
        self.open.push(Open { is_map, from: self.done.len(), span, opener, anchor });
        Ok(())
    }

    fn leave(&mut self, raw: RawSpan) -> Result<(), Stop> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        // A closing bracket comes with the blanks and the comment after it.
        let end = self.span(RawSpan::empty(raw.start));
        let bracket = u32::from(!raw.is_empty());
        let anchor = open.anchor;
        let mut node = self.close(open, false);
        (node.span.end_line, node.span.end_column) = (end.end_line, end.end_column + bracket);
        self.finish(node, anchor)
    }

    /// Makes a container of its children.
    fn close(&mut self, open: Open, partial: bool) -> Node<'a> {
        let children = self.done.drain(open.from..);
        let content = if open.is_map {
            let mut entries: Vec<(Node<'a>, Node<'a>)> = Vec::with_capacity(children.len() / 2);
            let mut children = children;
            while let (Some(key), Some(value)) = (children.next(), children.next()) {
                entries.push((key, value));
            }
            drop(children);
            Content::Map(self.entries(entries))
        } else {
            Content::List(children.collect())
        };
        Node { span: open.span, plain: false, partial, content }
    }

    /// Checks keys: texts, no merge key, none twice.
    fn entries(&mut self, pairs: Vec<(Node<'a>, Node<'a>)>) -> Vec<Entry<'a>> {
        let mut entries: Vec<Entry<'a>> = Vec::with_capacity(pairs.len());
        let mut seen: HashMap<Cow<'a, str>, Span> = HashMap::new();
        let few = pairs.len() <= FEW;
        for (key, value) in pairs {
            let Some((key, key_span)) = self.key(key) else { continue };
            let first = if few {
                entries.iter().find(|entry| entry.key == key).map(|entry| entry.key_span)
            } else {
                seen.insert(key.clone(), key_span)
            };
            match first {
                Some(first) => self.duplicate(&key, key_span, first),
                None => entries.push(Entry { key, key_span, value }),
            }
        }
        entries
    }

    fn key(&mut self, key: Node<'a>) -> Option<(Cow<'a, str>, Span)> {
        let null = key.is_null();
        let kind = key.kind();
        let span = key.span;
        match key.content {
            Content::Scalar(text) if key.plain && text == "<<" => {
                self.report(
                    span,
                    Diagnostic::error("merge_key", "merge keys (<<) are not supported").cure(
                        "write common values under defaults:, or several servers as one with braces: web-{01..20}",
                    ),
                );
                None
            }
            Content::Scalar(text) if !null => Some((text, span)),
            _ => {
                self.report(
                    span,
                    Diagnostic::error("bad_key", format!("a key must be a text, this one is {kind}"))
                        .cure("write the key as a word, in quotes if need be"),
                );
                None
            }
        }
    }

    fn duplicate(&mut self, key: &str, span: Span, first: Span) {
        let width = first.width();
        let first = self.location(first);
        self.report(
            span,
            Diagnostic::error("duplicate_key", format!("the key {} is given twice", quote(key)))
                .related("first given here", first)
                .related_width(width)
                .cure("remove one of the two"),
        );
    }

    /// Puts a finished node in its place, and remembers it where it has an anchor.
    fn finish(&mut self, node: Node<'a>, anchor: usize) -> Result<(), Stop> {
        if anchor > 0 {
            self.spend(&node, node.span)?;
            self.anchors.insert(anchor, node.clone());
        }
        self.done.push(node);
        Ok(())
    }

    fn alias(&mut self, id: usize, raw: RawSpan) -> Result<(), Stop> {
        let span = self.span(raw);
        let Some(node) = self.anchors.get(&id) else {
            let message = "an alias stands inside the very value that its anchor names";
            return Err(self.stop(span, Diagnostic::error("syntax_error", message)));
        };
        let mut node = node.clone();
        self.spend(&node, span)?;
        // A scalar keeps the place where it is written; a container is meant where it is used.
        if !matches!(node.content, Content::Scalar(_)) {
            node.span = span;
        }
        self.done.push(node);
        Ok(())
    }

    fn spend(&mut self, node: &Node<'a>, span: Span) -> Result<(), Stop> {
        if let Some(left) = self.budget.checked_sub(node.size()) {
            self.budget = left;
            return Ok(());
        }
        let message = format!("anchors and aliases expand to more than {ALIAS_BUDGET} values");
        self.report(span, Diagnostic::error("too_many_aliases", message));
        Err(Stop(Ending::GivenUp))
    }

    /// Closes what is open after a syntax error. The last value may be a victim of it and is dropped.
    fn abandon(&mut self) {
        if let Some(innermost) = self.open.last() {
            let children = self.done.len() - innermost.from;
            if children > 0 && matches!(self.done.last(), Some(Node { content: Content::Scalar(_), .. })) {
                self.done.pop();
            }
        } else if matches!(self.done.last(), Some(Node { content: Content::Scalar(_), .. })) {
            self.done.pop();
        }
        while let Some(open) = self.open.pop() {
            let node = self.close(open, true);
            self.done.push(node);
        }
    }

    /// Whether a tag makes a scalar a text as quotes do; other tags than the core ones are reported.
    fn tag_says_text(&mut self, tag: Option<&Tag>, raw: RawSpan) -> bool {
        let Some(tag) = tag else { return false };
        let span = self.span(raw);
        self.check_tag(tag, &["str", "int", "float", "bool", "null"], span);
        tag.suffix == "str" || (tag.handle.is_empty() && tag.suffix == "!")
    }

    fn check_tag(&mut self, tag: &Tag, allowed: &[&str], span: Span) {
        let plain = tag.handle.is_empty() && tag.suffix == "!";
        if plain || (tag.is_yaml_core_schema() && allowed.contains(&tag.suffix.as_str())) {
            return;
        }
        let shown = if tag.is_yaml_core_schema() { format!("!!{}", tag.suffix) } else { tag.to_string() };
        self.report(
            span,
            Diagnostic::error("unsupported_tag", format!("the tag {} cannot be used here", quote(&shown)))
                .cure("remove the tag; secrets are written as ${env:NAME} or ${file:PATH}"),
        );
    }

    fn stop(&mut self, span: Span, diagnostic: Diagnostic) -> Stop {
        self.report(span, diagnostic);
        Stop(Ending::Broken(span.line))
    }

    fn report(&mut self, span: Span, diagnostic: Diagnostic) {
        let location = self.location(span);
        self.findings.push(diagnostic.at(location).width(span.width()));
    }

    fn location(&self, span: Span) -> Location {
        Location { file: Arc::clone(self.file), line: span.line, column: span.column }
    }

    fn span(&self, raw: RawSpan) -> Span {
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Span {
            line: small(raw.start.line()).saturating_add(self.lines_before),
            column: small(raw.start.col()).saturating_add(1),
            end_line: small(raw.end.line()).saturating_add(self.lines_before),
            end_column: small(raw.end.col()).saturating_add(1),
        }
    }
}
