//! Servers as the answers show them, odd fields and all.

use super::Style;
use crate::model::Power;
use crate::simulator::{Response, Serial, SimServer, Streamed, path_segment};
use serde::Serialize;

/// The image that every simulated server has; image ids hold spaces.
pub(super) const IMAGE: &str = "Debian 12 x64 Standard";

/// Self links have a host of their own, which nobody should follow.
const LINK_HOST: &str = "https://api.flexcloud.example";

pub(super) fn status(server: &SimServer) -> &str {
    server.word().unwrap_or(match server.power {
        Power::On => "ACTIVE",
        Power::Off => "STOPPED",
        Power::Suspended => "SUSPENDED",
    })
}

pub(super) fn zone(server: &SimServer) -> &str {
    server.text("zone").unwrap_or("AUS001")
}

/// `AUS` of `AUS001`.
pub(super) fn region(zone: &str) -> &str {
    zone.trim_end_matches(|c: char| c.is_ascii_digit())
}

#[derive(Serialize)]
struct Link {
    href: String,
    rel: &'static str,
}

#[derive(Serialize)]
struct Ref {
    /// A text, except for some flavors: theirs are numbers, although documented as texts.
    id: RefId,
    name: &'static str,
    links: [Link; 1],
}

#[derive(Serialize)]
#[serde(untagged)]
enum RefId {
    Number(u32),
    Text(&'static str),
}

#[derive(Serialize)]
struct Addr {
    version: u8,
    addr: String,
}

#[derive(Serialize)]
struct Addresses {
    public: [Addr; 1],
    private: [Addr; 1],
}

/// A list item without detail: neither name nor status.
#[derive(Serialize)]
struct Bare<'a> {
    id: &'a str,
    links: [Link; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Full<'a> {
    id: &'a str,
    name: &'a str,
    status: &'a str,
    host_id: &'a str,
    user_id: &'a str,
    created: String,
    /// Null when asked for alone, "" in lists; the same with the two others.
    updated: Option<&'a str>,
    tenant_id: Option<&'a str>,
    #[serde(rename = "accessIPv6")]
    access_ipv6: Option<&'a str>,
    #[serde(rename = "accessIPv4")]
    access_ipv4: String,
    progress: u8,
    addresses: Addresses,
    image: Ref,
    flavor: Ref,
    metadata: Empty,
    links: [Link; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<&'a str>,
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
struct One<'a> {
    server: Full<'a>,
}

#[derive(Serialize)]
struct Servers<L> {
    servers: L,
}

pub(super) fn one(serial: Serial, server: &SimServer, style: Style, account: &str) -> Response {
    Response::json(200, &One { server: full(serial, server, style, account, None) })
}

pub(super) fn details<'a>(
    found: impl Iterator<Item = (Serial, &'a SimServer)>,
    style: Style,
    account: &str,
) -> Response {
    let items = found.map(|(serial, server)| full(serial, server, style, account, Some("")));
    Response::json(200, &Servers { servers: Streamed::new(items) })
}

pub(super) fn ids<'a>(
    found: impl Iterator<Item = (Serial, &'a SimServer)>,
    style: Style,
    account: &str,
) -> Response {
    let items = found.map(|(_, server)| Bare {
        id: id(server),
        links: [self_link(style, account, "servers", id(server))],
        zone: (style == Style::Long).then(|| zone(server)),
    });
    Response::json(200, &Servers { servers: Streamed::new(items) })
}

fn id(server: &SimServer) -> &str {
    server.id.as_deref().unwrap_or_default()
}

fn full<'a>(
    serial: Serial,
    server: &'a SimServer,
    style: Style,
    account: &str,
    nothing: Option<&'a str>,
) -> Full<'a> {
    let status = status(server);
    let building = status == "BUILD";
    let text = |text: &'static str| if building { "" } else { text };
    let [low, high] = [serial % 250 + 1, serial / 250 % 250];
    let odd = serial % 2 == 1;
    Full {
        id: id(server),
        name: &server.name,
        status,
        host_id: text("e4d909c290d0fb1ca068ffaddf22cbd0"),
        user_id: text("sim-user"),
        created: if building { String::new() } else { server.created.without_zone() },
        updated: nothing,
        tenant_id: nothing,
        access_ipv6: nothing,
        access_ipv4: format!("192.0.2.{low}"),
        progress: match status {
            "BUILD" => 0,
            "PROCESSING" => 50,
            _ => 100,
        },
        addresses: addresses(high, low),
        image: image(style, account),
        flavor: Ref {
            id: if odd { RefId::Text("") } else { RefId::Number(17) },
            name: "1 CPU, 1024 MB",
            links: [self_link(style, account, "flavors", "17")],
        },
        metadata: Empty {},
        links: [self_link(style, account, "servers", id(server))],
        zone: (style == Style::Long).then(|| zone(server)),
    }
}

fn image(style: Style, account: &str) -> Ref {
    Ref { id: RefId::Text(IMAGE), name: IMAGE, links: [self_link(style, account, "images", IMAGE)] }
}

fn addresses(high: Serial, low: Serial) -> Addresses {
    Addresses {
        public: [Addr { version: 4, addr: format!("192.0.2.{low}") }],
        private: [Addr { version: 4, addr: format!("10.0.{high}.{low}") }],
    }
}

/// Ends with a slash and repeats the style of the deployment.
fn self_link(style: Style, account: &str, collection: &str, id: &str) -> Link {
    let id = path_segment(id);
    let href = match style {
        Style::Short => format!("{LINK_HOST}/{collection}/{id}/"),
        Style::Long => format!("{LINK_HOST}/accounts/{account}/flexcloud/{collection}/{id}/"),
    };
    Link { href, rel: "self" }
}
