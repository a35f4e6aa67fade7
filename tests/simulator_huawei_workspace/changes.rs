//! What is done to servers: batches, names, deletion.

use crate::common::{start, until};
use crate::{DEAF, OFF, ON, Workspace, YEARLY, code, refused, world};
use serde_json::json;

#[test]
fn power_changes_show_a_task_and_the_old_state_meanwhile() {
    let running = start(world());
    let ws = Workspace::of(&running);
    for (action, body, task, before, after) in [
        ("batch-stop", json!({ "items": [ON], "type": "SOFT" }), "powering-off", "ACTIVE", "SHUTOFF"),
        ("batch-start", json!({ "items": [ON] }), "powering-on", "SHUTOFF", "ACTIVE"),
        ("batch-reboot", json!({ "items": [ON], "type": "SOFT" }), "rebooting", "ACTIVE", "ACTIVE"),
        ("batch-reboot", json!({ "items": [ON], "type": "HARD" }), "rebooting_hard", "ACTIVE", "ACTIVE"),
        ("batch-stop", json!({ "items": [ON], "type": "HARD" }), "powering-off", "ACTIVE", "SHUTOFF"),
    ] {
        let answer = ws.act(action, &body);
        assert_eq!((answer.status, &*answer.body), (200, &b"null"[..]), "{action}");
        let meanwhile = ws.server(ON);
        assert_eq!((&meanwhile["task_status"], &meanwhile["vm_status"]), (&json!(task), &json!(before)));
        assert_eq!(refused(&ws.act(action, &body)), code(409, "WKS.0011"));
        ws.settled(ON, after);
        if action == "batch-start" {
            assert_eq!(ws.server(ON)["status"], "UNREGISTER", "the guest has not reported yet");
            until(|| ws.server(ON)["status"] == "REGISTERED");
        }
    }
    let tally = running.stats().tally("ws", ON);
    assert_eq!((tally.reboots, tally.power_ons, tally.power_offs), (2, 1, 2));
}

#[test]
fn what_is_so_already_is_taken_and_what_cannot_be_is_refused() {
    let running = start(world());
    let ws = Workspace::of(&running);
    for (action, body) in [
        ("batch-start", json!({ "items": [ON] })),
        ("batch-stop", json!({ "items": [OFF], "type": "SOFT" })),
        ("batch-stop", json!({ "items": [OFF], "type": "HARD" })),
    ] {
        assert_eq!(&*ws.act(action, &body).body, b"null");
    }
    for (action, body) in [
        ("batch-reboot", json!({ "items": [OFF], "type": "HARD" })),
        ("batch-reboot", json!({ "items": [ON, OFF], "type": "HARD" })),
        ("batch-start", json!({ "items": ["522933611213619202"] })),
        ("batch-stop", json!({ "items": ["522933611213619202"], "type": "HARD" })),
    ] {
        assert_eq!(refused(&ws.act(action, &body)), code(400, "WKS.0012"), "{action}");
    }
    running.change_server("ws", OFF, json!({ "state": "REBUILD" })).unwrap();
    assert_eq!(refused(&ws.act("batch-start", &json!({ "items": [OFF] }))), code(409, "WKS.0011"));
    assert!(running.stats().servers.is_empty(), "nothing was done");
}

#[test]
fn a_batch_is_whole_or_not_at_all() {
    let running = start(world());
    let ws = Workspace::of(&running);
    let unknown = ws.act("batch-stop", &json!({ "items": [ON, "1"], "type": "HARD" }));
    assert_eq!(refused(&unknown), code(404, "WKS.0010"));
    assert!(running.stats().servers.is_empty());
    assert_eq!(ws.act("batch-start", &json!({ "items": [OFF] })).status, 200);
    let busy = ws.act("batch-stop", &json!({ "items": [ON, OFF], "type": "HARD" }));
    assert_eq!(refused(&busy), code(409, "WKS.0011"));
    assert_eq!(running.stats().tally("ws", ON).accepted, 0);
    ws.settled(OFF, "ACTIVE");
    let both = ws.act("batch-stop", &json!({ "items": [ON, OFF], "type": "HARD" }));
    assert_eq!(both.status, 200);
    ws.settled(ON, "SHUTOFF");
    ws.settled(OFF, "SHUTOFF");
}

