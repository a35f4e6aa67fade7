//! Every verb against every way in which its call can go wrong.

use crate::rig::Setup;
use crate::stage::{SETTLE, Stage, effects, gogrid, hostway, verbs};
use fleetform::apply::ChangeOutcome::{self, Done, Failed, Unresolved};
use fleetform::model::{OffKind, Operation, RebootKind, Verb};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;

const HARD: Operation = Operation::Reboot { method: RebootKind::Hard };

/// Outcome, effects and last record that a fault must lead to, for each verb of each provider.
async fn expect(fault: Value, expected: impl Fn(&str, Verb) -> (ChangeOutcome, u64)) {
    let rows = [hostway(), gogrid()];
    let cases = rows.into_iter().flat_map(|row| verbs(row).into_iter().map(move |case| (row, case)));
    join_all(cases.map(async |(row, (name, operation))| {
        // So long that after a lost call there are two looks before it may not be sent again: on a busy machine one
        // may come late.
        let stage = Stage { settle: SETTLE * 2, ..Stage::new(row) };
        let verb = operation.verb();
        let (result, tally) = stage.one(name, operation, fault.clone()).await;
        let type_name = row.spec.type_name;
        let what = format!("{type_name} {verb} {fault}: {} {tally:?} {:?}", result.detail, stage.records());
        assert_eq!((result.outcome, effects(verb, tally)), expected(type_name, verb), "{what}");
        assert!(effects(verb, tally) <= 1, "{what}");
        let replay = stage.replay();
        let unresolved = result.outcome == Unresolved;
        assert_eq!(replay.facts.unresolved.len(), usize::from(unresolved), "{what}");
        let recorded = stage.records();
        assert_eq!(recorded.first().map(String::as_str), Some("intent"), "{what}");
        let last = match result.outcome {
            Done => &["done"][..],
            Unresolved => &["unresolved"],
            _ => &["failed", "no_effect"],
        };
        assert!(last.contains(&recorded.last().unwrap().as_str()), "{what}");
    }))
    .await;
}

#[tokio::test]
async fn a_call_that_never_arrived_is_sent_again_where_evidence_shows_that() {
    expect(json!("reset_before"), |row, verb| match (row, verb) {
        // Nothing tells a reboot that never arrived from one that came and went.
        ("hostway", Verb::Reboot) => (Unresolved, 0),
        // Still there, which is plain to see; the next run deletes it.
        ("hostway", Verb::Delete) => (Failed, 0),
        _ => (Done, 1),
    })
    .await;
}

#[tokio::test]
async fn a_call_whose_answer_was_lost_is_followed_to_its_one_effect() {
    expect(json!("reset_after"), |_, _| (Done, 1)).await;
}

#[tokio::test]
async fn a_call_that_worked_and_answered_500_has_one_effect() {
    expect(json!("status_after"), |_, _| (Done, 1)).await;
}

#[tokio::test]
async fn an_answer_later_than_the_timeout_changes_nothing_about_the_effect() {
    expect(json!({ "late": "1500ms" }), |row, verb| match (row, verb) {
        // Over before anybody looked, and this provider keeps no records.
        ("hostway", Verb::Reboot) => (Unresolved, 1),
        _ => (Done, 1),
    })
    .await;
}

#[tokio::test]
async fn a_503_is_sent_again_unless_the_page_says_to_look_first() {
    expect(json!({ "status": { "code": 503, "retry_after": 0 } }), |_, _| (Done, 1)).await;
}

#[tokio::test]
async fn a_throttled_call_is_sent_again_and_has_one_effect() {
    expect(json!({ "status": { "code": 429, "retry_after": 0 } }), |_, _| (Done, 1)).await;
}

#[tokio::test]
async fn a_busy_server_is_waited_for() {
    expect(json!({ "status": { "code": 409 } }), |_, _| (Done, 1)).await;
}

#[tokio::test]
async fn the_provider_s_own_refusal_is_waited_out_or_reported_and_never_forced() {
    expect(json!("refuse"), |row, _| if row == "hostway" { (Done, 1) } else { (Failed, 0) }).await;
}

#[tokio::test]
async fn forbidden_is_a_failure_without_effect() {
    expect(json!({ "status": { "code": 403, "body": "no" } }), |_, _| (Failed, 0)).await;
}

#[tokio::test]
async fn what_was_taken_and_never_ends_is_failed_or_for_a_person_to_judge() {
    expect(json!("never_settles"), |_, verb| match verb {
        Verb::Reboot => (Unresolved, 0),
        _ => (Failed, 0),
    })
    .await;
}

