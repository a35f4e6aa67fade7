//! The hostway client on the wire: the exact request of every call, and answers as its page shows them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests may")]

#[path = "wire/mod.rs"]
mod wire;

use fleetform::http::Limits;
use fleetform::model::{
    CaseRule, LiveServer, LiveState, OffKind, Operation, Power, RebootKind, ServerId, Settings, Verb,
};
use fleetform::provider::{Effect, Error, ErrorKind, Provider, Receipt, list_all};
use fleetform::providers::{Opening, hostway};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use wire::{Reply, Scripted};

const LIST: &str = include_str!("../src/providers/hostway/fixtures/list.json");
const SUSPENDED: &str = include_str!("../src/providers/hostway/fixtures/suspended.json");
const BUILD: &str = include_str!("../src/providers/hostway/fixtures/build.json");
const NOT_FOUND: &str = include_str!("../src/providers/hostway/fixtures/not_found.json");
const CONFLICT: &str = include_str!("../src/providers/hostway/fixtures/conflict.json");

/// `user:p&ss wörd`
const AUTHORIZATION: &str = "Basic dXNlcjpwJnNzIHfDtnJk";

fn open(endpoint: &str, account: Option<&str>) -> Arc<dyn Provider> {
    let mut settings = Settings::default();
    settings.set("endpoint", endpoint);
    settings.set("username", "user");
    settings.set("password", "p&ss wörd");
    if let Some(account) = account {
        settings.set("account_id", account);
    }
    let limits = Limits { in_flight: 1, per_second: None, timeout: Duration::from_secs(5) };
    wire::CLIENTS.with(|clients| hostway::open(&Opening { settings: &settings, limits, clients }).unwrap())
}

async fn send(server: &Scripted, operation: &Operation, id: &str) -> Result<Receipt, Error> {
    let verdicts = open(&server.url, None).send(operation, &[ServerId::from(id)]).await;
    verdicts.and_then(|mut verdicts| verdicts.pop().unwrap())
}

async fn get(reply: Reply) -> Result<Option<LiveServer>, Error> {
    let server = Scripted::new([reply]).await;
    open(&server.url, None).get(&ServerId::from("123")).await
}

async fn verdict(reply: Reply, operation: &Operation) -> Result<Receipt, Error> {
    let server = Scripted::new([reply]).await;
    let verdict = send(&server, operation, "123").await;
    assert_eq!(server.seen().len(), 1);
    verdict
}

const HARD: Operation = Operation::Reboot { method: RebootKind::Hard };

#[tokio::test]
async fn every_change_is_sent_as_the_page_has_it() {
    let off = Operation::PowerOff { method: OffKind::NotToldApart };
    let soft = Operation::Reboot { method: RebootKind::Soft };
    let rename = Operation::Rename { to: "né \"x\"".into() };
    for (operation, line, body, status) in [
        (Operation::PowerOn, "POST /servers/123/action", Some(json!({ "os-start": null })), 202),
        (off, "POST /servers/123/action", Some(json!({ "os-stop": null })), 202),
        (soft, "POST /servers/123/action", Some(json!({ "reboot": { "type": "SOFT" } })), 202),
        (HARD, "POST /servers/123/action", Some(json!({ "reboot": { "type": "HARD" } })), 202),
        (rename, "PUT /servers/123", Some(json!({ "server": { "name": "né \"x\"" } })), 204),
        (Operation::Delete, "DELETE /servers/123", None, 204),
    ] {
        let server = Scripted::new([Reply::new(status, "")]).await;
        let receipt = send(&server, &operation, "123").await.unwrap();
        assert_eq!(receipt, Receipt::default());
        let seen = server.only();
        assert_eq!(seen.line(), line);
        assert_eq!(seen.header("authorization"), Some(AUTHORIZATION));
        assert_eq!(seen.header("content-type"), Some("application/json"));
        match body {
            Some(body) => assert_eq!(serde_json::from_str::<Value>(&seen.body).unwrap(), body),
            None => assert_eq!(seen.body, ""),
        }
    }
}

