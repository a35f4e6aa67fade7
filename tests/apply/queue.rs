//! A provider that shows its old state while an operation runs: only its queue tells, and the queue may be silent.

use crate::rig::{Setup, eventually};
use crate::stage::{Stage, effects};
use fleetform::apply::ChangeOutcome::{Done, Failed, Unresolved};
use fleetform::apply::{is_under_way, recover};
use fleetform::ledger::{IntentLog, Outcome};
use fleetform::model::{OffKind, Operation, RebootKind};
use fleetform::providers::find;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;

const SOFT: Operation = Operation::Reboot { method: RebootKind::Soft };
const OFF: Operation = Operation::PowerOff { method: OffKind::Graceful };

fn stage() -> Stage {
    Stage::new(find("clc").unwrap())
}

/// The queue answers nothing but this.
fn silence(stage: &Stage, fault: &Value) {
    let rule = json!({ "path": "*/status/*", "count": "all", "fault": fault });
    stage.bench.running.add_fault(rule).unwrap();
}

#[tokio::test]
async fn a_change_whose_ticket_leads_nowhere_is_judged_by_the_server() {
    for fault in [json!({ "status": { "code": 404 } }), json!("html"), json!({ "status": { "code": 403 } })] {
        for operation in [OFF, Operation::Suspend, Operation::Delete, SOFT] {
            let stage = stage();
            silence(&stage, &fault);
            let change = stage.change("runs", operation.clone());
            let id = change.id.clone();
            let results = stage.run(&[change]).await;
            // A reboot shows in the queue alone: while the queue has an entry and cannot be read, nobody knows.
            let gone = fault["status"]["code"] == 404;
            let expected = if operation == SOFT && !gone { Unresolved } else { Done };
            assert_eq!(results[0].outcome, expected, "{operation:?}, {fault}: {}", results[0].detail);
            let tally = stage.tally(&id);
            assert_eq!((effects(operation.verb(), tally), tally.accepted), (1, 1), "{operation:?}");
        }
    }
}

#[tokio::test]
async fn a_lost_reboot_or_reset_stays_open_and_is_sent_once() {
    for method in [RebootKind::Soft, RebootKind::Hard] {
        for (fault, came) in
            [(json!("reset_after"), 1), (json!("reset_before"), 0), (json!("status_after"), 1)]
        {
            let stage = stage();
            let (result, tally) = stage.one("runs", Operation::Reboot { method }, fault.clone()).await;
            assert_eq!(result.outcome, Unresolved, "{fault}: {}", result.detail);
            assert_eq!((tally.reboots, tally.accepted), (came, came), "{fault}");
            assert_eq!(stage.replay().facts.unresolved.len(), 1);
        }
    }
}

#[tokio::test]
async fn a_shutdown_that_the_guest_does_not_take_part_in_fails_and_is_not_called_done() {
    let guestless = json!({ "name": "deaf", "power": "on", "attributes": { "no_guest": true } });
    let stage = Stage::with(find("clc").unwrap(), &Setup::servers(vec![guestless]));
    let results = stage.run(&[stage.change("deaf", OFF)]).await;
    assert_eq!(results[0].outcome, Failed);
    assert!(results[0].detail.contains("gives no reason"), "{}", results[0].detail);
}

#[tokio::test]
async fn the_next_run_asks_the_queue_what_became_of_a_call_that_was_taken() {
    for (fails, expected) in [(false, Outcome::Done), (true, Outcome::Failed)] {
        let stage = stage();
        if fails {
            stage.spoil_changes(&json!({ "fails": { "reason": "no host" } }));
        }
        let change = stage.change("runs", SOFT);
        let id = change.id.clone();
        stage.run(&[change]).await;
        let path = stage.folder.path().join("journal.jsonl");
        let text = std::fs::read_to_string(&path).unwrap();
        let records: Vec<&str> = text.split_inclusive('\n').collect();
        assert_eq!(stage.records()[..2], ["intent", "accepted"]);
        // As if the run had died before the end: after the first line, who writes, the intent, and that it was taken.
        std::fs::write(&path, records[..4].concat()).unwrap();
        let later = Timestamp::now().checked_add(SignedDuration::from_secs(60)).unwrap();
        let links = stage.bench.links(crate::stage::SETTLE);
        let found = recover(&stage.replay().open, &links, later, Duration::ZERO).await;
        assert_eq!(found.iter().map(|f| f.outcome).collect::<Vec<_>>(), [expected]);
        assert_eq!(stage.tally(&id).accepted, 1);
    }
}

/// A call on record whose run died: the provider is still at it, and its server shows the old state.
#[tokio::test]
async fn a_power_call_of_a_run_that_died_is_found_under_way_and_then_over() {
    let slow = Setup { settle: "700ms", ..Setup::default() };
    let stage = Stage::with(find("clc").unwrap(), &slow);
    let id = stage.bench.id("runs");
    let journal = stage.journal();
    let intent = journal.intend(&crate::rig::address("runs"), &id, &OFF, None, None).unwrap();
    let receipt = stage.bench.send(&OFF, &id).await.unwrap();
    journal.accepted(intent, receipt.ticket.as_deref()).unwrap();
    drop(journal);
    let replay = stage.replay();
    assert_eq!((replay.under_way.len(), replay.open.len(), replay.facts.unresolved.len()), (1, 0, 0));
    let links = stage.bench.links(Duration::from_secs(2));
    let link = links.values().next().unwrap();
    assert!(is_under_way(&replay.under_way[0], link).await);
    eventually(|| stage.tally(&id).power_offs == 1).await;
    assert!(!is_under_way(&replay.under_way[0], link).await);
}

#[tokio::test]
async fn what_outlives_its_time_is_left_open_in_the_journal_and_what_ends_is_not() {
    let stage = stage();
    stage.spoil_changes(&json!("never_settles"));
    let change = stage.change("rests", Operation::PowerOn);
    let results = stage.run(&[change]).await;
    assert_eq!(results[0].outcome, Failed, "{}", results[0].detail);
    assert!(results[0].detail.contains("still at it"), "{}", results[0].detail);
    assert_eq!(stage.replay().under_way.len(), 1);
    let ends = Stage::new(find("clc").unwrap());
    ends.run(&[ends.change("rests", Operation::PowerOn)]).await;
    assert_eq!(ends.replay().under_way, []);
}

#[tokio::test]
async fn a_slow_shutdown_whose_answer_was_lost_is_not_followed_by_pulling_the_plug() {
    let slow = Setup { settle: "1200ms", timeout: Duration::from_millis(800), ..Setup::default() };
    let stage = Stage::with(find("clc").unwrap(), &slow);
    stage.spoil_changes(&json!("reset_after"));
    let mut change = stage.change("runs", OFF);
    change.steps[0].fallback = Some(Operation::PowerOff { method: OffKind::Hard });
    let id = change.id.clone();
    let results = stage.run(&[change]).await;
    assert_eq!((results[0].outcome, stage.tally(&id).accepted), (Done, 1), "{}", results[0].detail);
    assert!(!results[0].detail.contains("hard"), "{}", results[0].detail);
}

#[tokio::test]
async fn a_page_that_somebody_shows_in_between_does_not_end_the_looking() {
    let stage = stage();
    let rule = json!({ "method": "GET", "path": "*/servers/*", "nth": 2, "count": 2, "fault": { "html": { "status": 404 } } });
    stage.bench.running.add_fault(rule).unwrap();
    let results = stage.run(&[stage.change("runs", OFF)]).await;
    assert_eq!(results[0].outcome, Done, "{}", results[0].detail);
}
