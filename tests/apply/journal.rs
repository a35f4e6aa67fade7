//! The journal: on disk before the call, concluded after it, and no call without it.

use crate::stage::{Stage, gogrid, hostway, outcome, verbs};
use fleetform::apply::ChangeOutcome::{Done, Failed};
use fleetform::ledger::{EvidenceLevel, IntentLog, Journal, JournalError, Outcome};
use fleetform::model::{Address, Operation, RebootKind, ServerId};
use std::sync::atomic::{AtomicBool, Ordering};

const HARD: Operation = Operation::Reboot { method: RebootKind::Hard };

/// A journal that can be told to fail, and that looks at the world whenever it is written to.
struct Watched<'a> {
    journal: Journal,
    stage: &'a Stage,
    id: ServerId,
    no_intents: bool,
    no_ends: bool,
    sent_too_early: AtomicBool,
}

impl<'a> Watched<'a> {
    fn new(stage: &'a Stage, name: &str) -> Self {
        Self {
            journal: stage.journal(),
            id: stage.bench.id(name),
            stage,
            no_intents: false,
            no_ends: false,
            sent_too_early: AtomicBool::new(false),
        }
    }

    fn full() -> JournalError {
        JournalError { path: "journal".into(), what: "no space left".into() }
    }
}

impl IntentLog for Watched<'_> {
    fn intend(
        &self,
        address: &Address,
        id: &ServerId,
        operation: &Operation,
        mark: Option<&str>,
        require: Option<EvidenceLevel>,
    ) -> Result<u64, JournalError> {
        if self.stage.tally(&self.id).accepted > 0 {
            self.sent_too_early.store(true, Ordering::Relaxed);
        }
        if self.no_intents {
            Err(Self::full())
        } else {
            self.journal.intend(address, id, operation, mark, require)
        }
    }

    fn accepted(&self, intent: u64, ticket: Option<&str>) -> Result<(), JournalError> {
        if self.no_ends { Err(Self::full()) } else { self.journal.accepted(intent, ticket) }
    }

    fn conclude(
        &self,
        intent: u64,
        outcome: Outcome,
        level: Option<EvidenceLevel>,
        evidence: &str,
    ) -> Result<(), JournalError> {
        if self.no_ends { Err(Self::full()) } else { self.journal.conclude(intent, outcome, level, evidence) }
    }
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_sent() {
    for row in [hostway(), gogrid()] {
        for (name, operation) in verbs(row) {
            let stage = Stage::new(row);
            let log = Watched { no_intents: true, ..Watched::new(&stage, name) };
            let change = stage.change(name, operation.clone());
            let results = stage.run_with(&[change], &log).await;
            assert_eq!(outcome(&results), [Failed], "{operation:?}");
            assert!(results[0].detail.contains("no space left"), "{}", results[0].detail);
            assert!(stage.bench.running.stats().servers.is_empty(), "{operation:?} was sent");
        }
    }
}

#[tokio::test]
async fn the_intent_is_there_before_the_call_and_the_conclusion_after_it() {
    for row in [hostway(), gogrid()] {
        for (name, operation) in verbs(row) {
            let stage = Stage::new(row);
            let log = Watched::new(&stage, name);
            let change = stage.change(name, operation.clone());
            let results = stage.run_with(&[change], &log).await;
            assert_eq!(outcome(&results), [Done], "{operation:?}: {}", results[0].detail);
            assert!(!log.sent_too_early.load(Ordering::Relaxed), "{operation:?}");
            let one_shot = operation.verb().is_one_shot();
            let expected: &[&str] =
                if one_shot { &["intent", "accepted", "done"] } else { &["intent", "done"] };
            assert_eq!(stage.records(), expected, "{operation:?}");
        }
    }
}

#[tokio::test]
async fn an_end_that_cannot_be_recorded_leaves_the_intent_open_for_the_next_run() {
    let stage = Stage::new(gogrid());
    let log = Watched { no_ends: true, ..Watched::new(&stage, "runs") };
    let results = stage.run_with(&[stage.change("runs", HARD)], &log).await;
    assert_eq!(outcome(&results), [Done]);
    drop(log);
    assert_eq!((stage.records(), stage.replay().open.len()), (vec!["intent".to_owned()], 1));
}

#[tokio::test]
async fn every_attempt_has_a_record_of_its_own() {
    let stage = Stage::new(gogrid());
    let (result, tally) = stage.one("runs", HARD, serde_json::json!("reset_before")).await;
    assert_eq!((result.outcome, tally.reboots), (Done, 1), "{}", result.detail);
    assert_eq!(stage.records(), ["intent", "no_effect", "intent", "accepted", "done"]);
}