#[tokio::test]
async fn a_list_is_asked_for_three_times_because_the_plain_one_hides_states() {
    let server = Scripted::new([Reply::json(200, r#"{"servers":[]}"#)]).await;
    list_all(&*open(&server.url, None), CaseRule::Exact, 1).await.unwrap();
    let lines: Vec<String> = server.seen().iter().map(wire::Seen::line).collect();
    assert_eq!(
        lines,
        ["GET /servers/detail?status=BUILD", "GET /servers/detail", "GET /servers/detail?status=SUSPENDED"]
    );
    for seen in server.seen() {
        assert_eq!((seen.header("authorization"), seen.body.as_str()), (Some(AUTHORIZATION), ""));
        assert_eq!(seen.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn both_path_styles_and_a_trailing_slash_lead_to_the_same_calls() {
    let server = Scripted::new([Reply::new(404, "")]).await;
    let long = format!("{}/accounts/42/flexcloud", server.url);
    for (endpoint, account) in [
        (server.url.clone(), None),
        (format!("{}/", server.url), None),
        (long.clone(), None),
        (format!("{long}/"), None),
        (server.url.clone(), Some("42")),
        (format!("{}/", server.url), Some("42")),
        (long.clone(), Some("42")),
        (server.url.clone(), Some("a/b c")),
    ] {
        assert_eq!(open(&endpoint, account).get(&ServerId::from("1")).await.unwrap(), None);
    }
    let paths: Vec<String> = server.seen().iter().map(|seen| seen.target.clone()).collect();
    let long = "/accounts/42/flexcloud/servers/1";
    assert_eq!(
        paths,
        ["/servers/1", "/servers/1", long, long, long, long, long, "/accounts/a%2Fb%20c/flexcloud/servers/1"]
    );
}

#[tokio::test]
async fn ids_are_percent_encoded_in_paths() {
    for (id, path) in [
        ("user-AUS001-0005", "/servers/user-AUS001-0005"),
        ("a b/c?d#e", "/servers/a%20b%2Fc%3Fd%23e"),
        ("50%", "/servers/50%25"),
        ("é", "/servers/%C3%A9"),
    ] {
        let server = Scripted::new([Reply::new(404, "")]).await;
        open(&server.url, None).get(&ServerId::from(id)).await.unwrap();
        assert_eq!(server.only().target, path);
    }
}

#[tokio::test]
async fn an_id_that_would_vanish_from_the_path_is_never_sent() {
    for id in ["", ".", ".."] {
        let server = Scripted::new([Reply::new(204, "")]).await;
        let error = send(&server, &Operation::Delete, id).await.unwrap_err();
        assert_eq!((error.kind, error.effect), (ErrorKind::Refused, Effect::None));
        assert!(server.seen().is_empty());
    }
}

#[tokio::test]
async fn a_list_is_merged_by_id_and_only_three_fields_matter() {
    let replies = [LIST, SUSPENDED, BUILD].map(|body| Reply::json(200, body));
    let server = Scripted::new(replies).await;
    let all = list_all(&*open(&server.url, None), CaseRule::Exact, 1).await.unwrap();
    let shown: Vec<(String, String, String)> = all
        .iter()
        .map(|s| {
            let text = |t: Option<String>| t.unwrap();
            (
                text(s.id.as_ref().map(ToString::to_string)),
                text(s.name.as_ref().map(ToString::to_string)),
                s.state.to_string(),
            )
        })
        .collect();
    let expected = [
        ("test_server_0013", "web 13", "on"),
        ("123", "db", "off"),
        ("user-AUS001-0005", "moving", "in transition (PROCESSING)"),
        ("10", "strange", "not recognised (UNKNOWN)"),
        ("77", "asleep", "suspended"),
        ("78", "young", "in transition (BUILD)"),
    ]
    .map(|(id, name, state)| (id.to_owned(), name.to_owned(), state.to_owned()));
    assert_eq!(shown, expected, "a deleted server that lingers is absent");
    let asleep = &all[4];
    for verb in [Verb::PowerOn, Verb::PowerOff, Verb::Reboot] {
        assert!(asleep.denial(verb).unwrap().contains("SUSPENDED"), "no call leaves that state");
    }
    assert!(asleep.denial(Verb::Delete).is_none() && asleep.denial(Verb::Rename).is_none());
}

#[tokio::test]
async fn one_list_of_the_three_that_fails_fails_all() {
    for bad in [
        Reply::json(200, r#"{"servers":[{"id":"1","name":"a"}]}"#),
        Reply::json(200, r#"{"servers":[{"id":"1","status":"ACTIVE"}]}"#),
        Reply::json(200, r#"{"servers":[{"name":"a","status":"ACTIVE"}]}"#),
        Reply::json(200, r#"{"servers":{}}"#),
        Reply::json(200, "{}"),
        Reply::json(200, "[]"),
        Reply::json(200, r#"{"servers":[{"id":"1","na"#),
        Reply::new(200, ""),
        Reply::new(200, "<html>please log in</html>"),
        Reply::new(204, ""),
        Reply::json(404, NOT_FOUND),
        Reply::new(404, ""),
        Reply::json(400, r#"{"badRequest":{"message":"unknown status","code":400,"details":""}}"#),
    ] {
        let good = || Reply::json(200, LIST);
        for at in 0..3 {
            let mut replies = vec![good(), good(), good()];
            replies[at] = bad.clone();
            let server = Scripted::new(replies).await;
            let listed = list_all(&*open(&server.url, None), CaseRule::Exact, 1).await;
            assert!(listed.is_err(), "{bad:?} as list {at} was taken for {listed:?}");
        }
    }
}

#[tokio::test]
async fn a_server_is_gone_by_the_provider_s_word_and_by_nothing_else() {
    let deleted = json!({ "server": { "id": "123", "name": "a", "status": "DELETED" } });
    for reply in
        [Reply::json(404, NOT_FOUND), Reply::new(404, ""), Reply::new(404, " \n"), Reply::json(200, deleted)]
    {
        assert_eq!(get(reply).await.unwrap(), None);
    }
    for (reply, kind) in [
        (Reply::new(404, "<html>nginx</html>"), ErrorKind::WrongEndpoint),
        (Reply::new(404, "default backend - 404"), ErrorKind::WrongEndpoint),
        (Reply::json(404, r#"{"error":{"message":"no route"}}"#), ErrorKind::WrongEndpoint),
        (Reply::json(404, r#"{"itemNotFound":{},"more":{}}"#), ErrorKind::WrongEndpoint),
        (Reply::new(410, ""), ErrorKind::Refused),
        (Reply::new(200, "<html>hello</html>"), ErrorKind::Garbage),
        (Reply::new(204, ""), ErrorKind::Garbage),
        (Reply::json(200, r#"{"server":{"id":"124","name":"b","status":"ACTIVE"}}"#), ErrorKind::Garbage),
        (Reply::json(200, r#"{"server":null}"#), ErrorKind::Garbage),
        (Reply::new(302, "").header("location", "https://elsewhere.example/x"), ErrorKind::WrongEndpoint),
    ] {
        let error = get(reply.clone()).await.expect_err("it is no answer about the server");
        assert_eq!((error.kind, error.effect), (kind, Effect::None), "{reply:?}: {error}");
    }
}

#[tokio::test]
async fn the_state_words_of_the_page_are_read_as_it_says() {
    for (word, state) in [
        ("ACTIVE", LiveState::Settled(Power::On)),
        ("STOPPED", LiveState::Settled(Power::Off)),
        ("SUSPENDED", LiveState::Settled(Power::Suspended)),
        ("BUILD", LiveState::Transition { word: "BUILD".into(), into: None }),
        ("PROCESSING", LiveState::Transition { word: "PROCESSING".into(), into: None }),
        ("UNKNOWN", LiveState::Unrecognised("UNKNOWN".into())),
        ("active", LiveState::Unrecognised("active".into())),
        ("", LiveState::Unrecognised("".into())),
    ] {
        let body = json!({ "server": { "id": "123", "name": "a", "status": word } });
        assert_eq!(get(Reply::json(200, body)).await.unwrap().unwrap().state, state);
    }
}

#[tokio::test]
async fn a_401_in_plain_text_is_read_as_text() {
    let reply = Reply::new(401, "Authorization failed\n").header("content-type", "text/plain");
    let error = get(reply).await.unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::Auth, Some(401)));
    assert!(error.message.contains("Authorization failed"), "{error}");
}

#[tokio::test]
async fn a_fault_is_quoted_by_its_message_and_details_whatever_its_name() {
    let fault = json!({ "whatever": { "message": "a bad thing", "code": 400, "details": "in detail" } });
    let error = verdict(Reply::json(400, fault), &HARD).await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::Refused, Effect::None));
    assert!(error.message.contains("a bad thing") && error.message.contains("in detail"), "{error}");
    for odd in [r#"{"fault":{"message":null,"code":"400"}}"#, r#"{"fault":[]}"#, r#""text""#, "{}", "null"] {
        let error = verdict(Reply::json(400, odd), &HARD).await.unwrap_err();
        assert_eq!((error.kind, error.effect), (ErrorKind::Refused, Effect::None), "{odd}");
    }
}

#[tokio::test]
async fn refusals_of_a_change_are_told_apart() {
    let fault = |name: &str, code: u16| {
        Reply::json(code, json!({ name: { "message": "m", "code": code, "details": "" } }))
    };
    for (reply, kind) in [
        (Reply::json(409, CONFLICT), ErrorKind::Busy),
        (fault("badMethod", 405), ErrorKind::Refused),
        (fault("badRequest", 400), ErrorKind::Refused),
        (fault("forbidden", 403), ErrorKind::Forbidden),
        (Reply::new(401, "no"), ErrorKind::Auth),
        (Reply::json(404, NOT_FOUND), ErrorKind::NotFound),
        (Reply::new(404, ""), ErrorKind::NotFound),
        (Reply::new(404, "<html>nginx</html>"), ErrorKind::WrongEndpoint),
    ] {
        let error = verdict(reply.clone(), &HARD).await.unwrap_err();
        assert_eq!((error.kind, error.effect), (kind, Effect::None), "{reply:?}: {error}");
    }
}

#[tokio::test]
async fn a_delete_of_a_server_that_is_gone_is_a_success_and_a_404_of_a_gateway_is_not() {
    for (reply, already) in [
        (Reply::new(204, ""), false),
        (Reply::new(202, ""), false),
        (Reply::json(404, NOT_FOUND), true),
        (Reply::new(404, ""), true),
    ] {
        assert_eq!(verdict(reply, &Operation::Delete).await.unwrap().already, already);
    }
    let error = verdict(Reply::new(404, "<html>nginx</html>"), &Operation::Delete).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::WrongEndpoint);
}

#[tokio::test]
async fn a_page_with_a_200_is_no_acceptance_and_leaves_the_effect_open() {
    for reply in [
        Reply::new(200, "<html>please log in</html>"),
        Reply::new(202, "<html>please log in</html>"),
        Reply::new(200, "hello"),
        Reply::new(206, ""),
    ] {
        for operation in [HARD, Operation::Delete, Operation::Rename { to: "b".into() }] {
            let error = verdict(reply.clone(), &operation).await.expect_err("nobody took the call");
            assert_eq!((error.kind, error.effect), (ErrorKind::Garbage, Effect::Unknown), "{reply:?}");
        }
    }
}

#[tokio::test]
async fn a_503_is_sent_again_and_when_it_stays_the_call_had_no_effect() {
    let later = || Reply::new(503, "").header("retry-after", "0");
    let server = Scripted::new([later(), Reply::new(202, "")]).await;
    send(&server, &HARD, "123").await.unwrap();
    assert_eq!(server.seen().len(), 2);
    let server = Scripted::new([later()]).await;
    let error = send(&server, &HARD, "123").await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::Unavailable, Effect::None));
    assert!(server.seen().len() > 2);
}

#[tokio::test]
async fn a_lost_answer_of_a_reboot_is_not_asked_for_again() {
    let server = Scripted::new([Reply::closed(), Reply::new(202, "")]).await;
    let error = send(&server, &HARD, "123").await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::LostAnswer, Effect::Unknown));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn an_age_is_the_youngest_that_a_time_without_a_zone_can_mean() {
    let created = async |value: serde_json::Value| {
        let body = json!({ "server": { "id": "123", "name": "a", "status": "ACTIVE", "created": value } });
        get(Reply::json(200, body)).await.unwrap().unwrap().created_at.map(|at| at.to_string())
    };
    assert_eq!(created(json!("2026-11-20T02:00:00")).await.as_deref(), Some("2026-11-20T14:00:00Z"));
    for odd in [json!(""), json!(null), json!(17), json!("yesterday"), json!("9999-12-31T23:59:59")] {
        assert_eq!(created(odd.clone()).await, None, "{odd}");
    }
    let body = json!({ "server": { "id": "123", "name": "a", "status": "ACTIVE" } });
    let server = get(Reply::json(200, body)).await.unwrap().unwrap();
    assert_eq!((server.created_at, server.tags), (None, None), "and it never tells tags");
}
