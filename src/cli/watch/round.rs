//! One round: reads, plans, decides, tells, and puts right what it may.

use super::enforce::Enforced;
use super::read::Change as LineChange;
use super::{Ended, Watcher};
use crate::apply::{ChangeOutcome, ChangeResult};
use crate::cli::commands::plan as plan_command;
use crate::cli::exit::{self, Failure, code};
use crate::cli::fetch::{self, Planned};
use crate::cli::io::Io;
use crate::model::{ConnectionName, OnDrift};
use crate::plan::{PlanDocument, effective};
use crate::watch::{Decision, Happening, Occasion, Round, Situation, decide};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// Slow connections are waited for at least this long.
const LEAST_PATIENCE: Duration = Duration::from_secs(5);

impl Watcher<'_> {
    /// The connections that some entry is on.
    pub(super) fn used(&self) -> BTreeSet<ConnectionName> {
        fetch::used(&self.session, &fetch::options(&Self::shape()))
    }

    /// One round, from reading to the end of what it puts right.
    pub(super) async fn round(&mut self, io: &mut Io<'_>) -> Result<Ended, Failure> {
        self.rounds += 1;
        let (began_at, begun) = (Timestamp::now(), Instant::now());
        self.reload(false, io);
        let planned = self.read_and_plan(io).await?;
        let now = planned.now;
        for change in self.lines.note(&planned.live, self.interval(), now) {
            let told = match change {
                LineChange::Lost(name, why) => Happening::new(
                    now,
                    Occasion::ConnectionLost,
                    format!("{why}; its servers are left alone"),
                )
                .on(&name),
                LineChange::Back(name) => {
                    Happening::new(now, Occasion::ConnectionBack, "its servers are read again").on(&name)
                }
            };
            self.teller.say(told, io);
        }
        let document = plan_command::document(&self.session, &planned);
        let entries = effective(&planned.inputs(&self.session)).into_owned();
        let situation = Situation {
            plan: &planned.plan,
            entries: &entries,
            settings: &self.session.fleet.watch,
            interval: self.interval(),
            limits: &self.session.fleet.limits,
            efforts: &self.ledger.efforts,
            now,
        };
        let mut decision = decide(&situation, &mut self.memory);
        // Whether anything is held nobody knows.
        let damaged = planned.replay.holds_damaged.clone();
        if damaged.is_some() {
            decision.enforce.clear();
        }
        self.hold_back(&mut decision);
        self.teller.found(&planned.plan, &decision, (&document.digest, now), io);
        let leads = self.seat.as_ref().is_some_and(super::Seat::leads);
        // Written before anything is done: what was asked for must not look like drift to the next run.
        self.keep_memory(io);
        // Whoever looks meanwhile sees what is being put right.
        if leads && !decision.enforce.is_empty() {
            let took = begun.elapsed().as_secs_f64();
            let digest = Some(document.digest.clone());
            let so_far = Round { number: self.rounds, began_at, took, digest, trouble: None };
            self.publish(so_far, &document, (&planned.live, &entries), decision.clone());
        }
        let mut results = Vec::new();
        let mut trouble = damaged.map(|damage| format!("{damage}; nothing is put right"));
        let mut again = false;
        if leads && !(decision.enforce.is_empty() && planned.recovered.is_empty()) {
            let part = PlanDocument {
                holds: document.holds.clone(),
                ..self.part(&document, decision.enforce.clone())
            };
            match self.enforce(&part, (&planned.links, &planned.recovered), io).await? {
                Enforced::Ended(ended) => results = ended,
                Enforced::Busy(who) => trouble = Some(format!("the ledger is in use by {who}")),
                Enforced::Moved => {
                    trouble = Some("another run wrote into the ledger meanwhile: planning again".into());
                    again = true;
                }
            }
            self.take_in(&part.digest, &results, io);
        }
        if !again {
            self.teller.note("busy", trouble.clone(), Timestamp::now(), io);
        }
        self.teller.note("round", None, now, io);
        let trouble = trouble.or_else(|| decision.refusals.first().map(ToString::to_string));
        let exit_code =
            exit_code(&document, &decision, &results, (leads, self.args.enforce, trouble.is_some()));
        if let (true, Some(seat)) = (self.args.once && !leads, &self.seat) {
            io.mention(&format!("Nothing is put right here: {} leads.", seat.holder()));
        }
        if self.args.once {
            sum_up(&planned, &decision, &results, io);
        }
        let digest = Some(document.digest.clone());
        let took = begun.elapsed().as_secs_f64();
        let round = Round { number: self.rounds, began_at, took, digest, trouble };
        self.publish(round, &document, (&planned.live, &entries), decision);
        Ok(if again && !self.signals.came() { Ended::Again } else { Ended::Well(exit_code) })
    }

    async fn read_and_plan(&mut self, io: &mut Io<'_>) -> Result<Planned<'static>, Failure> {
        let used = self.used();
        let patience = (self.interval() / 2).max(LEAST_PATIENCE);
        // Once, whoever answers late is waited for: there is no later round.
        let patience = if self.args.once { patience.max(Duration::from_mins(2)) } else { patience };
        let reading = self.lines.read(&self.session, &used, patience);
        let reading = async { Ok(reading.await) };
        let reading = self.signals.unless_interrupted(reading).await?;
        // After the listing: whatever another run did before is on record by now.
        self.read_ledger(io)?;
        let replay = self.ledger.replay.clone();
        let shape = Self::shape();
        let planning = fetch::planned(&self.session, &shape, reading, replay, io);
        self.signals.unless_interrupted(planning).await
    }

    /// Says of drift that could be put right why this watcher does not.
    fn hold_back(&self, decision: &mut Decision) {
        let why = match &self.seat {
            Some(seat) if seat.leads() => return,
            Some(seat) => format!("standing by: {} leads", seat.holder()),
            None => return,
        };
        let open = |drift: &&mut crate::watch::Drift| {
            drift.on_drift == OnDrift::Enforce && drift.held_back.is_none()
        };
        decision.drift.iter_mut().filter(open).for_each(|drift| drift.held_back = Some(why.clone()));
    }

    /// Remembers and tells what came of corrections.
    fn take_in(&mut self, digest: &str, results: &[ChangeResult], io: &mut Io<'_>) {
        let now = Timestamp::now();
        for result in results.iter().filter(|result| result.outcome == ChangeOutcome::Failed) {
            self.memory.failed(&result.address, now);
        }
        self.tallies.add(results, now);
        self.teller.results(results, (digest, now), io);
    }
}

