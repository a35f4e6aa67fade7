//! What a watcher says, on change only: one line each, for people or as JSON, and the same to whoever listens at its board.

use crate::apply::{ChangeOutcome, ChangeResult};
use crate::cli::io::Io;
use crate::model::{Address, ConnectionName, OnDrift, Verb};
use crate::plan::{Plan, Problem, Severity};
use crate::report::safe;
use crate::watch::{Board, Decision, Drift, Happening, Occasion};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Says what is new.
pub(super) struct Teller {
    json: bool,
    board: Board,
    /// Whether drift is put right, for the words.
    enforces: bool,
    drift: BTreeMap<Address, (String, Vec<Verb>)>,
    contested: BTreeSet<Address>,
    stopped: BTreeSet<ConnectionName>,
    problems: BTreeMap<(Address, String), String>,
    refused: Option<String>,
    /// Put right since the last round: that their drift ended is no news.
    corrected: BTreeSet<Address>,
    notes: BTreeMap<&'static str, String>,
}

impl Teller {
    pub(super) fn new(json: bool, board: Board, enforces: bool) -> Self {
        Self {
            json,
            board,
            enforces,
            drift: BTreeMap::new(),
            contested: BTreeSet::new(),
            stopped: BTreeSet::new(),
            problems: BTreeMap::new(),
            refused: None,
            corrected: BTreeSet::new(),
            notes: BTreeMap::new(),
        }
    }

    pub(super) fn say(&self, happening: Happening, io: &mut Io<'_>) {
        if self.json {
            io.say(&serde_json::to_string(&happening).unwrap_or_default());
        } else {
            io.say(&format!("{:.0} {}", happening.at, safe(&happening.to_string())));
        }
        self.board.tell(happening);
    }

    /// Says something of a kind that lasts, once until it changes or is over (`None`).
    pub(super) fn note(&mut self, kind: &'static str, text: Option<String>, at: Timestamp, io: &mut Io<'_>) {
        let Some(text) = text else {
            self.notes.remove(kind);
            return;
        };
        if self.notes.get(kind) != Some(&text) {
            self.say(Happening::new(at, Occasion::Note, text.clone()), io);
            self.notes.insert(kind, text);
        }
    }

    /// What a round has found.
    pub(super) fn found(
        &mut self,
        plan: &Plan,
        decision: &Decision,
        (digest, at): (&str, Timestamp),
        io: &mut Io<'_>,
    ) {
        self.tell_drift(plan, decision, (digest, at), io);
        self.tell_brakes(plan, decision, (digest, at), io);
        self.tell_problems(plan, (digest, at), io);
    }

    fn tell_drift(
        &mut self,
        plan: &Plan,
        decision: &Decision,
        (digest, at): (&str, Timestamp),
        io: &mut Io<'_>,
    ) {
        let mut now = BTreeMap::new();
        for drift in &decision.drift {
            let seen = (drift.words.clone(), drift.actions.clone());
            if self.drift.get(&drift.address).is_none_or(|before| before.0 != seen.0) {
                let told = Happening::new(at, Occasion::DriftSeen, self.words(drift));
                self.say(told.of(&drift.address, &drift.actions).in_plan(Some(digest)), io);
            }
            now.insert(drift.address.clone(), seen);
        }
        let has_problem: BTreeSet<&Address> = plan.problems.iter().map(|problem| &problem.address).collect();
        for (address, (words, actions)) in std::mem::take(&mut self.drift) {
            if now.contains_key(&address) {
                continue;
            }
            // Of what could not be looked at nothing is known.
            if !plan.live_counts.contains_key(&address.connection) || has_problem.contains(&address) {
                now.insert(address, (words, actions));
            } else if !self.corrected.contains(&address) {
                let told = Happening::new(at, Occasion::DriftEnded, format!("no longer needed: {words}"));
                self.say(told.of(&address, &actions).in_plan(Some(digest)), io);
            }
        }
        self.corrected.clear();
        self.drift = now;
    }

    fn words(&self, drift: &Drift) -> String {
        let Drift { words, reasons, on_drift, held_back, .. } = drift;
        let what = match (on_drift, held_back) {
            (OnDrift::Enforce, None) if self.enforces => String::new(),
            (OnDrift::Enforce, None) => "; --enforce would put it right".into(),
            (OnDrift::Enforce, Some(why)) => format!("; held back: {why}"),
            (OnDrift::Report | OnDrift::Ignore, _) => "; reported only".into(),
        };
        let reasons = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
        format!("{words}{reasons}{what}")
    }

