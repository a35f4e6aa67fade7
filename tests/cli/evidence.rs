//! `require_evidence` from the fleet file to the receipt, the ledger and the next plan.

use crate::desk::{Desk, swift_world};
use serde_json::json;
use std::time::Duration;

/// Gives the ledger a birth, and then wants `app` rebooted with this evidence.
fn wanting(defaults: &str, own: &str) -> Desk {
    let desk = Desk::with(swift_world(), "servers:\n  - { name: app, provider: grid }\n");
    desk.run(&["apply", "--auto-approve"]).code(0);
    std::thread::sleep(Duration::from_millis(20));
    let since = jiff::Timestamp::now();
    let head = desk.head().replace("defaults: {", &format!("defaults: {{{defaults}"));
    let servers = format!("servers:\n  - {{ name: app, provider: grid, rebooted_since: {since}{own} }}\n");
    desk.write("fleet.yaml", &format!("{head}{servers}"));
    desk
}

fn reboots(desk: &Desk) -> u64 {
    desk.running.stats().tally("grid", "7").reboots
}

/// The jobs of the provider cannot be read.
fn without_jobs(desk: &Desk) {
    let rule = json!({ "connection": "grid", "path": "*/job/list", "count": "all", "fault": { "status": { "code": 403 } } });
    desk.fault(rule);
}

#[test]
fn a_reboot_that_does_not_show_it_is_unresolved_and_not_repeated_until_a_person_has_spoken() {
    let desk = wanting(" require_evidence: job_finished,", "");
    without_jobs(&desk);
    desk.run(&["plan"]).code(0).says("only when the provider's job has finished");
    let report = desk.run(&["apply", "--auto-approve", "--format", "json"]).code(3).json();
    assert_eq!(report["summary"]["unresolved"], 1, "{report:#}");
    assert_eq!(report["results"][0]["evidence"], serde_json::Value::Null);
    assert!(
        report["results"][0]["detail"].as_str().unwrap().contains("job_finished is required"),
        "{report:#}"
    );
    assert_eq!(reboots(&desk), 1);
    // Another file cannot make it done: what was sent was sent under the old one.
    let text = std::fs::read_to_string(desk.path("fleet.yaml")).unwrap();
    desk.write("fleet.yaml", &text.replace("job_finished", "accepted"));
    desk.run(&["plan", "--settle-timeout", "1s"]).code(1).says("unresolved");
    desk.run(&["apply", "--auto-approve", "--settle-timeout", "1s"]).code(1).says("unresolved");
    assert_eq!(reboots(&desk), 1);
    desk.run(&["resolve", "grid/app", "--done"]).code(0);
    desk.run(&["plan", "--detailed-exitcode"]).code(0);
}

#[test]
fn the_level_that_was_reached_is_in_the_report_the_history_and_the_ledger() {
    for (own, expected) in [(", require_evidence: accepted", "accepted"), ("", "job_finished")] {
        let desk = wanting("", own);
        let ran = desk.run(&["apply", "--auto-approve"]).code(0).says(&format!("[evidence: {expected}]"));
        assert_eq!(ran.out.contains("as soon as the provider has accepted it"), expected == "accepted");
        let history = desk.run(&["history", "--format", "json"]).code(0).json();
        assert_eq!(history["history"][0]["level"], expected);
        let journal = std::fs::read_to_string(desk.path(".fleetform/journal.jsonl")).unwrap();
        assert_eq!(journal.contains("\"require_evidence\":\"accepted\""), expected == "accepted");
        desk.until(|desk| reboots(desk) == 1);
        desk.run(&["plan", "--detailed-exitcode"]).code(0);
    }
}

#[test]
fn more_than_the_provider_shows_is_refused_before_anything_is_sent() {
    let desk = wanting(" require_evidence: observed,", "");
    desk.run(&["apply", "--auto-approve"])
        .code(1)
        .says("grid/app: require_evidence: observed is declared by defaults")
        .says("the most that gogrid shows of a reboot for certain is job_finished");
    assert_eq!(desk.accepted(), 0);
}
