//! The mediatemple client on the wire: the exact request of every call, and answers as its page shows them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests may")]

#[path = "wire/mod.rs"]
mod wire;

use fleetform::http::Limits;
use fleetform::model::{
    CaseRule, LiveServer, LiveState, OffKind, Operation, Power, RebootKind, ServerId, Settings, Verb,
};
use fleetform::provider::{Effect, Error, ErrorKind, Provider, Receipt, list_all};
use fleetform::providers::{Opening, mediatemple};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use wire::{Reply, Scripted};

const LIST: &str = include_str!("../src/providers/mediatemple/fixtures/list.json");
const SERVICE: &str = include_str!("../src/providers/mediatemple/fixtures/service.json");
const ACCEPTED: &str = include_str!("../src/providers/mediatemple/fixtures/accepted.json");
const PENDING: &str = include_str!("../src/providers/mediatemple/fixtures/pending.json");
const NOT_FOUND: &str = include_str!("../src/providers/mediatemple/fixtures/not_found.json");

const REBOOT: Operation = Operation::Reboot { method: RebootKind::NotToldApart };

fn open(url: &str) -> Arc<dyn Provider> {
    let mut settings = Settings::default();
    settings.set("endpoint", format!("{url}/api/v1"));
    settings.set("api_key", "a-key-of-any-length");
    let limits = Limits { in_flight: 1, per_second: None, timeout: Duration::from_secs(5) };
    wire::CLIENTS
        .with(|clients| mediatemple::open(&Opening { settings: &settings, limits, clients }).unwrap())
}

async fn get(reply: Reply) -> Result<Option<LiveServer>, Error> {
    let server = Scripted::new([reply]).await;
    open(&server.url).get(&ServerId::from("556")).await
}

async fn list(reply: Reply) -> Result<Vec<LiveServer>, Error> {
    let server = Scripted::new([reply]).await;
    let listed = list_all(&*open(&server.url), CaseRule::Exact, 4).await;
    assert_eq!(server.seen().len(), 1, "the list is complete in one call");
    listed
}

async fn reboot(reply: Reply) -> Result<Receipt, Error> {
    let server = Scripted::new([reply]).await;
    let verdict = send(&server, &REBOOT, "556").await;
    assert_eq!(server.seen().len(), 1, "a reboot is never sent twice");
    verdict
}

async fn send(server: &Scripted, operation: &Operation, id: &str) -> Result<Receipt, Error> {
    let verdicts = open(&server.url).send(operation, &[ServerId::from(id)]).await;
    verdicts.and_then(|mut verdicts| verdicts.pop().unwrap())
}

fn standard(says: u16, errors: &Value) -> Value {
    json!({ "response": { "statusCode": says, "timeStamp": 1_284_609_198_593_u64,
        "date": "2010-09-16T03:53:18.593+0000", "errors": errors, "custom": [] } })
}

fn fault(status: u16, code: &str) -> Reply {
    Reply::json(status, standard(status, &json!([{ "errorCode": code, "message": "in words" }])))
}

fn service(fields: &Value) -> Value {
    let mut service = json!({ "id": 556, "primaryDomain": "a.example", "billingStatus": "0" });
    for (key, value) in fields.as_object().unwrap() {
        service[key] = value.clone();
    }
    json!({ "service": service })
}

#[tokio::test]
async fn every_call_is_sent_as_the_page_has_it() {
    let server =
        Scripted::new([Reply::json(200, LIST), Reply::json(200, SERVICE), Reply::json(202, ACCEPTED)]).await;
    let provider = open(&server.url);
    list_all(&*provider, CaseRule::Exact, 1).await.unwrap();
    provider.get(&ServerId::from("556")).await.unwrap().unwrap();
    assert_eq!(send(&server, &REBOOT, "556").await.unwrap(), Receipt::default());
    let seen = server.seen();
    let lines: Vec<String> = seen.iter().map(wire::Seen::line).collect();
    assert_eq!(
        lines,
        [
            "GET /api/v1/services.json",
            "GET /api/v1/services/556.json",
            "POST /api/v1/services/556/reboot.json"
        ]
    );
    for seen in seen {
        assert_eq!(seen.header("authorization"), Some("MediaTemple a-key-of-any-length"));
        assert_eq!(seen.header("accept"), Some("application/json"));
        assert_eq!((seen.body.as_str(), seen.header("content-type")), ("", None));
    }
}

