//! The workflows of the default branch, run: an apply of what was reviewed and of nothing else, and drift.

use crate::desk::{Desk, SERVERS};
use crate::files::workflow;
use crate::runner::{Ended, Runner};
use serde_json::{Value, json};
use std::fs;

/// What GitHub gives to a job of `main`; the merge is that of a pull request with run 11.
fn on_main(desk: &Desk, event: &str, sha: &str) -> Value {
    let secrets: Value = desk.credentials().into_iter().collect::<Vec<_>>().into_iter().fold(
        json!({}),
        |mut all, (name, value)| {
            all[name] = json!(value);
            all
        },
    );
    json!({
        "github": { "event_name": event, "ref": "refs/heads/main", "sha": sha },
        "secrets": secrets,
        "inputs": {},
    })
}

/// Says that a commit of `main` is the merge of a pull request, whose last commit had run 11.
fn merged(desk: &Desk, sha: &str) {
    let pulls = json!([
        { "number": 6, "merge_commit_sha": "0".repeat(40), "head": { "sha": "another" } },
        { "number": 7, "merge_commit_sha": sha, "head": { "sha": "reviewed" } },
    ]);
    desk.service(&format!("api/repos_somebody_servers_commits_{sha}_pulls.json"), &pulls);
    let run = |id: u64, workflow: &str, sha: &str, event: &str, conclusion: &str| json!({ "databaseId": id, "workflow": workflow, "headBranch": "change", "headSha": sha, "event": event, "conclusion": conclusion });
    let runs = [
        run(13, "plan.yml", "reviewed", "pull_request", "failure"),
        run(12, "plan.yml", "reviewed", "push", "success"),
        run(11, "plan.yml", "reviewed", "pull_request", "success"),
        run(10, "plan.yml", "another", "pull_request", "success"),
    ];
    desk.service("runs.json", &json!(runs));
}

fn apply(desk: &Desk, run: &str, sha: &str) -> Ended {
    Runner::new(desk, run, &on_main(desk, "push", sha)).job(&workflow("apply"))
}

/// A merge whose plan was reviewed.
fn reviewed(desk: &Desk) -> String {
    let sha = desk.git("author", &["rev-parse", "HEAD"]);
    merged(desk, &sha);
    desk.artifact_of("11");
    sha
}

#[test]
fn a_merge_applies_what_was_reviewed_and_keeps_the_ledger() {
    let desk = Desk::new();
    let sha = reviewed(&desk);
    let ended = apply(&desk, "100", &sha).success();
    assert!(ended.step("Apply").log.contains("Apply: 2 done."), "{ended:#?}");
    assert_eq!(desk.accepted(), 2);
    let kept = desk.git("origin.git", &["ls-tree", "-r", "--name-only", "fleetform-ledger"]);
    assert!(kept.lines().any(|line| line == "journal.jsonl"), "{kept}");
    assert!(!kept.lines().any(|line| line == "lock"), "a lock is of one machine: {kept}");
    let first = desk.git("origin.git", &["show", "fleetform-ledger:journal.jsonl"]);

    // Another machine, the same commit: nothing is left to do, and the ledger is the one that the first run left.
    let again = apply(&desk, "101", &sha).success();
    assert!(again.step("Apply").log.contains("No changes."), "{again:#?}");
    assert_eq!(desk.accepted(), 2);
    let second = desk.git("origin.git", &["show", "fleetform-ledger:journal.jsonl"]);
    assert!(second.starts_with(&first), "{second}");
    let in_workspace = fs::read_to_string(again.workspace.join(".fleetform/journal.jsonl")).unwrap();
    assert!(in_workspace.starts_with(&first));
}

#[test]
fn servers_that_moved_since_the_review_stop_an_apply() {
    let desk = Desk::new();
    let sha = reviewed(&desk);
    desk.power("1", "off");
    let ended = apply(&desk, "100", &sha).failed_at("Apply", 5);
    assert!(ended.step("Apply").log.contains("::error::the servers moved since the review"));
    assert_eq!(desk.accepted(), 0, "nothing was executed");
    assert!(ended.ran("Keep the ledger"), "the ledger is kept after a failure as well");
}

#[test]
fn a_part_of_what_was_reviewed_is_applied() {
    let desk = Desk::new();
    let sha = reviewed(&desk);
    desk.power("2", "on");
    apply(&desk, "100", &sha).success();
    assert_eq!(desk.accepted(), 1);
}

#[test]
fn an_apply_out_of_reach_is_tried_three_times() {
    let desk = Desk::new();
    reviewed(&desk);
    let gone = desk
        .fleet(SERVERS)
        .replace(&desk.running.endpoint("flex").unwrap().settings["endpoint"], "http://127.0.0.1:9");
    let sha = desk.commit("main", &gone);
    merged(&desk, &sha);
    let ended = apply(&desk, "100", &sha).failed_at("Apply", 6);
    assert_eq!(ended.step("Apply").log.matches("::warning::try").count(), 2);
    assert_eq!(fs::read_to_string(desk.path("service/slept")).unwrap(), "60\n60\n");
}

