//! The keys of a mapping, sorted by their table; unknown ones reported.

use super::{Decoder, Key};
use crate::config::diagnostic::{Diagnostic, quote};
use crate::config::suggest::{nearest, one_of};
use crate::config::yaml::{Content, Entry, Node};

/// The entries of a mapping, by their index in the table of keys.
pub(super) struct Fields<'n, 'a, const N: usize> {
    entries: [Option<&'n Entry<'a>>; N],
    /// Part of the mapping could not be read: nothing is reported as missing.
    pub(super) partial: bool,
}

impl<'n, 'a, const N: usize> Fields<'n, 'a, N> {
    /// The value of a key.
    pub(super) fn value(&self, index: usize) -> Option<&'n Node<'a>> {
        self.entry(index).map(|entry| &entry.value)
    }

    /// A key and its value.
    pub(super) fn entry(&self, index: usize) -> Option<&'n Entry<'a>> {
        self.entries.get(index).copied().flatten()
    }
}

impl Decoder<'_> {
    /// The entries of a mapping; none where a key is followed by nothing. `None` (and a finding) if the node is
    /// something else.
    pub(super) fn mapping<'n, 'a>(&mut self, node: &'n Node<'a>, what: &str) -> Option<&'n [Entry<'a>]> {
        if let Content::Map(entries) = &node.content {
            return Some(entries);
        }
        if node.is_null() {
            return Some(&[]);
        }
        self.wrong_type(node, what, "a mapping (key: value)");
        None
    }

    /// Sorts a mapping by a table. An unknown key that is near a missing one is reported and then taken for it,
    /// so that one slip is one finding.
    pub(super) fn fields<'n, 'a, const N: usize>(
        &mut self,
        node: &'n Node<'a>,
        table: &[Key; N],
        what: &str,
    ) -> Option<Fields<'n, 'a, N>> {
        let entries = self.mapping(node, what)?;
        let mut fields = Fields { entries: [None; N], partial: node.partial };
        let mut unknown = Vec::new();
        for entry in entries {
            match table.iter().position(|key| key.name == entry.key) {
                Some(index) => fields.entries[index] = Some(entry),
                None => unknown.push(entry),
            }
        }
        for entry in unknown {
            let names: Vec<&str> = table.iter().map(|key| key.name).collect();
            let near = self.unknown_key(entry, &names, what);
            let index = near.and_then(|near| table.iter().position(|key| key.name == near));
            if let Some(slot) = index.and_then(|index| fields.entries.get_mut(index)) {
                slot.get_or_insert(entry);
            }
        }
        Some(fields)
    }

    /// Reports an unknown key and returns the known one it is near to.
    pub(super) fn unknown_key<'k>(
        &mut self,
        entry: &Entry<'_>,
        known: &[&'k str],
        what: &str,
    ) -> Option<&'k str> {
        let near = nearest(&entry.key, known.iter().copied());
        let cure = match near {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("known keys are {}", one_of(known)),
        };
        let message = format!("unknown key {} in {what}", quote(&entry.key));
        self.report(entry.key_span, Diagnostic::error("unknown_key", message).cure(cure));
        near
    }
}
