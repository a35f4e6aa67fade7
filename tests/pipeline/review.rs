//! A change from its pull request to its apply, through all workflows and all jobs: from a signed snapshot, without
//! credentials, to a comment, and after the merge to the servers.

use crate::desk::{Desk, SERVERS};
use crate::files::{root, workflow};
use crate::gitlab;
use crate::runner::{Ended, Runner};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// A canary for what no job of a pull request may see.
const CANARY: &str = "canary-of-a-secret";

fn key(name: &str) -> String {
    fs::read_to_string(root().join("tests/pipeline").join(name)).unwrap()
}

/// A fleet on `main` with the public key beside it, and a change of it in a branch; both commits.
fn opened(desk: &Desk) -> (String, String) {
    fs::write(desk.path("author/fleetform.pub"), key("sign.pub")).unwrap();
    let base = desk.commit("main", &desk.fleet(SERVERS));
    let changed = SERVERS.replace("\"web-{1..2}\", power: on", "\"web-{1..2}\", power: off");
    (base, desk.commit("change", &desk.fleet(&changed)))
}

fn snapshot(desk: &Desk, sha: &str) -> Ended {
    let mut secrets = json!({ "FLEETFORM_SIGN_KEY": key("sign.key"), "FLEETFORM_SIGN_PASSWORD": "" });
    for (name, value) in desk.credentials() {
        secrets[name] = json!(value);
    }
    let contexts = json!({ "github": { "ref": "refs/heads/main", "sha": sha }, "secrets": secrets });
    let ended = Runner::new(desk, "20", &contexts).job(&workflow("snapshot")).success();
    let run = |id: u64, event: &str| json!({ "databaseId": id, "workflow": "snapshot.yml", "headBranch": "main", "event": event, "conclusion": "success" });
    // The first is of a fork's branch called main, and newer.
    desk.service("runs.json", &json!([run(21, "pull_request"), run(20, "schedule")]));
    ended
}

fn plan(desk: &Desk, sha: &str) -> Ended {
    let github = json!({ "base_ref": "main", "sha": sha, "event": { "pull_request": { "number": 7 } } });
    let secrets = json!({ "HOSTWAY_USERNAME": CANARY, "HOSTWAY_PASSWORD": CANARY });
    let contexts = json!({ "github": github, "secrets": secrets });
    Runner::new(desk, "11", &contexts).job(&workflow("plan"))
}

/// GitHub's comments: none at first; what is sent to it.
fn comments() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let sent = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&sent);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut bytes = [0; 4096];
            loop {
                let read = stream.read(&mut bytes).unwrap_or(0);
                request.extend_from_slice(&bytes[..read]);
                let text = String::from_utf8_lossy(&request).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = head.to_lowercase().lines().find_map(|line| {
                    line.strip_prefix("content-length:").and_then(|value| value.trim().parse::<usize>().ok())
                });
                if read == 0 || body.len() >= length.unwrap_or(0) {
                    break;
                }
            }
            let text = String::from_utf8_lossy(&request).into_owned();
            let (status, body) = if text.starts_with("POST ") {
                (
                    "201 Created",
                    json!({ "id": 1, "body": "", "author": { "id": 1 }, "html_url": "https://github.example/c/1", "user": { "id": 1, "type": "Bot" } }),
                )
            } else if text.starts_with("GET /user ") && text.to_lowercase().contains("private-token:") {
                ("200 OK", json!({ "id": 1, "username": "a-bot" }))
            } else if text.starts_with("GET /projects/group%2Fservers/merge_requests/9 ") {
                (
                    "200 OK",
                    json!({ "iid": 9, "web_url": "https://gitlab.example/group/servers/-/merge_requests/9" }),
                )
            } else if text.starts_with("GET /user ") {
                // What GitHub says to the token of a workflow, which is no user's.
                ("403 Forbidden", json!({ "message": "Resource not accessible by integration" }))
            } else {
                ("200 OK", json!([]))
            };
            log.lock().unwrap().push(text);
            let body = body.to_string();
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (url, sent)
}

fn comment(desk: &Desk, api: &str, head: &str) -> Ended {
    let run = json!({
        "id": 11, "event": "pull_request", "conclusion": "success", "head_sha": head,
        "path": ".github/workflows/plan.yml",
        "head_branch": "$(touch pwned)", "head_repository": { "owner": { "login": "a-fork" } },
    });
    let github = json!({ "api_url": api, "sha": "", "event": {
        "workflow_run": run, "repository": { "default_branch": "main" },
    } });
    Runner::new(desk, "30", &json!({ "github": github })).job(&workflow("comment"))
}

#[test]
fn a_pull_request_is_planned_from_a_snapshot_without_credentials() {
    let desk = Desk::new();
    let (base, head) = opened(&desk);
    let taken = snapshot(&desk, &base);
    assert!(taken.steps.iter().all(|step| !step.log.contains(&desk.credentials()[1].1)));
    let left = fs::read_dir(taken.workspace.parent().unwrap().join("temp")).unwrap().flatten();
    assert!(
        left.into_iter().all(|file| file.file_name() != "fleetform.key"),
        "the key is gone from the disk"
    );

    let planned = plan(&desk, &head).success();
    assert!(planned.seen.iter().all(|value| !value.contains(CANARY)));
    assert!(planned.summary.contains("web-1") && planned.summary.contains("this change"), "{planned:#?}");
    for file in ["plan.json", "plan.html", "plan.sarif"] {
        assert!(desk.path("service/artifacts/11/fleetform-plan").join(file).is_file(), "{file}");
    }
    assert_eq!(desk.accepted(), 0);
}

