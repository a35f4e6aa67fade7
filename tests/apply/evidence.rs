//! What a reboot must show before it counts as done: `require_evidence`, also after a crash. Reboots are counted by
//! the simulator.

use crate::rig::{Setup, declared, for_every_provider};
use crate::stage::{SETTLE, Stage, gogrid, hostway};
use fleetform::apply::ChangeOutcome::{Done, NotStarted, Unresolved};
use fleetform::apply::{ChangeResult, Recovered, recover};
use fleetform::ledger::{EvidenceLevel, IntentLog, Outcome};
use fleetform::model::{Operation, RebootKind};
use fleetform::plan::{Change, StepRef};
use fleetform::providers::find;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::time::{Duration, Instant};

const HARD: Operation = Operation::Reboot { method: RebootKind::Hard };

fn clc() -> Stage {
    Stage::new(find("clc").unwrap())
}

fn requiring(stage: &Stage, operation: Operation, level: Option<EvidenceLevel>) -> Change {
    let mut change = stage.change("runs", operation);
    change.steps[0].require_evidence = level;
    change
}

async fn one(stage: &Stage, level: Option<EvidenceLevel>) -> ChangeResult {
    stage.run(&[requiring(stage, HARD, level)]).await.pop().unwrap()
}

/// The queue has no entry of any operation any more.
fn forgetful(stage: &Stage) {
    let rule = json!({ "path": "*/status/*", "count": "all", "fault": { "status": { "code": 404 } } });
    stage.bench.running.add_fault(rule).unwrap();
}

async fn next_run(stage: &Stage, patience: Duration) -> Vec<Recovered> {
    let links = stage.bench.links(SETTLE);
    let later = Timestamp::now().checked_add(SignedDuration::from_secs(60)).unwrap();
    recover(&stage.replay().open, &links, later, patience).await
}

