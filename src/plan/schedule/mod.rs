//! When what is done: `after:` and `availability:`. All of it is in the plan as steps that wait for other steps, so
//! that what was reviewed is what is carried out, and no state of an apply decides anything.
//!
//! Every wait leads from a later to an earlier part in one total order: what brings servers up, by their level, starts
//! before reboots; then what takes them down, by level backwards; by address where these are equal. So the waits made
//! here have no circle. Only with renames, whose order is another, there may be one; that is looked for.

mod circles;
mod follow;
mod lanes;
mod parts;
mod predecessors;

pub(super) use parts::Standing;

use super::change::{Change, StepRef};
use super::inputs::Inputs;
use super::problem::{Code, Problem, Severity};
use super::withhold::Waiting;
use crate::model::{Address, ConnectionName, DesiredServer, Operation, Roster, Succession};
use parts::Parts;
use std::collections::{BTreeSet, HashMap, HashSet};

/// A part that cannot be, and why.
struct Refused {
    /// The change, by its place in the plan.
    change: usize,
    problem: Problem,
    /// The server without which it cannot be: where that one waits, it waits as well.
    behind: Option<Address>,
}

/// So many waits are written out one by one where a few servers wait for many, or many for a few.
const FEW: usize = 8;

/// So many are written out whatever the sizes.
const SMALL: usize = 1_024;

/// Whether the fleet says anything about order.
pub(super) fn is_needed(inputs: &Inputs<'_>) -> bool {
    !inputs.availability.is_empty() || inputs.desired.iter().any(|entry| !entry.after.is_empty())
}

/// Makes steps wait for each other. Changes that cannot be ordered are taken out and returned as problems, or wait with
/// the server that stands before them.
pub(super) fn schedule(
    inputs: &Inputs<'_>,
    standings: &HashMap<Address, Standing>,
    changes: &mut Vec<Change>,
    waiting: &mut Waiting,
) -> Vec<Problem> {
    let roster = Roster::new(inputs.desired);
    let succession = Succession::of(inputs.desired, &roster).unwrap_or_default();
    let unknown = Standing::Trouble("it was not read".into());
    let standings: Vec<&Standing> =
        inputs.desired.iter().map(|entry| standings.get(&entry.address).unwrap_or(&unknown)).collect();
    let rules: Vec<lanes::Rule<'_>> =
        inputs.availability.iter().map(|rule| lanes::Rule::new(rule, &roster)).collect();
    let mut problems = Vec::new();
    loop {
        let parts = Parts::new(inputs, &standings, &succession, changes);
        let waits = match waits(&parts, &rules, changes) {
            Ok(waits) => waits,
            Err(refused) => {
                remove(changes, refused, &mut problems, waiting);
                continue;
            }
        };
        let circle = circles::refuse(&parts, &waits, changes);
        if circle.is_empty() {
            write(&parts, waits, changes);
            return problems;
        }
        remove(changes, circle, &mut problems, waiting);
    }
}

/// For each part those that it waits for.
type Waits = Vec<Vec<usize>>;

fn waits(parts: &Parts<'_>, rules: &[lanes::Rule<'_>], changes: &[Change]) -> Result<Waits, Vec<Refused>> {
    for refused in [parts.without_level(changes), predecessors::refuse(parts, changes)] {
        if !refused.is_empty() {
            return Err(refused);
        }
    }
    let mut waits = vec![Vec::new(); parts.list.len()];
    follow::ups(parts, &mut waits);
    follow::downs(parts, &mut waits);
    for rule in rules {
        rule.deal(parts, changes, &mut waits)?;
    }
    Ok(waits)
}

/// Takes changes out, and with them the renames to names that these keep now.
fn remove(
    changes: &mut Vec<Change>,
    refused: Vec<Refused>,
    problems: &mut Vec<Problem>,
    waiting: &mut Waiting,
) {
    let mut out: HashSet<usize> = HashSet::new();
    let mut tell = |Refused { change, problem, behind }: Refused| {
        let change = &changes[change];
        let wait = behind.and_then(|other| Some(waiting.why.get(&other)?.behind(&other)));
        match wait {
            Some(wait) => {
                waiting.cut(change.clone(), |_| true, &wait);
            }
            // Nobody's plan fails for a hold that its own server cannot follow.
            None if problem.code == Code::PredecessorDown && is_held(change) => {
                problems.push(Problem { severity: Severity::Warning, ..problem });
            }
            None => problems.push(problem),
        }
    };
    for refused in refused {
        if out.insert(refused.change) {
            tell(refused);
        }
    }
    loop {
        let gone: HashSet<&Address> = out.iter().map(|&at| &changes[at].address).collect();
        let orphans: Vec<Refused> = changes
            .iter()
            .enumerate()
            .filter(|(at, _)| !out.contains(at))
            .filter_map(|(at, change)| orphaned(at, change, &gone))
            .collect();
        if orphans.is_empty() {
            break;
        }
        for orphan in orphans {
            out.insert(orphan.change);
            tell(orphan);
        }
    }
    let mut at = 0;
    changes.retain(|_| {
        at += 1;
        !out.contains(&(at - 1))
    });
}

