//! What was reviewed is what may happen; and what happened can be taken back.

use crate::desk::Desk;
use serde_json::{Value, json};

const CHANGES: &str = "servers:\n  - { name: web-1, power: off }\n  - { name: report-2, renamed_from: reports }\n  - { name: app, provider: grid, power: off }\n";

fn digest(desk: &Desk) -> String {
    let plan = desk.run(&["plan", "--format", "json", "--out", "plan.json"]).code(0).json();
    plan["digest"].as_str().unwrap().to_owned()
}

#[test]
fn the_approved_plan_is_carried_out_without_asking() {
    let desk = Desk::new(CHANGES);
    let digest = digest(&desk);
    desk.run(&["apply", "--approved", &digest]).code(0).says("3 done");
    assert_eq!(desk.accepted(), 3);
}

#[test]
fn what_is_done_by_now_may_be_missing() {
    let desk = Desk::new(CHANGES);
    let digest = digest(&desk);
    desk.patch("flex", "web-1", json!({ "power": "off" }));
    desk.run(&["apply", "--approved", &digest]).code(0).says("2 done").says("A part of what was approved");
    desk.run(&["apply", "--approved", &digest]).code(0).says("No changes");
    // The file says the same without anything being remembered.
    std::fs::remove_dir_all(desk.path(".fleetform/plans")).unwrap();
    desk.patch("flex", "web-1", json!({ "power": "on" }));
    desk.run(&["apply", "--approved", &digest]).code(5).says("--approved plan.json");
    desk.run(&["apply", "--approved", "plan.json"]).code(0).says("1 done");
}

#[test]
fn anything_beyond_it_is_refused_and_told() {
    let desk = Desk::new(CHANGES);
    let digest = digest(&desk);
    desk.fleet(&format!("{CHANGES}  - {{ name: web-2, power: off }}\n"));
    let ran = desk.run(&["apply", "--approved", &digest]).code(5);
    assert!(ran.err.contains("flex/web-2: power off was not approved"), "{ran:#?}");
    let report = desk.run(&["apply", "--approved", &digest, "--format", "json"]).code(5).json();
    assert_eq!(report["moved"][0]["address"], "flex/web-2");
    // The one that was reviewed is gone, another has its name.
    desk.fleet(CHANGES);
    desk.patch("grid", "app", json!({ "name": "retired" }));
    desk.patch("grid", "old", json!({ "name": "app" }));
    desk.run(&["apply", "--approved", &digest]).code(5).says("id 8");
    assert_eq!(desk.accepted(), 0);
}

#[test]
fn an_approval_that_means_nothing_is_a_usage_error_and_guards_still_hold() {
    let desk = Desk::new(CHANGES);
    desk.run(&["apply", "--approved", "sha256:12"]).code(64).says("neither a digest");
    let digest = digest(&desk);
    desk.run(&["apply", "--approved", &digest, "--max-power-offs", "1"]).code(4);
    desk.run(&["apply", "plan.json", "--approved", &"0".repeat(64)]).code(5).says("was approved");
    desk.run(&["apply", "plan.json", "--approved", &digest]).code(0).says("3 done");
}

#[test]
fn an_apply_leaves_a_plan_that_takes_it_back() {
    let desk = Desk::new(&format!("{CHANGES}  - {{ name: old, provider: grid, state: absent }}\n"));
    let ran = desk.run(&["apply", "--auto-approve", "--allow-delete", "--format", "json"]).code(0);
    let report = ran.json();
    let path = report["undo"].as_str().unwrap().to_owned();
    assert_eq!(report["not_undoable"][0]["address"], "grid/old");
    assert!(ran.err.contains(&path), "{ran:#?}");
    // The file may be taken back first: an undo plan is not bound to it.
    desk.fleet("servers:\n  - { name: web-1 }\n");
    desk.run(&["show", &path]).code(0).says("off -> on").says("report-2 -> reports");
    for format in ["text", "markdown", "html", "diff", "sarif", "json"] {
        desk.run(&["show", &path, "--format", format]).code(0).says("grid/old");
    }
    desk.run(&["apply", &path, "--auto-approve"]).code(0).says("3 done");
    assert_eq!(desk.server("web-1").unwrap()["power"], "on");
    assert!(desk.server("reports").is_some() && desk.server("old").is_none());
    desk.run(&["apply", &path, "--auto-approve"]).code(0);
    assert_eq!(desk.server("app").unwrap()["power"], "on");
}

#[test]
fn an_undo_does_not_touch_what_the_file_protects() {
    let desk = Desk::new("servers:\n  - { name: app, provider: grid, power: off }\n");
    desk.run(&["apply", "--auto-approve"]).code(0);
    desk.fleet("servers:\n  - { name: app, provider: grid, power: on }\n");
    let report = desk.run(&["apply", "--auto-approve", "--format", "json"]).code(0).json();
    let path = report["undo"].as_str().unwrap();
    desk.fleet("servers:\n  - { name: app, provider: grid, protect: true }\n");
    desk.run(&["apply", path, "--auto-approve"]).code(4).says("protected");
    assert_eq!(desk.server("app").unwrap()["power"], "on");
}

