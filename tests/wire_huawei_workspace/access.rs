//! Logging in, looking up the project, and signatures.

use crate::rig::Bench;
use crate::wire::{Reply, Scripted, Seen};
use crate::{
    HARD, ID, KEYS, LOGIN, LOGIN_SETTINGS, NOT_FOUND, P, SERVER, TOKEN, UNAUTHORIZED, open, try_open,
};
use fleetform::model::{Operation, ServerId};
use fleetform::provider::{Effect, Error, ErrorKind};
use fleetform::providers::find;
use futures_util::future::join_all;
use serde_json::{Value, json};

fn logged_in() -> Reply {
    Reply::json(201, LOGIN).header("x-subject-token", "token-1")
}

fn projects() -> Reply {
    let all = json!([{ "id": "0", "name": "ap-southeast-12" }, { "id": P, "name": "ap-southeast-1" }]);
    Reply::json(200, json!({ "links": {}, "projects": all }))
}

fn refused(code: &str) -> Reply {
    Reply::json(401, json!({ "error_code": code, "error_msg": "Incorrect IAM authentication information" }))
}

fn lines(server: &Scripted) -> Vec<String> {
    server.seen().iter().map(Seen::line).collect()
}

#[tokio::test]
async fn a_user_logs_in_for_the_project_of_the_region_and_looks_it_up_once() {
    let server =
        Scripted::new([logged_in(), projects(), Reply::json(200, SERVER), Reply::json(200, "null")]).await;
    let provider = open(&server.url, LOGIN_SETTINGS);
    let id = ServerId::from(ID);
    provider.get(&id).await.unwrap().unwrap();
    provider.send(&HARD, std::slice::from_ref(&id)).await.unwrap();
    assert_eq!(
        lines(&server),
        [
            "POST /v3/auth/tokens".to_owned(),
            "GET /v3/projects?name=ap-southeast-1".into(),
            format!("GET /v1/{P}/app-servers/{ID}"),
            format!("PATCH /v1/{P}/app-servers/actions/batch-reboot"),
        ]
    );
    let seen = server.seen();
    let expected = json!({ "auth": {
        "identity": { "methods": ["password"], "password": { "user": {
            "name": "operator", "password": "pässword\"1", "domain": { "name": "acme" } } } },
        "scope": { "project": { "name": "ap-southeast-1" } },
    } });
    assert_eq!(serde_json::from_str::<Value>(&seen[0].body).unwrap(), expected);
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
    assert_eq!(seen[0].header("x-auth-token"), None);
    for seen in &seen[1..] {
        assert_eq!(seen.header("x-auth-token"), Some("token-1"));
    }
}

#[tokio::test]
async fn a_project_that_is_given_is_what_the_token_is_for() {
    let server = Scripted::new([logged_in(), Reply::json(200, SERVER)]).await;
    let settings = [LOGIN_SETTINGS, &[("project_id", P)]].concat();
    open(&server.url, &settings).get(&ServerId::from(ID)).await.unwrap();
    let seen = server.seen();
    let body: Value = serde_json::from_str(&seen[0].body).unwrap();
    assert_eq!(body["auth"]["scope"], json!({ "project": { "id": P } }));
    assert_eq!(seen.len(), 2);
}

#[tokio::test]
async fn a_session_that_has_ended_is_renewed_once() {
    let settings = [LOGIN_SETTINGS, &[("project_id", P)]].concat();
    for code in ["APIGW.0301", "APIGW.0305", "APIGW.0307"] {
        let second = Reply::json(201, LOGIN).header("x-subject-token", "token-2");
        let server = Scripted::new([logged_in(), refused(code), second, Reply::json(200, "null")]).await;
        open(&server.url, &settings).send(&HARD, &[ServerId::from(ID)]).await.unwrap();
        let tokens: Vec<_> =
            server.seen().iter().map(|seen| seen.header("x-auth-token").map(str::to_owned)).collect();
        assert_eq!(tokens, [None, Some("token-1".into()), None, Some("token-2".into())]);
    }
    let server =
        Scripted::new([logged_in(), refused("APIGW.0301"), logged_in(), refused("APIGW.0301")]).await;
    let error = open(&server.url, &settings).send(&HARD, &[ServerId::from(ID)]).await.unwrap_err();
    assert_eq!((error.kind, error.effect, server.seen().len()), (ErrorKind::Auth, Effect::None, 4));
}