fn is_held(change: &Change) -> bool {
    change.reasons.iter().any(|reason| reason.starts_with("hold by "))
}

fn orphaned(at: usize, change: &Change, gone: &HashSet<&Address>) -> Option<Refused> {
    let waits = change.steps.iter().flat_map(|step| step.after.iter().map(move |other| (step, other)));
    let (step, other) = waits.into_iter().find(|(_, other)| gone.contains(&other.address))?;
    let Operation::Rename { to } = &step.operation else { return None };
    let text = format!(
        "{} cannot be renamed to {to}: {} has that name until its own change is done, and there is a problem with it",
        change.before.name, other.address
    );
    let behind = Some(other.address.clone());
    Some(Refused { change: at, problem: problem(change, Code::NameTaken, text), behind })
}

/// Lets all of `waiters` wait for all of `sources`, both in the total order. Where that would be too many waits to
/// write down, the first waiter goes ahead: it waits for all, and the others wait for it.
fn all_after(waiters: &[usize], sources: &[usize], waits: &mut Waits) {
    let is_short = waiters.len().min(sources.len()) <= FEW || waiters.len() * sources.len() <= SMALL;
    let Some((&first, rest)) = waiters.split_first() else { return };
    if sources.is_empty() {
        return;
    }
    waits[first].extend(sources);
    for &waiter in rest {
        if is_short {
            waits[waiter].extend(sources);
        } else {
            waits[waiter].push(first);
        }
    }
}

/// Writes the waits into the steps: the first step of a part waits for the last of another.
fn write(parts: &Parts<'_>, waits: Waits, changes: &mut [Change]) {
    for (part, mut others) in parts.list.iter().zip(waits) {
        others.sort_unstable();
        others.dedup();
        let mut refs: Vec<StepRef> = others
            .into_iter()
            .map(|other| &parts.list[other])
            .map(|other| StepRef { address: changes[other.change].address.clone(), step: other.last })
            .collect();
        refs.sort();
        changes[part.change].steps[part.first].after.extend(refs);
    }
}

/// The connections that have to be read for the selected servers: theirs, those of the servers that they come after,
/// and those of the groups whose availability they share.
pub fn connections_needed(inputs: &Inputs<'_>) -> BTreeSet<ConnectionName> {
    let mut needed = BTreeSet::new();
    let mut need = |entry: &DesiredServer| {
        if !needed.contains(&entry.address.connection) {
            needed.insert(entry.address.connection.clone());
        }
    };
    let selected: Vec<bool> = inputs.desired.iter().map(|entry| inputs.options.selects(entry)).collect();
    let all = || inputs.desired.iter().zip(&selected).filter(|(_, selected)| **selected);
    all().for_each(|(entry, _)| need(entry));
    if !is_needed(inputs) || selected.iter().all(|selected| *selected) {
        return needed;
    }
    let roster = Roster::new(inputs.desired);
    let groups = Succession::of(inputs.desired, &roster).unwrap_or_default().groups;
    let comes_after = |group: &crate::model::Group| group.followers.iter().any(|&at| selected[at]);
    let of_groups = groups.iter().filter(|group| comes_after(group)).map(|group| group.members.clone());
    let of_rules = inputs.availability.iter().map(|rule| roster.members(&rule.select));
    let of_rules = of_rules.filter(|members| members.iter().any(|&at| selected[at]));
    for at in of_groups.chain(of_rules).flatten() {
        need(&inputs.desired[at]);
    }
    needed
}

fn problem(change: &Change, code: Code, message: String) -> Problem {
    Problem {
        code,
        severity: Severity::Error,
        address: change.address.clone(),
        message,
        location: change.location.clone(),
        cause: None,
    }
}
