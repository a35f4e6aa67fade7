//! What a terminal shows while an apply goes on; the lines themselves are tested where they are made.

use crate::desk::Desk;
use serde_json::json;

const TWO: &str = "servers:\n  - { name: 'web-{1..2}', power: off }\n";

/// On a terminal, with `TERM` so that bars are drawn.
fn on_a_terminal(args: &[&str]) -> String {
    let desk = Desk::new(TWO);
    let rule =
        json!({ "connection": "flex", "method": "POST", "count": "all", "fault": { "late": "1500ms" } });
    let slow = desk.running.add_fault(rule.clone());
    slow.unwrap_or_else(|error| panic!("{rule}: {error}"));
    let ran = desk.shell(args, |program| {
        format!("TERM=xterm script -qec 'stty cols 80 rows 30; {program}' /dev/null </dev/null")
    });
    ran.code(0).out
}

#[test]
fn what_is_under_way_is_shown_with_its_time_and_taken_away_at_the_end() {
    let shown = on_a_terminal(&["apply", "--auto-approve", "--no-color"]);
    assert!(shown.contains("0/2") && shown.contains("flex/web-1: power off, 1 s"), "{shown:?}");
    let end = shown.rsplit("\u{1b}[").next().unwrap();
    assert!(end.contains("Apply: 2 done.") && !end.contains("power off, "), "{end:?}");
}

#[test]
fn a_quiet_apply_shows_nothing_of_it() {
    let shown = on_a_terminal(&["apply", "--auto-approve", "--no-color", "-q"]);
    assert!(shown.contains("Apply: 2 done.") && !shown.contains("0/2"), "{shown:?}");
    assert!(!shown.contains("power off, "), "{shown:?}");
}
