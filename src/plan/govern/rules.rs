//! Live servers that no entry means and a rule selects become entries, bound by id under the name that they have. The
//! first rule that selects a server has it; where nobody knows whether a rule does, no later one has it either.

use super::Governed;
use super::judge::{Candidate, Unknown, Verdict};
use super::tally::{LeftOut, Tallies};
use crate::diff::{LiveIndex, bind_all};
use crate::model::{Address, DesiredServer, LiveServer, LiveState, Presence, Rule};
use crate::plan::change::Change;
use crate::plan::inputs::{ConnectionLive, Inputs};
use crate::plan::planner::claim;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Adds what the rules make of live servers.
pub(super) fn apply(inputs: &Inputs<'_>, governed: &mut Governed<'_>) {
    if inputs.rules.is_empty() {
        return;
    }
    let mut declared: HashMap<&str, Vec<&DesiredServer>> = HashMap::new();
    for entry in inputs.desired {
        declared.entry(entry.address.connection.as_str()).or_default().push(entry);
    }
    let mut tallies = Tallies::new(inputs.rules);
    let mut made = Vec::new();
    for connection in inputs.live {
        let Ok(servers) = &connection.servers else { continue };
        let is_here = |(_, rule): &(usize, &Rule)| rule.connections.contains(&connection.name);
        let rules: Vec<(usize, &Rule)> = inputs.rules.iter().enumerate().filter(is_here).collect();
        if !rules.is_empty() {
            let entries = declared.remove(connection.name.as_str()).unwrap_or_default();
            let room = Room { inputs, connection, servers, rules };
            room.govern(&entries, &mut tallies, &mut made);
        }
    }
    governed.problems.extend(tallies.problems(inputs));
    if made.is_empty() {
        return;
    }
    // The order in which providers list their servers means nothing, so it must not show.
    made.sort_by(|a: &DesiredServer, b| a.address.cmp(&b.address));
    governed.by_rules = made.len() as u64;
    let desired = &mut governed.desired;
    let mut all = Vec::with_capacity(desired.len() + made.len());
    all.extend_from_slice(desired);
    all.extend(made);
    *desired = Cow::Owned(all);
}

/// The entries that planned changes are about, by address: those of the file, and those that the rule which their
/// reasons name makes of them.
pub fn entries_of<'c>(
    changes: impl IntoIterator<Item = &'c Change>,
    servers: &[DesiredServer],
    rules: &[Rule],
) -> BTreeMap<Address, DesiredServer> {
    let mut unknown: HashMap<&Address, &Change> =
        changes.into_iter().map(|change| (&change.address, change)).collect();
    let mut entries = BTreeMap::new();
    for entry in servers {
        if unknown.remove(&entry.address).is_some() {
            entries.insert(entry.address.clone(), entry.clone());
        }
    }
    for (address, change) in unknown {
        let is_its =
            |rule: &&Rule| change.reasons.iter().any(|why| why.strip_prefix("rule ") == Some(&*rule.name));
        if let Some(rule) = rules.iter().find(is_its) {
            let entry = rule.entry(&change.provider, &change.id, &address.name);
            entries.insert(address.clone(), entry);
        }
    }
    entries
}

/// One connection whose servers are shared out among the rules.
struct Room<'a> {
    inputs: &'a Inputs<'a>,
    connection: &'a ConnectionLive<'a>,
    servers: &'a [LiveServer],
    /// Those that can select a server here, with their places.
    rules: Vec<(usize, &'a Rule)>,
}

