//! Holds and freezes from outside: what they change, what they never change, and that they are heard at any time.

use crate::desk::{Desk, Ran, finish};
use serde_json::json;
use std::fs;
use std::time::{Duration, Instant};

const ON: &str =
    "servers:\n  - { name: 'web-{1..3}', power: on }\n  - { name: app, provider: grid, power: on }\n";

fn as_alice(desk: &Desk, args: &[&str]) -> Ran {
    Ran::from(desk.command(args).env("USER", "alice").output().unwrap())
}

fn hold(desk: &Desk, selector: &str, to: &str) -> Ran {
    as_alice(desk, &["hold", selector, to, "--until", "2h", "--reason", "a disk is swapped"]).code(0)
}

fn freeze(desk: &Desk) -> Ran {
    as_alice(desk, &["freeze", "--until", "2h", "--reason", "the fair is open"]).code(0)
}

#[test]
fn a_hold_beats_what_is_declared_until_it_is_released() {
    let desk = Desk::new(ON);
    desk.run(&["plan", "--detailed-exitcode"]).code(0);
    hold(&desk, "flex/web-1", "off").says("fleetform release ");
    let plan = desk
        .run(&["plan", "--detailed-exitcode", "-v"])
        .code(2)
        .says("on -> off")
        .says("hold by alice until ");
    assert!(plan.out.contains("held: flex/web-1 off by alice until "), "{plan:#?}");
    desk.run(&["status"]).code(0).says("held: flex/web-1 off by alice").says("power off");
    desk.run(&["apply", "--auto-approve"]).code(0).says("1 done");
    assert_eq!(desk.server("web-1").unwrap()["power"], "off");
    // As it is held it is as it should be, and that is shown where nothing is to be done as well.
    desk.run(&["plan", "--detailed-exitcode"])
        .code(0)
        .says("No changes")
        .says("held: flex/web-1 off by alice");
    let status = desk.run(&["status", "--format", "json"]).code(0).json();
    assert_eq!(
        (&status["servers"][0]["wanted"], &status["servers"][0]["status"]),
        (&json!("off"), &json!("ok"))
    );
    assert_eq!(status["holds"][0]["by"], "alice");
    as_alice(&desk, &["release", "flex/web-1"]).code(0);
    desk.run(&["plan", "--detailed-exitcode"]).code(2).says("off -> on");
    desk.run(&["history"])
        .code(0)
        .says("flex/web-1  hold off until ")
        .says("a disk is swapped; by alice on")
        .says("release");
    desk.run(&["ledger", "verify"]).code(0).says("holds.jsonl: 3 records, all whole");
}

#[test]
fn a_reboot_and_a_delete_wait_for_the_end_of_a_hold_and_are_due_after_it() {
    let desk = Desk::new(
        "servers:\n  - { name: app, provider: grid, power: on }\n  - { name: old, provider: grid, state: absent }\n",
    );
    fs::create_dir_all(desk.path(".fleetform")).unwrap();
    hold(&desk, "grid/*", "on");
    let since = "2026-01-01T00:00:00Z";
    desk.fleet(&format!(
        "servers:\n  - {{ name: app, provider: grid, power: on, rebooted_since: {since} }}\n  - {{ name: old, provider: grid, state: absent }}\n"
    ));
    let args = ["plan", "--reboot-unknown", "--detailed-exitcode"];
    let plan = desk.run(&args).code(0).says("No changes.").says(", 2 waiting");
    assert!(plan.out.contains("waiting: grid/app: reboot; held on by alice until "), "{plan:#?}");
    assert!(plan.out.contains("waiting: grid/old: delete; held on by alice until "), "{plan:#?}");
    desk.run(&["apply", "--reboot-unknown", "--allow-delete", "--auto-approve"]).code(0);
    assert_eq!(desk.accepted(), 0);
    desk.run(&["release", "grid/*"]).code(0);
    desk.run(&args).code(2).says("1 reboot, 1 delete");
}

