//! Every apply that executed something leaves its report as a file, whatever came of it.

use crate::desk::{Desk, finish, signal};
use crate::schemas::Schema;
use serde_json::{Value, json};
use std::path::PathBuf;

const CHANGES: &str = "servers:\n  - { name: web-1, power: off }\n  - { name: report-2, renamed_from: reports }\n  - { name: app, provider: grid, power: off }\n";

fn all_paths(desk: &Desk) -> Vec<PathBuf> {
    let folder = desk.path(".fleetform/receipts");
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn paths(desk: &Desk) -> Vec<PathBuf> {
    let mut all = all_paths(desk);
    all.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    all
}

/// The only receipt; the schema of `apply --format json` is its schema.
fn receipt(desk: &Desk) -> Value {
    let paths = paths(desk);
    assert_eq!(paths.len(), 1, "{paths:?}");
    let receipt = serde_json::from_slice(&std::fs::read(&paths[0]).unwrap()).unwrap();
    Schema::published("apply").accepts(&receipt).unwrap();
    receipt
}

#[test]
fn it_is_what_apply_prints_as_json_done_or_failed() {
    for (fault, code) in [(false, 0), (true, 3)] {
        let desk = Desk::new(CHANGES);
        if fault {
            desk.fault(json!({ "connection": "grid", "method": "POST", "count": "all", "fault": { "status": { "code": 403 } } }));
        }
        let printed = desk.run(&["apply", "--auto-approve", "--format", "json"]).code(code).json();
        assert_eq!(receipt(&desk), printed);
        assert_eq!(printed["summary"]["failed"], json!(u8::from(fault)));
    }
}

#[test]
fn a_run_has_one_name_in_its_receipt_its_events_and_the_history() {
    let desk = Desk::new(CHANGES);
    desk.run(&["apply", "--auto-approve", "--events", "events.jsonl"]).code(0);
    let receipt = receipt(&desk);
    let run = receipt["run"].as_str().unwrap();
    assert!(paths(&desk)[0].to_string_lossy().contains(run));
    let events = std::fs::read_to_string(desk.path("events.jsonl")).unwrap();
    assert!(events.lines().next().unwrap().contains(run), "{events}");
    let history = desk.run(&["history", "--format", "json"]).code(0).json();
    assert!(history.to_string().matches(run).count() >= 3, "{history:#}");
}

#[test]
fn an_interrupted_apply_leaves_one_that_adds_up() {
    let desk = Desk::new("servers:\n  - { name: 'web-{1..3}', power: off }\n");
    desk.fault(json!({ "connection": "flex", "method": "POST", "fault": { "late": "700ms" } }));
    let mut child = desk.start(&["apply", "--auto-approve", "--parallelism", "1"]);
    // Nobody reads what is printed: no reason to leave nothing.
    drop(child.stdout.take());
    desk.until(|desk| desk.accepted() == 1);
    signal(&child, "INT");
    finish(child).code(130);
    let receipt = receipt(&desk);
    assert_eq!(receipt["exit_code"], 130);
    assert_eq!(receipt["summary"], json!({ "done": 1, "failed": 0, "unresolved": 0, "not_started": 2 }));
    let text = std::fs::read_to_string(paths(&desk)[0].with_extension("txt")).unwrap();
    assert!(
        text.contains("3 changes: 1 done, 2 not started") && text.matches(" flex/web-").count() == 3,
        "{text}"
    );
}

#[test]
fn where_nothing_was_executed_there_is_none() {
    let desk = Desk::new(CHANGES);
    desk.run(&["apply"]).code(1);
    desk.run(&["apply", "--auto-approve", "--max-changes", "1"]).code(4);
    assert!(paths(&desk).is_empty());
    desk.run(&["apply", "--auto-approve"]).code(0);
    desk.run(&["apply", "--auto-approve"]).code(0).says("No changes");
    receipt(&desk);
}

#[test]
fn as_text_it_lists_every_change_once_and_adds_up_to_the_plan() {
    let desk = Desk::new(
        "servers:\n  - { name: 'web-{1..3}', power: off }\n  - { name: app, provider: grid, power: off }\n",
    );
    desk.fault(json!({ "connection": "grid", "method": "POST", "count": "all", "fault": { "status": { "code": 403 } } }));
    desk.run(&["apply", "--auto-approve"]).code(3);
    let path = &paths(&desk)[0];
    let text = std::fs::read_to_string(path.with_extension("txt")).unwrap();
    assert!(!text.contains('\u{1b}'), "{text}");
    assert!(text.contains("4 changes: 3 done, 1 failed\n") && text.contains("Exit     3\n"), "{text}");
    let plan = receipt(&desk);
    assert_eq!(plan["plan"]["power_off"], 4);
    for name in ["flex/web-1", "flex/web-2", "flex/web-3", "grid/app"] {
        let lines: Vec<&str> = text.lines().filter(|line| line.contains(&format!(" {name}  "))).collect();
        assert_eq!(lines.len(), 1, "{text}");
        assert_eq!(lines[0].contains("[evidence: observed]"), name != "grid/app", "{lines:?}");
    }
    assert_eq!(plan["results"][0]["evidence"], "observed");
    assert_eq!(plan["results"][3]["evidence"], Value::Null);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path.with_extension("txt")), mode(path));
    }
    assert_eq!(all_paths(&desk).len(), 2, "and nothing half-written");
    assert_eq!(desk.run(&["show", path.to_str().unwrap()]).code(0).out, text);
}

