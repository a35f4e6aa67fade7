//! The hostway face, over real HTTP: each fact of the provider's page that it implements.
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

#[path = "simulator_common/mod.rs"]
mod common;

use common::{Answer, Client, start};
use fleetform::simulator::Running;
use serde_json::{Value, json};

fn world() -> Value {
    json!({
        "version": 1,
        "defaults": { "settle": "500ms" },
        "connections": { "flex": { "type": "hostway" } },
        "servers": [
            { "connection": "flex", "id": "123", "name": "reports", "power": "on" },
            { "connection": "flex", "id": "124", "name": "db", "power": "off" },
            { "connection": "flex", "id": "125", "name": "db", "power": "suspended" },
            { "connection": "flex", "id": "126", "name": "new", "state": "BUILD" },
            { "connection": "flex", "id": "127", "name": "odd", "state": "UNKNOWN" },
            { "connection": "flex", "id": "a b/c", "name": "spaced", "power": true,
              "attributes": { "zone": "LON002" } },
            { "connection": "flex", "name": "made-{1..2}", "power": false },
        ],
    })
}

/// A client with the credentials that the simulator handed out.
fn client(running: &Running) -> Client {
    let endpoint = running.endpoint("flex").unwrap();
    assert_eq!(endpoint.settings["username"], "sim-flex");
    Client::new(&endpoint.settings["endpoint"])
        .with_basic(&endpoint.settings["username"], &endpoint.settings["password"])
}

fn names(answer: &Answer) -> Vec<String> {
    let servers = answer.json()["servers"].as_array().unwrap().clone();
    servers.iter().map(|server| server["name"].as_str().unwrap().to_owned()).collect()
}

fn status(client: &Client, id: &str) -> String {
    client.get(&format!("/servers/{id}")).json()["server"]["status"].as_str().unwrap().to_owned()
}

fn fault(answer: &Answer) -> (u16, String) {
    let body = answer.json();
    let (name, fault) = body.as_object().unwrap().iter().next().unwrap();
    assert_eq!(body.as_object().unwrap().len(), 1);
    assert_eq!(fault["code"], answer.status);
    assert!(fault["message"].is_string() && fault["details"].is_string());
    (answer.status, name.clone())
}

#[test]
fn without_the_right_credentials_there_is_401_in_plain_text() {
    let running = start(world());
    let url = running.endpoint("flex").unwrap().settings["endpoint"].clone();
    for client in [
        Client::new(&url),
        Client::new(&url).with_basic("sim-flex", "wrong"),
        Client::new(&url).with_header("authorization", "Bearer sim-flex"),
        Client::new(&url).with_header("authorization", "c2ltLWZsZXg6c2ltLWZsZXgtcGFzc3dvcmQ="),
    ] {
        let answer = client.get("/servers/detail");
        assert_eq!((answer.status, answer.header("content-type").as_deref()), (401, Some("text/plain")));
        assert!(serde_json::from_slice::<Value>(&answer.body).is_err());
    }
}

#[test]
fn a_list_shows_running_stopped_and_processing_servers_and_others_by_their_status() {
    let running = start(world());
    let client = client(&running);
    assert_eq!(names(&client.get("/servers/detail")), ["reports", "db", "spaced", "made-1", "made-2"]);
    for (status, expected) in [
        ("SUSPENDED", vec!["db"]),
        ("BUILD", vec!["new"]),
        ("UNKNOWN", vec!["odd"]),
        ("ACTIVE", vec!["reports", "spaced"]),
        ("DELETED", vec![]),
    ] {
        assert_eq!(names(&client.get(&format!("/servers/detail?status={status}"))), expected, "{status}");
    }
    for query in ["status=RUNNING", "status=BUILD&status=ACTIVE", "status=", "limit=10", "zone=AUS001"] {
        let answer = client.get(&format!("/servers/detail?{query}"));
        assert_eq!(fault(&answer), (400, "badRequest".to_owned()), "{query}");
    }
}

#[test]
fn a_plain_list_has_ids_and_links_only() {
    let running = start(world());
    let first = client(&running).get("/servers").json()["servers"][0].clone();
    let keys: Vec<&String> = first.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["id", "links"]);
    assert!(first["links"][0]["href"].as_str().unwrap().ends_with("/servers/123/"));
}