#[test]
fn nothing_is_done_to_a_server_that_is_held_as_it_is_and_renames_to_its_name_wait_too() {
    let desk = Desk::new(
        "servers:\n  - { name: web-9, id: sim-flex-AUS001-0001, power: off }\n  - { name: web-1, id: sim-flex-AUS001-0002 }\n  - { name: web-3, power: off }\n",
    );
    desk.run(&["plan", "--detailed-exitcode"]).code(2);
    let hold = hold(&desk, "flex/web-9", "as-is");
    let plan = desk.run(&["plan", "--detailed-exitcode"]).code(2).says("flex/web-3");
    assert!(plan.out.contains("waiting: flex/web-9: rename, power off; held as-is by alice"), "{plan:#?}");
    assert!(
        plan.out.contains("waiting: flex/web-1: rename; it waits for flex/web-9, which is held"),
        "{plan:#?}"
    );
    desk.run(&["apply", "--auto-approve"]).code(0).says("1 done");
    assert_eq!(desk.accepted(), 1);
    let id = hold.out.split("release ").nth(1).unwrap().trim().to_owned();
    desk.run(&["release", &id]).code(0).says("Released: flex/web-9 as-is by alice");
    desk.run(&["apply", "--auto-approve"]).code(0).says("2 done");
}

#[test]
fn a_freeze_holds_everything_and_is_told_first() {
    let desk = Desk::new("servers:\n  - { name: 'web-{1..3}', power: off }\n");
    freeze(&desk);
    desk.run(&["plan", "--detailed-exitcode"]).code(0).says("Frozen by alice until ").says("3 waiting");
    let plan = desk.run(&["plan", "--format", "json"]).code(0).json();
    assert_eq!(
        (&plan["freeze"]["reason"], &plan["withheld"][2]["by"]),
        (&json!("the fair is open"), &json!("freeze"))
    );
    let status = desk.run(&["status"]).code(0).says("waiting: power off");
    assert!(status.out.starts_with("Frozen by alice until "), "{status:#?}");
    desk.run(&["apply", "--auto-approve"]).code(0);
    assert_eq!(desk.accepted(), 0);
    desk.run(&["holds"]).code(0).says("Frozen by alice");
    as_alice(&desk, &["thaw"]).code(0).says("Thawed");
    desk.run(&["thaw"]).code(0).says("Nothing is frozen");
    desk.run(&["holds"]).code(0).says("Nothing is held or frozen");
    desk.run(&["apply", "--auto-approve"]).code(0).says("3 done");
}

#[test]
fn what_cannot_be_meant_is_refused_when_it_is_said() {
    let desk = Desk::new("servers:\n  - { name: 'web-{1..3}' }\n  - { name: reports, protect: true }\n");
    let said = |selector: &str, to: &str, until: &str, reason: &str| {
        desk.run(&["hold", selector, to, "--until", until, "--reason", reason])
    };
    said("flex/web-1", "off", "2020-01-01T00:00:00Z", "x").code(64).says("has passed already");
    said("flex/web-1", "off", "91d", "x").code(64).says("more than 90 days away");
    said("flex/web-1", "off", "soon", "x").code(64).says("write a time such as 4h");
    said("flex/web-1", "of", "2h", "x").code(64).says("write on, off or as-is");
    said("flex/web-1", "off", "2h", " ").code(64).says("others must know why");
    said("flex/web-1", "off", "2h", "\u{1b}[2J").code(64).says("cannot be seen");
    said("flex/wbe-1", "off", "2h", "x").code(64).says("did you mean flex/web-1");
    said("flex/*", "off", "2h", "x").code(4).says("flex/reports is protected");
    desk.run(&["hold", "flex/web-1", "off", "--until", "2h"]).code(64).says("--reason");
    desk.run(&["hold", "flex/web-1", "off", "--reason", "x"]).code(64).says("--until");
    desk.run(&["freeze", "--reason", "x"]).code(64).says("--until");
    desk.run(&["release", "flex/web-1"]).code(64).says("no hold is in force");
    assert!(!desk.path(".fleetform/holds.jsonl").exists());
    desk.run(&["hold", "flex/new-*", "off", "--until", "2h", "--reason", "x", "--anyway"]).code(0);
    said("flex/*", "on", "2h", "x").code(0);
    desk.run(&["release", "flex/web-1"]).code(64).says("in force are ");
}

