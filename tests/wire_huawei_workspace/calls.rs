//! The exact request of every call, and what a success looks like.

use crate::wire::{Reply, Scripted, Seen};
use crate::{
    HARD, ID, JOB, LIST, NOT_FOUND, OFF_HARD, OFF_SOFT, P, SERVER, SOFT, TOKEN, open, send_all, verdict,
};
use fleetform::model::{Operation, ServerId};
use fleetform::provider::{Cursor, Effect, ErrorKind, Job, Receipt, Trail};
use serde_json::{Value, json};

const OTHER: &str = "522933611213619201";

#[tokio::test]
async fn reads_are_sent_as_the_page_has_them() {
    let server = Scripted::new([
        Reply::json(200, LIST),
        Reply::json(200, SERVER),
        Reply::json(200, SERVER),
        Reply::json(200, JOB),
    ])
    .await;
    let provider = open(&server.url, TOKEN);
    provider.list_part(&Cursor::Start).await.unwrap();
    let id = ServerId::from(ID);
    provider.get(&id).await.unwrap().unwrap();
    let receipt = Receipt { ticket: Some("ff80808288d9f1a70188da2c50da0017".into()), already: false };
    let trail = Trail { id: &id, operation: &Operation::Delete, receipt: Some(&receipt), mark: None };
    assert_eq!(provider.observe(trail).await.unwrap().job, Job::Succeeded);
    let seen = server.seen();
    let lines: Vec<String> = seen.iter().map(Seen::line).collect();
    assert_eq!(
        lines,
        [
            format!("GET /v1/{P}/app-servers?limit=100&offset=0"),
            format!("GET /v1/{P}/app-servers/{ID}"),
            format!("GET /v1/{P}/app-servers/{ID}"),
            format!("GET /v2/{P}/job/ff80808288d9f1a70188da2c50da0017"),
        ]
    );
    for seen in seen {
        assert_eq!((seen.header("x-auth-token"), seen.body.as_str()), (Some("given-token"), ""));
        assert_eq!((seen.header("authorization"), seen.header("content-type")), (None, None));
    }
}

