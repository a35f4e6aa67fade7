//! Whether a base URL may be sent credentials: http(s), nothing secret in it, encrypted unless it is this machine.

use reqwest::Url;
use std::net::IpAddr;

/// What is wrong with a URL. Repeats nothing of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadUrl {
    /// Stable code of the finding.
    pub(super) code: &'static str,
    /// What is wrong, as the end of a sentence that begins with the setting.
    pub(super) why: &'static str,
    /// What to do about it.
    pub(super) cure: &'static str,
}

/// Checks a base URL.
pub(super) fn check(text: &str) -> Result<(), BadUrl> {
    let bad = |why, cure| Err(BadUrl { code: "bad_url", why, cure });
    let url = match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => url,
        _ => return bad("is not an http(s) URL", "write it as https://host or https://host/path"),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return bad("holds credentials", "give the credentials in their own settings");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return bad("has a query or a fragment", "write the base URL alone, without ? and #");
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(BadUrl {
            code: "insecure_endpoint",
            why: "is plain http: credentials would cross the network unencrypted",
            cure: "write https://; plain http is only allowed to this machine (localhost, 127.0.0.1, [::1])",
        });
    }
    Ok(())
}

/// Checks a URL that notifications are posted to: its path and its query may be secrets, and are for the receiver.
pub(super) fn check_hook(text: &str) -> Result<(), BadUrl> {
    let cure = "write it as https://host/path, or as ${env:NAME}";
    let url = match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => url,
        _ => return Err(BadUrl { code: "bad_url", why: "is not an http(s) URL", cure }),
    };
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        let why = "holds credentials or a fragment";
        return Err(BadUrl {
            code: "bad_url",
            why,
            cure: "give credentials in headers: { Authorization: ${env:NAME} }",
        });
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(BadUrl {
            code: "insecure_endpoint",
            why: "is plain http: names of servers would cross the network unencrypted",
            cure: "write https://; plain http is only allowed to this machine (localhost, 127.0.0.1, [::1])",
        });
    }
    Ok(())
}

/// Whether whoever knows the URL can send to it: known services that do it so, and whatever looks like a token.
pub(super) fn holds_a_secret(text: &str) -> bool {
    const SERVICES: [&str; 4] =
        ["hooks.slack.com", "discord.com", "webhook.office.com", "chat.googleapis.com"];
    const TOKEN: usize = 20;
    let Ok(url) = Url::parse(text) else { return false };
    let host = url.host_str().unwrap_or_default();
    let known = SERVICES.iter().any(|service| host == *service || host.ends_with(&format!(".{service}")));
    let is_token = |part: &str| part.len() >= TOKEN && part.bytes().any(|b| b.is_ascii_digit());
    known || url.query().is_some() || url.path().split('/').any(is_token)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_are_encrypted_or_local_and_hold_no_secret() {
        for good in [
            "https://api.example.com",
            "https://h/api/v1",
            "http://127.0.0.1:8080",
            "http://[::1]:1/x",
            "http://localhost",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for (text, code) in [
            ("", "bad_url"),
            ("api.example.com", "bad_url"),
            ("ftp://example.com", "bad_url"),
            ("https://", "bad_url"),
            ("https://user:pw@example.com", "bad_url"),
            ("https://user@example.com", "bad_url"),
            ("https://example.com/?key=1", "bad_url"),
            ("http://example.com", "insecure_endpoint"),
            ("http://localhost.example.com", "insecure_endpoint"),
            ("http://10.0.0.1", "insecure_endpoint"),
        ] {
            assert_eq!(check(text).map_err(|bad| bad.code), Err(code), "{text}");
        }
    }
}
