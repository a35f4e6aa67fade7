//! The mediatemple face, over real HTTP: each fact of the provider's page that it implements.
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

#[path = "simulator_common/mod.rs"]
mod common;

use common::{Answer, Client, start, until, wait};
use fleetform::simulator::Running;
use serde_json::{Value, json};

fn world() -> Value {
    json!({
        "version": 1,
        "defaults": { "settle": "1500ms" },
        "connections": { "mt": { "type": "mediatemple" } },
        "servers": [
            { "connection": "mt", "id": 556, "name": "one.example.com", "power": "on" },
            { "connection": "mt", "id": 557, "name": "closed.example.com", "power": "off" },
            { "connection": "mt", "id": 558, "name": "held.example.com", "power": "suspended" },
            { "connection": "mt", "id": 559, "name": "unpaid", "state": "3" },
            { "connection": "mt", "id": 560, "name": "no server", "attributes": { "serviceType": 739 } },
            { "connection": "mt", "id": 561, "name": "nameless", "attributes": { "primaryDomain": null } },
            { "connection": "mt", "id": 562, "name": "silent",
              "attributes": { "primaryDomain": "absent", "pendingReboot": "absent" } },
            { "connection": "mt", "id": 563, "name": "swapped", "attributes": { "swapped": true } },
            { "connection": "mt", "name": "made-{1..2}" },
        ],
    })
}

fn base(running: &Running) -> (String, String) {
    let settings = &running.endpoint("mt").unwrap().settings;
    assert!(settings["endpoint"].ends_with("/api/v1"));
    assert_eq!(settings["api_key"].len(), 65);
    (settings["endpoint"].clone(), settings["api_key"].clone())
}

fn client(running: &Running) -> Client {
    let (base, key) = base(running);
    Client::new(&base)
        .with_header("authorization", &format!("MediaTemple {key}"))
        .with_header("accept", "application/json")
}

fn post(client: &Client, path: &str) -> Answer {
    client.send("POST", path, None, Vec::new())
}

/// Status and code of a standard response, which must agree with the answer that carries it.
fn standard(answer: &Answer) -> (u16, Option<String>) {
    let body = answer.json();
    let response = &body["response"];
    assert_eq!(response["statusCode"], answer.status);
    assert!(response["timeStamp"].as_u64().unwrap() > 1_000_000_000_000);
    assert_eq!(response["custom"], json!([]));
    let date = response["date"].as_str().unwrap();
    assert!(date.ends_with("+0000") && date.len() == "2010-09-16T03:53:18.593+0000".len(), "{date}");
    let error = &response["errors"][0];
    assert!(error.is_null() || error["message"].is_string());
    (answer.status, error["errorCode"].as_str().map(str::to_owned))
}

fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(standard(answer), (status, Some(code.to_owned()).filter(|code| !code.is_empty())));
}

#[test]
fn the_key_goes_into_the_header_or_the_query_and_a_bad_one_is_403() {
    let running = start(world());
    let (base, key) = base(&running);
    let plain = Client::new(&base);
    assert_eq!(client(&running).get("/services.json").status, 200);
    assert_eq!(plain.get(&format!("/services.json?apikey={key}")).status, 200);
    for path in ["/services.json", "/services.json?apikey=", "/services/556/reboot.json"] {
        refused(&plain.get(path), 403, "AuthError");
    }
    refused(&client(&running).get("/services.json?apikey=wrong"), 403, "AuthError");
    let basic = Client::new(&base).with_header("authorization", &key);
    refused(&basic.get("/services.json"), 403, "AuthError");
}

#[test]
fn all_services_come_in_one_list() {
    let running = start(world());
    let client = client(&running);
    let list = client.get("/services.json").json();
    let ids: Vec<Value> =
        list["services"].as_array().unwrap().iter().map(|service| service["id"].clone()).collect();
    let swapped = json!([556, 557, 558, 559, 560, 561, 562, "563", 500_001, 500_002]);
    assert_eq!(Value::from(ids), swapped);
    let plain = json!({ "serviceIds": [556, 557, 558, 559, 560, 561, 562, 563, 500_001, 500_002] });
    assert_eq!(client.get("/services/ids.json").json(), plain);
    assert_eq!(client.get("/services/557.json").json()["service"], list["services"][1]);
}

