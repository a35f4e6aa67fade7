//! SDK-HMAC-SHA256: a signature over the whole request, made anew for every attempt because it holds the time.

use crate::http::{Body, Connection, Request, encoded};
use crate::provider::{Error, ErrorKind};
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

const ALGORITHM: &str = "SDK-HMAC-SHA256";
const X_SDK_DATE: HeaderName = HeaderName::from_static("x-sdk-date");
const X_SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-security-token");

/// An access key, its secret and, where they are temporary, the token that goes with them.
pub(super) struct Keys {
    access: SecretString,
    secret: SecretString,
    security_token: Option<HeaderValue>,
}

impl Keys {
    pub(super) fn new(access: &str, secret: &str, security_token: Option<&str>) -> Result<Self, Error> {
        let misfit =
            |name: &str| Error::new(ErrorKind::Config, format!("`{name}` does not fit into a header"));
        HeaderValue::from_str(access).map_err(|_| misfit("access_key"))?;
        let sensitive = |token: &str| {
            let mut value = HeaderValue::from_str(token).map_err(|_| misfit("security_token"))?;
            value.set_sensitive(true);
            Ok(value)
        };
        let security_token = security_token.map(sensitive).transpose()?;
        Ok(Self { access: access.into(), secret: secret.into(), security_token })
    }

    /// The request with its signature, for now. Its query is put into the order in which it is signed.
    pub(super) fn signed(&self, request: Request, at: &Connection) -> Request {
        // No fraction, no colons: not the form of RFC 3339.
        let date = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        self.signed_at(request, &at.host(), at.base_path(), &date)
    }

    fn signed_at(&self, mut request: Request, host: &str, base_path: &str, date: &str) -> Request {
        request.query.sort();
        if let Ok(value) = HeaderValue::from_str(date) {
            request = request.header(X_SDK_DATE, value);
        }
        if let Some(token) = &self.security_token {
            request = request.header(X_SECURITY_TOKEN, token.clone());
        }
        let (canonical, names) = canonical(&request, host, base_path);
        let text = format!("{ALGORITHM}\n{date}\n{}", hex(&Sha256::digest(canonical)));
        let signature = hmac(self.secret.expose_secret(), &text);
        let access = self.access.expose_secret();
        let line = format!("{ALGORITHM} Access={access}, SignedHeaders={names}, Signature={signature}");
        match HeaderValue::from_str(&line) {
            Ok(mut value) => {
                value.set_sensitive(true);
                request.header(AUTHORIZATION, value)
            }
            // Looked at when the keys were taken in: unsigned, it would be refused.
            Err(_) => request,
        }
    }
}

/// The canonical request, and the names of the signed headers.
fn canonical(request: &Request, host: &str, base_path: &str) -> (String, String) {
    let mut headers: Vec<(&str, String)> = vec![("host", host.to_owned())];
    if matches!(request.body, Body::Json(_)) {
        // What the shared HTTP room sends with it.
        headers.push(("content-type", "application/json".to_owned()));
    }
    for (name, value) in &request.headers {
        let text = String::from_utf8_lossy(value.as_bytes()).trim().to_owned();
        headers.push((name.as_str(), text));
    }
    headers.retain(|(name, _)| !name.contains('_'));
    headers.sort();
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let block = headers.iter().fold(String::new(), |block, (name, value)| block + name + ":" + value + "\n");
    let body = match &request.body {
        Body::Json(text) => text.as_bytes(),
        // Forms are not sent here.
        Body::Empty | Body::Form(_) => &[],
    };
    let pairs: Vec<String> =
        request.query.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    let parts = [
        request.method.as_str(),
        &canonical_path(base_path, &request.segments),
        &pairs.join("&"),
        &block,
        &names,
        &hex(&Sha256::digest(body)),
    ];
    (parts.join("\n"), names)
}

