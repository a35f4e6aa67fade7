//! What a request asks for, and in which form: suffixes, `_format`, `Accept`, `wrapRoot`, `prettyPrint`, `_method`.

use super::Answer;
use super::views::Error;
use crate::simulator::Request;

/// A path that is known here, its suffix taken off.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Path {
    Services,
    Ids,
    Service(String),
    Reboot(String),
}

/// The form of an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Format {
    /// Whether the answer stands in an object named after it.
    pub(super) wrapped: bool,
    pub(super) pretty: bool,
}

impl Default for Format {
    fn default() -> Self {
        Self { wrapped: true, pretty: false }
    }
}

impl Path {
    pub(super) fn of(request: &Request) -> Option<Self> {
        let path = &request.path;
        let segments = request.segments().filter(|_| !path.ends_with('/'))?;
        let mut segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let last = segments.pop()?;
        segments.push(suffix(last).map_or(last, |(stem, _)| stem));
        match segments[..] {
            ["services"] => Some(Self::Services),
            ["services", "ids"] => Some(Self::Ids),
            ["services", id] => Some(Self::Service(id.to_owned())),
            ["services", id, "reboot"] => Some(Self::Reboot(id.to_owned())),
            _ => None,
        }
    }

    pub(super) fn route(&self) -> &'static str {
        match self {
            Self::Services => "/services",
            Self::Ids => "/services/ids",
            Self::Service(_) => "/services/{id}",
            Self::Reboot(_) => "/services/{id}/reboot",
        }
    }
}

/// A segment without its suffix, and whether that asks for JSON.
fn suffix(segment: &str) -> Option<(&str, bool)> {
    let json = segment.strip_suffix(".json").map(|stem| (stem, true));
    json.or_else(|| segment.strip_suffix(".xml").map(|stem| (stem, false)))
}

impl Format {
    /// Everything that names a format must name JSON, and something must.
    pub(super) fn of(request: &Request) -> Answer<Self> {
        let pairs = request.query_pairs().ok_or(bad("The query is not UTF-8."))?;
        let mut format = Self::default();
        let mut named: Vec<bool> = Vec::new();
        for (at, (key, value)) in pairs.iter().enumerate() {
            if pairs[..at].iter().any(|(earlier, _)| earlier == key) {
                return Err(bad("A parameter is given twice."));
            }
            match key.as_str() {
                "apikey" | "_method" => {}
                "_format" => named.push(value == "json"),
                "wrapRoot" => format.wrapped = flag(value)?,
                "prettyPrint" => format.pretty = flag(value)?,
                _ => return Err(bad("A parameter is not known.")),
            }
        }
        named.extend(request.path.rsplit('/').next().and_then(suffix).map(|(_, json)| json));
        named.extend(request.header("accept").and_then(accepts_json));
        named.extend(request.media_type().map(|media_type| media_type == "application/json"));
        if named.is_empty() || named.contains(&false) {
            return Err(bad("The only format spoken here is json, and the request must ask for it."));
        }
        Ok(format)
    }
}

/// `None` where anything is accepted.
fn accepts_json(text: &str) -> Option<bool> {
    let types = || text.split(',').map(|part| part.split(';').next().unwrap_or_default().trim());
    if types().any(|media_type| media_type.eq_ignore_ascii_case("application/json")) {
        return Some(true);
    }
    (!types().any(|media_type| media_type == "*/*")).then_some(false)
}

/// The method that counts: a POST may name another.
pub(super) fn method(request: &Request) -> Answer<String> {
    let pairs = request.query_pairs().unwrap_or_default();
    match pairs.into_iter().find(|(key, _)| key == "_method") {
        None => Ok(request.method.clone()),
        Some((_, method)) if request.method == "POST" => Ok(method),
        Some(_) => Err(bad("_method belongs to a POST.")),
    }
}

fn flag(text: &str) -> Answer<bool> {
    text.parse().map_err(|_| bad("wrapRoot and prettyPrint are true or false."))
}

fn bad(text: &'static str) -> Error {
    Error { status: 400, code: "InvalidInput", text }
}