#[test]
fn a_commit_that_nobody_reviewed_is_not_applied() {
    let desk = Desk::new();
    let reviewed = reviewed(&desk);
    let sha = desk.commit(
        "main",
        &desk
            .fleet(&format!("{SERVERS}  - legacy-1\n"))
            .replace("  - legacy-1", "  - { name: x, power: any }"),
    );
    assert_ne!(reviewed, sha);
    desk.service(&format!("api/repos_somebody_servers_commits_{sha}_pulls.json"), &json!([]));
    let ended = apply(&desk, "100", &sha).failed_at("Fetch what was approved", 1);
    assert!(!ended.ran("Apply"));
    assert_eq!(desk.accepted(), 0);
}

#[test]
fn a_digest_is_applied_by_hand_and_nothing_else_passes_for_one() {
    let desk = Desk::new();
    let sha = desk.git("author", &["rev-parse", "HEAD"]);
    let plan: Value = serde_json::from_slice(&fs::read(desk.artifact_of("1")).unwrap()).unwrap();
    let dispatch = |run: &str, approved: &str| {
        let mut contexts = on_main(&desk, "workflow_dispatch", &sha);
        contexts["inputs"]["approved"] = json!(approved);
        Runner::new(&desk, run, &contexts).job(&workflow("apply"))
    };
    for bad in ["$(touch pwned)", "sha256:12", "; touch pwned", "../plan.json", "sha256:$(touch pwned)"] {
        let ended = dispatch(&format!("bad-{}", bad.len()), bad).failed_at("Fetch what was approved", 64);
        assert!(!ended.workspace.join("pwned").exists() && !ended.ran("Apply"), "{bad}");
    }
    dispatch("100", plan["digest"].as_str().unwrap()).success();
    assert_eq!(desk.accepted(), 2);
}

#[test]
fn no_ledger_is_begun_because_the_old_one_could_not_be_fetched() {
    let desk = Desk::new();
    let sha = reviewed(&desk);
    let mut apply = workflow("apply");
    let steps = apply["jobs"]["apply"]["steps"].as_array_mut().unwrap();
    // After the checkout the server with the repository is gone.
    steps.insert(1, json!({ "name": "Lose it", "run": "git remote set-url origin file:///nowhere" }));
    let ended = Runner::new(&desk, "100", &on_main(&desk, "push", &sha))
        .job(&apply)
        .failed_at("Fetch the ledger", 128);
    assert!(!ended.ran("Apply") && !ended.workspace.join(".fleetform").exists());
    assert_eq!(desk.accepted(), 0);
    assert!(!desk.has_branch("fleetform-ledger"));
}

#[test]
fn other_branches_do_not_apply() {
    let desk = Desk::new();
    let sha = reviewed(&desk);
    let mut contexts = on_main(&desk, "workflow_dispatch", &sha);
    contexts["github"]["ref"] = json!("refs/heads/other");
    assert!(Runner::new(&desk, "100", &contexts).job(&workflow("apply")).steps.is_empty());
}

fn drift(desk: &Desk, run: &str) -> Ended {
    let sha = desk.git("author", &["rev-parse", "HEAD"]);
    Runner::new(desk, run, &on_main(desk, "schedule", &sha)).job(&workflow("drift"))
}

#[test]
fn drift_opens_one_issue_keeps_it_and_closes_it() {
    let desk = Desk::new();
    let ended = drift(&desk, "1").success();
    assert!(
        desk.asked().contains("issue create --title Servers are not as fleet.yaml declares"),
        "{}",
        desk.asked()
    );
    let body = fs::read_to_string(desk.path("service/body.md")).unwrap();
    assert!(body.contains("report-2") && ended.summary == body, "{body}");

    desk.service("issues.json", &json!([{ "number": 31 }]));
    desk.power("2", "on");
    drift(&desk, "2").success();
    assert!(desk.asked().contains("issue edit 31"));
    assert!(!fs::read_to_string(desk.path("service/body.md")).unwrap().contains("web-2"));

    desk.program(&desk.path("author"), &["apply", "--auto-approve"]);
    drift(&desk, "3").success();
    assert!(desk.asked().contains("issue close 31"));
    assert_eq!(desk.asked().matches("issue create").count(), 1);
}

#[test]
fn a_plan_that_could_not_be_made_is_no_drift() {
    let desk = Desk::new();
    desk.commit("main", &desk.fleet("servers:\n  - { name: nobody, power: on }\n"));
    drift(&desk, "1").failed_at("Plan", 1);
    assert!(!desk.asked().contains("issue"), "{}", desk.asked());
}

#[test]
fn drift_reads_the_ledger_that_applies_left() {
    let desk = Desk::new();
    let sha = reviewed(&desk);
    apply(&desk, "100", &sha).success();
    let ended = drift(&desk, "1").success();
    assert!(ended.workspace.join(".fleetform/journal.jsonl").is_file());
    assert!(!desk.asked().contains("issue create"));
}

#[test]
fn only_the_steps_that_need_credentials_see_them() {
    let desk = Desk::new();
    let sha = reviewed(&desk);
    let secret = desk.credentials().remove(1).1;
    for ended in [apply(&desk, "100", &sha), drift(&desk, "1")] {
        assert_eq!(ended.seen.iter().filter(|value| **value == secret).count(), 1);
        assert!(ended.steps.iter().all(|step| !step.log.contains(&secret)));
    }
}
