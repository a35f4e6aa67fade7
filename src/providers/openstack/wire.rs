//! Nova's and Keystone's JSON, as far as it is read. Nothing here is kept for longer than one answer.

use serde::Deserialize;
use std::borrow::Cow;

#[derive(Deserialize)]
pub(super) struct List<'a> {
    #[serde(borrow)]
    pub(super) servers: Vec<Server<'a>>,
    pub(super) servers_links: Option<Vec<Link>>,
}

#[derive(Deserialize)]
pub(super) struct Link {
    pub(super) rel: String,
    pub(super) href: String,
}

#[derive(Deserialize)]
pub(super) struct One<'a> {
    #[serde(borrow)]
    pub(super) server: Server<'a>,
}

/// Everything may be missing: a cell that cannot be reached tells next to nothing of its servers.
#[derive(Deserialize)]
pub(super) struct Server<'a> {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    #[serde(borrow)]
    pub(super) status: Option<Cow<'a, str>>,
    #[serde(rename = "OS-EXT-STS:vm_state", borrow)]
    pub(super) vm_state: Option<Cow<'a, str>>,
    #[serde(rename = "OS-EXT-STS:task_state", borrow)]
    pub(super) task_state: Option<Cow<'a, str>>,
    /// From 2.9 on.
    pub(super) locked: Option<bool>,
    #[serde(borrow)]
    pub(super) created: Option<Cow<'a, str>>,
    /// Texts by key; whatever else a site makes of it, its servers are listed.
    pub(super) metadata: Option<serde_json::Value>,
    /// Words, from 2.26 on.
    pub(super) tags: Option<serde_json::Value>,
    pub(super) fault: Option<Fault>,
}

/// What the only member of a refusal holds, Nova's and Keystone's alike; and why a server is in `ERROR`.
#[derive(Deserialize)]
pub(super) struct Fault {
    pub(super) message: Option<String>,
    #[serde(rename = "retryAfter")]
    pub(super) retry_after: Option<Seconds>,
}

/// A time in seconds, which some proxies write as text.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Seconds {
    Number(f64),
    Text(String),
}

/// `GET {compute}/`
#[derive(Deserialize)]
pub(super) struct Root {
    pub(super) version: Version,
}

#[derive(Deserialize)]
pub(super) struct Version {
    /// The newest microversion, `2.96`; empty where there are none.
    pub(super) version: String,
}

#[derive(Deserialize)]
pub(super) struct Actions {
    #[serde(rename = "instanceActions")]
    pub(super) actions: Vec<Action>,
}

#[derive(Deserialize)]
pub(super) struct OneAction {
    #[serde(rename = "instanceAction")]
    pub(super) action: Action,
}

/// An entry of a server's history.
#[derive(Deserialize)]
pub(super) struct Action {
    #[serde(rename = "action")]
    pub(super) verb: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) start_time: Option<String>,
    /// Set when it failed.
    pub(super) message: Option<String>,
    /// Only in the answer for one action, and from 2.51 on.
    pub(super) events: Option<Vec<Event>>,
}

#[derive(Deserialize)]
pub(super) struct Event {
    pub(super) finish_time: Option<String>,
    pub(super) result: Option<String>,
    /// From 2.84 on.
    pub(super) details: Option<String>,
}

/// `POST /v3/auth/tokens`
#[derive(Deserialize)]
pub(super) struct Granted {
    pub(super) token: Token,
}

#[derive(Deserialize)]
pub(super) struct Token {
    pub(super) expires_at: Option<String>,
    pub(super) project: Option<Project>,
    pub(super) catalog: Option<Vec<Service>>,
}

#[derive(Deserialize)]
pub(super) struct Project {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) domain: Option<Domain>,
}

#[derive(Deserialize)]
pub(super) struct Domain {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Service {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    #[serde(default)]
    pub(super) endpoints: Vec<Endpoint>,
}

#[derive(Deserialize)]
pub(super) struct Endpoint {
    pub(super) interface: Option<String>,
    pub(super) region: Option<String>,
    pub(super) region_id: Option<String>,
    pub(super) url: Option<String>,
}
