//! Every declared operation against every way in which its call can go wrong, carried out by apply and counted by the
//! simulator: at most one effect of what must not be done twice, never a false report, nobody else touched.

use crate::rig::{Bench, Setup, for_every_provider, journal, operations};
use fleetform::apply::ChangeOutcome::{self, Done, Failed, NotStarted, Unresolved};
use fleetform::apply::{Limits, execute};
use fleetform::model::{Operation, Verb};
use fleetform::providers::Registration;
use fleetform::simulator::Tally;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::watch;

const SETTLE: Duration = Duration::from_millis(1600);

fn effects(verb: Verb, tally: Tally) -> u64 {
    match verb {
        Verb::PowerOn => tally.power_ons,
        Verb::PowerOff => tally.power_offs,
        Verb::Suspend => tally.suspends,
        Verb::Reboot => tally.reboots,
        Verb::Rename => tally.renames,
        Verb::Delete => tally.deletes,
    }
}

/// What came of one operation whose first call went wrong in that way: the outcome, its words, and the counts.
async fn carried_out(
    row: &'static Registration,
    operation: &Operation,
    fault: &Value,
) -> (ChangeOutcome, String, Tally) {
    let setup = Setup { settle: "300ms", timeout: Duration::from_millis(800), ..Setup::default() };
    let bench = Bench::new(row, &setup);
    let name = if *operation == Operation::PowerOn { "rests" } else { "runs" };
    let change = bench.change(name, operation.clone());
    bench.running.add_fault(json!({ "changes": true, "fault": fault })).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(folder.path());
    let (_sender, stop) = watch::channel(false);
    let changes = [change];
    let results =
        execute(&changes, &bench.links(SETTLE), &journal, &(), Limits { parallelism: 4 }, stop).await;
    // What was accepted may still be on its way when apply has given up.
    tokio::time::sleep(Duration::from_millis(350)).await;
    let _ = bench.list().await;
    let stats = bench.running.stats();
    let spare = stats.tally("c", bench.id("spare").as_str());
    assert_eq!(spare.accepted, 0, "a server that nobody named was touched");
    let result = &results[0];
    (result.outcome, result.detail.clone(), stats.tally("c", changes[0].id.as_str()))
}

async fn holds_for(fault: Value) {
    for_every_provider(async |row| {
        let declared = operations(&row.spec.capabilities).into_iter().filter(|(_, can)| *can);
        join_all(declared.map(async |(operation, _)| {
            let (outcome, detail, tally) = carried_out(row, &operation, &fault).await;
            let verb = operation.verb();
            let came = effects(verb, tally);
            let told = format!(
                "{} {operation:?} with {fault}: {outcome:?}, {detail}; {tally:?}",
                row.spec.type_name
            );
            assert!(came <= 1, "twice: {told}");
            assert!(!verb.is_one_shot() || tally.accepted <= 1, "accepted twice: {told}");
            match outcome {
                Done => assert_eq!(came, 1, "a false success: {told}"),
                Failed | NotStarted => assert_eq!(came, 0, "a false failure: {told}"),
                Unresolved => assert!(verb.is_one_shot(), "only one-shot calls may stay open: {told}"),
            }
        }))
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_call_that_never_arrived_is_done_once_or_not_at_all() {
    holds_for(json!("reset_before")).await;
}

#[tokio::test]
async fn a_call_whose_answer_was_lost_happens_once() {
    holds_for(json!("reset_after")).await;
}

#[tokio::test]
async fn a_call_whose_answer_is_cut_off_happens_once() {
    holds_for(json!("cut_off")).await;
}

#[tokio::test]
async fn a_call_that_is_answered_too_late_happens_once() {
    holds_for(json!({ "late": "2s" })).await;
}

#[tokio::test]
async fn a_500_before_or_after_the_work_is_told_apart_by_evidence_or_not_at_all() {
    holds_for(json!({ "status": { "code": 500, "body": "oops" } })).await;
    holds_for(json!("status_after")).await;
}

#[tokio::test]
async fn a_gateway_that_answers_in_place_of_the_provider_is_not_believed() {
    holds_for(json!("html")).await;
    holds_for(json!({ "garbage": { "status": 202 } })).await;
    holds_for(json!({ "status": { "code": 502, "body": "<html>bad gateway</html>" } })).await;
}

#[tokio::test]
async fn a_throttled_call_happens_once() {
    holds_for(json!({ "status": { "code": 429, "retry_after": 0 } })).await;
    holds_for(json!({ "status": { "code": 503 } })).await;
}

#[tokio::test]
async fn a_call_that_is_refused_for_now_happens_once() {
    holds_for(json!("refuse")).await;
    holds_for(json!({ "status": { "code": 409, "body": "busy" } })).await;
}

#[tokio::test]
async fn a_call_that_is_taken_and_fails_is_never_reported_as_done() {
    for_every_provider(async |row| {
        let declared = operations(&row.spec.capabilities).into_iter();
        // A rename takes no time, so there is nothing that could fail later.
        let slow = declared.filter(|(op, can)| *can && op.verb() != Verb::Rename);
        join_all(slow.map(async |(operation, _)| {
            for fault in [json!({ "fails": { "reason": "no host" } }), json!("never_settles")] {
                let (outcome, detail, tally) = carried_out(row, &operation, &fault).await;
                let told =
                    format!("{} {operation:?} with {fault}: {outcome:?}, {detail}", row.spec.type_name);
                assert_eq!(effects(operation.verb(), tally), 0, "{told}; {tally:?}");
                // Where no evidence but the provider's word exists, its word is what there is.
                let honest = outcome != Done
                    || detail.contains("no other sign")
                    || detail.contains("its end")
                    || detail.contains("is back");
                assert!(honest, "{told}");
                assert!(tally.accepted <= 1 || !operation.verb().is_one_shot(), "{operation:?}: {tally:?}");
            }
        }))
        .await;
    })
    .await;
}
