//! A saved plan against the world: as it was, already as wanted, or moved.

use crate::rig::Setup;
use crate::stage::{SETTLE, Stage, gogrid, hostway};
use fleetform::apply::{Freshness, check_fresh};
use fleetform::model::{LedgerFacts, OffKind, Operation, RebootKind, Verb};
use fleetform::plan::{Change, Facts};
use serde_json::{Value, json};

async fn check(stage: &Stage, changes: &[Change]) -> Freshness {
    check_fresh(changes, &stage.bench.links(SETTLE), &LedgerFacts::default()).await.unwrap()
}

fn patch(stage: &Stage, change: &Change, patch: Value) {
    stage.bench.running.change_server("c", change.id.as_str(), patch).unwrap();
}

#[tokio::test]
async fn nothing_moved_and_nothing_is_sent() {
    let stage = Stage::new(hostway());
    let changes = [
        stage.change("runs", Operation::Rename { to: "renamed".into() }),
        stage.change("rests", Operation::PowerOn),
        stage.change("spare", Operation::Delete),
    ];
    assert_eq!(
        check(&stage, &changes).await,
        Freshness { moved: Vec::new(), rest: changes.iter().cloned().map(Some).collect() }
    );
    assert!(stage.bench.running.stats().servers.is_empty());
}

#[tokio::test]
async fn whatever_moved_is_named_with_what_was_and_what_is() {
    let off = Operation::PowerOff { method: OffKind::NotToldApart };
    for (name, operation, moved, said) in [
        ("runs", Operation::Rename { to: "renamed".into() }, json!({ "name": "other" }), "other"),
        ("runs", Operation::Rename { to: "renamed".into() }, json!({ "power": "off" }), "off"),
        ("rests", Operation::PowerOn, json!({ "gone": true }), "does not exist"),
        ("rests", Operation::PowerOn, json!({ "power": "suspended" }), "suspended"),
        ("runs", off, json!({ "name": "other" }), "other"),
        ("spare", Operation::Delete, json!({ "name": "other" }), "other"),
        ("spare", Operation::Delete, json!({ "power": "off" }), "off"),
        ("spare", Operation::Delete, json!({ "state": "UNKNOWN" }), "UNKNOWN"),
        ("runs", Operation::Reboot { method: RebootKind::Hard }, json!({ "power": "off" }), "off"),
    ] {
        let stage = Stage::new(hostway());
        let change = stage.change(name, operation.clone());
        patch(&stage, &change, moved.clone());
        let fresh = check(&stage, std::slice::from_ref(&change)).await;
        let [one] = &fresh.moved[..] else { panic!("{operation:?} {moved}: {fresh:?}") };
        assert_eq!((&one.address, fresh.rest.len()), (&change.address, 0));
        assert!(one.message.contains(said), "{}", one.message);
    }
}

#[tokio::test]
async fn a_server_that_is_where_the_plan_wants_it_is_fine() {
    let stage = Stage::new(hostway());
    let changes = [
        stage.change("runs", Operation::Rename { to: "renamed".into() }),
        stage.change("rests", Operation::PowerOn),
        stage.change("spare", Operation::Delete),
    ];
    for (change, there) in
        changes.iter().zip([json!({ "name": "renamed" }), json!({ "power": "on" }), json!({ "gone": true })])
    {
        patch(&stage, change, there);
    }
    assert_eq!(check(&stage, &changes).await, Freshness { moved: Vec::new(), rest: vec![None; 3] });
}

#[tokio::test]
async fn what_is_half_done_is_done_by_the_other_half_alone() {
    let stage = Stage::new(hostway());
    let both = |name: &str| {
        let rename = stage.change(name, Operation::Rename { to: "renamed".into() });
        let mut change = stage.change(name, Operation::PowerOn);
        change.actions.insert(0, Verb::Rename);
        change.steps.insert(0, rename.steps[0].clone());
        let power = change.after.as_ref().and_then(|after| after.power);
        change.after = rename.after.map(|after| Facts { power, ..after });
        change
    };
    let change = both("rests");
    for (there, left, name) in [
        (json!({ "name": "renamed" }), Verb::PowerOn, "renamed"),
        (json!({ "name": "rests", "power": "on" }), Verb::Rename, "rests"),
    ] {
        patch(&stage, &change, there);
        let fresh = check(&stage, std::slice::from_ref(&change)).await;
        let rest = fresh.rest[0].as_ref().unwrap();
        assert_eq!((&rest.actions[..], rest.steps.len()), (&[left][..], 1));
        assert_eq!((rest.before.name.as_str(), &rest.after), (name, &change.after));
    }
}

#[tokio::test]
async fn many_servers_are_read_as_a_list_and_judged_alike() {
    let servers = (0..30).map(|n| json!({ "name": format!("s{n:02}"), "power": "on" })).collect();
    let stage = Stage::with(gogrid(), &Setup::servers(servers));
    let changes: Vec<Change> =
        (0..30).map(|n| stage.change(&format!("s{n:02}"), Operation::Delete)).collect();
    patch(&stage, &changes[3], json!({ "gone": true }));
    let before = stage.bench.calls();
    let fresh = check(&stage, &changes).await;
    let left: Vec<usize> = (0..30).filter(|at| fresh.rest[*at].is_some()).collect();
    assert_eq!((left, fresh.moved.len()), ((0..30).filter(|at| *at != 3).collect(), 0));
    assert!(stage.bench.calls() - before < 10);
    patch(&stage, &changes[7], json!({ "name": "other" }));
    let moved = check(&stage, &changes).await;
    assert_eq!((moved.rest.len(), &moved.moved[0].address), (0, &changes[7].address));
}

#[tokio::test]
async fn a_connection_that_cannot_be_read_is_an_error_and_not_a_fresh_plan() {
    let stage = Stage::new(hostway());
    let changes = [stage.change("spare", Operation::Delete)];
    stage.bench.spoil(&json!("all"), &json!("html"));
    let links = stage.bench.links(SETTLE);
    assert!(check_fresh(&changes, &links, &LedgerFacts::default()).await.is_err());
}