#[test]
fn batches_are_read_to_the_letter() {
    let running = start(world());
    let ws = Workspace::of(&running);
    let many: Vec<String> = (0..21).map(|n| n.to_string()).collect();
    for (action, body) in [
        ("batch-stop", json!({ "items": [ON] })),
        ("batch-stop", json!({ "items": [ON], "type": "hard" })),
        ("batch-reboot", json!({ "items": [ON] })),
        ("batch-start", json!({ "items": [OFF], "type": "HARD" })),
        ("batch-start", json!({ "items": [] })),
        ("batch-start", json!({ "items": many })),
        ("batch-start", json!({ "items": [OFF, OFF] })),
        ("batch-start", json!({ "items": [522_933_611_213_619_201_u64] })),
        ("batch-start", json!({ "ids": [OFF] })),
        ("batch-start", json!([OFF])),
        ("batch-maint", json!({ "items": [OFF], "maintain_status": "true" })),
    ] {
        assert_eq!(refused(&ws.act(action, &body)), code(400, "WKS.0002"), "{action} {body}");
    }
    let path = ws.path("/actions/batch-start");
    let empty = ws.client.send("PATCH", &path, Some("application/json"), Vec::new());
    assert_eq!(refused(&empty), code(400, "WKS.0001"));
    let body = json!({ "items": [OFF] }).to_string().into_bytes();
    assert_eq!(refused(&ws.client.send("PATCH", &path, Some("text/plain"), body)), code(400, "WKS.0002"));
    assert!(running.stats().servers.is_empty());
    let twenty: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    assert_eq!(ws.act("batch-start", &json!({ "items": twenty })).status, 404, "as many may be asked for");
    assert_eq!(ws.act("batch-maint", &json!({ "items": [OFF], "maintain_status": true })).status, 200);
    assert_eq!(ws.server(OFF)["maintain_status"], true);
}

#[test]
fn a_guest_that_does_not_answer_stays_as_it_is() {
    let running = start(world());
    let ws = Workspace::of(&running);
    assert_eq!(ws.act("batch-stop", &json!({ "items": [DEAF], "type": "SOFT" })).status, 200);
    assert_eq!(ws.server(DEAF)["task_status"], "powering-off");
    ws.settled(DEAF, "ACTIVE");
    ws.act("batch-stop", &json!({ "items": [DEAF], "type": "HARD" }));
    ws.settled(DEAF, "SHUTOFF");
}

#[test]
fn a_name_has_rules_and_the_machine_keeps_its_own() {
    let running = start(world());
    let ws = Workspace::of(&running);
    let path = ws.path(&format!("/{ON}"));
    let machine = ws.server(ON)["machine_name"].clone();
    for name in ["renamed_1-A", "云桌面", "web-2", &"x".repeat(64)] {
        let answer = ws.client.patch_json(&path, &json!({ "name": name }));
        assert_eq!((answer.status, answer.json()), (200, json!({})));
        assert_eq!((&ws.server(ON)["name"], &ws.server(ON)["machine_name"]), (&json!(name), &machine));
    }
    for name in ["", "a.b", "a b", "ü", "a/b", &"x".repeat(65)] {
        let answer = ws.client.patch_json(&path, &json!({ "name": name }));
        assert_eq!(refused(&answer), code(400, "WKS.0002"), "{name}");
    }
    assert_eq!(refused(&ws.client.patch_json(&path, &json!({}))), code(400, "WKS.0001"));
    assert_eq!(refused(&ws.client.patch_json(&path, &json!({ "nmae": "x" }))), code(400, "WKS.0002"));
    let gone = ws.client.patch_json(&ws.path("/1"), &json!({ "name": "x" }));
    assert_eq!(refused(&gone), code(404, "WKS.0010"));
    ws.client.patch_json(&path, &json!({ "description": "d", "maintain_status": true }));
    assert_eq!(
        (&ws.server(ON)["description"], &ws.server(ON)["status"]),
        (&json!("d"), &json!("MAINTAINING"))
    );
    assert_eq!(running.stats().tally("ws", ON).renames, 4);
    ws.act("batch-reboot", &json!({ "items": [ON], "type": "HARD" }));
    assert_eq!(refused(&ws.client.patch_json(&path, &json!({ "name": "x" }))), code(409, "WKS.0011"));
}

