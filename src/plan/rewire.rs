//! A plan of which only a part is left: some of it is done by now, or was not asked for. What waited for a step that is
//! not there any more waits for what that one waited for, so that no order is lost in between.

use super::change::{Change, Step, StepRef};
use crate::model::{Address, Operation, Verb};
use std::collections::HashMap;

/// A change falls into two parts, each of which is there as a whole or not at all: its renames, and what follows.
type Part = (usize, bool);

/// The changes that are left, with waits that fit them. `left` holds what is left of each of `all`, in their order.
/// `may_go` says whether something may go on without a part of another change that is not there any more, its renames
/// if the flag is set.
///
/// # Errors
/// What `may_go` answers.
pub fn rewire(
    all: &[Change],
    left: Vec<Option<Change>>,
    may_go: impl Fn(&Change, bool) -> bool,
) -> Result<Vec<Change>, String> {
    let mut wires = Wires::new(all, &left);
    let mut kept: Vec<Change> = left.into_iter().flatten().collect();
    for change in &mut kept {
        for step in change.steps.iter_mut().filter(|step| !step.after.is_empty()) {
            let after = std::mem::take(&mut step.after);
            step.after = wires.resolved(&after);
            for lost in wires.lost(&after) {
                if !may_go(&all[lost.0], lost.1) {
                    let other = &all[lost.0].address;
                    return Err(format!("{} comes after {other}, which would be left out", change.address));
                }
            }
        }
    }
    Ok(kept)
}

/// Like [`rewire`], for whoever leaves out as much as must be: what comes after a part that is gone and may not go on
/// without it is left out as well, with all that comes after that. Beside the changes that are left, those that were left
/// out, each with the server that it comes after.
pub fn rewire_sparing(
    all: &[Change],
    mut left: Vec<Option<Change>>,
    may_go: impl Fn(&Change, bool) -> bool,
) -> (Vec<Change>, Vec<(Address, Address)>) {
    let mut spared = Vec::new();
    loop {
        let lost: Vec<(usize, usize)> = {
            let wires = Wires::new(all, &left);
            let waits = |change: &Change| -> Option<usize> {
                let after = change.steps.iter().flat_map(|step| &step.after).cloned().collect::<Vec<_>>();
                let lost = wires.lost(&after).into_iter().find(|lost| !may_go(&all[lost.0], lost.1));
                lost.map(|lost| lost.0)
            };
            let of = |(at, change): (usize, &Option<Change>)| Some((at, waits(change.as_ref()?)?));
            left.iter().enumerate().filter_map(of).collect()
        };
        if lost.is_empty() {
            break;
        }
        for (at, other) in lost {
            left[at] = None;
            spared.push((all[at].address.clone(), all[other].address.clone()));
        }
    }
    // Nothing is in the way any more.
    let changes = rewire(all, left, |_, _| true).unwrap_or_default();
    (changes, spared)
}

/// Servers that are stopped by now although the plan had something else come first: it counted on them.
pub fn stopped_too_early<'a>(all: &'a [Change], left: &[Option<Change>]) -> Vec<&'a Address> {
    let mut wires = Wires::new(all, left);
    let mut found = Vec::new();
    for (at, change) in all.iter().enumerate().filter(|(_, change)| stops(change)) {
        if wires.offset((at, false)).is_some() {
            continue;
        }
        let after: Vec<StepRef> = of_part(change, false).flat_map(|step| step.after.clone()).collect();
        let waits = wires.resolved(&after);
        let counts = |other: &StepRef| wires.places.get(&other.address).is_some_and(|&at| !stops(&all[at]));
        if waits.iter().any(counts) {
            found.push(&change.address);
        }
    }
    found
}

/// Whether the server does not run by the end of the change.
fn stops(change: &Change) -> bool {
    let last = change.steps.last().map(|step| &step.operation);
    matches!(last, Some(Operation::PowerOff { .. } | Operation::Suspend | Operation::Delete))
}

fn is_rename(step: &Step) -> bool {
    step.operation.verb() == Verb::Rename
}

