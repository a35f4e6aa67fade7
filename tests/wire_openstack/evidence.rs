//! What the server's history shows, and what it does not.

use crate::wire::Reply;
use crate::{Cloud, HARD, ID, NOT_FOUND, OFF, SERVER, server};
use fleetform::model::{Operation, ServerId};
use fleetform::provider::{Job, Mark, Observation, Receipt, Trail};
use serde_json::{Value, json};

const ACTIONS: &str = include_str!("../../src/providers/openstack/fixtures/actions.json");
const ACTION: &str = include_str!("../../src/providers/openstack/fixtures/action.json");
const NEWEST: &str = "req-33333333-0000-4000-8000-000000000003";
const OLDER: &str = "req-22222222-0000-4000-8000-000000000002";

async fn marked(reply: Reply, operation: &Operation) -> Option<String> {
    let cloud = Cloud::new([reply]).await;
    let mark = cloud.provider.mark(&ServerId::from(ID), operation).await.unwrap();
    assert_eq!(cloud.nova.seen().len(), usize::from(operation.verb().is_one_shot()));
    mark.map(|mark| mark.0)
}

async fn observed(
    replies: Vec<Reply>,
    operation: &Operation,
    ticket: Option<&str>,
    mark: Option<&str>,
) -> (Observation, Vec<String>) {
    let cloud = Cloud::new(replies).await;
    let receipt = ticket.map(|ticket| Receipt { ticket: Some(ticket.into()), already: false });
    let mark = mark.map(|mark| Mark(mark.into()));
    let id = ServerId::from(ID);
    let trail = Trail { id: &id, operation, receipt: receipt.as_ref(), mark: mark.as_ref() };
    let seen = cloud.provider.observe(trail).await.unwrap();
    let paths =
        cloud.lines().iter().map(|line| line.replace(&format!("GET /v2.1/servers/{ID}"), "")).collect();
    (seen, paths)
}

fn moving() -> Reply {
    Reply::json(200, server(&json!({ "OS-EXT-STS:task_state": "rebooting_hard", "status": "HARD_REBOOT" })))
}

