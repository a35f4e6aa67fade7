//! Keystone: what is sent, what is taken from its answer, and how often it is asked.

use crate::wire::{Reply, Scripted};
use crate::{Cloud, ID, PROJECT, SERVER, TOKEN, UNAUTHORIZED, USER, opened, token};
use fleetform::model::ServerId;
use fleetform::provider::{Effect, Error, ErrorKind};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;

/// What Keystone was sent for such settings.
async fn login(given: &[(&str, &str)]) -> Value {
    let nova = Scripted::new([Reply::json(200, SERVER)]).await;
    let keystone = Scripted::new([token(&nova.url)]).await;
    let provider = opened(&keystone.url, given).unwrap();
    provider.get(&ServerId::from(ID)).await.unwrap();
    let seen = keystone.only();
    assert_eq!(seen.line(), "POST /v3/auth/tokens");
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("x-auth-token"), None);
    serde_json::from_str(&seen.body).unwrap()
}

async fn failed(reply: Reply, given: &[(&str, &str)]) -> Error {
    let keystone = Scripted::new([reply]).await;
    let error = opened(&keystone.url, given).unwrap().get(&ServerId::from(ID)).await.unwrap_err();
    assert_eq!(error.effect, Effect::None);
    let text = format!("{error} {error:?}");
    assert!(!text.contains("wörd") && !text.contains("t0ken"), "{text}");
    error
}

#[tokio::test]
async fn a_password_is_sent_with_its_user_and_project() {
    let password = |user: Value, scope: Option<Value>| {
        let identity = json!({ "methods": ["password"], "password": { "user": user } });
        let mut auth = json!({ "identity": identity });
        if let Some(project) = scope {
            auth["scope"] = json!({ "project": project });
        }
        json!({ "auth": auth })
    };
    let named = json!({ "name": "deployer", "password": "p\"ss wörd", "domain": { "name": "Default" } });
    let shop = json!({ "name": "shop", "domain": { "name": "Default" } });
    assert_eq!(login(&USER).await, password(named, Some(shop)));
    let by_ids = [
        ("user_id", "u1"),
        ("password", "p"),
        ("project_id", PROJECT),
        ("region_name", "north"),
        ("auth_type", "v3password"),
    ];
    assert_eq!(
        login(&by_ids).await,
        password(json!({ "id": "u1", "password": "p" }), Some(json!({ "id": PROJECT })))
    );
    let domains = [
        ("username", "u"),
        ("user_domain_id", "d1"),
        ("password", "p"),
        ("project_name", "Shop"),
        ("project_domain_id", "default"),
        ("region_name", "north"),
    ];
    let user = json!({ "name": "u", "password": "p", "domain": { "id": "d1" } });
    let project = json!({ "name": "Shop", "domain": { "id": "default" } });
    assert_eq!(login(&domains).await, password(user, Some(project)));
}

#[tokio::test]
async fn an_application_credential_is_sent_without_a_scope() {
    let sent = |credential: Value| {
        let identity = json!({ "methods": ["application_credential"], "application_credential": credential });
        json!({ "auth": { "identity": identity } })
    };
    let by_id = [
        ("application_credential_id", "a1"),
        ("application_credential_secret", "s3cret"),
        ("region_name", "north"),
        // The environment of one person often holds both.
        ("username", "deployer"),
        ("password", "p"),
        ("project_name", "other"),
    ];
    assert_eq!(login(&by_id).await, sent(json!({ "id": "a1", "secret": "s3cret" })));
    let by_name = [
        ("application_credential_name", "bot"),
        ("application_credential_secret", "s3cret"),
        ("username", "deployer"),
        ("user_domain_name", "Default"),
        ("region_name", "north"),
        ("auth_type", "v3applicationcredential"),
    ];
    let user = json!({ "name": "deployer", "domain": { "name": "Default" } });
    assert_eq!(login(&by_name).await, sent(json!({ "name": "bot", "secret": "s3cret", "user": user })));
    let by_user_id = [
        ("application_credential_name", "bot"),
        ("application_credential_secret", "s3cret"),
        ("user_id", "u1"),
        ("region_name", "north"),
    ];
    let user = json!({ "id": "u1" });
    assert_eq!(login(&by_user_id).await, sent(json!({ "name": "bot", "secret": "s3cret", "user": user })));
}

