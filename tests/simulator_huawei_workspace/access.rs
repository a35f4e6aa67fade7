//! Who may call: tokens, projects, signatures.

use crate::common::{Client, start, wait};
use crate::sdk_signature::Signer;
use crate::{ON, code, login, login_body, project_scope, refused, settings, with_token, world};
use serde_json::{Value, json};

#[test]
fn a_token_comes_in_a_header_and_lives_for_a_day() {
    let running = start(world());
    let settings = settings(&running);
    assert_eq!((settings["project_id"].len(), &settings["iam_endpoint"]), (32, &settings["endpoint"]));
    let scopes = [project_scope(&settings), json!({ "project": { "id": settings["project_id"] } })];
    let mut tokens = Vec::new();
    for scope in &scopes {
        let answer = login(&settings, scope);
        assert_eq!(answer.status, 201);
        let token = answer.json()["token"].clone();
        let instant = |key: &str| token[key].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        assert_eq!(instant("expires_at").as_second() - instant("issued_at").as_second(), 86_400);
        assert_eq!(token["project"]["id"], settings["project_id"]);
        tokens.push(answer.header("x-subject-token").unwrap());
    }
    let path = format!("/v1/{}/app-servers", settings["project_id"]);
    assert!(tokens[0].len() > 300 && tokens[0] != tokens[1]);
    for token in &tokens {
        assert_eq!(with_token(&settings, token).get(&path).status, 200, "one does not end the other");
    }
}

#[test]
fn wrong_credentials_are_refused_in_the_envelope_of_the_identity_service() {
    let running = start(world());
    let good = settings(&running);
    for key in ["username", "password", "domain", "region"] {
        let mut wrong = good.clone();
        wrong.insert(key.to_owned(), "nobody".to_owned());
        let answer = login(&wrong, &project_scope(&wrong));
        let error = answer.json()["error"].clone();
        assert_eq!(
            (answer.status, &error["code"], &error["title"]),
            (401, &json!(401), &json!("Unauthorized"))
        );
        assert!(error["message"].is_string() && answer.header("x-subject-token").is_none(), "{key}");
    }
    let iam = Client::new(&good["iam_endpoint"]);
    let mut methods = login_body(&good, &Value::Null);
    methods["auth"]["identity"]["methods"] = json!(["token"]);
    let both = json!({ "project": { "name": good["region"] }, "domain": { "name": "x" } });
    for body in [json!({}), json!([]), json!({ "auth": {} }), methods, login_body(&good, &both)] {
        let answer = iam.post_json("/v3/auth/tokens", &body);
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (400, &json!(400)), "{body}");
    }
    let body = login_body(&good, &project_scope(&good)).to_string().into_bytes();
    assert_eq!(iam.send("POST", "/v3/auth/tokens", Some("text/plain"), body).status, 400);
    assert_eq!(iam.get("/v3/auth/tokens").status, 405);
}

#[test]
fn the_service_takes_live_tokens_with_a_project_only() {
    let running = start(world());
    let settings = settings(&running);
    let path = format!("/v1/{}/app-servers", settings["project_id"]);
    let unscoped = login(&settings, &Value::Null);
    assert!(unscoped.status == 201 && unscoped.json()["token"].get("project").is_none());
    let unscoped = unscoped.header("x-subject-token").unwrap();
    let domain = login(&settings, &json!({ "domain": { "name": settings["domain"] } }));
    for token in [unscoped.as_str(), &domain.header("x-subject-token").unwrap(), "wrong"] {
        let answer = with_token(&settings, token).get(&path);
        assert_eq!(refused(&answer), code(401, "APIGW.0301"));
    }
    assert_eq!(refused(&Client::new(&settings["endpoint"]).get(&path)), code(401, "APIGW.0301"));
    let own = with_token(&settings, "simulated-ws-static-token");
    assert_eq!(own.get(&path).status, 200);
    assert_eq!(refused(&own.get("/v1/0123456789abcdef/app-servers")), code(403, "APIGW.0302"));
    let mut short = settings.clone();
    short.insert("username".to_owned(), format!("{}-short", settings["username"]));
    let short = login(&short, &project_scope(&settings)).header("x-subject-token").unwrap();
    let short = with_token(&settings, &short);
    assert_eq!(short.get(&path).status, 200);
    wait(1050);
    assert_eq!(refused(&short.get(&path)), code(401, "APIGW.0307"));
}

