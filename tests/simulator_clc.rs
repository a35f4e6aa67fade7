//! The clc face, over real HTTP: each fact of the provider's page that it implements.
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

#[path = "simulator_clc/access.rs"]
mod access;
#[path = "simulator_common/mod.rs"]
mod common;
#[path = "simulator_clc/estate.rs"]
mod estate;

use common::{Answer, Client, start, until, wait};
use fleetform::simulator::{Options, Running, Simulator, World};
use serde_json::{Value, json};

const REFUSED: &str =
    "The operation cannot be queued because the server cannot be found or it is not in a valid state.";

fn world() -> Value {
    json!({
        "version": 1,
        "defaults": { "settle": "400ms" },
        "connections": { "cloud": { "type": "clc" } },
        "servers": [
            { "connection": "cloud", "id": "wa1clouon01", "name": "WA1CLOUON01", "power": "on" },
            { "connection": "cloud", "id": "wa1clouoff01", "name": "off", "power": "off" },
            { "connection": "cloud", "id": "wa1cloupaused01", "name": "paused", "power": "suspended" },
            { "connection": "cloud", "id": "ca1clounested01", "name": "nested", "power": "on",
              "attributes": { "datacenter": "ca1", "group": "Web/Blue" } },
            { "connection": "cloud", "id": "wa1clouold01", "name": "old", "state": "archived" },
            { "connection": "cloud", "id": "wa1cloutpl01", "name": "tpl", "power": "off",
              "attributes": { "template": true } },
            { "connection": "cloud", "id": "wa1clounew01", "name": "new", "state": "underConstruction" },
            { "connection": "cloud", "id": "wa1cloudeaf01", "name": "deaf", "power": "on",
              "attributes": { "no_guest": true } },
        ],
    })
}

struct Cloud {
    client: Client,
    account: String,
}

impl Cloud {
    fn of(running: &Running) -> Self {
        let settings = &running.endpoint("cloud").unwrap().settings;
        let token = login(running, &settings["username"], &settings["password"]).json();
        let client = accepting(&settings["endpoint"])
            .with_header("authorization", &format!("Bearer {}", token["bearerToken"].as_str().unwrap()));
        Self { client, account: settings["account"].clone() }
    }

    fn get(&self, path: &str) -> Answer {
        self.client.get(&path.replace("{a}", &self.account))
    }

    fn server(&self, id: &str) -> Value {
        self.get(&format!("/v2/servers/{{a}}/{id}")).json()
    }

    fn power(&self, id: &str) -> String {
        self.server(id)["details"]["powerState"].as_str().unwrap().to_owned()
    }

    fn operate(&self, operation: &str, ids: &Value) -> Answer {
        self.client.post_json(&format!("/v2/operations/{}/servers/{operation}", self.account), ids)
    }

    /// The only entry of an operation on one server.
    fn one(&self, operation: &str, id: &str) -> Value {
        let answer = self.operate(operation, &json!([id]));
        assert_eq!(answer.status, 200);
        let entries = answer.json();
        assert_eq!(entries.as_array().unwrap().len(), 1);
        entries[0].clone()
    }

    fn delete(&self, id: &str) -> Answer {
        self.client.delete(&format!("/v2/servers/{}/{id}", self.account))
    }

    /// What the status link of an entry leads to.
    fn status(&self, entry: &Value) -> String {
        let link = &entry["links"][0];
        assert_eq!(link["rel"], "status");
        self.client.get(link["href"].as_str().unwrap()).json()["status"].as_str().unwrap().to_owned()
    }

    fn root(&self, datacenter: &str, query: &str) -> Value {
        let answer = self.get(&format!("/v2/datacenters/{{a}}/{datacenter}?groupLinks=true")).json();
        let link = answer["links"].as_array().unwrap().iter().find(|link| link["rel"] == "group").unwrap();
        self.client.get(&format!("{}{query}", link["href"].as_str().unwrap())).json()
    }
}

fn accepting(base: &str) -> Client {
    Client::new(base).with_header("accept", "application/json")
}

fn login(running: &Running, username: &str, password: &str) -> Answer {
    let settings = &running.endpoint("cloud").unwrap().settings;
    let body = json!({ "username": username, "password": password });
    accepting(&settings["endpoint"]).post_json("/v2/authentication/login", &body)
}

/// The groups below and the group itself.
fn flat(group: &Value) -> Vec<Value> {
    let below = group["groups"].as_array().unwrap().iter().flat_map(flat);
    std::iter::once(group.clone()).chain(below).collect()
}

/// The ids of the servers in a tree, and the group of each, from what is shown in full.
fn servers(root: &Value) -> Vec<(String, String)> {
    let groups = flat(root);
    let of = |group: &Value| {
        let name = group["name"].as_str().unwrap().to_owned();
        let servers = group["servers"].as_array().unwrap().clone();
        servers.into_iter().map(move |one| (one["id"].as_str().unwrap().to_owned(), name.clone()))
    };
    let mut all: Vec<_> = groups.iter().flat_map(of).collect();
    all.sort();
    all
}

