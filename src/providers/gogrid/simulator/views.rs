//! The envelope, and servers as the answers show them.

use super::options::{self, Shown};
use super::params::Page;
use crate::model::Power;
use crate::simulator::{Response, Serial, SimServer, Streamed};
use serde::Serialize;
use serde_json::Value;

#[derive(Serialize)]
struct Envelope<L> {
    status: &'static str,
    method: &'static str,
    summary: Summary,
    list: L,
}

#[derive(Serialize)]
struct Summary {
    total: usize,
    start: usize,
    /// Left out of failures.
    #[serde(skip_serializing_if = "Option::is_none")]
    numpages: Option<usize>,
    returned: usize,
}

#[derive(Serialize)]
struct Failure<'a> {
    object: &'static str,
    errorcode: &'static str,
    message: &'a str,
}

/// A list in full.
pub(super) fn all(method: &'static str, count: usize, items: impl Iterator<Item: Serialize>) -> Response {
    let summary = Summary { total: count, start: 0, numpages: Some(0), returned: count };
    Response::json(200, &Envelope { status: "success", method, summary, list: Streamed::new(items) })
}

/// One page of `total` items. Walks past what comes before without looking at it.
pub(super) fn paged<T, S: Serialize>(
    method: &'static str,
    page: Page,
    total: usize,
    items: impl Iterator<Item = T>,
    shown: impl Fn(T) -> S,
) -> Response {
    let start = page.start();
    let returned = total.saturating_sub(start).min(page.items.unwrap_or(usize::MAX));
    let summary = Summary { total, start, numpages: Some(page.count(total)), returned };
    let list = Streamed::new(items.skip(start).take(returned).map(shown));
    Response::json(200, &Envelope { status: "success", method, summary, list })
}

/// The refusal of anything unacceptable.
pub(super) fn illegal(method: &'static str, message: &str) -> Response {
    let failure = Failure { object: "error", errorcode: "IllegalArgumentException", message };
    let summary = Summary { total: 1, start: 0, numpages: None, returned: 1 };
    Response::json(400, &Envelope { status: "failure", method, summary, list: [failure] })
}

/// What stands before the API refuses without JSON.
pub(super) fn page(status: u16, title: &str) -> Response {
    let html = format!("<html><head><title>{status} {title}</title></head><body>{title}</body></html>\n");
    Response::new(status, "text/html; charset=UTF-8", html)
}

#[derive(Serialize)]
struct Address {
    id: u64,
    ip: String,
    object: &'static str,
    public: bool,
    subnet: &'static str,
}

#[derive(Serialize)]
struct Image {
    #[serde(rename = "friendlyName")]
    friendly_name: &'static str,
    id: u64,
    name: &'static str,
    object: &'static str,
}

/// A server.
#[derive(Serialize)]
pub(super) struct Server<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    datacenter: Option<Shown<'static>>,
    description: Option<&'a str>,
    /// Missing until one is assigned.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    image: Image,
    ip: Address,
    #[serde(rename = "isSandbox")]
    is_sandbox: bool,
    name: &'a str,
    object: &'static str,
    os: Shown<'static>,
    ram: Shown<'static>,
    state: Shown<'a>,
    #[serde(rename = "type")]
    kind: Shown<'static>,
}

pub(super) fn server(serial: Serial, server: &SimServer, minor: u8) -> Server<'_> {
    Server {
        datacenter: (minor >= 5)
            .then(|| options::by_id(options::DATACENTERS, number(server, "datacenter", 1))),
        description: server.text("description"),
        id: server.id.as_ref().and_then(|id| id.parse().ok()),
        image: Image { friendly_name: "Debian 12", id: 1946, name: "deb12_64_base", object: "serverimage" },
        ip: Address {
            id: 1_300_000 + serial,
            ip: format!("198.51.100.{}", serial % 250 + 1),
            object: "ip",
            public: true,
            subnet: "198.51.100.0/255.255.255.0",
        },
        is_sandbox: is_sandbox(server),
        name: &server.name,
        object: "server",
        os: options::by_id(options::SYSTEMS, 9),
        ram: options::by_id(options::RAMS, number(server, "server.ram", 1)),
        state: state(server),
        kind: options::by_id(options::TYPES, number(server, "server.type", 1)),
    }
}

/// The state as shown. A word that is in no table has an id that is in none either.
pub(super) fn state(server: &SimServer) -> Shown<'_> {
    let Some(word) = server.word() else {
        let id = if server.power == Power::On { options::ON } else { options::OFF };
        return options::by_id(options::SERVER_STATES, id);
    };
    match options::SERVER_STATES.iter().find(|choice| choice.name == word) {
        Some(choice) => choice.shown(),
        None => Shown { description: None, id: 99, name: word, object: "option" },
    }
}

pub(super) fn is_sandbox(server: &SimServer) -> bool {
    server.attributes.get("isSandbox").and_then(Value::as_bool).unwrap_or(false)
}

pub(super) fn number(server: &SimServer, key: &str, default: u64) -> u64 {
    server.attributes.get(key).and_then(Value::as_u64).unwrap_or(default)
}
