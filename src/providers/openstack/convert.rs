//! Nova's answers to the model, and nothing else.

use super::states::{Kind, Phase};
use super::wire::{Fault, List, One, Seconds, Server};
use crate::http::Answer;
use crate::model::{Denial, LiveServer, LiveState, Operation, ServerId, Tags, Verb};
use crate::provider::{Cursor, Error, ErrorKind, Part, Receipt};
use reqwest::Url;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// A server, and what of it only this provider needs to know.
pub(super) struct Found {
    pub(super) live: LiveServer,
    pub(super) kind: Option<Kind>,
    /// Why it is in `ERROR`, where it says.
    pub(super) fault: Option<String>,
}

/// Servers of one page. `marker` is the one that was asked for.
pub(super) fn page(answer: &Answer, marker: Option<&str>) -> Result<Part, Error> {
    if answer.status == 400 && marker.is_some() {
        let says = says(answer).unwrap_or_default();
        if says.to_ascii_lowercase().contains("marker") {
            // The server that the page was to begin after has been deleted meanwhile.
            return Err(answer.failure_as(ErrorKind::ListMoved, "the list has moved", Some(&says)));
        }
    }
    if answer.status != 200 {
        return Err(failure(answer));
    }
    let list: List<'_> = answer.json()?;
    let next = next_marker(answer, &list)?;
    if next.is_some() && next.as_deref() == marker {
        return Err(answer.garbage("a page that is followed by itself"));
    }
    let mut servers = Vec::with_capacity(list.servers.len());
    for server in list.servers {
        servers.extend(found(answer, server)?.map(|found| found.live));
    }
    Ok(Part { servers, next: next.into_iter().map(Cursor::At).collect(), total: None })
}

/// Only the marker is taken from the link: its scheme and host may be those behind a proxy.
fn next_marker(answer: &Answer, list: &List<'_>) -> Result<Option<String>, Error> {
    let mut links = list.servers_links.iter().flatten();
    let Some(link) = links.find(|link| link.rel == "next") else { return Ok(None) };
    let base = Url::parse("http://nova/").ok();
    let url = Url::options().base_url(base.as_ref()).parse(&link.href).ok();
    let marker = url.and_then(|url| {
        url.query_pairs().find(|(key, _)| key == "marker").map(|(_, value)| value.into_owned())
    });
    let marker = marker.filter(|marker| !marker.is_empty());
    marker.map(Some).ok_or_else(|| answer.garbage("a link to a next page that does not say where it begins"))
}

/// The one server asked for.
pub(super) fn one(id: &ServerId, answer: &Answer) -> Result<Option<Found>, Error> {
    match answer.status {
        200 => {
            let server = answer.json::<One<'_>>()?.server;
            if server.id.as_deref() != Some(id.as_str()) {
                return Err(answer.garbage("another server than the one asked for"));
            }
            found(answer, server)
        }
        404 if says_gone(id, answer) => Ok(None),
        _ => Err(failure(answer)),
    }
}

fn found(answer: &Answer, server: Server<'_>) -> Result<Option<Found>, Error> {
    let Phase { kind, state } = Phase::of(&server);
    let Some(state) = state else { return Ok(None) };
    let Some(id) = server.id.filter(|id| !id.is_empty()) else {
        return Err(answer.garbage("a server without an id"));
    };
    let denials = if server.locked == Some(true) { locked() } else { Vec::new() };
    let name = server.name.map(Into::into);
    let created_at = server.created.and_then(|text| text.parse().ok());
    let tags = tags(server.metadata.as_ref(), server.tags.as_ref());
    let live = LiveServer { id: Some(id.into()), name, state, booted_at: None, created_at, tags, denials };
    Ok(Some(Found { live, kind, fault: server.fault.and_then(|fault| fault.message) }))
}

/// Metadata as `key=value` beside the words of its tags. Servers of a cell that cannot be reached tell neither.
fn tags(metadata: Option<&Value>, words: Option<&Value>) -> Option<Tags> {
    if metadata.is_none() && words.is_none() {
        return None;
    }
    let pairs = metadata.and_then(Value::as_object).into_iter().flatten();
    let pairs = pairs.filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?).into_boxed_str()));
    let words = words.and_then(Value::as_array).into_iter().flatten();
    let mut tags: Vec<Box<str>> = pairs.chain(words.filter_map(|word| Some(word.as_str()?.into()))).collect();
    tags.sort_unstable();
    tags.dedup();
    // Most servers have none: those share nothing but that.
    Some(if tags.is_empty() { Tags::default() } else { tags.into() })
}

/// What a lock forbids: everything but another name.
fn locked() -> Vec<Denial> {
    [Verb::PowerOn, Verb::PowerOff, Verb::Suspend, Verb::Reboot, Verb::Delete]
        .map(|verb| Denial { verb, why: "it is locked; unlock it first".into() })
        .into()
}