#[test]
fn a_service_has_the_documented_fields_and_types() {
    let running = start(world());
    let client = client(&running);
    let service = |id: u32| client.get(&format!("/services/{id}.json")).json()["service"].clone();
    let one = service(556);
    assert_eq!((&one["id"], &one["primaryDomain"]), (&json!(556), &json!("one.example.com")));
    assert_eq!((&one["billingStatus"], &one["pendingReboot"]), (&json!("0"), &json!("0")));
    assert!(one["serviceType"].is_u64() && one["operatingSystem"].is_string());
    assert!(one["ipAddresses"][0].is_string() && one["accessDomain"].is_null());
    assert!(one["addons"][0]["id"].is_u64() && one["addons"][0]["description"].is_string());
    for (id, status, text) in
        [(556, "0", "OPEN"), (557, "1", "CLOSED"), (558, "2", "SUSPENDED"), (559, "3", "WAIT FOR PAYMENT")]
    {
        let shown = service(id);
        assert_eq!(shown["billingStatus"], status);
        assert_eq!(shown["billingStatusText"], text);
    }
    assert_eq!((&service(560)["serviceType"], &service(560)["ipAddresses"]), (&json!(739), &json!([])));
    assert!(service(561).get("primaryDomain").unwrap().is_null());
    assert!(service(562).get("primaryDomain").is_none() && service(562).get("pendingReboot").is_none());
    let swapped = service(563);
    assert_eq!(
        [&swapped["id"], &swapped["billingStatus"], &swapped["pendingReboot"]],
        [&json!("563"), &json!(0), &json!(0)]
    );
}

#[test]
fn a_reboot_waits_begins_and_is_done() {
    let running = start(world());
    let client = client(&running);
    let pending = || client.get("/services/556.json").json()["service"]["pendingReboot"].clone();
    let answer = post(&client, "/services/556/reboot.json");
    assert_eq!(standard(&answer), (202, None));
    assert_eq!(answer.json()["response"]["errors"], json!([]));
    assert_eq!(pending(), "1");
    refused(&post(&client, "/services/556/reboot.json"), 409, "OperationPending");
    until(|| pending() == "0");
    assert_eq!(running.stats().tally("mt", "556").reboots, 0, "it has begun and is not done");
    refused(&post(&client, "/services/556/reboot.json"), 409, "OperationPending");
    until(|| running.stats().tally("mt", "556").reboots == 1);
    assert_eq!(running.stats().tally("mt", "556").accepted, 1);
    assert_eq!(post(&client, "/services/556/reboot.json").status, 202);
    assert_eq!(running.stats().calls("mt", "POST", "/services/{id}/reboot"), 4);
}

#[test]
fn a_reboot_that_never_settles_waits_for_ever() {
    let mut world = world();
    world["defaults"]["settle"] = json!("20ms");
    world["faults"] = json!([{ "method": "POST", "fault": "never_settles" }]);
    let running = start(world);
    let client = client(&running);
    assert_eq!(post(&client, "/services/556/reboot.json").status, 202);
    wait(60);
    assert_eq!(client.get("/services/556.json").json()["service"]["pendingReboot"], "1");
}

#[test]
fn reboots_that_are_not_permitted_or_not_well_formed_are_refused() {
    let running = start(world());
    let client = client(&running);
    for id in [557, 558, 559, 560] {
        refused(&post(&client, &format!("/services/{id}/reboot.json")), 401, "");
    }
    refused(&post(&client, "/services/1/reboot.json"), 404, "InvalidService");
    refused(&post(&client, "/services/one/reboot.json"), 400, "InvalidInput");
    refused(&client.post_json("/services/556/reboot.json", &json!({})), 400, "InvalidInput");
    assert!(running.stats().servers.is_empty());
}

