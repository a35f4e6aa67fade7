//! Servers as the answers show them; how much depends on the version that is asked for.

use super::listing::Depth as ListDepth;
use super::microversion::Microversion;
use super::states::{self, Phase};
use super::{names, servers};
use crate::simulator::{ConnectionWorld, Moment, Response, Serial, SimServer, Streamed, path_segment};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The host of the links in lists: one behind the proxy, which no client can reach.
const BEHIND_THE_PROXY: &str = "http://nova-api.internal:8774/v2.1";

const IMAGE: &str = "70a599e0-31e7-49b7-b260-868f441e862b";
const FLAVOR: &str = "2";

/// What answers need to know beside the server.
pub(super) struct View {
    pub(super) version: Microversion,
    /// Where Nova is, as the caller knows it, without a slash at the end.
    pub(super) base: String,
    project: String,
    user: String,
    when_suspended: u8,
}

impl View {
    pub(super) fn new(world: &ConnectionWorld, version: Microversion, base: String) -> Self {
        let connection = &world.name;
        // Sites differ in it.
        let when_suspended = if names::digest(connection, "hypervisor", 0)[0] & 1 == 0 { 4 } else { 7 };
        let user = names::user_id(connection, &names::username(connection));
        Self { version, base, project: names::project_id(connection), user, when_suspended }
    }

    fn from(&self, minor: u32) -> bool {
        self.version >= Microversion(minor)
    }

    pub(super) fn shows_unreachable(&self) -> bool {
        self.from(69)
    }

    /// A PUT answers less than a GET until 2.75.
    pub(super) fn after_a_change(&self) -> Depth {
        if self.from(75) { Depth::Full } else { Depth::Short }
    }

    pub(super) fn next_link(&self, depth: ListDepth, pairs: &[(String, String)], last: &str) -> Link {
        let path = if depth == ListDepth::Detail { "/servers/detail" } else { "/servers" };
        let kept = pairs.iter().filter(|(key, _)| key != "marker");
        let query: String = kept
            .map(|(key, value)| [path_segment(key), "=".into(), path_segment(value), "&".into()].concat())
            .collect();
        let href = format!("{BEHIND_THE_PROXY}/{}{path}?{query}marker={last}", self.project);
        Link { rel: "next", href }
    }

    fn links(&self, id: &str) -> [Link; 2] {
        let base = &self.base;
        let above = base.strip_suffix("/v2.1").unwrap_or(base);
        [
            Link { rel: "self", href: format!("{base}/servers/{id}") },
            Link { rel: "bookmark", href: format!("{above}/servers/{id}") },
        ]
    }
}

/// How much of one server is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    Full,
    /// Without what the extensions once added, the states among it.
    Short,
}

#[derive(Debug, Serialize)]
pub(super) struct Link {
    pub(super) rel: &'static str,
    pub(super) href: String,
}

#[derive(Serialize)]
struct One<S> {
    server: S,
}

#[derive(Serialize)]
struct Servers<L> {
    servers: L,
    #[serde(skip_serializing_if = "Option::is_none")]
    servers_links: Option<[Link; 1]>,
}

#[derive(Serialize)]
struct Bare<'a> {
    id: &'a str,
    name: &'a str,
    links: [Link; 2],
}

/// All that is known of a server whose cell does not answer.
#[derive(Serialize)]
struct Unreachable<'a> {
    id: &'a str,
    status: &'static str,
    tenant_id: &'a str,
    created: String,
    links: [Link; 2],
}

#[derive(Serialize)]
#[serde(untagged)]
enum Listed<'a> {
    Bare(Bare<'a>),
    Full(Box<Full<'a>>),
    Unreachable(Unreachable<'a>),
}

#[derive(Serialize)]
struct Full<'a> {
    id: &'a str,
    name: &'a str,
    status: &'a str,
    tenant_id: &'a str,
    user_id: &'a str,
    metadata: &'a serde_json::Value,
    /// From 2.26 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<&'a serde_json::Value>,
    #[serde(rename = "hostId")]
    host_id: &'static str,
    image: Image,
    flavor: Flavor,
    created: String,
    updated: String,
    addresses: BTreeMap<&'static str, [Addr; 1]>,
    #[serde(rename = "accessIPv4")]
    access_ipv4: &'static str,
    #[serde(rename = "accessIPv6")]
    access_ipv6: &'static str,
    links: [Link; 2],
    #[serde(rename = "OS-DCF:diskConfig")]
    disk_config: &'static str,
    /// Only where something is, or could be, in progress.
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<Fault<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locked: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<serde_json::Value>,
    #[serde(flatten)]
    extended: Option<Extended<'a>>,
}

#[derive(Serialize)]
struct Extended<'a> {
    #[serde(rename = "OS-EXT-STS:vm_state")]
    vm_state: &'a str,
    #[serde(rename = "OS-EXT-STS:task_state")]
    task_state: Option<&'a str>,
    #[serde(rename = "OS-EXT-STS:power_state")]
    power_state: u8,
    #[serde(rename = "OS-EXT-AZ:availability_zone")]
    zone: &'static str,
    #[serde(rename = "OS-SRV-USG:launched_at")]
    launched_at: String,
    #[serde(rename = "OS-SRV-USG:terminated_at")]
    terminated_at: Option<()>,
    key_name: Option<()>,
    config_drive: &'static str,
}

