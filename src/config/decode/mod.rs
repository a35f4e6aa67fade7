//! Trees to desired state. Every function reports what is wrong and goes on with what is left.

mod collect;
mod connections;
mod defaults;
mod duplicates;
mod fields;
mod health;
mod holidays;
mod keys;
mod limits;
mod names;
mod notify;
mod order;
mod rollouts;
mod rules;
mod scalars;
mod schedules;
mod servers;
mod watch;
mod windows;
mod words;

pub use scalars::parse_duration;

pub(super) use collect::{Document, collect};
pub(super) use connections::{missing, undecided};
pub(super) use keys::{
    AVAILABILITY_KEYS, BETWEEN_KEYS, CONNECTION_KEYS, DEFAULT_KEYS, DRIFT_KEYS, HEALTH_KEYS, Key, LIMIT_KEYS,
    NOTIFY_KEYS, POWER_KEYS, ROLLOUT_KEYS, RULE_KEYS, SCHEDULE_KEYS, SERVER_KEYS, TIMEOUT_KEYS, TOP_KEYS,
    WATCH_KEYS, WINDOW_KEYS,
};
pub(super) use notify::{FORMAT_WORDS, SEVERITY_WORDS};

use super::diagnostic::Diagnostic;
use super::findings::Findings;
use super::yaml::{Node, Span};
use crate::model::Location;
use std::sync::Arc;

/// Decodes nodes of one file.
pub(super) struct Decoder<'r> {
    /// The file the nodes come from.
    pub(super) file: &'r Arc<str>,
    /// Where mistakes go.
    pub(super) findings: &'r mut Findings,
}

impl Decoder<'_> {
    /// The place of a span.
    fn place(&self, span: Span) -> Location {
        Location { file: Arc::clone(self.file), line: span.line, column: span.column }
    }

    /// Reports at a span.
    fn report(&mut self, span: Span, diagnostic: Diagnostic) {
        let place = self.place(span);
        self.findings.push(diagnostic.at(place).width(span.width()));
    }

    /// Reports that a node is not what is expected there.
    fn wrong_type(&mut self, node: &Node<'_>, what: &str, expected: &str) {
        let message = format!("{what} must be {expected}, this is {}", node.kind());
        self.report(node.span, Diagnostic::error("wrong_type", message));
    }
}
