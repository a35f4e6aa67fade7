//! The clc face, over real HTTP: each fact of the provider's page that it implements.
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

#[path = "simulator_common/mod.rs"]
mod common;

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
fn a_login_tells_the_account_and_gives_a_token_for_two_weeks() {
    use base64::Engine as _;
    let running = start(world());
    let settings = running.endpoint("cloud").unwrap().settings.clone();
    let answer = login(&running, &settings["username"], &settings["password"]);
    let body = answer.json();
    assert_eq!((answer.status, &body["userName"]), (200, &json!(settings["username"])));
    assert_eq!((&body["accountAlias"], &body["locationAlias"]), (&json!(settings["account"]), &json!("WA1")));
    assert!(body["roles"][0].is_string());
    let claims = body["bearerToken"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["nbf"].as_u64().unwrap(), 1_209_600);
    let again = login(&running, &settings["username"], &settings["password"]).json();
    assert_ne!(again["bearerToken"], body["bearerToken"]);
}

#[test]
fn wrong_credentials_are_a_bad_request() {
    let running = start(world());
    let settings = running.endpoint("cloud").unwrap().settings.clone();
    for (username, password) in [("nobody", "x"), (settings["username"].as_str(), "x"), ("", "")] {
        let answer = login(&running, username, password);
        assert_eq!(answer.status, 400);
        let message = "We didn't recognize the username or password you entered. Please try again.";
        assert_eq!(answer.json(), json!({ "message": message }));
    }
    let client = accepting(&settings["endpoint"]);
    let path = "/v2/authentication/login";
    assert_eq!(client.post_json(path, &json!({ "username": "x" })).status, 400);
    assert_eq!(client.send("POST", path, Some("application/json"), b"{".to_vec()).status, 400);
    assert_eq!(client.post_form(path, "username=x&password=y").status, 415);
    assert_eq!(client.get(path).status, 405);
    let body = json!({ "username": settings["username"], "password": settings["password"] });
    let carrying = accepting(&settings["endpoint"]).with_header("authorization", "Bearer old");
    assert_eq!(carrying.post_json(path, &body).status, 400);
}

#[test]
fn every_other_call_needs_a_token_that_is_alive() {
    let running = start(world());
    let settings = running.endpoint("cloud").unwrap().settings.clone();
    let path = format!("/v2/servers/{}/wa1clouon01", settings["account"]);
    let denied = json!({ "message": "Authorization has been denied for this request." });
    for client in [
        accepting(&settings["endpoint"]),
        accepting(&settings["endpoint"]).with_header("authorization", "Bearer x.y.z"),
        accepting(&settings["endpoint"]).with_basic(&settings["username"], &settings["password"]),
    ] {
        let answer = client.get(&path);
        assert_eq!((answer.status, answer.json()), (401, denied.clone()));
    }
    let short = login(&running, &format!("{}-short", settings["username"]), &settings["password"]).json();
    let bearer = format!("Bearer {}", short["bearerToken"].as_str().unwrap());
    let client = accepting(&settings["endpoint"]).with_header("authorization", &bearer);
    assert_eq!(client.get(&path).status, 200);
    wait(1050);
    assert_eq!(client.get(&path).status, 401);
}

#[test]
fn answers_are_json_for_those_who_take_it_and_only_for_the_own_account() {
    let running = start(world());
    let cloud = Cloud::of(&running);
    let settings = &running.endpoint("cloud").unwrap().settings;
    assert_eq!(Client::new(&settings["endpoint"]).get("/v2/datacenters/CLOU").status, 406);
    assert_eq!(cloud.get("/v2/datacenters/OTHR").status, 403);
    assert_eq!(cloud.get("/v2/datacenters/clou").status, 200);
    let missing = json!({ "message": "The requested resource does not exist." });
    for path in [
        "/v2/servers/{a}",
        "/v2/datacenters/{a}/",
        "/v2/datacenters/{a}/zz9",
        "/v2/groups/{a}/0123456789abcdef0123456789abcdef",
        "/v2/operations/{a}/status/wa1-1",
        "/v1/servers/{a}/wa1clouon01",
    ] {
        let answer = cloud.get(path);
        assert_eq!((answer.status, answer.json()), (404, missing.clone()), "{path}");
    }
    let gone = cloud.get("/v2/servers/{a}/wa1clounone01");
    assert_eq!((gone.status, gone.body.len()), (404, 0));
    let path = format!("/v2/servers/{}/wa1clouon01", cloud.account);
    assert_eq!(cloud.client.patch_json(&path, &json!([{ "op": "set", "member": "name" }])).status, 403);
}

#[test]
fn data_centers_link_their_root_group_to_those_who_ask() {
    let running = start(world());
    let cloud = Cloud::of(&running);
    let plain = cloud.get("/v2/datacenters/{a}").json();
    assert_eq!(plain.as_array().unwrap().len(), 13);
    let rels = |one: &Value| -> Vec<String> {
        let links = one["links"].as_array().unwrap();
        links.iter().map(|link| link["rel"].as_str().unwrap().to_owned()).collect()
    };
    assert!(plain.as_array().unwrap().iter().all(|one| rels(one) == ["self"]));
    let linked = cloud.get("/v2/datacenters/{a}?groupLinks=true").json();
    assert!(linked.as_array().unwrap().iter().all(|one| rels(one) == ["self", "group"]));
    let ca1 = linked.as_array().unwrap().iter().find(|one| one["id"] == "ca1").unwrap();
    assert_eq!(ca1["name"], "CA1 - Canada (Vancouver)");
    let root = &ca1["links"][1];
    let id = root["id"].as_str().unwrap();
    assert_eq!((id.len(), &root["name"]), (32, &json!("CA1 Hardware")));
    assert_eq!(root["href"], format!("/v2/groups/clou/{id}"));
    assert_eq!(cloud.get("/v2/datacenters/{a}/ca1?groupLinks=true").json(), *ca1);
}