/// As if the run had died: only so many records are left after the journal's first line and the one of who writes.
fn died(stage: &Stage, records: usize) {
    let path = stage.folder.path().join("journal.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let kept: Vec<&str> = text.split_inclusive('\n').take(records + 2).collect();
    std::fs::write(&path, kept.concat()).unwrap();
}

#[tokio::test]
async fn every_provider_shows_what_it_declares_and_a_reboot_that_needs_no_more_is_done() {
    for_every_provider(async |row| {
        let Some(reboot) = declared(&row.spec.capabilities, |op| matches!(op, Operation::Reboot { .. }))
        else {
            return;
        };
        let certain = row.spec.capabilities.reboot_evidence;
        let stage = Stage::with(row, &Setup { settle: "500ms", ..Setup::default() });
        let change = requiring(&stage, reboot, Some(certain));
        let id = change.id.clone();
        let result = stage.run(&[change]).await.pop().unwrap();
        assert_eq!(result.outcome, Done, "{}", result.detail);
        assert!(result.evidence.unwrap() >= certain, "{:?}", result.evidence);
        assert_eq!(stage.tally(&id).accepted, 1);
    })
    .await;
}

#[tokio::test]
async fn less_than_is_required_is_unresolved_and_stays_so_for_whoever_looks_later() {
    let stage = clc();
    forgetful(&stage);
    let result = one(&stage, None).await;
    assert_eq!((result.outcome, result.evidence), (Done, Some(EvidenceLevel::Accepted)), "{}", result.detail);

    let stage = clc();
    forgetful(&stage);
    let begun = Instant::now();
    let result = one(&stage, Some(EvidenceLevel::JobFinished)).await;
    assert_eq!((result.outcome, result.evidence), (Unresolved, None), "{}", result.detail);
    assert!(
        result.detail.contains("the evidence is accepted, and job_finished is required"),
        "{}",
        result.detail
    );
    assert!(begun.elapsed() >= SETTLE, "more evidence was waited for until time was up");
    assert_eq!(stage.records(), ["intent", "accepted", "unresolved"]);
    assert_eq!(stage.replay().facts.unresolved.len(), 1);
    // Nobody waits long for what cannot come.
    let begun = Instant::now();
    assert_eq!(next_run(&stage, Duration::from_secs(30)).await, []);
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(stage.tally(&result.id).reboots, 1);
}

#[tokio::test]
async fn evidence_that_comes_late_is_waited_for() {
    let stage = clc();
    // Its entry is there, and cannot be read at first.
    let rule = json!({ "path": "*/status/*", "count": 4, "fault": { "status": { "code": 404 } } });
    stage.bench.running.add_fault(rule).unwrap();
    let result = one(&stage, Some(EvidenceLevel::JobFinished)).await;
    assert_eq!(
        (result.outcome, result.evidence),
        (Done, Some(EvidenceLevel::JobFinished)),
        "{}",
        result.detail
    );
    assert_eq!(stage.tally(&result.id).reboots, 1);
}

#[tokio::test]
async fn accepted_waits_for_nothing_on_any_provider() {
    for_every_provider(async |row| {
        let Some(reboot) = declared(&row.spec.capabilities, |op| matches!(op, Operation::Reboot { .. }))
        else {
            return;
        };
        let stage = Stage::with(row, &Setup { settle: "20s", ..Setup::default() });
        let change = requiring(&stage, reboot, Some(EvidenceLevel::Accepted));
        let id = change.id.clone();
        let result = stage.run(&[change]).await.pop().unwrap();
        assert_eq!(
            (result.outcome, result.evidence),
            (Done, Some(EvidenceLevel::Accepted)),
            "{}",
            result.detail
        );
        assert!(result.detail.contains("nothing more is required"), "{}", result.detail);
        assert_eq!((stage.tally(&id).accepted, stage.tally(&id).reboots), (1, 0), "it is still to come");
        assert_eq!(stage.replay().facts.boots.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_lost_answer_is_no_acceptance() {
    for (row, fault, expected) in [
        (hostway(), "reset_before", Unresolved),
        (hostway(), "reset_after", Done),
        (gogrid(), "reset_after", Done),
    ] {
        let stage = Stage::new(row);
        stage.spoil_changes(&json!(fault));
        let result = one(&stage, Some(EvidenceLevel::Accepted)).await;
        assert_eq!(result.outcome, expected, "{fault}: {}", result.detail);
        assert!(stage.tally(&result.id).accepted <= 1);
    }
}

#[tokio::test]
async fn who_recovers_is_bound_by_what_the_dead_run_required() {
    for (level, expected) in [
        (None, Some(EvidenceLevel::Accepted)),
        (Some(EvidenceLevel::Accepted), Some(EvidenceLevel::Accepted)),
        (Some(EvidenceLevel::JobFinished), None),
    ] {
        let stage = clc();
        let id = one(&stage, level).await.id;
        died(&stage, 2);
        assert_eq!(stage.replay().open[0].intent.require_evidence, level);
        forgetful(&stage);
        let found = next_run(&stage, Duration::ZERO).await;
        let found: Vec<_> = found.iter().map(|found| (found.outcome, found.level)).collect();
        let expected: Vec<_> = expected.into_iter().map(|level| (Outcome::Done, Some(level))).collect();
        assert_eq!(found, expected, "{level:?}");
        assert_eq!(stage.tally(&id).accepted, 1);
    }
}

#[tokio::test]
async fn who_recovers_finds_what_was_required_where_it_is_there() {
    let stage = clc();
    let id = one(&stage, Some(EvidenceLevel::JobFinished)).await.id;
    died(&stage, 2);
    let found = next_run(&stage, Duration::ZERO).await;
    assert_eq!((found[0].outcome, found[0].level), (Outcome::Done, Some(EvidenceLevel::JobFinished)));
    assert_eq!(stage.tally(&id).accepted, 1);
    // Whether it was taken is not on record, and nothing lists operations: nobody can know.
    died(&stage, 1);
    assert_eq!(next_run(&stage, Duration::ZERO).await, []);
}

#[tokio::test]
async fn a_record_of_an_earlier_version_requires_nothing() {
    let stage = Stage::new(gogrid());
    let id = stage.bench.id("runs");
    let mark = stage.bench.provider.mark(&id, &HARD).await.unwrap().unwrap();
    stage.journal().intend(&crate::rig::address("runs"), &id, &HARD, Some(&mark.0), None).unwrap();
    let text = std::fs::read_to_string(stage.folder.path().join("journal.jsonl")).unwrap();
    assert!(!text.contains("require_evidence"), "{text}");
    assert_eq!(stage.replay().open[0].intent.require_evidence, None);
}

#[tokio::test]
async fn what_comes_after_an_unresolved_reboot_is_not_started() {
    let stage = clc();
    forgetful(&stage);
    let first = requiring(&stage, HARD, Some(EvidenceLevel::JobFinished));
    let mut second = stage.change("spare", HARD);
    second.steps[0].after = vec![StepRef { address: first.address.clone(), step: 0 }];
    let id = second.id.clone();
    let results = stage.run(&[first, second]).await;
    assert_eq!((results[0].outcome, results[1].outcome), (Unresolved, NotStarted));
    assert_eq!(stage.tally(&id).accepted, 0);
}