#[test]
fn a_deletion_is_a_job_that_is_done_before_the_server_is_gone() {
    let mut slow = world();
    slow["defaults"]["settle"] = json!("2s");
    let running = start(slow);
    let ws = Workspace::of(&running);
    let answer = ws.delete(ON);
    let id = answer.json()["job_id"].as_str().unwrap().to_owned();
    assert_eq!((answer.status, &ws.job(&id)["status"]), (200, &json!("WAITING")));
    let meanwhile = ws.server(ON);
    assert_eq!(
        (&meanwhile["task_status"], &meanwhile["job_id"], &meanwhile["job_type"]),
        (&json!("deleting"), &json!(id), &json!("DELETE_SERVER"),)
    );
    assert_eq!(refused(&ws.delete(ON)), code(409, "WKS.0011"));
    until(|| ws.job(&id)["status"] == "RUNNING");
    assert!(ws.job(&id)["end_time"].is_null());
    until(|| ws.job(&id)["status"] == "SUCCESS");
    assert_eq!(ws.server(ON)["job_status"], "SUCCESS", "it is still there");
    until(|| ws.client.get(&ws.path(&format!("/{ON}"))).status == 404);
    let job = ws.job(&id);
    assert_eq!(
        (&job["id"], &job["job_type"], &job["sub_jobs_total"]),
        (&json!(id), &json!("DELETE_SERVER"), &json!(1),)
    );
    assert_eq!(job["sub_jobs"][0]["job_resource_info"]["resource_id"], ON);
    assert!(job["end_time"].is_string() && job["sub_jobs"][0]["error_code"].is_null());
    let again = ws.delete(ON);
    assert_eq!((again.status, again.json()), (200, json!({})), "no job for who is not there");
    let path = format!("/v1/{}/app-server-sub-jobs", ws.project);
    assert_eq!(ws.client.get(&format!("{path}?job_type=DELETE_SERVER")).json()["count"], 1);
    assert_eq!(refused(&ws.client.get(&path)), code(400, "WKS.0002"));
}

#[test]
fn several_are_deleted_as_one_job_and_none_if_one_cannot_be() {
    let running = start(world());
    let ws = Workspace::of(&running);
    let path = ws.path("/actions/batch-delete");
    assert_eq!(refused(&ws.delete(YEARLY)), code(400, "WKS.0012"));
    assert_eq!(
        refused(&ws.client.post_json(&path, &json!({ "items": [ON, YEARLY] }))),
        code(400, "WKS.0012")
    );
    assert_eq!(refused(&ws.client.post_json(&path, &json!({ "items": [ON, "1"] }))), code(404, "WKS.0010"));
    let typed = json!({ "items": [ON], "type": "HARD" });
    assert_eq!(refused(&ws.client.post_json(&path, &typed)), code(400, "WKS.0002"));
    assert!(running.stats().servers.is_empty());
    let answer = ws.client.post_json(&path, &json!({ "items": [ON, OFF] }));
    let id = answer.json()["job_id"].as_str().unwrap().to_owned();
    until(|| ws.job(&id)["status"] == "SUCCESS");
    assert_eq!(ws.job(&id)["sub_jobs_total"], 2);
    until(|| ws.list("").json()["count"] == 3);
}
