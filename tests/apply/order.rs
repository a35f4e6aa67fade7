//! Renames that wait for each other, and servers that are not what was planned for.

use crate::rig::{eventually, wanted};
use crate::stage::{Stage, gogrid, hostway, outcome, verbs};
use fleetform::apply::ApplySummary;
use fleetform::apply::ChangeOutcome::{Done, Failed, NotStarted};
use fleetform::model::{DesiredPower, DesiredServer, Operation};
use serde_json::json;

fn renamed(from: &str, to: &str) -> DesiredServer {
    DesiredServer { renamed_from: Some(from.into()), ..wanted(to) }
}

#[tokio::test]
async fn a_chain_of_renames_is_carried_out_in_the_order_in_which_names_get_free() {
    let stage = Stage::new(hostway());
    let (runs, rests) = (stage.bench.id("runs"), stage.bench.id("rests"));
    let desired = [
        DesiredServer { id: Some(runs.clone()), ..wanted("rests") },
        DesiredServer { id: Some(rests.clone()), ..wanted("third") },
    ];
    let results = stage.run(&stage.plan(&desired).await).await;
    assert_eq!(outcome(&results), [Done, Done]);
    assert_eq!((stage.bench.id("rests"), stage.bench.id("third")), (runs, rests));
}

#[tokio::test]
async fn a_swap_goes_through_a_name_that_nobody_has() {
    let stage = Stage::new(hostway());
    let (runs, rests) = (stage.bench.id("runs"), stage.bench.id("rests"));
    let desired = [
        DesiredServer { id: Some(runs.clone()), ..wanted("rests") },
        DesiredServer { id: Some(rests.clone()), ..wanted("runs") },
    ];
    let results = stage.run(&stage.plan(&desired).await).await;
    assert_eq!(outcome(&results), [Done, Done]);
    assert_eq!((stage.bench.id("rests"), stage.bench.id("runs")), (runs.clone(), rests.clone()));
    assert_eq!(stage.tally(&runs).renames + stage.tally(&rests).renames, 3);
}

#[tokio::test]
async fn what_waits_for_a_failed_rename_is_not_started_and_the_independent_is_done() {
    let stage = Stage::new(hostway());
    let (runs, rests) = (stage.bench.id("runs"), stage.bench.id("rests"));
    let path = format!("/servers/{rests}");
    stage
        .bench
        .running
        .add_fault(
            json!({ "method": "PUT", "path": path, "count": "all", "fault": { "status": { "code": 403 } } }),
        )
        .unwrap();
    let desired = [
        DesiredServer { id: Some(runs.clone()), ..wanted("rests") },
        DesiredServer { id: Some(rests.clone()), ..wanted("third") },
        DesiredServer { power: DesiredPower::Off, ..wanted("spare") },
    ];
    let changes = stage.plan(&desired).await;
    let results = stage.run(&changes).await;
    assert_eq!(outcome(&results), [NotStarted, Done, Failed], "{results:?}");
    assert!(results[0].detail.contains("c/third"), "{}", results[0].detail);
    assert_eq!((stage.tally(&runs).accepted, stage.tally(&rests).accepted), (0, 0));
    let summary = ApplySummary::of(&results);
    let total = summary.done + summary.failed + summary.unresolved + summary.not_started;
    assert_eq!(total, changes.len() as u64);
}

#[tokio::test]
async fn a_rename_and_a_power_change_of_one_server_are_two_steps_and_the_second_knows_the_new_name() {
    let stage = Stage::new(hostway());
    let id = stage.bench.id("runs");
    let desired = [DesiredServer { power: DesiredPower::Off, ..renamed("runs", "stopped") }];
    let results = stage.run(&stage.plan(&desired).await).await;
    assert_eq!(outcome(&results), [Done], "{results:?}");
    let tally = stage.tally(&id);
    assert_eq!((tally.renames, tally.power_offs), (1, 1));
}