fn of_part(change: &Change, renames: bool) -> impl Iterator<Item = &Step> {
    change.steps.iter().filter(move |step| is_rename(step) == renames)
}

struct Wires<'a> {
    all: &'a [Change],
    places: HashMap<&'a Address, usize>,
    /// Of each change whether its renames are left, and whether the rest is.
    has: Vec<(bool, bool)>,
    /// What those wait for by now that waited for a part that is not there.
    known: HashMap<Part, Vec<StepRef>>,
}

impl<'a> Wires<'a> {
    fn new(all: &'a [Change], left: &[Option<Change>]) -> Self {
        let has = |change: &Option<Change>, renames| {
            change.as_ref().is_some_and(|change| of_part(change, renames).next().is_some())
        };
        Self {
            all,
            places: all.iter().enumerate().map(|(at, change)| (&change.address, at)).collect(),
            has: left.iter().map(|change| (has(change, true), has(change, false))).collect(),
            known: HashMap::new(),
        }
    }

    /// The part that a wait is about; `None` where the plan has no such step.
    fn part(&self, other: &StepRef) -> Option<Part> {
        let at = *self.places.get(&other.address)?;
        Some((at, is_rename(self.all[at].steps.get(other.step)?)))
    }

    /// By how many places the steps of a part have moved up; `None` where it is not there any more.
    fn offset(&self, (at, renames): Part) -> Option<usize> {
        match (renames, self.has.get(at)?) {
            (true, (true, _)) | (false, (true, true)) => Some(0),
            (false, (false, true)) => Some(of_part(&self.all[at], true).count()),
            _ => None,
        }
    }

    fn gone(&self, other: &StepRef) -> Option<Part> {
        self.part(other).filter(|part| self.offset(*part).is_none())
    }

    /// The waits of a part that is not there any more.
    fn waits(&self, (at, renames): Part) -> Vec<&'a StepRef> {
        of_part(&self.all[at], renames).flat_map(|step| &step.after).collect()
    }

    /// Waits as they are now. One for a step that the plan never had stays: it is never done.
    fn resolved(&mut self, after: &[StepRef]) -> Vec<StepRef> {
        for other in after {
            if let Some(part) = self.gone(other) {
                self.look(part);
            }
        }
        self.joined(after.iter())
    }

    fn joined<'r>(&self, after: impl Iterator<Item = &'r StepRef>) -> Vec<StepRef> {
        let mut now = Vec::new();
        for other in after {
            match self.part(other) {
                None => now.push(other.clone()),
                Some(part) => match self.offset(part) {
                    Some(offset) => now.push(StepRef { step: other.step - offset, ..other.clone() }),
                    None => now.extend(self.known.get(&part).into_iter().flatten().cloned()),
                },
            }
        }
        now.sort();
        now.dedup();
        now
    }

    /// Fills `known` for a part and all behind it. Without recursion: a chain may be as long as the plan.
    fn look(&mut self, part: Part) {
        let mut stack = vec![part];
        let mut begun = std::collections::HashSet::new();
        while let Some(&top) = stack.last() {
            let waits = self.waits(top);
            if begun.insert(top) {
                let behind = waits.iter().filter_map(|other| self.gone(other));
                stack.extend(behind.filter(|part| !self.known.contains_key(part) && !begun.contains(part)));
            } else {
                stack.pop();
                if !self.known.contains_key(&top) {
                    let now = self.joined(waits.into_iter());
                    self.known.insert(top, now);
                }
            }
        }
    }

    /// The parts that are not there any more among those that are waited for, and among those behind them.
    fn lost(&self, after: &[StepRef]) -> Vec<Part> {
        let mut found: Vec<Part> = after.iter().filter_map(|other| self.gone(other)).collect();
        let mut seen: std::collections::HashSet<Part> = found.iter().copied().collect();
        let mut at = 0;
        while at < found.len() {
            let behind: Vec<Part> =
                self.waits(found[at]).into_iter().filter_map(|other| self.gone(other)).collect();
            found.extend(behind.into_iter().filter(|part| seen.insert(*part)));
            at += 1;
        }
        found
    }
}
