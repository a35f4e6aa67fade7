//! What the ledger says was done before, as the brakes need it: one effort per change of a server, however many calls it took.

use crate::ledger::{Past, PastOutcome};
use crate::model::{
    ConnectionName, OffKind, Operation, Power, RebootKind, ServerId, ServerKey, ServerName, Verb,
};
use crate::plan::Earlier;
use jiff::Timestamp;
use std::collections::HashMap;

/// The command under which a watcher writes into the ledger.
pub const COMMAND: &str = "watch";

/// What a change makes of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It has this power.
    Power(Power),
    /// It has this name.
    Name(ServerName),
    /// It was rebooted.
    Rebooted,
    /// It is gone.
    Gone,
}

impl Effect {
    fn of(operation: &Operation) -> Self {
        match operation {
            Operation::Rename { to } => Self::Name(to.clone()),
            Operation::Reboot { .. } => Self::Rebooted,
            Operation::Delete => Self::Gone,
            // These have a power, as the model says.
            other => other.power().map_or(Self::Rebooted, Self::Power),
        }
    }

    /// Whether the two are about the same thing, so that one may undo the other.
    pub(super) fn is_about_the_same(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// A change of one server that was tried before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effort {
    /// When it was begun.
    pub at: Timestamp,
    /// When its end was recorded.
    pub ended_at: Option<Timestamp>,
    /// The connection.
    pub connection: ConnectionName,
    /// The server.
    pub id: ServerId,
    /// What was asked.
    pub verb: Verb,
    /// What it makes of the server.
    pub effect: Effect,
    /// What came of it.
    pub outcome: PastOutcome,
    /// By a watcher, not by a person.
    pub by_watch: bool,
    /// Who, for people: `run 1f2e (apply by ada on desk)`.
    pub by: String,
    /// Which run.
    run: String,
    /// A harder call may follow that belongs to it.
    soft: bool,
}

/// The changes in a history, in its order.
pub fn efforts(past: &[Past]) -> Vec<Effort> {
    let mut all: Vec<Effort> = Vec::new();
    let mut last: HashMap<ServerKey, usize> = HashMap::new();
    for one in past {
        let Some(operation) = &one.operation else { continue };
        let next = effort(one, operation);
        let key = (next.connection.clone(), next.id.clone());
        // The plug that is pulled after the guest was asked in vain is the same stop.
        let continued = last.get(&key).copied().filter(|at| {
            let before = &all[*at];
            let in_vain = matches!(before.outcome, PastOutcome::Failed | PastOutcome::NoEffect);
            before.soft && !next.soft && in_vain && (before.verb, &before.run) == (next.verb, &next.run)
        });
        if let Some(at) = continued {
            all[at] = Effort { at: all[at].at, ..next };
        } else {
            last.insert(key, all.len());
            all.push(next);
        }
    }
    all
}

fn effort(one: &Past, operation: &Operation) -> Effort {
    let run = one.by.as_ref().map(|run| run.run.clone()).unwrap_or_default();
    let by = one.by.as_ref().map_or_else(
        || "an earlier run".to_owned(),
        |run| format!("run {} ({} by {} on {})", run.run, run.command, run.user, run.host),
    );
    Effort {
        at: one.at,
        ended_at: one.ended_at,
        connection: one.provider.clone(),
        id: one.id.clone(),
        verb: operation.verb(),
        effect: Effect::of(operation),
        outcome: one.outcome,
        by_watch: one.by.as_ref().is_some_and(|run| run.command == COMMAND),
        by,
        run,
        soft: matches!(
            operation,
            Operation::PowerOff { method: OffKind::Graceful }
                | Operation::Reboot { method: RebootKind::Soft }
        ),
    }
}

/// What bounds over a time count: everything that may have had an effect.
pub fn earlier(efforts: &[Effort]) -> Vec<Earlier> {
    let counts = efforts.iter().filter(|one| one.outcome != PastOutcome::NoEffect);
    counts.map(|one| Earlier { at: one.at, connection: one.connection.clone(), verb: one.verb }).collect()
}

/// The efforts of each server, in their order.
pub(super) fn by_server(efforts: &[Effort]) -> HashMap<ServerKey, Vec<&Effort>> {
    let mut all: HashMap<ServerKey, Vec<&Effort>> = HashMap::new();
    for one in efforts {
        all.entry((one.connection.clone(), one.id.clone())).or_default().push(one);
    }
    all
}