#[test]
fn what_was_so_already_is_not_taken_back() {
    let desk = Desk::new(
        "servers:\n  - { name: app, provider: grid, power: off }\n  - { name: web-1, power: off }\n",
    );
    desk.run(&["plan", "--out", "plan.json"]).code(0);
    desk.patch("grid", "app", json!({ "power": "off" }));
    let report = desk.run(&["apply", "plan.json", "--auto-approve", "--format", "json"]).code(0).json();
    let text = std::fs::read_to_string(desk.path(report["undo"].as_str().unwrap())).unwrap();
    assert!(text.contains("flex/web-1") && !text.contains("grid/app"), "{text}");
}

/// What was reviewed is a server in a state. A delete of one that was off is no delete of one that runs by now.
#[test]
fn a_server_that_moved_since_the_review_is_refused() {
    let desk = Desk::new(
        "servers:\n  - { name: reports, state: absent }\n  - { name: web-9, id: sim-flex-AUS001-0001 }\n",
    );
    let digest = digest(&desk);
    desk.patch("flex", "reports", json!({ "power": "on" }));
    for approved in [digest.as_str(), "plan.json"] {
        let ran = desk.run(&["apply", "--approved", approved, "--allow-delete"]).code(5);
        assert!(ran.err.contains("it was to be found off and called reports and is on"), "{ran:#?}");
    }
    desk.patch("flex", "reports", json!({ "power": "off" }));
    desk.patch("flex", "web-1", json!({ "name": "prod-db" }));
    desk.run(&["apply", "--approved", &digest, "--allow-delete"]).code(5).says("called prod-db");
    assert_eq!(desk.accepted(), 0);
}

/// The same changes at another endpoint are not what was approved, and a reviewer is told that it is another one.
#[test]
fn a_connection_that_leads_elsewhere_was_not_approved() {
    let desk = Desk::new(CHANGES);
    let digest = digest(&desk);
    let other = Desk::new(CHANGES);
    std::fs::copy(desk.path("fleet.yaml"), desk.path("before.yaml")).unwrap();
    std::fs::copy(other.path("fleet.yaml"), desk.path("fleet.yaml")).unwrap();
    for approved in [digest.as_str(), "plan.json"] {
        desk.run(&["apply", "--approved", approved]).code(5).says("leads elsewhere than what was approved");
    }
    let plan = desk.run(&["plan", "--base", "before.yaml", "--format", "json"]).code(0).json();
    assert_eq!(plan["base"]["connections"], json!(["flex", "grid"]));
    assert!(
        plan["changes"].as_array().unwrap().iter().all(|change| change["cause"] == "this_change"),
        "{plan:#}"
    );
    assert_ne!(plan["digest"], digest);
    for format in ["text", "markdown", "html", "diff", "sarif"] {
        desk.run(&["plan", "--base", "before.yaml", "--format", format])
            .code(0)
            .says("lead elsewhere than in the base");
    }
    assert_eq!((desk.accepted(), other.accepted()), (0, 0));
}

/// What was started in an order is stopped in its reverse: the other side sees the last one stopped first.
#[test]
fn an_undo_stops_what_was_started_in_an_order_in_its_reverse() {
    let desk = Desk::with(
        json!({
            "version": 1,
            "defaults": { "settle": "150ms" },
            "connections": { "flex": { "type": "hostway" }, "grid": { "type": "gogrid" } },
            "servers": [{ "connection": "flex", "name": "{db,app,web}", "power": "off" }],
        }),
        "servers:\n  - { name: db, power: on }\n  - { name: app, power: on, after: [db] }\n  \
         - { name: web, power: on, after: [app] }\n",
    );
    let report = desk.run(&["apply", "--auto-approve", "--format", "json"]).code(0).json();
    let path = report["undo"].as_str().unwrap().to_owned();
    let plan: Value = serde_json::from_str(&std::fs::read_to_string(desk.path(&path)).unwrap()).unwrap();
    let waits = |at: usize| plan["changes"][at]["steps"][0]["after"][0]["address"].clone();
    assert_eq!([waits(0), waits(1), waits(2)], [json!("flex/web"), json!("flex/app"), Value::Null], "{plan}");
    // The one in front cannot be stopped: those that it leans on stay on.
    let id = desk.server("web").unwrap()["id"].as_str().unwrap().to_owned();
    desk.fault(json!({
        "method": "POST", "path": format!("/servers/{id}/action"), "count": "all",
        "fault": { "status": { "code": 403 } },
    }));
    desk.run(&["apply", &path, "--auto-approve"]).code(3).says("1 failed").says("2 not started");
    for name in ["db", "app", "web"] {
        assert_eq!(desk.server(name).unwrap()["power"], "on", "{name}");
    }
}
