//! The waits that `after:` asks for. A selector hands on what its members do; members to which nothing is done hand on
//! what those do that they come after themselves.

use super::parts::Parts;
use super::{Waits, all_after};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Starts and reboots wait for those of the servers that theirs come after.
pub(super) fn ups(parts: &Parts<'_>, waits: &mut Waits) {
    let groups = &parts.succession.groups;
    let mut sources: Vec<Rc<[usize]>> = vec![Rc::default(); groups.len()];
    for at in by_level(parts) {
        let mut own = Vec::new();
        let mut through = BTreeSet::new();
        for &member in &groups[at].members {
            match parts.up(member) {
                Some(part) => own.push(part),
                None => through.extend(&parts.succession.after[member]),
            }
        }
        sources[at] = handed_on(own, &through, &sources);
        let waiters = sorted(groups[at].followers.iter().filter_map(|&follower| parts.up(follower)));
        all_after(&waiters, &sources[at], waits);
    }
}

/// Stops wait for those of the servers that come after theirs.
pub(super) fn downs(parts: &Parts<'_>, waits: &mut Waits) {
    let groups = &parts.succession.groups;
    let mut groups_of: Vec<Vec<usize>> = vec![Vec::new(); parts.of.len()];
    for (at, group) in groups.iter().enumerate() {
        group.members.iter().for_each(|&member| groups_of[member].push(at));
    }
    let mut sources: Vec<Rc<[usize]>> = vec![Rc::default(); groups.len()];
    for at in by_level(parts).into_iter().rev() {
        let mut own = Vec::new();
        let mut through = BTreeSet::new();
        for &follower in &groups[at].followers {
            match parts.down(follower) {
                Some(part) => own.push(part),
                None => through.extend(&groups_of[follower]),
            }
        }
        sources[at] = handed_on(own, &through, &sources);
        let waiters = sorted(groups[at].members.iter().filter_map(|&member| parts.down(member)));
        all_after(&waiters, &sources[at], waits);
    }
}

/// The groups, those before first.
fn by_level(parts: &Parts<'_>) -> Vec<usize> {
    let mut groups: Vec<(usize, usize)> = (0..parts.succession.groups.len())
        .filter_map(|at| Some((parts.succession.group_level(at)?, at)))
        .collect();
    groups.sort_unstable();
    groups.into_iter().map(|(_, at)| at).collect()
}

/// What is done to the members, and what the groups behind them hand on; shared where it is the same.
fn handed_on(own: Vec<usize>, through: &BTreeSet<usize>, sources: &[Rc<[usize]>]) -> Rc<[usize]> {
    let mut behind = through.iter().map(|&group| &sources[group]).filter(|parts| !parts.is_empty());
    if let (true, Some(only), None) = (own.is_empty(), behind.next(), behind.next()) {
        return Rc::clone(only);
    }
    let handed = through.iter().flat_map(|&group| sources[group].iter().copied());
    sorted(own.into_iter().chain(handed)).into()
}

fn sorted(parts: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut parts: Vec<usize> = parts.collect();
    parts.sort_unstable();
    parts.dedup();
    parts
}
