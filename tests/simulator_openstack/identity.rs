//! Keystone: who may log in, what a token says, when it ends.

use crate::common::{Answer, Client, start, wait};
use crate::site::{Site, compute_url, log_in, password_login, setting, usual};
use fleetform::providers::openstack::simulator::application_credential_id;
use serde_json::{Value, json};

fn refused(answer: &Answer, code: u16, title: &str) {
    let body = answer.json();
    assert_eq!((answer.status, &body["error"]["code"]), (code, &json!(code)), "{body}");
    assert_eq!(body["error"]["title"], title);
    assert!(body["error"]["message"].is_string());
    let challenge = answer.header("www-authenticate");
    assert_eq!(challenge.is_some_and(|text| text.starts_with("Keystone uri=\"http://")), code == 401);
}

#[test]
fn a_password_buys_a_token_for_the_project_with_a_catalog() {
    let running = start(usual());
    assert!(setting(&running, "auth_url").ends_with("/identity/v3"));
    let answer = log_in(&running, &password_login(&running));
    assert_eq!(answer.status, 201);
    assert!(answer.header("x-subject-token").unwrap().len() > 64);
    let token = &answer.json()["token"];
    let ends = token["expires_at"].as_str().unwrap();
    assert!(ends.ends_with('Z') && ends.len() == "2026-01-01T00:00:00.000000Z".len(), "{ends}");
    assert_eq!(token["project"]["name"], setting(&running, "project_name").as_str());
    assert_eq!(token["user"]["domain"]["name"], "People");
    let by_id = json!({ "auth": {
        "identity": { "methods": ["password"], "password": { "user": {
            "id": token["user"]["id"], "password": setting(&running, "password") } } },
        "scope": { "project": { "id": token["project"]["id"] } } } });
    assert_eq!(log_in(&running, &by_id).status, 201);
}

#[test]
fn the_catalog_has_one_right_entry_among_many_and_its_form_varies() {
    let mut world = json!({ "version": 1, "connections": {} });
    let names: Vec<String> = (0..24).map(|n| format!("site-{n}")).collect();
    for name in &names {
        world["connections"][name] = json!({ "type": "openstack" });
    }
    let running = start(world);
    let mut forms = std::collections::BTreeSet::new();
    for name in &names {
        let set = &running.endpoint(name).unwrap().settings;
        let body = json!({ "auth": {
            "identity": { "methods": ["password"], "password": { "user": {
                "name": set["username"], "password": set["password"], "domain": { "name": "People" } } } },
            "scope": { "project": { "name": set["project_name"], "domain": { "name": "Projects" } } } } });
        let answer = Client::new(&set["auth_url"]).post_json("/auth/tokens", &body);
        let token = answer.json();
        let url = compute_url(&token);
        assert!(url.starts_with(&format!("http://{}/{name}/compute/v2.1", running.address())));
        let project = token["token"]["project"]["id"].as_str().unwrap();
        forms.insert((url.ends_with('/'), url.contains(project)));
        let kinds = token["token"]["catalog"].as_array().unwrap().iter().map(|s| s["type"].clone());
        assert!(kinds.collect::<Vec<_>>().contains(&json!("compute_legacy")));
        let client =
            Client::new(&url).with_header("x-auth-token", &answer.header("x-subject-token").unwrap());
        let slash = if url.ends_with('/') { "" } else { "/" };
        assert_eq!(client.get(&format!("{slash}servers/detail")).json()["servers"], json!([]));
    }
    assert_eq!(forms.len(), 4);
}

