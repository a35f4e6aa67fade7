//! `plan`, `status` and `import`: what is shown, and the codes 0, 1, 2, 4, 6 and 64.

use crate::desk::Desk;
use serde_json::json;

const TWO: &str = "servers:\n  - { name: 'web-{1..3}', power: on }\n  - { name: report-2, renamed_from: reports, power: on }\n";

#[test]
fn pending_changes_are_0_and_with_detailed_exitcode_2() {
    let desk = Desk::new(TWO);
    desk.run(&["plan"]).code(0).says("reports -> report-2").says("off -> on");
    desk.run(&["plan", "--detailed-exitcode"]).code(2);
    let quiet = Desk::new("servers:\n  - { name: web-1 }\n  - { name: web-2, power: on }\n");
    quiet.run(&["plan", "--detailed-exitcode"]).code(0).says("unmanaged");
    assert_eq!((desk.accepted(), quiet.accepted()), (0, 0), "a plan changes nothing");
}

#[test]
fn data_goes_to_stdout_and_all_else_to_stderr() {
    let ran = Desk::new(TWO).run(&["plan"]).code(0);
    assert!(ran.out.contains("Plan: ") && ran.err.is_empty(), "{ran:#?}");
    let bad = Desk::new("servers:\n  - { name: a, pwoer: on }\n").run(&["plan"]).code(1);
    assert!(bad.out.is_empty() && bad.err.contains("power"), "{bad:#?}");
    assert!(!bad.err.contains('\u{1b}'), "no colour where there is no terminal");
}

#[test]
fn the_json_of_a_plan_parses_and_adds_up() {
    let ran = Desk::new(TWO).run(&["plan", "--format", "json"]).code(0);
    let plan = ran.json();
    assert_eq!((&plan["format_version"], &plan["summary"]["rename"]), (&json!("1.0"), &json!(1)));
    let actions: Vec<_> = plan["changes"].as_array().unwrap().iter().map(|c| c["actions"].clone()).collect();
    assert_eq!(actions, [json!(["rename", "power_on"])]);
    assert_eq!(plan["summary"]["power_on"], 1);
    assert_eq!(plan["summary"]["unchanged"], 3);
    assert_eq!(plan["summary"]["unmanaged"], 0, "grid is not used by this file");
}

#[test]
fn problems_are_1_and_do_not_hide_the_rest_of_the_plan() {
    let desk = Desk::new(
        "servers:\n  - { name: web-1, power: off }\n  - { name: web-9 }\n  - { name: app, provider: grid, id: 8 }\n",
    );
    let ran = desk.run(&["plan"]).code(1).says("web-9").says("unsupported").says("on -> off");
    assert!(ran.out.contains("missing_server"), "{ran:#?}");
    desk.run(&["plan", "--target", "flex/web-1"]).code(0);
    let missing = Desk::new("servers:\n  - { name: web-9 }\n");
    missing.run(&["plan"]).code(1);
    missing.run(&["plan", "--allow-missing"]).code(0).says("warning");
}

#[test]
fn a_protected_server_is_refused_with_4() {
    let desk = Desk::new("servers:\n  - { name: web-1, power: off, protect: true }\n");
    desk.run(&["plan"]).code(4).says("protected");
    desk.run(&["apply", "--auto-approve"]).code(4);
    assert_eq!(desk.accepted(), 0);
}

#[test]
fn a_target_that_matches_nothing_is_64_with_near_names() {
    let desk = Desk::new(TWO);
    for command in ["plan", "apply", "status"] {
        desk.run(&[command, "--target", "flex/wbe-1"]).code(64).says("flex/web-1");
    }
    desk.run(&["plan", "--target", "label:tier=nothing"]).code(64);
    desk.run(&["plan", "--target", "flex/web-*"]).code(0).says("No changes");
}

#[test]
fn wrong_usage_is_64_and_says_what_is_meant() {
    let desk = Desk::new(TWO);
    desk.run(&["paln"]).code(64).says("plan");
    desk.run(&["plan", "--detailed"]).code(64).says("--detailed-exitcode");
    desk.run(&[]).code(64);
    desk.run(&["plan", "--format", "xml"]).code(64);
    desk.run(&["apply", "--accept", "deletes"]).code(64);
    desk.run(&["resolve", "flex/web-1"]).code(64);
}

#[test]
fn an_unset_variable_an_unknown_type_and_a_missing_file_are_1() {
    let desk = Desk::new(TWO);
    let ran: crate::desk::Ran =
        desk.command(&["plan"]).env_remove("HOSTWAY_PASSWORD").output().unwrap().into();
    ran.code(1).says("HOSTWAY_PASSWORD");
    desk.write("other.yaml", "version: 1\nproviders:\n  x: { type: hostwya }\nservers: []\n");
    desk.run(&["plan", "-f", "other.yaml"]).code(1).says("hostway").says("other.yaml:3");
    desk.run(&["plan", "-f", "nowhere.yaml"]).code(1).says("nowhere.yaml");
    let text = format!("{}servers:\n  - {{ name: web-1 }}\n", desk.head())
        .replace("type: hostway\n", "type: hostway\n    password: ${env:NO_SUCH}\n");
    desk.write("env.yaml", &text);
    desk.run(&["plan", "-f", "env.yaml"]).code(1).says("NO_SUCH").says("env.yaml:5");
    desk.run(&["validate", "-f", "env.yaml"]).code(0);
}

#[test]
fn validate_and_the_schema_need_no_network_and_no_credentials() {
    let desk = Desk::new(TWO);
    let ran: crate::desk::Ran = desk.command(&["validate"]).env_clear().output().unwrap().into();
    ran.code(0);
    assert!(desk.run(&["schema"]).code(0).json().is_object());
    assert!(desk.run(&["schema", "plan"]).code(0).json().is_object());
    assert!(desk.running.stats().calls.is_empty());
}

#[test]
fn status_shows_every_server_of_the_file_and_import_the_others() {
    let desk = Desk::new(
        "servers:\n  - { name: web-1, power: off }\n  - { name: web-2 }\n  - { name: app, provider: grid }\n",
    );
    let ran = desk.run(&["status"]).code(0);
    for name in ["flex/web-1", "flex/web-2", "grid/app"] {
        assert!(ran.out.contains(name), "{ran:#?}");
    }
    let ran = desk.run(&["import"]).code(0);
    for name in ["web-3", "reports", "old"] {
        assert!(ran.out.contains(name), "{ran:#?}");
    }
    assert!(!ran.out.contains("web-1") && !ran.out.contains("name: app"), "{ran:#?}");
    let ran = desk.run(&["import", "--provider", "grid"]).code(0);
    assert!(ran.out.contains("old") && !ran.out.contains("web-3"), "{ran:#?}");
    assert_eq!(desk.accepted(), 0);
}

#[test]
fn what_import_writes_is_a_fleet_file_that_plans_to_nothing() {
    let desk = Desk::new("servers: []\n");
    let ran = desk.run(&["import"]).code(0);
    desk.write("imported.yaml", &ran.out);
    let body = ran.out.split_once("servers:").map(|(_, rest)| format!("servers:{rest}")).unwrap();
    desk.fleet(&body);
    desk.run(&["plan", "--detailed-exitcode"]).code(0).says("6 unchanged");
}
