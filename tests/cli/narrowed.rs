//! A part of a plan: `--exclude` and `--only`, fresh and saved; and a plan that expires.

use crate::desk::Desk;
use serde_json::{Value, json};

const CHANGES: &str = "servers:\n  - { name: web-1, power: off, labels: { tier: web } }\n  - { name: web-2, power: off }\n  - { name: report-2, renamed_from: reports, power: on }\n  - { name: app, provider: grid, power: off }\n";

fn done(desk: &Desk, extra: &[&str]) -> Value {
    desk.run(&[&["apply", "p.json", "--auto-approve", "--format", "json"], extra].concat()).code(0).json()
}

fn addresses(document: &Value, what: &str) -> Vec<String> {
    document[what].as_array().unwrap().iter().map(|one| one["address"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn excluded_servers_are_left_alone_by_fresh_plans_and_saved_ones() {
    let desk = Desk::new(CHANGES);
    let args = ["plan", "--format", "json", "--exclude", "label:tier=web", "--exclude", "grid/*"];
    let plan = desk.run(&args).code(0).json();
    assert_eq!(addresses(&plan, "changes"), ["flex/report-2", "flex/web-2"]);
    assert_eq!(plan["options"]["excludes"], json!(["label:tier=web", "grid/*"]));
    let both = ["plan", "--format", "json", "--target", "flex/web-*", "--exclude", "flex/web-2"];
    assert_eq!(addresses(&desk.run(&both).code(0).json(), "changes"), ["flex/web-1"]);
    desk.run(&["plan", "--exclude", "flex/wep-1"]).code(64).says("--exclude flex/wep-1 matches no server");

    let whole = desk.run(&["plan", "--out", "p.json", "--format", "json"]).code(0).json();
    let report = done(&desk, &["--exclude", "flex/web-*", "--exclude", "grid/app"]);
    assert_eq!(addresses(&report, "results"), ["flex/report-2"]);
    assert_eq!(report["narrowed_from"], whole["digest"]);
    assert_ne!(report["digest"], whole["digest"]);
    assert_eq!(report["options"]["excludes"], json!(["flex/web-*", "grid/app"]));
    assert_eq!(desk.server("web-1").unwrap()["power"], "on");
}

#[test]
fn an_excluded_connection_is_not_even_asked() {
    let desk = Desk::new(CHANGES);
    desk.fault(json!({ "connection": "grid", "count": "all", "fault": "html" }));
    desk.run(&["plan", "--settle-timeout", "0s"]).code(6);
    desk.run(&["plan", "--exclude", "grid/*"]).code(0);
}

#[test]
fn only_some_actions_are_planned_and_what_is_left_out_is_counted() {
    let desk = Desk::new(CHANGES);
    let ran = desk.run(&["plan", "--only", "power_on,rename"]).code(0);
    assert!(ran.out.contains("report-2") && !ran.out.contains("web-1"), "{ran:#?}");
    assert!(ran.out.contains("Only these actions: power on, rename; 3 servers need others."), "{ran:#?}");
    assert!(ran.out.trim_end().ends_with("3 left out."), "{ran:#?}");
    // Half of a change: what follows the rename, without it.
    let plan = desk.run(&["plan", "--only", "power-on", "--format", "json"]).code(0).json();
    assert_eq!(plan["changes"][0]["actions"], json!(["power_on"]));
    assert_eq!(plan["changes"][0]["after"], json!({ "name": "reports", "power": "on" }));
    assert_eq!(plan["options"]["only"], json!(["power_on"]));
    desk.run(&["plan", "--only", "explode"]).code(64).says("power_on, ");
    // Nobody takes "nothing of this" for "nothing to do".
    let ran = desk.run(&["plan", "--only", "delete", "--detailed-exitcode"]).code(0);
    assert!(ran.out.trim_end().ends_with("4 left out."), "{ran:#?}");
}

#[test]
fn only_narrows_a_saved_plan_too() {
    let desk = Desk::new(CHANGES);
    desk.run(&["plan", "--out", "p.json"]).code(0);
    let report = done(&desk, &["--only", "rename"]);
    assert_eq!(addresses(&report, "results"), ["flex/report-2"]);
    assert_eq!(report["plan"]["left_out"], 4);
    assert_eq!(desk.server("report-2").unwrap()["power"], "off");
    assert_eq!(desk.accepted(), 1);
    // The rest of it, by another part of the same plan: the rename is done by now.
    assert_eq!(done(&desk, &[])["summary"]["done"], 4);
    assert_eq!(desk.accepted(), 5);
}

#[test]
fn a_rename_whose_name_is_not_freed_is_a_problem() {
    let world = json!({
        "version": 1,
        "connections": { "flex": { "type": "hostway" }, "grid": { "type": "gogrid" } },
        "servers": [
            { "connection": "flex", "id": "a1", "name": "old", "power": "on" },
            { "connection": "flex", "id": "a2", "name": "new", "power": "on" },
        ],
    });
    let fleet = "servers:\n  - { name: new, id: a1 }\n  - { name: retired, id: a2, state: absent }\n";
    let desk = Desk::with(world, fleet);
    desk.run(&["plan", "--out", "p.json"]).code(0).says("1 rename, 1 delete");
    desk.run(&["plan", "--only", "rename"]).code(1).says("name_taken");
    let args = ["apply", "p.json", "--auto-approve", "--allow-delete", "--only", "rename"];
    desk.run(&args).code(64).says("flex/new comes after flex/retired");
    assert_eq!(desk.accepted(), 0);
}

#[test]
fn an_expired_plan_is_refused_wherever_it_is_named() {
    let desk = Desk::new(CHANGES);
    let args = ["plan", "--out", "p.json", "--expires", "500ms", "--format", "json"];
    let plan = desk.run(&args).code(0).json();
    assert!(plan["expires_at"].is_string());
    for format in ["text", "markdown", "diff", "html", "sarif"] {
        desk.run(&["show", "p.json", "--format", format]).code(0).says("To be applied before ");
    }
    std::thread::sleep(std::time::Duration::from_millis(500));
    desk.run(&["apply", "p.json", "--auto-approve"]).code(5).says("expired at");
    desk.run(&["apply", "--approved", "p.json"]).code(5).says("expired at");
    desk.run(&["apply", "--approved", plan["digest"].as_str().unwrap()]).code(5).says("expired at");
    assert_eq!(desk.accepted(), 0);
    desk.run(&["plan", "--out", "p.json", "--expires", "1h"]).code(0);
    desk.run(&["apply", "p.json", "--auto-approve"]).code(0);
}

#[test]
fn unchanged_servers_are_listed_on_request() {
    let desk = Desk::new(
        "servers:\n  - { name: web-1, power: off }\n  - { name: web-2, power: on }\n  - { name: gone, state: absent }\n",
    );
    let ran = desk.run(&["plan", "-v", "--out", "p.json"]).code(0);
    assert!(ran.out.contains("= flex/gone\n= flex/web-2\n"), "{ran:#?}");
    desk.run(&["show", "-v", "p.json"]).code(0).says("= flex/web-2");
    let quiet = desk.run(&["plan", "--out", "q.json"]).code(0);
    assert!(!quiet.out.contains("web-2"), "{quiet:#?}");
    desk.run(&["show", "-v", "q.json"]).code(0).says("it was saved without -v");
}
