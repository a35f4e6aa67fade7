//! Puts the plan together: binds, decides, orders, counts.

use super::change::Change;
use super::decide::Case;
use super::evidence;
use super::govern::{Governed, Held, HoldInForce, closed, frozen, govern};
use super::inputs::{ConnectionLive, Inputs, ReadFailure};
use super::narrow;
use super::order::order_renames;
use super::problem::{Code, Problem, Severity};
use super::schedule::{self, Standing};
use super::summary::Summary;
use super::wave;
use super::withhold::{Wait, Waiting, Withheld, servers as servers_of};
use crate::diff::{Binding, LiveIndex, bind_all};
use crate::model::{
    Address, ConnectionName, DesiredServer, Freeze, LiveServer, LiveState, Presence, Rule, ServerId, Windows,
};
use std::collections::{BTreeMap, HashMap};

/// What would be done, and what stands in the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The changes, by address.
    pub changes: Vec<Change>,
    /// The problems, by address.
    pub problems: Vec<Problem>,
    /// What is due and not done at this instant, because of time or people, by address.
    pub withheld: Vec<Withheld>,
    /// The holds in force, the latest recorded last.
    pub holds: Vec<HoldInForce>,
    /// The freeze in force.
    pub freeze: Option<Freeze>,
    /// The numbers.
    pub summary: Summary,
    /// How many live servers each connection has: what percentages of guards are taken of.
    pub live_counts: BTreeMap<ConnectionName, u64>,
    /// The selected servers that are as declared, by address, where they were asked for.
    pub unchanged: Vec<Address>,
}

/// Makes the plan.
pub fn plan(inputs: &Inputs<'_>) -> Plan {
    let Governed { desired, problems, by_rules, held, holds } = govern(inputs);
    let inputs = &Inputs { desired: &desired, ..*inputs };
    let freeze = inputs.ledger.freeze.as_ref().filter(|freeze| freeze.is_in_force(inputs.now));
    let windows = Windows::at(inputs.windows, inputs.now);
    let people = &People { held: &held, freeze: frozen(freeze, inputs.now), windows };
    let known = Plan { problems, holds, freeze: freeze.cloned(), ..Plan::default() };
    let mut plan = of_entries(inputs, people, known);
    plan.summary.governed = by_rules;
    plan
}

/// Makes the plan of the effective entries, beside what is `known` already.
fn of_entries(inputs: &Inputs<'_>, people: &People<'_>, known: Plan) -> Plan {
    let mut entries: HashMap<&ConnectionName, Vec<&DesiredServer>> = HashMap::new();
    for desired in inputs.desired {
        entries.entry(&desired.address.connection).or_default().push(desired);
    }
    // The order in which the file lists its servers means nothing, so it must not show.
    for all in entries.values_mut() {
        all.sort_by(|a, b| a.address.cmp(&b.address));
    }
    let mut result = known;
    let mut waiting = Waiting::default();
    let mut unchanged = 0;
    let mut unmanaged = 0;
    let mut left_out = 0;
    let is_ordered = schedule::is_needed(inputs);
    let mut standings = HashMap::new();
    let mut connections: Vec<&ConnectionLive<'_>> = inputs.live.iter().collect();
    connections.sort_by(|a, b| a.name.cmp(&b.name));
    for connection in connections {
        let desired = entries.remove(&connection.name).unwrap_or_default();
        match &connection.servers {
            Ok(servers) => {
                let part = Room { inputs, connection, servers, people }.plan(&desired, is_ordered);
                standings.extend(part.standings);
                unchanged += part.unchanged;
                result.unchanged.extend(part.listed);
                unmanaged += part.unmanaged;
                left_out += part.left_out;
                waiting.join(part.waiting);
                result.live_counts.insert(connection.name.clone(), servers.len() as u64);
                result.changes.extend(part.changes);
                result.problems.extend(part.problems);
            }
            Err(failure) => {
                let trouble = Standing::Trouble(format!("{} could not be read", connection.name));
                standings.extend(desired.iter().map(|entry| (entry.address.clone(), trouble.clone())));
                result.problems.extend(unreadable(inputs, &connection.name, &desired, failure));
            }
        }
    }
    // A connection that was never read is no empty one.
    let never = ReadFailure { message: "it was not read".into(), transient: false };
    let is_there = |name: &ConnectionName| inputs.live.iter().any(|live| live.name == *name);
    for name in inputs.rules.iter().flat_map(|rule| &rule.connections).filter(|name| !is_there(name)) {
        entries.entry(name).or_default();
    }
    for (name, desired) in entries {
        result.problems.extend(unreadable(inputs, name, &desired, &never));
    }
    result.changes.sort_by(|a, b| a.address.cmp(&b.address));
    if is_ordered {
        let found = schedule::schedule(inputs, &standings, &mut result.changes, &mut waiting);
        result.problems.extend(found);
    }
    result.withheld = waiting.sorted();
    wave::assign(&mut result.changes, inputs.desired);
    evidence::keep_waiting(&mut result.changes, inputs);
    result.unchanged.sort();
    result.problems.sort_by(|a, b| (&a.address, a.severity, a.code).cmp(&(&b.address, b.severity, b.code)));
    let counted = Summary::count(&result.changes, &result.problems, unchanged, unmanaged);
    result.summary = Summary { left_out, withheld: servers_of(&result.withheld), ..counted };
    result
}

