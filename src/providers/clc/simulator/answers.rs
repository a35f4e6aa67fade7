//! The refusals: a message in JSON, except for servers that are not there: nothing at all.

use crate::simulator::Response;
use serde::Serialize;

#[derive(Serialize)]
struct Message<'a> {
    message: &'a str,
}

fn message(status: u16, message: &str) -> Response {
    Response::json(status, &Message { message })
}

pub(super) fn bad_request(text: &str) -> Response {
    message(400, text)
}

/// What a login with wrong credentials is told; a 400.
pub(super) fn not_recognised() -> Response {
    bad_request("We didn't recognize the username or password you entered. Please try again.")
}

pub(super) fn unauthorized() -> Response {
    message(401, "Authorization has been denied for this request.")
}

pub(super) fn forbidden(text: &str) -> Response {
    message(403, text)
}

pub(super) fn missing() -> Response {
    message(404, "The requested resource does not exist.")
}

/// Not there, or not there any more.
pub(super) fn unknown_server() -> Response {
    Response::empty(404)
}

pub(super) fn method_not_allowed(method: &str) -> Response {
    message(405, &format!("The requested resource does not support http method '{method}'."))
}

pub(super) fn not_acceptable() -> Response {
    message(406, "The request must accept application/json.")
}

pub(super) fn unsupported_media_type() -> Response {
    message(415, "The request entity's media type is not supported for this resource.")
}
