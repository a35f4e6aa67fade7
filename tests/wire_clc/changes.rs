//! Operations, deletes and the queue.

use crate::wire::Reply;
use crate::{calls, foreign, lines, message, open, scripted};
use fleetform::model::{OffKind, Operation, RebootKind, ServerId};
use fleetform::provider::{Effect, Error, ErrorKind, Job, Observation, Receipt, Trail};
use serde_json::{Value, json};

const OPERATION: &str = include_str!("../../src/providers/clc/fixtures/operation.json");
const DELETED: &str = include_str!("../../src/providers/clc/fixtures/deleted.json");
const INVALID: &str =
    "The operation cannot be queued because the server cannot be found or it is not in a valid state.";
const RESET: Operation = Operation::Reboot { method: RebootKind::Hard };
const OFF: Operation = Operation::PowerOff { method: OffKind::Hard };

type Verdict = Result<Receipt, Error>;

async fn send(reply: Reply, operation: &Operation) -> (Verdict, usize) {
    let server = scripted([reply]).await;
    let sent = open(&server.url).send(operation, &["WA1ALIASWB01".into()]).await;
    let verdict = sent.and_then(|mut verdicts| verdicts.pop().unwrap());
    (verdict, calls(&server).len())
}

fn entry(queued: bool, text: Option<&str>) -> Value {
    let mut entry = json!({ "server": "wa1aliaswb01", "isQueued": queued });
    if let Some(text) = text {
        entry["errorMessage"] = json!(text);
    }
    entry
}