#[tokio::test]
async fn what_the_provider_gave_up_is_failed() {
    expect(json!({ "fails": { "reason": "no host" } }), |row, verb| match (row, verb) {
        // It was seen restarting and is back; this provider has no other evidence of any reboot.
        ("hostway", Verb::Reboot) => (Done, 0),
        _ => (Failed, 0),
    })
    .await;
}

#[tokio::test]
async fn a_gateway_s_page_instead_of_an_answer_is_no_success() {
    expect(json!("html"), |row, verb| match (row, verb) {
        ("hostway", Verb::Reboot) => (Unresolved, 0),
        ("hostway", Verb::Delete) => (Failed, 0),
        _ => (Done, 1),
    })
    .await;
}

#[tokio::test]
async fn a_reboot_whose_every_answer_is_lost_happens_at_most_a_bounded_number_of_times_nobody_sees() {
    // Every call is lost before it arrives: evidence says so each time, and there is an end to it.
    let stage = Stage::new(gogrid());
    let rule = json!({ "method": "POST", "count": "all", "fault": "reset_before" });
    stage.bench.running.add_fault(rule).unwrap();
    let change = stage.change("runs", HARD);
    let id = change.id.clone();
    let results = stage.run(&[change]).await;
    assert_eq!(results[0].outcome, Failed, "{}", results[0].detail);
    assert_eq!(stage.tally(&id).accepted, 0);
    assert!(stage.bench.running.stats().faults[0].fired <= 3);
}

#[tokio::test]
async fn a_server_that_stays_busy_is_not_hammered() {
    let stage = Stage::new(hostway());
    let rule = json!({ "method": "POST", "count": "all", "fault": "refuse" });
    stage.bench.running.add_fault(rule).unwrap();
    let results = stage.run(&[stage.change("rests", Operation::PowerOn)]).await;
    assert_eq!(results[0].outcome, Failed, "{}", results[0].detail);
    let fired = stage.bench.running.stats().faults[0].fired;
    assert!((2..=6).contains(&fired), "within 1.6 s it was asked {fired} times");
}

#[tokio::test]
async fn a_graceful_way_that_is_refused_falls_back_to_the_hard_one_where_both_are_allowed() {
    let stage = Stage::new(hostway());
    stage
        .bench
        .running
        .add_fault(json!({ "body": "*SOFT*", "fault": { "status": { "code": 405 } } }))
        .unwrap();
    let mut change = stage.change("runs", Operation::Reboot { method: RebootKind::Soft });
    change.steps[0].fallback = Some(HARD);
    let id = change.id.clone();
    let results = stage.run(&[change]).await;
    assert_eq!((results[0].outcome, stage.tally(&id).reboots), (Done, 1), "{}", results[0].detail);
    assert!(results[0].detail.contains("hard"), "{}", results[0].detail);
}

#[tokio::test]
async fn a_failure_of_the_harder_way_tells_of_the_softer_one_that_may_still_come() {
    for type_name in ["clc", "huawei-workspace"] {
        let setup = Setup { settle: "2500ms", timeout: Duration::from_millis(800), ..Setup::default() };
        let stage = Stage::with(fleetform::providers::find(type_name).unwrap(), &setup);
        let mut change = stage.change("runs", Operation::PowerOff { method: OffKind::Graceful });
        change.steps[0].fallback = Some(Operation::PowerOff { method: OffKind::Hard });
        let id = change.id.clone();
        let results = stage.run(&[change]).await;
        assert_eq!(results[0].outcome, Failed, "{}", results[0].detail);
        let detail = &results[0].detail;
        assert!(detail.contains("after 800 ms") && detail.contains("then power off (hard)"), "{detail}");
        crate::rig::eventually(|| stage.tally(&id).power_offs == 1).await;
    }
}

#[tokio::test]
async fn a_soft_reboot_whose_answer_was_lost_does_not_fall_back_to_a_hard_one() {
    let setup = Setup { settle: "500ms", timeout: Duration::from_millis(800), ..Setup::default() };
    for fault in ["reset_before", "reset_after"] {
        let stage = Stage::with(hostway(), &setup);
        stage.spoil_changes(&json!(fault));
        let mut change = stage.change("runs", Operation::Reboot { method: RebootKind::Soft });
        change.steps[0].fallback = Some(HARD);
        let id = change.id.clone();
        stage.run(&[change]).await;
        assert_eq!(stage.tally(&id).accepted, u64::from(fault == "reset_after"));
        assert_eq!(stage.bench.running.stats().calls("c", "POST", "/servers/{id}/action"), 1, "{fault}");
    }
}