#[tokio::test]
async fn a_list_is_read_with_ids_as_text_and_without_what_is_no_server() {
    let all = list(Reply::json(200, LIST)).await.unwrap();
    let shown: Vec<(&str, Option<&str>, String)> = all
        .iter()
        .map(|s| {
            let name = s.name.as_ref().map(fleetform::model::ServerName::as_str);
            (s.id.as_ref().unwrap().as_str(), name, s.state.to_string())
        })
        .collect();
    let expected = [
        ("556", Some("shop.example"), "not reported"),
        ("557", Some("build.example"), "in transition (reboot pending)"),
        ("9007199254740993", Some("unpaid.example"), "suspended"),
        ("18446744073709551615", Some("over.example"), "off"),
        ("561", Some("late.example"), "not recognised (billing status 3 (WAIT FOR PAYMENT))"),
        ("562", None, "not reported"),
    ]
    .map(|(id, name, state)| (id, name, state.to_owned()));
    assert_eq!(shown, expected);
    assert!(all[2].denial(Verb::Reboot).unwrap().contains("no call lifts that"));
    assert!(all[3].denial(Verb::Reboot).unwrap().contains("contract is closed"));
    assert!(all.iter().filter(|server| server.denials.is_empty()).count() == 4);
}

#[tokio::test]
async fn a_deployment_without_a_root_is_read_as_well() {
    let wrapped: Value = serde_json::from_str(LIST).unwrap();
    let bare = list(Reply::json(200, &wrapped["services"])).await.unwrap();
    assert_eq!(bare, list(Reply::json(200, LIST)).await.unwrap());
    assert_eq!(list(Reply::json(200, "[]")).await.unwrap(), []);
    let one: Value = serde_json::from_str(SERVICE).unwrap();
    let bare = get(Reply::json(200, &one["service"])).await.unwrap();
    assert!(bare.is_some() && bare == get(Reply::json(200, SERVICE)).await.unwrap());
    let gone: Value = serde_json::from_str(NOT_FOUND).unwrap();
    assert_eq!(get(Reply::json(404, &gone["response"])).await.unwrap(), None);
    let taken: Value = serde_json::from_str(ACCEPTED).unwrap();
    reboot(Reply::json(202, &taken["response"])).await.unwrap();
}

