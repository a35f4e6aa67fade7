//! The huawei-workspace face, over real HTTP: each fact of the provider's page that it implements.
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

#[path = "simulator_huawei_workspace/access.rs"]
mod access;
#[path = "simulator_huawei_workspace/changes.rs"]
mod changes;
#[path = "simulator_common/mod.rs"]
mod common;
#[path = "simulator_common/sdk_signature.rs"]
mod sdk_signature;

use common::{Answer, Client, start, until};
use fleetform::simulator::{Options, Running, Simulator, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ON: &str = "522933611213619200";
const OFF: &str = "522933611213619201";
const YEARLY: &str = "522933611213619203";
const DEAF: &str = "522933611213619204";

fn world() -> Value {
    json!({
        "version": 1,
        "defaults": { "settle": "800ms" },
        "connections": { "ws": { "type": "huawei-workspace" } },
        "servers": [
            { "connection": "ws", "id": ON, "name": "web-1", "power": "on" },
            { "connection": "ws", "id": OFF, "name": "web-2", "power": "off" },
            { "connection": "ws", "id": "522933611213619202", "name": "frozen", "power": "suspended" },
            { "connection": "ws", "id": YEARLY, "name": "yearly", "attributes": { "charging_mode": "1" } },
            { "connection": "ws", "id": DEAF, "name": "名前_x", "attributes": { "no_guest": true } },
        ],
    })
}

type Settings = BTreeMap<String, String>;

struct Workspace {
    client: Client,
    project: String,
}

fn settings(running: &Running) -> Settings {
    running.endpoint("ws").unwrap().settings.clone()
}

fn login_body(settings: &Settings, scope: &Value) -> Value {
    let user = json!({
        "name": settings["username"], "password": settings["password"],
        "domain": { "name": settings["domain"] },
    });
    let mut auth = json!({ "identity": { "methods": ["password"], "password": { "user": user } } });
    if !scope.is_null() {
        auth["scope"] = scope.clone();
    }
    json!({ "auth": auth })
}

fn project_scope(settings: &Settings) -> Value {
    json!({ "project": { "name": settings["region"] } })
}

fn login(settings: &Settings, scope: &Value) -> Answer {
    let client = Client::new(&settings["iam_endpoint"]);
    client.post_json("/v3/auth/tokens", &login_body(settings, scope))
}

fn with_token(settings: &Settings, token: &str) -> Client {
    Client::new(&settings["endpoint"]).with_header("x-auth-token", token)
}

impl Workspace {
    fn of(running: &Running) -> Self {
        let settings = settings(running);
        let token = login(&settings, &project_scope(&settings)).header("x-subject-token").unwrap();
        Self { client: with_token(&settings, &token), project: settings["project_id"].clone() }
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/{}/app-servers{rest}", self.project)
    }

    fn list(&self, query: &str) -> Answer {
        self.client.get(&self.path(query))
    }

    fn names(&self, query: &str) -> Vec<String> {
        let items = self.list(query).json()["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    }

    fn server(&self, id: &str) -> Value {
        let answer = self.client.get(&self.path(&format!("/{id}")));
        assert_eq!(answer.status, 200);
        answer.json()
    }

    fn act(&self, action: &str, body: &Value) -> Answer {
        self.client.patch_json(&self.path(&format!("/actions/{action}")), body)
    }

    fn delete(&self, id: &str) -> Answer {
        self.client.delete(&self.path(&format!("/{id}")))
    }

    fn job(&self, id: &str) -> Value {
        self.client.get(&format!("/v2/{}/job/{id}", self.project)).json()
    }

    fn settled(&self, id: &str, vm_status: &str) {
        until(|| {
            let server = self.server(id);
            server["vm_status"] == vm_status && matches!(server["task_status"].as_str(), None | Some("null"))
        });
    }
}

/// Status and code of a refusal in the service's envelope.
fn refused(answer: &Answer) -> (u16, String) {
    let body = answer.json();
    assert!(body["error_msg"].is_string(), "{body}");
    assert_eq!(body["request_id"], answer.header("x-request-id").unwrap());
    (answer.status, body["error_code"].as_str().unwrap().to_owned())
}

fn code(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[test]
fn an_unknown_path_is_the_gateway_s_and_an_unknown_server_the_service_s() {
    let running = start(world());
    let ws = Workspace::of(&running);
    for path in
        ["/v1/app-servers".to_owned(), ws.path("/"), ws.path("/actions/batch-pause"), "/v2/x".to_owned()]
    {
        assert_eq!(refused(&ws.client.get(&path)), code(404, "APIGW.0101"), "{path}");
    }
    let nobody = Client::new(&settings(&running)["endpoint"]);
    assert_eq!(refused(&nobody.get("/v1/app-servers")), code(404, "APIGW.0101"));
    assert_eq!(refused(&ws.client.get(&ws.path("/1"))), code(404, "WKS.0010"));
    assert_eq!(refused(&ws.client.get(&format!("/v2/{}/job/1", ws.project))), code(404, "WKS.0013"));
    assert_eq!(ws.client.put_json(&ws.path(""), &json!({})).status, 405);
    assert_eq!(ws.client.post_json(&ws.path("/actions/batch-stop"), &json!({})).status, 405);
    assert_eq!(ws.client.patch_json(&ws.path("/actions/batch-delete"), &json!({})).status, 405);
}

#[test]
fn a_list_has_ten_items_unless_told_and_a_hundred_at_most() {
    let mut large = world();
    large["servers"] = json!([{ "connection": "ws", "name": "s-{001..250}" }]);
    let running = start(large.clone());
    let ws = Workspace::of(&running);
    let first = ws.list("").json();
    assert_eq!((&first["count"], first["items"].as_array().unwrap().len()), (&json!(250), 10));
    let mut all: Vec<String> = ["?limit=100", "?limit=100&offset=100", "?limit=100&offset=200"]
        .iter()
        .flat_map(|q| ws.names(q))
        .collect();
    assert_ne!(all[..2], ["s-001", "s-002"], "no order is promised");
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 250);
    assert_eq!(ws.list("?offset=250").json(), json!({ "count": 250, "items": [] }));
    for query in [
        "?limit=0",
        "?limit=101",
        "?limit=ten",
        "?offset=-1",
        "?limit=%2B5",
        "?limit=1&limit=2",
        "?page=1",
        "?maintain_status=yes",
    ] {
        assert_eq!(refused(&ws.list(query)), code(400, "WKS.0002"), "{query}");
    }
    large["connections"]["ws"]["page_size"] = json!(7);
    let running = start(large);
    assert_eq!(Workspace::of(&running).names("?limit=100").len(), 7);
}

#[test]
fn ids_are_texts_of_18_digits_that_no_number_holds() {
    let mut text = world();
    text["servers"] = json!([{ "connection": "ws", "name": "s-{1..3}" }]);
    let running = start(text);
    let ws = Workspace::of(&running);
    let items = ws.list("").json()["items"].as_array().unwrap().clone();
    let ids: Vec<&str> = items.iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert!(ids.iter().all(|id| id.len() == 18 && id.bytes().all(|byte| byte.is_ascii_digit())));
    let numbers: Vec<f64> = ids.iter().map(|id| id.parse().unwrap()).collect();
    assert!(
        numbers.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 1.0),
        "as numbers they are all the same"
    );
}

#[test]
fn filters_match_parts_or_the_whole() {
    let running = start(world());
    let ws = Workspace::of(&running);
    let sorted = |query: &str| {
        let mut names = ws.names(query);
        names.sort();
        names
    };
    assert_eq!(sorted("?server_name=web"), ["web-1", "web-2"]);
    assert_eq!(sorted("?server_name=%E5%90%8D"), ["名前_x"]);
    assert_eq!(sorted(&format!("?server_id={OFF}")), ["web-2"]);
    assert_eq!(sorted("?server_id=5229"), Vec::<String>::new());
    assert_eq!(sorted("?machine_name=13619200"), ["web-1"]);
    assert_eq!(sorted("?maintain_status=true"), Vec::<String>::new());
    assert_eq!(sorted("?scaling_auto_create=false").len(), 5);
    assert_eq!(ws.list("?server_name=web").json()["count"], 2);
}

#[test]
fn a_server_has_no_envelope_and_says_nothing_in_three_ways() {
    let running = start(world());
    let ws = Workspace::of(&running);
    let items = ws.list("").json()["items"].as_array().unwrap().clone();
    for item in &items {
        assert_eq!(ws.server(item["id"].as_str().unwrap()), *item);
    }
    let tasks = [ON, OFF, "522933611213619202"].map(|id| ws.server(id).get("task_status").cloned());
    assert_eq!(tasks, [Some(json!("null")), Some(Value::Null), None]);
    let states = [ON, OFF, "522933611213619202"].map(|id| {
        let server = ws.server(id);
        (server["vm_status"].clone(), server["status"].clone())
    });
    assert_eq!(
        states,
        [
            (json!("ACTIVE"), json!("REGISTERED")),
            (json!("SHUTOFF"), json!("STOPPED")),
            (json!("FREEZE"), json!("FREEZE")),
        ]
    );
    let frozen = ws.server("522933611213619202");
    assert_eq!(
        (&frozen["metadata"]["EcmResStatus"], frozen["freeze"].as_array().unwrap().len()),
        (&json!("freeze"), 1,)
    );
    assert_eq!(ws.server(YEARLY)["metadata"]["charging_mode"], "1");
    for (way, shown) in [("text", Some(json!("null"))), ("null", Some(Value::Null)), ("absent", None)] {
        running.change_server("ws", ON, json!({ "attributes": { "no_vm_status": way } })).unwrap();
        assert_eq!(ws.server(ON).get("vm_status").cloned(), shown);
        assert_eq!(ws.server(ON)["status"], "REGISTERED");
    }
    let patch = json!({ "state": "Frobnicating-7", "attributes": { "task_status": "rebuild_fail", "status": "NONE" } });
    running.change_server("ws", OFF, patch).unwrap();
    let odd = ws.server(OFF);
    assert_eq!(
        (&odd["vm_status"], &odd["task_status"], &odd["status"]),
        (&json!("Frobnicating-7"), &json!("rebuild_fail"), &json!("NONE"),)
    );
}

#[test]
fn faults_show_in_the_provider_s_own_way() {
    let mut faulty = world();
    faulty["faults"] = json!([
        { "path": "*/batch-stop", "fault": "refuse" },
        { "path": "/v3/projects", "fault": "refuse" },
        { "method": "DELETE", "fault": { "fails": { "reason": "no host" } } },
    ]);
    let running = start(faulty);
    let ws = Workspace::of(&running);
    let answer = ws.act("batch-stop", &json!({ "items": [ON], "type": "HARD" }));
    assert_eq!(refused(&answer), code(409, "WKS.0011"));
    assert_eq!(ws.client.get("/v3/projects").json()["error"]["code"], 409);
    let id = ws.delete(ON).json()["job_id"].as_str().unwrap().to_owned();
    until(|| ws.job(&id)["status"] == "FAILED");
    let part = ws.job(&id)["sub_jobs"][0].clone();
    assert_eq!((&part["status"], &part["error_message"]), (&json!("FAILED"), &json!("no host")));
    let server = ws.server(ON);
    assert_eq!(
        (&server["task_status"], &server["vm_status"], &server["job_status"]),
        (&json!("delete_failed"), &json!("ACTIVE"), &json!("FAILED"),)
    );
}

#[test]
fn a_world_is_held_against_the_provider_s_rules() {
    for (server, what) in [
        (json!({ "name": "a.b" }), "name"),
        (json!({ "name": "a", "id": "none", "state": "BUILD" }), "id"),
        (json!({ "name": "a", "attributes": { "charging_mode": 1 } }), "charging_mode"),
        (json!({ "name": "a", "attributes": { "no_vm_status": "none" } }), "no_vm_status"),
        (json!({ "name": "a", "attributes": { "zone": "x" } }), "zone"),
    ] {
        let mut text = world();
        let mut server = server;
        server["connection"] = json!("ws");
        text["servers"] = json!([server]);
        let world = World::from_value(text).unwrap();
        let error = Simulator::start(&world, common::FACES, Options::default()).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
}