#[test]
fn a_root_shows_its_whole_tree_with_every_server_in_its_group() {
    let running = start(world());
    let cloud = Cloud::of(&running);
    let wa1 = cloud.root("wa1", "?serverDetail=detailed");
    let names = |tree: &Value| servers(tree);
    let pair = |id: &str, group: &str| (id.to_owned(), group.to_owned());
    assert_eq!(
        names(&wa1),
        [
            pair("wa1cloudeaf01", "WA1 Hardware"),
            pair("wa1clounew01", "Default Group"),
            pair("wa1clouoff01", "WA1 Hardware"),
            pair("wa1clouold01", "Archive"),
            pair("wa1clouon01", "Default Group"),
            pair("wa1cloupaused01", "Default Group"),
            pair("wa1cloutpl01", "Templates"),
        ]
    );
    assert_eq!((&wa1["locationId"], &wa1["serversCount"]), (&json!("WA1"), &json!(6)));
    let archive = flat(&wa1).into_iter().find(|group| group["type"] == "archive").unwrap();
    assert_eq!(archive["serversCount"], 0, "as recorded, although there is one in it");
    let ca1 = cloud.root("ca1", "?serverDetail=detailed");
    assert_eq!(names(&ca1), [pair("ca1clounested01", "Blue")]);
    let types: Vec<_> = flat(&ca1).iter().map(|group| group["type"].clone()).collect();
    assert_eq!(types, ["default", "archive", "default", "templates", "default", "default"]);
    assert_eq!(names(&cloud.root("de1", "?serverDetail=detailed")), []);
    let blue = flat(&ca1).pop().unwrap();
    let alone =
        cloud.get(&format!("/v2/groups/{{a}}/{}?serverDetail=detailed", blue["id"].as_str().unwrap()));
    assert_eq!(alone.json(), blue);
}

#[test]
fn without_detail_there_are_links_with_ids_in_upper_case() {
    let running = start(world());
    let cloud = Cloud::of(&running);
    let root = cloud.root("ca1", "");
    assert!(flat(&root).iter().all(|group| group.get("servers").is_none()));
    let blue = flat(&root).pop().unwrap();
    let link = blue["links"].as_array().unwrap().iter().find(|link| link["rel"] == "server").unwrap().clone();
    assert_eq!(
        (&link["id"], &link["href"]),
        (&json!("CA1CLOUNESTED01"), &json!("/v2/servers/clou/ca1clounested01"),)
    );
    assert_eq!(cloud.client.get(link["href"].as_str().unwrap()).json()["id"], "ca1clounested01");
    let mut old = world();
    old["servers"][0]["attributes"] = json!({ "plain_groups": true });
    let running = start(old);
    let cloud = Cloud::of(&running);
    let root = cloud.root("ca1", "?serverDetail=detailed");
    assert!(flat(&root).iter().all(|group| group.get("servers").is_none()));
}

#[test]
fn a_server_is_found_by_its_id_in_any_case_and_shows_what_it_is() {
    let running = start(world());
    let cloud = Cloud::of(&running);
    let on = cloud.server("WA1CLOUON01");
    assert_eq!(
        (&on["id"], &on["name"], &on["status"]),
        (&json!("wa1clouon01"), &json!("WA1CLOUON01"), &json!("active"),)
    );
    assert_eq!((&on["locationId"], &on["isTemplate"]), (&json!("WA1"), &json!(false)));
    assert_eq!(on["details"]["inMaintenanceMode"], false);
    assert_eq!(on["links"][0]["verbs"], json!(["GET", "PATCH", "DELETE"]));
    assert_eq!(cloud.power("wa1clouon01"), "started");
    assert_eq!(cloud.power("wa1clouoff01"), "stopped");
    assert_eq!(cloud.power("wa1cloupaused01"), "paused");
    let old = cloud.server("wa1clouold01");
    assert_eq!(
        (&old["status"], &old["details"]),
        (&json!("archived"), &json!({ "powerState": "stopped", "storageGB": 16 }),)
    );
    let new = cloud.server("wa1clounew01");
    assert_eq!((&new["status"], new.get("details")), (&json!("underConstruction"), None));
    assert_eq!(new["links"][0]["verbs"], json!(["GET", "PATCH"]));
    assert_eq!(cloud.server("wa1cloutpl01")["isTemplate"], true);
    let patch = json!({ "state": "Frobnicating-7", "attributes": { "power_state": null } });
    running.change_server("cloud", "wa1clouon01", patch).unwrap();
    let odd = cloud.server("wa1clouon01");
    assert_eq!((&odd["status"], odd["details"].get("powerState")), (&json!("Frobnicating-7"), None));
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
