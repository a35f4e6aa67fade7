//! Who comes after whom in a fleet: `after:`. Selectors are nodes of their own between those that name them and those
//! that they mean, so that ten thousand servers after a thousand are eleven thousand edges.

use super::{DesiredServer, Roster, Selector};
use std::collections::{HashMap, VecDeque};

/// One selector of some `after:`, with both its sides.
#[derive(Clone, Debug)]
pub struct Group {
    /// As it is written.
    pub selector: Selector,
    /// The servers that it means, by their place in the fleet, ascending.
    pub members: Vec<usize>,
    /// The servers that come after them, ascending.
    pub followers: Vec<usize>,
}

/// One edge of a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The server that comes after.
    pub follower: usize,
    /// The group by which it does.
    pub group: usize,
    /// The server that it comes after.
    pub member: usize,
}

/// Who comes after whom.
#[derive(Clone, Debug, Default)]
pub struct Succession {
    /// Every selector once.
    pub groups: Vec<Group>,
    /// For each server the groups that it comes after.
    pub after: Vec<Vec<usize>>,
    /// For each server how many stand one after another before it, at most; `None` within a cycle and behind one.
    pub levels: Vec<Option<usize>>,
}

impl Succession {
    /// Resolves every `after:`; `None` where there is none at all.
    pub fn of(servers: &[DesiredServer], roster: &Roster<'_>) -> Option<Self> {
        if servers.iter().all(|server| server.after.is_empty()) {
            return None;
        }
        let mut known: HashMap<&Selector, usize> = HashMap::new();
        let mut groups: Vec<Group> = Vec::new();
        let mut after = vec![Vec::new(); servers.len()];
        for (at, server) in servers.iter().enumerate() {
            for one in server.after.iter() {
                let group = *known.entry(&one.selector).or_insert_with(|| {
                    let members = roster.members(&one.selector);
                    groups.push(Group { selector: one.selector.clone(), members, followers: Vec::new() });
                    groups.len() - 1
                });
                if !after[at].contains(&group) {
                    after[at].push(group);
                    groups[group].followers.push(at);
                }
            }
        }
        let mut all = Self { groups, after, levels: Vec::new() };
        all.levels = all.sorted();
        Some(all)
    }

    /// The level of a group: that of its last member.
    pub fn group_level(&self, group: usize) -> Option<usize> {
        let mut levels = self.groups[group].members.iter().map(|&member| self.levels[member]);
        levels.try_fold(0, |most, level| Some(level?.max(most)))
    }

    fn sorted(&self) -> Vec<Option<usize>> {
        let mut groups_of = vec![Vec::new(); self.after.len()];
        for (at, group) in self.groups.iter().enumerate() {
            group.members.iter().for_each(|&member| groups_of[member].push(at));
        }
        let mut missing: Vec<usize> = self.after.iter().map(Vec::len).collect();
        let mut members_missing: Vec<usize> = self.groups.iter().map(|group| group.members.len()).collect();
        let mut so_far = vec![0; self.after.len()];
        let mut group_so_far = vec![0; self.groups.len()];
        let mut levels = vec![None; self.after.len()];
        let mut free: VecDeque<usize> = (0..missing.len()).filter(|&at| missing[at] == 0).collect();
        // A selector that means nobody holds nobody up.
        let mut complete: Vec<usize> =
            (0..self.groups.len()).filter(|&group| members_missing[group] == 0).collect();
        loop {
            while let Some(group) = complete.pop() {
                for &follower in &self.groups[group].followers {
                    so_far[follower] = so_far[follower].max(group_so_far[group] + 1);
                    missing[follower] -= 1;
                    if missing[follower] == 0 {
                        free.push_back(follower);
                    }
                }
            }
            let Some(at) = free.pop_front() else { return levels };
            levels[at] = Some(so_far[at]);
            for &group in &groups_of[at] {
                group_so_far[group] = group_so_far[group].max(so_far[at]);
                members_missing[group] -= 1;
                if members_missing[group] == 0 {
                    complete.push(group);
                }
            }
        }
    }

    /// Cycles, each as short as can be from the server where it was met, and none that shares a server with an
    /// earlier one. Empty where there is none.
    pub fn cycles(&self) -> Vec<Vec<Edge>> {
        let mut seen = vec![false; self.after.len()];
        let mut found = Vec::new();
        for start in 0..self.after.len() {
            if self.levels[start].is_some() || seen[start] {
                continue;
            }
            // Back from one to the next: who has no level comes after somebody without one.
            let mut path: Vec<usize> = Vec::new();
            let mut at = start;
            let mut on_path = HashMap::new();
            while !seen[at] {
                seen[at] = true;
                on_path.insert(at, path.len());
                path.push(at);
                let Some(edge) = self.open_edges(at).next() else { break };
                at = edge.member;
            }
            if on_path.contains_key(&at) {
                let cycle = self.shortest_cycle(at);
                for edge in &cycle {
                    seen[edge.follower] = true;
                }
                found.push(cycle);
            }
        }
        found
    }

    /// The edges from a server to those before it that have no level either.
    fn open_edges(&self, follower: usize) -> impl Iterator<Item = Edge> {
        self.after[follower].iter().flat_map(move |&group| {
            let open = self.groups[group].members.iter().filter(|member| self.levels[**member].is_none());
            open.map(move |&member| Edge { follower, group, member })
        })
    }

    fn shortest_cycle(&self, through: usize) -> Vec<Edge> {
        let mut came_by: HashMap<usize, Edge> = HashMap::new();
        let mut groups_seen = vec![false; self.groups.len()];
        let mut next = VecDeque::from([through]);
        while let Some(at) = next.pop_front() {
            for &group in &self.after[at] {
                if std::mem::replace(&mut groups_seen[group], true) {
                    continue;
                }
                for &member in self.groups[group].members.iter().filter(|at| self.levels[**at].is_none()) {
                    if came_by.contains_key(&member) {
                        continue;
                    }
                    came_by.insert(member, Edge { follower: at, group, member });
                    if member == through {
                        return walked(&came_by, through);
                    }
                    next.push_back(member);
                }
            }
        }
        Vec::new()
    }
}

fn walked(came_by: &HashMap<usize, Edge>, through: usize) -> Vec<Edge> {
    let mut edges = Vec::new();
    let mut at = through;
    while let Some(edge) = came_by.get(&at) {
        edges.push(*edge);
        at = edge.follower;
        if at == through {
            break;
        }
    }
    edges.reverse();
    edges
}
