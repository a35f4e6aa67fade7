//! What really happened, counted on this side of the wire: the proof of "at most once".

use super::state::State;
use super::{ConnectionWorld, SimServer, Tally};
use crate::model::Power;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// All counts since the world began; they outlive a restart that continues the world.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Calls that reached the simulator, faults included.
    pub calls: Vec<CallCount>,
    /// Servers to which anything was done, deleted ones included.
    pub servers: Vec<ServerCount>,
    /// The most calls in flight at once, by connection.
    pub busiest: BTreeMap<String, usize>,
    /// The fault rules in order.
    pub faults: Vec<FaultCount>,
}

/// How often something was called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallCount {
    /// The connection.
    pub connection: String,
    /// The method.
    pub method: String,
    /// The path with its variable parts named.
    pub route: String,
    /// How often.
    pub count: u64,
}

/// What was done to a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerCount {
    /// The connection.
    pub connection: String,
    /// The server's id.
    pub id: String,
    /// Its name now, or when it was deleted.
    pub name: String,
    /// The counts.
    #[serde(flatten)]
    pub tally: Tally,
}

/// How often a fault rule matched and fired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultCount {
    /// Calls that matched.
    pub matched: u64,
    /// Calls that went wrong.
    pub fired: u64,
}

impl Stats {
    /// How often a route was called.
    pub fn calls(&self, connection: &str, method: &str, route: &str) -> u64 {
        let this = |c: &&CallCount| c.connection == connection && c.method == method && c.route == route;
        self.calls.iter().find(this).map_or(0, |call| call.count)
    }

    /// What was done to a server; all zero if nothing was.
    pub fn tally(&self, connection: &str, id: &str) -> Tally {
        let this = |server: &&ServerCount| server.connection == connection && server.id == id;
        self.servers.iter().find(this).map_or_else(Tally::default, |server| server.tally)
    }

    pub(super) fn of(state: &State) -> Self {
        let connections = || state.connections.values();
        let faults = state.rules.iter().map(|rule| {
            let (matched, fired) = rule.counts();
            FaultCount { matched, fired }
        });
        Self {
            calls: connections().flat_map(calls).collect(),
            servers: connections().flat_map(servers).collect(),
            busiest: connections().map(|world| (world.name.clone(), world.busiest())).collect(),
            faults: faults.collect(),
        }
    }
}

fn calls(world: &ConnectionWorld) -> impl Iterator<Item = CallCount> {
    world.calls().iter().map(|(call, count)| {
        let (method, route) = call.split_once(' ').unwrap_or(("", call));
        CallCount {
            connection: world.name.clone(),
            method: method.to_owned(),
            route: route.to_owned(),
            count: *count,
        }
    })
}

fn servers(world: &ConnectionWorld) -> impl Iterator<Item = ServerCount> {
    let living = world.servers().map(|(_, s)| (s.id.clone().unwrap_or_default(), s.name.clone(), s.tally));
    let gone = world.departed().iter().map(|d| (d.id.clone(), d.name.clone(), d.tally));
    living
        .chain(gone)
        .filter(|(_, _, tally)| *tally != Tally::default())
        .map(|(id, name, tally)| ServerCount { connection: world.name.clone(), id, name, tally })
}

/// A server as `/_sim/world` shows it.
#[derive(Serialize)]
struct Shown<'a> {
    connection: &'a str,
    id: Option<&'a str>,
    name: &'a str,
    power: Power,
    state: Option<&'a str>,
    busy: bool,
    attributes: &'a BTreeMap<String, Value>,
    tally: Tally,
}

/// The servers as they are, as JSON bytes.
pub(super) fn world_json(state: &State) -> Vec<u8> {
    let shown = |connection, server: &'_ SimServer| {
        serde_json::to_value(Shown {
            connection,
            id: server.id.as_deref(),
            name: &server.name,
            power: server.power,
            state: server.word(),
            busy: server.is_busy(),
            attributes: &server.attributes,
            tally: server.tally,
        })
    };
    let all = state.connections.values();
    let all = all.flat_map(|world| world.servers().map(move |(_, server)| shown(&world.name, server)));
    let servers: Vec<Value> = all.filter_map(Result::ok).collect();
    serde_json::to_vec(&serde_json::json!({ "servers": servers })).unwrap_or_default()
}