/// A protection that comes after the hold: it holds, and nobody's plan fails for it.
#[test]
fn a_hold_never_beats_a_protection() {
    let desk = Desk::new(ON);
    hold(&desk, "flex/web-*", "off");
    desk.fleet("servers:\n  - { name: 'web-{1..3}', power: on, protect: true }\n");
    let plan = desk
        .run(&["plan", "--detailed-exitcode"])
        .code(0)
        .says("warning[protected] flex/web-1: the hold off by alice");
    assert!(plan.out.contains("3 warnings"), "{plan:#?}");
    desk.run(&["apply", "--auto-approve"]).code(0);
    assert_eq!(desk.accepted(), 0);
}

#[test]
fn a_plan_that_was_saved_before_a_freeze_or_a_hold_is_refused_before_the_first_call() {
    let desk = Desk::new("servers:\n  - { name: 'web-{1..2}', power: off }\n");
    desk.run(&["plan", "--out", "plan.json"]).code(0);
    let calls = desk.running.stats().calls.clone();
    freeze(&desk);
    let ran = desk
        .run(&["apply", "plan.json", "--auto-approve"])
        .code(4)
        .says("2 of the 2 changes")
        .says("`fleetform thaw` ends it");
    assert!(ran.err.contains("frozen by alice until "), "{ran:#?}");
    desk.run(&["thaw"]).code(0);
    hold(&desk, "flex/web-2", "on");
    let report = desk.run(&["apply", "plan.json", "--auto-approve", "--format", "json"]).code(4).json();
    assert!(report["results"][1]["detail"].as_str().unwrap().starts_with("held on by alice"), "{report}");
    assert_eq!(report["summary"]["not_started"], 2);
    assert_eq!(format!("{:?}", desk.running.stats().calls), format!("{calls:?}"));
    desk.run(&["apply", "plan.json", "--target", "flex/web-1", "--auto-approve"]).code(0).says("1 done");
    desk.run(&["release", "flex/web-2"]).code(0);
    // What takes it back is held up in the same way.
    let undo = fs::read_dir(desk.path(".fleetform/undo")).unwrap().next().unwrap().unwrap().path();
    freeze(&desk);
    desk.run(&["apply", undo.to_str().unwrap(), "--auto-approve"]).code(4).says("frozen by alice");
    assert_eq!(desk.accepted(), 1);
}

/// The apply has the ledger's lock all the time; a freeze does not wait for it and stops what has not started.
#[test]
fn a_freeze_in_the_midst_of_an_apply_stops_what_has_not_started() {
    let desk = Desk::new("servers:\n  - { name: 'web-{1..3}', power: off }\n");
    desk.fault(json!({ "connection": "flex", "method": "POST", "fault": { "late": "2s" } }));
    let child = desk.start(&["apply", "--auto-approve", "--parallelism", "1", "--format", "json"]);
    desk.until(|desk| desk.accepted() == 1);
    let begun = Instant::now();
    freeze(&desk);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    let report = finish(child).code(3).json();
    assert_eq!(report["summary"], json!({ "done": 1, "failed": 0, "unresolved": 0, "not_started": 2 }));
    let details = report["results"].as_array().unwrap().iter();
    let frozen =
        details.filter(|result| result["detail"].as_str().unwrap().starts_with("frozen by alice until "));
    assert_eq!(frozen.count(), 2, "{report}");
    assert_eq!(desk.accepted(), 1);
}