#[tokio::test]
async fn states_are_read_as_the_table_has_them() {
    let pending = || LiveState::Transition { word: "reboot pending".into(), into: None };
    let odd = |word: &str| LiveState::Unrecognised(word.into());
    for (fields, state) in [
        (json!({}), LiveState::NotReported),
        (json!({ "pendingReboot": null }), LiveState::NotReported),
        (json!({ "pendingReboot": "0" }), LiveState::NotReported),
        (json!({ "pendingReboot": 0, "billingStatus": 0 }), LiveState::NotReported),
        (json!({ "pendingReboot": "1" }), pending()),
        (json!({ "pendingReboot": 1 }), pending()),
        (json!({ "pendingReboot": true }), pending()),
        (json!({ "pendingReboot": "1", "billingStatus": "2" }), pending()),
        (json!({ "pendingReboot": "maybe" }), odd("pendingReboot maybe")),
        (json!({ "billingStatus": "1" }), LiveState::Settled(Power::Off)),
        (json!({ "billingStatus": 2 }), LiveState::Settled(Power::Suspended)),
        (json!({ "billingStatus": "3" }), odd("billing status 3")),
        (json!({ "billingStatus": "4", "billingStatusText": "NEW" }), odd("billing status 4 (NEW)")),
        (json!({ "billingStatus": null }), odd("billing status missing")),
    ] {
        let live = get(Reply::json(200, service(&fields))).await.unwrap().unwrap();
        assert_eq!(live.state, state, "{fields}");
        let has_contract =
            !["1", "2"].iter().any(|s| fields["billingStatus"] == *s) && fields["billingStatus"] != 2;
        assert_eq!(live.denial(Verb::Reboot).is_none(), has_contract, "{fields}");
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_read_in_full_is_an_error_and_never_a_shorter_list() {
    for reply in [
        Reply::json(200, "{}"),
        Reply::json(200, ACCEPTED),
        Reply::json(200, json!({ "services": null })),
        Reply::json(200, json!({ "services": {} })),
        Reply::json(200, json!({ "services": [{ "primaryDomain": "a.example" }] })),
        Reply::json(200, json!({ "services": [{ "id": null }] })),
        Reply::json(200, json!({ "services": [{ "id": "five" }] })),
        Reply::json(200, json!({ "services": [{ "id": true }] })),
        Reply::json(200, json!({ "services": [{ "id": 5.5 }] })),
        Reply::json(200, json!([556, 557])),
        Reply::json(200, json!({ "serviceIds": [556] })),
        Reply::json(200, &LIST[..400]),
        Reply::new(200, ""),
        Reply::new(200, "<html>please log in</html>"),
        Reply::new(200, "<?xml version=\"1.0\"?><services/>"),
        Reply::new(204, ""),
        Reply::json(404, NOT_FOUND),
    ] {
        let listed = list(reply.clone()).await;
        assert!(listed.is_err(), "{reply:?} was taken for {listed:?}");
    }
}

#[tokio::test]
async fn a_service_is_gone_by_the_provider_s_own_word_and_by_nothing_else() {
    assert_eq!(get(Reply::json(404, NOT_FOUND)).await.unwrap(), None);
    let textual =
        json!({ "response": { "statusCode": "404", "errors": [{ "errorCode": "InvalidService" }] } });
    assert_eq!(get(Reply::json(404, textual)).await.unwrap(), None);
    for (reply, kind) in [
        (Reply::new(404, ""), ErrorKind::WrongEndpoint),
        (Reply::new(404, "<html>nginx</html>"), ErrorKind::WrongEndpoint),
        (Reply::json(404, "{}"), ErrorKind::WrongEndpoint),
        (Reply::json(404, standard(404, &json!([]))), ErrorKind::WrongEndpoint),
        (fault(404, "InvalidMethod"), ErrorKind::WrongEndpoint),
        // HTTP and body disagree: somebody in between speaks.
        (Reply::json(404, standard(200, &json!([{ "errorCode": "InvalidService" }]))), ErrorKind::Garbage),
        (Reply::json(200, NOT_FOUND), ErrorKind::Garbage),
        (Reply::json(410, NOT_FOUND), ErrorKind::Garbage),
        (Reply::json(200, service(&json!({ "id": 557 }))), ErrorKind::Garbage),
        (Reply::json(200, r#"{"service":null}"#), ErrorKind::Garbage),
        (Reply::json(200, service(&json!({ "serviceType": 739 }))), ErrorKind::Refused),
        (Reply::json(200, service(&json!({ "serviceType": "739" }))), ErrorKind::Refused),
    ] {
        let error = get(reply.clone()).await.expect_err("it is no answer about the service");
        assert_eq!((error.kind, error.effect), (kind, Effect::None), "{reply:?}: {error}");
    }
}

#[tokio::test]
async fn an_id_that_is_no_whole_number_cannot_exist_and_is_never_part_of_a_path() {
    let server = Scripted::new([Reply::json(202, ACCEPTED)]).await;
    for id in ["", "web", "../556", "556/firewall", "5.5", "-5", " 556", "556.xml", "٥٥٦"] {
        assert_eq!(open(&server.url).get(&ServerId::from(id)).await.unwrap(), None, "{id}");
        let error = send(&server, &REBOOT, id).await.unwrap_err();
        assert_eq!((error.kind, error.effect), (ErrorKind::NotFound, Effect::None), "{id}");
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_reboot_is_taken_by_a_202_whose_body_says_so_and_by_nothing_else() {
    reboot(Reply::json(202, ACCEPTED)).await.unwrap();
    for terse in [
        json!({ "response": { "statusCode": 202 } }),
        json!({ "response": { "statusCode": "202", "errors": null } }),
    ] {
        reboot(Reply::json(202, terse)).await.unwrap();
    }
    for reply in [
        Reply::new(202, ""),
        Reply::new(202, "<html>one moment</html>"),
        Reply::json(202, "null"),
        Reply::json(202, "{}"),
        Reply::json(202, &ACCEPTED[..60]),
        Reply::json(202, SERVICE),
        Reply::json(202, PENDING),
        Reply::json(202, standard(202, &json!([{ "errorCode": "Odd", "message": "but no" }]))),
        Reply::json(200, standard(200, &json!([]))),
        Reply::json(200, ACCEPTED),
        Reply::new(200, "<html>please log in</html>"),
        Reply::new(204, ""),
        // A refusal that is not about this call.
        Reply::json(404, ACCEPTED),
        Reply::json(409, NOT_FOUND),
    ] {
        let error = reboot(reply.clone()).await.expect_err("nobody took it");
        assert_eq!((error.kind, error.effect), (ErrorKind::Garbage, Effect::Unknown), "{reply:?}: {error}");
    }
}

#[tokio::test]
async fn refusals_of_a_reboot_are_told_apart_as_the_status_table_has_them() {
    for (reply, kind, effect) in [
        (Reply::json(409, PENDING), ErrorKind::Busy, Effect::None),
        (Reply::new(409, ""), ErrorKind::Busy, Effect::None),
        (fault(400, "BadInput"), ErrorKind::Refused, Effect::None),
        // The reverse of the usual: 401 is a right that is missing, 403 a key that is wrong.
        (Reply::json(401, standard(401, &json!([]))), ErrorKind::Forbidden, Effect::None),
        (fault(403, "AuthError"), ErrorKind::Auth, Effect::None),
        (Reply::new(403, ""), ErrorKind::Auth, Effect::None),
        (Reply::json(404, NOT_FOUND), ErrorKind::NotFound, Effect::None),
        (Reply::new(404, ""), ErrorKind::WrongEndpoint, Effect::None),
        (fault(405, "NoMethod"), ErrorKind::WrongEndpoint, Effect::None),
        (fault(500, "UnknownError"), ErrorKind::Unavailable, Effect::Unknown),
        (fault(503, "Unavailable"), ErrorKind::Unavailable, Effect::Unknown),
        (Reply::closed(), ErrorKind::LostAnswer, Effect::Unknown),
    ] {
        let error = reboot(reply.clone()).await.unwrap_err();
        assert_eq!((error.kind, error.effect), (kind, effect), "{reply:?}: {error}");
    }
    let error = reboot(fault(403, "AuthError")).await.unwrap_err();
    assert!(error.to_string().contains("in words (AuthError)"), "{error}");
    assert!(!format!("{error:?}").contains("a-key-of-any-length"));
}

#[tokio::test]
async fn nothing_but_a_reboot_is_ever_sent() {
    let server = Scripted::new([Reply::json(202, ACCEPTED)]).await;
    for operation in [
        Operation::PowerOn,
        Operation::PowerOff { method: OffKind::NotToldApart },
        Operation::Suspend,
        Operation::Resume,
        Operation::Reboot { method: RebootKind::Soft },
        Operation::Reboot { method: RebootKind::Hard },
        Operation::Rename { to: "b.example".into() },
        Operation::Delete,
    ] {
        let error = send(&server, &operation, "556").await.unwrap_err();
        assert_eq!((error.kind, error.effect), (ErrorKind::Unsupported, Effect::None), "{operation:?}");
    }
    assert!(server.seen().is_empty());
}
