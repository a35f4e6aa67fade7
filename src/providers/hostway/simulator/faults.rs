//! The refusals: one key that names the fault, holding message, code and details; 401 alone is plain text.

use crate::simulator::Response;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Fault<'a> {
    message: &'a str,
    code: u16,
    details: &'a str,
}

fn fault(status: u16, name: &str, message: &str) -> Response {
    let fault = Fault { message, code: status, details: "" };
    Response::json(status, &BTreeMap::from([(name, fault)]))
}

pub(super) fn bad_request(message: &str) -> Response {
    fault(400, "badRequest", message)
}

pub(super) fn unauthorized() -> Response {
    Response::new(401, "text/plain", "This server could not verify that you are authorized.\n")
}

pub(super) fn forbidden(message: &str) -> Response {
    fault(403, "forbidden", message)
}

pub(super) fn not_found(message: &str) -> Response {
    fault(404, "itemNotFound", message)
}

pub(super) fn method_not_allowed(message: &str) -> Response {
    fault(405, "badMethod", message)
}

pub(super) fn conflict(message: &str) -> Response {
    fault(409, "conflictingRequest", message)
}
