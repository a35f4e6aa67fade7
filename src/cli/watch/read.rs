//! Reads the connections of a round side by side. Each has its own patience: one that fails is asked again later and later,
//! one that is slow is not asked a second time before it has answered, and neither keeps the others waiting for long.

use crate::apply::{Link, Links};
use crate::cli::exit::Failure;
use crate::cli::fetch::{Reading, in_flight};
use crate::cli::session::Session;
use crate::model::ConnectionName;
use crate::plan::{ConnectionLive, ReadFailure};
use crate::provider::list_all;
use crate::providers;
use crate::watch::delay;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The longest wait between two tries of a connection that fails.
const LONGEST: Duration = Duration::from_mins(10);

/// So long a connection that failed before is waited for.
const MOMENT: Duration = Duration::from_millis(250);

/// What is known of a connection beside its servers.
#[derive(Default)]
pub(super) struct Line {
    failures: u32,
    next_try: Option<Instant>,
    /// Its last listing, while it is under way.
    reading: Option<JoinHandle<ConnectionLive<'static>>>,
    /// When it was last read in full.
    pub(super) read_at: Option<Timestamp>,
    /// Why it could not be read since.
    pub(super) failure: Option<ReadFailure>,
    /// Since when.
    pub(super) failing_since: Option<Timestamp>,
    /// When it is asked again.
    pub(super) next_try_at: Option<Timestamp>,
}

/// A connection that was lost or is back.
pub(super) enum Change {
    Lost(ConnectionName, String),
    Back(ConnectionName),
}

/// All connections, kept open from round to round.
#[derive(Default)]
pub(super) struct Lines {
    pub(super) lines: BTreeMap<ConnectionName, Line>,
    links: Links,
}

impl Lines {
    /// Opens connections; what is wrong with their settings is told at once.
    pub(super) fn open(&mut self, session: &Session, used: &BTreeSet<ConnectionName>) -> Result<(), Failure> {
        self.links = session.links(used)?;
        Ok(())
    }

    /// Other files: connections are opened anew, what is under way is forgotten.
    pub(super) fn reset(&mut self) {
        self.links.clear();
        for line in self.lines.values_mut() {
            line.reading = None;
            line.next_try = None;
        }
    }

    /// Tries failing connections again in the next round.
    pub(super) fn try_all(&mut self) {
        self.lines.values_mut().for_each(|line| line.next_try = None);
    }

    /// Reads what is due; whoever does not answer within `patience` is left for a later round.
    pub(super) async fn read(
        &mut self,
        session: &Session,
        used: &BTreeSet<ConnectionName>,
        patience: Duration,
    ) -> Reading {
        self.lines.retain(|name, _| used.contains(name));
        let now = Instant::now();
        let mut live = Vec::new();
        for name in used {
            let line = self.lines.entry(name.clone()).or_default();
            if line.reading.is_some() {
                continue;
            }
            if let Some(failure) = line.failure.clone().filter(|_| line.next_try.is_some_and(|at| at > now)) {
                live.extend(unread(session, name, failure));
                continue;
            }
            match link(session, &mut self.links, name) {
                Ok(link) => {
                    let in_flight = in_flight(session.fleet.connections.get(name));
                    line.reading = Some(tokio::spawn(list(name.clone(), link, in_flight)));
                }
                Err(failure) => live.extend(unread(session, name, failure)),
            }
        }
        // Those that failed before come last, and hold nobody up: what they answer is taken in when it is there.
        let mut all: Vec<_> = self.lines.iter_mut().collect();
        all.sort_by_key(|(_, line)| line.failure.is_some());
        for (name, line) in all {
            let Some(reading) = &mut line.reading else { continue };
            let deadline =
                if line.failure.is_some() { Instant::now() + MOMENT.min(patience) } else { now + patience };
            match tokio::time::timeout_at(deadline, reading).await {
                Ok(read) => {
                    line.reading = None;
                    let died = || unread(session, name, slow("its reading has died".into()));
                    live.extend(read.ok().or_else(died));
                }
                Err(_) => {
                    let text = || format!("it has not answered within {patience:.0?}; it is waited for");
                    let failure = line.failure.clone().unwrap_or_else(|| slow(text()));
                    live.extend(unread(session, name, failure));
                }
            }
        }
        let is_read = |name: &ConnectionName| live.iter().any(|one| one.name == *name && one.servers.is_ok());
        let links = self.links.iter().filter(|(name, _)| is_read(name));
        Reading { links: links.map(|(name, link)| (name.clone(), link.clone())).collect(), live }
    }