#[tokio::test]
async fn every_operation_has_its_word_and_a_bare_list_of_ids() {
    use Operation::{PowerOff, PowerOn, Reboot, Resume, Suspend};
    for (operation, word) in [
        (PowerOn, "powerOn"),
        (Resume, "powerOn"),
        (PowerOff { method: OffKind::Graceful }, "shutDown"),
        (OFF, "powerOff"),
        (Suspend, "pause"),
        (Reboot { method: RebootKind::Soft }, "reboot"),
        (RESET, "reset"),
    ] {
        let server = scripted([Reply::json(200, OPERATION)]).await;
        let ids = ["WA1ALIASWB01".into(), "wa1aliaswb02".into()];
        let verdicts = open(&server.url).send(&operation, &ids).await.unwrap();
        let call = calls(&server).remove(0);
        assert_eq!(call.line(), format!("POST /v2/operations/ALIAS/servers/{word}"));
        assert_eq!(call.header("content-type"), Some("application/json"));
        assert_eq!(call.body, r#"["wa1aliaswb01","wa1aliaswb02"]"#);
        let taken = Receipt { ticket: Some("wa1-12345".into()), already: false };
        assert_eq!(*verdicts[0].as_ref().unwrap(), taken, "in the order asked, not in the order answered");
        let refused = verdicts[1].as_ref().unwrap_err();
        assert_eq!((refused.kind, refused.effect), (ErrorKind::Refused, Effect::None));
        assert!(refused.to_string().contains(INVALID), "{refused}");
    }
}

#[tokio::test]
async fn what_it_cannot_do_is_not_sent() {
    for operation in [
        Operation::Rename { to: "x".into() },
        Operation::PowerOff { method: OffKind::NotToldApart },
        Operation::Reboot { method: RebootKind::NotToldApart },
    ] {
        let (verdict, calls) = send(Reply::json(200, OPERATION), &operation).await;
        assert_eq!((verdict.unwrap_err().kind, calls), (ErrorKind::Unsupported, 0), "{operation:?}");
    }
}

#[tokio::test]
async fn nothing_to_do_is_said_in_words_or_not_at_all_and_of_power_only() {
    let already = "The server already in desired state.";
    for text in [None, Some(""), Some(already), Some("the server ALREADY IN DESIRED STATE")] {
        for status in [200, 202, 400] {
            let body = json!([entry(false, text)]);
            for operation in [Operation::PowerOn, Operation::Resume, OFF, Operation::Suspend] {
                let (verdict, _) = send(Reply::json(status, &body), &operation).await;
                assert!(verdict.unwrap().already, "{operation:?} {text:?}");
            }
            for operation in [RESET, Operation::Reboot { method: RebootKind::Soft }, Operation::Delete] {
                let (verdict, _) = send(Reply::json(status, &body), &operation).await;
                let error = verdict.expect_err("there is no such thing as already rebooted");
                assert_eq!((error.kind, error.effect), (ErrorKind::Refused, Effect::None), "{operation:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_refusal_may_come_with_a_400_as_a_list_or_alone() {
    let refusal = entry(false, Some(INVALID));
    for body in [json!([refusal]), refusal.clone()] {
        for status in [200, 400] {
            for operation in [OFF, RESET, Operation::Delete] {
                let (verdict, calls) = send(Reply::json(status, &body), &operation).await;
                let error = verdict.unwrap_err();
                assert_eq!((error.kind, error.effect, calls), (ErrorKind::Refused, Effect::None, 1));
                assert!(error.to_string().contains("not in a valid state"), "{error}");
            }
        }
    }
    for reply in [Reply::json(400, message("bad body")), Reply::new(400, "<html>"), Reply::json(400, "[]")] {
        let server = scripted([reply]).await;
        let sent = open(&server.url).send(&OFF, &["a".into(), "b".into()]).await;
        let error = sent.expect_err("it was refused as a whole");
        assert_eq!((error.kind, error.effect), (ErrorKind::Refused, Effect::None));
    }
}

#[tokio::test]
async fn a_server_that_the_answer_does_not_name_has_a_lost_answer() {
    let server = scripted([Reply::json(200, json!([entry(true, None)]))]).await;
    let ids: Vec<ServerId> = vec!["other".into(), "wa1aliaswb01".into()];
    let verdicts = open(&server.url).send(&RESET, &ids).await.unwrap();
    let error = verdicts[0].as_ref().unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::Garbage, Effect::Unknown), "{error}");
    assert_eq!(*verdicts[1].as_ref().unwrap(), Receipt::default(), "queued without a status link");
    // Twice there: that it was queued counts.
    let twice = json!([entry(true, None), entry(false, Some(INVALID))]);
    assert!(send(Reply::json(200, twice), &RESET).await.0.is_ok());
}

#[tokio::test]
async fn a_status_link_may_have_its_id_in_its_path_alone() {
    for link in [
        json!({ "rel": "status", "href": "/v2/operations/alias/status/wa1-12345", "id": "wa1-12345" }),
        json!({ "rel": "status", "href": "/v2/operations/alias/status/wa1-12345" }),
        json!({ "rel": "status", "href": "https://api.example/v2/operations/alias/status/wa1-12345/?x=1", "id": "" }),
        json!({ "rel": "status", "id": "wa1-12345", "href": null }),
    ] {
        let mut taken = entry(true, None);
        taken["links"] = json!([{ "rel": "self", "href": "/v2/servers/alias/x", "id": "x" }, link]);
        let (verdict, _) = send(Reply::json(200, json!([taken])), &OFF).await;
        assert_eq!(verdict.unwrap().ticket.as_deref(), Some("wa1-12345"), "{link}");
    }
}

#[tokio::test]
async fn a_delete_is_answered_with_one_entry() {
    let server = scripted([Reply::json(202, DELETED)]).await;
    let mut verdicts = open(&server.url).send(&Operation::Delete, &["WA1ALIASWB01".into()]).await.unwrap();
    let taken = Receipt { ticket: Some("wa1-12347".into()), already: false };
    assert_eq!(verdicts.pop().unwrap().unwrap(), taken);
    let call = calls(&server).remove(0);
    assert_eq!((call.line().as_str(), call.body.as_str()), ("DELETE /v2/servers/ALIAS/wa1aliaswb01", ""));

    let (gone, _) = send(Reply::new(404, ""), &Operation::Delete).await;
    assert!(gone.unwrap().already);
    let elsewhere = Reply::json(404, message("The requested resource does not exist."));
    for reply in foreign(404).into_iter().chain([elsewhere]) {
        let error = send(reply.clone(), &Operation::Delete).await.0.expect_err("a foreign 404");
        assert_eq!((error.kind, error.effect), (ErrorKind::WrongEndpoint, Effect::None), "{reply:?}");
    }
    let another = DELETED.replace("wa1aliaswb01", "wa1aliaswb99");
    let error = send(Reply::json(202, another), &Operation::Delete).await.0.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::Garbage, Effect::Unknown));
}

#[tokio::test]
async fn a_success_without_the_provider_s_own_words_is_no_sign_that_a_change_arrived() {
    for status in [200, 202, 204] {
        let own = [Reply::new(status, ""), Reply::json(status, "[]"), Reply::json(status, "{}")];
        let half = [json!([{ "server": "wa1aliaswb01" }]), json!([{ "isQueued": true }]), json!([null])];
        let half = half.into_iter().map(|body| Reply::json(status, body));
        for reply in foreign(status).into_iter().chain(own).chain(half) {
            for operation in [RESET, Operation::Delete] {
                let (verdict, calls) = send(reply.clone(), &operation).await;
                let error = verdict.expect_err("nobody knows");
                assert_eq!(
                    (error.kind, error.effect, calls),
                    (ErrorKind::Garbage, Effect::Unknown, 1),
                    "{reply:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn trouble_leaves_a_change_open_and_it_is_never_sent_again() {
    for reply in [Reply::new(500, "oops"), Reply::new(502, "<html>"), Reply::new(504, ""), Reply::closed()] {
        for operation in [RESET, Operation::Delete, Operation::PowerOn] {
            let (verdict, calls) = send(reply.clone(), &operation).await;
            assert_eq!((verdict.unwrap_err().effect, calls), (Effect::Unknown, 1), "{reply:?}");
        }
    }
    for (reply, kind) in [
        (Reply::json(403, message("no")), ErrorKind::Forbidden),
        (Reply::new(404, ""), ErrorKind::WrongEndpoint),
        (Reply::new(415, ""), ErrorKind::Refused),
    ] {
        let (verdict, calls) = send(reply, &RESET).await;
        let error = verdict.unwrap_err();
        assert_eq!((error.kind, error.effect, calls), (kind, Effect::None, 1), "{error}");
    }
}

async fn observe(ticket: Option<&str>, replies: Vec<Reply>) -> (Result<Observation, Error>, Vec<String>) {
    let server = scripted(replies).await;
    let receipt = Receipt { ticket: ticket.map(str::to_owned), already: false };
    let id = ServerId::from("wa1aliaswb01");
    let trail = Trail { id: &id, operation: &RESET, receipt: Some(&receipt), mark: None };
    let seen = open(&server.url).observe(trail).await;
    (seen, lines(&server))
}

#[tokio::test]
async fn the_queue_tells_how_far_an_operation_is_and_the_server_decides_where_it_does_not() {
    let live = || {
        let details = json!({ "powerState": "started" });
        Reply::json(200, json!({ "id": "wa1aliaswb01", "name": "X", "status": "active", "details": details }))
    };
    let status = |word: &str| Reply::json(200, json!({ "status": word }));
    let cases = [
        (status("notStarted"), "Running"),
        (status("executing"), "Running"),
        (status("resumed"), "Running"),
        (status("queued"), "Running"),
        (status("running"), "Running"),
        (status("succeeded"), "Succeeded"),
        (status("failed"), "Failed"),
        (status("unknown"), "Unclear"),
        (status("pondering"), "Unclear"),
        (Reply::new(404, ""), "NoRecords"),
        (Reply::json(404, message("The requested resource does not exist.")), "NoRecords"),
        (Reply::new(200, "<html>"), "Unclear"),
        (Reply::json(200, "{}"), "Unclear"),
        (Reply::json(403, message("no")), "Unclear"),
    ];
    for (reply, expected) in cases {
        let (seen, lines) = observe(Some("wa1-12345"), vec![reply.clone(), live()]).await;
        let seen = seen.unwrap();
        assert!(format!("{:?}", seen.job).starts_with(expected), "{reply:?}: {:?}", seen.job);
        assert!(seen.live.is_some());
        let expected = ["GET /v2/operations/ALIAS/status/wa1-12345", "GET /v2/servers/ALIAS/wa1aliaswb01"];
        assert_eq!(lines, expected);
    }
    let trouble = (0..5).map(|_| Reply::new(500, "")).chain([live()]).collect();
    assert_eq!(observe(Some("wa1-12345"), trouble).await.0.unwrap().job, Job::Unclear);
    let (seen, lines) = observe(None, vec![live()]).await;
    assert_eq!((seen.unwrap().job, lines.len()), (Job::NoRecords, 1), "nobody to ask");
    let (seen, _) = observe(Some("wa1-1"), vec![status("succeeded"), Reply::new(404, "")]).await;
    assert!(seen.unwrap().live.is_none());
    let (seen, _) = observe(Some("wa1-1"), vec![status("succeeded"), Reply::new(404, "<html>")]).await;
    assert!(seen.is_err());
}