/// The live servers that no entry means, by connection. Connections that could not be read have none.
pub fn unmanaged(inputs: &Inputs<'_>) -> Vec<(ConnectionName, Vec<LiveServer>)> {
    let mut all = Vec::new();
    for connection in inputs.live {
        let Ok(servers) = &connection.servers else { continue };
        let desired: Vec<&DesiredServer> =
            inputs.desired.iter().filter(|entry| entry.address.connection == connection.name).collect();
        let windows = Windows::at(&[], inputs.now);
        let people = &People { held: &HashMap::new(), freeze: None, windows };
        let managed = Room { inputs, connection, servers, people }.managed(&desired);
        let missing =
            servers.iter().zip(managed).filter(|(_, managed)| !managed).map(|(server, _)| server.clone());
        all.push((connection.name.clone(), missing.collect()));
    }
    all
}

/// So many missing servers of a connection are told a near name: beyond that it is another account, not a typing
/// error, and looking costs time.
const MOST_HINTS: usize = 100;

#[derive(Default)]
struct PartialPlan {
    changes: Vec<Change>,
    problems: Vec<Problem>,
    unchanged: u64,
    /// The unchanged ones, where they were asked for.
    listed: Vec<Address>,
    unmanaged: u64,
    left_out: u64,
    waiting: Waiting,
    /// What is known of each entry's server, where the order of what is done depends on it.
    standings: Vec<(Address, Standing)>,
}

/// What may not be done at this instant.
struct People<'a> {
    held: &'a HashMap<Address, Held<'a>>,
    freeze: Option<Wait>,
    windows: Windows<'a>,
}

/// One connection being planned.
struct Room<'a> {
    inputs: &'a Inputs<'a>,
    connection: &'a ConnectionLive<'a>,
    servers: &'a [LiveServer],
    people: &'a People<'a>,
}