#[test]
fn an_operation_is_queued_and_only_the_queue_tells_how_far_it_is() {
    let mut slow = world();
    slow["defaults"]["settle"] = json!("2s");
    let running = start(slow);
    let cloud = Cloud::of(&running);
    let entry = cloud.one("powerOff", "WA1CLOUON01");
    assert_eq!((&entry["server"], &entry["isQueued"]), (&json!("wa1clouon01"), &json!(true)));
    assert!(entry.get("errorMessage").is_none());
    let link = &entry["links"][0];
    let id = link["id"].as_str().unwrap();
    assert!(id.starts_with("wa1-"));
    assert_eq!(link["href"], format!("/v2/operations/clou/status/{id}"));
    assert_eq!(
        (cloud.status(&entry).as_str(), cloud.power("wa1clouon01").as_str()),
        ("notStarted", "started")
    );
    until(|| cloud.status(&entry) == "executing");
    assert_eq!(cloud.power("wa1clouon01"), "started", "no state in between");
    let busy = cloud.one("reset", "wa1clouon01");
    assert_eq!((&busy["isQueued"], &busy["errorMessage"]), (&json!(false), &json!(REFUSED)));
    until(|| cloud.status(&entry) == "succeeded");
    assert_eq!(cloud.power("wa1clouon01"), "stopped");
    assert_eq!(cloud.get(&format!("/v2/operations/{{a}}/status/va1-{}", &id[4..])).status, 404);
}

#[test]
fn what_works_depends_on_the_state() {
    let running = start(world());
    let cloud = Cloud::of(&running);
    let already = "The server already in desired state.";
    for (operation, state, message) in [
        ("powerOn", "on", None),
        ("powerOff", "off", Some(already)),
        ("shutDown", "off", Some(already)),
        ("pause", "paused", Some(already)),
        ("shutDown", "paused", Some(REFUSED)),
        ("pause", "off", Some(REFUSED)),
        ("reboot", "paused", Some(REFUSED)),
        ("reset", "paused", Some(REFUSED)),
        ("reboot", "off", Some(REFUSED)),
        ("reset", "off", Some(REFUSED)),
        ("powerOn", "old", Some(REFUSED)),
        ("powerOn", "new", Some(REFUSED)),
        ("powerOn", "tpl", Some(REFUSED)),
        ("powerOn", "nobody", Some(REFUSED)),
    ] {
        let id = format!("wa1clou{state}01");
        let mut expected = json!({ "server": id, "isQueued": false });
        if let Some(message) = message {
            expected["errorMessage"] = json!(message);
        }
        assert_eq!(cloud.one(operation, &id), expected, "{operation} of {state}");
    }
    assert!(running.stats().servers.is_empty(), "nothing was done");
    for (operation, before, after) in [
        ("powerOn", "off", "started"),
        ("powerOn", "suspended", "started"),
        ("powerOff", "on", "stopped"),
        ("powerOff", "suspended", "stopped"),
        ("shutDown", "on", "stopped"),
        ("pause", "on", "paused"),
        ("reboot", "on", "started"),
        ("reset", "on", "started"),
    ] {
        running.change_server("cloud", "wa1clouon01", json!({ "power": before })).unwrap();
        let entry = cloud.one(operation, "wa1clouon01");
        assert_eq!(entry["isQueued"], true, "{operation} of {before}");
        until(|| cloud.status(&entry) == "succeeded");
        assert_eq!(cloud.power("wa1clouon01"), after, "{operation} of {before}");
    }
    assert_eq!(running.stats().tally("cloud", "wa1clouon01").reboots, 2);
}

#[test]
fn a_request_can_be_half_accepted_and_is_answered_in_another_order() {
    let running = start(world());
    let cloud = Cloud::of(&running);
    let answer = cloud.operate("reset", &json!(["WA1CLOUON01", "wa1clouoff01", "CA1CLOUNESTED01"]));
    let entries = answer.json();
    let told: Vec<_> =
        entries.as_array().unwrap().iter().map(|e| (e["server"].clone(), e["isQueued"].clone())).collect();
    assert_eq!(answer.status, 200);
    assert_eq!(
        told,
        [
            (json!("ca1clounested01"), json!(true)),
            (json!("wa1clouoff01"), json!(false)),
            (json!("wa1clouon01"), json!(true)),
        ]
    );
    let refusing = json!({ "attributes": { "refusal_status": 400 } });
    running.change_server("cloud", "wa1clouoff01", refusing).unwrap();
    let answer = cloud.operate("reset", &json!(["wa1clouoff01"]));
    assert_eq!((answer.status, &answer.json()[0]["errorMessage"]), (400, &json!(REFUSED)));
}

