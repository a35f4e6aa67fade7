//! What is not done although it is due, because of time or people. A change is cut to what may be done now, and the
//! rest is listed; whoever would need what is listed waits with it.

use super::change::Change;
use super::narrow;
use crate::model::{Address, LiveServer, Location, NameRules, Operation, ServerName, Verb};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// What keeps it from being done.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum WithheldBy {
    /// It may only be done at certain times.
    Window,
    /// Somebody holds the server.
    Hold,
    /// Somebody froze everything.
    Freeze,
}

impl WithheldBy {
    /// The word that it is written with.
    pub fn word(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::Hold => "hold",
            Self::Freeze => "freeze",
        }
    }
}

/// What is due and not done to a server at this instant. It is no change: nothing carries it out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Withheld {
    /// The server.
    pub address: Address,
    /// What would be done to it, in order.
    pub actions: Vec<Verb>,
    /// What keeps it from being done.
    pub by: WithheldBy,
    /// The instant at which that ends, where it is known. A plan made then may find something else in the way.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(with = "Option<String>")]
    pub until: Option<Timestamp>,
    /// Why, for people: `held off by alice until 2026-11-21T20:00:00Z: disk swap`.
    pub message: String,
    /// The line that asks for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub location: Option<Location>,
}

/// Why something waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    pub(super) by: WithheldBy,
    pub(super) until: Option<Timestamp>,
    pub(super) message: String,
}

impl Wait {
    /// The same for a server that cannot go on before another one does.
    pub(super) fn behind(&self, other: &Address) -> Self {
        let why = &self.message;
        // The first of a chain says what all of it waits for.
        let joined = if why.starts_with("it waits for ") { ", and " } else { ", which is " };
        Self { message: format!("it waits for {other}{joined}{why}"), ..self.clone() }
    }

    /// These actions of a change, as what waits.
    pub(super) fn of(&self, change: &Change, actions: Vec<Verb>) -> Withheld {
        Withheld {
            address: change.address.clone(),
            actions,
            by: self.by,
            until: self.until,
            message: self.message.clone(),
            location: change.location.clone(),
        }
    }
}

/// What waits, and which servers others may find themselves waiting for.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// What is not done.
    pub(super) list: Vec<Withheld>,
    /// Servers that something waits at, or that are kept as nobody declared them, and why.
    pub(super) why: HashMap<Address, Wait>,
    /// Names that their servers keep for now although they are to be given up.
    names: Vec<(ServerName, Address)>,
}

impl Waiting {
    /// Cuts a change to what may be done now, and lists the rest.
    pub(super) fn cut(
        &mut self,
        change: Change,
        waits: impl Fn(Verb) -> bool,
        wait: &Wait,
    ) -> Option<Change> {
        let actions: Vec<Verb> = change.actions.iter().copied().filter(|verb| waits(*verb)).collect();
        if actions.is_empty() {
            return Some(change);
        }
        if actions.iter().any(|verb| matches!(verb, Verb::Rename | Verb::Delete)) {
            self.names.push((change.before.name.clone(), change.address.clone()));
        }
        self.list.push(wait.of(&change, actions));
        self.why.entry(change.address.clone()).or_insert_with(|| wait.clone());
        without(change, waits)
    }

    /// Cuts renames to names that a server keeps for now because its own rename or its end waits; theirs wait with it.
    /// Comes before renames are ordered, where a name that stays taken would be a problem.
    pub(super) fn cut_renames(
        &mut self,
        changes: &mut Vec<Change>,
        servers: &[LiveServer],
        rules: &NameRules,
    ) {
        let key = |name: &ServerName| rules.case.key(name.as_str()).into_owned();
        if self.names.is_empty() {
            return;
        }
        // A name that several servers have is no matter of waiting.
        let mut times: HashMap<String, usize> = HashMap::new();
        for name in servers.iter().filter_map(|server| server.name.as_ref()) {
            *times.entry(key(name)).or_default() += 1;
        }
        loop {
            let kept: HashMap<String, Address> = std::mem::take(&mut self.names)
                .into_iter()
                .map(|(name, address)| (key(&name), address))
                .filter(|(name, _)| times.get(name) == Some(&1))
                .collect();
            if kept.is_empty() {
                return;
            }
            for change in std::mem::take(changes) {
                let holder = new_name(&change).and_then(|name| kept.get(&key(name)));
                let holder = holder.filter(|holder| **holder != change.address);
                match holder.and_then(|holder| Some(self.why.get(holder)?.behind(holder))) {
                    // Its own name stays taken as well then: once more.
                    Some(wait) => changes.extend(self.cut(change, |verb| verb == Verb::Rename, &wait)),
                    None => changes.push(change),
                }
            }
        }
    }

    /// Joins those of another connection.
    pub(super) fn join(&mut self, other: Self) {
        self.list.extend(other.list);
        self.why.extend(other.why);
    }

    /// What waits, by address; what waits for the same at the same server is one.
    pub(super) fn sorted(mut self) -> Vec<Withheld> {
        self.list.sort_by(|a, b| (&a.address, a.by).cmp(&(&b.address, b.by)));
        let mut all: Vec<Withheld> = Vec::with_capacity(self.list.len());
        for one in self.list {
            match all.last_mut() {
                Some(last) if last.address == one.address && last.message == one.message => {
                    last.actions.extend(one.actions);
                }
                _ => all.push(one),
            }
        }
        all
    }
}

/// How many servers something waits at. The list is sorted by address.
pub(super) fn servers(withheld: &[Withheld]) -> u64 {
    withheld.chunk_by(|a, b| a.address == b.address).count() as u64
}

fn new_name(change: &Change) -> Option<&ServerName> {
    change.steps.iter().rev().find_map(|step| match &step.operation {
        Operation::Rename { to } => Some(to),
        _ => None,
    })
}

/// A change without some of its actions; `None` where nothing is left.
fn without(mut change: Change, waits: impl Fn(Verb) -> bool) -> Option<Change> {
    let reboots_alone = waits(Verb::Reboot)
        && change.does(Verb::Reboot)
        && change.actions.iter().any(|verb| !waits(*verb) && *verb != Verb::Rename);
    if reboots_alone {
        // A server that is resumed and then rebooted: it is resumed. The check comes after the last call.
        let check = change.step(Verb::Reboot).and_then(|step| step.healthy_when.clone());
        change.steps.retain(|step| step.operation.verb() != Verb::Reboot);
        change.actions.retain(|verb| *verb != Verb::Reboot);
        change.rebooted_since = None;
        if let Some(last) = change.steps.last_mut().filter(|last| last.operation.verb() == Verb::PowerOn) {
            last.healthy_when = last.healthy_when.take().or(check);
        }
    }
    let left: Vec<Verb> = change.actions.iter().copied().filter(|verb| !waits(*verb)).collect();
    if left.is_empty() { None } else { narrow::only(change, &left).0 }
}
