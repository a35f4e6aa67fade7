//! One server: every state of the page, and what says that it is gone.

use crate::wire::Reply;
use crate::{foreign, lines, message, open, scripted};
use fleetform::model::{LiveServer, LiveState, Power, ServerId, Settles, Verb};
use fleetform::provider::{Effect, Error, ErrorKind};
use serde_json::{Value, json};

async fn get(reply: Reply) -> Result<Option<LiveServer>, Error> {
    let server = scripted([reply]).await;
    let found = open(&server.url).get(&ServerId::from("WA1ALIASWB01")).await;
    assert!(lines(&server).iter().all(|line| line == "GET /v2/servers/ALIAS/wa1aliaswb01"));
    found
}

fn server(status: &Value, details: &Value) -> Value {
    let mut server = json!({ "id": "wa1aliaswb01", "name": "WA1ALIASWB01", "isTemplate": false });
    if !status.is_null() {
        server["status"] = status.clone();
    }
    if !details.is_null() {
        server["details"] = details.clone();
    }
    server
}

#[tokio::test]
async fn every_status_and_power_state_of_the_page_is_understood() {
    let settled = LiveState::Settled;
    let moving = |word: &str, into| LiveState::Transition { word: word.into(), into };
    let unknown = |word: &str| LiveState::Unrecognised(word.into());
    let power = |word: &str| json!({ "powerState": word, "inMaintenanceMode": true, "cpu": 1 });
    let none = Value::Null;
    for (status, details, expected) in [
        (json!("active"), power("started"), settled(Power::On)),
        (json!("active"), power("stopped"), settled(Power::Off)),
        (json!("active"), power("paused"), settled(Power::Suspended)),
        (json!("active"), power("Frobnicating"), unknown("Frobnicating")),
        (json!("active"), none.clone(), unknown("active, without a power state")),
        (json!("active"), json!({ "powerState": null }), unknown("active, without a power state")),
        (json!("archived"), json!({ "powerState": "stopped", "storageGB": 16 }), settled(Power::Off)),
        (json!("archived"), none.clone(), settled(Power::Off)),
        (json!("archived"), power("started"), unknown("archived, started")),
        (json!("underConstruction"), none.clone(), moving("underConstruction", None)),
        (json!("queuedForDelete"), none.clone(), moving("queuedForDelete", Some(Settles::Gone))),
        (json!("queuedForDelete"), power("started"), moving("queuedForDelete", Some(Settles::Gone))),
        (json!("queuedForArchive"), power("started"), moving("queuedForArchive", None)),
        (json!("queuedForRestore"), power("stopped"), moving("queuedForRestore", None)),
        (json!("deleted"), power("stopped"), unknown("deleted")),
        (json!("pondering"), power("started"), unknown("pondering")),
        (none.clone(), power("started"), unknown("no status")),
    ] {
        let found = get(Reply::json(200, server(&status, &details))).await.unwrap().unwrap();
        assert_eq!(found.state, expected, "{status} {details}");
        assert_eq!(found.id, Some("wa1aliaswb01".into()));
        assert_eq!(found.name, Some("WA1ALIASWB01".into()));
        assert_eq!(found.denials.is_empty(), status != "archived");
    }
}

#[tokio::test]
async fn an_archived_server_can_be_deleted_and_nothing_else() {
    let found = get(Reply::json(200, server(&json!("archived"), &Value::Null))).await.unwrap().unwrap();
    for verb in [Verb::PowerOn, Verb::PowerOff, Verb::Suspend, Verb::Reboot] {
        assert_eq!(found.denial(verb), Some("it is archived and must be restored first"));
    }
    assert_eq!(found.denial(Verb::Delete), None);
}

#[tokio::test]
async fn ids_are_lower_case_whatever_the_answer_writes() {
    let upper = json!({ "id": "WA1ALIASWB01", "name": "wa1aliaswb01", "status": "active",
        "details": { "powerState": "started" } });
    let found = get(Reply::json(200, upper)).await.unwrap().unwrap();
    assert_eq!((found.id, found.name), (Some("wa1aliaswb01".into()), Some("wa1aliaswb01".into())));
}

#[tokio::test]
async fn a_template_under_the_id_of_a_server_is_told_and_never_touched() {
    let mut template = server(&json!("active"), &json!({ "powerState": "stopped" }));
    template["isTemplate"] = json!(true);
    let found = get(Reply::json(200, template)).await.unwrap().unwrap();
    assert_eq!(found.state, LiveState::Unrecognised("a template, not a server".into()));
}

#[tokio::test]
async fn only_an_empty_404_says_that_a_server_is_gone() {
    assert_eq!(get(Reply::new(404, "")).await.unwrap(), None);
    let elsewhere = Reply::json(404, message("The requested resource does not exist."));
    for reply in foreign(404).into_iter().chain([elsewhere, Reply::new(404, " ")]) {
        let error = get(reply.clone()).await.expect_err("it says nothing about the server");
        assert_eq!((error.kind, error.effect), (ErrorKind::WrongEndpoint, Effect::None), "{reply:?}");
    }
    for status in [200, 204] {
        for reply in foreign(status).into_iter().chain([Reply::new(status, ""), Reply::json(status, "[]")]) {
            let error = get(reply.clone()).await.expect_err("it says nothing about the server");
            assert_eq!(error.kind, ErrorKind::Garbage, "{reply:?}");
        }
    }
    for odd in [json!({ "id": "wa1aliasxx99", "name": "X" }), json!({ "name": "X" }), json!({ "id": "" })] {
        assert_eq!(get(Reply::json(200, odd)).await.unwrap_err().kind, ErrorKind::Garbage);
    }
}

#[tokio::test]
async fn refusals_of_reads_are_told_apart_and_quoted() {
    for (reply, kind, text) in [
        (Reply::json(403, message("Your role does not allow this.")), ErrorKind::Forbidden, "Your role"),
        (Reply::new(403, ""), ErrorKind::Forbidden, "not allowed"),
        (Reply::new(401, "denied"), ErrorKind::Auth, "denied"),
        (Reply::json(400, message("bad")), ErrorKind::Refused, "bad"),
        (Reply::new(415, ""), ErrorKind::Refused, "refused"),
    ] {
        let server = scripted([reply.clone(), crate::login(), reply.clone()]).await;
        let error = open(&server.url).get(&ServerId::from("x")).await.unwrap_err();
        assert_eq!(error.kind, kind, "{reply:?}");
        assert!(error.to_string().contains(text), "{error}");
    }
}
