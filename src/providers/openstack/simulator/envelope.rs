//! The refusals, in two shapes: Nova's faults, named by their status, and Keystone's, which its middleware also puts
//! before Nova.

use super::Answer;
use crate::simulator::{ConnectionWorld, Request, Response, path_segment};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

pub(super) const REQUEST_ID: &str = "x-openstack-request-id";

#[derive(Serialize)]
struct Fault<'a> {
    code: u16,
    message: &'a str,
}

#[derive(Serialize)]
struct Refusal<'a> {
    error: Keystone<'a>,
}

#[derive(Serialize)]
struct Keystone<'a> {
    code: u16,
    message: &'a str,
    title: &'a str,
}

/// Nova's fault; the status says its name.
pub(super) fn fault(status: u16, message: &str) -> Response {
    let name = match status {
        400 => "badRequest",
        403 => "forbidden",
        404 => "itemNotFound",
        405 => "badMethod",
        409 => "conflictingRequest",
        415 => "badMediaType",
        _ => "computeFault",
    };
    Response::json(status, &BTreeMap::from([(name, Fault { code: status, message })]))
}

pub(super) fn bad_request(message: &str) -> Response {
    fault(400, message)
}

pub(super) fn not_found(message: &str) -> Response {
    fault(404, message)
}

pub(super) fn conflict(message: &str) -> Response {
    fault(409, message)
}

pub(super) fn keystone(code: u16, title: &str, message: &str) -> Response {
    Response::json(code, &Refusal { error: Keystone { code, message, title } })
}

/// For a bad login and for a bad token alike: who asks learns nothing about what was wrong.
pub(super) fn unauthorized(world: &ConnectionWorld, request: &Request) -> Response {
    let refusal = keystone(401, "Unauthorized", "The request you have made requires authentication.");
    let uri = format!("{}/identity", here(world, request));
    refusal.with_header("www-authenticate", format!("Keystone uri=\"{uri}\""))
}

/// The connection's base URL, as whoever asks has called it.
pub(super) fn here(world: &ConnectionWorld, request: &Request) -> String {
    let host = request.header("host").unwrap_or("localhost");
    format!("http://{host}/{}", path_segment(&world.name))
}

/// The body of a Nova call: a JSON object that says so.
pub(super) fn object(request: &Request) -> Answer<Map<String, Value>> {
    if request.media_type().as_deref() != Some("application/json") {
        return Err(fault(415, "Unsupported Content-Type"));
    }
    match serde_json::from_slice(&request.body) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(bad_request("Malformed request body")),
    }
}
