//! The ledger from outside: one apply at a time, reboots once, changes that a person must judge.

use crate::desk::{Desk, Ran, finish, signal, swift_world};
use serde_json::json;
use std::fs;
use std::process::Command;
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

/// The journal of a desk.
fn journal(desk: &Desk) -> std::path::PathBuf {
    desk.path(".fleetform/journal.jsonl")
}

#[test]
fn history_says_what_when_by_whom_and_how_that_is_known() {
    let desk = Desk::with(swift_world(), "servers:\n  - { name: app, provider: grid }\n");
    desk.run(&["history"]).code(0).says("nothing on record");
    reboot_wanted(&desk, "name: app, provider: grid");
    let mut apply = desk.command(&["apply", "--auto-approve"]);
    assert!(apply.env("USER", "ada").status().unwrap().success());
    let text = desk.run(&["history"]).code(0).says("grid/app").says("reboot (hard): done").says("by ada on ");
    assert!(text.out.contains("job finished; "), "{text:#?}");
    let found = desk.run(&["history", "grid/*", "--since", "1d", "--format", "json"]).code(0).json();
    let past = &found["history"][0];
    assert_eq!((&past["outcome"], &past["level"]), (&json!("done"), &json!("job_finished")));
    assert_eq!((&past["by"]["command"], &past["by"]["user"]), (&json!("apply"), &json!("ada")));
    assert!(past["by"]["plan"].as_str().unwrap().starts_with("sha256:"), "{past}");
    for nothing in [["history", "flex/*"], ["history", "--since=2099-01-01T00:00:00Z"]] {
        assert_eq!(desk.run(&nothing).code(0).out, "");
    }
    desk.run(&["history", "--since", "yesterday"]).code(64);
    desk.run(&["history", "label:tier=web"]).code(64);
}

#[test]
fn a_damaged_record_is_named_with_its_cure_and_the_plan_still_works() {
    let desk = Desk::new("servers:\n  - { name: app, provider: grid }\n");
    desk.run(&["ledger", "verify"]).code(0).says("no ledger yet");
    reboot_wanted(&desk, "name: app, provider: grid");
    desk.run(&["apply", "--auto-approve"]).code(0);
    desk.run(&["ledger", "verify"]).code(0).says("all whole");
    let whole = fs::read_to_string(journal(&desk)).unwrap();
    let at = whole.lines().position(|line| line.contains("\"conclusion\"")).unwrap() + 1;
    let damaged = whole.replacen("\"outcome\":\"done\"", "\"outcome\":\"dome\"", 1);
    fs::write(journal(&desk), &damaged).unwrap();
    let line = format!("line {at} ");
    desk.run(&["ledger", "verify"]).code(1).says(&line).says("ledger repair");
    let found = desk.run(&["ledger", "verify", "--format", "json"]).code(1).json();
    assert_eq!(found["findings"][0]["line"], at);
    // The job is evidence enough: nothing is asked, and nothing is sent again.
    desk.run(&["plan"]).says(&line).says("fleetform ledger repair");
    desk.run(&["history"]).code(0).says("reboot (hard)").says(&line);
    desk.run(&["ledger", "repair"]).code(0).says(&line).says("journal.jsonl.damaged-");
    desk.run(&["ledger", "verify"]).code(0);
    desk.run(&["ledger", "repair"]).code(0).says("nothing was changed");
    let names = fs::read_dir(desk.path(".fleetform")).unwrap().map(|entry| entry.unwrap().path());
    let kept: Vec<_> = names.filter(|path| path.to_string_lossy().contains(".damaged-")).collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(fs::read_to_string(&kept[0]).unwrap(), damaged);
    desk.run(&["apply", "--auto-approve", "--reboot-unknown"]);
    assert_eq!(
        desk.running.stats().tally("grid", "7").reboots,
        1,
        "the open reboot was settled, not repeated"
    );
}

#[test]
fn a_removed_line_is_named_and_a_compacted_ledger_tells_the_same() {
    let desk = Desk::new("servers:\n  - { name: app, provider: grid }\n");
    reboot_wanted(&desk, "name: app, provider: grid");
    desk.run(&["apply", "--auto-approve"]).code(0);
    desk.run(&["ledger", "compact"]).code(0).says("0 records were left out");
    desk.run(&["plan", "--detailed-exitcode"]).code(0);
    let whole = fs::read_to_string(journal(&desk)).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    fs::write(journal(&desk), [&lines[..2], &lines[3..]].concat().concat()).unwrap();
    desk.run(&["ledger", "verify"]).code(1).says("line 3 does not follow the line before it");
    desk.run(&["plan"]).code(1).says("line 3 of").says("reboot_unknown");
    desk.run(&["ledger", "compact"]).code(1).says("ledger repair");
    assert_eq!(desk.running.stats().tally("grid", "7").reboots, 1);
}

