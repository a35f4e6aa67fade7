//! Order in any world: no step waits for itself, every wait is for a step that there is, and whatever `after:` asks for
//! is in the plan, if only by way of others.

use crate::config;
use crate::worlds::{World, world};
use fleetform::model::{Address, Operation, Verb};
use fleetform::plan::{Change, Plan};
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_step_waits_for_itself_and_every_wait_is_for_a_step_that_there_is(world in world()) {
        let plan = world.plan();
        let steps = Steps::of(&plan);
        for change in &plan.changes {
            for other in change.steps.iter().flat_map(|step| &step.after) {
                let there = plan.changes.iter().find(|one| one.address == other.address);
                prop_assert!(there.is_some_and(|one| other.step < one.steps.len()), "{other:?} of {change:#?}");
            }
        }
        for start in steps.all() {
            prop_assert!(!steps.behind(start).contains(&start), "{start:?} waits for itself in {plan:#?}");
        }
    }

    #[test]
    fn what_after_asks_for_is_in_the_plan(world in world()) {
        let plan = world.plan();
        let steps = Steps::of(&plan);
        for change in &plan.changes {
            let Some((first, last)) = part(change) else { continue };
            for before in predecessors(&world, &change.address) {
                let Some(other) = plan.changes.iter().find(|one| one.address == before) else { continue };
                let Some((other_first, other_last)) = part(other) else { continue };
                let (waiter, source) = match (stops(change), stops(other)) {
                    (false, false) => ((&change.address, first), (&other.address, other_last)),
                    (true, true) => ((&other.address, other_first), (&change.address, last)),
                    _ => continue,
                };
                prop_assert!(steps.behind(waiter).contains(&source), "{waiter:?} and {source:?} in {plan:#?}");
            }
        }
    }
}

/// The first and the last step that is no rename.
pub(crate) fn part(change: &Change) -> Option<(usize, usize)> {
    let first = change.steps.iter().position(|step| step.operation.verb() != Verb::Rename)?;
    Some((first, change.steps.len() - 1))
}

/// Whether the server does not run by the end.
pub(crate) fn stops(change: &Change) -> bool {
    let last = &change.steps.last().unwrap().operation;
    matches!(last, Operation::PowerOff { .. } | Operation::Suspend | Operation::Delete)
}

/// All servers of the file that come before one, by way of others too.
pub(crate) fn predecessors(world: &World, address: &Address) -> HashSet<Address> {
    let mut found = HashSet::new();
    let mut next = vec![address.clone()];
    while let Some(at) = next.pop() {
        for after in world.entry(&at).after.iter() {
            for entry in &world.desired {
                if after.selector.matches(&entry.address, &entry.labels)
                    && found.insert(entry.address.clone())
                {
                    next.push(entry.address.clone());
                }
            }
        }
    }
    found
}

type Place<'a> = (&'a Address, usize);

struct Steps<'a>(HashMap<Place<'a>, Vec<Place<'a>>>);

impl<'a> Steps<'a> {
    fn of(plan: &'a Plan) -> Self {
        let mut waits: HashMap<Place<'a>, Vec<Place<'a>>> = HashMap::new();
        for change in &plan.changes {
            for (at, step) in change.steps.iter().enumerate() {
                let here = waits.entry((&change.address, at)).or_default();
                here.extend(step.after.iter().map(|other| (&other.address, other.step)));
                here.extend((at > 0).then(|| (&change.address, at - 1)));
            }
        }
        Self(waits)
    }

    fn all(&self) -> Vec<Place<'a>> {
        self.0.keys().copied().collect()
    }

    /// Everything that must be done before a step.
    fn behind(&self, start: Place<'a>) -> HashSet<Place<'a>> {
        let mut found = HashSet::new();
        let mut next = vec![start];
        while let Some(at) = next.pop() {
            for &other in self.0.get(&at).into_iter().flatten() {
                if found.insert(other) {
                    next.push(other);
                }
            }
        }
        found
    }
}