#[tokio::test]
async fn the_mark_is_the_newest_entry_whatever_the_order() {
    let mut turned: Value = serde_json::from_str(ACTIONS).unwrap();
    turned["instanceActions"].as_array_mut().unwrap().reverse();
    assert_eq!(marked(Reply::json(200, ACTIONS), &HARD).await.as_deref(), Some(NEWEST));
    assert_eq!(marked(Reply::json(200, turned), &Operation::Delete).await.as_deref(), Some(NEWEST));
    // Whatever comes is newer than nothing.
    assert_eq!(marked(Reply::json(200, r#"{"instanceActions": []}"#), &HARD).await.as_deref(), Some(""));
    for reply in [
        Reply::json(403, r#"{"forbidden": {"code": 403, "message": "no"}}"#),
        Reply::new(404, "<html>"),
        Reply::json(200, "{}"),
    ] {
        assert_eq!(marked(reply, &HARD).await, None);
    }
    assert_eq!(marked(Reply::json(200, ACTIONS), &OFF).await, None, "no call is spent on it");
}

#[tokio::test]
async fn after_a_lost_answer_only_an_entry_that_is_newer_than_the_mark_is_evidence() {
    let list = || Reply::json(200, ACTIONS);
    let (seen, paths) = observed(vec![list(), Reply::json(200, SERVER)], &HARD, None, Some(OLDER)).await;
    assert_eq!((seen.job, paths), (Job::Succeeded, vec!["/os-instance-actions".to_owned(), String::new()]));
    assert_eq!(observed(vec![list(), moving()], &HARD, None, Some(OLDER)).await.0.job, Job::Running);
    let failed = list_with(&json!({ "message": "Error" }));
    let job = observed(vec![failed, Reply::json(200, SERVER)], &HARD, None, Some(OLDER)).await.0.job;
    assert!(matches!(job, Job::Failed(why) if why.contains("reboot") && why.contains(NEWEST)));
    // Nothing newer, an unknown mark, an entry of another kind, no history: no evidence, and never "not there".
    for (replies, operation, mark) in [
        (vec![list(), Reply::json(200, SERVER)], HARD, Some(NEWEST)),
        (vec![list(), Reply::json(200, SERVER)], HARD, Some("req-unknown")),
        (vec![list(), Reply::json(200, SERVER)], Operation::Delete, Some(OLDER)),
        (vec![Reply::json(200, r#"{"instanceActions": []}"#), Reply::json(200, SERVER)], HARD, Some(OLDER)),
        (vec![Reply::new(403, ""), Reply::json(200, SERVER)], HARD, Some(OLDER)),
        (vec![Reply::json(200, SERVER)], HARD, None),
    ] {
        let (seen, _) = observed(replies, &operation, None, mark).await;
        assert_eq!(seen.job, Job::NoRecords, "{operation:?} {mark:?}");
    }
}

fn list_with(changes: &Value) -> Reply {
    let mut list: Value = serde_json::from_str(ACTIONS).unwrap();
    for (key, value) in changes.as_object().unwrap() {
        list["instanceActions"][0][key] = value.clone();
    }
    Reply::json(200, list)
}

fn action_with(events: &Value, message: &Value) -> Reply {
    let mut one: Value = serde_json::from_str(ACTION).unwrap();
    one["instanceAction"]["events"] = events.clone();
    one["instanceAction"]["message"] = message.clone();
    Reply::json(200, one)
}

#[tokio::test]
async fn a_call_that_was_taken_is_looked_up_by_its_request_id() {
    let path = format!("/os-instance-actions/{NEWEST}");
    let (seen, paths) =
        observed(vec![Reply::json(200, ACTION), Reply::json(200, SERVER)], &HARD, Some(NEWEST), Some(OLDER))
            .await;
    assert_eq!((seen.job, paths), (Job::Succeeded, vec![path, String::new()]));
    let open = json!([{ "event": "compute_reboot_instance", "finish_time": null, "result": null }]);
    let error = json!([{ "finish_time": "x", "result": "Error", "details": "no host" }]);
    for (reply, live, expected) in [
        (action_with(&open, &Value::Null), moving(), Job::Running),
        (action_with(&open, &Value::Null), Reply::json(200, SERVER), Job::NoRecords),
        (action_with(&Value::Null, &Value::Null), Reply::json(200, SERVER), Job::Succeeded),
        (Reply::json(200, ACTION), moving(), Job::Running),
        (Reply::new(404, ""), Reply::json(200, SERVER), Job::NoRecords),
    ] {
        assert_eq!(observed(vec![reply, live], &HARD, Some(NEWEST), None).await.0.job, expected);
    }
    for (reply, word) in [
        (action_with(&error, &json!("Error")), "no host"),
        (action_with(&error, &Value::Null), "no host"),
        (action_with(&Value::Null, &json!("Error")), "Error"),
    ] {
        let job = observed(vec![reply, Reply::json(200, SERVER)], &HARD, Some(NEWEST), None).await.0.job;
        assert!(matches!(&job, Job::Failed(why) if why.contains(word)), "{job:?}");
    }
    let gone =
        observed(vec![Reply::new(404, ""), Reply::json(404, NOT_FOUND)], &Operation::Delete, Some("r"), None);
    assert!(gone.await.0.live.is_none());
}

#[tokio::test]
async fn a_power_change_costs_one_read_per_look_until_it_has_failed() {
    let going = Reply::json(200, server(&json!({ "OS-EXT-STS:task_state": "powering-off" })));
    let off = Reply::json(200, server(&json!({ "OS-EXT-STS:vm_state": "stopped", "status": "SHUTOFF" })));
    for reply in [going, off] {
        let (seen, paths) = observed(vec![reply], &OFF, Some("req-9"), None).await;
        assert_eq!((seen.job, paths.len()), (Job::NoRecords, 1));
    }
    // At rest, and not where it should be: the history says why.
    let error = action_with(&json!([]), &json!("Error"));
    let (seen, paths) = observed(vec![Reply::json(200, SERVER), error], &OFF, Some("req-9"), None).await;
    assert!(matches!(seen.job, Job::Failed(_)));
    assert_eq!(paths[1], "/os-instance-actions/req-9");
    let (seen, _) =
        observed(vec![Reply::json(200, SERVER), Reply::json(200, ACTION)], &OFF, Some("r"), None).await;
    assert_eq!(seen.job, Job::NoRecords, "no failure is recorded");
    let (seen, paths) = observed(vec![Reply::json(200, SERVER)], &OFF, None, None).await;
    assert_eq!((seen.job, paths.len()), (Job::NoRecords, 1));
    let fault = json!({ "code": 500, "message": "No valid host was found." });
    let broken = server(&json!({ "OS-EXT-STS:vm_state": "error", "status": "ERROR", "fault": fault }));
    let (seen, _) =
        observed(vec![Reply::json(200, broken), Reply::new(404, "")], &OFF, Some("req-9"), None).await;
    assert!(matches!(&seen.job, Job::Failed(why) if why.contains("No valid host")), "{:?}", seen.job);
}