#[test]
fn damaged_holds_are_told_by_a_plan_and_stop_an_apply_until_they_are_repaired() {
    let desk = Desk::new("servers:\n  - { name: web-1, power: off }\n  - { name: web-2 }\n");
    hold(&desk, "flex/web-2", "off");
    let path = desk.path(".fleetform/holds.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("web-2", "web-1")).unwrap();
    desk.run(&["plan"]).code(0).says("line 2 of ").says("holds.jsonl is damaged");
    desk.run(&["apply", "--auto-approve"]).code(1).says("nothing was executed");
    freeze_fails(&desk);
    desk.run(&["ledger", "verify"]).code(1).says("holds.jsonl: line 2 is damaged");
    assert_eq!(desk.accepted(), 0);
    desk.run(&["ledger", "repair"]).code(0).says("holds.jsonl: line 2 is damaged");
    desk.run(&["ledger", "verify"]).code(0);
    desk.run(&["apply", "--auto-approve"]).code(0).says("1 done");
}

fn freeze_fails(desk: &Desk) {
    desk.run(&["freeze", "--until", "1h", "--reason", "x"]).code(1).says("nothing was recorded");
}

/// No file may grow: as on a disk that is full.
#[cfg(unix)]
#[test]
fn a_full_disk_records_nothing_and_says_so() {
    let desk = Desk::new(ON);
    hold(&desk, "flex/web-1", "off");
    let before = fs::read(desk.path(".fleetform/holds.jsonl")).unwrap();
    let freeze = ["freeze", "--until", "1h", "--reason", "x"];
    desk.shell(&freeze, |freeze| format!("trap '' XFSZ; ulimit -f 0; exec {freeze}"))
        .code(1)
        .says("nothing was recorded");
    assert_eq!(fs::read(desk.path(".fleetform/holds.jsonl")).unwrap(), before);
    desk.run(&["holds"]).code(0).says("held: flex/web-1");
}

#[test]
fn a_snapshot_carries_them_to_where_no_ledger_is() {
    let desk = Desk::new("servers:\n  - { name: 'web-{1..2}', power: off }\n");
    hold(&desk, "flex/web-1", "as-is");
    desk.run(&["snapshot", "--out", "live.json"]).code(0);
    let here = desk.run(&["plan", "--format", "json"]).code(0).json();
    fs::remove_dir_all(desk.path(".fleetform")).unwrap();
    let there = desk.run(&["plan", "--live", "live.json", "--format", "json"]).code(0).json();
    for part in ["digest", "withheld", "holds", "summary"] {
        assert_eq!(here[part], there[part], "{part}");
    }
    assert_eq!(there["withheld"][0]["address"], "flex/web-1");
}

#[test]
fn what_many_say_at_once_is_all_heard() {
    let desk = Desk::new(ON);
    let all: Vec<_> = (1..=3)
        .map(|n| {
            let name = format!("flex/web-{n}");
            desk.start(&["hold", &name, "on", "--until", "2h", "--reason", "x"])
        })
        .collect();
    for child in all {
        finish(child).code(0);
    }
    let holds = desk.run(&["holds", "--format", "json"]).code(0).json();
    assert_eq!(holds["holds"].as_array().unwrap().len(), 3);
}

#[test]
fn what_was_planned_because_of_a_hold_is_not_done_once_the_hold_is_over() {
    let desk = Desk::new(ON);
    hold(&desk, "flex/web-1", "off");
    desk.run(&["plan", "--out", "p.json"]).code(0);
    as_alice(&desk, &["release", "flex/web-1"]).code(0);
    desk.run(&["apply", "p.json", "--auto-approve"]).code(5).says("is over: plan again");
    // The same words by a later hold: it is wanted again.
    hold(&desk, "flex/web-1", "off");
    desk.run(&["apply", "p.json", "--auto-approve"]).code(0).says("1 done");
    assert_eq!(desk.accepted(), 1);
}

#[test]
fn a_release_in_the_middle_of_an_apply_stops_what_has_not_begun() {
    let desk = Desk::new(ON);
    desk.fault(json!({ "connection": "flex", "method": "POST", "fault": { "late": "2s" } }));
    hold(&desk, "flex/*", "off");
    let apply = desk.start(&["apply", "--auto-approve", "--parallelism", "1"]);
    desk.until(|desk| desk.accepted() == 1);
    as_alice(&desk, &["release", "flex/*"]).code(0);
    let ran = finish(apply).code(3).says("is over: plan again");
    assert_eq!(desk.accepted(), 1, "{ran:#?}");
}

#[test]
fn a_rehearsal_has_its_holds_where_its_plans_look_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| crate::desk::run_in(folder.path(), args);
    run(&["init"]).code(0);
    run(&["freeze", "--simulate", "--until", "1h", "--reason", "fair"]).code(0);
    run(&["apply", "--simulate", "--auto-approve"]).says("frozen").code(0);
    run(&["holds", "--simulate"]).code(0).says("fair");
    run(&["thaw", "--simulate"]).code(0);
    assert!(!run(&["plan", "--simulate"]).out.contains("frozen"));
}