/// What one round came to, in one line.
fn sum_up(planned: &Planned<'_>, decision: &Decision, results: &[ChangeResult], io: &mut Io<'_>) {
    let waiting = usize::try_from(planned.plan.summary.withheld).unwrap_or(usize::MAX);
    let servers = planned.plan.changes.len() + planned.plan.unchanged.len() + waiting;
    let done = results.iter().filter(|result| result.outcome == ChangeOutcome::Done).count();
    let failed = results.len() - done;
    io.mention(&format!(
        "One round: {} of {servers} servers not as declared, {done} put right, {failed} failed or not started, {} \
         contested, {} problems.",
        decision.drift.len(),
        decision.contested.len(),
        planned.plan.summary.problems
    ));
}

/// The exit code of a round, were it the only one: as of an apply that leaves servers with problems out.
fn exit_code(
    document: &PlanDocument,
    decision: &Decision,
    results: &[ChangeResult],
    (leads, enforces, was_in_the_way): (bool, bool, bool),
) -> u8 {
    if !results.is_empty() {
        return exit::of_results(results, false);
    }
    if let Some(code) = exit::of_problems(&document.problems) {
        return code;
    }
    if enforces && !leads {
        return code::LATER;
    }
    let is_braked =
        !decision.refusals.is_empty() || !decision.contested.is_empty() || !decision.stopped.is_empty();
    match (enforces && is_braked, enforces && was_in_the_way) {
        (true, _) => code::REFUSED,
        (false, true) => code::LATER,
        (false, false) => code::DONE,
    }
}
