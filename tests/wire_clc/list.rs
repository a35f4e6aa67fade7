//! The list: data centers, trees, and what happens where a deployment tells less.

use crate::wire::Reply;
use crate::{foreign, lines, message, open, scripted};
use fleetform::model::{CaseRule, LiveServer, LiveState, Power};
use fleetform::provider::{Error, ErrorKind, list_all};
use serde_json::{Value, json};

const DATACENTERS: &str = include_str!("../../src/providers/clc/fixtures/datacenters.json");
const GROUP: &str = include_str!("../../src/providers/clc/fixtures/group.json");

async fn list(replies: Vec<Reply>) -> (Result<Vec<LiveServer>, Error>, Vec<String>) {
    let server = scripted(replies).await;
    let listed = list_all(&*open(&server.url), CaseRule::Insensitive, 1).await;
    (listed, lines(&server))
}

/// One data center whose root group is `root`.
fn one_datacenter() -> Reply {
    Reply::json(200, json!([{ "id": "wa1", "links": [{ "rel": "group", "id": "root" }] }]))
}

fn group(id: &str) -> Value {
    json!({ "id": id, "type": "default", "groups": [], "servers": [], "links": [] })
}

fn server(id: &str) -> Value {
    let details = json!({ "powerState": "started" });
    json!({ "id": id, "name": id.to_uppercase(), "status": "active", "details": details })
}

fn link(id: &str) -> Value {
    json!({ "rel": "server", "href": format!("/v2/servers/alias/{id}"), "id": id.to_uppercase() })
}

