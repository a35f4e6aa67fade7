//! Pages, their links, and lists that move.

use crate::wire::Reply;
use crate::{Cloud, PROJECT};
use fleetform::model::{CaseRule, LiveServer, LiveState, Power, Verb};
use fleetform::provider::{Error, ErrorKind, list_all};
use serde_json::{Value, json};

const LIST: &str = include_str!("../../src/providers/openstack/fixtures/list.json");
const LAST: &str = r#"{"servers": []}"#;
const MARKER: &str = "55555555-5555-4555-8555-555555555555";

async fn all(cloud: &Cloud) -> Result<Vec<LiveServer>, Error> {
    list_all(&*cloud.provider, CaseRule::Exact, 8).await
}

fn page(ids: &[&str], next: Option<&str>) -> Reply {
    let servers: Vec<Value> = ids
        .iter()
        .map(|id| json!({ "id": id, "name": id, "status": "ACTIVE", "OS-EXT-STS:vm_state": "active" }))
        .collect();
    let mut body = json!({ "servers": servers });
    if let Some(marker) = next {
        body["servers_links"] =
            json!([{ "rel": "next", "href": format!("http://behind/x?marker={marker}") }]);
    }
    Reply::json(200, body)
}

fn moved(marker: &str) -> Reply {
    let fault = json!({ "badRequest": { "code": 400, "message": format!("marker [{marker}] not found") } });
    Reply::json(400, fault)
}

#[tokio::test]
async fn pages_are_asked_for_by_the_marker_of_the_link_at_the_address_of_the_catalog() {
    let cloud =
        Cloud::below(&format!("/v2.1/{PROJECT}/"), [Reply::json(200, LIST), Reply::json(200, LAST)]).await;
    let found = all(&cloud).await.unwrap();
    let detail = format!("GET /v2.1/{PROJECT}/servers/detail?limit=1000");
    assert_eq!(cloud.lines(), [detail.clone(), format!("{detail}&marker={MARKER}")]);
    let names: Vec<_> = found.iter().map(|server| server.name.as_ref().map(ToString::to_string)).collect();
    let name = |text: &str| Some(text.to_owned());
    assert_eq!(names, [name("runs"), name("rests"), name("broke"), None], "what is deleted is left out");
    assert_eq!(found[0].state, LiveState::Settled(Power::On));
    assert!(found[1].denial(Verb::PowerOn).is_some());
    assert_eq!(found[2].state, LiveState::Unrecognised("ERROR".into()));
    assert_eq!(found[3].state, LiveState::Unrecognised("UNKNOWN".into()));
}

#[tokio::test]
async fn a_marker_is_taken_from_every_kind_of_link() {
    for href in [
        "https://other.example.com/v2.1/servers/detail?limit=2&marker=b%20c&x=1",
        "/servers/detail?marker=b+c",
        "servers/detail?marker=b%20c",
        "?marker=b%20c",
    ] {
        let links = json!([{ "rel": "bookmark", "href": "x" }, { "rel": "next", "href": href }]);
        let first = Reply::json(200, json!({ "servers": [], "servers_links": links }));
        let cloud = Cloud::new([first, Reply::json(200, LAST)]).await;
        all(&cloud).await.unwrap();
        assert_eq!(cloud.nova.seen()[1].pair("marker").as_deref(), Some("b c"), "{href}");
    }
    for links in [Value::Null, json!([]), json!([{ "rel": "self", "href": "x" }])] {
        let only = Reply::json(200, json!({ "servers": [], "servers_links": links }));
        let cloud = Cloud::new([only]).await;
        assert_eq!(all(&cloud).await.unwrap(), []);
        assert_eq!(cloud.nova.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_followed_is_never_a_shorter_one() {
    let link = |href: &str| {
        let links = json!([{ "rel": "next", "href": href }]);
        Reply::json(200, json!({ "servers": [], "servers_links": links }))
    };
    for replies in [
        vec![link("http://behind/x")],
        vec![link("http://behind/x?marker=")],
        vec![page(&["a"], Some("a")), page(&["a"], Some("a"))],
        vec![Reply::json(200, r#"{"servers": [{"name": "no id", "status": "ACTIVE"}]}"#)],
        vec![Reply::json(200, r#"{"servers": [{"id": "", "name": "x", "status": "ACTIVE"}]}"#)],
        vec![Reply::json(200, "{}")],
        vec![Reply::json(200, r#"{"servers": null}"#)],
        vec![Reply::new(200, "<html>")],
        vec![page(&["a"], Some("a")), Reply::new(200, r#"{"servers": [{"id""#)],
    ] {
        let cloud = Cloud::new(replies.clone()).await;
        assert_eq!(all(&cloud).await.unwrap_err().kind, ErrorKind::Garbage, "{replies:?}");
    }
    let cloud =
        Cloud::new([page(&["a"], Some("a")), Reply::json(404, r#"{"itemNotFound": {"message": "x"}}"#)])
            .await;
    assert!(all(&cloud).await.is_err());
}

#[tokio::test]
async fn when_a_marker_vanishes_the_list_is_read_from_its_start() {
    let cloud =
        Cloud::new([page(&["a", "b"], Some("b")), moved("b"), page(&["a"], Some("a")), page(&["c"], None)])
            .await;
    let ids: Vec<String> =
        all(&cloud).await.unwrap().into_iter().map(|live| live.id.unwrap().to_string()).collect();
    assert_eq!(ids, ["a", "c"]);
    assert_eq!(cloud.nova.seen()[2].pair("marker"), None);
    let always: Vec<Reply> = (0..8).flat_map(|_| [page(&["a"], Some("a")), moved("a")]).collect();
    let cloud = Cloud::new(always).await;
    let error = all(&cloud).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Garbage);
    assert!(error.message.contains("marker [a] not found"), "{error}");
    // Another bad request is one.
    let bad = Reply::json(400, json!({ "badRequest": { "code": 400, "message": "bad marker" } }));
    assert_eq!(all(&Cloud::new([bad]).await).await.unwrap_err().kind, ErrorKind::Refused);
}

#[tokio::test]
async fn metadata_and_tags_are_tags_and_what_tells_neither_has_not_none() {
    let told = async |changes: Value| {
        let cloud = Cloud::new([Reply::json(200, crate::server(&changes))]).await;
        let server = cloud.get().await.unwrap().unwrap();
        let tags = server.tags.map(|tags| tags.iter().map(ToString::to_string).collect::<Vec<_>>());
        (tags, server.created_at.map(|at| at.to_string()))
    };
    let both = json!({ "metadata": { "env": "dev", "a": "b=c", "odd": 3 }, "tags": ["web", "env=dev"],
        "created": "2026-11-20T02:00:00Z" });
    let (tags, created) = told(both).await;
    assert_eq!(tags.unwrap(), ["a=b=c", "env=dev", "web"], "each once, and texts alone");
    assert_eq!(created.as_deref(), Some("2026-11-20T02:00:00Z"));
    let none = |word: &str| json!({ "metadata": word, "tags": word, "created": word });
    assert_eq!(told(none("(missing)")).await, (None, None));
    let old = json!({ "metadata": {}, "tags": "(missing)", "created": "soon" });
    assert_eq!(told(old).await, (Some(Vec::new()), None), "a cloud before 2.26");
}
