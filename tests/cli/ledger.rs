//! The ledger from outside: one apply at a time, reboots once, changes that a person must judge.

use crate::desk::{Desk, finish};
use serde_json::json;
use std::time::{Duration, Instant};

/// The ledger must be older than the instant, or nobody could know.
fn reboot_wanted(desk: &Desk, server: &str) {
    desk.run(&["apply", "--auto-approve"]).code(0);
    std::thread::sleep(Duration::from_millis(20));
    let since = jiff::Timestamp::now();
    desk.fleet(&format!("servers:\n  - {{ {server}, rebooted_since: {since} }}\n"));
}

#[test]
fn a_reboot_is_carried_out_once_and_remembered() {
    let desk = Desk::new("servers:\n  - { name: app, provider: grid }\n");
    reboot_wanted(&desk, "name: app, provider: grid");
    desk.run(&["apply", "--auto-approve"]).code(0).says("1 done");
    desk.run(&["plan", "--detailed-exitcode"]).code(0);
    desk.run(&["apply", "--auto-approve"]).code(0);
    assert_eq!(desk.running.stats().tally("grid", "7").reboots, 1);
}

#[test]
fn with_a_fresh_ledger_nobody_knows_and_a_person_decides() {
    let desk =
        Desk::new("servers:\n  - { name: app, provider: grid, rebooted_since: 2026-01-01T00:00:00Z }\n");
    desk.run(&["plan"]).code(1).says("reboot_unknown");
    desk.run(&["plan", "--reboot-unknown", "--detailed-exitcode"]).code(2);
    desk.run(&["resolve", "grid/app", "--done"]).code(0);
    desk.run(&["plan", "--detailed-exitcode"]).code(0);
    assert_eq!(desk.accepted(), 0);
}

#[test]
fn an_unresolved_reboot_is_3_then_a_problem_and_never_sent_again_until_someone_says_so() {
    for (word, plans) in [("--done", 0), ("--not-done", 2)] {
        let desk = Desk::new("servers:\n  - { name: web-1 }\n");
        reboot_wanted(&desk, "name: web-1");
        desk.fault(json!({ "connection": "flex", "method": "POST", "fault": "reset_before" }));
        desk.run(&["apply", "--auto-approve"])
            .code(3)
            .says("unresolved")
            .says("fleetform resolve flex/web-1");
        for _ in 0..2 {
            desk.run(&["plan"]).code(1).says("resolve flex/web-1");
            desk.run(&["apply", "--auto-approve"]).code(1);
        }
        assert_eq!(desk.running.stats().calls("flex", "POST", "/servers/{id}/action"), 1);
        desk.run(&["resolve", "flex/web-9", word]).code(64);
        desk.run(&["resolve", "flex/web-1", word]).code(0);
        desk.run(&["plan", "--detailed-exitcode"]).code(plans);
    }
}

#[test]
fn nothing_unresolved_cannot_be_called_not_done() {
    let desk = Desk::new("servers:\n  - { name: web-1 }\n");
    desk.run(&["resolve", "flex/web-1", "--not-done"]).code(64);
    desk.run(&["resolve", "nonsense", "--done"]).code(64);
}

#[test]
fn a_second_apply_says_who_holds_the_ledger_or_waits_and_plan_does_not_care() {
    let desk = Desk::new("servers:\n  - { name: app, provider: grid, power: off }\n");
    desk.fault(json!({ "connection": "grid", "path": "/grid/server/power", "fault": { "late": "1500ms" } }));
    let first = desk.start(&["apply", "--auto-approve"]);
    desk.until(|desk| desk.accepted() == 1);
    let second = desk.run(&["apply", "--auto-approve"]).code(6).says(&first.id().to_string());
    assert!(second.err.contains("--lock-timeout"), "{second:#?}");
    desk.run(&["resolve", "grid/app", "--done"]).code(6);
    desk.run(&["plan"]).code(0);
    let begun = Instant::now();
    desk.run(&["apply", "--auto-approve", "--lock-timeout", "10s"]).code(0);
    assert!(begun.elapsed() > Duration::from_millis(300));
    finish(first).code(0);
    assert_eq!(desk.accepted(), 1);
}

#[test]
fn a_run_that_was_killed_is_picked_up_and_its_lock_is_free() {
    let desk = Desk::new("servers:\n  - { name: app, provider: grid }\n");
    reboot_wanted(&desk, "name: app, provider: grid");
    desk.fault(json!({ "connection": "grid", "method": "POST", "fault": { "late": "5s" } }));
    let mut child = desk.start(&["apply", "--auto-approve"]);
    desk.until(|desk| desk.accepted() == 1);
    child.kill().unwrap();
    child.wait().unwrap();
    desk.until(|desk| desk.running.stats().tally("grid", "7").reboots == 1);
    desk.run(&["apply", "--auto-approve"]).code(0);
    desk.run(&["plan", "--detailed-exitcode"]).code(0);
    assert_eq!(desk.running.stats().tally("grid", "7").reboots, 1);
}

#[test]
fn a_ledger_that_cannot_be_used_stops_an_apply_before_it_begins() {
    let desk = Desk::new("servers:\n  - { name: web-1, power: off }\n");
    desk.write(".fleetform", "not a folder");
    desk.run(&["apply", "--auto-approve"]).code(1).says(".fleetform");
    assert_eq!(desk.accepted(), 0);
}
