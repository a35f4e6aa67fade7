//! Puts together what a watcher knows, for its board.

use super::Watcher;
use crate::apply::{ChangeOutcome, ChangeResult};
use crate::cli::commands::saved;
use crate::cli::run::Run;
use crate::cli::session::Session;
use crate::ledger::Author;
use crate::model::{
    Address, DesiredPower, DesiredServer, LiveServer, LiveState, OnDrift, PowerSchedule, Verb,
};
use crate::plan::{ConnectionLive, PlanDocument};
use crate::watch::{
    ConnectionStatus, Correction, Counted, Decision, FileStatus, HoldStatus, Role, Round, STATUS_VERSION,
    ServerCount, Status, Upcoming, on_drift,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// So many of the last corrections are shown.
const RECENT: usize = 50;

/// What was corrected since the start.
#[derive(Default)]
pub(super) struct Tallies {
    recent: Vec<Correction>,
    counted: Vec<Counted>,
}

impl Tallies {
    pub(super) fn add(&mut self, results: &[ChangeResult], now: Timestamp) {
        for result in results {
            let outcome = word(result.outcome);
            for action in &result.actions {
                let is_it = |one: &&mut Counted| {
                    one.connection == result.provider && one.action == *action && one.outcome == outcome
                };
                match self.counted.iter_mut().find(is_it) {
                    Some(counted) => counted.count += 1,
                    None => self.counted.push(Counted {
                        connection: result.provider.clone(),
                        action: *action,
                        outcome: outcome.into(),
                        count: 1,
                    }),
                }
            }
            let correction = Correction {
                at: now,
                address: result.address.clone(),
                actions: result.actions.clone(),
                outcome: outcome.into(),
                detail: result.detail.clone(),
            };
            self.recent.insert(0, correction);
        }
        self.recent.truncate(RECENT);
    }
}

fn word(outcome: ChangeOutcome) -> &'static str {
    match outcome {
        ChangeOutcome::Done => "done",
        ChangeOutcome::Failed => "failed",
        ChangeOutcome::Unresolved => "unresolved",
        ChangeOutcome::NotStarted => "not_started",
    }
}

