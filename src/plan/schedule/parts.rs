//! What is ordered: of each change the part that is about power or absence. Renames have an order of their own.

use super::{Refused, problem};
use crate::diff::Binding;
use crate::model::{DesiredServer, LiveServer, LiveState, Operation, Power, Succession, Verb};
use crate::plan::change::Change;
use crate::plan::inputs::Inputs;
use crate::plan::problem::Code;
use std::cmp::Reverse;
use std::collections::HashMap;

/// What is known of an entry's server, whether or not anything is done to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::plan) enum Standing {
    /// It is on.
    On,
    /// It is off, or suspended.
    Off(Power),
    /// Its provider reports no power.
    Unreported,
    /// Something is being done to it.
    Moving(String),
    /// It is not known; half a sentence that says why.
    Trouble(String),
}

impl Standing {
    /// Of the server that an entry is bound to.
    pub(in crate::plan) fn of(binding: &Binding, servers: &[LiveServer]) -> Self {
        match binding {
            Binding::Bound(at) => match &servers[*at].state {
                LiveState::Settled(Power::On) => Self::On,
                LiveState::Settled(power) => Self::Off(*power),
                LiveState::NotReported => Self::Unreported,
                state @ LiveState::Transition { .. } => Self::Moving(state.to_string()),
                state @ LiveState::Unrecognised(_) => Self::Trouble(format!("its state is {state}")),
            },
            Binding::Nothing => Self::Trouble("no live server is called so".into()),
            Binding::Ambiguous(_) | Binding::BothNames { .. } | Binding::Claimed { .. } => {
                Self::Trouble("it cannot be told which live server it is".into())
            }
        }
    }
}

/// What a part does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The server runs by its end, and did not before.
    Start,
    /// The server runs before and by its end.
    Reboot,
    /// The server does not run by its end.
    Stop,
}

/// The steps of a change that are no renames.
pub(super) struct Part {
    /// The change, by its place in the plan.
    pub(super) change: usize,
    /// The server, by its place in the fleet.
    pub(super) entry: usize,
    pub(super) kind: Kind,
    /// The step that waits for others.
    pub(super) first: usize,
    /// The step that others wait for.
    pub(super) last: usize,
}

/// All parts, in the total order, with what they are judged by.
pub(super) struct Parts<'a> {
    pub(super) list: Vec<Part>,
    /// For each server of the fleet its part.
    pub(super) of: Vec<Option<usize>>,
    pub(super) inputs: &'a Inputs<'a>,
    pub(super) standings: &'a [&'a Standing],
    pub(super) succession: &'a Succession,
}

impl<'a> Parts<'a> {
    pub(super) fn new(
        inputs: &'a Inputs<'a>,
        standings: &'a [&'a Standing],
        succession: &'a Succession,
        changes: &[Change],
    ) -> Self {
        let entries: HashMap<_, usize> =
            inputs.desired.iter().enumerate().map(|(at, entry)| (&entry.address, at)).collect();
        let part = |(at, change): (usize, &Change)| {
            let entry = *entries.get(&change.address)?;
            let (kind, first) = kind(change)?;
            Some(Part { change: at, entry, kind, first, last: change.steps.len().saturating_sub(1) })
        };
        let mut list: Vec<Part> = changes.iter().enumerate().filter_map(part).collect();
        // The changes are sorted by address, so their places are as good.
        list.sort_by_key(|part| {
            let level = succession.levels.get(part.entry).copied().flatten().unwrap_or_default();
            let (up, down) = if part.kind == Kind::Stop { (0, level) } else { (level, 0) };
            (part.kind == Kind::Stop, up, Reverse(down), part.kind, part.change)
        });
        let mut of = vec![None; inputs.desired.len()];
        for (at, part) in list.iter().enumerate() {
            of[part.entry] = Some(at);
        }
        Self { list, of, inputs, standings, succession }
    }

    pub(super) fn entry(&self, at: usize) -> &'a DesiredServer {
        &self.inputs.desired[at]
    }

    /// The part of a server that brings it up, if there is one.
    pub(super) fn up(&self, entry: usize) -> Option<usize> {
        self.of[entry].filter(|&part| self.list[part].kind != Kind::Stop)
    }

    /// The part of a server that takes it down, if there is one.
    pub(super) fn down(&self, entry: usize) -> Option<usize> {
        self.of[entry].filter(|&part| self.list[part].kind == Kind::Stop)
    }

    /// Parts of servers that come after themselves. The fleet file is not accepted with these; others may plan too.
    pub(super) fn without_level(&self, changes: &[Change]) -> Vec<Refused> {
        let levels = &self.succession.levels;
        let parts = self.list.iter().filter(|part| levels.get(part.entry).is_some_and(Option::is_none));
        let refused = |part: &Part| Refused {
            change: part.change,
            problem: problem(
                &changes[part.change],
                Code::OrderCycle,
                "it comes after a server that comes after itself; mend `after:`".into(),
            ),
            behind: None,
        };
        parts.map(refused).collect()
    }
}

/// What the steps beside renames do, and the first of them.
fn kind(change: &Change) -> Option<(Kind, usize)> {
    let first = change.steps.iter().position(|step| step.operation.verb() != Verb::Rename)?;
    let starts = |operation: &Operation| operation.verb() == Verb::PowerOn;
    let kind = match &change.steps.last()?.operation {
        Operation::PowerOff { .. } | Operation::Suspend | Operation::Delete => Kind::Stop,
        _ if change.steps[first..].iter().any(|step| starts(&step.operation)) => Kind::Start,
        _ => Kind::Reboot,
    };
    Some((kind, first))
}
