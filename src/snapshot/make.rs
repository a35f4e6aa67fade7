//! From what was read to the file's shape.

use super::document::{
    ConnectionSnapshot, Denied, Ends, FORMAT_VERSION, FreezeSnapshot, HoldSnapshot, LedgerSnapshot,
    ServerFacts, ServerSnapshot, Snapshot, State, Told, UnresolvedSnapshot,
};
use crate::model::{
    ConnectionName, Denial, Freeze, Hold, LedgerFacts, LiveServer, LiveState, ServerId, ServerKey, Settles,
    Unresolved,
};
use crate::plan::ConnectionLive;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What a snapshot is made from: the planner's inputs of one moment, the fleet file aside.
pub struct Moment<'a> {
    /// When the reading began.
    pub taken_at: Timestamp,
    /// Of the simulator.
    pub simulated: bool,
    /// `--target`, as it was given.
    pub targets: Vec<String>,
    /// The connections, in any order.
    pub live: &'a [ConnectionLive<'a>],
    /// Ids that were asked for and are not there.
    pub absent_ids: &'a BTreeMap<ConnectionName, BTreeSet<ServerId>>,
    /// What the ledger knows.
    pub ledger: &'a LedgerFacts,
}

/// Makes the snapshot. Equal moments give equal snapshots, whatever the order of their lists.
pub fn make(moment: &Moment<'_>) -> Snapshot {
    let mut connections: Vec<ConnectionSnapshot> =
        moment.live.iter().map(|connection| of_connection(connection, moment.absent_ids)).collect();
    connections.sort_by(|a, b| a.name.cmp(&b.name));
    let names = connections.iter().map(|connection| &connection.name).collect();
    let ledger = of_ledger(moment.ledger, &names);
    Snapshot {
        format_version: FORMAT_VERSION.into(),
        fleetform_version: env!("CARGO_PKG_VERSION").into(),
        taken_at: moment.taken_at,
        simulated: moment.simulated,
        targets: moment.targets.clone(),
        ledger,
        connections,
    }
}

fn of_connection(
    connection: &ConnectionLive<'_>,
    absent_ids: &BTreeMap<ConnectionName, BTreeSet<ServerId>>,
) -> ConnectionSnapshot {
    let told = match &connection.servers {
        Ok(servers) => {
            let mut servers: Vec<ServerSnapshot> = servers.iter().map(of_server).collect();
            // Without ids there may be namesakes: then all that is known of them decides.
            let whole = |server: &ServerSnapshot| serde_json::to_string(server).unwrap_or_default();
            servers.sort_by(|a, b| {
                (&a.id, &a.name).cmp(&(&b.id, &b.name)).then_with(|| whole(a).cmp(&whole(b)))
            });
            let absent = absent_ids.get(&connection.name);
            Told::Servers { servers, absent_ids: absent.into_iter().flatten().cloned().collect() }
        }
        Err(failure) => Told::Unreadable { message: failure.message.clone(), transient: failure.transient },
    };
    let (name, type_name) = (connection.name.clone(), connection.type_name.into());
    ConnectionSnapshot { name, type_name, settings: None, told }
}

fn of_server(server: &LiveServer) -> ServerSnapshot {
    let denied = |denial: &Denial| Denied { verb: denial.verb, why: denial.why.to_string() };
    ServerSnapshot {
        id: server.id.clone(),
        name: server.name.clone(),
        state: of_state(&server.state),
        booted_at: server.booted_at,
        denials: server.denials.iter().map(denied).collect(),
    }
}

fn of_state(state: &LiveState) -> State {
    match state {
        LiveState::Settled(power) => State::Settled(*power),
        LiveState::Transition { word, into } => {
            let into = into.map(|into| match into {
                Settles::Power(power) => Ends::Power(power),
                Settles::Gone => Ends::Gone,
            });
            State::Transition { word: word.to_string(), into }
        }
        LiveState::NotReported => State::NotReported,
        LiveState::Unrecognised(word) => State::Unrecognised(word.to_string()),
    }
}

/// The ledger's facts about these connections: what it knows of others, this snapshot's plans never ask.
fn of_ledger(facts: &LedgerFacts, names: &BTreeSet<&ConnectionName>) -> LedgerSnapshot {
    let keys = facts.boots.keys().chain(facts.not_rebooted.keys()).chain(facts.unresolved.keys());
    let keys: BTreeSet<&ServerKey> = keys.filter(|(connection, _)| names.contains(connection)).collect();
    let unresolved = |open: &Unresolved| UnresolvedSnapshot {
        address: open.address.clone(),
        verb: open.verb,
        sent_at: open.sent_at,
    };
    let servers = keys.into_iter().map(|key| ServerFacts {
        connection: key.0.clone(),
        id: key.1.clone(),
        booted_at: facts.boots.get(key).copied(),
        not_rebooted_at: facts.not_rebooted.get(key).copied(),
        unresolved: facts.unresolved.get(key).map(unresolved),
    });
    let hold = |hold: &Hold| {
        let Hold { id, selector, to, by, at, until, reason } = hold.clone();
        HoldSnapshot { id, selector, to, by, at, until, reason }
    };
    let freeze = |freeze: Freeze| {
        let Freeze { by, at, until, reason } = freeze;
        FreezeSnapshot { by, at, until, reason }
    };
    LedgerSnapshot {
        born: facts.born,
        servers: servers.collect(),
        holds: facts.holds.iter().map(hold).collect(),
        freeze: facts.freeze.clone().map(freeze),
    }
}
