//! Rollouts and health checks through the program: what a plan shows, and a run that ends in a pause.

use crate::desk::{Desk, finish, signal};
use serde_json::json;
use std::time::{Duration, Instant};

fn fleet(pause: &str) -> String {
    format!(
        "rollout: {{ waves: [1, rest], pause: {pause} }}\n\
         servers:\n  - {{ name: 'web-{{1..3}}', power: off }}\n  - {{ name: reports, power: on }}\n"
    )
}

fn ends_in_a_pause(desk: &Desk, sent: &str) -> Option<i32> {
    let child = desk.start(&["apply", "--auto-approve"]);
    // The first of the order is at its end when its outcome is written.
    desk.until(|desk| {
        let journal = std::fs::read_to_string(desk.path(".fleetform/journal.jsonl")).unwrap_or_default();
        journal.contains("\"done\"")
    });
    std::thread::sleep(Duration::from_millis(200));
    let begun = Instant::now();
    signal(&child, sent);
    let ran = finish(child);
    assert!(begun.elapsed() < Duration::from_secs(3));
    assert_eq!(desk.accepted(), 1, "{ran:#?}");
    if sent == "INT" {
        let ran = ran.says("pausing for 1h before wave 2 of 2 of all servers").says("3 not started");
        return ran.code;
    }
    ran.code
}

#[test]
fn a_pause_is_ended_by_a_signal_or_a_kill_and_the_next_run_goes_on_with_what_is_left() {
    for (sent, code) in [("INT", Some(130)), ("KILL", None)] {
        let desk = Desk::new(&fleet("1h"));
        assert_eq!(ends_in_a_pause(&desk, sent), code, "{sent}");
        desk.fleet(&fleet("100ms"));
        desk.run(&["plan"]).code(0).says("1 of 2 of all servers");
        desk.run(&["apply", "--auto-approve"]).code(0).says("3 done");
        assert_eq!(desk.accepted(), 4, "{sent}: each once");
        desk.run(&["plan", "--detailed-exitcode"]).code(0);
    }
}

#[test]
fn a_stopped_rollout_says_whose_fault_it_was_and_how_to_take_it_back() {
    let desk = Desk::new(
        "rollout: { waves: [2, rest] }\nservers:\n  - { name: reports, power: on, \
         healthy_when: { exec: [\"false\"], within: 300ms } }\n  - { name: 'web-{1..3}', power: off }\n",
    );
    let shown = desk.run(&["plan", "--out", "p.json"]).code(0);
    let shown = shown.says("health  runs false within 300ms").says("wave    1 of 2 of all servers");
    shown
        .says("Health checks run programs where this is applied: false.")
        .says("Rolled out: all servers in 2 waves");
    let markdown = desk.run(&["show", "p.json", "--format", "markdown"]).code(0);
    markdown.says("Health checks run programs where this is applied: `false`.");
    let ran = desk.run(&["apply", "p.json", "--auto-approve"]).code(3);
    let ran = ran.says("it is on, and not healthy: exec [\"false\"]: ");
    let ran = ran.says("The rollout of all servers was stopped: flex/reports failed; 2 not started.");
    ran.says("To take it back: fleetform apply ");
    let undo = std::fs::read_dir(desk.path(".fleetform/undo")).unwrap().next().unwrap().unwrap().path();
    let undo: serde_json::Value = serde_json::from_slice(&std::fs::read(undo).unwrap()).unwrap();
    let changes = undo["changes"].as_array().unwrap();
    assert!(
        changes.iter().any(|change| change["address"] == "flex/reports"),
        "what is on is taken back: {undo}"
    );
}

#[test]
fn a_narrowed_plan_keeps_its_waves_and_another_rollout_is_not_what_was_approved() {
    let desk = Desk::new(&fleet("100ms"));
    desk.run(&["plan", "--out", "p.json"]).code(0);
    let ran =
        desk.run(&["apply", "p.json", "--auto-approve", "--target", "web-3", "--format", "json"]).code(0);
    assert_eq!(ran.json()["summary"]["done"], 1);
    desk.fleet(&fleet("100ms").replace("[1, rest]", "[rest]"));
    desk.run(&["apply", "--approved", "p.json"]).code(5).says("a rollout in waves (1, rest) was approved");
    assert_eq!(desk.accepted(), 1);
}

#[test]
fn a_rehearsal_asks_nobody() {
    let desk = Desk::new("");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let to = listener.local_addr().unwrap();
    desk.fleet(&format!(
        "servers:\n  - {{ name: reports, power: on, healthy_when: {{ tcp: \"{to}\", within: 1s }} }}\n"
    ));
    let world = json!({
        "version": 1,
        "connections": { "flex": { "type": "hostway" }, "grid": { "type": "gogrid" } },
        "servers": [{ "connection": "flex", "name": "reports", "power": "off" }],
    });
    desk.write("world.yaml", &world.to_string());
    let ran = desk.run(&["apply", "--simulate", "--auto-approve"]).code(0);
    ran.says("A rehearsal: the health checks of 1 server are not asked.");
    assert!(listener.accept().is_err(), "nobody came");
}
