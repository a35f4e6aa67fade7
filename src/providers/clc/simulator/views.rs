//! Servers as the answers show them, and links.

use super::{access, estate};
use crate::model::Power;
use crate::simulator::{Serial, SimServer, path_segment};
use serde::Serialize;
use serde_json::Value;

/// A link; what it does not need is left out.
#[derive(Serialize, Default)]
pub(super) struct Link {
    pub(super) rel: &'static str,
    pub(super) href: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) verbs: Option<Vec<&'static str>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChangeInfo {
    created_date: String,
    created_by: String,
    modified_date: String,
    modified_by: String,
}

impl ChangeInfo {
    /// Made by somebody, some time.
    pub(super) fn of(connection: &str, at: crate::simulator::Moment) -> Self {
        let (date, by) = (format!("{}Z", at.without_zone()), access::username(connection));
        Self { created_date: date.clone(), created_by: by.clone(), modified_date: date, modified_by: by }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Server<'a> {
    id: &'a str,
    name: &'a str,
    /// Newer answers have it, older ones do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'a str>,
    description: &'static str,
    group_id: String,
    is_template: bool,
    location_id: String,
    os_type: &'static str,
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Details<'a>>,
    #[serde(rename = "type")]
    kind: &'static str,
    storage_type: &'static str,
    change_info: ChangeInfo,
    links: [Link; 4],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Details<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    power_state: Option<&'a str>,
    #[serde(rename = "storageGB")]
    storage_gb: u32,
    /// An archived server has nothing from here on.
    #[serde(flatten)]
    more: Option<More>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct More {
    in_maintenance_mode: bool,
    cpu: u32,
    #[serde(rename = "memoryMB")]
    memory_mb: u32,
    disk_count: u32,
    ip_addresses: [Address; 1],
    alert_policies: [(); 0],
    snapshots: [(); 0],
}

#[derive(Serialize)]
struct Address {
    internal: String,
}

/// The word for the lifecycle.
pub(super) fn status(server: &SimServer) -> &str {
    server.word().unwrap_or("active")
}

/// The word for the power; `None` where the answer has none.
pub(super) fn power_state(server: &SimServer) -> Option<&str> {
    match server.attributes.get("power_state") {
        Some(Value::Null) => None,
        Some(Value::String(word)) => Some(word),
        // An archived server has no power, whatever it had before.
        _ if status(server) == "archived" => Some("stopped"),
        _ => Some(match server.power {
            Power::On => "started",
            Power::Off => "stopped",
            Power::Suspended => "paused",
        }),
    }
}

/// An attribute that is yes or no.
pub(super) fn flag(server: &SimServer, key: &str) -> bool {
    server.attributes.get(key) == Some(&Value::Bool(true))
}

/// Whether it can be deleted as it is now.
pub(super) fn is_deletable(server: &SimServer) -> bool {
    !server.is_busy() && !flag(server, "template") && matches!(status(server), "active" | "archived")
}

/// The path of a server, in lower case.
pub(super) fn server_path(connection: &str, id: &str) -> String {
    format!("/v2/servers/{}/{}", access::alias(connection).to_ascii_lowercase(), path_segment(id))
}

pub(super) fn group_path(connection: &str, id: &str) -> String {
    format!("/v2/groups/{}/{id}", access::alias(connection).to_ascii_lowercase())
}

pub(super) fn server<'a>(connection: &str, serial: Serial, server: &'a SimServer) -> Server<'a> {
    let id = server.id.as_deref().unwrap_or_default();
    let group = estate::group_of(serial, server).id(connection);
    let is_template = flag(server, "template");
    Server {
        id,
        name: &server.name,
        display_name: (serial % 2 == 1).then_some(server.name.as_str()),
        description: "",
        group_id: group.clone(),
        is_template,
        location_id: estate::datacenter_of(server).to_ascii_uppercase(),
        os_type: "Debian 12 64-bit",
        status: status(server),
        details: details(serial, server),
        kind: "standard",
        storage_type: "standard",
        change_info: ChangeInfo::of(connection, server.created),
        links: links(connection, id, group, is_deletable(server)),
    }
}

fn links(connection: &str, id: &str, group: String, is_deletable: bool) -> [Link; 4] {
    let mut verbs = vec!["GET", "PATCH"];
    verbs.extend(is_deletable.then_some("DELETE"));
    let path = server_path(connection, id);
    let alias = access::alias(connection);
    [
        Link {
            rel: "self",
            href: path.clone(),
            id: Some(id.to_owned()),
            verbs: Some(verbs),
            ..Link::default()
        },
        Link { rel: "group", href: group_path(connection, &group), id: Some(group), ..Link::default() },
        Link {
            rel: "account",
            href: format!("/v2/accounts/{}", alias.to_ascii_lowercase()),
            id: Some(alias),
            ..Link::default()
        },
        Link { rel: "statistics", href: format!("{path}/statistics"), ..Link::default() },
    ]
}

/// Absent while the server is being built and, for every other server, while it is being deleted.
fn details(serial: Serial, server: &SimServer) -> Option<Details<'_>> {
    let archived = match status(server) {
        "underConstruction" => return None,
        "queuedForDelete" if serial.is_multiple_of(2) => return None,
        "archived" => true,
        _ => false,
    };
    let [low, high] = [serial % 250 + 1, serial / 250 % 250];
    let more = (!archived).then(|| More {
        in_maintenance_mode: flag(server, "maintenance"),
        cpu: 1,
        memory_mb: 1024,
        disk_count: 1,
        ip_addresses: [Address { internal: format!("10.0.{high}.{low}") }],
        alert_policies: [],
        snapshots: [],
    });
    Some(Details { power_state: power_state(server), storage_gb: 16, more })
}