/// Decoded as a whole, then encoded segment by segment; the slash at the end is signed and not sent.
fn canonical_path(base_path: &str, segments: &[String]) -> String {
    let base = percent_decode_str(base_path).decode_utf8_lossy();
    let decoded = format!("{base}/{}", segments.join("/"));
    let encoded: Vec<String> = decoded.split('/').map(encoded).collect();
    let mut path = encoded.join("/");
    if !path.ends_with('/') {
        path.push('/');
    }
    path
}

/// The secret itself is the key: nothing is derived from it.
fn hmac(secret: &str, text: &str) -> String {
    // A key of any length is good for an HMAC.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Nature;
    use reqwest::Method;

    const P: &str = "a4da8115c9d8464ead3a38309130523f";
    const HOST: &str = "workspace.ap-southeast-1.myhuaweicloud.com";
    const DATE: &str = "20260102T030405Z";

    fn check(request: Request, expected: &str, hash: &str, signature: &str) {
        let keys = Keys::new("HWAK", "HWSK", None).unwrap();
        let signed = keys.signed_at(request, HOST, "", DATE);
        let authorization = signed.headers.iter().find(|(name, _)| *name == AUTHORIZATION).unwrap();
        assert!(authorization.1.is_sensitive());
        let mut unsigned = signed.clone();
        unsigned.headers.retain(|(name, _)| *name != AUTHORIZATION);
        let (canonical, names) = canonical(&unsigned, HOST, "");
        assert_eq!(canonical, expected.replace("HOST", HOST).replace("DATE", DATE));
        assert_eq!(hex(&Sha256::digest(&canonical)), hash);
        let line = format!("{ALGORITHM} Access=HWAK, SignedHeaders={names}, Signature={signature}");
        assert_eq!(authorization.1.to_str().unwrap(), line);
    }

    #[test]
    fn a_change_is_signed_as_the_page_has_it() {
        let path = ["v1", P, "app-servers", "actions", "batch-reboot"];
        let request = Request::new(Nature::Change, Method::PATCH, path)
            .header(HeaderName::from_static("x-project-id"), HeaderValue::from_static(P))
            .body(Body::Json(r#"{"items":["522933611213619200"],"type":"HARD"}"#.into()));
        check(
            request,
            &format!(
                "PATCH\n/v1/{P}/app-servers/actions/batch-reboot/\n\ncontent-type:application/json\nhost:HOST\n\
                 x-project-id:{P}\nx-sdk-date:DATE\n\ncontent-type;host;x-project-id;x-sdk-date\n\
                 13f0252323672e442cfe4915879940cb09431f3ca34c4f6ebcbc83eb6e6f8d42"
            ),
            "a502b6dd589d38029ee3cf122f168704012249fa5ad677a4b172d4307aea8dd7",
            "b2b2a1b8d037e7ec33bf37a4b517520dd3ab80b68ee603cd009a24567455a3ee",
        );
    }

    #[test]
    fn a_query_is_sorted_and_strictly_encoded() {
        let request = Request::get(["v1", P, "app-servers"])
            .query("offset", "0")
            .query("limit", "100")
            .query("server_name", "web 1/ü");
        check(
            request,
            &format!(
                "GET\n/v1/{P}/app-servers/\nlimit=100&offset=0&server_name=web%201%2F%C3%BC\nhost:HOST\n\
                 x-sdk-date:DATE\n\nhost;x-sdk-date\n\
                 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
            ),
            "50da3763f11138a68836bbb9c1dc135effbc9c75fee212a76b07479b9ef4103e",
            "ba25e921c78986d29ed0ccaab9c2a8c46da6900a0375a00dde089e79a71fa399",
        );
    }

    #[test]
    fn the_path_is_decoded_and_encoded_anew() {
        let path = |base: &str, segments: &[&str]| {
            canonical_path(base, &segments.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(path("", &["v1", "a b:c"]), "/v1/a%20b%3Ac/");
        assert_eq!(path("/x%20y", &["50%"]), "/x%20y/50%25/");
        assert_eq!(
            path("", &["a/b"]),
            "/a/b/",
            "the SDK cannot tell it from two segments, nor can the gateway"
        );
    }
}
