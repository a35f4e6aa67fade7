//! `apply` without a saved plan: codes 0, 1 and 3, approval, partial runs, and its report.

use crate::desk::Desk;
use serde_json::json;

const CHANGES: &str = "servers:\n  - { name: web-1, power: off }\n  - { name: report-2, renamed_from: reports }\n  - { name: app, provider: grid, power: off }\n";

#[test]
fn everything_done_is_0_and_a_second_plan_is_empty() {
    let desk = Desk::new(CHANGES);
    desk.run(&["apply", "--auto-approve"]).code(0).says("3 done");
    assert_eq!(desk.server("web-1").unwrap()["power"], "off");
    assert!(desk.server("report-2").is_some() && desk.server("reports").is_none());
    desk.run(&["plan", "--detailed-exitcode"]).code(0).says("No changes");
    desk.run(&["apply", "--auto-approve"]).code(0).says("No changes");
    assert_eq!(desk.accepted(), 3, "nothing was sent twice");
}

#[test]
fn without_a_terminal_nobody_can_be_asked_and_nothing_is_done() {
    let desk = Desk::new(CHANGES);
    desk.run(&["apply"]).code(1).says("--auto-approve");
    assert_eq!(desk.accepted(), 0);
}

#[test]
fn the_report_as_json_adds_up_to_the_plan() {
    let desk = Desk::new(CHANGES);
    desk.fault(
        json!({ "connection": "grid", "method": "POST", "fault": { "fails": { "reason": "no host" } } }),
    );
    let ran = desk.run(&["apply", "--auto-approve", "--format", "json"]).code(3);
    let report = ran.json();
    assert_eq!((&report["exit_code"], &report["results"].as_array().unwrap().len()), (&json!(3), &3));
    let summary = &report["summary"];
    let count = |key: &str| summary[key].as_u64().unwrap();
    assert_eq!((count("done"), count("failed"), count("unresolved"), count("not_started")), (2, 1, 0, 0));
    let failed = report["results"].as_array().unwrap().iter().find(|r| r["outcome"] == "failed").unwrap();
    assert_eq!(failed["address"], "grid/app");
    desk.run(&["apply", "--auto-approve"]).code(0).says("1 done");
}

#[test]
fn one_failed_change_is_3_and_does_not_stop_the_others() {
    let desk = Desk::new(CHANGES);
    desk.fault(json!({ "connection": "grid", "method": "POST", "count": "all", "fault": { "status": { "code": 403 } } }));
    let ran = desk.run(&["apply", "--auto-approve"]).code(3).says("2 done, 1 failed");
    assert!(ran.out.contains("grid/app"), "{ran:#?}");
    assert_eq!(desk.accepted(), 2);
}

#[test]
fn a_problem_stops_everything_unless_partial_is_wanted() {
    let desk = Desk::new("servers:\n  - { name: web-1, power: off }\n  - { name: web-9 }\n");
    desk.run(&["apply", "--auto-approve"]).code(1).says("--partial");
    assert_eq!(desk.accepted(), 0);
    desk.run(&["apply", "--auto-approve", "--partial"]).code(0).says("1 done");
    assert_eq!(desk.accepted(), 1);
    desk.run(&["apply", "--auto-approve", "--allow-missing"]).code(0);
    let only = Desk::new("servers:\n  - { name: web-9 }\n");
    only.run(&["apply", "--auto-approve", "--partial"]).code(1);
}

#[test]
fn a_target_narrows_what_is_done() {
    let desk = Desk::new(CHANGES);
    desk.run(&["apply", "--auto-approve", "--target", "grid/*"]).code(0).says("1 done");
    assert_eq!((desk.accepted(), &desk.server("app").unwrap()["power"]), (1, &json!("off")));
}

#[test]
fn a_swap_of_names_is_carried_out() {
    let desk = Desk::new("servers: []\n");
    let id = |name: &str| desk.server(name).unwrap()["id"].as_str().unwrap().to_owned();
    let (one, two) = (id("web-1"), id("web-2"));
    desk.fleet(&format!("servers:\n  - {{ name: web-2, id: {one} }}\n  - {{ name: web-1, id: {two} }}\n"));
    desk.run(&["apply", "--auto-approve"]).code(0).says("2 done");
    assert_eq!((id("web-2"), id("web-1")), (one, two));
}

#[test]
fn a_reader_that_goes_away_does_not_change_what_is_done() {
    let desk = Desk::new(CHANGES);
    let mut child = desk.start(&["apply", "--auto-approve"]);
    drop(child.stdout.take());
    crate::desk::finish(child).code(0);
    assert_eq!(desk.accepted(), 3);
    let mut child = desk.start(&["plan"]);
    drop(child.stdout.take());
    let ran = crate::desk::finish(child).code(0);
    assert!(!ran.err.contains("panicked"), "{ran:#?}");
}
