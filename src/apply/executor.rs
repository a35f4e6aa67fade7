//! Runs all changes side by side within the limits: a change waits for the steps it comes after, never for others.

use super::batch::Batches;
use super::follow::Pace;
use super::gate::Gate;
use super::health::Checked;
use super::outcome::{ChangeOutcome, ChangeResult, Event, Health, Observer};
use super::rollout::Rollouts;
use super::slots::{Slots, bounded};
use super::step::{StepEnd, Subject};
use super::{Link, Links};
use crate::health::Probes;
use crate::ledger::{EvidenceLevel, IntentLog};
use crate::model::{Address, Operation, ServerName, Verb};
use crate::plan::{Change, Step, StepRef};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How often is looked whether the ledger's lock is still held, beside the looks before each step.
const LOCK_LOOK: Duration = Duration::from_secs(1);

/// What holds for a whole apply.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Changes under way at once, over all connections; those that one call of the provider may carry count as one.
    /// Also the calls under way at once.
    pub parallelism: usize,
}

/// One apply.
pub struct Executor<'a> {
    pub(super) links: &'a Links,
    pub(super) log: &'a dyn IntentLog,
    pub(super) observer: &'a dyn Observer,
    pub(super) started: Instant,
    pub(super) batches: Batches,
    pub(super) probes: Probes,
    pub(super) rollouts: Rollouts<'a>,
    stop: watch::Receiver<bool>,
    /// Why the ledger is not ours any more.
    lost: watch::Sender<Option<String>>,
    slots: Slots,
    gate: &'a dyn Gate,
    progress: HashMap<&'a Address, watch::Sender<Progress>>,
}

/// How a wait ended.
pub(super) enum Waited {
    /// Look again.
    LookAgain,
    /// It took too long.
    TimeUp,
    /// Nothing new may be started: why.
    Stopped(String),
}

/// What is known of a change while it is under way.
#[derive(Default)]
struct SoFar {
    begun: Option<Instant>,
    changed: bool,
    steps_done: usize,
    health: Option<Health>,
    /// The weakest of what shows its steps.
    evidence: Option<EvidenceLevel>,
}

impl SoFar {
    fn shown(&mut self, level: EvidenceLevel) {
        self.evidence = Some(self.evidence.map_or(level, |weakest| weakest.min(level)));
    }
}

/// How far a change is: what others wait for.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// So many steps are done.
    done: usize,
    /// No further step will be done.
    over: bool,
}

/// Carries out the changes. Once `stop` is true or the ledger's lock is lost nothing new is started; what is in flight
/// is followed to its end. One result per change, in the order given.
pub async fn execute(
    changes: &[Change],
    links: &Links,
    log: &dyn IntentLog,
    observer: &dyn Observer,
    limits: Limits,
    stop: watch::Receiver<bool>,
) -> Vec<ChangeResult> {
    execute_through(changes, links, log, observer, limits, stop, &()).await
}

