//! The openstack client on the wire: the exact request of every call, and answers as its page shows them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests may")]

#[path = "wire/mod.rs"]
mod wire;

#[path = "wire_openstack/errors.rs"]
mod errors;
#[path = "wire_openstack/evidence.rs"]
mod evidence;
#[path = "wire_openstack/listing.rs"]
mod listing;
#[path = "wire_openstack/login.rs"]
mod login;
#[path = "wire_openstack/settings.rs"]
mod settings;
#[path = "wire_openstack/states.rs"]
mod states;
#[path = "wire_openstack/versions.rs"]
mod versions;

use fleetform::http::Limits;
use fleetform::model::{LiveServer, OffKind, Operation, RebootKind, ServerId, Settings};
use fleetform::provider::{Error, ErrorKind, Provider, Receipt};
use fleetform::providers::{Opening, openstack};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use wire::{Reply, Scripted};

pub(crate) const TOKEN: &str = include_str!("../src/providers/openstack/fixtures/token.json");
pub(crate) const SERVER: &str = include_str!("../src/providers/openstack/fixtures/server.json");
pub(crate) const NOT_FOUND: &str = include_str!("../src/providers/openstack/fixtures/not_found.json");
pub(crate) const UNAUTHORIZED: &str = include_str!("../src/providers/openstack/fixtures/unauthorized.json");

/// The server of the fixtures, and the project of the token.
pub(crate) const ID: &str = "0b1f7c52-6c1e-4f0e-8b57-2f6a1c9d4e10";
pub(crate) const PROJECT: &str = "5e0a9c4f3b7d4e21a6c8b0d2f4a6e8c1";

pub(crate) const SOFT: Operation = Operation::Reboot { method: RebootKind::Soft };
pub(crate) const HARD: Operation = Operation::Reboot { method: RebootKind::Hard };
pub(crate) const OFF: Operation = Operation::PowerOff { method: OffKind::Graceful };

/// A cloud: Nova answers from a script, Keystone points to it.
pub(crate) struct Cloud {
    pub(crate) nova: Scripted,
    pub(crate) keystone: Scripted,
    pub(crate) provider: Arc<dyn Provider>,
}

pub(crate) const USER: [(&str, &str); 6] = [
    ("username", "deployer"),
    ("password", "p\"ss wörd"),
    ("user_domain_name", "Default"),
    ("project_name", "shop"),
    ("project_domain_name", "Default"),
    ("region_name", "north"),
];

pub(crate) fn token(nova: &str) -> Reply {
    Reply::json(201, TOKEN.replace("NOVA", nova)).header("x-subject-token", "t0ken-1")
}

impl Cloud {
    pub(crate) async fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::below("/v2.1", replies).await
    }

    /// With such a path in the catalog.
    pub(crate) async fn below(path: &str, replies: impl IntoIterator<Item = Reply>) -> Self {
        let nova = Scripted::new(replies).await;
        let keystone = Scripted::new([token(&format!("{}{path}", nova.url))]).await;
        let provider = opened(&format!("{}/v3", keystone.url), &USER).unwrap();
        Self { nova, keystone, provider }
    }

    pub(crate) async fn get(&self) -> Result<Option<LiveServer>, Error> {
        self.provider.get(&ServerId::from(ID)).await
    }

    pub(crate) async fn send(&self, operation: &Operation) -> Result<Receipt, Error> {
        let verdicts = self.provider.send(operation, &[ServerId::from(ID)]).await;
        verdicts.and_then(|mut verdicts| verdicts.pop().unwrap())
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.nova.seen().iter().map(wire::Seen::line).collect()
    }
}

pub(crate) fn opened(auth_url: &str, given: &[(&str, &str)]) -> Result<Arc<dyn Provider>, Error> {
    let mut settings = Settings::default();
    settings.set("auth_url", auth_url);
    for (name, value) in given {
        settings.set(*name, *value);
    }
    let limits = Limits { in_flight: 8, per_second: None, timeout: Duration::from_secs(5) };
    wire::CLIENTS.with(|clients| openstack::open(&Opening { settings: &settings, limits, clients }))
}

/// The fixture with these fields replaced; null removes one.
pub(crate) fn server(changes: &Value) -> Value {
    let mut one: Value = serde_json::from_str(SERVER).unwrap();
    for (key, value) in changes.as_object().unwrap() {
        let fields = one["server"].as_object_mut().unwrap();
        if *value == json!("(missing)") {
            fields.remove(key);
        } else {
            fields.insert(key.clone(), value.clone());
        }
    }
    one
}

