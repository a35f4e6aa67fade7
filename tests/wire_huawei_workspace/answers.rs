//! Errors in all their envelopes.

use crate::wire::Reply;
use crate::{HARD, ID, NOT_FOUND, get, verdict};
use fleetform::provider::{Effect, ErrorKind};
use serde_json::{Value, json};

fn flat(code: &str) -> Value {
    json!({ "error_code": code, "error_msg": "in words", "request_id": "r1" })
}

#[tokio::test]
async fn a_server_is_gone_by_the_service_s_own_word_and_by_nothing_else() {
    for body in [
        serde_json::from_str(NOT_FOUND).unwrap(),
        flat("WKS.0010"),
        json!({ "errorCode": "WKS.0010", "errorMsg": "m" }),
        json!({ "code": "WKS.0010", "message": "m" }),
        json!({ "error": { "code": "WKS.0010", "message": "m" } }),
        json!({ "error": { "error_code": "WKS.0010", "error_msg": "m" }, "request_id": "r" }),
    ] {
        assert_eq!(get(Reply::json(404, &body)).await.unwrap(), None, "{body}");
        let error = verdict(Reply::json(404, &body), &HARD).await.unwrap_err();
        assert_eq!((error.kind, error.effect), (ErrorKind::NotFound, Effect::None), "{body}");
    }
    for reply in [
        Reply::json(404, flat("APIGW.0101")),
        Reply::json(404, json!({ "error": { "code": 404, "message": "no route", "title": "Not Found" } })),
        Reply::json(404, json!({ "error": "no route" })),
        Reply::json(404, json!({ "error_msg": "no code" })),
        Reply::json(404, "{}"),
        Reply::json(404, "null"),
        Reply::new(404, ""),
        Reply::new(404, "<html>nginx</html>"),
        Reply::new(404, "default backend - 404"),
    ] {
        let error = get(reply.clone()).await.expect_err("it is no answer about the server");
        assert_eq!((error.kind, error.effect), (ErrorKind::WrongEndpoint, Effect::None), "{reply:?}");
        let error = verdict(reply.clone(), &HARD).await.unwrap_err();
        assert_eq!((error.kind, error.effect), (ErrorKind::WrongEndpoint, Effect::None), "{reply:?}");
    }
    for reply in [
        Reply::json(200, NOT_FOUND),
        Reply::json(200, "null"),
        Reply::json(200, json!({ "id": format!("{ID}0"), "name": "a" })),
        Reply::json(200, json!({ "server": { "id": ID } })),
        Reply::new(200, ""),
        Reply::new(200, "<html>"),
    ] {
        let error = get(reply.clone()).await.expect_err("it is not the server asked for");
        assert_eq!((error.kind, error.effect), (ErrorKind::Garbage, Effect::None), "{reply:?}");
    }
}

#[tokio::test]
async fn statuses_are_what_the_table_says() {
    for (status, code, kind, effect) in [
        (400, "WKS.0001", ErrorKind::Refused, Effect::None),
        (400, "APIGW.0201", ErrorKind::Refused, Effect::None),
        (401, "APIGW.0301", ErrorKind::Auth, Effect::None),
        (403, "APIGW.0302", ErrorKind::Forbidden, Effect::None),
        (405, "APIGW.0103", ErrorKind::WrongEndpoint, Effect::None),
        (409, "WKS.0011", ErrorKind::Busy, Effect::None),
        (500, "APIGW.0601", ErrorKind::Unavailable, Effect::Unknown),
        (502, "APIGW.0201", ErrorKind::Unavailable, Effect::Unknown),
        (503, "APIGW.0613", ErrorKind::Unavailable, Effect::Unknown),
        (504, "APIGW.0201", ErrorKind::Unavailable, Effect::Unknown),
    ] {
        let error = verdict(Reply::json(status, flat(code)), &HARD).await.unwrap_err();
        assert_eq!((error.kind, error.effect), (kind, effect), "{status} {code}: {error}");
        assert!(error.to_string().contains(&format!("in words ({code})")), "{error}");
    }
    let error = verdict(Reply::closed(), &HARD).await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::LostAnswer, Effect::Unknown));
}

#[tokio::test]
async fn every_envelope_is_quoted_and_no_page_is() {
    for body in [
        flat("X.1"),
        json!({ "errorCode": "X.1", "errorMsg": "in words" }),
        json!({ "code": "X.1", "message": "in words" }),
        json!({ "error": { "code": "X.1", "message": "in words" } }),
        json!({ "error": { "error_code": "X.1", "error_msg": "in words" } }),
        json!({ "request_id": "r", "fault": { "errorCode": "X.1", "errorMsg": "in words" } }),
    ] {
        let error = verdict(Reply::json(400, &body), &HARD).await.unwrap_err();
        assert!(error.to_string().contains("in words (X.1)"), "{body}: {error}");
    }
    for odd in
        ["<html>in words</html>", "{}", "[]", "null", "{\"error_msg\":", "{\"error\":{\"message\":[]}}"]
    {
        let error = verdict(Reply::json(400, odd), &HARD).await.unwrap_err();
        assert_eq!((error.kind, error.effect), (ErrorKind::Refused, Effect::None), "{odd}");
        assert!(!error.to_string().contains("in words"), "{error}");
    }
}

#[tokio::test]
async fn throttling_is_waited_out() {
    let server = crate::wire::Scripted::new([
        Reply::json(429, flat("APIGW.0308")).header("retry-after", "0"),
        Reply::json(200, "null"),
    ])
    .await;
    crate::send_all(&server, &HARD, &[ID]).await.unwrap();
    assert_eq!(server.seen().len(), 2);
}