    fn tell_brakes(
        &mut self,
        plan: &Plan,
        decision: &Decision,
        (digest, at): (&str, Timestamp),
        io: &mut Io<'_>,
    ) {
        let now: BTreeSet<Address> = decision.contested.iter().map(|one| one.address.clone()).collect();
        for one in decision.contested.iter().filter(|one| !self.contested.contains(&one.address)) {
            let told = Happening::new(at, Occasion::Contested, one.message.clone());
            self.say(told.of(&one.address, &[]).in_plan(Some(digest)), io);
        }
        for address in self.contested.difference(&now) {
            let text = "it is put right again when it drifts";
            self.say(Happening::new(at, Occasion::ContestEnded, text).of(address, &[]), io);
        }
        self.contested = now;
        for (name, why) in &decision.stopped {
            if !self.stopped.contains(name) {
                let told = Happening::new(at, Occasion::Stopped, why.clone());
                self.say(told.on(name).in_plan(Some(digest)), io);
            }
        }
        let mut now: BTreeSet<ConnectionName> = decision.stopped.keys().cloned().collect();
        for name in self.stopped.difference(&now.clone()) {
            if plan.live_counts.contains_key(name) {
                let text = "few enough servers are drifting: drift is put right again";
                self.say(Happening::new(at, Occasion::Resumed, text).on(name), io);
            } else {
                now.insert(name.clone());
            }
        }
        self.stopped = now;
        let refused: Vec<String> = decision.refusals.iter().map(ToString::to_string).collect();
        // The numbers in it change from round to round; that something is refused is the news.
        let refused = (!refused.is_empty()).then(|| refused.join("; "));
        if let (Some(text), None) = (&refused, &self.refused) {
            let text = format!(
                "a limit of the file forbids what this round would do, and nothing was enforced: {text} (for an apply by \
                 hand)"
            );
            self.say(Happening::new(at, Occasion::Refused, text).in_plan(Some(digest)), io);
        }
        self.refused = refused;
    }

    fn tell_problems(&mut self, plan: &Plan, (digest, at): (&str, Timestamp), io: &mut Io<'_>) {
        let key = |problem: &Problem| (problem.address.clone(), problem.code.as_str().to_owned());
        // That a connection cannot be read is told of the connection.
        let told = plan.problems.iter().filter(|problem| problem.address.name.as_str() != "*");
        let mut now: BTreeMap<_, _> = BTreeMap::new();
        for problem in told.filter(|problem| problem.severity == Severity::Error) {
            if !self.problems.contains_key(&key(problem)) {
                let text = format!("{}: {}", problem.code.as_str(), problem.message);
                let told = Happening::new(at, Occasion::ProblemSeen, text);
                self.say(told.of(&problem.address, &[]).in_plan(Some(digest)), io);
            }
            now.insert(key(problem), problem.message.clone());
        }
        for ((address, code), message) in std::mem::take(&mut self.problems) {
            let is_read = plan.live_counts.contains_key(&address.connection);
            if !now.contains_key(&(address.clone(), code.clone())) {
                if is_read {
                    self.say(Happening::new(at, Occasion::ProblemEnded, code).of(&address, &[]), io);
                } else {
                    now.insert((address, code), message);
                }
            }
        }
        self.problems = now;
    }

    /// What came of corrections.
    pub(super) fn results(
        &mut self,
        results: &[ChangeResult],
        (digest, at): (&str, Timestamp),
        io: &mut Io<'_>,
    ) {
        for result in results {
            let verbs: Vec<&str> = result.actions.iter().map(|verb| verb.phrase()).collect();
            let occasion = match result.outcome {
                ChangeOutcome::Done => Occasion::Corrected,
                ChangeOutcome::Failed | ChangeOutcome::Unresolved | ChangeOutcome::NotStarted => {
                    Occasion::Failed
                }
            };
            let text = match result.outcome {
                ChangeOutcome::Done => format!("{} after {:.1} s", verbs.join(", "), result.seconds),
                other => format!("{}: {}: {}", verbs.join(", "), other.phrase(), result.detail),
            };
            let told = Happening::new(at, occasion, text).of(&result.address, &result.actions);
            self.say(told.in_plan(Some(digest)), io);
            if result.outcome == ChangeOutcome::Done {
                self.corrected.insert(result.address.clone());
                // Should it be undone before the next round, that is news.
                self.drift.remove(&result.address);
            }
        }
    }
}
