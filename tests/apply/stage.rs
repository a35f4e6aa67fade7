//! One provider, one plan, one journal: what the tests of apply play on.

use crate::rig::{Bench, Setup, journal, plan_now};
use fleetform::apply::{ChangeOutcome, ChangeResult, Limits, execute};
use fleetform::ledger::{self, IntentLog, Journal};
use fleetform::model::{DesiredServer, LedgerFacts, OffKind, Operation, RebootKind, ServerId, Verb};
use fleetform::plan::Change;
use fleetform::providers::{Registration, find};
use fleetform::simulator::Tally;
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;

/// From a call to its effect, at most. Half of it is how long a lost call is waited for.
pub(crate) const SETTLE: Duration = Duration::from_millis(1600);

pub(crate) struct Stage {
    pub(crate) bench: Bench,
    pub(crate) folder: TempDir,
    /// From a call to its effect, at most.
    pub(crate) settle: Duration,
}

pub(crate) fn hostway() -> &'static Registration {
    find("hostway").unwrap()
}

pub(crate) fn gogrid() -> &'static Registration {
    find("gogrid").unwrap()
}

impl Stage {
    pub(crate) fn new(row: &'static Registration) -> Self {
        Self::with(row, &Setup { settle: "500ms", timeout: Duration::from_millis(800), ..Setup::default() })
    }

    pub(crate) fn with(row: &'static Registration, setup: &Setup) -> Self {
        Self { bench: Bench::new(row, setup), folder: tempfile::tempdir().unwrap(), settle: SETTLE }
    }

    pub(crate) fn journal(&self) -> Journal {
        journal(self.folder.path())
    }

    pub(crate) fn replay(&self) -> ledger::Replay {
        ledger::read(self.folder.path()).unwrap()
    }

    /// The journal's records, in order: `intent`, `accepted`, or the outcome of a conclusion.
    pub(crate) fn records(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.path().join("journal.jsonl")).unwrap();
        let kinds = text.lines().map(|line| {
            let record: Value = serde_json::from_str(line).unwrap();
            let kind = record["kind"].as_str().unwrap();
            let word = if kind == "conclusion" { &record["outcome"] } else { &record["kind"] };
            word.as_str().unwrap().to_owned()
        });
        kinds.filter(|kind| !matches!(&**kind, "born" | "run")).collect()
    }

    /// A change of one server by one call, as a plan would have it.
    pub(crate) fn change(&self, name: &str, operation: Operation) -> Change {
        self.bench.change(name, operation)
    }

    pub(crate) async fn plan(&self, desired: &[DesiredServer]) -> Vec<Change> {
        let plan = plan_now(&self.bench, desired, &LedgerFacts::default()).await;
        assert!(plan.problems.is_empty(), "{:?}", plan.problems);
        plan.changes
    }

    /// Carries out with a fresh run; the journal is closed afterwards.
    pub(crate) async fn run(&self, changes: &[Change]) -> Vec<ChangeResult> {
        let journal = self.journal();
        self.run_with(changes, &journal).await
    }

    pub(crate) async fn run_with(&self, changes: &[Change], log: &dyn IntentLog) -> Vec<ChangeResult> {
        let (_sender, stop) = watch::channel(false);
        let links = self.bench.links(self.settle);
        let results = execute(changes, &links, log, &(), Limits { parallelism: 16 }, stop).await;
        assert_eq!(results.len(), changes.len(), "one result per change");
        for (result, change) in results.iter().zip(changes) {
            assert_eq!((&result.address, &result.actions), (&change.address, &change.actions));
        }
        results
    }

    /// Carries out one change with one fault; what came of it, and what really happened.
    pub(crate) async fn one(&self, name: &str, operation: Operation, fault: Value) -> (ChangeResult, Tally) {
        let change = self.change(name, operation);
        let id = change.id.clone();
        self.spoil_changes(&fault);
        let mut results = self.run(&[change]).await;
        (results.pop().unwrap(), self.tally(&id))
    }

    /// The first call that changes something goes wrong.
    pub(crate) fn spoil_changes(&self, fault: &Value) {
        self.bench.running.add_fault(json!({ "changes": true, "fault": fault })).unwrap();
    }

    pub(crate) fn tally(&self, id: &ServerId) -> Tally {
        self.bench.running.stats().tally("c", id.as_str())
    }
}

/// One call of every verb that the provider has, with the server it is for.
pub(crate) fn verbs(row: &Registration) -> Vec<(&'static str, Operation)> {
    let mut all = vec![
        ("rests", Operation::PowerOn),
        ("runs", Operation::Reboot { method: RebootKind::Hard }),
        ("runs", Operation::Delete),
    ];
    if row.spec.capabilities.rename {
        all.push(("runs", Operation::PowerOff { method: OffKind::NotToldApart }));
        all.push(("runs", Operation::Rename { to: "renamed".into() }));
    } else {
        all.push(("runs", Operation::PowerOff { method: OffKind::Hard }));
    }
    all
}

/// How often the effect of a verb really came.
pub(crate) fn effects(verb: Verb, tally: Tally) -> u64 {
    match verb {
        Verb::PowerOn => tally.power_ons,
        Verb::PowerOff => tally.power_offs,
        Verb::Suspend => tally.suspends,
        Verb::Reboot => tally.reboots,
        Verb::Rename => tally.renames,
        Verb::Delete => tally.deletes,
    }
}

pub(crate) fn outcome(results: &[ChangeResult]) -> Vec<ChangeOutcome> {
    results.iter().map(|result| result.outcome).collect()
}