impl Watcher<'_> {
    fn role(&self) -> Role {
        match &self.seat {
            None => Role::Observer,
            Some(seat) if seat.leads() => Role::Leader,
            Some(seat) => Role::Standby { holder: seat.holder().to_owned() },
        }
    }

    /// Before a round, with what is known beside the servers.
    pub(super) fn blank(&self) -> Status {
        let mut status = blank(&self.session, &self.run, &self.author);
        status.role = self.role();
        status.interval = self.interval().as_secs_f64();
        status.rounds = self.rounds;
        status.file.loaded_at = self.loaded_at;
        if let Some((why, since)) = &self.rejected {
            (status.file.rejected, status.file.rejected_at) = (Some(why.clone()), Some(*since));
        }
        status
    }

    /// After a round.
    pub(super) fn publish(
        &mut self,
        round: Round,
        document: &PlanDocument,
        (live, entries): (&[ConnectionLive<'_>], &[DesiredServer]),
        decision: Decision,
    ) {
        let before = self.board.latest();
        let all_read = live.iter().all(|one| one.servers.is_ok());
        let end = Timestamp::now();
        let mut status = Status {
            last_success_at: if all_read { Some(end) } else { before.last_success_at },
            last_round: Some(round),
            connections: self.connections((live, entries), &before),
            drift: decision.drift,
            contested: decision.contested,
            problems: document.problems.clone(),
            holds: holds(document),
            upcoming: upcoming(entries, end),
            recent: self.tallies.recent.clone(),
            corrections: self.tallies.counted.clone(),
            ..self.blank()
        };
        for connection in &mut status.connections {
            connection.stopped = decision.stopped.get(&connection.name).cloned();
        }
        self.board.publish(status);
    }

    fn connections(
        &self,
        (live, entries): (&[ConnectionLive<'_>], &[DesiredServer]),
        before: &Status,
    ) -> Vec<ConnectionStatus> {
        let mut all: Vec<ConnectionStatus> =
            live.iter().map(|one| self.connection((one, entries), before)).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    fn connection(
        &self,
        (live, entries): (&ConnectionLive<'_>, &[DesiredServer]),
        before: &Status,
    ) -> ConnectionStatus {
        let track = self.lines.lines.get(&live.name);
        let traffic = self.session.traffic(&live.name);
        let servers = if let Ok(servers) = &live.servers {
            self.counts((live, entries), servers)
        } else {
            let known = before.connections.iter().find(|one| one.name == live.name);
            known.map(|one| one.servers.clone()).unwrap_or_default()
        };
        ConnectionStatus {
            name: live.name.clone(),
            type_name: live.type_name.to_owned(),
            servers,
            read_at: track.and_then(|track| track.read_at),
            failure: track.and_then(|track| track.failure.as_ref().map(|failure| failure.message.clone())),
            failing_since: track.and_then(|track| track.failing_since),
            next_try_at: track.and_then(|track| track.next_try_at),
            stopped: None,
            calls: traffic.calls,
            call_errors: traffic.errors,
            rate_limit_wait: traffic.waited.as_secs_f64(),
        }
    }

    fn counts(
        &self,
        (live, entries): (&ConnectionLive<'_>, &[DesiredServer]),
        servers: &[LiveServer],
    ) -> Vec<ServerCount> {
        let names = &live.capabilities.names;
        let here = entries.iter().filter(|entry| entry.address.connection == live.name);
        let mut by_name: HashMap<String, &DesiredServer> = HashMap::new();
        let mut by_id: HashMap<String, &DesiredServer> = HashMap::new();
        for entry in here {
            by_name.insert(names.case.key(entry.address.name.as_str()).into_owned(), entry);
            if let Some(id) = &entry.id {
                by_id.insert(names.id_case.key(id.as_str()).into_owned(), entry);
            }
        }
        let mut counts: BTreeMap<(&'static str, Option<OnDrift>), u64> = BTreeMap::new();
        for server in servers {
            let id = server.id.as_ref().and_then(|id| by_id.get(&*names.id_case.key(id.as_str())));
            let name = || server.name.as_ref().and_then(|name| by_name.get(&*names.case.key(name.as_str())));
            let policy = id.or_else(name).map(|entry| self.power_policy(&entry.address, entry));
            *counts.entry((state(&server.state), policy)).or_default() += 1;
        }
        let count = |((state, on_drift), count): ((&str, Option<OnDrift>), u64)| ServerCount {
            state: state.to_owned(),
            on_drift,
            count,
        };
        counts.into_iter().map(count).collect()
    }

    /// What is done when its power drifts.
    fn power_policy(&self, address: &Address, entry: &DesiredServer) -> OnDrift {
        let verb = if entry.power == DesiredPower::Off { Verb::PowerOff } else { Verb::PowerOn };
        on_drift(&self.session.fleet.watch.policy, address, &entry.labels, verb)
    }
}

/// The status of a watcher that has seen nothing so far.
pub(super) fn blank(session: &Session, run: &Run, author: &Author) -> Status {
    let fleet = saved::fleet_files(&session.fleet);
    Status {
        format_version: STATUS_VERSION.into(),
        fleetform_version: env!("CARGO_PKG_VERSION").into(),
        watcher: crate::watch::Watcher {
            run: run.id.clone(),
            user: author.user.clone(),
            host: author.host.clone(),
            pid: author.pid,
        },
        started_at: run.began,
        at: Timestamp::now(),
        role: Role::Observer,
        simulated: session.is_simulated(),
        interval: session.fleet.watch.interval.duration().as_secs_f64(),
        rounds: 0,
        last_round: None,
        last_success_at: None,
        file: FileStatus { fleet, loaded_at: run.began, rejected: None, rejected_at: None },
        connections: Vec::new(),
        drift: Vec::new(),
        contested: Vec::new(),
        problems: Vec::new(),
        holds: Vec::new(),
        upcoming: Vec::new(),
        recent: Vec::new(),
        corrections: Vec::new(),
    }
}

/// So many changes by schedules are told ahead, of so long a time.
const UPCOMING: usize = 100;
const AHEAD: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What people hold; a freeze is a hold of everything.
fn holds(document: &PlanDocument) -> Vec<HoldStatus> {
    let freeze = document.freeze.iter().map(|freeze| HoldStatus {
        selector: "*".into(),
        what: "freeze".into(),
        until: freeze.until,
        reason: freeze.reason.clone(),
        by: freeze.by.clone(),
    });
    let holds = document.holds.iter().map(|one| HoldStatus {
        selector: one.hold.selector.to_string(),
        what: one.hold.to.to_string(),
        until: one.hold.until,
        reason: one.hold.reason.clone(),
        by: one.hold.by.clone(),
    });
    let mut holds: Vec<HoldStatus> = holds.collect();
    holds.sort_by(|a, b| a.selector.cmp(&b.selector));
    freeze.chain(holds).collect()
}

/// What each schedule changes next, and of which servers; soonest first.
fn upcoming(entries: &[DesiredServer], now: Timestamp) -> Vec<Upcoming> {
    let mut next: HashMap<*const PowerSchedule, Option<(Timestamp, DesiredPower)>> = HashMap::new();
    let until = now.checked_add(AHEAD).unwrap_or(Timestamp::MAX);
    let change = |schedule: &PowerSchedule| {
        schedule.schedule.next_change(now, until).map(|(at, state)| (at, DesiredPower::from(state)))
    };
    let mut all: Vec<(Timestamp, DesiredPower, &DesiredServer, &PowerSchedule)> = Vec::new();
    for (entry, schedule) in entries.iter().filter_map(|entry| Some((entry, entry.schedule.as_ref()?))) {
        let known = *next.entry(Arc::as_ptr(schedule)).or_insert_with(|| change(schedule));
        all.extend(known.map(|(at, power)| (at, power, entry, &**schedule)));
    }
    all.sort_by(|a, b| (a.0, &a.2.address).cmp(&(b.0, &b.2.address)));
    let told = all.into_iter().take(UPCOMING).map(|(at, power, entry, schedule)| Upcoming {
        at,
        address: entry.address.clone(),
        power,
        schedule: schedule.name.clone(),
    });
    told.collect()
}

fn state(state: &LiveState) -> &'static str {
    match state {
        LiveState::Settled(power) => power.word(),
        LiveState::Transition { .. } => "transition",
        LiveState::NotReported => "not_reported",
        LiveState::Unrecognised(_) => "unrecognised",
    }
}
