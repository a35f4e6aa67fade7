//! Refusals, and answers that are none.

use crate::wire::Reply;
use crate::{Cloud, HARD, ID, NOT_FOUND, OFF, SERVER};
use fleetform::model::Operation;
use fleetform::provider::{Effect, ErrorKind, Receipt};
use serde_json::json;
use std::time::{Duration, Instant};

fn fault(name: &str, code: u16, message: &str) -> Reply {
    Reply::json(code, json!({ name: { "code": code, "message": message } }))
}

#[tokio::test]
async fn every_row_of_the_table_of_errors() {
    let busy = format!("Cannot 'stop' instance {ID} while it is in task_state powering-off");
    let state = format!("Cannot 'stop' instance {ID} while it is in vm_state stopped");
    let locked = format!("Instance {ID} is locked");
    let gone = format!("Instance {ID} could not be found.");
    for (name, code, message, kind, effect) in [
        ("badRequest", 400, "There is no such action: x", ErrorKind::Refused, Effect::None),
        ("forbidden", 403, "Policy doesn't allow it", ErrorKind::Forbidden, Effect::None),
        ("itemNotFound", 404, gone.as_str(), ErrorKind::NotFound, Effect::None),
        ("itemNotFound", 404, "The resource could not be found.", ErrorKind::WrongEndpoint, Effect::None),
        ("badMethod", 405, "no", ErrorKind::WrongEndpoint, Effect::None),
        ("conflictingRequest", 409, &busy, ErrorKind::Busy, Effect::None),
        ("conflictingRequest", 409, &state, ErrorKind::Refused, Effect::None),
        ("conflictingRequest", 409, &locked, ErrorKind::Refused, Effect::None),
        ("conflictingRequest", 409, "something else", ErrorKind::Busy, Effect::None),
        ("badMediaType", 415, "Unsupported Content-Type", ErrorKind::Refused, Effect::None),
        ("computeFault", 500, "Unexpected", ErrorKind::Unavailable, Effect::Unknown),
        ("notImplemented", 501, "not with this hypervisor", ErrorKind::Refused, Effect::None),
        ("serviceUnavailable", 503, "later", ErrorKind::Unavailable, Effect::Unknown),
    ] {
        let cloud = Cloud::new([fault(name, code, message)]).await;
        let error = cloud.send(&OFF).await.unwrap_err();
        assert_eq!((error.kind, error.effect, error.status), (kind, effect, Some(code)), "{error}");
        assert!(error.message.contains(message), "{error}");
        assert_eq!(error.to_string().contains("unlock"), message == locked, "{error}");
        assert_eq!(cloud.nova.seen().len(), 1, "{name}: a change is sent once");
    }
}

#[tokio::test]
async fn only_a_404_that_names_the_server_says_that_it_is_gone() {
    let cloud = Cloud::new([Reply::json(404, NOT_FOUND)]).await;
    assert_eq!(cloud.get().await.unwrap(), None);
    let receipt = cloud.send(&Operation::Delete).await.unwrap();
    assert_eq!(receipt, Receipt { ticket: None, already: true });
    for reply in [
        fault("itemNotFound", 404, "The resource could not be found."),
        fault("itemNotFound", 404, "Instance other could not be found."),
        fault("notFound", 404, &format!("Instance {ID} could not be found.")),
        fault("error", 404, ID),
        Reply::new(404, ""),
        Reply::new(404, "<html>404</html>"),
        Reply::json(404, r#"{"itemNotFound": "#),
    ] {
        let cloud = Cloud::new([reply.clone()]).await;
        assert!(cloud.get().await.is_err(), "{reply:?}");
        assert!(cloud.send(&Operation::Delete).await.is_err(), "{reply:?}");
    }
}

#[tokio::test]
async fn a_success_that_is_not_novas_is_no_sign_that_a_change_arrived() {
    let rename = || Operation::Rename { to: "x".into() };
    let other = SERVER.replace(ID, "11111111-1111-4111-8111-111111111111");
    for (operation, reply) in [
        (OFF, Reply::new(202, "<html>Please wait</html>")),
        (OFF, Reply::new(200, "")),
        (OFF, Reply::json(200, "{}")),
        (HARD, Reply::new(202, "okay")),
        (Operation::Delete, Reply::new(200, "<h1>It works!</h1>")),
        (rename(), Reply::new(200, "")),
        (rename(), Reply::json(200, r#"{"server": {}}"#)),
        (rename(), Reply::json(200, other)),
        (rename(), Reply::json(200, "[]")),
        (rename(), Reply::new(202, "")),
    ] {
        let cloud = Cloud::new([reply.clone()]).await;
        let error = cloud.send(&operation).await.unwrap_err();
        assert_eq!((error.kind, error.effect), (ErrorKind::Garbage, Effect::Unknown), "{reply:?}: {error}");
        assert!(!error.to_string().contains("It works"));
    }
}

#[tokio::test]
async fn a_read_that_makes_no_sense_is_an_error() {
    let other = SERVER.replace(ID, "11111111-1111-4111-8111-111111111111");
    for body in ["", "{}", "<html>", r#"{"server": {"id": "#, r#"{"server": {}}"#, "null", &other] {
        let cloud = Cloud::new([Reply::json(200, body)]).await;
        assert_eq!(cloud.get().await.unwrap_err().kind, ErrorKind::Garbage, "{body}");
    }
}

#[tokio::test]
async fn limits_are_waited_for_as_the_header_or_the_body_say() {
    let body = |code: u16, wait: serde_json::Value| {
        let fault = json!({ "overLimit": { "code": code, "message": "slow down", "retryAfter": wait } });
        Reply::json(code, fault)
    };
    for (reply, least) in [
        (body(413, json!("1")), 1),
        (body(429, json!(1)), 1),
        (fault("overLimit", 413, "slow down").header("retry-after", "1"), 1),
        (fault("overLimit", 413, "slow down"), 0),
        (Reply::new(429, ""), 0),
    ] {
        let cloud = Cloud::new([reply.clone(), Reply::new(202, "")]).await;
        let begun = Instant::now();
        cloud.send(&OFF).await.unwrap();
        assert!(begun.elapsed() >= Duration::from_secs(least), "{reply:?}");
        assert_eq!(cloud.nova.seen().len(), 2);
    }
    let cloud = Cloud::new([Reply::new(413, "<h1>Request Entity Too Large</h1>")]).await;
    let error = cloud.send(&OFF).await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::RateLimited, Effect::None));
    assert_eq!(cloud.nova.seen().len(), 1, "without a time nobody said that it will pass");
}
