//! The refusals: a flat envelope from the gateway and the service, another one from the identity service.

use super::signature::hex;
use crate::simulator::{Moment, Request, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Why a call is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// By the gateway or the service.
    Service {
        /// The HTTP status.
        status: u16,
        /// `APIGW.` from the gateway, `WKS.` from the service.
        code: &'static str,
        /// In words.
        message: String,
    },
    /// By the identity service.
    Keystone {
        /// The HTTP status, also in the body.
        status: u16,
        /// The status in words.
        title: &'static str,
        /// In words.
        message: String,
    },
}

#[derive(Serialize)]
struct Flat<'a> {
    error_code: &'a str,
    error_msg: &'a str,
    request_id: &'a str,
}

#[derive(Serialize)]
struct Nested<'a> {
    error: Inner<'a>,
}

#[derive(Serialize)]
struct Inner<'a> {
    code: u16,
    message: &'a str,
    title: &'a str,
}

impl Refusal {
    pub(super) fn service(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self::Service { status, code, message: message.into() }
    }

    pub(super) fn keystone(status: u16, title: &'static str, message: impl Into<String>) -> Self {
        Self::Keystone { status, title, message: message.into() }
    }

    pub(super) fn response(&self, request_id: &str) -> Response {
        match self {
            Self::Service { status, code, message } => {
                Response::json(*status, &Flat { error_code: code, error_msg: message, request_id })
            }
            Self::Keystone { status, title, message } => {
                Response::json(*status, &Nested { error: Inner { code: *status, message, title } })
            }
        }
    }
}

/// A mark for the provider's support.
pub(super) fn request_id(request: &Request, now: Moment) -> String {
    let digest = Sha256::digest(format!("{} {} {}", now.millis(), request.method, request.path));
    hex(&digest[..16])
}

pub(super) fn no_such_api() -> Refusal {
    Refusal::service(
        404,
        "APIGW.0101",
        "The API does not exist or has not been published in the environment.",
    )
}

pub(super) fn method_not_allowed() -> Refusal {
    Refusal::service(405, "WKS.0405", "The method is not allowed.")
}

/// No token or signature, or a wrong one; the text says which.
pub(super) fn unauthenticated(what: &str) -> Refusal {
    Refusal::service(401, "APIGW.0301", format!("Incorrect IAM authentication information: {what}"))
}

pub(super) fn token_ended() -> Refusal {
    Refusal::service(401, "APIGW.0307", "The token must be updated.")
}

pub(super) fn wrong_project() -> Refusal {
    Refusal::service(403, "APIGW.0302", "The IAM user is not authorized to access the API of this project.")
}

pub(super) fn empty_request() -> Refusal {
    Refusal::service(400, "WKS.0001", "The request is empty.")
}

pub(super) fn malformed(what: impl Into<String>) -> Refusal {
    Refusal::service(400, "WKS.0002", what)
}

/// A server in a state from which this does not work.
pub(super) fn impossible(what: impl Into<String>) -> Refusal {
    Refusal::service(400, "WKS.0012", what)
}

pub(super) fn unknown_server(id: &str) -> Refusal {
    Refusal::service(404, "WKS.0010", format!("The server {id} does not exist."))
}

pub(super) fn unknown_job() -> Refusal {
    Refusal::service(404, "WKS.0013", "The job does not exist.")
}

pub(super) fn busy() -> Refusal {
    Refusal::service(409, "WKS.0011", "The server is busy with another operation.")
}