#[tokio::test]
async fn refused_credentials_are_told_in_keystone_s_words_and_never_sent_twice() {
    let server = Scripted::new([Reply::json(401, UNAUTHORIZED)]).await;
    let provider = open(&server.url, LOGIN_SETTINGS);
    for _ in 0..3 {
        let error = provider.get(&ServerId::from(ID)).await.unwrap_err();
        assert_eq!((error.kind, error.effect, error.status), (ErrorKind::Auth, Effect::None, Some(401)));
        assert!(error.to_string().contains("The username or password is wrong."), "{error}");
        assert!(!format!("{error:?}").contains("pässword"));
    }
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_login_that_makes_no_sense_is_no_login() {
    for (reply, kind) in [
        (Reply::json(201, LOGIN), ErrorKind::Garbage),
        (Reply::json(201, LOGIN).header("x-subject-token", ""), ErrorKind::Garbage),
        (Reply::new(201, "<html>").header("x-subject-token", "t"), ErrorKind::Garbage),
        (Reply::json(201, "{}").header("x-subject-token", "t"), ErrorKind::Garbage),
        (Reply::new(404, "<html>"), ErrorKind::WrongEndpoint),
        (Reply::json(403, "{}"), ErrorKind::Forbidden),
        (Reply::json(400, json!({ "error": { "code": 400, "message": "scope" } })), ErrorKind::Refused),
    ] {
        let server = Scripted::new([reply.clone()]).await;
        let sent = open(&server.url, LOGIN_SETTINGS).send(&Operation::Delete, &[ServerId::from(ID)]).await;
        let error = sent.unwrap_err();
        assert_eq!((error.kind, error.effect), (kind, Effect::None), "{reply:?}: {error}");
    }
}

#[tokio::test]
async fn a_token_without_times_is_good_until_it_is_refused() {
    let bare = Reply::json(201, json!({ "token": {} })).header("x-subject-token", "token-1");
    let server = Scripted::new([bare, projects(), Reply::json(200, SERVER)]).await;
    let provider = open(&server.url, LOGIN_SETTINGS);
    for _ in 0..2 {
        provider.get(&ServerId::from(ID)).await.unwrap();
    }
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn a_given_token_is_not_renewed() {
    let server = Scripted::new([refused("APIGW.0307")]).await;
    let error = open(&server.url, TOKEN).get(&ServerId::from(ID)).await.unwrap_err();
    assert_eq!((error.kind, server.seen().len()), (ErrorKind::Auth, 1));
    assert!(error.to_string().contains("cannot be renewed"), "{error}");
    // Without a project it is looked up with the token.
    let server = Scripted::new([projects(), Reply::json(404, NOT_FOUND)]).await;
    let settings = [("token", "given-token"), ("region", "ap-southeast-1")];
    assert_eq!(open(&server.url, &settings).get(&ServerId::from(ID)).await.unwrap(), None);
    assert!(server.seen().iter().all(|seen| seen.header("x-auth-token") == Some("given-token")));
}

#[tokio::test]
async fn a_region_without_a_project_is_a_mistake_in_the_settings() {
    for reply in
        [json!({ "projects": [] }), json!({ "projects": [{ "id": "0", "name": "ap-southeast-12" }] })]
    {
        let server = Scripted::new([Reply::json(200, reply)]).await;
        let settings = [("token", "given-token"), ("region", "ap-southeast-1")];
        let error = open(&server.url, &settings).get(&ServerId::from(ID)).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Config);
        assert!(error.to_string().contains("ap-southeast-1"), "{error}");
    }
}

#[tokio::test]
async fn a_signature_covers_what_is_sent() {
    let server = Scripted::new([Reply::json(200, SERVER), Reply::json(200, "null")]).await;
    let settings = [KEYS, &[("security_token", "temporary")]].concat();
    let provider = open(&format!("{}/base", server.url), &settings);
    provider.get(&ServerId::from(ID)).await.unwrap();
    provider.send(&HARD, &[ServerId::from(ID)]).await.unwrap();
    let signed = "host;x-project-id;x-sdk-date;x-security-token";
    for (seen, names) in server.seen().iter().zip([signed.to_owned(), format!("content-type;{signed}")]) {
        assert_eq!(
            (seen.header("x-project-id"), seen.header("x-security-token")),
            (Some(P), Some("temporary"))
        );
        assert_eq!(seen.header("x-auth-token"), None);
        assert_eq!(seen.header("x-sdk-date").unwrap().len(), "20260102T030405Z".len());
        let line = seen.header("authorization").unwrap();
        let start = format!("SDK-HMAC-SHA256 Access=HWAK, SignedHeaders={names}, Signature=");
        let signature = line.strip_prefix(&start).unwrap_or_else(|| panic!("{line}"));
        assert!(signature.len() == 64 && signature.chars().all(|c| c.is_ascii_hexdigit()), "{line}");
        assert!(seen.target.starts_with("/base/v1/"));
    }
}

#[tokio::test]
async fn a_signature_that_is_refused_names_the_clock() {
    let late = refused("APIGW.0301").header("date", "Fri, 02 Jan 2026 03:04:05 GMT");
    for (reply, words) in [(late, "s ahead of the server's"), (refused("APIGW.0301"), "clock")] {
        let server = Scripted::new([reply]).await;
        let error = open(&server.url, KEYS).get(&ServerId::from(ID)).await.unwrap_err();
        assert_eq!((error.kind, server.seen().len()), (ErrorKind::Auth, 1));
        assert!(error.to_string().contains(words), "{error}");
        assert!(!format!("{error:?}").contains("HWSK"));
    }
}

/// Opens a connection to the simulator with other credentials than a password.
fn reopened(bench: &Bench, given: &[(&str, &str)]) -> std::sync::Arc<dyn fleetform::provider::Provider> {
    let known = crate::rig::settings(&bench.running, "c");
    let addresses = ["endpoint", "iam_endpoint", "region"].map(|name| (name, known.get(name).unwrap()));
    try_open(&[given, &addresses[..]].concat()).unwrap()
}

#[tokio::test]
async fn every_kind_of_credentials_works_against_whoever_checks_them() {
    let row = find("huawei-workspace").unwrap();
    let temporary = [
        ("access_key", "SIMULATEDCTEMPAK"),
        ("secret_key", "SIMULATEDCTEMPSECRETKEY"),
        ("security_token", "simulated-c-security-token"),
    ];
    let keys = [("access_key", "SIMULATEDCAK"), ("secret_key", "SIMULATEDCSECRETKEY")];
    let token = [("token", "simulated-c-static-token")];
    let user = [
        ("username", "simulated-c-user-short"),
        ("password", "simulated-c-password"),
        ("domain", "simulated-c-domain"),
    ];
    for given in [&temporary[..], &keys, &token, &user] {
        let bench = Bench::usual(row);
        let provider = reopened(&bench, given);
        let all =
            fleetform::provider::list_all(&*provider, fleetform::model::CaseRule::Exact, 4).await.unwrap();
        assert_eq!(all.len(), 3, "{given:?}");
        provider.send(&Operation::Rename { to: "named-so".into() }, &[bench.id("spare")]).await.unwrap();
        provider.send(&HARD, &[bench.id("runs")]).await.unwrap();
        provider.send(&Operation::Delete, &[bench.id("rests"), bench.id("named-so")]).await.unwrap();
    }
}

#[tokio::test]
async fn many_calls_that_meet_a_401_log_in_once() {
    let bench = Bench::usual(find("huawei-workspace").unwrap());
    bench.list().await.unwrap();
    let logins = |bench: &Bench| bench.running.stats().calls("c", "POST", "/v3/auth/tokens");
    assert_eq!(logins(&bench), 1);
    bench.running.end_sessions("c").unwrap();
    let id = bench.id("runs");
    let reads = join_all((0..20).map(|_| bench.provider.get(&id))).await;
    assert!(reads.into_iter().all(|read| read.is_ok_and(|live| live.is_some())));
    assert_eq!(logins(&bench), 2);
}

fn refusal(given: &[(&str, &str)]) -> Error {
    try_open(given).err().expect("it cannot work")
}

#[tokio::test]
async fn settings_that_cannot_work_are_told_before_any_call() {
    let user = &LOGIN_SETTINGS[..3];
    for (given, words) in [
        (vec![("token", "t"), ("project_id", P)], "neither `region` nor `endpoint`"),
        (vec![("token", "t"), ("region", "evil.example/")], "`region` is made of"),
        (vec![("token", "t"), ("region", "")], "`region` is made of"),
        (vec![("token", "t"), ("region", "cn-north-4@x")], "`region` is made of"),
        (vec![("token", "t"), ("endpoint", "https://x.example")], "`project_id` is not set"),
        // The password does not go to the public identity service for somebody else's deployment.
        (
            [user, &[("endpoint", "https://x.example"), ("region", "cn-north-4"), ("project_id", P)]]
                .concat(),
            "`iam_endpoint`",
        ),
        (vec![("region", "cn-north-4")], "`username` is not set"),
        (vec![("region", "cn-north-4"), ("token", "a\nb")], "`token` does not fit"),
        (
            [
                user,
                &[
                    ("region", "cn-north-4"),
                    ("endpoint", "http://x.example"),
                    ("iam_endpoint", "https://y.example"),
                ],
            ]
            .concat(),
            "plain http",
        ),
    ] {
        let error = refusal(&given);
        assert_eq!(error.kind, ErrorKind::Config);
        assert!(error.message.contains(words), "{given:?}: {error}");
    }
    // These are complete; nothing is sent yet.
    for given in [
        vec![("token", "t"), ("region", "cn-north-4")],
        vec![("token", "t"), ("endpoint", "https://x.example"), ("project_id", P)],
        [user, &[("region", "eu-west-101")]].concat(),
        [user, &[("region", "cn-north-4"), ("endpoint", "https://appstream.cn-north-4.myhuaweicloud.com")]]
            .concat(),
    ] {
        assert!(try_open(&given).is_ok(), "{given:?}");
    }
}
