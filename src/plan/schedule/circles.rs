//! The last look: names are given up and taken in an order of their own, and together with the waits made here that
//! may be a circle. An apply would wait for ever; so it is a problem now.

use super::parts::Parts;
use super::{Refused, Waits, problem};
use crate::model::Address;
use crate::plan::change::Change;
use crate::plan::problem::Code;
use std::collections::HashMap;

/// The changes of one circle; empty where there is none.
pub(super) fn refuse(parts: &Parts<'_>, waits: &Waits, changes: &[Change]) -> Vec<Refused> {
    let renames_wait = changes.iter().any(|change| change.steps.iter().any(|step| !step.after.is_empty()));
    if !renames_wait {
        return Vec::new();
    }
    let steps = Steps::new(parts, waits, changes);
    let circle = steps.circle();
    let names: Vec<String> = circle.iter().map(|&at| changes[at].address.to_string()).collect();
    let refused = |&at: &usize| {
        let text = format!(
            "what is to be done waits for itself: {} by their names, by `after:` and by availability; do a part of it \
             first, with --target or --only",
            names.join(" for ")
        );
        Refused { change: at, problem: problem(&changes[at], Code::OrderCycle, text), behind: None }
    };
    circle.iter().map(refused).collect()
}

/// All steps of a plan, numbered through, with those that each waits for.
struct Steps {
    before: Vec<Vec<usize>>,
    change: Vec<usize>,
}

impl Steps {
    fn new(parts: &Parts<'_>, waits: &Waits, changes: &[Change]) -> Self {
        let mut first = Vec::with_capacity(changes.len());
        let mut change = Vec::new();
        for (at, one) in changes.iter().enumerate() {
            first.push(change.len());
            change.extend(std::iter::repeat_n(at, one.steps.len()));
        }
        let places: HashMap<&Address, usize> =
            changes.iter().enumerate().map(|(at, change)| (&change.address, at)).collect();
        let mut before = vec![Vec::new(); change.len()];
        for (at, one) in changes.iter().enumerate() {
            for (number, step) in one.steps.iter().enumerate() {
                let known =
                    step.after.iter().filter_map(|other| Some((*places.get(&other.address)?, other.step)));
                let here = &mut before[first[at] + number];
                here.extend(known.map(|(other, step)| first[other] + step));
                here.extend((number > 0).then(|| first[at] + number - 1));
            }
        }
        for (part, others) in parts.list.iter().zip(waits) {
            let others = others.iter().map(|&other| &parts.list[other]);
            before[first[part.change] + part.first]
                .extend(others.map(|other| first[other.change] + other.last));
        }
        Self { before, change }
    }

    /// The changes of one circle.
    fn circle(&self) -> Vec<usize> {
        let mut open: Vec<usize> = self.before.iter().map(Vec::len).collect();
        let mut behind = vec![Vec::new(); open.len()];
        for (at, before) in self.before.iter().enumerate() {
            for &other in before {
                behind[other].push(at);
            }
        }
        let mut free: Vec<usize> = (0..open.len()).filter(|&at| open[at] == 0).collect();
        while let Some(at) = free.pop() {
            for &next in &behind[at] {
                open[next] -= 1;
                if open[next] == 0 {
                    free.push(next);
                }
            }
        }
        // Whoever is left waits for somebody who is left: going back must come to where it has been.
        let mut path = Vec::new();
        let mut place = HashMap::new();
        let mut at = (0..open.len()).find(|&at| open[at] > 0);
        while let Some(here) = at {
            if let Some(&from) = place.get(&here) {
                let mut changes: Vec<usize> = Vec::new();
                for &step in &path[from..] {
                    let change = self.change[step];
                    if !changes.contains(&change) {
                        changes.push(change);
                    }
                }
                return changes;
            }
            place.insert(here, path.len());
            path.push(here);
            at = self.before[here].iter().copied().find(|&other| open[other] > 0);
        }
        Vec::new()
    }
}