/// The same, with a gate that is asked right before anything is started.
pub async fn execute_through(
    changes: &[Change],
    links: &Links,
    log: &dyn IntentLog,
    observer: &dyn Observer,
    limits: Limits,
    stop: watch::Receiver<bool>,
    gate: &dyn Gate,
) -> Vec<ChangeResult> {
    let links = &bounded(links, limits.parallelism);
    let executor = Executor {
        links,
        log,
        observer,
        started: Instant::now(),
        batches: Batches::default(),
        probes: Probes::default(),
        rollouts: Rollouts::of(changes),
        stop,
        lost: watch::Sender::new(None),
        slots: Slots::new(limits.parallelism),
        gate,
        progress: changes.iter().map(|c| (&c.address, watch::channel(Progress::default()).0)).collect(),
    };
    let mut under_way: FuturesUnordered<_> = changes
        .iter()
        .enumerate()
        .map(|(at, change)| {
            let executor = &executor;
            async move { (at, executor.change(change).await) }
        })
        .collect();
    let mut results = Vec::with_capacity(changes.len());
    let mut looks = tokio::time::interval(LOCK_LOOK);
    loop {
        tokio::select! {
            next = under_way.next() => {
                let Some((at, result)) = next else { break };
                observer.event(&Event::Finished { result: &result });
                results.push((at, result));
            }
            _ = looks.tick() => drop(executor.lost_lock()),
        }
    }
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

impl Executor<'_> {
    async fn change(&self, change: &Change) -> ChangeResult {
        let mut so_far = SoFar::default();
        let (outcome, detail) = match self.links.get(&change.provider) {
            Some(link) => self.steps(change, link, &mut so_far).await,
            None => (ChangeOutcome::NotStarted, format!("there is no connection {}", change.provider)),
        };
        self.publish(&change.address, |progress| progress.over = true);
        if let Some(wave) = &change.wave {
            self.rollouts.ended(wave, outcome);
        }
        let SoFar { begun, changed, steps_done, health, evidence } = so_far;
        // Of a change that is not done, what shows a part of it would read as if it were of the whole.
        let evidence = evidence.filter(|_| outcome == ChangeOutcome::Done || health.is_some());
        let took = begun.map_or(Duration::ZERO, |at| at.elapsed());
        ChangeResult {
            changed,
            steps_done,
            evidence,
            health,
            ..ChangeResult::of(change, outcome, detail, took)
        }
    }

    async fn steps(&self, change: &Change, link: &Link, so_far: &mut SoFar) -> (ChangeOutcome, String) {
        let mut name: ServerName = change.before.name.clone();
        let mut done: Vec<String> = Vec::new();
        if let Some(wave) = &change.wave
            && let Err(why) = self.gate(wave).await
        {
            return (ChangeOutcome::NotStarted, why);
        }
        for (at, step) in change.steps.iter().enumerate() {
            for other in &step.after {
                if !self.wait_for(other).await {
                    return not_started(
                        change,
                        at,
                        &format!("it comes after {}, which was not done", other.address),
                    );
                }
            }
            let _place = self.slots.enter(&change.address.connection, link, &step.operation).await;
            if let Some(why) = self.lost_lock().or_else(|| self.halted()) {
                return not_started(change, at, &why);
            }
            // Others of its wave may have failed while it waited for its turn.
            let gate = change.wave.as_ref().filter(|_| at == 0);
            if let Some(why) = gate.and_then(|wave| self.rollouts.stopped(wave)) {
                return not_started(change, at, &why);
            }
            // What follows a rename at once is a part of it: half of a swap would leave a temporary name.
            let goes_on = at > 0 && step.operation.verb() == Verb::Rename;
            if !goes_on && let Err(why) = self.gate.check(change, step) {
                return not_started(change, at, &why);
            }
            so_far.begun.get_or_insert_with(Instant::now);
            let what = step.operation.to_string();
            self.observer.event(&Event::Started { change, step: at });
            let subject = Subject { address: &change.address, id: &change.id, name: &name, link };
            match self.step(&subject, step).await {
                StepEnd::Done(how, level) => {
                    so_far.changed = true;
                    so_far.shown(level);
                    done.push(how);
                }
                StepEnd::Already(how) => {
                    so_far.shown(EvidenceLevel::Observed);
                    done.push(how);
                }
                StepEnd::Failed(why) => return (ChangeOutcome::Failed, format!("{what}: {why}")),
                StepEnd::Unresolved(why) => return (ChangeOutcome::Unresolved, format!("{what}: {why}")),
                StepEnd::NotStarted(why) => return not_started(change, at, &why),
            }
            so_far.steps_done = at + 1;
            if let Operation::Rename { to } = &step.operation {
                name = to.clone();
            }
            if let Some(check) = &step.healthy_when {
                let subject = Subject { address: &change.address, id: &change.id, name: &name, link };
                let (health, words) = match self.check_health(&subject, check).await {
                    Checked::Healthy(words) => (Health::Healthy, words),
                    Checked::Unhealthy(words) => (Health::Unhealthy, words),
                    Checked::Unknown(words) => (Health::Unknown, words),
                };
                so_far.health = Some(health);
                if health == Health::Unhealthy {
                    return (ChangeOutcome::Failed, format!("{what}: {words}"));
                }
                done.push(words);
            }
            self.publish(&change.address, |progress| progress.done = at + 1);
        }
        (ChangeOutcome::Done, done.join("; "))
    }

    /// Why nothing new may be started, if so.
    pub(super) fn halted(&self) -> Option<String> {
        let lost = self.lost.borrow().clone();
        lost.or_else(|| self.stop.borrow().then(|| "interrupted".to_owned()))
    }

    /// Looks whether the ledger's lock is still held. Once it is lost it stays lost, for all of the apply: why.
    pub(super) fn lost_lock(&self) -> Option<String> {
        let known = self.lost.borrow().clone();
        known.or_else(|| {
            let why = self.log.lost()?;
            self.lost.send_replace(Some(why.clone()));
            Some(why)
        })
    }

    /// Returns when nothing new may be started, and says why.
    pub(super) async fn stopped(&self) -> String {
        let (mut stop, mut lost) = (self.stop.clone(), self.lost.subscribe());
        // Where nobody is left who could say so the branch is given up.
        tokio::select! {
            Ok(_) = stop.wait_for(|stop| *stop) => {}
            Ok(_) = lost.wait_for(Option::is_some) => {}
        }
        self.halted().unwrap_or_default()
    }

    /// Waits for the next look at a server to which nothing is being done; cut short when nothing new may be
    /// started.
    pub(super) async fn wait(&self, pace: &mut Pace) -> Waited {
        tokio::select! {
            biased;
            why = self.stopped() => Waited::Stopped(why),
            again = pace.wait() => if again { Waited::LookAgain } else { Waited::TimeUp },
        }
    }

    /// Whether the step was done; waits until that is decided.
    async fn wait_for(&self, other: &StepRef) -> bool {
        let Some(sender) = self.progress.get(&other.address) else { return false };
        let mut progress = sender.subscribe();
        let decided = progress.wait_for(|now| now.done > other.step || now.over).await;
        decided.is_ok_and(|now| now.done > other.step)
    }

    fn publish(&self, address: &Address, change: impl FnOnce(&mut Progress)) {
        if let Some(sender) = self.progress.get(address) {
            sender.send_modify(change);
        }
    }
}

/// Which steps were done before, so that nobody takes a half-done change for an untouched one.
fn not_started(change: &Change, at: usize, why: &str) -> (ChangeOutcome, String) {
    let what =
        |steps: &[Step]| steps.iter().map(|step| step.operation.to_string()).collect::<Vec<_>>().join(", ");
    let (before, rest) = change.steps.split_at(at);
    let detail = if before.is_empty() {
        why.to_owned()
    } else {
        format!("{why}: {} was done, {} was not started", what(before), what(rest))
    };
    (ChangeOutcome::NotStarted, detail)
}
