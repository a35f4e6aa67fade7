//! Rules over live servers through the program: plans, selectors, saved plans, what is deleted and what is not.

use crate::desk::Desk;
use serde_json::{Value, json};

/// Three servers of `flex` without entries, one of `grid` with one.
fn world() -> Value {
    json!({
        "version": 1,
        "defaults": { "settle": "200ms" },
        "connections": { "flex": { "type": "hostway" }, "grid": { "type": "gogrid" } },
        "servers": [
            { "connection": "flex", "name": "tmp-{1..2}", "power": "on", "age": "40d" },
            { "connection": "flex", "name": "tmp-new", "power": "on" },
            { "connection": "flex", "name": "shop", "power": "on", "age": "40d" },
            { "connection": "grid", "id": 7, "name": "app", "power": "on" },
        ],
    })
}

const OFF: &str = "servers:\n  - { name: app, provider: grid, power: on }\n  - { name: tmp-1, power: on }\n\
    rules:\n  - { name: nights, match: \"flex/tmp-*\", power: off, labels: { tier: tmp } }\n";

fn power(desk: &Desk, name: &str) -> Value {
    desk.server(name).map_or(Value::Null, |server| server["power"].clone())
}

#[test]
fn a_rule_is_planned_applied_and_then_there_is_nothing_left_to_do() {
    let desk = Desk::with(world(), OFF);
    let plan = desk.run(&["plan"]).code(0).says("rule nights").says("2 governed by rules");
    assert!(plan.out.contains("flex/tmp-2") && !plan.out.contains("flex/tmp-1"), "an entry wins: {plan:#?}");
    desk.run(&["status"]).code(0).says("off (rule nights)").says("2 governed by rules");
    desk.run(&["apply", "--auto-approve"]).code(0).says("2 done");
    let powers = ["tmp-1", "tmp-2", "tmp-new", "shop"].map(|name| power(&desk, name));
    assert_eq!(powers, [json!("on"), json!("off"), json!("off"), json!("on")]);
    desk.run(&["plan", "--detailed-exitcode"]).code(0).says("No changes.");
    assert_eq!(desk.accepted(), 2);
}

#[test]
fn a_selector_may_mean_servers_of_rules_and_must_mean_some() {
    let desk = Desk::with(world(), OFF);
    for target in ["flex/tmp-2", "label:tier=tmp", "tmp-n*"] {
        desk.run(&["plan", "--target", target, "--detailed-exitcode"]).code(2).says("rule nights");
    }
    let wrong = desk.run(&["plan", "--target", "flex/tmp-3"]).code(64);
    wrong.says("none that its rules govern").says("did you mean flex/tmp-");
    desk.run(&["plan", "--target", "flex/shop"]).code(64).says("matches no server of the file");
    desk.run(&["plan", "--exclude", "label:tier=tmp", "--detailed-exitcode"]).code(0);
    // Only the connections that the rule or the selector can mean are read.
    let desk = Desk::with(world(), OFF);
    desk.run(&["plan", "--target", "label:tier=tmp"]).code(0);
    let calls = desk.running.stats().calls;
    assert!(!calls.is_empty() && calls.iter().all(|call| call.connection == "flex"), "{calls:?}");
}

#[test]
fn a_saved_plan_does_nothing_to_a_server_that_left_the_glob_meanwhile() {
    let desk = Desk::with(world(), OFF);
    desk.run(&["plan", "--out", "p.json"]).code(0);
    desk.patch("flex", "tmp-2", json!({ "name": "kept" }));
    desk.run(&["apply", "p.json", "--auto-approve"]).code(5).says("it was called tmp-2 and is called kept");
    assert_eq!((power(&desk, "kept"), desk.accepted()), (json!("on"), 0));
    desk.run(&["apply", "--auto-approve"]).code(0).says("1 done");
    assert_eq!(power(&desk, "kept"), json!("on"));
}

#[test]
fn a_saved_plan_is_narrowed_by_the_labels_of_a_rule() {
    let desk = Desk::with(world(), OFF);
    desk.run(&["plan", "--out", "p.json"]).code(0);
    let none = desk.run(&["apply", "p.json", "--auto-approve", "--target", "flex/tmp-9"]).code(64);
    none.says("no change of the plan");
    desk.run(&["apply", "p.json", "--auto-approve", "--target", "label:tier=tmp"]).code(0).says("2 done");
}

#[test]
fn a_rule_deletes_what_is_old_and_only_so_many() {
    let rules = |most: u64| {
        format!(
            "rules:\n  - {{ name: tidy, match: \"tmp-*\", provider: flex, state: absent, older_than: 30d }}\n\
             limits: {{ max_deletes: {most} }}\n"
        )
    };
    let desk = Desk::with(world(), &rules(1));
    desk.run(&["apply", "--auto-approve"]).code(4).says("2 deletes").says("at most 1");
    assert_eq!(desk.accepted(), 0);
    desk.fleet(&rules(2));
    desk.run(&["apply", "--auto-approve"]).code(0).says("2 done");
    assert_eq!((power(&desk, "tmp-1"), power(&desk, "tmp-new")), (Value::Null, json!("on")));
    desk.run(&["plan", "--detailed-exitcode"]).code(0).says("rule_unmatched");
}

#[test]
fn a_rule_without_a_bound_for_its_deletes_is_refused_before_anything_is_read() {
    let desk = Desk::with(world(), "rules:\n  - { match: \"flex/tmp-*\", state: absent }\n");
    let refused = desk.run(&["plan"]).code(1);
    refused.says("error[rule_delete]").says("older_than: 30d").says("max_deletes");
    assert!(desk.running.stats().calls.is_empty());
}

#[test]
fn the_snapshot_of_governed_servers_gives_the_same_plan() {
    let desk = Desk::with(world(), OFF);
    let live = desk.run(&["plan", "--format", "json"]).code(0).json();
    desk.run(&["snapshot", "--out", "live.json"]).code(0);
    let stored = desk.run(&["plan", "--format", "json", "--live", "live.json"]).code(0).json();
    assert_eq!(live["digest"], stored["digest"]);
    let ages = std::fs::read_to_string(desk.path("live.json")).unwrap();
    assert!(ages.contains("created_at"));
    desk.run(&["plan", "--live", "live.json", "--target", "flex/tmp-7"]).code(64);
}

#[test]
fn what_a_change_of_a_rule_does_is_told_beside_the_base() {
    let desk = Desk::with(world(), "servers: []\nrules:\n  - { match: \"flex/tmp-1\", power: off }\n");
    std::fs::copy(desk.path("fleet.yaml"), desk.path("base.yaml")).unwrap();
    desk.fleet("servers: []\nrules:\n  - { match: \"flex/tmp-*\", power: off }\n");
    let plan = desk.run(&["plan", "--base", "base.yaml", "--format", "json"]).code(0).json();
    let causes: Vec<(&str, &str)> = plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| (change["address"].as_str().unwrap(), change["cause"].as_str().unwrap()))
        .collect();
    let expected = [("flex/tmp-1", "drift"), ("flex/tmp-2", "this_change"), ("flex/tmp-new", "this_change")];
    assert_eq!(causes, expected);
}

#[test]
fn a_connection_that_only_rules_use_and_that_cannot_be_read_is_a_problem() {
    let desk = Desk::with(world(), "servers: []\nrules:\n  - { match: \"flex/tmp-*\", power: off }\n");
    desk.fault(json!({ "connection": "flex", "count": "all", "fault": { "status": { "code": 503 } } }));
    desk.run(&["plan"]).code(6).says("nothing is planned for what rules select of flex");
}
