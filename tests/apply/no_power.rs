//! Reboots on a provider that reports no power and shows no end of a reboot: what is seen waiting has arrived, and
//! what is not seen waiting is for a person to judge.

use crate::rig::{Setup, wanted};
use crate::stage::{Stage, outcome};
use fleetform::apply::ChangeOutcome::{Done, Failed, Unresolved};
use fleetform::apply::check_fresh;
use fleetform::model::{DesiredServer, LedgerFacts, Operation, RebootKind};
use fleetform::providers::{Registration, find};
use serde_json::{Value, json};
use std::time::Duration;

const REBOOT: Operation = Operation::Reboot { method: RebootKind::NotToldApart };

fn row() -> &'static Registration {
    find("mediatemple").unwrap()
}

/// A reboot waits for half of this.
const SETTLE: &str = "1s";

fn stage(servers: Vec<Value>) -> Stage {
    let setup = Setup { settle: SETTLE, timeout: Duration::from_millis(300), ..Setup::servers(servers) };
    Stage::with(row(), &setup)
}

#[tokio::test]
async fn a_reboot_whose_answer_was_lost_is_done_if_it_was_seen_waiting_and_else_never_sent_again() {
    for (fault, expected, reboots, words) in [
        (json!("reset_after"), Done, 1, "it was queued and has begun"),
        (json!("status_after"), Done, 1, "it was queued and has begun"),
        (json!({ "late": "400ms" }), Done, 1, "it was queued and has begun"),
        (json!("reset_before"), Unresolved, 0, "leaves no trace"),
        (json!("html"), Unresolved, 0, "leaves no trace"),
        (json!({ "status": { "code": 503 } }), Unresolved, 0, "leaves no trace"),
        (json!({ "status": { "code": 403 } }), Failed, 0, "api_key is wrong"),
    ] {
        let stage = stage(vec![json!({ "name": "runs" })]);
        let (result, tally) = stage.one("runs", REBOOT, fault.clone()).await;
        assert_eq!((result.outcome, tally.accepted), (expected, reboots), "{fault}: {}", result.detail);
        assert!(result.detail.contains(words), "{fault}: {}", result.detail);
        assert_eq!(stage.bench.running.stats().calls("c", "POST", "/services/{id}/reboot"), 1, "{fault}");
        assert_eq!(stage.replay().facts.unresolved.len(), usize::from(expected == Unresolved), "{fault}");
    }
}

#[tokio::test]
async fn without_the_field_the_acceptance_is_all_the_evidence_there_is() {
    let bare = || vec![json!({ "name": "runs", "attributes": { "pendingReboot": "absent" } })];
    let stage = stage(bare());
    let (result, tally) =
        stage.one("runs", REBOOT, json!({ "status": { "code": 429, "retry_after": 0 } })).await;
    assert_eq!((result.outcome, tally.accepted), (Done, 1), "{}", result.detail);
    assert!(result.detail.contains("no other sign"), "{}", result.detail);
    let stage = self::stage(bare());
    let (result, tally) = stage.one("runs", REBOOT, json!("reset_after")).await;
    assert_eq!((result.outcome, tally.accepted), (Unresolved, 1), "{}", result.detail);
}

#[tokio::test]
async fn somebody_else_s_reboot_is_waited_for() {
    let stage = stage(vec![json!({ "name": "runs" })]);
    let change = stage.change("runs", REBOOT);
    let id = change.id.clone();
    stage.bench.send(&REBOOT, &id).await.unwrap();
    let results = stage.run(&[change]).await;
    assert_eq!(outcome(&results), [Done], "{}", results[0].detail);
    assert_eq!(stage.tally(&id).accepted, 2, "theirs and ours, one after the other");
}

#[tokio::test]
async fn a_service_without_a_name_is_rebooted_by_its_id_under_any_name() {
    let stage = stage(vec![json!({ "name": "unseen", "attributes": { "primaryDomain": null } })]);
    let id = stage.bench.id("unseen");
    // The ledger is born by opening it, and is older than the instant.
    drop(stage.journal());
    tokio::time::sleep(Duration::from_millis(20)).await;
    let since = jiff::Timestamp::now();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let desired = [DesiredServer { id: Some(id.clone()), rebooted_since: Some(since), ..wanted("ours") }];
    let plan = crate::rig::plan_now(&stage.bench, &desired, &stage.replay().facts).await;
    assert!(plan.problems.is_empty() && plan.changes.len() == 1, "{plan:?}");
    let links = stage.bench.links(crate::stage::SETTLE);
    let fresh = check_fresh(&plan.changes, &links, &LedgerFacts::default()).await.unwrap();
    assert!(
        fresh.moved.is_empty() && fresh.rest == plan.changes.iter().cloned().map(Some).collect::<Vec<_>>(),
        "{fresh:?}"
    );
    let results = stage.run(&plan.changes).await;
    assert_eq!(outcome(&results), [Done], "{}", results[0].detail);
    assert_eq!(stage.tally(&id).reboots.max(stage.tally(&id).accepted), 1);
    let again = crate::rig::plan_now(&stage.bench, &desired, &stage.replay().facts).await;
    assert!(again.changes.is_empty() && again.problems.is_empty(), "{again:?}");
}