#[test]
fn unknown_services_paths_and_methods_are_told_apart() {
    let running = start(world());
    let client = client(&running);
    refused(&client.get("/services/1.json"), 404, "InvalidService");
    for path in ["", "/", "/servers.json", "/services/", "/services.json/556", "/services/556/stats.json"] {
        let answer = client.get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.header("content-type").unwrap().starts_with("text/html"));
        assert!(serde_json::from_slice::<Value>(&answer.body).is_err());
    }
    for (method, path) in [
        ("DELETE", "/services/556.json"),
        ("PUT", "/services/556.json"),
        ("POST", "/services.json"),
        ("GET", "/services/556/reboot.json"),
        ("POST", "/services/556/reboot.json?_method=PUT"),
    ] {
        refused(&client.send(method, path, None, Vec::new()), 405, "");
    }
    assert_eq!(post(&client, "/services/556.json?_method=GET").json()["service"]["id"], 556);
    refused(&client.get("/services/556.json?_method=GET"), 400, "InvalidInput");
}

#[test]
fn a_request_must_ask_for_json_and_for_nothing_else() {
    let running = start(world());
    let (base, key) = base(&running);
    let key = format!("MediaTemple {key}");
    let any = Client::new(&base).with_header("authorization", &key);
    for path in ["/services.json", "/services?_format=json", "/services/ids.json?_format=json"] {
        assert_eq!(any.get(path).status, 200, "{path}");
    }
    assert_eq!(client(&running).get("/services").status, 200, "the Accept header is enough");
    for path in ["/services", "/services.xml", "/services.json?_format=xml", "/services?_format=JSON"] {
        refused(&any.get(path), 400, "InvalidInput");
    }
    let xml = Client::new(&base).with_header("authorization", &key).with_header("accept", "application/xml");
    refused(&xml.get("/services.json"), 400, "InvalidInput");
    for query in ["fieldList=service.id", "page=2", "wrapRoot=no", "wrapRoot=true&wrapRoot=true"] {
        refused(&any.get(&format!("/services.json?{query}")), 400, "InvalidInput");
    }
}

#[test]
fn the_root_can_be_left_out_and_white_space_added() {
    let running = start(world());
    let client = client(&running);
    let list = client.get("/services.json?wrapRoot=false").json();
    assert_eq!(list.as_array().unwrap().len(), 10);
    assert_eq!(client.get("/services/556.json?wrapRoot=false").json()["id"], 556);
    assert_eq!(client.get("/services/1.json?wrapRoot=false").json()["statusCode"], 404);
    let (plain, pretty) =
        (client.get("/services/556.json"), client.get("/services/556.json?prettyPrint=true"));
    assert!(pretty.body.len() > plain.body.len());
    assert_eq!(pretty.json(), plain.json());
}

#[test]
fn the_fault_refuse_is_a_pending_operation() {
    let mut world = world();
    world["faults"] = json!([{ "fault": "refuse" }]);
    let running = start(world);
    refused(&post(&client(&running), "/services/556/reboot.json"), 409, "OperationPending");
    assert!(running.stats().servers.is_empty());
}

#[test]
fn worlds_that_cannot_be_are_refused() {
    use fleetform::simulator::{Options, Simulator, World};
    for server in [
        json!({ "connection": "mt", "id": "x", "name": "a" }),
        json!({ "connection": "mt", "id": "none", "name": "a" }),
        json!({ "connection": "mt", "name": "a", "attributes": { "pendingReboot": "1" } }),
        json!({ "connection": "mt", "name": "a", "attributes": { "colour": "red" } }),
    ] {
        let mut world = world();
        world["servers"] = json!([server]);
        let world = World::from_value(world).unwrap();
        assert!(Simulator::start(&world, common::FACES, Options::default()).is_err(), "{server}");
    }
}
