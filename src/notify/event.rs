//! The form `cloudevents`: `CloudEvents` 1.0 in structured JSON mode
//! (<https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md>, 2026-11-21).

use super::gather::Notice;
use crate::http::encoded;
use crate::model::{Address, ConnectionName, Verb};
use crate::watch::Watcher;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// The media type of an event.
pub(super) const EVENT_TYPE: &str = "application/cloudevents+json; charset=utf-8";

/// Servers that one event names; it counts all.
const MOST_SERVERS: usize = 100;

/// One event.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CloudEvent {
    /// `1.0`.
    pub specversion: String,
    /// Unique with `source`. An event that is sent again has the same.
    pub id: String,
    /// Who tells it: `/fleetform/watch/HOST`.
    pub source: String,
    /// `fleetform.watch.` and the word of the event, as in a fleet file.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The server, or the connection, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When the first of it happened.
    #[schemars(with = "String")]
    pub time: Timestamp,
    /// `application/json`.
    pub datacontenttype: String,
    /// What is told.
    pub data: NoticeData,
}

/// What an event tells.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NoticeData {
    /// The version of this form: 1.0. The number before the dot changes when a reader of the old one would be misled.
    pub format_version: String,
    /// The word of the event.
    pub event: String,
    /// `info`, `warning` or `error`.
    pub severity: String,
    /// For people, in one line.
    pub message: String,
    /// The connection, where it is about one.
    pub connection: Option<ConnectionName>,
    /// The digest of the plan in which it was seen.
    pub digest: Option<String>,
    /// The servers, by address; the first 100.
    pub servers: Vec<NoticeServer>,
    /// How many servers there are.
    pub server_count: u64,
    /// Against the simulator.
    pub simulated: bool,
    /// The run of the watcher.
    pub run: String,
}

/// A server of an event.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NoticeServer {
    /// Which.
    pub address: Address,
    /// What would be or was done.
    pub actions: Vec<Verb>,
    /// For people.
    pub message: String,
}

/// Makes an event of a notice.
pub(super) fn event(notice: &Notice, id: &str, watcher: &Watcher, simulated: bool) -> CloudEvent {
    let subject = match &notice.servers[..] {
        [one] => Some(one.address.to_string()),
        _ => notice.connection.as_ref().map(ToString::to_string),
    };
    let servers = notice.servers.iter().take(MOST_SERVERS).map(|one| NoticeServer {
        address: one.address.clone(),
        actions: one.actions.clone(),
        message: one.message.clone(),
    });
    CloudEvent {
        specversion: "1.0".into(),
        id: id.to_owned(),
        source: format!("/fleetform/watch/{}", encoded(&watcher.host)),
        type_name: format!("fleetform.watch.{}", notice.kind.word()),
        subject,
        time: notice.at,
        datacontenttype: "application/json".into(),
        data: NoticeData {
            format_version: "1.0".into(),
            event: notice.kind.word().into(),
            severity: notice.kind.severity().word().into(),
            message: notice.words(),
            connection: notice.connection.clone(),
            digest: notice.digest.clone(),
            servers: servers.collect(),
            server_count: notice.servers.len() as u64,
            simulated,
            run: watcher.run.clone(),
        },
    }
}