#[test]
fn a_project_is_found_by_its_name() {
    let running = start(world());
    let settings = settings(&running);
    let unscoped = login(&settings, &Value::Null).header("x-subject-token").unwrap();
    let iam = with_token(&settings, &unscoped);
    let found = iam.get(&format!("/v3/projects?name={}", settings["region"])).json()["projects"].clone();
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(
        (&found[0]["id"], &found[0]["name"]),
        (&json!(settings["project_id"]), &json!(settings["region"]),)
    );
    assert_eq!(iam.get("/v3/projects?name=moon").json()["projects"], json!([]));
    assert_eq!(iam.get("/v3/projects").json()["projects"].as_array().unwrap().len(), 2);
    let answer = Client::new(&settings["endpoint"]).get("/v3/projects");
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (401, &json!(401)));
}

#[test]
fn signed_calls_are_as_good_as_tokens() {
    let running = start(world());
    let settings = settings(&running);
    let signer = Signer::new(&settings["endpoint"], "SIMULATEDWSAK", "SIMULATEDWSSECRETKEY");
    let path = format!("/v1/{}/app-servers", settings["project_id"]);
    let query = "limit=100&offset=0&server_name=web-1";
    assert_eq!(signer.send("GET", &path, query, "").json()["count"], 1);
    let body = json!({ "items": [ON], "type": "HARD" }).to_string();
    let answer = signer.send("PATCH", &format!("{path}/actions/batch-reboot"), "", &body);
    assert_eq!((answer.status, &*answer.body), (200, &b"null"[..]));
    assert_eq!(signer.send("GET", "/v3/projects", "name=ap-southeast-1", "").status, 200);
    let temporary = Signer::new(&settings["endpoint"], "SIMULATEDWSTEMPAK", "SIMULATEDWSTEMPSECRETKEY");
    assert_eq!(refused(&temporary.send("GET", &path, "", "")), code(401, "APIGW.0301"));
    let temporary = temporary.with_header("x-security-token", "simulated-ws-security-token");
    assert_eq!(temporary.send("GET", &path, "", "").status, 200);
}

#[test]
fn signatures_of_others_and_of_other_times_are_refused() {
    let running = start(world());
    let settings = settings(&running);
    let path = format!("/v1/{}/app-servers", settings["project_id"]);
    let signer = |access: &str, secret: &str| Signer::new(&settings["endpoint"], access, secret);
    let good = || signer("SIMULATEDWSAK", "SIMULATEDWSSECRETKEY");
    for off in [-895, 895] {
        assert_eq!(good().off_by(off).send("GET", &path, "", "").status, 200, "{off}");
    }
    for wrong in [
        signer("SIMULATEDWSAK", "wrong"),
        signer("wrong", "SIMULATEDWSSECRETKEY"),
        good().off_by(-905),
        good().off_by(905),
        good().with_header("x-security-token", "simulated-ws-security-token"),
    ] {
        let answer = wrong.send("GET", &path, "", "");
        assert_eq!(refused(&answer), code(401, "APIGW.0301"));
        assert!(answer.header("date").unwrap().ends_with(" GMT"));
    }
    assert_eq!(good().send("GET", &path, "offset=0&limit=5", "").status, 401, "sent as it is signed: sorted");
    let foreign = good().with_header("x-project-id", "0123456789abcdef0123456789abcdef");
    assert_eq!(refused(&foreign.send("GET", &path, "", "")), code(403, "APIGW.0302"));
}

#[test]
fn a_wrong_clock_decides_over_signatures() {
    let mut skewed = world();
    skewed["connections"]["ws"]["clock_skew"] = json!("1h");
    let running = start(skewed);
    let settings = settings(&running);
    let path = format!("/v1/{}/app-servers", settings["project_id"]);
    let signer = Signer::new(&settings["endpoint"], "SIMULATEDWSAK", "SIMULATEDWSSECRETKEY");
    assert_eq!(signer.send("GET", &path, "", "").status, 401);
    assert_eq!(signer.off_by(3600).send("GET", &path, "", "").status, 200);
}