#[tokio::test]
async fn every_change_is_sent_as_the_page_has_it() {
    let rename = Operation::Rename { to: "né \"x\"".into() };
    let action = format!("POST /v2.1/servers/{ID}/action");
    let (put, delete) = (format!("PUT /v2.1/servers/{ID}"), format!("DELETE /v2.1/servers/{ID}"));
    for (operation, line, body, reply) in [
        (Operation::PowerOn, &action, Some(json!({ "os-start": null })), Reply::new(202, "")),
        (OFF, &action, Some(json!({ "os-stop": null })), Reply::new(202, "")),
        (Operation::Suspend, &action, Some(json!({ "suspend": null })), Reply::new(202, "")),
        (SOFT, &action, Some(json!({ "reboot": { "type": "SOFT" } })), Reply::new(202, "")),
        (HARD, &action, Some(json!({ "reboot": { "type": "HARD" } })), Reply::new(202, "")),
        (rename, &put, Some(json!({ "server": { "name": "né \"x\"" } })), Reply::json(200, SERVER)),
        (Operation::Delete, &delete, None, Reply::new(204, "")),
    ] {
        let cloud = Cloud::new([reply.header("x-openstack-request-id", "req-1")]).await;
        let receipt = cloud.send(&operation).await.unwrap();
        assert_eq!(receipt, Receipt { ticket: Some("req-1".into()), already: false });
        let seen = cloud.nova.only();
        assert_eq!(&seen.line(), line);
        assert_eq!(seen.header("x-auth-token"), Some("t0ken-1"));
        assert_eq!(seen.header("openstack-api-version"), Some("compute 2.69"));
        assert_eq!(seen.header("accept"), Some("application/json"));
        match body {
            Some(body) => {
                assert_eq!(seen.header("content-type"), Some("application/json"));
                assert_eq!(serde_json::from_str::<Value>(&seen.body).unwrap(), body);
            }
            None => assert_eq!((seen.body.as_str(), seen.header("content-type")), ("", None)),
        }
    }
}

#[tokio::test]
async fn the_verb_that_resumes_is_the_one_of_the_state() {
    for (vm_state, status, body) in [
        ("paused", "PAUSED", json!({ "unpause": null })),
        ("suspended", "SUSPENDED", json!({ "resume": null })),
        ("shelved", "SHELVED", json!({ "unshelve": null })),
        ("shelved_offloaded", "SHELVED_OFFLOADED", json!({ "unshelve": null })),
    ] {
        let there = server(&json!({ "OS-EXT-STS:vm_state": vm_state, "status": status }));
        let hidden = server(&json!({ "OS-EXT-STS:vm_state": "(missing)", "status": status }));
        for found in [there, hidden] {
            let cloud = Cloud::new([Reply::json(200, found), Reply::new(202, "")]).await;
            assert!(!cloud.send(&Operation::Resume).await.unwrap().already);
            let seen = cloud.nova.seen();
            assert_eq!(seen[0].line(), format!("GET /v2.1/servers/{ID}"));
            assert_eq!(seen[1].line(), format!("POST /v2.1/servers/{ID}/action"));
            assert_eq!(serde_json::from_str::<Value>(&seen[1].body).unwrap(), body, "{vm_state}");
        }
    }
}

#[tokio::test]
async fn nothing_is_resumed_that_does_not_sleep() {
    let cloud = Cloud::new([Reply::json(200, SERVER)]).await;
    assert!(cloud.send(&Operation::Resume).await.unwrap().already);
    assert_eq!(cloud.nova.seen().len(), 1);
    for (changes, kind) in [
        (json!({ "OS-EXT-STS:vm_state": "stopped", "status": "SHUTOFF" }), ErrorKind::Refused),
        (json!({ "OS-EXT-STS:vm_state": "error", "status": "ERROR" }), ErrorKind::Refused),
        (json!({ "OS-EXT-STS:vm_state": "suspended", "OS-EXT-STS:task_state": "resuming" }), ErrorKind::Busy),
    ] {
        let cloud = Cloud::new([Reply::json(200, server(&changes))]).await;
        let error = cloud.send(&Operation::Resume).await.unwrap_err();
        assert_eq!((error.kind, cloud.nova.seen().len()), (kind, 1), "{changes}: {error}");
    }
    let cloud = Cloud::new([Reply::json(404, NOT_FOUND)]).await;
    assert_eq!(cloud.send(&Operation::Resume).await.unwrap_err().kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn what_is_not_declared_is_refused_without_a_request() {
    let cloud = Cloud::new([]).await;
    for operation in [
        Operation::PowerOff { method: OffKind::Hard },
        Operation::PowerOff { method: OffKind::NotToldApart },
        Operation::Reboot { method: RebootKind::NotToldApart },
    ] {
        assert_eq!(cloud.send(&operation).await.unwrap_err().kind, ErrorKind::Unsupported);
    }
    assert!(cloud.nova.seen().is_empty() && cloud.keystone.seen().is_empty());
}

#[tokio::test]
async fn every_form_of_the_catalogs_url_is_a_prefix_as_it_is() {
    for (form, expected) in [
        ("/v2.1", "/v2.1/servers/"),
        ("/v2.1/", "/v2.1/servers/"),
        ("/compute/v2.1/PROJECT", "/compute/v2.1/PROJECT/servers/"),
        ("/compute/v2.1/PROJECT/", "/compute/v2.1/PROJECT/servers/"),
        ("", "/servers/"),
    ] {
        let own = |text: &str| text.replace("PROJECT", PROJECT);
        let cloud = Cloud::below(&own(form), [Reply::json(200, SERVER)]).await;
        cloud.get().await.unwrap().unwrap();
        assert_eq!(cloud.nova.only().target, format!("{}{ID}", own(expected)), "{form}");
    }
}

#[tokio::test]
async fn an_id_that_would_vanish_from_the_path_is_never_sent() {
    let cloud = Cloud::new([]).await;
    for id in ["", ".", ".."] {
        assert!(cloud.provider.send(&Operation::Delete, &[ServerId::from(id)]).await.unwrap()[0].is_err());
        assert!(cloud.provider.get(&ServerId::from(id)).await.is_err());
    }
    assert!(cloud.nova.seen().is_empty());
}