impl Room<'_> {
    fn govern(&self, entries: &[&DesiredServer], tallies: &mut Tallies<'_>, made: &mut Vec<DesiredServer>) {
        let case = self.connection.capabilities.names.case;
        let index = LiveIndex::new(self.servers, &self.connection.capabilities.names);
        let mut managed = vec![false; self.servers.len()];
        for (entry, binding) in entries.iter().zip(&bind_all(entries, &index)) {
            claim(&mut managed, entry, binding, &index);
        }
        let names: HashSet<Cow<'_, str>> =
            entries.iter().map(|entry| case.key(entry.address.name.as_str())).collect();
        let is_taken = |name: &str| index.has_namesakes(name) || names.contains(&case.key(name));
        let mut address = format!("{}/", self.connection.name);
        let prefix = address.len();
        for (server, managed) in self.servers.iter().zip(managed) {
            // A server without a name is selected by nothing, and one that is being deleted needs nothing.
            let Some(name) = server.name.as_ref().filter(|_| !server.state.is_going_away()) else { continue };
            address.truncate(prefix);
            address.push_str(name.as_str());
            let capabilities = self.connection.capabilities;
            let candidate = Candidate {
                server,
                address: &address,
                name: name.as_str(),
                capabilities,
                now: self.inputs.now,
            };
            let Some((at, rule)) = self.share_out(&candidate, managed, tallies) else { continue };
            if let Some(why) = left_out(server, rule, || is_taken(name.as_str())) {
                self.leave_out(tallies, (at, rule), why, &candidate);
            } else {
                let id = server.id.as_ref();
                made.extend(id.map(|id| rule.entry(&self.connection.name, id, name)));
            }
        }
    }

    /// The rule that has the server, if any. Every other rule that selects it is told of that.
    fn share_out(
        &self,
        candidate: &Candidate<'_>,
        managed: bool,
        tallies: &mut Tallies<'_>,
    ) -> Option<(usize, &Rule)> {
        let mut winner = None;
        let mut is_open = true;
        for &(at, rule) in &self.rules {
            let verdict = candidate.judge(rule);
            match (verdict, winner) {
                (Verdict::No, _) => {}
                (Verdict::Yes, _) if managed => tallies.taken_by_entry(at),
                (Verdict::Yes, None) if is_open => {
                    tallies.own(at);
                    winner = Some((at, rule));
                }
                (Verdict::Yes, Some((first, _))) => tallies.taken_by_rule(at, first, candidate.address),
                // Nobody knows whose it is.
                (Verdict::Yes, None) => tallies.own(at),
                (Verdict::Unknown(what), None) if is_open && !managed => {
                    is_open = false;
                    self.leave_out(tallies, (at, rule), LeftOut::Unknown(what), candidate);
                }
                (Verdict::Unknown(_), _) => tallies.perhaps(at),
            }
        }
        winner
    }

    fn leave_out(
        &self,
        tallies: &mut Tallies<'_>,
        (at, rule): (usize, &Rule),
        why: LeftOut,
        candidate: &Candidate<'_>,
    ) {
        let address = || Address::new(self.connection.name.clone(), candidate.name.into());
        let options = self.inputs.options;
        let is_asked_for = options.targets.is_empty() && options.excludes.is_empty()
            || options.selects_server(&address(), rule.labels());
        if is_asked_for {
            tallies.left_out(at, why, candidate.address, self.connection.type_name);
        }
    }
}

/// Why nothing is made of a server that a rule has; what is the matter with one server among many is no reason to hold
/// up all the others.
fn left_out(server: &LiveServer, rule: &Rule, is_taken: impl FnOnce() -> bool) -> Option<LeftOut> {
    let wish = &rule.wish;
    let acts =
        wish.presence == Presence::Absent || wish.power.wanted().is_some() || wish.rebooted_since.is_some();
    match &server.state {
        // The file does not let it be, and nothing else may either.
        _ if wish.presence == Presence::Absent && rule.older_than.is_none() => {
            Some(LeftOut::Unknown(Unknown::Age))
        }
        _ if server.id.is_none() => Some(LeftOut::WithoutId),
        _ if is_taken() => Some(LeftOut::Namesake),
        LiveState::Unrecognised(_) if acts => Some(LeftOut::Unrecognised),
        LiveState::Transition { into: None, .. } if acts => Some(LeftOut::Moving),
        _ => None,
    }
}
