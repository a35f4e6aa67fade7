//! Who may read: whoever knows the token; without one, whoever means this machine by the name he calls.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use std::net::IpAddr;

/// What is authenticated; its only job is to be the same each time.
const MESSAGE: &[u8] = b"fleetform listen token";

/// The rule. Holds what a token is compared with, never the token.
#[derive(Debug)]
pub(super) enum Access {
    /// Everybody who can reach loopback and means it.
    Loopback,
    /// Whoever knows the token with this tag.
    Token(Vec<u8>),
}

/// What a request may do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Granted,
    /// No token, or a wrong one.
    Unauthorized,
    /// A page of another site had its name lead here (DNS rebinding).
    WrongHost,
}

impl Access {
    pub(super) fn new(token: Option<&SecretString>) -> Self {
        match token {
            None => Self::Loopback,
            Some(token) => Self::Token(
                keyed(token.expose_secret())
                    .map(|mac| mac.finalize().into_bytes().to_vec())
                    .unwrap_or_default(),
            ),
        }
    }

    /// Judges a request by its `Host` and `Authorization`.
    pub(super) fn judge(&self, host: Option<&str>, authorization: Option<&str>) -> Verdict {
        match self {
            Self::Loopback if host.is_some_and(is_this_machine) => Verdict::Granted,
            Self::Loopback => Verdict::WrongHost,
            Self::Token(tag) => {
                let given = authorization.and_then(presented).and_then(|token| keyed(&token));
                // Tags are compared, and in constant time: how long it takes says nothing of the token.
                let right = given.is_some_and(|mac| mac.verify_slice(tag).is_ok());
                if right { Verdict::Granted } else { Verdict::Unauthorized }
            }
        }
    }
}

fn keyed(token: &str) -> Option<Hmac<Sha256>> {
    // Keys of any length are taken.
    let mut mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).ok()?;
    mac.update(MESSAGE);
    Some(mac)
}

/// The token of `Bearer TOKEN`, or the password of `Basic BASE64`, which is what browsers ask people for.
fn presented(authorization: &str) -> Option<String> {
    let (scheme, rest) = authorization.trim().split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
    text.split_once(':').map(|(_, password)| password.to_owned())
}

/// Whether a `Host` is a name or an address that only ever means this machine.
fn is_this_machine(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) => (address, port.strip_prefix(':').unwrap_or(port)),
            None => return false,
        },
        None => host.split_once(':').unwrap_or((host, "")),
    };
    let loopback = name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    port.bytes().all(|b| b.is_ascii_digit()) && (loopback || name.eq_ignore_ascii_case("localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_token_only_names_of_this_machine_are_served() {
        let access = Access::new(None);
        for host in
            ["localhost", "LocalHost:9646", "127.0.0.1", "127.0.0.1:1", "127.8.9.1:80", "[::1]", "[::1]:80"]
        {
            assert_eq!(access.judge(Some(host), None), Verdict::Granted, "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "[::2]:80",
            "::1",
            "[::1",
            "localhost:80@evil.example",
            "0.0.0.0:9646",
            "127.0.0.1:80:80",
        ] {
            assert_eq!(access.judge(Some(host), None), Verdict::WrongHost, "{host}");
        }
        assert_eq!(access.judge(None, None), Verdict::WrongHost);
    }

    #[test]
    fn with_a_token_it_is_asked_for_under_any_name() {
        let access = Access::new(Some(&SecretString::from("0123456789abcdef")));
        assert!(!format!("{access:?}").contains("0123456789abcdef"));
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        for good in [
            "Bearer 0123456789abcdef".into(),
            "bearer  0123456789abcdef".into(),
            basic("anybody:0123456789abcdef"),
            basic(":0123456789abcdef"),
        ] {
            assert_eq!(access.judge(Some("watch.example"), Some(&good)), Verdict::Granted, "{good}");
        }
        for bad in [
            String::new(),
            "Bearer".into(),
            "Bearer ".into(),
            "Bearer 0123456789abcdeF".into(),
            "Bearer 0123456789abcde".into(),
            "Bearer 0123456789abcdef0".into(),
            "0123456789abcdef".into(),
            "Digest 0123456789abcdef".into(),
            "Basic ***".into(),
            basic("0123456789abcdef"),
            basic("0123456789abcdef:"),
        ] {
            assert_eq!(access.judge(Some("localhost"), Some(&bad)), Verdict::Unauthorized, "{bad}");
        }
        assert_eq!(access.judge(Some("localhost"), None), Verdict::Unauthorized);
    }
}