impl Room<'_> {
    fn plan(&self, desired: &[&DesiredServer], is_ordered: bool) -> PartialPlan {
        let rules = &self.connection.capabilities.names;
        let index = LiveIndex::new(self.servers, rules);
        let bindings = bind_all(desired, &index);
        let mut part = PartialPlan::default();
        let mut managed = vec![false; self.servers.len()];
        for (entry, binding) in desired.iter().zip(&bindings) {
            claim(&mut managed, entry, binding, &index);
            if is_ordered {
                part.standings.push((entry.address.clone(), Standing::of(binding, self.servers)));
            }
            if self.inputs.options.selects(entry) {
                self.entry(&mut part, &index, desired, (entry, binding));
            }
        }
        part.unmanaged = managed.iter().filter(|managed| !**managed).count() as u64;
        part.waiting.cut_renames(&mut part.changes, self.servers, rules);
        part.problems.extend(order_renames(&mut part.changes, self.servers, &index, rules));
        part
    }

    /// Which live servers some entry is about.
    fn managed(&self, desired: &[&DesiredServer]) -> Vec<bool> {
        let index = LiveIndex::new(self.servers, &self.connection.capabilities.names);
        let mut managed = vec![false; self.servers.len()];
        for (entry, binding) in desired.iter().zip(&bind_all(desired, &index)) {
            claim(&mut managed, entry, binding, &index);
        }
        managed
    }

    fn entry(
        &self,
        part: &mut PartialPlan,
        index: &LiveIndex<'_>,
        all: &[&DesiredServer],
        (entry, binding): (&DesiredServer, &Binding),
    ) {
        let problem = match binding {
            Binding::Bound(at) => return self.bound(part, entry, &self.servers[*at]),
            Binding::Nothing if self.was_never_asked_for(entry) => never_asked_for(entry),
            Binding::Nothing if entry.id.is_none() && self.nameless().next().is_some() => {
                self.perhaps_nameless(entry)
            }
            Binding::Nothing if entry.presence == Presence::Absent => return self.unchanged(part, entry),
            Binding::Nothing => {
                let hints = part.problems.iter().filter(|p| p.code == Code::MissingServer).count();
                self.missing(entry, hints < MOST_HINTS)
            }
            Binding::Ambiguous(ids) => ambiguous(entry, index, ids),
            Binding::BothNames { declared, old } => self.both_names(entry, *declared, *old),
            Binding::Claimed { live, by } => self.bound_twice(entry, *live, all[*by]),
        };
        part.problems.push(problem);
    }

    /// Whether an id that is not live may be one that the list left out.
    fn was_never_asked_for(&self, entry: &DesiredServer) -> bool {
        let (Some(id), Some(asked)) = (&entry.id, &self.inputs.options.absent_ids) else { return false };
        let key = self.connection.capabilities.names.id_case.key(id.as_str());
        asked.get(&self.connection.name).is_none_or(|absent| !absent.contains(&*key))
    }

    fn bound(&self, part: &mut PartialPlan, entry: &DesiredServer, live: &LiveServer) {
        if let Some(problem) = self.unresolved(entry, live) {
            part.problems.push(problem);
            return;
        }
        let case = Case {
            desired: entry,
            live,
            type_name: self.connection.type_name,
            capabilities: self.connection.capabilities,
            ledger: self.inputs.ledger,
            now: self.inputs.now,
            options: self.inputs.options,
        };
        let held = self.people.held.get(&entry.address);
        let (decision, waits) = held.map_or_else(|| (case.decide(), None), |held| held.decide(&case));
        let is_refused = decision.is_refused || decision.is_missing();
        if decision.change.is_none() && waits.is_none() && !is_refused {
            self.unchanged(part, entry);
        }
        // Before renames are ordered: a name that is left taken is in their way.
        let mut is_less = false;
        for change in decision.change.into_iter().chain(waits) {
            let (change, less) = narrow::only(change, &self.inputs.options.only);
            let due = change.and_then(|change| self.due_now(&mut part.waiting, change, held));
            let due = due.and_then(|change| self.open_now(&mut part.waiting, change, entry));
            part.changes.extend(due);
            is_less |= less;
        }
        part.left_out += u64::from(is_less);
        if let Some(held) = held.filter(|held| held.keeps_down()) {
            part.waiting.why.entry(entry.address.clone()).or_insert_with(|| held.wait());
        }
        part.problems.extend(decision.problems);
    }

    /// What may be done of a change at this instant; the rest waits.
    fn due_now(&self, waiting: &mut Waiting, change: Change, held: Option<&Held<'_>>) -> Option<Change> {
        if let Some(wait) = &self.people.freeze {
            return waiting.cut(change, |_| true, wait);
        }
        match held {
            Some(held) => waiting.cut(change, |verb| held.withholds(verb), &held.wait()),
            None => Some(change),
        }
    }

    /// What the windows let be done of a change at this instant; the rest waits.
    fn open_now(&self, waiting: &mut Waiting, change: Change, entry: &DesiredServer) -> Option<Change> {
        match closed(&self.people.windows, &change, &entry.labels) {
            Some((verbs, wait)) => waiting.cut(change, |verb| verbs.contains(&verb), &wait),
            None => Some(change),
        }
    }

    fn unchanged(&self, part: &mut PartialPlan, entry: &DesiredServer) {
        part.unchanged += 1;
        if self.inputs.options.list_unchanged {
            part.listed.push(entry.address.clone());
        }
    }

    fn unresolved(&self, entry: &DesiredServer, live: &LiveServer) -> Option<Problem> {
        if self.inputs.ledger.unresolved.is_empty() {
            return None;
        }
        let key = (self.connection.name.clone(), live.id.clone()?);
        let open = self.inputs.ledger.unresolved.get(&key)?;
        // The ledger knows the change by the address it was sent under; a rename may have come between.
        let address = open.address.shell_word();
        let text = format!(
            "a {} was sent at {} and nobody could see what came of it; look at the server, then say \
             `fleetform resolve {address} --done` or `--not-done`",
            open.verb, open.sent_at
        );
        Some(problem(entry, Code::Unresolved, text))
    }

    fn missing(&self, entry: &DesiredServer, with_hint: bool) -> Problem {
        let wanted = match (&entry.id, &entry.renamed_from) {
            (Some(id), _) => format!("no live server has the id {id}"),
            (None, Some(old)) => format!("no live server is called {} or {old}", entry.address.name),
            (None, None) => format!("no live server is called {}", entry.address.name),
        };
        let near = with_hint.then(|| self.near(entry.address.name.as_str())).flatten();
        let hint = near.map_or_else(String::new, |name| format!("; did you mean {name}?"));
        let text = format!(
            "{wanted}{hint} (servers are never created; `state: absent` says that it should not exist)"
        );
        let severity = if self.inputs.options.allow_missing { Severity::Warning } else { Severity::Error };
        Problem { severity, ..problem(entry, Code::MissingServer, text) }
    }

    /// Servers of which the provider cannot say at present what they are called. One whose state it does tell has no
    /// name at all.
    fn nameless(&self) -> impl Iterator<Item = &LiveServer> {
        let is_unknown = |server: &&LiveServer| matches!(server.state, LiveState::Unrecognised(_));
        self.servers.iter().filter(|server| server.name.is_none()).filter(is_unknown)
    }

    /// Nobody knows whether a name is there while a server has none: it is neither missing nor absent.
    fn perhaps_nameless(&self, entry: &DesiredServer) -> Problem {
        const SHOWN: usize = 5;
        let mut ids: Vec<&str> =
            self.nameless().filter_map(|server| server.id.as_ref()).map(ServerId::as_str).collect();
        ids.sort_unstable();
        let more = if ids.len() > SHOWN { ", …" } else { "" };
        ids.truncate(SHOWN);
        let text = format!(
            "no live server is called {}, and the provider cannot say what it calls {} of them (id {}{more}): it may \
             be one of these; try again later, or bind it by `id:`",
            entry.address.name,
            self.nameless().count(),
            ids.join(", "),
        );
        problem(entry, Code::UnrecognisedState, text)
    }

    /// A live name close to the one that was not found. Bounded: it is only ever a hint.
    fn near(&self, wanted: &str) -> Option<&str> {
        const MOST: usize = 5_000;
        // All or none of them: which come first is up to the provider.
        let servers = if self.servers.len() > MOST { &[] } else { self.servers };
        servers
            .iter()
            .filter_map(|server| server.name.as_ref())
            .map(|name| (strsim::jaro_winkler(wanted, name.as_str()), name.as_str()))
            .filter(|(score, _)| *score > 0.9)
            .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
            .map(|(_, name)| name)
    }

    fn both_names(&self, entry: &DesiredServer, declared: usize, old: usize) -> Problem {
        let id = |at: usize| self.servers[at].id.as_ref().map_or("?", ServerId::as_str);
        let old_name = self.servers[old].name.as_ref().map_or("", |name| name.as_str());
        let text = format!(
            "{} (id {}) and its old name {old_name} (id {}) are both live; remove renamed_from, or bind by `id:`",
            entry.address.name,
            id(declared),
            id(old),
        );
        problem(entry, Code::BothNamesLive, text)
    }

    fn bound_twice(&self, entry: &DesiredServer, live: usize, other: &DesiredServer) -> Problem {
        let live = &self.servers[live];
        let name = live.name.as_ref().map_or("", |name| name.as_str());
        let id = live.id.as_ref().map_or("?", ServerId::as_str);
        let text = format!(
            "this entry and {} ({}) both mean the live server {name} (id {id}); one entry per server",
            other.address, other.location
        );
        problem(entry, Code::BoundTwice, text)
    }
}

