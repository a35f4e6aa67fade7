//! Renames in an order in which every name is free before it is taken; a cycle goes through a temporary name.

use super::change::{Change, Step, StepRef};
use super::problem::{Code, Problem, Severity};
use crate::diff::LiveIndex;
use crate::model::{LiveServer, NameRules, Operation, ServerId, ServerName, Verb};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};

/// Orders the renames of one connection. Changes whose name is held by a server that keeps it are taken out and
/// returned as problems; so are those that wait for one that was taken out.
pub(super) fn order_renames(
    changes: &mut Vec<Change>,
    servers: &[LiveServer],
    index: &LiveIndex<'_>,
    rules: &NameRules,
) -> Vec<Problem> {
    if !changes.iter().any(|change| change.does(Verb::Rename)) {
        return Vec::new();
    }
    let queues = Queues::new(changes, servers, index);
    let mut problems: Vec<Option<Problem>> = queues
        .kept(changes.len())
        .into_iter()
        .zip(changes.iter())
        .map(|(holder, change)| holder.map(|holder| taken(change, &servers[holder])))
        .collect();
    let mut names = TemporaryNames::new(changes, index, rules);
    for cycle in queues.cycles() {
        let Some(&first) = cycle.iter().min_by_key(|&&at| &changes[at].address) else { continue };
        if problems[first].is_some() {
            continue;
        }
        match names.next(&changes[first]) {
            Some(name) => changes[first].steps.insert(0, Step::new(Operation::Rename { to: name })),
            None => cycle.iter().for_each(|&at| problems[at] = Some(no_temporary_name(&changes[at], rules))),
        }
    }
    queues.link(changes);
    let mut stays = problems.iter().map(Option::is_none);
    changes.retain(|_| stays.next().unwrap_or(true));
    problems.into_iter().flatten().collect()
}

/// Who waits for whom.
struct Queues {
    /// For each change the live servers that hold the name it takes, with the change that moves them, if any.
    holders: Vec<Vec<(usize, Option<usize>)>>,
    /// For each change the one that wants the name it gives up. At most one does: declared names are unique.
    next: Vec<Option<usize>>,
}

impl Queues {
    fn new(changes: &[Change], servers: &[LiveServer], index: &LiveIndex<'_>) -> Self {
        let by_id: HashMap<&ServerId, usize> =
            changes.iter().enumerate().map(|(at, change)| (&change.id, at)).collect();
        let mut holders = vec![Vec::new(); changes.len()];
        let mut next = vec![None; changes.len()];
        for (at, change) in changes.iter().enumerate() {
            let Some(name) = new_name(change) else { continue };
            for holder in index.with_name(name.as_str()) {
                let mover = servers[holder].id.as_ref().and_then(|id| by_id.get(id)).copied();
                if mover == Some(at) {
                    continue;
                }
                let mover = mover.filter(|&other| vacates(&changes[other]));
                if let Some(other) = mover {
                    next[other] = Some(at);
                }
                holders[at].push((holder, mover));
            }
            holders[at].sort_by_key(|&(holder, _)| &servers[holder].id);
        }
        Self { holders, next }
    }

    /// For each change a live server that keeps the name it wants, if any.
    fn kept(&self, changes: usize) -> Vec<Option<usize>> {
        let mut kept: Vec<Option<usize>> = self
            .holders
            .iter()
            .map(|holders| holders.iter().find(|(_, mover)| mover.is_none()).map(|(holder, _)| *holder))
            .collect();
        // A change that is taken out keeps its name, which may be what another one waits for.
        let mut out: Vec<usize> = (0..changes).filter(|&at| kept[at].is_some()).collect();
        while let Some(at) = out.pop() {
            let Some(waiting) = self.next[at].filter(|&waiting| kept[waiting].is_none()) else { continue };
            kept[waiting] =
                self.holders[waiting].iter().find(|(_, mover)| *mover == Some(at)).map(|(holder, _)| *holder);
            out.push(waiting);
        }
        kept
    }

    /// The cycles of "the next one takes my name".
    fn cycles(&self) -> Vec<Vec<usize>> {
        let mut walk_of = vec![0usize; self.next.len()];
        let mut found = Vec::new();
        for start in 0..self.next.len() {
            let mut path = Vec::new();
            let mut at = Some(start);
            while let Some(here) = at.filter(|&here| walk_of[here] == 0) {
                walk_of[here] = start + 1;
                path.push(here);
                at = self.next[here];
            }
            let closes = at.filter(|&here| walk_of[here] == start + 1);
            if let Some(from) = closes.and_then(|here| path.iter().position(|&p| p == here)) {
                found.push(path.split_off(from));
            }
        }
        found
    }

    /// Makes every rename wait for those that free its name.
    fn link(&self, changes: &mut [Change]) {
        for (at, holders) in self.holders.iter().enumerate() {
            let waits_for: Vec<StepRef> = holders
                .iter()
                .filter_map(|(_, mover)| *mover)
                // The first step of the other change is what frees its old name: a rename or the delete.
                .map(|other| StepRef { address: changes[other].address.clone(), step: 0 })
                .collect();
            // In a broken cycle the last rename is the one that takes the wanted name.
            let is_rename = |step: &Step| matches!(step.operation, Operation::Rename { .. });
            if let Some(step) = changes[at].steps.iter_mut().rfind(|step| is_rename(step)) {
                step.after = waits_for;
            }
        }
    }
}

fn new_name(change: &Change) -> Option<&ServerName> {
    change.steps.iter().find_map(|step| match &step.operation {
        Operation::Rename { to } => Some(to),
        _ => None,
    })
}

fn vacates(change: &Change) -> bool {
    change.does(Verb::Rename) || change.does(Verb::Delete)
}