#[test]
fn a_cut_off_record_is_told_by_every_plan_until_the_next_writer_has_dropped_it() {
    let desk = Desk::new("servers:\n  - { name: app, provider: grid }\n");
    desk.run(&["apply", "--auto-approve"]).code(0);
    let whole = fs::read_to_string(journal(&desk)).unwrap();
    fs::write(journal(&desk), format!("{whole}{{\"kind\":\"inte")).unwrap();
    for _ in 0..2 {
        assert_eq!(desk.run(&["plan"]).code(0).err.matches("was cut off").count(), 1);
    }
    assert_eq!(desk.run(&["apply", "--auto-approve"]).code(0).err.matches("was cut off").count(), 1);
    assert_eq!(fs::read_to_string(journal(&desk)).unwrap(), whole);
    assert!(!desk.run(&["plan"]).code(0).err.contains("cut off"));
}

/// The journal may have no more than a few blocks: the records of some changes fit, those of the others do not.
#[cfg(unix)]
#[test]
fn on_a_full_disk_what_cannot_be_recorded_is_not_sent() {
    let desk = Desk::new("servers:\n  - { name: \"web-{1..3}\", power: off }\n");
    fs::create_dir(desk.path(".fleetform")).unwrap();
    let big = format!(
        "{}\n",
        json!({ "kind": "born", "version": 1, "at": "2026-01-01T00:00:00Z", "x": "y".repeat(3900) })
    );
    fs::write(journal(&desk), &big).unwrap();
    let ours = desk.command(&["apply", "--auto-approve", "--parallelism", "1"]);
    let mut shell = Command::new("sh");
    // Blocks of 512 bytes: one record and the run's fit behind what is there, or not even those.
    shell
        .args(["-c", "ulimit -f 8; trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(ours.get_program())
        .args(ours.get_args());
    shell.current_dir(desk.folder.path()).env_clear().env("PATH", "/usr/bin:/bin");
    shell.envs(ours.get_envs().filter_map(|(key, value)| Some((key, value?))));
    let ran = Ran::from(shell.output().unwrap()).code(3).says("could not be recorded, so it was not sent");
    assert_eq!(desk.accepted(), 0, "{ran:#?}");
    desk.run(&["apply", "--auto-approve"]).code(0);
    desk.run(&["ledger", "verify"]).code(0);
}

/// By the real program and its real lease: only the sign of life is made old, as a minute of waiting would.
#[cfg(unix)]
#[test]
fn a_stopped_apply_is_replaced_once_its_lease_has_passed_and_sends_nothing_more() {
    let desk = Desk::new("servers:\n  - { name: \"web-{1..3}\", power: off }\n");
    desk.fault(json!({ "connection": "flex", "path": "/servers/{id}/action", "count": "all", "fault": { "late": "700ms" } }));
    let first = desk.start(&["apply", "--auto-approve", "--parallelism", "1"]);
    desk.until(|desk| desk.accepted() == 1);
    signal(&first, "STOP");
    let lock = desk.path(".fleetform/lock");
    let mut holder: serde_json::Value = serde_json::from_str(&fs::read_to_string(&lock).unwrap()).unwrap();
    let plain = desk.run(&["resolve", "flex/web-3", "--done"]).code(6).says("run ");
    assert!(!plain.err.contains("no sign of life"), "{plain:#?}");
    holder["heartbeat"] = json!("2026-01-01T00:00:00Z");
    fs::write(&lock, holder.to_string()).unwrap();
    desk.run(&["resolve", "flex/web-3", "--done"])
        .code(6)
        .says("no sign of life")
        .says("takes the ledger over");
    desk.run(&["resolve", "flex/web-3", "--done", "--lock-timeout", "30s"]).code(0);
    assert_eq!(desk.accepted(), 1);
    signal(&first, "CONT");
    finish(first).code(3).says("the ledger's lock was lost to process").says("nothing more was started");
    assert_eq!(desk.accepted(), 1, "the one that woke sent something");
    let receipts = fs::read_dir(desk.path(".fleetform/receipts")).unwrap();
    let paths = receipts.map(|entry| entry.unwrap().path());
    let told: Vec<serde_json::Value> = paths
        .filter(|path| path.extension().is_some_and(|ext| ext == "json"))
        .map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
        .collect();
    let summary = json!({ "done": 1, "failed": 0, "unresolved": 0, "not_started": 2 });
    assert_eq!(
        told.iter().map(|told| &told["summary"]).collect::<Vec<_>>(),
        [&summary],
        "it adds up to the plan"
    );
    desk.run(&["ledger", "verify"]).code(0);
}
