//! Hostway's JSON, as far as it is read: `id`, `name`, `status` and `created`. Other fields change type between samples.

use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct List {
    pub(super) servers: Vec<Server>,
}

#[derive(Deserialize)]
pub(super) struct One {
    pub(super) server: Server,
}

#[derive(Deserialize)]
pub(super) struct Server {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) status: String,
    /// Empty while it is being built.
    pub(super) created: Option<serde_json::Value>,
}

/// What the only member of a fault object holds.
#[derive(Deserialize)]
pub(super) struct Fault {
    pub(super) message: Option<String>,
    pub(super) details: Option<serde_json::Value>,
}