#[test]
fn servers_have_the_documented_fields_and_their_oddities() {
    let running = start(world());
    let client = client(&running);
    let listed = client.get("/servers/detail").json()["servers"].clone();
    let one = client.get("/servers/123").json()["server"].clone();
    assert_eq!(
        (&one["id"], &one["name"], &one["status"]),
        (&json!("123"), &json!("reports"), &json!("ACTIVE"))
    );
    for key in ["updated", "tenantId", "accessIPv6"] {
        assert_eq!((&one[key], &listed[0][key]), (&Value::Null, &json!("")), "{key}");
    }
    assert_eq!((&listed[0]["flavor"]["id"], &listed[1]["flavor"]["id"]), (&json!(17), &json!("")));
    assert_eq!(one["created"].as_str().unwrap().len(), "2026-11-20T02:00:00".len());
    assert_eq!((&one["metadata"], &one["progress"]), (&json!({}), &json!(100)));
    assert!(one["image"]["id"].as_str().unwrap().contains(' '));
    assert!(one.get("zone").is_none());
    let building = client.get("/servers/126").json()["server"].clone();
    let odd = ["hostId", "userId", "created"].map(|key| building[key].clone());
    assert_eq!(odd, [json!(""), json!(""), json!("")]);
}

#[test]
fn ids_are_percent_decoded_and_made_up_where_the_world_has_none() {
    let running = start(world());
    let client = client(&running);
    assert_eq!(client.get("/servers/a%20b%2Fc").json()["server"]["name"], "spaced");
    assert_eq!(client.get("/servers/sim-flex-AUS001-0002").json()["server"]["name"], "made-2");
    assert_eq!(fault(&client.get("/servers/999")), (404, "itemNotFound".to_owned()));
}

#[test]
fn the_long_path_style_knows_the_account_and_shows_zones() {
    let running = start(world());
    let client = client(&running);
    let base = "/accounts/sim-flex-account/flexcloud";
    let listed = client.get(&format!("{base}/servers/detail?zone=LON002"));
    assert_eq!(names(&listed), ["spaced"]);
    let server = &listed.json()["servers"][0];
    assert_eq!(server["zone"], "LON002");
    assert!(server["links"][0]["href"].as_str().unwrap().ends_with(&format!("{base}/servers/a%20b%2Fc/")));
    assert_eq!(names(&client.get(&format!("{base}/servers/detail?region=LON"))), ["spaced"]);
    let answer = client.get("/accounts/other/flexcloud/servers/detail");
    assert_eq!(fault(&answer), (404, "itemNotFound".to_owned()));
    let answer = client.post_json(&format!("{base}/servers/124/action"), &json!({ "os-start": null }));
    assert_eq!(answer.status, 202);
}

#[test]
fn an_action_is_taken_shown_as_processing_and_then_settles() {
    let running = start(world());
    let client = client(&running);
    for (id, body, before, after) in [
        ("123", json!({ "os-stop": null }), "ACTIVE", "STOPPED"),
        ("124", json!({ "os-start": null }), "STOPPED", "ACTIVE"),
        ("a%20b%2Fc", json!({ "reboot": { "type": "SOFT" } }), "ACTIVE", "ACTIVE"),
        ("a%20b%2Fc", json!({ "reboot": { "type": "HARD" } }), "ACTIVE", "ACTIVE"),
    ] {
        assert_eq!(status(&client, id), before);
        let answer = client.post_json(&format!("/servers/{id}/action"), &body);
        assert_eq!((answer.status, answer.body.len()), (202, 0));
        assert_eq!(status(&client, id), "PROCESSING");
        assert!(names(&client.get("/servers/detail")).len() == 5, "processing servers are listed");
        let again = client.post_json(&format!("/servers/{id}/action"), &body);
        assert_eq!(fault(&again), (409, "conflictingRequest".to_owned()));
        common::until(|| status(&client, id) != "PROCESSING");
        assert_eq!(status(&client, id), after);
    }
    let stats = running.stats();
    assert_eq!((stats.tally("flex", "123").power_offs, stats.tally("flex", "124").power_ons), (1, 1));
    let rebooted = stats.tally("flex", "a b/c");
    assert_eq!((rebooted.reboots, rebooted.boots, rebooted.accepted), (2, 2, 2));
    assert_eq!(stats.calls("flex", "POST", "/servers/{id}/action"), 8);
}