#[test]
fn a_snapshot_that_somebody_else_signed_or_changed_is_refused() {
    let desk = Desk::new();
    let (base, head) = opened(&desk);
    snapshot(&desk, &base);
    let live = desk.path("service/artifacts/20/fleetform-live/live.json");
    let text = fs::read_to_string(&live).unwrap();
    fs::write(&live, text.replace("\"off\"", "\"on\"")).unwrap();
    let ended = plan(&desk, &head);
    assert!(ended.step("Plan").code != 0 && !ended.workspace.join("plan.json").exists(), "{ended:#?}");
}

#[test]
fn without_a_snapshot_a_pull_request_is_told_what_to_do() {
    let desk = Desk::new();
    let (_, head) = opened(&desk);
    let ended = plan(&desk, &head).failed_at("Fetch the latest snapshot", 1);
    assert!(
        ended.step("Fetch the latest snapshot").log.contains("run the workflow 'fleetform snapshot' once")
    );
}

#[test]
fn a_plan_is_commented_on_the_pull_request_that_github_names() {
    let desk = Desk::new();
    let head = desk.git("author", &["rev-parse", "HEAD"]);
    desk.artifact_of("11");
    let (api, sent) = comments();
    desk.service(
        "api/repos_somebody_servers_pulls.json",
        &json!([{ "number": 3, "head": { "sha": "old" } }]),
    );
    assert!(!comment(&desk, &api, &head).success().ran("Comment"), "another commit's plan is not shown");

    let pulls = json!([{ "number": 3, "head": { "sha": "old" } }, { "number": 7, "head": { "sha": head } }]);
    desk.service("api/repos_somebody_servers_pulls.json", &pulls);
    let ended = comment(&desk, &api, &head).success();
    assert!(ended.ran("Comment") && !ended.workspace.join("pwned").exists());
    let sent = sent.lock().unwrap();
    let post = sent.iter().find(|request| request.starts_with("POST ")).expect("a comment was created");
    assert!(
        post.starts_with("POST /repos/somebody/servers/issues/7/comments") && post.contains("report-2"),
        "{post}"
    );
}

#[test]
fn an_artifact_that_is_no_plain_plan_is_not_read() {
    let desk = Desk::new();
    let head = desk.git("author", &["rev-parse", "HEAD"]);
    desk.service("api/repos_somebody_servers_pulls.json", &json!([{ "number": 7, "head": { "sha": head } }]));
    let ended = comment(&desk, "http://127.0.0.1:9", &head).success();
    assert!(ended.step("Fetch its plan").log.contains("left no plan") && !ended.ran("Comment"));
    let folder = desk.path("service/artifacts/11/fleetform-plan");
    fs::create_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.join("plan.json")).unwrap();
    let ended = comment(&desk, "http://127.0.0.1:9", &head).failed_at("Fetch its plan", 1);
    assert!(!ended.ran("Comment"));
    desk.service(
        "api/repos_somebody_servers_pulls.json",
        &json!([{ "number": "7; x", "head": { "sha": head } }]),
    );
    comment(&desk, "http://127.0.0.1:9", &head).failed_at("Find the pull request", 1);
}

#[test]
fn a_merge_request_is_planned_from_the_package_that_the_schedule_left() {
    let desk = Desk::new();
    let (base, head) = opened(&desk);
    let sign = desk.path("sign.key");
    fs::write(&sign, key("sign.key")).unwrap();
    let sign = sign.display().to_string();
    gitlab::run(&desk, "fleetform-snapshot", &base, &[("FLEETFORM_SIGN_KEY", &sign)]).code(0);
    let planned =
        gitlab::run(&desk, "fleetform-plan", &head, &[("CI_MERGE_REQUEST_DIFF_BASE_SHA", &base)]).code(0);
    let counts: Value =
        serde_json::from_slice(&fs::read(planned.folder.join("counts.json")).unwrap()).unwrap();
    assert_eq!(counts, json!({ "create": 0, "update": 2, "delete": 0 }));
    assert!(planned.folder.join("plan.html").is_file());
}

#[test]
fn plans_of_open_merge_requests_are_commented_by_the_schedule() {
    let desk = Desk::new();
    let sha = desk.git("author", &["rev-parse", "HEAD"]);
    let plan = desk.artifact_of("11");
    let put = |path: &str, value: &Value| {
        let file = desk.path("gitlab/projects").join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, value.to_string()).unwrap();
    };
    put("5/merge_requests.json", &json!([{ "iid": 4 }, { "iid": 9 }]));
    put("5/merge_requests/4.json", &json!({ "head_pipeline": null }));
    put("5/merge_requests/9.json", &json!({ "head_pipeline": { "id": 80, "project_id": 6 } }));
    put(
        "6/pipelines/80/jobs.json",
        &json!([{ "id": 1, "name": "other", "artifacts_file": {} }, { "id": 2, "name": "fleetform-plan", "artifacts_file": {} }]),
    );
    put("6/jobs/2/artifacts/plan.json", &serde_json::from_slice(&fs::read(plan).unwrap()).unwrap());
    let (api, sent) = comments();
    // The stand-in for curl knows its own address by the same variable.
    gitlab::run(&desk, "fleetform-comment", &sha, &[("CI_API_V4_URL", &api)]).code(0);
    let sent = sent.lock().unwrap();
    let post = sent.iter().find(|request| request.starts_with("POST ")).expect("a note was created");
    assert!(post.contains("/merge_requests/9/notes") && post.contains("report-2"), "{post}");
}
