//! SDK-HMAC-SHA256: what a signature must be made of, and whether this one is.

use crate::simulator::{Moment, Request};
use hmac::{Hmac, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

const ALGORITHM: &str = "SDK-HMAC-SHA256";

/// How far a caller's clock may be off, in milliseconds.
const TOLERANCE: u64 = 15 * 60 * 1000;

/// What stays as it is in canonical paths and queries.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A signature that is not to be believed, and why.
type Flaw = &'static str;

/// What the header `Authorization` says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Claim<'a> {
    /// The access key.
    pub(super) access: &'a str,
    signed: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Claim<'a> {
    /// Reads the header, to the letter.
    pub(super) fn read(header: &'a str) -> Option<Self> {
        let rest = header.strip_prefix(ALGORITHM)?.strip_prefix(" Access=")?;
        let (access, rest) = rest.split_once(", SignedHeaders=")?;
        let (signed, signature) = rest.split_once(", Signature=")?;
        Some(Self { access, signed: signed.split(';').collect(), signature })
    }

    /// Whether a header is signed.
    pub(super) fn signs(&self, header: &str) -> bool {
        self.signed.contains(&header)
    }

    /// Whether that secret signed this request at about this time. `base` is the path that was taken off.
    pub(super) fn verify(
        &self,
        secret: &str,
        base: &str,
        request: &Request,
        now: Moment,
    ) -> Result<(), Flaw> {
        if !self.signs("host") || !self.signs("x-sdk-date") {
            return Err("host and x-sdk-date must be signed");
        }
        let plain = |name: &&str| !name.is_empty() && !name.contains(|c: char| c.is_uppercase() || c == '_');
        if !self.signed.is_sorted_by(|a, b| a < b) || !self.signed.iter().all(plain) {
            return Err("the signed headers are not sorted lower-case names");
        }
        let date = request.header("x-sdk-date").unwrap_or_default();
        let made = millis(date).ok_or("x-sdk-date is no date")?;
        if made.abs_diff(now.millis()) > TOLERANCE {
            return Err("the signature has expired: x-sdk-date is too far off");
        }
        let query = canonical_query(&request.query).ok_or("the query is not UTF-8")?;
        if query != request.query {
            return Err("the query is not sent as it is signed");
        }
        let canonical = self.canonical(base, request, &query)?;
        if signature(secret, date, &canonical) == self.signature {
            Ok(())
        } else {
            Err("verify aksk signature fail")
        }
    }

    /// The six parts.
    fn canonical(&self, base: &str, request: &Request, query: &str) -> Result<String, Flaw> {
        let path = canonical_path(&format!("{base}{}", request.path)).ok_or("the path is not UTF-8")?;
        let mut headers = String::new();
        for name in &self.signed {
            let value = request.header(name).ok_or("a signed header is missing")?;
            headers.extend([name, ":", value.trim(), "\n"]);
        }
        let payload = payload(request)?;
        let signed = self.signed.join(";");
        Ok(format!("{}\n{path}\n{query}\n{headers}\n{signed}\n{payload}", request.method))
    }
}

/// Decoded as a whole, encoded segment by segment, with a slash at the end.
fn canonical_path(path: &str) -> Option<String> {
    let decoded = percent_decode_str(path).decode_utf8().ok()?;
    let segments: Vec<String> = decoded.split('/').map(encoded).collect();
    let mut path = segments.join("/");
    if !path.ends_with('/') {
        path.push('/');
    }
    Some(path)
}

/// Sorted by key, then by value; a plus is a plus.
fn canonical_query(query: &str) -> Option<String> {
    let mut pairs = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decode = |text| percent_decode_str(text).decode_utf8().ok();
        pairs.push((decode(key)?, decode(value)?));
    }
    pairs.sort();
    let pairs = pairs.iter().map(|(key, value)| format!("{}={}", encoded(key), encoded(value)));
    Some(pairs.collect::<Vec<_>>().join("&"))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}

/// The hash of the body, or what the request gives in its place. Only what is no JSON may go unsigned.
fn payload(request: &Request) -> Result<String, Flaw> {
    let real = hex(&Sha256::digest(&request.body));
    match request.header("x-sdk-content-sha256") {
        Some("UNSIGNED-PAYLOAD") if request.media_type().as_deref() == Some("application/json") => {
            Err("a JSON body must be signed")
        }
        Some(given) if !request.body.is_empty() => {
            let good = given == "UNSIGNED-PAYLOAD" || given == real;
            good.then(|| given.to_owned()).ok_or("x-sdk-content-sha256 is not the hash of the body")
        }
        _ => Ok(real),
    }
}

/// The secret itself is the key; nothing is derived from it.
fn signature(secret: &str, date: &str, canonical: &str) -> String {
    let text = format!("{ALGORITHM}\n{date}\n{}", hex(&Sha256::digest(canonical)));
    // A key of any length is good for an HMAC.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes())
}

