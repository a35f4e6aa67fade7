//! Renames in an order in which every name is free before it is taken; a cycle goes through a temporary name.

use super::change::{Change, Step, StepRef};
use super::problem::{Code, Problem, Severity};
use crate::diff::LiveIndex;
use crate::model::{LiveServer, NameRules, Operation, ServerName, Verb};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// Orders the renames of one connection. Changes whose name is held by a server that keeps it are taken out and
/// returned as problems; that may free nobody's name, so the rest is looked at again.
pub(super) fn order_renames(
    changes: &mut Vec<Change>,
    servers: &[LiveServer],
    index: &LiveIndex<'_>,
    rules: &NameRules,
) -> Vec<Problem> {
    if !changes.iter().any(|change| change.does(Verb::Rename)) {
        return Vec::new();
    }
    let mut problems = Vec::new();
    loop {
        let blockers = blockers(changes, servers, index);
        let Some((at, holder)) = blockers.iter().enumerate().find_map(|(at, b)| match b {
            Blocker::Keeps(holder) => Some((at, *holder)),
            _ => None,
        }) else {
            link(changes, &blockers, index, rules);
            return problems;
        };
        let change = changes.remove(at);
        problems.push(taken(&change, &servers[holder]));
    }
}

/// What is in the way of a change's rename.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blocker {
    Nothing,
    /// The change at this index will vacate the name.
    Vacates(usize),
    /// The live server at this index keeps the name.
    Keeps(usize),
}

fn new_name(change: &Change) -> Option<&ServerName> {
    change.steps.iter().find_map(|step| match &step.operation {
        Operation::Rename { to } => Some(to),
        _ => None,
    })
}

fn blockers(changes: &[Change], servers: &[LiveServer], index: &LiveIndex<'_>) -> Vec<Blocker> {
    let by_id: HashMap<&str, usize> = changes.iter().enumerate().map(|(at, c)| (c.id.as_str(), at)).collect();
    changes
        .iter()
        .enumerate()
        .map(|(at, change)| {
            let Some(name) = new_name(change) else { return Blocker::Nothing };
            let holders = index.with_name(name.as_str());
            let mut blocker = Blocker::Nothing;
            for holder in holders {
                let id = servers[holder].id.as_ref();
                match id.and_then(|id| by_id.get(id.as_str())) {
                    Some(&other) if other == at => {}
                    Some(&other) if vacates(&changes[other]) => blocker = Blocker::Vacates(other),
                    _ => return Blocker::Keeps(holder),
                }
            }
            blocker
        })
        .collect()
}

fn vacates(change: &Change) -> bool {
    change.does(Verb::Rename) || change.does(Verb::Delete)
}

/// Makes every rename wait for the one that frees its name; breaks each cycle at its first address.
fn link(changes: &mut [Change], blockers: &[Blocker], index: &LiveIndex<'_>, rules: &NameRules) {
    for cycle in cycles(blockers) {
        let Some(&first) = cycle.iter().min_by_key(|&&at| &changes[at].address) else { continue };
        let temporary = temporary_name(&changes[first], index, rules);
        changes[first].steps.insert(0, Step::new(Operation::Rename { to: temporary }));
    }
    for (at, blocker) in blockers.iter().enumerate() {
        let Blocker::Vacates(other) = *blocker else { continue };
        // The first step of the other change is what frees its old name: a rename or the delete.
        let waits_for = StepRef { address: changes[other].address.clone(), step: 0 };
        // In a broken cycle the last rename is the one that takes the wanted name.
        let taking =
            changes[at].steps.iter().rposition(|step| matches!(step.operation, Operation::Rename { .. }));
        if let Some(step) = taking.and_then(|step| changes[at].steps.get_mut(step)) {
            step.after.push(waits_for);
        }
    }
}

/// The cycles of "waits for"; every change waits for at most one other.
fn cycles(blockers: &[Blocker]) -> Vec<Vec<usize>> {
    let mut walk_of = vec![0usize; blockers.len()];
    let mut found = Vec::new();
    for start in 0..blockers.len() {
        let walk = start + 1;
        let mut at = start;
        while walk_of[at] == 0 {
            walk_of[at] = walk;
            match blockers[at] {
                Blocker::Vacates(next) => at = next,
                _ => break,
            }
        }
        let closes = walk_of[at] == walk && matches!(blockers[at], Blocker::Vacates(_));
        if closes && reaches_itself(blockers, at) {
            found.push(members(blockers, at));
        }
    }
    found
}

fn reaches_itself(blockers: &[Blocker], start: usize) -> bool {
    let mut at = start;
    for _ in 0..blockers.len() {
        match blockers[at] {
            Blocker::Vacates(next) if next == start => return true,
            Blocker::Vacates(next) => at = next,
            _ => return false,
        }
    }
    false
}

fn members(blockers: &[Blocker], start: usize) -> Vec<usize> {
    let mut all = vec![start];
    let mut at = start;
    while let Blocker::Vacates(next) = blockers[at] {
        if next == start {
            break;
        }
        all.push(next);
        at = next;
    }
    all
}

/// A name that nobody has, made from the id so that two runs make the same one.
fn temporary_name(change: &Change, index: &LiveIndex<'_>, rules: &NameRules) -> ServerName {
    let digest = Sha256::digest(format!("{}/{}", change.provider, change.id));
    let hex: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    (0u32..)
        .map(|n| if n == 0 { format!("swap-{hex}") } else { format!("swap-{hex}-{n}") })
        .find(|name| rules.refuses(name).is_none() && index.with_name(name).is_empty())
        .unwrap_or_else(|| format!("swap-{hex}"))
        .into()
}

fn taken(change: &Change, holder: &LiveServer) -> Problem {
    let name = new_name(change).map_or("", ServerName::as_str);
    let id = holder.id.as_ref().map_or("without an id", |id| id.as_str());
    Problem {
        code: Code::NameTaken,
        severity: Severity::Error,
        address: change.address.clone(),
        message: format!(
            "{} cannot be renamed to {name}: the live server {id} has that name and nothing in this plan frees it",
            change.before.name
        ),
        location: change.location.clone(),
    }
}