    /// Takes down how the reading went.
    pub(super) fn note(
        &mut self,
        live: &[ConnectionLive<'_>],
        interval: Duration,
        now: Timestamp,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        for one in live {
            let Some(line) = self.lines.get_mut(&one.name) else { continue };
            match &one.servers {
                Ok(_) => {
                    if line.failure.take().is_some() {
                        changes.push(Change::Back(one.name.clone()));
                    }
                    (line.failures, line.next_try, line.next_try_at) = (0, None, None);
                    (line.read_at, line.failing_since) = (Some(now), None);
                }
                Err(failure) => {
                    if line.failure.is_none() {
                        changes.push(Change::Lost(one.name.clone(), failure.message.clone()));
                    }
                    line.failing_since.get_or_insert(now);
                    line.failure = Some(failure.clone());
                    // It was not asked, or has not answered: that is no further failure.
                    if line.reading.is_some() || line.next_try.is_some_and(|at| at > Instant::now()) {
                        continue;
                    }
                    line.failures = line.failures.saturating_add(1);
                    // A little less than whole intervals, so that the round that is due finds it due.
                    let wait = delay(line.failures, interval).min(LONGEST.max(interval)).mul_f64(0.75);
                    line.next_try = Some(Instant::now() + wait);
                    line.next_try_at = now.checked_add(wait).ok();
                    if !failure.transient {
                        // Its settings may be others by then: a secret that was renewed.
                        self.links.remove(&one.name);
                    }
                }
            }
        }
        changes
    }
}

fn slow(message: String) -> ReadFailure {
    ReadFailure { message, transient: true }
}

fn link(session: &Session, links: &mut Links, name: &ConnectionName) -> Result<Link, ReadFailure> {
    if let Some(link) = links.get(name) {
        return Ok(link.clone());
    }
    let opened = session.links([name]).map_err(|failure| {
        let message = match &failure {
            Failure::Diagnostics(all) => {
                all.first().map_or_else(|| failure.text(), |first| first.message.clone())
            }
            _ => failure.text(),
        };
        ReadFailure { message: format!("it cannot be opened: {message}"), transient: false }
    })?;
    links.extend(opened);
    let missing = || ReadFailure { message: "it is not in the file".into(), transient: false };
    links.get(name).cloned().ok_or_else(missing)
}

async fn list(name: ConnectionName, link: Link, in_flight: Option<usize>) -> ConnectionLive<'static> {
    let in_flight = in_flight.unwrap_or(link.capabilities.default_in_flight);
    let servers = list_all(&*link.provider, link.capabilities.names.id_case, in_flight).await;
    let servers =
        servers.map_err(|error| ReadFailure { message: error.to_string(), transient: error.is_transient() });
    ConnectionLive { name, type_name: link.type_name, capabilities: link.capabilities, servers }
}

/// A connection that is not read in this round.
fn unread(session: &Session, name: &ConnectionName, failure: ReadFailure) -> Option<ConnectionLive<'static>> {
    let row = providers::find(&session.fleet.connections.get(name)?.type_name)?;
    Some(ConnectionLive {
        name: name.clone(),
        type_name: row.spec.type_name,
        capabilities: &row.spec.capabilities,
        servers: Err(failure),
    })
}
