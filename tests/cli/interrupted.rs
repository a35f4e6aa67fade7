//! Ctrl-C and SIGTERM: during a plan, during an apply, and twice.

use crate::desk::{Desk, finish, signal};
use serde_json::json;
use std::time::{Duration, Instant};

const MANY: &str = "servers:\n  - { name: 'web-{1..3}', power: off }\n";

#[test]
fn a_signal_during_a_plan_is_130_and_nothing_was_executed() {
    for name in ["INT", "TERM", "HUP"] {
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
    for name in ["INT", "TERM", "HUP"] {
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
    let args = ["apply", "--auto-approve", "--parallelism", "1", "--events", "e.jsonl", "--format", "json"];
    let child = desk.start(&args);
    desk.until(|desk| desk.accepted() == 1);
    signal(&child, "INT");
    std::thread::sleep(Duration::from_millis(150));
    let begun = Instant::now();
    signal(&child, "INT");
    let ran = finish(child).code(130);
    assert!(begun.elapsed() < Duration::from_secs(2));
    // Its last words add up: on stdout, in the receipt, and in the stream of events.
    let expected = json!({ "done": 0, "failed": 0, "unresolved": 1, "not_started": 2 });
    assert_eq!(ran.json()["summary"], expected);
    let receipts = std::fs::read_dir(desk.path(".fleetform/receipts")).unwrap();
    let mut paths = receipts.map(|entry| entry.unwrap().path());
    let path = paths.find(|path| path.extension().is_some_and(|extension| extension == "json")).unwrap();
    let receipt: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let text = std::fs::read_to_string(path.with_extension("txt")).unwrap();
    assert!(text.contains("3 changes: 0 done, 1 unresolved, 2 not started"), "{text}");
    assert_eq!((&receipt["summary"], &receipt["exit_code"]), (&expected, &json!(130)));
    let events = std::fs::read_to_string(desk.path("e.jsonl")).unwrap();
    assert!(events.lines().last().unwrap().contains("\"kind\":\"end\""), "{events}");
    desk.run(&["apply", "--auto-approve"]).code(0);
    assert_eq!(desk.accepted(), 3);
}

/// What `nohup` starts outlives its terminal.
#[test]
fn a_hang_up_that_is_ignored_from_the_start_stays_ignored() {
    let desk = Desk::new(MANY);
    desk.fault(json!({ "connection": "flex", "method": "POST", "fault": { "late": "700ms" } }));
    let program = env!("CARGO_BIN_EXE_fleetform");
    let command = desk.command(&["apply", "--auto-approve", "--parallelism", "1"]);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &format!("trap '' HUP; exec {program} apply --auto-approve --parallelism 1")]);
    shell.current_dir(desk.folder.path()).env_clear().stdin(std::process::Stdio::null());
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let child =
        shell.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    desk.until(|desk| desk.accepted() == 1);
    signal(&child, "HUP");
    finish(child).code(0).says("3 done");
}
