//! Services and the standard response as the answers show them.

use super::attribute;
use super::format::Format;
use crate::model::Power;
use crate::simulator::{ConnectionWorld, Effect, Moment, Response, Serial, SimServer, Streamed};
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

/// What an attribute says where the member is to be left out.
pub(super) const ABSENT: &str = "absent";

/// The product that is no server.
pub(super) const NO_SERVER: u64 = 739;

/// A product that is one.
const SERVER: u64 = 629;

/// A refusal. Some have no code, and then no error is listed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Error {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) text: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Standard {
    status_code: u16,
    time_stamp: u64,
    date: String,
    errors: Vec<Listed>,
    custom: [(); 0],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    error_code: &'static str,
    message: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Wrapped<T> {
    Response(T),
    Services(T),
    ServiceIds(T),
    Service(T),
}

impl<T> Wrapped<T> {
    fn bare(self) -> T {
        match self {
            Self::Response(bare) | Self::Services(bare) | Self::ServiceIds(bare) | Self::Service(bare) => {
                bare
            }
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Service<'a> {
    id: Value,
    #[serde(rename = "serviceType")]
    kind: u64,
    #[serde(rename = "serviceTypeName")]
    kind_name: &'static str,
    ip_addresses: Vec<String>,
    host_server: &'static str,
    billing_status: Value,
    billing_status_text: &'a str,
    operating_system: &'static str,
    operating_system_name: &'static str,
    access_domain: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary_domain: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_reboot: Option<Value>,
    addons: [Addon; 1],
}

#[derive(Serialize)]
struct Addon {
    id: u64,
    description: &'static str,
}

/// What is answered to everything but a successful GET.
pub(super) fn standard(status: u16, error: Option<Error>, format: Format, now: Moment) -> Response {
    let listed = error.filter(|error| !error.code.is_empty());
    let errors = listed.iter().map(|error| Listed { error_code: error.code, message: error.text });
    let standard = Standard {
        status_code: status,
        time_stamp: now.millis(),
        date: format!("{}.{:03}+0000", now.without_zone(), now.millis() % 1000),
        errors: errors.collect(),
        custom: [],
    };
    written(status, Wrapped::Response(standard), format)
}

/// What stands before the API answers for paths that are not its own.
pub(super) fn page() -> Response {
    let html = "<!DOCTYPE html><html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>\n";
    Response::new(404, "text/html; charset=utf-8", html)
}

pub(super) fn services(world: &ConnectionWorld, format: Format, now: Moment) -> Response {
    let settle = world.manner.settle;
    let all = world.servers().map(|(serial, server)| shown(serial, server, settle, now));
    written(200, Wrapped::Services(Streamed::new(all)), format)
}

pub(super) fn ids(world: &ConnectionWorld, format: Format) -> Response {
    let all = world.servers().map(|(_, server)| number(server));
    written(200, Wrapped::ServiceIds(Streamed::new(all)), format)
}

pub(super) fn service(
    serial: Serial,
    server: &SimServer,
    settle: Duration,
    format: Format,
    now: Moment,
) -> Response {
    written(200, Wrapped::Service(shown(serial, server, settle, now)), format)
}

fn written<T: Serialize>(status: u16, body: Wrapped<T>, format: Format) -> Response {
    let bytes = match (format.wrapped, format.pretty) {
        (true, false) => serde_json::to_vec(&body),
        (true, true) => serde_json::to_vec_pretty(&body),
        (false, false) => serde_json::to_vec(&body.bare()),
        (false, true) => serde_json::to_vec_pretty(&body.bare()),
    };
    match bytes {
        Ok(bytes) => Response::new(status, "application/json", bytes),
        Err(error) => Response::new(500, "text/plain", error.to_string()),
    }
}

fn shown(serial: Serial, server: &SimServer, settle: Duration, now: Moment) -> Service<'_> {
    let kind = service_type(server);
    let swapped = attribute(server, "swapped").and_then(Value::as_bool).unwrap_or(false);
    // The documentation mixes texts and numbers; a swapped service has each where the other is documented.
    let text = |text: &str| match text.parse::<u64>() {
        Ok(number) if swapped => Value::from(number),
        _ => Value::from(text),
    };
    let id = if swapped { Value::from(server.id.as_deref()) } else { Value::from(number(server)) };
    let billing = billing_status(server);
    let address = format!("203.0.113.{}", serial % 250 + 1);
    Service {
        id,
        kind,
        kind_name: if kind == NO_SERVER { "Domain Registration" } else { "(dv) Dedicated-Virtual" },
        ip_addresses: if kind == NO_SERVER { Vec::new() } else { vec![address] },
        host_server: "vzd042.mediatemple.net",
        billing_status: text(billing),
        billing_status_text: billing_text(billing),
        operating_system: "16",
        operating_system_name: "CentOS 5 (64-bit)",
        access_domain: None,
        primary_domain: primary_domain(server),
        pending_reboot: reported(server, "pendingReboot")
            .then(|| text(if is_pending(server, settle, now) { "1" } else { "0" })),
        addons: [Addon { id: 7, description: "Monitoring" }],
    }
}

fn number(server: &SimServer) -> Option<u64> {
    server.id.as_ref().and_then(|id| id.parse().ok())
}

pub(super) fn service_type(server: &SimServer) -> u64 {
    attribute(server, "serviceType").and_then(Value::as_u64).unwrap_or(SERVER)
}

pub(super) fn billing_status(server: &SimServer) -> &str {
    server.state.as_deref().unwrap_or(match server.power {
        Power::On => "0",
        Power::Off => "1",
        Power::Suspended => "2",
    })
}

fn billing_text(status: &str) -> &str {
    match status {
        "0" => "OPEN",
        "1" => "CLOSED",
        "2" => "SUSPENDED",
        "3" => "WAIT FOR PAYMENT",
        other => other,
    }
}

fn reported(server: &SimServer, key: &str) -> bool {
    attribute(server, key).is_none_or(|value| value != ABSENT)
}

fn primary_domain(server: &SimServer) -> Option<Value> {
    let is_null = attribute(server, "primaryDomain").is_some_and(Value::is_null);
    let name = if is_null { Value::Null } else { Value::from(server.name.as_str()) };
    reported(server, "primaryDomain").then_some(name)
}

/// Half of the time a reboot waits; then it has begun, and nothing tells when it ends.
fn is_pending(server: &SimServer, settle: Duration, now: Moment) -> bool {
    let reboot = server.pending.as_ref().filter(|pending| pending.effect == Effect::Reboot);
    reboot.is_some_and(|pending| pending.due.is_none_or(|due| now.after(settle / 2) < due))
}