#[test]
fn wrong_credentials_are_401_and_malformed_bodies_400() {
    let running = start(usual());
    let right = password_login(&running);
    let with = |pointer: &str, value: Value| {
        let mut body = right.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        log_in(&running, &body)
    };
    let user = "/auth/identity/password/user";
    for (pointer, value) in [
        (format!("{user}/password"), json!("wrong")),
        (format!("{user}/name"), json!("nobody")),
        (format!("{user}/domain"), json!({ "name": "Projects" })),
        ("/auth/scope/project/name".to_owned(), json!("other")),
        ("/auth/scope/project/domain".to_owned(), json!({ "name": "People" })),
    ] {
        refused(&with(&pointer, value), 401, "Unauthorized");
    }
    for (pointer, value) in [
        ("/auth".to_owned(), json!({})),
        ("/auth/identity/methods".to_owned(), json!(["token"])),
        (user.to_owned(), json!({ "name": "x", "password": "y" })),
        ("/auth/scope".to_owned(), json!({ "project": { "name": "x" } })),
        (format!("{user}/domain"), json!({ "name": "People", "id": "x" })),
    ] {
        refused(&with(&pointer, value), 400, "Bad Request");
    }
    let client = Client::new(&setting(&running, "auth_url"));
    let untyped = client.send("POST", "/auth/tokens", None, right.to_string().into_bytes());
    refused(&untyped, 400, "Bad Request");
    refused(&client.get("/auth/tokens"), 405, "Method Not Allowed");
    refused(&client.get("/projects"), 404, "Not Found");
}

#[test]
fn an_application_credential_has_its_project_and_takes_no_other() {
    let running = start(usual());
    let id = application_credential_id("os");
    let secret = "sim-os-application-secret";
    let login = |given: Value| json!({ "auth": { "identity": { "methods": ["application_credential"], "application_credential": given } } });
    let by_id = login(json!({ "id": id, "secret": secret }));
    let answer = log_in(&running, &by_id);
    assert_eq!(answer.status, 201);
    assert!(answer.json()["token"]["catalog"].is_array());
    let user = json!({ "name": setting(&running, "username"), "domain": { "name": "People" } });
    let by_name = login(json!({ "name": "sim-os-application", "user": user, "secret": secret }));
    assert_eq!(log_in(&running, &by_name).status, 201);
    let mut scoped = by_id.clone();
    scoped["auth"]["scope"] = password_login(&running)["auth"]["scope"].clone();
    refused(&log_in(&running, &scoped), 401, "Unauthorized");
    refused(&log_in(&running, &login(json!({ "id": id, "secret": "wrong" }))), 401, "Unauthorized");
    refused(&log_in(&running, &login(json!({ "name": "x", "secret": secret }))), 400, "Bad Request");
}

#[test]
fn a_token_without_a_project_has_no_catalog_and_opens_nothing() {
    let site = Site::new(usual());
    let mut body = password_login(&site.running);
    body["auth"].as_object_mut().unwrap().remove("scope");
    let answer = log_in(&site.running, &body);
    assert_eq!(answer.status, 201);
    assert!(answer.json()["token"].get("catalog").is_none());
    let client =
        Client::new(&site.compute).with_header("x-auth-token", &answer.header("x-subject-token").unwrap());
    assert!(matches!(client.get("/servers").status, 400 | 403));
}

#[test]
fn nova_refuses_bad_and_ended_tokens_in_keystone_s_words() {
    let site = Site::new(usual());
    refused(&Client::new(&site.compute).get("/servers"), 401, "Unauthorized");
    let wrong = Client::new(&site.compute).with_header("x-auth-token", "gAAAAAB");
    refused(&wrong.get("/servers"), 401, "Unauthorized");
    let mut body = password_login(&site.running);
    body["auth"]["identity"]["password"]["user"]["name"] =
        json!(format!("{}-short", setting(&site.running, "username")));
    let token = log_in(&site.running, &body).header("x-subject-token").unwrap();
    let client = Client::new(&site.compute).with_header("x-auth-token", &token);
    assert_eq!(client.get("/servers").status, 200);
    wait(1050);
    refused(&client.get("/servers"), 401, "Unauthorized");
    assert_eq!(site.plain().get("/servers").status, 200, "the others live on");
}

#[test]
fn the_project_of_the_url_must_be_that_of_the_token() {
    let site = Site::new(usual());
    let root = site.compute.split("/v2.1").next().unwrap();
    let client = Client::new(root).with_header("x-auth-token", &site.token);
    assert_eq!(client.get("/v2.1/servers").status, 200);
    let answer = client.get("/v2.1/0123456789abcdef0123456789abcdef/servers");
    assert_eq!((answer.status, answer.json()["badRequest"]["code"].clone()), (400, json!(400)));
    assert_eq!(client.get("/v2.1//servers").status, 404);
    assert_eq!(client.get("/v2.1/servers/").status, 404);
}
