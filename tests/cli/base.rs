//! `--base`: what comes from this change and what from drift, in every format; read with git, or from a file.

use crate::desk::{Desk, Ran};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

const BEFORE: &str = "servers:\n  - { name: web-1, power: off }\n  - { name: web-2, power: off }\n  - { name: web-3, power: off }\n  - { name: gone }\n";
const AFTER: &str = "servers:\n  - { name: web-1, power: off }\n  - { name: report-2, renamed_from: reports, power: on }\n  - { name: web-33, renamed_from: web-3, power: off }\n  - { name: gone }\n  - { name: never }\n";

fn git(folder: &Path, args: &[&str]) {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"])
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{args:?}: {output:?}");
}

/// A repository whose first commit has one fleet and whose working tree another.
fn reviewed() -> Desk {
    let desk = Desk::new(BEFORE);
    git(desk.folder.path(), &["init", "--quiet"]);
    git(desk.folder.path(), &["add", "fleet.yaml"]);
    git(desk.folder.path(), &["commit", "--quiet", "-m", "before"]);
    desk.fleet(AFTER);
    desk
}

fn causes(plan: &Value, what: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("none").to_owned();
    let all = plan[what].as_array().unwrap().iter();
    all.map(|one| (text(&one["address"]), text(&one["cause"]))).collect()
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

#[test]
fn changes_and_problems_are_attributed_by_what_the_base_would_lead_to() {
    let desk = reviewed();
    let plan = desk.run(&["plan", "--base", "HEAD", "--format", "json", "--out", "p.json"]).code(1).json();
    let changes = [("flex/report-2", "this_change"), ("flex/web-1", "drift"), ("flex/web-33", "both")];
    assert_eq!(causes(&plan, "changes"), pairs(&changes));
    let problems = [("flex/gone", "drift"), ("flex/never", "this_change")];
    assert_eq!(causes(&plan, "problems"), pairs(&problems));
    assert_eq!(plan["base"]["name"], "HEAD");
    assert_eq!(plan["base"]["no_longer_planned"], serde_json::json!(["flex/web-2"]));
    assert_eq!(plan["base"]["fleet"][0]["path"], "HEAD:./fleet.yaml");
    let summary = "1 change and 1 problem from this change, 1 change from both this change and drift, 1 change and 1 problem from drift";
    for (format, drift) in [
        ("text", "flex/web-1  (id sim-flex-AUS001-0001)  [drift]"),
        ("diff", "# flex/web-1: power off  [drift]"),
        ("markdown", "**drift**, declared"),
        ("html", "<b>drift</b> declared"),
        ("sarif", "; from drift"),
    ] {
        let direct =
            desk.run(&["plan", "--base", "HEAD", "--format", format]).code(1).says(drift).says(summary);
        assert!(direct.out.contains("No longer planned: "), "{direct:#?}");
        assert_eq!(
            same_but_time(&desk.run(&["show", "p.json", "--format", format]).code(0)),
            same_but_time(&direct)
        );
    }
    assert_eq!(desk.accepted(), 0);
}

/// Without the instant of planning, and the artifact that only `show` knows of.
fn same_but_time(ran: &Ran) -> Vec<String> {
    ran.out.lines().filter(|line| !line.contains("planned at")).map(str::to_owned).collect()
}

#[test]
fn without_a_base_nothing_is_attributed() {
    let desk = reviewed();
    let plan = desk.run(&["plan", "--format", "json"]).code(1).json();
    assert!(plan.get("base").is_none() && plan["changes"][0].get("cause").is_none(), "{plan:#}");
}

#[test]
fn the_base_may_be_a_file_and_a_whole_folder_is_compared_with_its_past() {
    let desk = reviewed();
    let text = std::fs::read_to_string(desk.path("fleet.yaml")).unwrap();
    std::fs::create_dir(desk.path("fleet")).unwrap();
    desk.write("fleet/a.yaml", &text);
    git(desk.folder.path(), &["add", "fleet"]);
    git(desk.folder.path(), &["commit", "--quiet", "-m", "a folder"]);
    desk.write("fleet/b.yaml", "version: 1\nservers:\n  - { name: web-2, provider: flex, power: off }\n");
    let args = ["plan", "-f", "fleet", "--base", "HEAD", "--format", "json"];
    let plan = desk.run(&args).code(1).json();
    let changes = [
        ("flex/report-2", "drift"),
        ("flex/web-1", "drift"),
        ("flex/web-2", "this_change"),
        ("flex/web-33", "drift"),
    ];
    assert_eq!(causes(&plan, "changes"), pairs(&changes));
    // A path, by its spelling; and the last common ancestor.
    for base in ["./fleet.yaml", "fleet.yaml", "fleet/", "HEAD..."] {
        let plan = desk.run(&["plan", "-f", "fleet", "--base", base, "--format", "json"]).code(1).json();
        assert_eq!(plan["base"]["name"], base);
        assert_eq!(causes(&plan, "changes")[1].1, "drift", "{base}");
    }
    // Where the folder was not there yet, all of it is this change.
    let plan = desk.run(&["plan", "-f", "fleet", "--base", "HEAD~1", "--format", "json"]).code(1).json();
    assert!(causes(&plan, "changes").iter().all(|(_, cause)| cause == "this_change"), "{plan:#}");
}

#[test]
fn a_base_that_cannot_be_had_is_an_error_and_one_that_is_broken_a_warning() {
    let desk = reviewed();
    desk.run(&["plan", "--base", "origin/main"])
        .code(1)
        .says("git knows no revision origin/main")
        .says("git fetch");
    desk.run(&["plan", "--base", "--all"]).code(64);
    desk.run(&["plan", "--base=--all"]).code(1).says("git knows no revision");
    desk.run(&["plan", "--base", "nothing.yaml"]).code(1).says("there is no file nothing.yaml");
    desk.write("broken.yaml", "version: 1\nservers:\n  - { nam: web-1 }\n");
    let ran = desk.run(&["plan", "--base", "broken.yaml", "--format", "json"]).code(1);
    assert!(ran.err.contains("broken.yaml:3:"), "{ran:#?}");
    assert!(ran.json()["changes"][0].get("cause").is_none());
    std::fs::remove_dir_all(desk.path(".git")).unwrap();
    desk.run(&["plan", "--base", "HEAD"]).code(1).says("not a git repository");
    let mut without_git = desk.command(&["plan", "--base", "HEAD"]);
    Ran::from(without_git.env("PATH", "/nowhere").output().unwrap()).code(1).says("git is not installed");
}

#[test]
fn selections_are_of_the_present_file_and_of_the_base_alike() {
    let desk = reviewed();
    let args = ["plan", "--base", "HEAD", "--format", "json"];
    let plan = desk.run(&[&args[..], &["--target", "flex/web-*"]].concat()).code(0).json();
    assert_eq!(causes(&plan, "changes"), pairs(&[("flex/web-1", "drift"), ("flex/web-33", "both")]));
    let plan = desk.run(&[&args[..], &["--target", "flex/web-1"]].concat()).code(0).json();
    assert!(plan["base"].get("no_longer_planned").is_none(), "{plan:#}");
}
