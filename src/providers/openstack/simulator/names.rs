//! Ids, names and secrets made from a connection's name, so that a world has to hold none of them.

use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// The two domains differ, so that a client cannot take one for the other.
pub(super) const USER_DOMAIN: &str = "People";
pub(super) const PROJECT_DOMAIN: &str = "Projects";

pub(super) fn username(connection: &str) -> String {
    format!("sim-{connection}-operator")
}

/// The user whose tokens live for a second.
pub(super) fn short_username(connection: &str) -> String {
    format!("{}-short", username(connection))
}

pub(super) fn password(connection: &str) -> String {
    format!("sim-{connection}-password")
}

pub(super) fn project_name(connection: &str) -> String {
    format!("sim-{connection}-project")
}

pub(super) fn application_name(connection: &str) -> String {
    format!("sim-{connection}-application")
}

pub(super) fn application_secret(connection: &str) -> String {
    format!("sim-{connection}-application-secret")
}

/// The id of a connection's application credential.
pub fn application_credential_id(connection: &str) -> String {
    hex_id(connection, "application")
}

pub(super) fn project_id(connection: &str) -> String {
    hex_id(connection, "project")
}

pub(super) fn user_id(connection: &str, name: &str) -> String {
    hex_id(connection, name)
}

/// Of a domain, a role, a catalog entry: the same everywhere.
pub(super) fn shared_id(what: &str) -> String {
    hex_id("", what)
}

/// The header's value for the `number`th call or job of a connection.
pub(super) fn request_id(connection: &str, what: &str, number: u64) -> String {
    format!("req-{}", uuid(connection, what, number))
}

pub(super) fn digest(connection: &str, what: &str, number: u64) -> [u8; 32] {
    Sha256::digest(format!("{connection}\n{what}\n{number}")).into()
}

/// 32 hexadecimal digits, as Keystone's ids are.
pub(super) fn hex_id(connection: &str, what: &str) -> String {
    hex(&digest(connection, what, 0)[..16])
}

/// A version 4 UUID in form.
pub(super) fn uuid(connection: &str, what: &str, number: u64) -> String {
    let mut bytes = digest(connection, what, number);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex(&bytes[..16]);
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

/// Whether a text has the form of a UUID, in lower case.
pub(super) fn is_uuid(text: &str) -> bool {
    let good = |(at, c): (usize, char)| match at {
        8 | 13 | 18 | 23 => c == '-',
        _ => matches!(c, '0'..='9' | 'a'..='f'),
    };
    text.len() == 36 && text.chars().enumerate().all(good)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