/// What servers have that were given neither.
static NO_METADATA: LazyLock<serde_json::Value> = LazyLock::new(|| serde_json::json!({}));
static NO_TAGS: LazyLock<serde_json::Value> = LazyLock::new(|| serde_json::json!([]));

/// An object, or the empty text for a server that boots from a volume.
#[derive(Serialize)]
#[serde(untagged)]
enum Image {
    Id { id: &'static str },
    Volume(&'static str),
}

#[derive(Serialize)]
#[serde(untagged)]
enum Flavor {
    /// Before 2.47.
    Reference {
        id: &'static str,
    },
    Embedded {
        original_name: &'static str,
        vcpus: u8,
        ram: u32,
        disk: u32,
        ephemeral: u32,
        swap: u32,
    },
}

#[derive(Serialize)]
struct Addr {
    version: u8,
    addr: String,
}

#[derive(Serialize)]
struct Fault<'a> {
    code: u16,
    created: String,
    message: &'a str,
}

pub(super) fn one(serial: Serial, server: &SimServer, view: &View, depth: Depth) -> Response {
    Response::json(200, &One { server: full(serial, server, view, depth) })
}

pub(super) fn one_unreachable(server: &SimServer, view: &View) -> Response {
    Response::json(200, &One { server: unreachable(server, view) })
}

pub(super) fn list(
    page: &[(Serial, &SimServer)],
    view: &View,
    depth: ListDepth,
    next: Option<Link>,
) -> Response {
    let items = page.iter().map(|&(serial, server)| match depth {
        _ if states::is_unreachable(server) => Listed::Unreachable(unreachable(server, view)),
        ListDepth::Names => {
            Listed::Bare(Bare { id: id(server), name: &server.name, links: view.links(id(server)) })
        }
        ListDepth::Detail => Listed::Full(Box::new(full(serial, server, view, Depth::Full))),
    });
    let list = Servers { servers: Streamed::new(items), servers_links: next.map(|link| [link]) };
    Response::json(200, &list)
}

fn id(server: &SimServer) -> &str {
    server.id.as_deref().unwrap_or_default()
}

fn unreachable<'a>(server: &'a SimServer, view: &'a View) -> Unreachable<'a> {
    Unreachable {
        id: id(server),
        status: states::UNREACHABLE,
        tenant_id: &view.project,
        created: zulu(server.created),
        links: view.links(id(server)),
    }
}

fn full<'a>(serial: Serial, server: &'a SimServer, view: &'a View, depth: Depth) -> Full<'a> {
    let phase = Phase::of(server);
    let status = phase.status();
    let failed = matches!(status, "ERROR" | "DELETED");
    Full {
        id: id(server),
        name: &server.name,
        status,
        tenant_id: &view.project,
        user_id: &view.user,
        metadata: server.attributes.get("metadata").unwrap_or(&NO_METADATA),
        tags: view.from(26).then(|| server.attributes.get("tags").unwrap_or(&NO_TAGS)),
        host_id: "2091634baaccdc4c5a1d57069c833e402921df696b7f970791b12ec6",
        image: image(server),
        flavor: flavor(view),
        created: zulu(server.created),
        updated: zulu(server.booted.unwrap_or(server.created).max(server.created)),
        addresses: addresses(serial),
        access_ipv4: "",
        access_ipv6: "",
        links: view.links(id(server)),
        disk_config: "MANUAL",
        progress: matches!(status, "ACTIVE" | "BUILD" | "REBUILD" | "RESIZE" | "VERIFY_RESIZE").then_some(0),
        fault: failed.then(|| fault(server)),
        locked: view.from(9).then(|| servers::is_locked(server)),
        description: view.from(19).then_some(serde_json::Value::Null),
        extended: (depth == Depth::Full).then(|| extended(server, phase, view)),
    }
}

fn extended<'a>(server: &SimServer, phase: Phase<'a>, view: &View) -> Extended<'a> {
    Extended {
        vm_state: phase.vm_state,
        task_state: phase.task_state,
        power_state: states::power_state(server, view.when_suspended),
        zone: "nova",
        launched_at: format!("{}.000000", server.created.without_zone()),
        terminated_at: None,
        key_name: None,
        config_drive: "",
    }
}

fn image(server: &SimServer) -> Image {
    let volume = server.attributes.get("volume_booted").and_then(serde_json::Value::as_bool);
    if volume == Some(true) { Image::Volume("") } else { Image::Id { id: IMAGE } }
}

fn flavor(view: &View) -> Flavor {
    if view.from(47) {
        let (vcpus, ram, disk) = (1, 2048, 20);
        Flavor::Embedded { original_name: "m1.small", vcpus, ram, disk, ephemeral: 0, swap: 0 }
    } else {
        Flavor::Reference { id: FLAVOR }
    }
}

fn addresses(serial: Serial) -> BTreeMap<&'static str, [Addr; 1]> {
    let addr = format!("10.{}.{}.{}", serial / 62_500 % 250, serial / 250 % 250, serial % 250 + 1);
    BTreeMap::from([("private", [Addr { version: 4, addr }])])
}

fn fault(server: &SimServer) -> Fault<'_> {
    let message = server.text("fault").unwrap_or("No valid host was found.");
    Fault { code: 500, created: zulu(server.created), message }
}

/// `2026-11-20T02:00:00Z`
fn zulu(moment: Moment) -> String {
    format!("{}Z", moment.without_zone())
}
