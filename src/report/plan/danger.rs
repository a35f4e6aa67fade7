//! How dangerous a change is: what a reviewer must see first, and what is cut last.

use crate::model::{OffKind, Operation, RebootKind, Verb};
use crate::plan::{Change, Step};

/// How dangerous a change is, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Danger {
    /// It deletes a server.
    Deletes,
    /// It stops or suspends one, or does hard what is declared to be done gracefully.
    Stops,
    /// It reboots one.
    Reboots,
    /// It neither interrupts nor destroys anything.
    Calm,
}

impl Danger {
    /// All of them, the worst first.
    pub const ALL: [Self; 4] = [Self::Deletes, Self::Stops, Self::Reboots, Self::Calm];

    /// How dangerous the change is: as its worst part.
    pub fn of(change: &Change) -> Self {
        let does = |verb| change.does(verb);
        if does(Verb::Delete) {
            Self::Deletes
        } else if does(Verb::PowerOff) || does(Verb::Suspend) || change.steps.iter().any(is_hard_fallback) {
            Self::Stops
        } else if does(Verb::Reboot) {
            Self::Reboots
        } else {
            Self::Calm
        }
    }

    /// Whether something is interrupted or destroyed.
    pub fn is_dangerous(self) -> bool {
        self != Self::Calm
    }
}

/// Whether a step is hard from its first call, and the plan says why that is so.
pub(super) fn is_hard_fallback(step: &Step) -> bool {
    let is_hard = matches!(
        step.operation,
        Operation::PowerOff { method: OffKind::Hard } | Operation::Reboot { method: RebootKind::Hard }
    );
    is_hard && step.note.is_some()
}

/// The changes, the most dangerous first; those that are equally dangerous in the order given, by address.
pub(super) fn by_danger(changes: &[Change]) -> Vec<(Danger, &Change)> {
    let mut ranked: Vec<(Danger, &Change)> =
        changes.iter().map(|change| (Danger::of(change), change)).collect();
    ranked.sort_by_key(|(danger, _)| *danger);
    ranked
}
