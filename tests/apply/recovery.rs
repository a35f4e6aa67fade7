//! Runs that died: the journal cut off after every record, then a fresh run. A reboot happens once.

use crate::stage::{SETTLE, Stage, gogrid, hostway};
use fleetform::apply::{Recovered, recover};
use fleetform::ledger::{IntentLog, Outcome};
use fleetform::model::{Operation, RebootKind};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::time::Duration;

const HARD: Operation = Operation::Reboot { method: RebootKind::Hard };

/// What the next run finds, a minute later.
async fn next_run(stage: &Stage) -> Vec<Recovered> {
    let links = stage.bench.links(SETTLE);
    let later = Timestamp::now().checked_add(SignedDuration::from_secs(60)).unwrap();
    recover(&stage.replay().open, &links, later, Duration::ZERO).await
}

/// Leaves the first `records` records after the journal's first line, and half of the next one.
fn cut(stage: &Stage, records: usize) {
    let path = stage.folder.path().join("journal.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    // The first line, and the one that says who writes.
    let mut kept: String = lines[..records + 2].concat();
    if let Some(next) = lines.get(records + 2) {
        kept.push_str(&next[..next.len() / 2]);
    }
    std::fs::write(&path, kept).unwrap();
}

#[tokio::test]
async fn wherever_the_run_died_after_its_call_the_next_one_finds_the_reboot_and_sends_nothing() {
    for records in 1..=3 {
        let stage = Stage::new(gogrid());
        let change = stage.change("runs", HARD);
        let id = change.id.clone();
        stage.run(&[change]).await;
        assert_eq!(stage.records(), ["intent", "accepted", "done"]);
        cut(&stage, records);
        let found = next_run(&stage).await;
        if records == 3 {
            assert!(found.is_empty() && stage.replay().facts.boots.len() == 1);
        } else {
            assert_eq!(found.iter().map(|f| f.outcome).collect::<Vec<_>>(), [Outcome::Done], "{records}");
            let journal = stage.journal();
            let (seq, found) = (found[0].open.intent.seq, &found[0]);
            journal.conclude(seq, found.outcome, found.level, &found.evidence).unwrap();
            drop(journal);
            let replay = stage.replay();
            assert_eq!((replay.facts.boots.len(), replay.open.len(), replay.warnings.len()), (1, 0, 0));
        }
        assert_eq!(stage.tally(&id).reboots, 1);
    }
}

#[tokio::test]
async fn a_run_that_died_before_its_call_is_known_to_have_sent_nothing_where_jobs_are_kept() {
    let stage = Stage::new(gogrid());
    let id = stage.bench.id("runs");
    let mark = stage.bench.provider.mark(&id, &HARD).await.unwrap().unwrap();
    let address = crate::rig::address("runs");
    stage.journal().intend(&address, &id, &HARD, Some(&mark.0), None).unwrap();
    assert_eq!(stage.replay().facts.unresolved.len(), 1);
    let found = next_run(&stage).await;
    assert_eq!(found[0].outcome, Outcome::NoEffect, "{}", found[0].evidence);
    assert_eq!(stage.tally(&id).accepted, 0);
}

#[tokio::test]
async fn right_after_the_crash_nothing_is_concluded_from_a_job_that_may_still_come() {
    let stage = Stage::new(gogrid());
    let id = stage.bench.id("runs");
    let mark = stage.bench.provider.mark(&id, &HARD).await.unwrap().unwrap();
    stage.journal().intend(&crate::rig::address("runs"), &id, &HARD, Some(&mark.0), None).unwrap();
    let links = stage.bench.links(SETTLE);
    assert_eq!(recover(&stage.replay().open, &links, Timestamp::now(), Duration::ZERO).await, []);
}

#[tokio::test]
async fn without_evidence_a_reboot_stays_for_a_person_to_judge_and_is_not_sent() {
    let stage = Stage::new(hostway());
    let id = stage.bench.id("runs");
    stage.journal().intend(&crate::rig::address("runs"), &id, &HARD, None, None).unwrap();
    assert_eq!(next_run(&stage).await, []);
    assert_eq!(stage.replay().facts.unresolved.len(), 1);
    // Once it is known to have been taken, that is the evidence.
    let journal = stage.journal();
    let seq = stage.replay().open[0].intent.seq;
    journal.accepted(seq, None).unwrap();
    drop(journal);
    assert_eq!(next_run(&stage).await[0].outcome, Outcome::Done);
    assert_eq!(stage.tally(&id).accepted, 0, "looking sends nothing");
}

#[tokio::test]
async fn a_delete_is_judged_by_whether_the_server_is_there() {
    for row in [hostway(), gogrid()] {
        for (gone, expected) in [(true, Outcome::Done), (false, Outcome::NoEffect)] {
            let stage = Stage::new(row);
            let id = stage.bench.id("spare");
            let mark = stage.bench.provider.mark(&id, &Operation::Delete).await.unwrap();
            let mark = mark.as_ref().map(|mark| mark.0.as_str());
            let address = crate::rig::address("spare");
            stage.journal().intend(&address, &id, &Operation::Delete, mark, None).unwrap();
            if gone {
                stage.bench.running.change_server("c", id.as_str(), json!({ "gone": true })).unwrap();
            }
            let found = next_run(&stage).await;
            assert_eq!(found.iter().map(|f| f.outcome).collect::<Vec<_>>(), [expected]);
        }
    }
}

#[tokio::test]
async fn a_connection_that_cannot_be_read_leaves_everything_open() {
    let stage = Stage::new(gogrid());
    let id = stage.bench.id("runs");
    stage.journal().intend(&crate::rig::address("runs"), &id, &HARD, Some(""), None).unwrap();
    stage.bench.spoil(&json!("all"), &json!("html"));
    assert_eq!(next_run(&stage).await, []);
}