/// Names that nobody has and nobody is given, made from ids so that two runs make the same ones.
struct TemporaryNames<'a> {
    index: &'a LiveIndex<'a>,
    rules: &'a NameRules,
    given: HashSet<String>,
}

impl<'a> TemporaryNames<'a> {
    fn new(changes: &[Change], index: &'a LiveIndex<'a>, rules: &'a NameRules) -> Self {
        let wanted = changes.iter().filter_map(new_name);
        let given = wanted.map(|name| rules.case.key(name.as_str()).into_owned()).collect();
        Self { index, rules, given }
    }

    fn next(&mut self, change: &Change) -> Option<ServerName> {
        const TRIES: u32 = 1_000;
        let digest = Sha256::digest(format!("{}/{}", change.provider, change.id));
        let mark = digest.iter().take(4).fold(0u32, |mark, byte| mark << 8 | u32::from(*byte));
        let name = (0..TRIES)
            .map(|n| if n == 0 { format!("swap-{mark:08x}") } else { format!("swap-{mark:08x}-{n}") })
            .find(|name| {
                self.rules.refuses(name).is_none()
                    && self.index.with_name(name).is_empty()
                    && !self.given.contains(&*self.rules.case.key(name))
            })?;
        self.given.insert(self.rules.case.key(&name).into_owned());
        Some(name.into())
    }
}

fn taken(change: &Change, holder: &LiveServer) -> Problem {
    let name = new_name(change).map_or("", ServerName::as_str);
    let id = holder.id.as_ref().map_or_else(|| "without an id".to_owned(), |id| format!("with the id {id}"));
    let text = format!(
        "{} cannot be renamed to {name}: the live server {id} has that name and nothing in this plan frees it",
        change.before.name
    );
    problem(change, Code::NameTaken, text)
}

fn no_temporary_name(change: &Change, rules: &NameRules) -> Problem {
    let text = format!(
        "servers exchange their names here, and no temporary name that could come between is accepted \
         (allowed: {}); rename one of them to a free name first",
        rules.described
    );
    problem(change, Code::InvalidName, text)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, CaseRule, LiveState, Power};
    use crate::plan::Facts;

    fn rules(max_chars: usize) -> NameRules {
        let (case, allows) = (CaseRule::Exact, |_| true);
        NameRules { case, id_case: case, min_chars: 1, max_chars, allows, described: "short names" }
    }

    /// Servers with the ids `0`, `1`, …; those with a second name are renamed to it.
    fn ordered(names: &[(&str, Option<&str>)], rules: &NameRules) -> (Vec<Change>, Vec<Problem>) {
        let state = LiveState::Settled(Power::On);
        let servers: Vec<LiveServer> = names
            .iter()
            .enumerate()
            .map(|(at, (name, _))| LiveServer::new(at.to_string(), *name, state.clone()))
            .collect();
        let facts = |name: &str| Facts { name: name.into(), power: Some(Power::On) };
        let change = |(at, (from, to)): (usize, &(&str, Option<&str>))| {
            let to = (*to)?;
            Some(Change {
                address: Address::new("east".into(), to.into()),
                provider: "east".into(),
                id: at.to_string().into(),
                actions: vec![Verb::Rename],
                before: facts(from),
                after: Some(facts(to)),
                reasons: Vec::new(),
                wave: None,
                cause: None,
                rebooted_since: None,
                steps: vec![Step::new(Operation::Rename { to: to.into() })],
                location: None,
            })
        };
        let mut changes: Vec<Change> = names.iter().enumerate().filter_map(change).collect();
        let index = LiveIndex::new(&servers, rules);
        let problems = order_renames(&mut changes, &servers, &index, rules);
        (changes, problems)
    }

    #[test]
    fn a_long_chain_that_is_blocked_at_its_end_is_refused_link_by_link() {
        let names: Vec<String> = (0..20_000).map(|at| format!("n{at:05}")).collect();
        let mut chain: Vec<(&str, Option<&str>)> =
            names.windows(2).map(|pair| (pair[0].as_str(), Some(pair[1].as_str()))).collect();
        let (changes, problems) = ordered(&chain, &rules(99));
        assert_eq!((changes.len(), problems.len()), (chain.len(), 0), "the last name is free");
        chain.push((names[names.len() - 1].as_str(), None));
        let (changes, problems) = ordered(&chain, &rules(99));
        assert_eq!((changes.len(), problems.len()), (0, chain.len() - 1), "the last name is kept");
        assert!(problems.iter().all(|problem| problem.code == Code::NameTaken));
    }

    #[test]
    fn a_cycle_is_refused_where_no_temporary_name_is_accepted() {
        let (changes, problems) = ordered(&[("a", Some("b")), ("b", Some("a")), ("c", Some("d"))], &rules(4));
        assert_eq!(changes.len(), 1, "what is not in the cycle goes on");
        let codes: Vec<Code> = problems.iter().map(|problem| problem.code).collect();
        assert_eq!(codes, [Code::InvalidName, Code::InvalidName]);
    }

    #[test]
    fn a_temporary_name_is_one_that_nobody_has() {
        let swap = [("a", Some("b")), ("b", Some("a"))];
        let (changes, _) = ordered(&swap, &rules(99));
        let first = changes.iter().find(|change| change.steps.len() == 2).unwrap();
        let name = new_name(first).unwrap().to_string();
        let (changes, _) = ordered(&[swap[0], swap[1], (name.as_str(), None)], &rules(99));
        let first = changes.iter().find(|change| change.steps.len() == 2).unwrap();
        assert_eq!(new_name(first).unwrap().as_str(), format!("{name}-1"));
    }
}
