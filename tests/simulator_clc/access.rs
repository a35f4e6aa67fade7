//! Who may call.

use crate::common::{Client, start, wait};
use crate::{Cloud, accepting, login, world};
use serde_json::{Value, json};

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
