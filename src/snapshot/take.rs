//! From the file's shape to what the planner is told. What the snapshot does not say is never read as "not there".

use super::document::{
    ConnectionSnapshot, Ends, FreezeSnapshot, HoldSnapshot, LedgerSnapshot, ServerFacts, ServerSnapshot,
    Snapshot, State, Told, UnresolvedSnapshot,
};
use crate::model::{
    Capabilities, CaseRule, ConnectionName, Denial, Freeze, Hold, LedgerFacts, LiveServer, LiveState,
    ServerId, Settles, Unresolved,
};
use crate::plan::{ConnectionLive, ReadFailure};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What the planner is told.
pub struct Taken<'a> {
    /// The wanted connections, each once.
    pub live: Vec<ConnectionLive<'a>>,
    /// Per connection the ids that were asked for and are not there, in the form in which equal ids are equal.
    pub absent_ids: BTreeMap<ConnectionName, BTreeSet<String>>,
    /// What the ledger knew.
    pub ledger: LedgerFacts,
}

/// Takes the wanted connections out of a snapshot. They are those of the fleet file, each with its type and what that
/// can do: the file of today decides which connections are planned, the snapshot only what is live there.
pub fn take<'a>(
    snapshot: Snapshot,
    wanted: impl IntoIterator<Item = (ConnectionName, &'static str, &'a Capabilities)>,
) -> Taken<'a> {
    let mut told: HashMap<ConnectionName, ConnectionSnapshot> =
        snapshot.connections.into_iter().map(|connection| (connection.name.clone(), connection)).collect();
    let mut absent_ids = BTreeMap::new();
    let mut live = Vec::new();
    for (name, type_name, capabilities) in wanted {
        let case = capabilities.names.id_case;
        let found = told.remove(&name);
        let servers = match right_type(found, &name, type_name) {
            Err(failure) => Err(failure),
            Ok(Told::Unreadable { message, transient }) => Err(ReadFailure { message, transient }),
            Ok(Told::Servers { servers, absent_ids: absent }) => {
                let keys = absent.iter().map(|id| case.key(id.as_str()).into_owned());
                absent_ids.insert(name.clone(), keys.collect());
                each_once(servers, case)
            }
        };
        live.push(ConnectionLive { name, type_name, capabilities, servers });
    }
    Taken { live, absent_ids, ledger: of_ledger(snapshot.ledger) }
}

impl Snapshot {
    /// Makes those connections unreadable that lead elsewhere in the fleet file of today: what was live there says
    /// nothing of here. `settings` tells what the file has by now.
    pub fn distrust_moved(&mut self, settings: impl Fn(&ConnectionName) -> Option<String>) {
        for connection in &mut self.connections {
            let now = settings(&connection.name);
            if connection.settings.is_some() && now.is_some() && connection.settings != now {
                let message = format!(
                    "the settings of {} differ from those that the snapshot was taken with; take a new one with this fleet file",
                    connection.name
                );
                connection.told = Told::Unreadable { message, transient: false };
            }
        }
    }

    /// Notes where the connections lead to.
    pub fn led_to(&mut self, settings: impl Fn(&ConnectionName) -> Option<String>) {
        for connection in &mut self.connections {
            connection.settings = settings(&connection.name);
        }
    }
}

fn right_type(
    found: Option<ConnectionSnapshot>,
    name: &ConnectionName,
    type_name: &str,
) -> Result<Told, ReadFailure> {
    let failed = |message| Err(ReadFailure { message, transient: false });
    match found {
        None => failed(format!("the snapshot does not have {name}; take a new one with this fleet file")),
        Some(other) if other.type_name != type_name => failed(format!(
            "{name} is of the type {type_name}, and {} in the snapshot; take a new one with this fleet file",
            other.type_name
        )),
        Some(connection) => Ok(connection.told),
    }
}

/// A provider's list with one id twice is never used either.
fn each_once(servers: Vec<ServerSnapshot>, case: CaseRule) -> Result<Vec<LiveServer>, ReadFailure> {
    let mut seen = HashSet::with_capacity(servers.len());
    for id in servers.iter().filter_map(|server| server.id.as_ref()) {
        if !seen.insert(case.key(id.as_str())) {
            let message =
                format!("the snapshot has the id {id} twice: it was edited or damaged; take a new one");
            return Err(ReadFailure { message, transient: false });
        }
    }
    drop(seen);
    Ok(servers.into_iter().map(server).collect())
}

fn server(server: ServerSnapshot) -> LiveServer {
    let denials = server.denials.into_iter();
    LiveServer {
        id: server.id,
        name: server.name,
        state: state(server.state),
        booted_at: server.booted_at,
        denials: denials.map(|denied| Denial { verb: denied.verb, why: denied.why.into() }).collect(),
    }
}

fn state(state: State) -> LiveState {
    match state {
        State::Settled(power) => LiveState::Settled(power),
        State::Transition { word, into } => {
            let into = into.map(|into| match into {
                Ends::Power(power) => Settles::Power(power),
                Ends::Gone => Settles::Gone,
            });
            LiveState::Transition { word: word.into(), into }
        }
        State::NotReported => LiveState::NotReported,
        State::Unrecognised(word) => LiveState::Unrecognised(word.into()),
    }
}

fn of_ledger(ledger: LedgerSnapshot) -> LedgerFacts {
    let hold = |hold: HoldSnapshot| {
        let HoldSnapshot { id, selector, to, by, at, until, reason } = hold;
        Hold { id, selector, to, by, at, until, reason }
    };
    let freeze = |freeze: FreezeSnapshot| {
        let FreezeSnapshot { by, at, until, reason } = freeze;
        Freeze { by, at, until, reason }
    };
    let mut facts = LedgerFacts {
        born: ledger.born,
        holds: ledger.holds.into_iter().map(hold).collect(),
        freeze: ledger.freeze.map(freeze),
        ..LedgerFacts::default()
    };
    for ServerFacts { connection, id, booted_at, not_rebooted_at, unresolved } in ledger.servers {
        let key: (ConnectionName, ServerId) = (connection, id);
        facts.boots.extend(booted_at.map(|at| (key.clone(), at)));
        facts.not_rebooted.extend(not_rebooted_at.map(|at| (key.clone(), at)));
        let open = unresolved.map(|UnresolvedSnapshot { address, verb, sent_at }| Unresolved {
            address,
            verb,
            sent_at,
        });
        facts.unresolved.extend(open.map(|open| (key, open)));
    }
    facts
}
