//! Goes on after a syntax error where that is safe: at the next list item of the section or the next top-level
//! key, so that one run reports the mistakes of the whole file.

use super::builder::{Builder, Built, Ending};
use super::node::{Content, Node};
use super::outline::{Outline, Stretch, Unclear, section};
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

/// Reads the section of one top-level key alone, before and apart from the whole. `Ok(None)` if there is none, `Err`
/// if it cannot be cut out or read with certainty.
pub(crate) fn read_section<'a>(
    text: &'a str,
    key: &str,
    file: &Arc<str>,
    findings: &mut Findings,
) -> Result<Option<Reading<'a>>, Unclear> {
    let Some(stretch) = section(text, key)? else { return Ok(None) };
    let built = Builder::new(file, stretch.lines_before, findings).build(stretch.text);
    match (built.root, built.ending) {
        (Some(root), Ending::Whole) => {
            Ok(Some(Reading { parts: vec![Part::Document(root)], broken: Vec::new() }))
        }
        _ => Err(Unclear),
    }
}