/// Which live servers an entry is about, even where it cannot be told which of them it means.
pub(super) fn claim(managed: &mut [bool], entry: &DesiredServer, binding: &Binding, index: &LiveIndex<'_>) {
    match binding {
        Binding::Bound(at) | Binding::Claimed { live: at, .. } => managed[*at] = true,
        Binding::BothNames { .. } | Binding::Ambiguous(_) => {
            let names = std::iter::once(&entry.address.name).chain(&entry.renamed_from);
            for at in names.flat_map(|name| index.with_name(name.as_str())) {
                managed[at] = true;
            }
        }
        Binding::Nothing => {}
    }
}

fn ambiguous(entry: &DesiredServer, index: &LiveIndex<'_>, ids: &[ServerId]) -> Problem {
    let mut ids: Vec<&str> = ids.iter().map(ServerId::as_str).collect();
    ids.sort_unstable();
    // The declared name comes first; the old one is only looked for where nobody has that.
    let declared = &entry.address.name;
    let name = entry
        .renamed_from
        .as_ref()
        .filter(|_| index.with_name(declared.as_str()).is_empty())
        .unwrap_or(declared);
    let count = index.with_name(name.as_str()).len();
    let ids = if ids.is_empty() { "without ids".into() } else { format!("with the ids {}", ids.join(", ")) };
    let text = format!("{count} live servers are called {name}, {ids}; bind by `id:`");
    problem(entry, Code::AmbiguousName, text)
}