/// `20260102T030405Z` in milliseconds since 1970.
fn millis(date: &str) -> Option<u64> {
    let exact = date.len() == 16;
    let civil = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", date).ok().filter(|_| exact)?;
    let instant = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    u64::try_from(instant.as_millisecond()).ok()
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: &str = "a4da8115c9d8464ead3a38309130523f";
    const HOST: &str = "workspace.ap-southeast-1.myhuaweicloud.com";
    const DATE: &str = "20260102T030405Z";

    fn request(method: &str, path: &str, query: &str, headers: &[(&str, &str)], body: &str) -> Request {
        let common = [("host", HOST), ("x-sdk-date", DATE)];
        let headers = common.iter().chain(headers).map(|(name, value)| ((*name).into(), (*value).into()));
        Request {
            method: method.into(),
            path: path.into(),
            query: query.into(),
            headers: headers.collect(),
            body: body.into(),
        }
    }

    fn reboot() -> Request {
        let path = format!("/v1/{P}/app-servers/actions/batch-reboot");
        let headers = [("content-type", "application/json"), ("x-project-id", P)];
        request("PATCH", &path, "", &headers, r#"{"items":["522933611213619200"],"type":"HARD"}"#)
    }

    fn list() -> Request {
        let query = "limit=100&offset=0&server_name=web%201%2F%C3%BC";
        request("GET", &format!("/v1/{P}/app-servers"), query, &[], "")
    }

    fn now() -> Moment {
        Moment::from_millis(millis(DATE).unwrap())
    }

    fn claim<'a>(signed: &'a str, signature: &'a str) -> Claim<'a> {
        Claim { access: "HWAK", signed: signed.split(';').collect(), signature }
    }

    const BOTH: [(&str, &str); 2] = [
        (
            "content-type;host;x-project-id;x-sdk-date",
            "b2b2a1b8d037e7ec33bf37a4b517520dd3ab80b68ee603cd009a24567455a3ee",
        ),
        ("host;x-sdk-date", "ba25e921c78986d29ed0ccaab9c2a8c46da6900a0375a00dde089e79a71fa399"),
    ];

    #[test]
    fn the_page_s_vectors_are_canonical_and_signed_alike() {
        let hashes = [
            "a502b6dd589d38029ee3cf122f168704012249fa5ad677a4b172d4307aea8dd7",
            "50da3763f11138a68836bbb9c1dc135effbc9c75fee212a76b07479b9ef4103e",
        ];
        for ((request, (signed, expected)), hash) in [reboot(), list()].iter().zip(BOTH).zip(hashes) {
            let claim = claim(signed, expected);
            let canonical = claim.canonical("", request, &request.query).unwrap();
            assert_eq!(hex(&Sha256::digest(&canonical)), hash, "{canonical}");
            assert_eq!(claim.verify("HWSK", "", request, now()), Ok(()));
            assert!(claim.verify("hwsk", "", request, now()).is_err());
        }
    }

    #[test]
    fn whatever_is_signed_cannot_be_changed() {
        let [(signed, expected), _] = BOTH;
        let good = claim(signed, expected);
        let changes: [fn(&mut Request); 7] = [
            |request| request.method = "POST".into(),
            |request| request.path.push('s'),
            |request| request.query = "a=".into(),
            |request| request.body.push(b' '),
            |request| request.headers[0].1.push_str(":8080"),
            |request| request.headers[2].1 = "application/json; charset=utf-8".into(),
            |request| drop(request.headers.pop()),
        ];
        for (at, change) in changes.iter().enumerate() {
            let mut other = reboot();
            change(&mut other);
            assert!(good.verify("HWSK", "", &other, now()).is_err(), "change {at}");
        }
        assert!(good.verify("HWSK", "/base", &reboot(), now()).is_err(), "the whole path is signed");
        let mut unhashed = reboot();
        unhashed.headers.push(("x-sdk-content-sha256".into(), "UNSIGNED-PAYLOAD".into()));
        assert!(good.verify("HWSK", "", &unhashed, now()).is_err());
    }

    #[test]
    fn a_signature_holds_for_a_quarter_of_an_hour_either_way() {
        let (signed, expected) = BOTH[1];
        for (seconds, good) in [(-901, false), (-900, true), (900, true), (901, false)] {
            let then = now().skewed(seconds * 1000);
            assert_eq!(claim(signed, expected).verify("HWSK", "", &list(), then).is_ok(), good, "{seconds}");
        }
    }

    #[test]
    fn the_signed_headers_are_sorted_and_name_host_and_date() {
        let (_, expected) = BOTH[1];
        for signed in ["host", "x-sdk-date", "x-sdk-date;host", "Host;x-sdk-date", "host;host;x-sdk-date", ""]
        {
            assert!(claim(signed, expected).verify("HWSK", "", &list(), now()).is_err(), "{signed}");
        }
        let mut unsorted = list();
        unsorted.query = "offset=0&limit=100&server_name=web%201%2F%C3%BC".into();
        assert!(claim("host;x-sdk-date", expected).verify("HWSK", "", &unsorted, now()).is_err());
    }

    #[test]
    fn the_header_is_read_to_the_letter() {
        let good = "SDK-HMAC-SHA256 Access=AK, SignedHeaders=host;x-sdk-date, Signature=00";
        let claim = Claim::read(good).unwrap();
        assert_eq!((claim.access, claim.signs("host"), claim.signature), ("AK", true, "00"));
        for bad in [
            good.replace("SHA256 ", "SHA256, "),
            good.replace("HMAC", "hmac"),
            good.replace(", ", ","),
            good.replace("Access", "Credential"),
        ] {
            assert_eq!(Claim::read(&bad), None, "{bad}");
        }
    }

    #[test]
    fn dates_have_one_form() {
        assert_eq!(millis("19700101T000001Z"), Some(1000));
        for bad in ["", "20260102T030405", "2026-01-02T03:04:05Z", "20261302T030405Z", "20260102T030405+"] {
            assert_eq!(millis(bad), None, "{bad}");
        }
    }
}
