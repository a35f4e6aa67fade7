//! Carries out what a round may do: takes the ledger's lock for that long, looks whether anybody else wrote into the ledger
//! since the plan was made, and hands over to the same executor that `apply` has.

use super::Watcher;
use crate::apply::{Both, ChangeResult, HoldGate, Limits, Links, Recovered, Tally, execute_through};
use crate::cli::commands::{TimeGate, receipt, saved};
use crate::cli::exit::{self, Failure};
use crate::cli::io::Io;
use crate::ledger::{self, IntentLog, Journal, Lock, LockError, Retention, compact_if_due};
use crate::plan::{Change, HoldInForce, PlanDocument, entries_of};
use crate::report::ApplyDocument;
use jiff::Timestamp;
use std::time::Duration;
use tokio::sync::watch;

/// Between two looks whether this watcher may still act.
const LOOK: Duration = Duration::from_millis(200);

/// What came of it.
pub(super) enum Enforced {
    /// It was carried out, as far as that went.
    Ended(Vec<ChangeResult>),
    /// Another run holds the ledger; the next round tries again.
    Busy(String),
    /// Another run wrote into the ledger meanwhile: the plan is of yesterday.
    Moved,
}

impl Watcher<'_> {
    /// Carries out a part of a plan, and records what was found of calls of earlier runs.
    pub(super) async fn enforce(
        &mut self,
        document: &PlanDocument,
        (links, recovered): (&Links, &[Recovered]),
        io: &mut Io<'_>,
    ) -> Result<Enforced, Failure> {
        let lock = match self.lock_ledger().await? {
            Ok(lock) => lock,
            Err(held) => return Ok(Enforced::Busy(held)),
        };
        if ledger::mark(&self.session.ledger) != self.ledger.mark {
            return Ok(Enforced::Moved);
        }
        self.pass.for_ledger(Some(lock.permit()));
        // A leader that slept may find the ledger free and the lease gone.
        if let Err(why) = self.pass.check() {
            self.pass.for_ledger(None);
            return Ok(Enforced::Busy(format!("another watcher, as it seems ({why})")));
        }
        let ended = self.carry_out(document, (links, recovered), lock, io).await;
        self.pass.for_ledger(None);
        Ok(Enforced::Ended(ended?))
    }

    /// The inner error says who holds it. A holder that gives no sign of life any more is replaced, as by `apply`.
    async fn lock_ledger(&self) -> Result<Result<Lock, String>, Failure> {
        let Some(seat) = &self.seat else { return Ok(Err("this watcher only observes".into())) };
        let terms = seat.terms();
        let mut patience = Duration::ZERO;
        loop {
            let (folder, author) = (self.session.ledger.clone(), self.author.clone());
            let take = move || Lock::take_as(&folder, patience, &author, terms);
            let taken = tokio::task::spawn_blocking(take);
            let taken = taken.await.map_err(|error| Failure::problem(error.to_string()))?;
            match taken {
                Ok(lock) => return Ok(Ok(lock)),
                Err(LockError::Held { holder, terms, .. }) => {
                    let is_silent = holder.as_ref().is_some_and(|holder| {
                        holder.silence(Timestamp::now()).is_some_and(|silence| silence >= terms.lease)
                    });
                    if is_silent && patience.is_zero() && !self.signals.came() {
                        patience = terms.watch() * 2;
                        continue;
                    }
                    let who = holder.map_or_else(|| "another process".into(), |holder| holder.to_string());
                    return Ok(Err(who));
                }
                Err(error @ LockError::Io { .. }) => return Err(Failure::problem(error.to_string())),
            }
        }
    }

    async fn carry_out(
        &self,
        document: &PlanDocument,
        (links, recovered): (&Links, &[Recovered]),
        lock: Lock,
        io: &mut Io<'_>,
    ) -> Result<Vec<ChangeResult>, Failure> {
        let failed = |error: ledger::JournalError| Failure::problem(error.to_string());
        let folder = &self.session.ledger;
        // As in an apply: that it cannot be made smaller is no reason not to act.
        if let Err(error) = compact_if_due(folder, &lock, Retention::default(), Timestamp::now()) {
            io.warn(&format!("the ledger could not be compacted: {error}"));
        }
        let journal = Journal::open(folder, lock, Timestamp::now()).map_err(failed)?;
        for found in recovered {
            let seq = found.open.intent.seq;
            journal.conclude(seq, found.outcome, found.level, &found.evidence).map_err(failed)?;
        }
        if document.changes.is_empty() {
            return Ok(Vec::new());
        }
        journal.carries_out(&document.digest);
        let mut due = document.changes.clone();
        if self.session.is_simulated() {
            // A rehearsal asks no real host and runs no program.
            due.iter_mut().flat_map(|change| &mut change.steps).for_each(|step| step.healthy_when = None);
        }
        let results = self.execute((&due, &document.holds), links, &journal, io).await;
        drop(journal);
        let code = exit::of_results(&results, self.signals.came());
        if let Err(warning) = self.leave_receipt(document, &results, code) {
            io.warn(&warning);
        }
        Ok(results)
    }

    async fn execute(
        &self,
        (due, holds): (&[Change], &[HoldInForce]),
        links: &Links,
        journal: &Journal,
        io: &mut Io<'_>,
    ) -> Vec<ChangeResult> {
        let (stop, stopped) = watch::channel(false);
        let tally = Tally::new(&());
        let limits = Limits { parallelism: self.global.parallelism };
        let fleet = &self.session.fleet;
        let entries = entries_of(due, &fleet.servers, &fleet.rules).into_values();
        let servers = entries.map(|entry| (entry.address, entry.labels, entry.protect));
        let by_people = HoldGate::new(self.session.ledger.clone(), servers, holds);
        let by_time = TimeGate::new(fleet, due);
        let gate = Both(&by_people, &by_time);
        let work = execute_through(due, links, journal, &tally, limits, stopped, &gate);
        tokio::pin!(work);
        let mut every = tokio::time::interval(LOOK);
        let mut stopping = false;
        loop {
            tokio::select! {
                results = &mut work => return results,
                () = self.signals.again() => return tally.if_left_now(due),
                () = self.signals.wait(), if !stopping => {
                    stopping = true;
                    let _ = stop.send(true);
                    io.mention("Stopping: nothing new is started; what is in flight is followed to its end. Again to leave at once.");
                }
                _ = every.tick(), if !stopping => {
                    // What was sent is followed to its end; the connections themselves let nothing more through.
                    if let Err(why) = self.pass.check() {
                        stopping = true;
                        let _ = stop.send(true);
                        io.warn(&format!("nothing more is sent: {why}"));
                    }
                }
            }
        }
    }

    fn leave_receipt(
        &self,
        document: &PlanDocument,
        results: &[ChangeResult],
        code: u8,
    ) -> Result<(), String> {
        let report = ApplyDocument {
            format_version: crate::plan::FORMAT_VERSION.into(),
            run: self.run.id.clone(),
            digest: document.digest.clone(),
            narrowed_from: None,
            options: document.options.clone(),
            plan: document.summary,
            problems: document.problems.clone(),
            refusals: Vec::new(),
            moved: Vec::new(),
            results: results.to_vec(),
            summary: crate::apply::ApplySummary::of(results),
            undo: None,
            not_undoable: Vec::new(),
            exit_code: code,
        };
        receipt::write_at(&self.session, &self.run, document.created_at, &report).map(drop)
    }

    /// What is carried out, as a plan of its own.
    pub(super) fn part(&self, whole: &PlanDocument, changes: Vec<Change>) -> PlanDocument {
        let plan = crate::plan::Plan {
            summary: crate::plan::Summary::count(&changes, &[], 0, 0),
            live_counts: whole.live_counts.clone(),
            changes,
            ..crate::plan::Plan::default()
        };
        let files = saved::fleet_files(&self.session.fleet);
        PlanDocument::new(plan, files, whole.options.clone(), whole.created_at)
            .leading_to(crate::cli::session::targets(&self.session.fleet))
    }
}