fn ids(servers: &[LiveServer]) -> Vec<&str> {
    let mut ids: Vec<&str> = servers.iter().map(|server| server.id.as_ref().unwrap().as_str()).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn a_call_per_data_center_brings_all_its_groups() {
    let empty = group("54fa1b24e3ea4b2fa3a4dd4b8f2e2b41");
    let replies = vec![Reply::json(200, DATACENTERS), Reply::json(200, empty), Reply::json(200, GROUP)];
    let (listed, lines) = list(replies).await;
    let listed = listed.unwrap();
    assert_eq!(ids(&listed), ["wa1aliasnew07", "wa1aliasold03", "wa1aliaswb01"], "no templates");
    let states: Vec<&LiveState> = listed.iter().map(|server| &server.state).collect();
    assert!(
        states.contains(&&LiveState::Settled(Power::On)) && states.contains(&&LiveState::Settled(Power::Off))
    );
    assert_eq!(
        lines,
        [
            "GET /v2/datacenters/ALIAS?groupLinks=true",
            "GET /v2/groups/ALIAS/54fa1b24e3ea4b2fa3a4dd4b8f2e2b41?serverDetail=detailed",
            "GET /v2/groups/ALIAS/90aa27053c6946cd9a6c26a1dbf4b5f7?serverDetail=detailed",
        ]
    );
}

#[tokio::test]
async fn what_is_linked_and_not_described_is_asked_for_one_by_one() {
    let mut root = group("root");
    root.as_object_mut().unwrap().remove("servers");
    root["links"] = json!([link("a1"), { "rel": "server", "href": "/v2/servers/alias/b2/" }]);
    let mut below = group("below");
    below["servers"] = json!([server("c3")]);
    below["links"] = json!([link("c3"), link("d4"), link("t5")]);
    let mut templates = group("templates");
    templates["type"] = json!("templates");
    templates["links"] = json!([link("t9")]);
    root["groups"] = json!([below, templates]);
    let mut template = server("t5");
    template["isTemplate"] = json!(true);
    // The order in which they are asked for is the walk's own.
    let order = ["a1", "b2", "d4", "t5"];
    let replies = |order: &[&str]| {
        let of = |id: &&str| match *id {
            "a1" => Reply::new(404, ""),
            "t5" => Reply::json(200, &template),
            id => Reply::json(200, server(id)),
        };
        let first = [one_datacenter(), Reply::json(200, &root)];
        first.into_iter().chain(order.iter().map(of)).collect::<Vec<_>>()
    };
    let (listed, asked) = list(replies(&order)).await;
    assert_eq!(asked[2..], order.map(|id| format!("GET /v2/servers/ALIAS/{id}")), "{asked:?}");
    // a1 was deleted in between, t5 is a template.
    assert_eq!(ids(&listed.unwrap()), ["b2", "c3", "d4"]);
    let broken = vec![one_datacenter(), Reply::json(200, &root), Reply::new(404, "<html>")];
    assert!(list(broken).await.0.is_err(), "a foreign 404 makes no shorter list");
}

#[tokio::test]
async fn a_data_center_without_a_link_to_its_group_is_asked_for_it() {
    let bare = || Reply::json(200, json!([{ "id": "wa1", "links": [{ "rel": "self" }] }]));
    let linked = json!({ "id": "WA1", "links": [{ "rel": "group", "href": "/v2/groups/alias/root" }] });
    let mut root = group("ROOT");
    root["servers"] = json!([server("a1"), server("A1")]);
    let replies = vec![bare(), Reply::json(200, linked), Reply::json(200, root)];
    let (listed, lines) = list(replies).await;
    assert_eq!(ids(&listed.unwrap()), ["a1"], "once, whatever the case");
    assert_eq!(lines[1], "GET /v2/datacenters/ALIAS/wa1?groupLinks=true");
    for without in
        [json!({ "id": "wa1" }), json!({ "id": "wa1", "links": [] }), json!({ "id": "ca1" }), json!({})]
    {
        let (listed, _) = list(vec![bare(), Reply::json(200, &without)]).await;
        let error = listed.expect_err("its servers cannot be listed");
        assert_eq!(error.kind, ErrorKind::Garbage, "{without}: {error}");
    }
}

fn nested(depth: usize) -> String {
    // By hand: a value so deep cannot be dropped without recursion either.
    let open = r#"{"id":"root","links":[],"groups":["#.repeat(depth);
    let last = format!(r#"{{"id":"last","groups":[],"servers":[{}]}}"#, server("deep"));
    format!("{open}{last}{}", "]}".repeat(depth))
}

#[tokio::test]
async fn a_tree_may_be_deep_and_one_that_is_too_deep_is_an_error() {
    for depth in [1, 32, 50] {
        let (listed, _) = list(vec![one_datacenter(), Reply::json(200, nested(depth))]).await;
        assert_eq!(ids(&listed.unwrap()), ["deep"], "{depth} groups");
    }
    for depth in [100, 100_000] {
        let (listed, _) = list(vec![one_datacenter(), Reply::json(200, nested(depth))]).await;
        assert_eq!(listed.unwrap_err().kind, ErrorKind::Garbage, "{depth} groups");
    }
}

#[tokio::test]
async fn a_tree_larger_than_what_is_kept_is_read_all_the_same() {
    const COUNT: usize = 6000;
    let padding = "x".repeat(5000);
    let servers: Vec<Value> = (0..COUNT)
        .map(|n| {
            let mut server = server(&format!("s{n}"));
            server["description"] = json!(padding);
            server
        })
        .collect();
    let mut root = group("root");
    root["servers"] = json!(servers);
    let (listed, _) = list(vec![one_datacenter(), Reply::json(200, &root)]).await;
    assert_eq!(listed.unwrap().len(), COUNT);
}

#[tokio::test]
async fn what_cannot_be_understood_is_never_a_shorter_list() {
    for reply in foreign(200).into_iter().chain([Reply::new(200, ""), Reply::json(200, json!([{}]))]) {
        let (listed, _) = list(vec![reply.clone()]).await;
        assert_eq!(listed.unwrap_err().kind, ErrorKind::Garbage, "{reply:?}");
    }
    let mut nameless = group("root");
    nameless["servers"] = json!([{ "name": "x", "status": "active" }]);
    let mut silent = group("root");
    silent["groups"] = json!([{ "id": "g", "groups": [] }]);
    let odd = [nameless, silent, group("another"), json!({}), json!({ "id": "root" }), json!([])];
    for reply in odd.into_iter().map(|body| Reply::json(200, body)).chain(foreign(200)) {
        let (listed, _) = list(vec![one_datacenter(), reply.clone()]).await;
        assert_eq!(listed.unwrap_err().kind, ErrorKind::Garbage, "{reply:?}");
    }
    for (reply, kind) in [
        (Reply::new(404, ""), ErrorKind::WrongEndpoint),
        (Reply::json(404, message("The requested resource does not exist.")), ErrorKind::WrongEndpoint),
        (Reply::json(403, message("no")), ErrorKind::Forbidden),
        (Reply::new(204, ""), ErrorKind::Garbage),
    ] {
        for replies in [vec![reply.clone()], vec![one_datacenter(), reply.clone()]] {
            assert_eq!(list(replies).await.0.unwrap_err().kind, kind, "{reply:?}");
        }
    }
}

#[tokio::test]
async fn the_groups_around_a_server_are_its_tags() {
    let mut root = group("root");
    root["name"] = json!("WA1 Hardware");
    let mut inner = group("inner");
    (inner["name"], inner["servers"]) = (json!("Web"), json!([server("wa1aliasa01"), server("wa1aliasa02")]));
    (root["groups"], root["servers"]) = (json!([inner]), json!([server("wa1aliasb01")]));
    root["links"] = json!([link("wa1aliasc01")]);
    let alone = Reply::json(200, server("wa1aliasc01"));
    let (listed, _) = list(vec![one_datacenter(), Reply::json(200, root), alone]).await;
    let listed = listed.unwrap();
    let tags = |id: &str| {
        let server = listed.iter().find(|server| server.id.as_ref().unwrap().as_str() == id).unwrap();
        server.tags.as_deref().map(|tags| tags.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(tags("wa1aliasb01").unwrap(), ["group=WA1 Hardware"]);
    assert_eq!(tags("wa1aliasa02").unwrap(), ["group=WA1 Hardware", "group=Web"]);
    assert_eq!(tags("wa1aliasc01"), None, "asked for by itself, it does not tell them");
}