#[test]
fn actions_that_make_no_sense_now_are_conflicts() {
    let running = start(world());
    let client = client(&running);
    for (id, body) in [
        ("123", json!({ "os-start": null })),
        ("124", json!({ "os-stop": null })),
        ("124", json!({ "reboot": { "type": "HARD" } })),
        ("125", json!({ "os-start": null })),
        ("126", json!({ "os-stop": null })),
        ("127", json!({ "reboot": { "type": "SOFT" } })),
    ] {
        let answer = client.post_json(&format!("/servers/{id}/action"), &body);
        assert_eq!(fault(&answer), (409, "conflictingRequest".to_owned()), "{id} {body}");
    }
    assert!(running.stats().servers.is_empty());
}

#[test]
fn bodies_are_read_to_the_letter() {
    let running = start(world());
    let client = client(&running);
    for body in [
        json!({}),
        json!([]),
        json!({ "os-stop": {} }),
        json!({ "os-stop": null, "os-start": null }),
        json!({ "reboot": null }),
        json!({ "reboot": { "type": "soft" } }),
        json!({ "reboot": { "type": "SOFT", "force": true } }),
    ] {
        let answer = client.post_json("/servers/123/action", &body);
        assert_eq!(fault(&answer), (400, "badRequest".to_owned()), "{body}");
    }
    let untyped = client.send("POST", "/servers/123/action", None, br#"{"os-stop": null}"#.to_vec());
    assert_eq!(fault(&untyped), (400, "badRequest".to_owned()));
    let charset = Some("application/json; charset=UTF-8");
    assert_eq!(
        client.send("POST", "/servers/123/action", charset, br#"{"os-stop":null}"#.to_vec()).status,
        202
    );
    let pause = client.post_json("/servers/124/action", &json!({ "pause": null }));
    assert_eq!(fault(&pause), (405, "badMethod".to_owned()));
    let resize = client.post_json("/servers/124/action", &json!({ "resize": { "flavorId": "2" } }));
    assert_eq!(fault(&resize).0, 403);
    let patch = client.send("PATCH", "/servers/123", None, Vec::new());
    assert_eq!(fault(&patch), (405, "badMethod".to_owned()));
    assert_eq!(fault(&client.get("/images")), (404, "itemNotFound".to_owned()));
    let unknown = client.post_json("/servers/999/action", &json!({ "os-stop": null }));
    assert_eq!(fault(&unknown), (404, "itemNotFound".to_owned()));
}

#[test]
fn a_rename_is_done_at_once_and_names_need_not_be_unique() {
    let running = start(world());
    let client = client(&running);
    let rename = |id: &str, body: Value| client.put_json(&format!("/servers/{id}"), &body);
    let answer = rename("123", json!({ "server": { "name": "db" } }));
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    assert_eq!(client.get("/servers/123").json()["server"]["name"], "db");
    for body in [
        json!({ "server": { "name": "" } }),
        json!({ "server": { "name": "x", "status": "ACTIVE" } }),
        json!({ "name": "x" }),
    ] {
        assert_eq!(fault(&rename("123", body)), (400, "badRequest".to_owned()));
    }
    let unknown = rename("999", json!({ "server": { "name": "x" } }));
    assert_eq!((unknown.status, unknown.body.len()), (404, 0), "a bare status line");
    client.post_json("/servers/123/action", &json!({ "os-stop": null }));
    assert_eq!(fault(&rename("123", json!({ "server": { "name": "x" } }))).0, 409);
    assert_eq!(running.stats().tally("flex", "123").renames, 1);
}

#[test]
fn a_deleted_server_is_processing_and_then_gone() {
    let running = start(world());
    let client = client(&running);
    assert_eq!(client.send("DELETE", "/servers/125", None, Vec::new()).status, 202);
    assert_eq!(status(&client, "125"), "PROCESSING");
    assert_eq!(client.send("DELETE", "/servers/125", None, Vec::new()).status, 409);
    common::until(|| client.get("/servers/125").status != 200);
    assert_eq!(fault(&client.get("/servers/125")), (404, "itemNotFound".to_owned()));
    let again = client.send("DELETE", "/servers/125", None, Vec::new());
    assert_eq!((again.status, again.body.len()), (404, 0));
    let tally = running.stats().tally("flex", "125");
    assert_eq!((tally.deletes, tally.accepted), (1, 1));
}