#[tokio::test]
async fn changes_are_sent_as_the_page_has_them() {
    let actions = format!("/v1/{P}/app-servers/actions");
    let rename = Operation::Rename { to: "画图-3".into() };
    for (operation, line, body, answer) in [
        (Operation::PowerOn, format!("PATCH {actions}/batch-start"), json!({ "items": [ID] }), "null"),
        (OFF_SOFT, format!("PATCH {actions}/batch-stop"), json!({ "items": [ID], "type": "SOFT" }), "null"),
        (OFF_HARD, format!("PATCH {actions}/batch-stop"), json!({ "items": [ID], "type": "HARD" }), "null"),
        (SOFT, format!("PATCH {actions}/batch-reboot"), json!({ "items": [ID], "type": "SOFT" }), "null"),
        (HARD, format!("PATCH {actions}/batch-reboot"), json!({ "items": [ID], "type": "HARD" }), "null"),
        (rename, format!("PATCH /v1/{P}/app-servers/{ID}"), json!({ "name": "画图-3" }), "{}"),
        (Operation::Delete, format!("DELETE /v1/{P}/app-servers/{ID}"), Value::Null, r#"{"job_id":"j1"}"#),
    ] {
        let server = Scripted::new([Reply::json(200, answer)]).await;
        let mut verdicts = send_all(&server, &operation, &[ID]).await.unwrap();
        let receipt = verdicts.pop().unwrap().unwrap();
        let ticket = (operation == Operation::Delete).then(|| "j1".to_owned());
        assert_eq!(receipt, Receipt { ticket, already: false });
        let seen = server.only();
        assert_eq!(seen.line(), line);
        assert_eq!(seen.header("x-auth-token"), Some("given-token"));
        if body.is_null() {
            assert_eq!((seen.body.as_str(), seen.header("content-type")), ("", None));
        } else {
            assert_eq!(serde_json::from_str::<Value>(&seen.body).unwrap(), body);
            assert_eq!(seen.header("content-type"), Some("application/json"));
        }
    }
}

#[tokio::test]
async fn several_servers_share_one_call() {
    let server = Scripted::new([Reply::json(200, "null")]).await;
    let verdicts = send_all(&server, &HARD, &[ID, OTHER]).await.unwrap();
    assert!(
        verdicts.len() == 2
            && verdicts.iter().all(|verdict| verdict.as_ref().unwrap() == &Receipt::default())
    );
    let body: Value = serde_json::from_str(&server.only().body).unwrap();
    assert_eq!(body, json!({ "items": [ID, OTHER], "type": "HARD" }));

    let server = Scripted::new([Reply::json(200, r#"{"job_id":"j2"}"#)]).await;
    let verdicts = send_all(&server, &Operation::Delete, &[ID, OTHER]).await.unwrap();
    let tickets: Vec<_> = verdicts.into_iter().map(|verdict| verdict.unwrap().ticket.unwrap()).collect();
    assert_eq!(tickets, ["j2", "j2"]);
    let seen = server.only();
    assert_eq!(seen.line(), format!("POST /v1/{P}/app-servers/actions/batch-delete"));
    assert_eq!(serde_json::from_str::<Value>(&seen.body).unwrap(), json!({ "items": [ID, OTHER] }));
}

#[tokio::test]
async fn a_batch_that_is_refused_is_refused_as_a_whole() {
    for (reply, kind) in [
        (
            Reply::json(400, json!({ "error_code": "WKS.0012", "error_msg": "not in this state" })),
            ErrorKind::Refused,
        ),
        (Reply::json(404, NOT_FOUND), ErrorKind::NotFound),
        (Reply::json(409, json!({ "error_code": "WKS.0011", "error_msg": "busy" })), ErrorKind::Busy),
    ] {
        for operation in [Operation::PowerOn, OFF_HARD, HARD, Operation::Delete] {
            let server = Scripted::new([reply.clone()]).await;
            let error = send_all(&server, &operation, &[ID, OTHER]).await.expect_err("none was done");
            assert_eq!((error.kind, error.effect), (kind, Effect::None), "{operation:?} {reply:?}: {error}");
        }
    }
}

#[tokio::test]
async fn a_success_says_nothing_and_anything_else_is_no_success() {
    let rename = Operation::Rename { to: "b".into() };
    for body in ["null", "", " null\n", "{}"] {
        for operation in [Operation::PowerOn, OFF_SOFT, HARD, rename.clone()] {
            assert_eq!(
                verdict(Reply::new(200, body), &operation).await.unwrap(),
                Receipt::default(),
                "{body}"
            );
        }
    }
    verdict(Reply::json(200, SERVER), &rename).await.unwrap();
    for reply in [
        Reply::new(200, "<html>please log in</html>"),
        Reply::new(202, "<html>please log in</html>"),
        Reply::new(200, "nul"),
        Reply::new(200, "hello"),
        Reply::json(200, "[]"),
        Reply::json(200, "true"),
        Reply::json(200, r#""null""#),
        Reply::json(200, r#"{"error_code":"WKS.0012","error_msg":"no"}"#),
        Reply::json(200, r#"{"job_id":"#),
        Reply::json(206, "null"),
    ] {
        for operation in [Operation::PowerOn, OFF_HARD, SOFT, rename.clone(), Operation::Delete] {
            let error = verdict(reply.clone(), &operation).await.expect_err("nobody took the call");
            assert_eq!(
                (error.kind, error.effect),
                (ErrorKind::Garbage, Effect::Unknown),
                "{reply:?}: {error}"
            );
        }
    }
    let error = verdict(Reply::json(200, SERVER), &HARD).await.expect_err("an action says nothing");
    assert_eq!((error.kind, error.effect), (ErrorKind::Garbage, Effect::Unknown));
}

#[tokio::test]
async fn a_deletion_without_a_job_had_nothing_to_delete() {
    for body in ["{}", r#"{"job_id":null}"#, r#"{"job_id":""}"#, "null", ""] {
        let receipt = verdict(Reply::new(200, body), &Operation::Delete).await.unwrap();
        assert_eq!(receipt, Receipt { ticket: None, already: true }, "{body}");
    }
    let error = verdict(Reply::json(404, NOT_FOUND), &Operation::Delete).await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::NotFound, Effect::None));
    let server = Scripted::new([Reply::json(200, "{}")]).await;
    let verdicts = send_all(&server, &Operation::Delete, &[ID, OTHER]).await.unwrap();
    assert!(
        verdicts.iter().all(|verdict| verdict.as_ref().unwrap() == &Receipt::default()),
        "each is looked at"
    );
}

#[tokio::test]
async fn what_cannot_be_asked_and_ids_that_would_vanish_are_never_sent() {
    let server = Scripted::new([Reply::json(200, "null")]).await;
    for operation in [Operation::Suspend, Operation::Resume] {
        let error = send_all(&server, &operation, &[ID]).await.unwrap_err();
        assert_eq!((error.kind, error.effect), (ErrorKind::Unsupported, Effect::None));
    }
    for id in ["", ".", ".."] {
        let error = send_all(&server, &Operation::Delete, &[id]).await.unwrap_err();
        assert_eq!((error.kind, error.effect), (ErrorKind::Refused, Effect::None), "{id}");
    }
    assert!(server.seen().is_empty());
}

async fn observed(job: Reply, id: &str) -> Job {
    let live = json!({ "id": id, "name": "a", "vm_status": "ACTIVE" });
    let server = Scripted::new([Reply::json(200, live), job]).await;
    let id = ServerId::from(id);
    let receipt = Receipt { ticket: Some("ff80808288d9f1a70188da2c50da0017".into()), already: false };
    let trail = Trail { id: &id, operation: &Operation::Delete, receipt: Some(&receipt), mark: None };
    open(&server.url, TOKEN).observe(trail).await.unwrap().job
}

#[tokio::test]
async fn a_job_is_read_for_one_server_of_it() {
    assert_eq!(observed(Reply::json(200, JOB), ID).await, Job::Succeeded, "it failed for the other");
    let Job::Failed(why) = observed(Reply::json(200, JOB), OTHER).await else { panic!("it failed") };
    assert!(why.contains("the volume is still attached") && why.contains("WKS.1042"), "{why}");
    assert_eq!(observed(Reply::json(200, JOB), "5").await, Job::NoRecords, "it is not said for whom");
    let whole =
        |status: &str| Reply::json(200, json!({ "status": status, "sub_jobs_total": 1, "sub_jobs": [] }));
    let part = |status: &str| {
        let own = json!({ "status": status, "job_resource_info": { "resource_id": ID } });
        Reply::json(200, json!({ "status": "RUNNING", "sub_jobs_total": "2", "sub_jobs": [own] }))
    };
    for (reply, expected) in [
        (whole("WAITING"), Job::Running),
        (whole("RUNNING"), Job::Running),
        (whole("SUCCESS"), Job::Succeeded),
        (whole("FAILED"), Job::Failed("job ff80808288d9f1a70188da2c50da0017 failed".into())),
        (whole("DREAMING"), Job::NoRecords),
        (Reply::json(200, json!({ "status": "FAILED", "sub_jobs_total": 3 })), Job::NoRecords),
        (Reply::json(200, json!({ "status": "RUNNING", "sub_jobs": null })), Job::Running),
        (part("WAITING"), Job::Running),
        (part("ROLLBACK"), Job::Running),
        (part("ABORTING"), Job::Running),
        (part("SUCCESS"), Job::Succeeded),
        (part("ABNORMAL"), Job::Failed("the provider's job failed without a reason".into())),
        (Reply::json(200, json!({ "id": "another", "status": "SUCCESS" })), Job::NoRecords),
        (Reply::json(404, NOT_FOUND), Job::NoRecords),
        (Reply::new(200, "<html>"), Job::NoRecords),
        (Reply::json(403, "{}"), Job::NoRecords),
    ] {
        assert_eq!(observed(reply.clone(), ID).await, expected, "{reply:?}");
    }
}

#[tokio::test]
async fn once_the_server_is_gone_nobody_asks_for_the_job() {
    let server = Scripted::new([Reply::json(404, NOT_FOUND)]).await;
    let id = ServerId::from(ID);
    let receipt = Receipt { ticket: Some("j1".into()), already: false };
    let trail = Trail { id: &id, operation: &Operation::Delete, receipt: Some(&receipt), mark: None };
    let seen = open(&server.url, TOKEN).observe(trail).await.unwrap();
    assert!(seen.live.is_none() && seen.job == Job::NoRecords);
    assert_eq!(server.seen().len(), 1);
}
