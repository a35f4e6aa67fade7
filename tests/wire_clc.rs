//! The clc client on the wire: requests to the letter, and answers as its page shows them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests may")]

#[path = "wire/mod.rs"]
mod wire;

#[path = "wire_clc/changes.rs"]
mod changes;
#[path = "wire_clc/list.rs"]
mod list;
#[path = "wire_clc/login.rs"]
mod login;
#[path = "wire_clc/servers.rs"]
mod servers;

use fleetform::http::Limits;
use fleetform::model::Settings;
use fleetform::provider::{Error, Provider};
use fleetform::providers::{Opening, clc};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use wire::{Reply, Scripted, Seen};

const LOGIN: &str = include_str!("../src/providers/clc/fixtures/login.json");
const PASSWORD: &str = "pa55-w0rd\"\\";

fn login() -> Reply {
    Reply::json(200, LOGIN)
}

fn token() -> String {
    let login: Value = serde_json::from_str(LOGIN).unwrap();
    login["bearerToken"].as_str().unwrap().to_owned()
}

fn settings(endpoint: &str, account: Option<&str>) -> Settings {
    let mut settings = Settings::default();
    settings.set("endpoint", endpoint);
    settings.set("username", "ops.bot");
    settings.set("password", PASSWORD);
    if let Some(account) = account {
        settings.set("account", account);
    }
    settings
}

fn open_with(endpoint: &str, account: Option<&str>) -> Result<Arc<dyn Provider>, Error> {
    let limits = Limits { in_flight: 8, per_second: None, timeout: Duration::from_secs(5) };
    let settings = settings(endpoint, account);
    wire::CLIENTS.with(|clients| clc::open(&Opening { settings: &settings, limits, clients }))
}

fn open(endpoint: &str) -> Arc<dyn Provider> {
    open_with(endpoint, Some("ALIAS")).unwrap()
}

/// A server that answers the login and then these.
async fn scripted(replies: impl IntoIterator<Item = Reply>) -> Scripted {
    Scripted::new(std::iter::once(login()).chain(replies)).await
}

/// The requests behind the login, each of which carries what every one carries.
fn calls(server: &Scripted) -> Vec<Seen> {
    let all = server.seen();
    let calls: Vec<Seen> = all.into_iter().filter(|seen| seen.target != "/v2/authentication/login").collect();
    for call in &calls {
        assert_eq!(call.header("accept"), Some("application/json"));
        assert_eq!(call.header("authorization"), Some(format!("Bearer {}", token()).as_str()));
        assert_eq!(call.header("content-type").is_some(), !call.body.is_empty(), "{}", call.line());
    }
    calls
}

fn lines(server: &Scripted) -> Vec<String> {
    calls(server).iter().map(Seen::line).collect()
}

fn message(text: &str) -> Value {
    json!({ "message": text })
}

/// What comes from somebody in between, or makes no sense, with its status.
fn foreign(status: u16) -> Vec<Reply> {
    vec![
        Reply::new(status, "<html><h1>Please wait</h1></html>"),
        Reply::new(status, "{\"server\":\"wa1"),
        Reply::json(status, json!({ "error": "no route" })),
        Reply::json(status, 7),
        Reply::new(status, "default backend - 404"),
    ]
}