/// The call that lets a suspended server go on; `None` where it runs already.
pub(super) fn resume_body(id: &ServerId, found: &Found) -> Result<Option<&'static str>, Error> {
    let state = &found.live.state;
    if state.is_transition() {
        return Err(Error::new(ErrorKind::Busy, format!("server {id} is {state}; nothing was sent")));
    }
    match found.kind {
        Some(Kind::Active) => Ok(None),
        Some(Kind::Paused) => Ok(Some(r#"{"unpause": null}"#)),
        Some(Kind::Suspended) => Ok(Some(r#"{"resume": null}"#)),
        Some(Kind::Shelved) => Ok(Some(r#"{"unshelve": null}"#)),
        // A server that was stopped meanwhile would boot, which is not what was reviewed.
        _ => Err(Error::new(ErrorKind::Refused, format!("server {id} is {state}; nothing was sent"))),
    }
}

/// Whether the call was taken. Taken is not done.
pub(super) fn verdict(operation: &Operation, id: &ServerId, answer: &Answer) -> Result<Receipt, Error> {
    let taken = || Receipt { ticket: request_id(answer), already: false };
    match (answer.status, operation) {
        (200, Operation::Rename { .. }) => {
            let server = answer.json::<One<'_>>()?.server;
            if server.id.as_deref() == Some(id.as_str()) {
                return Ok(taken());
            }
            Err(answer.garbage("another server than the one that was renamed"))
        }
        (202 | 204, operation) if !matches!(operation, Operation::Rename { .. }) && is_ours(answer) => {
            Ok(taken())
        }
        (200..=299, _) => Err(answer.garbage(&answer.described())),
        (404, Operation::Delete) if says_gone(id, answer) => Ok(Receipt { ticket: None, already: true }),
        (404, _) if says_gone(id, answer) => {
            Err(restated(answer, ErrorKind::NotFound, "there is no such server"))
        }
        _ => Err(failure(answer)),
    }
}

/// The id under which the server's history has the call.
fn request_id(answer: &Answer) -> Option<String> {
    let named = |name: &str| answer.headers.get(name)?.to_str().ok().map(str::trim);
    let id = named("x-openstack-request-id").or_else(|| named("x-compute-request-id"))?;
    (!id.is_empty()).then(|| id.to_owned())
}

/// Nothing follows a 202 or 204. JSON might; a page that some gateway shows is no sign that the call arrived.
fn is_ours(answer: &Answer) -> bool {
    let body = answer.body.trim_ascii();
    body.is_empty() || serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

/// Nova's word for it that a server does not exist names the server, or no other. A wrong path
/// is an `itemNotFound` as well, of a resource.
fn says_gone(id: &ServerId, answer: &Answer) -> bool {
    let Some((name, fault)) = fault(answer) else { return false };
    let text = fault.message.unwrap_or_default().to_ascii_lowercase();
    let has_id = !id.as_str().is_empty() && text.contains(&id.as_str().to_ascii_lowercase());
    let is_of_an_instance = text.starts_with("instance could not be found");
    name == "itemNotFound" && (has_id || is_of_an_instance)
}

/// The only member of a refusal, by name: `itemNotFound`, or `error` where Keystone speaks.
fn fault(answer: &Answer) -> Option<(String, Fault)> {
    let faults: BTreeMap<String, Fault> = serde_json::from_slice(&answer.body).ok()?;
    (faults.len() == 1).then(|| faults.into_iter().next()).flatten()
}

/// What a refusal says, in Nova's or in Keystone's shape.
pub(super) fn says(answer: &Answer) -> Option<String> {
    if let Some((name, fault)) = fault(answer) {
        return Some(fault.message.filter(|text| !text.is_empty()).unwrap_or(name));
    }
    let text = std::str::from_utf8(&answer.body).ok()?.trim();
    (!text.is_empty() && !text.starts_with(['<', '{', '['])).then(|| text.to_owned())
}

/// How long a refusal asks to be left alone: `retryAfter`, or no time at all where it is about limits all the same.
pub(super) fn own_wait(answer: &Answer) -> Option<Duration> {
    let (name, fault) = fault(answer)?;
    let seconds = match fault.retry_after {
        Some(Seconds::Number(seconds)) => Some(seconds),
        Some(Seconds::Text(text)) => text.trim().parse().ok(),
        None => None,
    };
    let told = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    told.or_else(|| (name == "overLimit").then_some(Duration::ZERO))
}

/// The error for a call that did not work.
pub(super) fn failure(answer: &Answer) -> Error {
    let says = says(answer);
    let text = says.as_deref().unwrap_or_default();
    match answer.status {
        409 if text.contains("is locked") => {
            let error = restated(answer, ErrorKind::Refused, "the server is locked");
            error.with_hint("unlock it first: openstack server unlock")
        }
        // What is there must change first; what is under way only has to end.
        409 if text.contains("while it is in vm_state") || text.contains("while it is in power_state") => {
            restated(answer, ErrorKind::Refused, "the state of the server does not allow it")
        }
        // The cloud cannot do it at all, and has not.
        501 if fault(answer).is_some_and(|(name, _)| name == "notImplemented") => {
            restated(answer, ErrorKind::Refused, "the cloud cannot do it")
        }
        _ => answer.failure(says.as_deref()),
    }
}

fn restated(answer: &Answer, kind: ErrorKind, meaning: &str) -> Error {
    answer.failure_as(kind, meaning, says(answer).as_deref())
}

/// Whether the state is one that an operation cannot be on its way from any more.
pub(super) fn is_at_rest_elsewhere(state: &LiveState, operation: &Operation) -> bool {
    use crate::model::Power;
    let wanted = match operation {
        Operation::PowerOn | Operation::Resume => Power::On,
        Operation::PowerOff { .. } => Power::Off,
        Operation::Suspend => Power::Suspended,
        Operation::Rename { .. } | Operation::Reboot { .. } | Operation::Delete => return false,
    };
    !state.is_transition() && state.settled_power() != Some(wanted)
}
