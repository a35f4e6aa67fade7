//! The fleet around the servers whose changes are taken back: the rules of `after:` and `availability:` are about all
//! of them. A plan of an undo is made without looking, so a server that the apply did not touch is taken to be as its
//! entry says, and one at which it failed, or of which the file says nothing, as not known.

use super::change::Change;
use crate::model::{
    Address, After, Availability, Bound, ConnectionName, DesiredPower, DesiredServer, LiveServer, LiveState,
    Power, Presence, Roster, Selector, ServerId,
};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// The fleet that an undo is planned in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Around<'a> {
    /// All entries of the file.
    pub entries: &'a [DesiredServer],
    /// Its bounds.
    pub availability: &'a [Availability],
    /// Servers that were to be changed and are not known to be done.
    pub in_doubt: &'a [Address],
}

/// The servers that are not undone, and the rules in terms of the names from before.
pub(super) struct Surroundings {
    pub(super) live: Vec<(ConnectionName, LiveServer)>,
    pub(super) availability: Vec<Availability>,
}

impl Around<'_> {
    /// Adds everybody else to `desired`, which holds the servers that are undone, and gives those what their entries
    /// say of order. `done` are the changes that are taken back, in the same order.
    pub(super) fn surround(&self, desired: &mut Vec<DesiredServer>, done: &[&Change]) -> Surroundings {
        let undone: HashMap<&Address, usize> =
            done.iter().enumerate().map(|(at, change)| (&change.address, at)).collect();
        let taken: HashSet<Address> = desired.iter().map(|entry| entry.address.clone()).collect();
        let in_doubt: BTreeSet<&Address> = self.in_doubt.iter().collect();
        let mut live: Vec<(ConnectionName, LiveServer)> = Vec::new();
        let mut was_on: Vec<bool> =
            done.iter().map(|change| change.before.power == Some(Power::On)).collect();
        let mut before = vec![None; self.entries.len()];
        for (at, entry) in self.entries.iter().enumerate() {
            if let Some(&place) = undone.get(&entry.address) {
                before[at] = Some(place);
                desired[place].labels = entry.labels.clone();
                desired[place].after = entry.after.clone();
            } else if !taken.contains(&entry.address) {
                before[at] = Some(desired.len());
                let known = (!in_doubt.contains(&entry.address)).then_some(entry.power);
                was_on.push(entry.presence == Presence::Present && known == Some(DesiredPower::On));
                live.extend(assumed(entry, known).map(|server| (entry.address.connection.clone(), server)));
                desired.push(left_alone(entry));
            }
        }
        let mut groups = Groups { file: Roster::new(self.entries), before: &before, known: HashMap::new() };
        let after: Vec<(usize, Arc<[After]>)> = {
            let roster = Roster::new(desired);
            let all = self.entries.iter().enumerate().filter(|(_, entry)| !entry.after.is_empty());
            all.filter_map(|(at, entry)| Some((before[at]?, groups.translated(&entry.after, &roster)?)))
                .collect()
        };
        let rules: Vec<(Selector, Vec<usize>)> = {
            let roster = Roster::new(desired);
            self.availability.iter().map(|rule| groups.of(&rule.select, &roster)).collect()
        };
        for (at, translated) in after {
            desired[at].after = translated;
        }
        groups.label(desired);
        // What was on before is on after: of a group of which fewer were on, as many as there were.
        let rules = self.availability.iter().zip(rules);
        let bounded = rules.map(|(rule, (select, members))| {
            let on = members.iter().filter(|&&at| was_on[at]).count() as u64;
            let min_on = Bound::Count(rule.min_on.demands(members.len() as u64).min(on));
            Availability { select, min_on, ..rule.clone() }
        });
        Surroundings { live, availability: bounded.collect() }
    }
}

/// Selectors of the file in terms of the servers as they were called before: where a rename changes whom a selector
/// means, its members get a label instead.
struct Groups<'a> {
    file: Roster<'a>,
    /// For each entry of the file its place among the servers of the undo.
    before: &'a [Option<usize>],
    known: HashMap<Selector, (Selector, Vec<usize>)>,
}

impl Groups<'_> {
    fn of(&mut self, selector: &Selector, roster: &Roster<'_>) -> (Selector, Vec<usize>) {
        if let Some(known) = self.known.get(selector) {
            return known.clone();
        }
        let mut members: Vec<usize> =
            self.file.members(selector).into_iter().filter_map(|at| self.before[at]).collect();
        members.sort_unstable();
        let same = roster.members(selector) == members;
        let translated = if same {
            selector.clone()
        } else {
            Selector::Label { key: selector.to_string(), value: "before the undo".into() }
        };
        self.known.insert(selector.clone(), (translated.clone(), members.clone()));
        (translated, members)
    }

    fn translated(&mut self, after: &[After], roster: &Roster<'_>) -> Option<Arc<[After]>> {
        let all: Vec<After> = after
            .iter()
            .map(|one| After { selector: self.of(&one.selector, roster).0, ..one.clone() })
            .collect();
        (all != after).then(|| all.into())
    }

    fn label(self, desired: &mut [DesiredServer]) {
        for (selector, (translated, members)) in self.known {
            let Selector::Label { key, value } = translated else { continue };
            if selector == (Selector::Label { key: key.clone(), value: value.clone() }) {
                continue;
            }
            for at in members {
                Arc::make_mut(&mut desired[at].labels).insert(key.clone(), value.clone());
            }
        }
    }
}

/// The server of an entry, as it is taken to be; none where it is not to be there.
fn assumed(entry: &DesiredServer, known: Option<DesiredPower>) -> Option<LiveServer> {
    if entry.presence == Presence::Absent {
        return None;
    }
    let state = known.and_then(DesiredPower::wanted).map_or(LiveState::NotReported, LiveState::Settled);
    Some(LiveServer::new(made_up_id(entry), entry.address.name.clone(), state))
}

/// No change, whatever its state is.
fn left_alone(entry: &DesiredServer) -> DesiredServer {
    DesiredServer {
        id: (entry.presence != Presence::Absent).then(|| made_up_id(entry)),
        renamed_from: None,
        power: DesiredPower::Any,
        rebooted_since: None,
        healthy_when: None,
        rollout: None,
        grace: None,
        ..entry.clone()
    }
}

/// Its id, or one that nobody else has.
fn made_up_id(entry: &DesiredServer) -> ServerId {
    entry.id.clone().unwrap_or_else(|| ServerId::from(format!("the one called {}", entry.address.name)))
}