/// Neither missing nor absent: a list may leave servers out, and this one was not asked for.
fn never_asked_for(entry: &DesiredServer) -> Problem {
    let id = entry.id.as_ref().map_or("", ServerId::as_str);
    let text = format!(
        "the snapshot does not show the id {id}, and it was not asked for when that was taken: it may be there or \
         not; take a new snapshot with this fleet file"
    );
    problem(entry, Code::Unreadable, text)
}

/// Everything selected on a connection that could not be read, as one problem; `None` where nothing is.
fn unreadable(
    inputs: &Inputs<'_>,
    connection: &ConnectionName,
    desired: &[&DesiredServer],
    failure: &ReadFailure,
) -> Option<Problem> {
    let count = desired.iter().filter(|entry| inputs.options.selects(entry)).count();
    let targets = &inputs.options.targets;
    let may_select = |rule: &&Rule| {
        let is_meant = |target| rule.meets(target).any(|name| name == connection);
        if targets.is_empty() { rule.connections.contains(connection) } else { targets.iter().any(is_meant) }
    };
    let rules = inputs.rules.iter().filter(may_select).count();
    let servers = match (count, rules) {
        (0, _) => "what rules select".to_owned(),
        (1, 0) => "1 server".to_owned(),
        (_, 0) => format!("{count} servers"),
        (1, _) => "1 server, and what rules select,".to_owned(),
        _ => format!("{count} servers, and what rules select,"),
    };
    (count + rules > 0).then(|| Problem {
        code: if failure.transient { Code::Unreachable } else { Code::Unreadable },
        severity: Severity::Error,
        address: Address::new(connection.clone(), "*".into()),
        message: format!("{}; nothing is planned for {servers} of {connection}", failure.message),
        location: None,
        cause: None,
    })
}

fn problem(entry: &DesiredServer, code: Code, message: String) -> Problem {
    Problem {
        code,
        severity: Severity::Error,
        address: entry.address.clone(),
        message,
        location: Some(entry.location.clone()),
        cause: None,
    }
}