#[test]
fn show_refuses_a_receipt_that_does_not_add_up_and_formats_that_are_of_plans() {
    let desk = Desk::new(CHANGES);
    desk.run(&["apply", "--auto-approve"]).code(0);
    let path = paths(&desk)[0].to_str().unwrap().to_owned();
    assert_eq!(desk.run(&["show", &path, "--format", "json"]).code(0).json(), receipt(&desk));
    desk.run(&["show", &path, "--format", "markdown"]).code(64).says("text or as json");
    desk.run(&["apply", &path, "--auto-approve"]).code(1).says("no saved plan");
    let edited = |key: &str, value: Value| {
        let mut receipt = receipt(&desk);
        receipt[key] = value;
        desk.write("edited.json", &receipt.to_string());
        desk.run(&["show", "edited.json"]).code(1)
    };
    edited("results", json!([])).says("do not add up");
    edited("results", json!([{}])).says("no receipt");
    edited("format_version", json!("9.0")).says("format version is 9.0");
}

#[test]
fn one_that_cannot_be_written_is_a_warning() {
    let desk = Desk::new(CHANGES);
    std::fs::create_dir(desk.path(".fleetform")).unwrap();
    desk.write(".fleetform/receipts", "not a folder");
    desk.run(&["apply", "--auto-approve"])
        .code(0)
        .says("warning: the receipt could not be kept")
        .says("3 done");
    assert_eq!(desk.accepted(), 3);
}

#[test]
fn the_newest_fifty_are_kept() {
    let desk = Desk::new(CHANGES);
    std::fs::create_dir_all(desk.path(".fleetform/receipts")).unwrap();
    for number in 0..60 {
        desk.write(&format!(".fleetform/receipts/20200101T000000000Z-{number:02}.json"), "{}");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    desk.run(&["apply", "--auto-approve"]).code(0);
    let paths = paths(&desk);
    let has = |part: &str| paths.iter().any(|path| path.to_string_lossy().contains(part));
    assert_eq!(paths.len(), 50);
    assert!(has("-59.json") && has("-11.json") && !has("-10.json"), "{paths:?}");
    assert_eq!(all_paths(&desk).len(), 51, "the newest has its text beside it");
    assert!(paths.iter().any(|path| !path.to_string_lossy().contains("/2020")), "{paths:?}");
}
