//! What is known of an apply while it goes on: for whoever has to leave it before its end.

use super::outcome::{ChangeOutcome, ChangeResult, Event, Observer};
use crate::model::Address;
use crate::plan::Change;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Counts what it passes on.
pub struct Tally<'o> {
    next: &'o dyn Observer,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    started: HashSet<Address>,
    finished: HashMap<Address, ChangeResult>,
}

impl<'o> Tally<'o> {
    /// Passes everything on to `next`.
    pub fn new(next: &'o dyn Observer) -> Self {
        Self { next, state: Mutex::default() }
    }

    /// One result per change, in the order given, if the apply is left now. What is under way has no end yet, and
    /// nobody looks for it any more: the ledger knows of it, and the next run does.
    pub fn if_left_now(&self, changes: &[Change]) -> Vec<ChangeResult> {
        let state = self.state();
        let of = |change: &Change| {
            let told = |outcome, why| ChangeResult::of(change, outcome, why, Duration::ZERO);
            match state.finished.get(&change.address) {
                Some(result) => result.clone(),
                None if state.started.contains(&change.address) => told(
                    ChangeOutcome::Unresolved,
                    "left while it was under way; it is in the ledger, and the next run looks what came of it",
                ),
                None => told(ChangeOutcome::NotStarted, "interrupted before it was started"),
            }
        };
        changes.iter().map(of).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Tally<'_> {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::Started { change, .. } => {
                self.state().started.insert(change.address.clone());
            }
            Event::Finished { result } => {
                self.state().finished.insert(result.address.clone(), (*result).clone());
            }
            Event::Note { .. } | Event::Pause { .. } => {}
        }
        self.next.event(event);
    }
}