#[test]
fn a_body_is_a_bare_list_and_an_operation_is_named_to_the_case() {
    let running = start(world());
    let cloud = Cloud::of(&running);
    for body in [
        json!({ "serverIds": ["wa1clouon01"] }),
        json!([]),
        json!("wa1clouon01"),
        json!([1]),
        json!([["wa1clouon01"]]),
        json!(null),
    ] {
        let answer = cloud.operate("powerOff", &body);
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.json()["message"].is_string());
    }
    let path = format!("/v2/operations/{}/servers/powerOff", cloud.account);
    let text = br#"["wa1clouon01"]"#.to_vec();
    assert_eq!(cloud.client.send("POST", &path, None, text.clone()).status, 415);
    assert_eq!(cloud.client.send("POST", &path, Some("text/plain"), text).status, 415);
    for (name, status) in [("poweroff", 404), ("PowerOff", 404), ("stop", 404), ("archive", 403)] {
        assert_eq!(cloud.operate(name, &json!(["wa1clouon01"])).status, status, "{name}");
    }
    assert!(running.stats().servers.is_empty());
    let many: Vec<String> = (0..120).map(|n| format!("wa1clouno{n}")).collect();
    assert_eq!(cloud.operate("powerOff", &json!(many)).json().as_array().unwrap().len(), 120);
}

#[test]
fn a_shutdown_without_a_guest_fails_in_the_queue() {
    let running = start(world());
    let cloud = Cloud::of(&running);
    let entry = cloud.one("shutDown", "wa1cloudeaf01");
    until(|| cloud.status(&entry) == "failed");
    assert_eq!(cloud.power("wa1cloudeaf01"), "started");
    let entry = cloud.one("powerOff", "wa1cloudeaf01");
    until(|| cloud.status(&entry) == "succeeded");
    assert_eq!(cloud.power("wa1cloudeaf01"), "stopped");
}

#[test]
fn a_deletion_is_queued_and_then_nothing_is_left() {
    let running = start(world());
    let cloud = Cloud::of(&running);
    for (id, has_details) in [("WA1CLOUON01", false), ("wa1clouoff01", true), ("wa1clouold01", false)] {
        let answer = cloud.delete(id);
        let entry = answer.json();
        assert_eq!((answer.status, &entry["isQueued"]), (202, &json!(true)));
        let meanwhile = cloud.server(id);
        assert_eq!(meanwhile["status"], "queuedForDelete");
        assert_eq!(meanwhile.get("details").is_some(), has_details, "{id}");
        let again = cloud.delete(id);
        assert_eq!((again.status, &again.json()["errorMessage"]), (200, &json!(REFUSED)));
        until(|| cloud.status(&entry) == "succeeded");
        let gone = cloud.get(&format!("/v2/servers/{{a}}/{id}"));
        assert_eq!((gone.status, gone.body.len()), (404, 0));
        let again = cloud.delete(id);
        assert_eq!((again.status, again.body.len()), (404, 0));
    }
    for id in ["wa1clounew01", "wa1cloutpl01"] {
        assert_eq!(cloud.delete(id).json()["isQueued"], false, "{id}");
    }
}

#[test]
fn faults_show_in_the_provider_s_own_way() {
    let mut faulty = world();
    faulty["faults"] = json!([
        { "path": "*/powerOff", "fault": "refuse" },
        { "path": "*/powerOff", "nth": 2, "fault": { "fails": { "reason": "no host" } } },
        { "path": "*/powerOff", "nth": 3, "fault": "never_settles" },
        { "method": "DELETE", "fault": "refuse" },
        { "path": "/v2/groups/*", "fault": "refuse" },
    ]);
    let running = start(faulty);
    let cloud = Cloud::of(&running);
    let answer = cloud.operate("powerOff", &json!(["WA1CLOUON01", "wa1clouoff01"])).json();
    assert_eq!(answer[1], json!({ "server": "wa1clouon01", "isQueued": false, "errorMessage": REFUSED }));
    let failing = cloud.one("powerOff", "wa1clouon01");
    until(|| cloud.status(&failing) == "failed");
    assert_eq!(cloud.power("wa1clouon01"), "started");
    let hanging = cloud.one("powerOff", "wa1clouon01");
    wait(600);
    assert_eq!(cloud.status(&hanging), "executing");
    assert_eq!(cloud.delete("wa1clouoff01").json()["errorMessage"], REFUSED);
    assert_eq!(cloud.get("/v2/groups/{a}/x").status, 400);
}

#[test]
fn a_world_is_held_against_the_provider_s_rules() {
    for (server, what) in [
        (json!({ "id": "WA1UPPER01", "name": "x" }), "lower case"),
        (json!({ "id": "none", "name": "x", "state": "underConstruction" }), "id"),
        (json!({ "name": "x", "attributes": { "datacenter": "WA1" } }), "datacenter"),
        (json!({ "name": "x", "attributes": { "group": "Archive" } }), "group"),
        (json!({ "name": "x", "attributes": { "group": "a//b" } }), "group"),
        (json!({ "name": "x", "attributes": { "zone": "a" } }), "zone"),
    ] {
        let mut text = world();
        let mut server = server;
        server["connection"] = json!("cloud");
        text["servers"] = json!([server]);
        let world = World::from_value(text).unwrap();
        let error = Simulator::start(&world, common::FACES, Options::default()).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
    let mut text = world();
    text["servers"] = json!([{ "connection": "cloud", "name": "made-up" }]);
    assert_eq!(Cloud::of(&start(text)).server("wa1clousrv01")["name"], "made-up");
}