#[tokio::test]
async fn a_server_that_was_renamed_between_plan_and_call_is_left_alone() {
    for row in [hostway(), gogrid()] {
        for (name, operation) in verbs(row) {
            if !operation.verb().is_disruptive() {
                continue;
            }
            let stage = Stage::new(row);
            let change = stage.change(name, operation.clone());
            let id = change.id.clone();
            stage.bench.running.change_server("c", id.as_str(), json!({ "name": "somebody else" })).unwrap();
            let results = stage.run(&[change]).await;
            assert_eq!(outcome(&results), [Failed], "{operation:?}");
            assert!(results[0].detail.contains("somebody else"), "{}", results[0].detail);
            assert_eq!(stage.tally(&id).accepted, 0);
            assert_eq!(stage.records(), Vec::<String>::new(), "nothing was even intended");
        }
    }
}

#[tokio::test]
async fn two_servers_that_swapped_names_between_plan_and_call_are_both_left_alone() {
    let stage = Stage::new(gogrid());
    let changes = [stage.change("runs", Operation::Delete), stage.change("spare", Operation::Delete)];
    for (change, name) in changes.iter().zip(["spare", "runs"]) {
        stage.bench.running.change_server("c", change.id.as_str(), json!({ "name": name })).unwrap();
    }
    let results = stage.run(&changes).await;
    assert_eq!(outcome(&results), [Failed, Failed]);
    assert!(stage.bench.running.stats().servers.is_empty());
}

#[tokio::test]
async fn a_server_that_is_gone_or_stopped_by_now_is_not_rebooted() {
    for patch in [json!({ "gone": true }), json!({ "power": "off" })] {
        let stage = Stage::new(hostway());
        let change = stage.change("runs", verbs(hostway())[1].1.clone());
        stage.bench.running.change_server("c", change.id.as_str(), patch.clone()).unwrap();
        let results = stage.run(&[change]).await;
        assert_eq!(outcome(&results), [Failed], "{patch}");
        assert!(results[0].detail.contains("nothing was sent"), "{}", results[0].detail);
        assert_eq!(stage.bench.running.stats().calls("c", "POST", "/servers/{id}/action"), 0);
    }
}

#[tokio::test]
async fn a_server_in_transition_is_waited_for_and_one_in_an_odd_state_is_left_alone() {
    let stage = Stage::new(hostway());
    let change = stage.change("runs", Operation::Delete);
    let id = change.id.clone();
    stage.bench.running.change_server("c", id.as_str(), json!({ "state": "PROCESSING" })).unwrap();
    let rest = async {
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        assert_eq!(stage.tally(&id).accepted, 0);
        stage.bench.running.change_server("c", id.as_str(), json!({ "power": "on" })).unwrap();
    };
    let changes = [change];
    let (results, ()) = tokio::join!(stage.run(&changes), rest);
    assert_eq!(outcome(&results), [Done], "{results:?}");

    let stage = Stage::new(hostway());
    let change = stage.change("runs", Operation::Delete);
    stage.bench.running.change_server("c", change.id.as_str(), json!({ "state": "UNKNOWN" })).unwrap();
    assert_eq!(outcome(&stage.run(&[change]).await), [Failed]);
    assert!(stage.bench.running.stats().servers.is_empty());
}

#[tokio::test]
async fn what_is_so_already_is_done_without_a_call() {
    let stage = Stage::new(gogrid());
    let off = stage.change("runs", verbs(gogrid())[3].1.clone());
    stage.bench.running.change_server("c", off.id.as_str(), json!({ "power": "off" })).unwrap();
    let gone = stage.change("spare", Operation::Delete);
    stage.bench.running.change_server("c", gone.id.as_str(), json!({ "gone": true })).unwrap();
    let results = stage.run(&[off, gone]).await;
    assert_eq!(outcome(&results), [Done, Done], "{results:?}");
    assert_eq!(stage.bench.running.stats().calls("c", "POST", "/api/grid/server/power"), 0);
    eventually(|| stage.bench.running.stats().servers.is_empty()).await;
}
