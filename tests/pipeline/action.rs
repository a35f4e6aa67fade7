//! The action: what gets the program there, what it puts out, and that its inputs are data.

use crate::desk::Desk;
use crate::runner::{Ended, Runner};
use serde_json::{Value, json};
use std::fs;

fn used(desk: &Desk, run: &str, inputs: &Value) -> Ended {
    let contexts = json!({ "github": { "event": {} } });
    Runner::new(desk, run, &contexts).action(inputs, &desk.path("author"), &desk.credentials())
}

fn output<'a>(ended: &'a Ended, name: &str) -> &'a str {
    ended.outputs["action"]["outputs"][name].as_str().unwrap()
}

#[test]
fn it_plans_and_applies_and_says_what() {
    let desk = Desk::new();
    let planned = used(&desk, "1", &json!({ "command": "plan" })).success();
    assert_eq!(output(&planned, "exit-code"), "2");
    assert_eq!(output(&planned, "plan"), "plan.json");
    let verdict = output(&planned, "verdict");
    assert!(verdict.starts_with("Plan: 1 power on, 1 rename."), "{verdict}");
    let saved: Value = serde_json::from_slice(&fs::read(desk.path("author/plan.json")).unwrap()).unwrap();
    assert_eq!(output(&planned, "digest"), saved["digest"]);
    assert!(planned.summary.contains("report-2"));

    let applied = used(&desk, "2", &json!({ "command": "apply" })).success();
    assert_eq!(output(&applied, "exit-code"), "0");
    assert_eq!(desk.accepted(), 2);

    let nothing = used(&desk, "3", &json!({ "command": "plan", "plan": "other.json" })).success();
    assert_eq!(output(&nothing, "exit-code"), "0");
    assert_ne!(output(&nothing, "digest"), output(&planned, "digest"));
}

#[test]
fn an_apply_that_is_not_covered_fails_with_its_code() {
    let desk = Desk::new();
    used(&desk, "1", &json!({ "command": "plan" })).success();
    desk.power("1", "off");
    let ended = used(&desk, "2", &json!({ "command": "apply" })).failed_at("Run it", 5);
    assert_eq!(output(&ended, "exit-code"), "5");
    assert!(ended.step("Run it").log.contains("::error::live state or the file moved"));
    assert_eq!(desk.accepted(), 0);
}

#[test]
fn it_validates_files_and_folders() {
    let desk = Desk::new();
    fs::create_dir(desk.path("author/fleets")).unwrap();
    fs::rename(desk.path("author/fleet.yaml"), desk.path("author/fleets/one.yaml")).unwrap();
    fs::write(desk.path("author/two.yaml"), "version: 1\nservers:\n  - { name: app, provider: flex }\n")
        .unwrap();
    let inputs = json!({ "command": "validate", "file": "fleets\n\ntwo.yaml\n" });
    let ended = used(&desk, "1", &inputs).success();
    assert!(ended.step("Run it").log.contains("4 servers"), "{ended:#?}");
    fs::write(desk.path("author/two.yaml"), "version: 1\nserver: []\n").unwrap();
    used(&desk, "2", &inputs).failed_at("Run it", 1);
}

#[test]
fn inputs_are_data() {
    let desk = Desk::new();
    let hostile = "$(touch pwned); `touch pwned` \"; touch pwned; '${IFS}' && touch pwned";
    for (at, name) in
        ["command", "file", "args", "plan", "number", "version", "binary", "sha256"].into_iter().enumerate()
    {
        let ended = used(&desk, &at.to_string(), &json!({ name: hostile, "comment": "false" }));
        let wrote: Vec<_> =
            fs::read_dir(desk.path("author")).unwrap().flatten().map(|it| it.file_name()).collect();
        assert!(wrote.iter().all(|file| !file.to_string_lossy().starts_with("pwned")), "{name}: {wrote:?}");
        let fails = !matches!(name, "plan" | "number" | "sha256");
        assert_eq!(ended.steps.iter().any(|step| step.code != 0), fails, "{name}: {ended:#?}");
    }
}

#[test]
fn an_argument_may_have_spaces() {
    let desk = Desk::new();
    let ended =
        used(&desk, "1", &json!({ "args": "--target\nlabel:tier=two words" })).failed_at("Run it", 64);
    assert!(ended.step("Run it").log.contains("label:tier=two words"), "{ended:#?}");
}

#[test]
fn a_plan_of_an_earlier_step_is_not_taken_for_this_one() {
    let desk = Desk::new();
    used(&desk, "1", &json!({})).success();
    fs::write(desk.path("author/fleet.yaml"), "version: 1\nserver: []\n").unwrap();
    let ended = used(&desk, "2", &json!({})).failed_at("Run it", 1);
    assert_eq!((output(&ended, "digest"), output(&ended, "verdict")), ("", ""));
}

#[test]
fn a_binary_is_taken_by_its_checksum_alone() {
    let desk = Desk::new();
    let binary = env!("CARGO_BIN_EXE_fleetform");
    let sum = std::process::Command::new("sha256sum").arg(binary).output().unwrap().stdout;
    let sum = String::from_utf8(sum).unwrap()[..64].to_owned();
    let with = |run: &str, sum: &str| {
        used(&desk, run, &json!({ "command": "setup", "binary": binary, "sha256": sum }))
    };
    let ended = with("1", &sum).success();
    assert!(!ended.ran("Build it") && !ended.ran("Look for it in the cache"));
    with("2", &"0".repeat(64)).failed_at("Take the binary of the runner", 1);
    with("3", "").failed_at("Take the binary of the runner", 64);
}

#[test]
fn another_version_than_expected_fails() {
    let desk = Desk::new();
    let with =
        |run: &str, version: &str| used(&desk, run, &json!({ "command": "setup", "version": version }));
    with("1", env!("CARGO_PKG_VERSION")).success();
    with("2", "99.0.0").failed_at("Put it on the PATH", 1);
}

#[test]
fn the_build_is_kept_by_its_source() {
    let desk = Desk::new();
    let key = |run: &str, cache: &str| {
        let ended = used(&desk, run, &json!({ "command": "setup", "cache": cache })).success();
        assert!(ended.ran("Build it"));
        ended.ran("Look for it in the cache")
    };
    assert!(key("1", "true") && !key("2", "false"));
}
