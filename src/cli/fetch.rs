//! Reads the live state, side by side, and makes the plan from it; waits for servers in transition.

use super::args::Shape;
use super::exit::Failure;
use super::io::Io;
use super::session::Session;
use crate::apply::{Links, Recovered, is_under_way, recover};
use crate::config::Connection;
use crate::diff::LiveIndex;
use crate::ledger::{self, OpenIntent, Outcome, Replay};
use crate::model::{
    Address, ConnectionName, DesiredServer, LedgerFacts, LiveServer, LiveState, ServerId, Settles, Verb,
};
use crate::plan::{
    Code, ConnectionLive, Inputs, Options, Plan, ReadFailure, Severity, SnapshotRecord, connections_needed,
    plan,
};
use crate::provider::list_all;
use futures_util::future::join_all;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// An operation that was begun longer ago has ended, whatever a record says.
const LONGEST_OPERATION: Duration = Duration::from_hours(2);

/// A plan with all that it was made from.
pub(super) struct Planned<'a> {
    pub(super) plan: Plan,
    pub(super) live: Vec<ConnectionLive<'a>>,
    pub(super) links: Links,
    pub(super) options: Options,
    pub(super) replay: Replay,
    pub(super) recovered: Vec<Recovered>,
    pub(super) now: Timestamp,
    /// Ids that no list showed, that were asked for, and that are not there.
    pub(super) absent_ids: AbsentIds,
    /// Where live state comes from, if not from the providers.
    pub(super) snapshot: Option<SnapshotRecord>,
}

/// Ids by connection.
pub(super) type AbsentIds = BTreeMap<ConnectionName, BTreeSet<ServerId>>;

impl Planned<'_> {
    pub(super) fn inputs<'b>(&'b self, session: &'b Session) -> Inputs<'b> {
        Inputs {
            desired: &session.fleet.servers,
            rules: &session.fleet.rules,
            availability: &session.fleet.availability,
            windows: &session.fleet.windows,
            live: &self.live,
            ledger: &self.replay.facts,
            now: self.options.at.unwrap_or(self.now),
            options: &self.options,
        }
    }
}

/// The connections that a plan for the selected servers depends on.
pub(super) fn used(session: &Session, options: &Options) -> BTreeSet<ConnectionName> {
    connections_needed(&Inputs {
        desired: &session.fleet.servers,
        rules: &session.fleet.rules,
        availability: &session.fleet.availability,
        windows: &session.fleet.windows,
        live: &[],
        ledger: &LedgerFacts::default(),
        now: Timestamp::UNIX_EPOCH,
        options,
    })
}

/// Reads the ledger, without a lock; says what is damaged in it.
pub(super) fn read_ledger(session: &Session, io: &mut Io<'_>) -> Result<Replay, Failure> {
    let replay = ledger::read(&session.ledger).map_err(|error| Failure::problem(error.to_string()))?;
    for warning in &replay.warnings {
        io.warn(warning);
    }
    Ok(replay)
}

/// The plan options of the command line.
pub(super) fn options(shape: &Shape) -> Options {
    Options {
        targets: shape.target.clone(),
        excludes: shape.exclude.clone(),
        only: shape.only.clone(),
        allow_missing: shape.allow_missing,
        reboot_unknown: shape.reboot_unknown,
        list_unchanged: shape.list_unchanged,
        absent_ids: None,
        at: shape.at,
    }
}

/// Reads everything and plans. Servers in transition are waited for at most `settle_timeout`. What `reading` has
/// listed already is not read again.
pub(super) async fn planned(
    session: &Session,
    shape: &Shape,
    reading: Reading,
    mut replay: Replay,
    io: &mut Io<'_>,
) -> Result<Planned<'static>, Failure> {
    let options = options(shape);
    let used = used(session, &options);
    let Reading { mut links, mut live } = reading;
    links.retain(|name, _| used.contains(name));
    live.retain(|connection| used.contains(&connection.name));
    // Of a connection that could not be read a moment ago only that is known; it is not opened for a second try.
    let is_open =
        |name: &ConnectionName| links.contains_key(name) || live.iter().any(|one| one.name == *name);
    let rest = session.links(used.iter().filter(|name| !is_open(name)))?;
    let rest_live = list(|name| in_flight(session.fleet.connections.get(name)), &rest);
    links.extend(rest.clone());
    let recovering = recover(&replay.open, &links, Timestamp::now(), shape.patience());
    let (listed, recovered) = futures_util::future::join(rest_live, recovering).await;
    live.extend(listed);
    let absent_ids = look_for_unlisted(session, &options, &links, &mut live).await;
    mark_under_way(&replay, &links, &mut live).await;
    adopt(&mut replay, &recovered);
    let now = Timestamp::now();
    let plan_later = Plan::default();
    let mut planned = Planned {
        plan: plan_later,
        live,
        links,
        options,
        replay,
        recovered,
        now,
        absent_ids,
        snapshot: None,
    };
    session.check_governed(shape, &planned.inputs(session))?;
    planned.plan = plan(&planned.inputs(session));
    settle(session, &mut planned, shape.patience(), io).await;
    Ok(planned)
}