#[tokio::test]
async fn every_form_of_the_address_leads_to_the_same_login() {
    for (given, path) in [
        ("", "/v3/auth/tokens"),
        ("/", "/v3/auth/tokens"),
        ("/v3", "/v3/auth/tokens"),
        ("/v3/", "/v3/auth/tokens"),
        ("/identity", "/identity/v3/auth/tokens"),
        ("/identity/v3/", "/identity/v3/auth/tokens"),
    ] {
        let keystone = Scripted::new([Reply::json(401, UNAUTHORIZED)]).await;
        let provider = opened(&format!("{}{given}", keystone.url), &USER).unwrap();
        provider.get(&ServerId::from(ID)).await.unwrap_err();
        assert_eq!(keystone.only().target, path);
    }
}

#[tokio::test]
async fn refused_credentials_are_told_in_keystones_words_and_never_sent_twice() {
    let keystone = Scripted::new([Reply::json(401, UNAUTHORIZED)]).await;
    let provider = opened(&keystone.url, &USER).unwrap();
    for _ in 0..3 {
        let error = provider.get(&ServerId::from(ID)).await.unwrap_err();
        assert_eq!((error.kind, error.effect), (ErrorKind::Auth, Effect::None));
        assert!(error.message.contains("requires authentication"), "{error}");
    }
    assert_eq!(keystone.seen().len(), 1);
    let bad = json!({ "error": { "code": 400, "message": "Expecting to find domain in user.", "title": "Bad Request" } });
    assert_eq!(failed(Reply::json(400, bad), &USER).await.kind, ErrorKind::Config);
    assert_eq!(failed(Reply::new(404, "<html>"), &USER).await.kind, ErrorKind::WrongEndpoint);
    assert_eq!(
        failed(Reply::new(201, "<html>").header("x-subject-token", "t0ken"), &USER).await.kind,
        ErrorKind::Garbage
    );
    assert_eq!(
        failed(Reply::json(201, TOKEN), &USER).await.kind,
        ErrorKind::Garbage,
        "no token in the header"
    );
}

#[tokio::test]
async fn many_calls_that_meet_a_401_log_in_once() {
    let ended = || Reply::json(401, UNAUTHORIZED).late(50);
    let replies = [Reply::json(200, SERVER)]
        .into_iter()
        .chain((0..6).map(|_| ended()))
        .chain([Reply::json(200, SERVER)]);
    let nova = Scripted::new(replies).await;
    let second = token(&nova.url).header("x-unused", "2");
    let keystone = Scripted::new([token(&nova.url), second]).await;
    let provider = opened(&keystone.url, &USER).unwrap();
    let id = ServerId::from(ID);
    provider.get(&id).await.unwrap().unwrap();
    let all = join_all((0..6).map(|_| provider.get(&id))).await;
    assert!(all.into_iter().all(|read| read.unwrap().is_some()));
    assert_eq!((nova.seen().len(), keystone.seen().len()), (13, 2));
}

#[tokio::test]
async fn a_token_is_renewed_before_its_end_by_the_clock_of_keystone() {
    let told = |nova: &str, ends: &str| {
        Reply::json(201, TOKEN.replace("NOVA", nova).replace("2099-01-01T00:00:00.000000Z", ends))
            .header("x-subject-token", "t0ken-1")
            .header("date", "Sun, 06 Nov 1994 08:49:37 GMT")
    };
    // By this machine's clock both ended long ago.
    for (ends, logins) in [("1994-11-06T08:49:38.000000Z", 2), ("1994-11-06T09:49:37.000000", 1)] {
        let nova = Scripted::new([Reply::json(200, SERVER)]).await;
        let keystone = Scripted::new([told(&nova.url, ends)]).await;
        let provider = opened(&keystone.url, &USER).unwrap();
        let id = ServerId::from(ID);
        provider.get(&id).await.unwrap().unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        provider.get(&id).await.unwrap().unwrap();
        assert_eq!(keystone.seen().len(), logins, "{ends}");
    }
}

