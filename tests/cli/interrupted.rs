//! Ctrl-C and SIGTERM: during a plan, during an apply, and twice.

use crate::desk::{Desk, finish, signal};
use serde_json::json;
use std::time::{Duration, Instant};

const MANY: &str = "servers:\n  - { name: 'web-{1..3}', power: off }\n";

#[test]
fn a_signal_during_a_plan_is_130_and_nothing_was_executed() {
    for name in ["INT", "TERM"] {
        for command in [&["plan"][..], &["apply", "--auto-approve"], &["status"], &["import"]] {
            let desk = Desk::new(MANY);
            desk.fault(json!({ "count": "all", "fault": { "late": "20s" } }));
            let child = desk.start(command);
            desk.until(|desk| !desk.running.stats().calls.is_empty());
            let begun = Instant::now();
            signal(&child, name);
            finish(child).code(130);
            assert!(begun.elapsed() < Duration::from_secs(3), "{name} {command:?}");
            assert_eq!(desk.accepted(), 0);
        }
    }
}

#[test]
fn a_signal_during_an_apply_finishes_what_is_in_flight_and_starts_nothing_new() {
    for name in ["INT", "TERM"] {
        let desk = Desk::new(MANY);
        desk.fault(json!({ "connection": "flex", "method": "POST", "fault": { "late": "700ms" } }));
        let child = desk.start(&["apply", "--auto-approve", "--parallelism", "1", "--format", "json"]);
        desk.until(|desk| desk.accepted() == 1);
        signal(&child, name);
        let ran = finish(child).code(130).says("Interrupted");
        let summary = ran.json()["summary"].clone();
        assert_eq!(summary, json!({ "done": 1, "failed": 0, "unresolved": 0, "not_started": 2 }), "{name}");
        assert_eq!(desk.accepted(), 1);
        desk.run(&["apply", "--auto-approve"]).code(0).says("2 done");
    }
}

#[test]
fn a_second_signal_leaves_at_once_and_the_next_run_picks_up() {
    let desk = Desk::new(MANY);
    desk.fault(json!({ "connection": "flex", "method": "POST", "fault": { "late": "20s" } }));
    let child = desk.start(&["apply", "--auto-approve", "--parallelism", "1"]);
    desk.until(|desk| desk.accepted() == 1);
    signal(&child, "INT");
    std::thread::sleep(Duration::from_millis(150));
    let begun = Instant::now();
    signal(&child, "INT");
    finish(child).code(130);
    assert!(begun.elapsed() < Duration::from_secs(2));
    desk.run(&["apply", "--auto-approve"]).code(0);
    assert_eq!(desk.accepted(), 3);
}