/// Connections that are open, and what has been listed of them.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) links: Links,
    pub(super) live: Vec<ConnectionLive<'static>>,
}

/// Concurrent calls of a connection, where its file says.
pub(super) fn in_flight(connection: Option<&Connection>) -> Option<usize> {
    connection.and_then(|connection| connection.max_in_flight)
}

/// Lists every open connection, side by side.
pub(super) async fn list(
    in_flight: impl Fn(&ConnectionName) -> Option<usize>,
    links: &Links,
) -> Vec<ConnectionLive<'static>> {
    join_all(links.iter().map(|(name, link)| {
        let in_flight = in_flight(name).unwrap_or(link.capabilities.default_in_flight);
        async move {
            let servers = list_all(&*link.provider, link.capabilities.names.id_case, in_flight).await;
            ConnectionLive {
                name: name.clone(),
                type_name: link.type_name,
                capabilities: link.capabilities,
                servers: servers.map_err(|error| ReadFailure {
                    message: error.to_string(),
                    transient: error.is_transient(),
                }),
            }
        }
    }))
    .await
}

/// A list may leave servers out (Hostway's shows some states only on request), so an entry that is bound by an id
/// which no list shows is asked for by that id before it is called missing or gone. Returns those that are gone.
async fn look_for_unlisted(
    session: &Session,
    options: &Options,
    links: &Links,
    live: &mut [ConnectionLive<'static>],
) -> AbsentIds {
    let mut absent = AbsentIds::new();
    let by_id: Vec<&DesiredServer> =
        session.fleet.servers.iter().filter(|entry| entry.id.is_some() && options.selects(entry)).collect();
    for connection in live {
        let here: Vec<&ServerId> = by_id
            .iter()
            .filter(|entry| entry.address.connection == connection.name)
            .filter_map(|entry| entry.id.as_ref())
            .collect();
        let (Some(link), Ok(servers), false) =
            (links.get(&connection.name), &mut connection.servers, here.is_empty())
        else {
            continue;
        };
        let index = LiveIndex::new(servers, &connection.capabilities.names);
        let unlisted: Vec<&ServerId> =
            here.into_iter().filter(|id| index.with_id(id.as_str()).is_none()).collect();
        let found = join_all(unlisted.iter().map(|id| link.provider.get(id))).await;
        let mut failed = None;
        for (id, answer) in unlisted.into_iter().zip(found) {
            match answer {
                Ok(Some(server)) => servers.push(server),
                Ok(None) => {
                    absent.entry(connection.name.clone()).or_default().insert(id.clone());
                }
                Err(error) => failed = Some(error),
            }
        }
        if let Some(error) = failed {
            connection.servers =
                Err(ReadFailure { message: error.to_string(), transient: error.is_transient() });
        }
    }
    absent
}

/// Calls of an earlier run that the provider is still at, where only its records show it: the server's own state is
/// the old one until the end, and nothing may be planned on it.
async fn mark_under_way(replay: &Replay, links: &Links, live: &mut [ConnectionLive<'static>]) {
    let now = Timestamp::now();
    let is_recent = |open: &&OpenIntent| {
        Duration::try_from(now.duration_since(open.intent.at)).is_ok_and(|age| age < LONGEST_OPERATION)
    };
    let looks = replay.under_way.iter().filter(is_recent).filter_map(|open| {
        let link = links.get(&open.intent.provider)?;
        Some(async move { is_under_way(open, link).await.then_some(open) })
    });
    for open in join_all(looks).await.into_iter().flatten() {
        let Some(connection) = live.iter_mut().find(|live| live.name == open.intent.provider) else {
            continue;
        };
        let Ok(servers) = &mut connection.servers else { continue };
        let case = connection.capabilities.names.id_case;
        let is_it = |server: &&mut LiveServer| {
            server.id.as_ref().is_some_and(|id| case.same(id.as_str(), open.intent.id.as_str()))
        };
        if let Some(server) = servers.iter_mut().find(is_it) {
            let word = format!("a {} of an earlier run is under way", open.intent.operation.verb());
            let into = open.intent.operation.power().map(Settles::Power);
            server.state = LiveState::Transition { word: word.into(), into };
        }
    }
}

/// What the evidence says of earlier runs, as if they had recorded it.
fn adopt(replay: &mut Replay, recovered: &[Recovered]) {
    for found in recovered {
        let intent = &found.open.intent;
        let key = (intent.provider.clone(), intent.id.clone());
        let settled = |open: &&OpenIntent| recovered.iter().any(|found| found.open == **open);
        let same_server = |open: &&OpenIntent| open.intent.provider == key.0 && open.intent.id == key.1;
        // Another change of the same server may still be open.
        if replay.open.iter().filter(same_server).all(|open| settled(&open)) {
            replay.facts.unresolved.remove(&key);
        }
        if found.outcome == Outcome::Done && intent.operation.verb() == Verb::Reboot {
            let boot = replay.facts.boots.entry(key).or_insert(intent.at);
            *boot = (*boot).max(intent.at);
        }
    }
}

/// Reads servers in transition again until the plan no longer waits for any, or time is up.
async fn settle(session: &Session, planned: &mut Planned<'static>, patience: Duration, io: &mut Io<'_>) {
    let deadline = Instant::now() + patience;
    let mut pause = Duration::from_millis(250);
    let mut said = false;
    loop {
        let waiting: Vec<Address> = planned
            .plan
            .problems
            .iter()
            // What a rule leaves out for it is no reason to wait.
            .filter(|problem| problem.code == Code::InTransition && problem.severity == Severity::Error)
            .map(|problem| problem.address.clone())
            .collect();
        let left = deadline.saturating_duration_since(Instant::now());
        if waiting.is_empty() || left.is_zero() {
            return;
        }
        if !said {
            io.mention(&format!(
                "Waiting for {} in transition (at most {patience:?}): {}",
                count(&waiting),
                names(&waiting)
            ));
            said = true;
        }
        sleep(pause.min(left)).await;
        pause = pause.mul_f64(1.4).min(Duration::from_secs(5));
        for address in &waiting {
            read_again(session, planned, address).await;
        }
        planned.now = Timestamp::now();
        planned.plan = plan(&planned.inputs(session));
    }
}

async fn read_again(session: &Session, planned: &mut Planned<'static>, address: &Address) {
    let Some(entry) = session.fleet.servers.iter().find(|entry| entry.address == *address) else { return };
    let Some(link) = planned.links.get(&address.connection).cloned() else { return };
    let Some(connection) = planned.live.iter_mut().find(|live| live.name == address.connection) else {
        return;
    };
    let Ok(servers) = &mut connection.servers else { return };
    let Some(at) = find(servers, entry, connection.capabilities) else { return };
    let Some(id) = &servers[at].id else {
        // Without an id only a whole listing can show it.
        if let Ok(all) = list_all(&*link.provider, link.capabilities.names.id_case, 1).await {
            *servers = all;
        }
        return;
    };
    match link.provider.get(id).await {
        Ok(Some(live)) => servers[at] = live.completed_by(&servers[at]),
        Ok(None) => {
            let gone = servers.remove(at).id;
            planned.absent_ids.entry(address.connection.clone()).or_default().extend(gone);
        }
        Err(error) => tracing::debug!(%address, %error, "could not be read again"),
    }
}

fn find(
    servers: &[LiveServer],
    entry: &DesiredServer,
    capabilities: &crate::model::Capabilities,
) -> Option<usize> {
    let index = LiveIndex::new(servers, &capabilities.names);
    let by_name = |name: &str| index.with_name(name).first().copied();
    entry
        .id
        .as_ref()
        .and_then(|id| index.with_id(id.as_str()))
        .or_else(|| by_name(entry.address.name.as_str()))
        .or_else(|| entry.renamed_from.as_ref().and_then(|name| by_name(name.as_str())))
        .filter(|&at| servers[at].id.is_none() || matches!(servers[at].state, LiveState::Transition { .. }))
}

fn count(waiting: &[Address]) -> String {
    if waiting.len() == 1 { "a server".into() } else { format!("{} servers", waiting.len()) }
}

fn names(waiting: &[Address]) -> String {
    const SHOWN: usize = 5;
    let mut text: Vec<String> = waiting.iter().take(SHOWN).map(ToString::to_string).collect();
    if waiting.len() > SHOWN {
        text.push("…".into());
    }
    text.join(", ")
}