#[tokio::test]
async fn the_catalog_is_read_for_type_interface_and_region() {
    let without = |name: &str| USER.into_iter().filter(|(key, _)| *key != name).collect::<Vec<_>>();
    let error = failed(token("http://127.0.0.1:9"), &without("region_name")).await;
    assert_eq!(error.kind, ErrorKind::Config);
    assert!(error.message.contains("region_name") && error.message.contains("north, south"), "{error}");
    let elsewhere = |name: &'static str, value: &'static str| {
        let mut given = without(name);
        given.push((name, value));
        given
    };
    let error = failed(token("http://127.0.0.1:9"), &elsewhere("region_name", "west")).await;
    assert!(error.kind == ErrorKind::Config && error.to_string().contains("north, south"), "{error}");
    let error = failed(token("http://127.0.0.1:9"), &elsewhere("interface", "internal")).await;
    assert!(error.kind == ErrorKind::Config && error.to_string().contains("admin, public"), "{error}");
    // One region needs no name, and the older word for an interface is known.
    let nova = Scripted::new([Reply::json(200, SERVER)]).await;
    let one = TOKEN
        .replace("NOVA", &nova.url)
        .replace("\"south\"", "\"north\"")
        .replace("https://elsewhere.example.com/south", &nova.url);
    let keystone = Scripted::new([Reply::json(201, one).header("x-subject-token", "t")]).await;
    let mut given = without("region_name");
    given.push(("interface", "publicURL"));
    opened(&keystone.url, &given).unwrap().get(&ServerId::from(ID)).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_token_that_leads_nowhere_is_a_mistake_in_the_settings() {
    let unscoped =
        json!({ "token": { "methods": ["password"], "expires_at": "2099-01-01T00:00:00.000000Z" } });
    let reply = Reply::json(201, unscoped).header("x-subject-token", "t0ken");
    let error = failed(reply, &USER).await;
    assert!(error.kind == ErrorKind::Config && error.to_string().contains("project_name"), "{error}");
    let error = failed(token("http://nova.example.com/v2.1"), &USER).await;
    assert!(error.kind == ErrorKind::Config && error.message.contains("plain http"), "{error}");
    let mut other = USER.to_vec();
    other.push(("project_id", "another"));
    let error = failed(token("http://127.0.0.1:9"), &other).await;
    assert!(error.kind == ErrorKind::Config && error.message.contains("project_id"), "{error}");
}

#[tokio::test]
async fn an_endpoint_beside_the_address_is_used_instead_of_the_catalogs() {
    let nova = Scripted::new([Reply::json(200, SERVER)]).await;
    let keystone = Scripted::new([token("https://elsewhere.example.com")]).await;
    let mut given = USER.to_vec();
    let own = format!("{}/own/{PROJECT}", nova.url);
    given.push(("endpoint", &own));
    opened(&keystone.url, &given).unwrap().get(&ServerId::from(ID)).await.unwrap().unwrap();
    assert_eq!(nova.only().target, format!("/own/{PROJECT}/servers/{ID}"));
}

#[tokio::test]
async fn the_connection_to_nova_outlives_a_login() {
    // Its limits would begin anew with every other one.
    let replies = [Reply::json(200, SERVER), Reply::json(401, UNAUTHORIZED), Reply::json(200, SERVER)];
    let cloud = Cloud::new(replies).await;
    cloud.get().await.unwrap();
    cloud.get().await.unwrap();
    assert_eq!((cloud.nova.seen().len(), cloud.keystone.seen().len()), (3, 2));
}
