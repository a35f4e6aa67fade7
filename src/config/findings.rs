//! Collects mistakes while files are read, so that one run tells them all.

use super::diagnostic::{Diagnostic, Severity};
use super::excerpt::Excerpts;
use super::source::Source;
use super::yaml::Span;
use std::collections::HashMap;
use std::sync::Arc;

/// Mistakes kept in one run; what goes beyond is counted only.
const MAX_KEPT: usize = 1000;

/// The mistakes and doubts found so far.
#[derive(Default)]
pub(super) struct Findings {
    list: Vec<Diagnostic>,
    left_out: usize,
    errors: usize,
    secrets: Vec<(Arc<str>, Span)>,
}

impl Findings {
    /// Adds one.
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.errors += usize::from(diagnostic.severity == Severity::Error);
        if self.list.len() < MAX_KEPT {
            self.list.push(diagnostic);
        } else {
            self.left_out += 1;
        }
    }

    /// Marks a part of a file that must not be shown.
    pub(super) fn keep_secret(&mut self, file: &Arc<str>, span: Span) {
        self.secrets.push((Arc::clone(file), span));
    }

    /// Whether there is a mistake among them.
    pub(super) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// All of them in the order of the files and lines, with their source lines; `secret_names` are the settings
    /// whose values are never shown.
    pub(super) fn finish(mut self, sources: &[Source], secret_names: &[&str]) -> Vec<Diagnostic> {
        if self.list.is_empty() {
            return self.list;
        }
        let order: HashMap<&str, usize> = sources.iter().enumerate().map(|(i, s)| (&*s.name, i)).collect();
        self.list.sort_by_key(|diagnostic| {
            let place = diagnostic.location.as_ref();
            place.map(|at| (order.get(&*at.file).copied(), at.line, at.column))
        });
        let mut excerpts = Excerpts::new(sources, secret_names, &self.secrets);
        for diagnostic in &mut self.list {
            let place = diagnostic.location.as_ref();
            diagnostic.excerpt = place.and_then(|at| excerpts.at(at, diagnostic.width));
            for related in &mut diagnostic.related {
                related.excerpt = excerpts.at(&related.location, related.width);
            }
        }
        if self.left_out > 0 {
            let message = format!("{} more findings are not listed", self.left_out);
            let note = if self.errors > 0 { Diagnostic::error } else { Diagnostic::warning };
            self.list.push(note("more_findings", message).cure("mend these first"));
        }
        self.list
    }
}
