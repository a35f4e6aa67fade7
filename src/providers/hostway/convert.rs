//! Hostway's answers to the model, and nothing else.

use super::wire::{Fault, List, One, Server};
use crate::http::Answer;
use crate::model::{Denial, LiveServer, LiveState, Operation, Power, ServerId, Verb};
use crate::provider::{Error, ErrorKind, Part, Receipt};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

pub(super) fn list(mut answer: Answer) -> Result<Part, Error> {
    if answer.status != 200 {
        return Err(failure(&answer));
    }
    let servers = answer.value::<List>()?.servers.into_iter().filter_map(live).collect();
    Ok(Part { servers, ..Part::default() })
}

pub(super) fn one(id: &ServerId, answer: &Answer) -> Result<Option<LiveServer>, Error> {
    match answer.status {
        200 => {
            let server = answer.json::<One>()?.server;
            if server.id != id.as_str() {
                return Err(answer.garbage("another server than the one asked for"));
            }
            Ok(live(server))
        }
        404 if says_gone(answer) => Ok(None),
        _ => Err(failure(answer)),
    }
}

/// Whether the call was taken. 202 means taken, not done.
pub(super) fn verdict(operation: &Operation, answer: &Answer) -> Result<Receipt, Error> {
    match (answer.status, operation) {
        (200 | 202 | 204, _) if is_ours(answer) => Ok(Receipt::default()),
        (200..=299, _) => Err(answer.garbage(&answer.described())),
        // A repeated DELETE may answer 404: success for "absent".
        (404, Operation::Delete) if says_gone(answer) => Ok(Receipt { ticket: None, already: true }),
        (404, _) if says_gone(answer) => {
            Err(answer.failure_as(ErrorKind::NotFound, "there is no such server", says(answer).as_deref()))
        }
        (405, _) => {
            Err(answer.failure_as(ErrorKind::Refused, "the action is not supported", says(answer).as_deref()))
        }
        _ => Err(failure(answer)),
    }
}

/// `None` for a server that lingers in lists although it is deleted.
fn live(server: Server) -> Option<LiveServer> {
    let state = match server.status.as_str() {
        "ACTIVE" => LiveState::Settled(Power::On),
        "STOPPED" => LiveState::Settled(Power::Off),
        "SUSPENDED" => LiveState::Settled(Power::Suspended),
        "BUILD" | "PROCESSING" => LiveState::Transition { word: server.status.as_str().into(), into: None },
        "DELETED" => return None,
        _ => LiveState::Unrecognised(server.status.as_str().into()),
    };
    let mut live = LiveServer::new(server.id, server.name, state);
    live.created_at = server.created.as_ref().and_then(|created| latest(created.as_str()?));
    if live.state == LiveState::Settled(Power::Suspended) {
        let why = "it is SUSPENDED and hostway has no call that leaves that state";
        live.denials = [Verb::PowerOn, Verb::PowerOff, Verb::Suspend, Verb::Reboot]
            .map(|verb| Denial { verb, why: why.into() })
            .into();
    }
    Some(live)
}

/// The latest instant that `2026-11-20T02:00:00` can mean: the zone is not told, and twelve hours west of UTC is the last
/// place where it is that time.
fn latest(text: &str) -> Option<Timestamp> {
    let civil: DateTime = text.parse().ok()?;
    let utc = TimeZone::UTC.to_timestamp(civil).ok()?;
    utc.checked_add(SignedDuration::from_hours(12)).ok()
}

/// A 404 about the server is an `itemNotFound` fault or, as the samples of PUT and DELETE show, a bare status
/// line. A page from a gateway is neither and says nothing about the server.
fn says_gone(answer: &Answer) -> bool {
    answer.body.trim_ascii().is_empty() || fault(answer).is_some_and(|(name, _)| name == "itemNotFound")
}

/// Whether what came with a success can be the provider's: nothing, or JSON. A page that some gateway shows with
/// a 200 is no sign that the call arrived.
fn is_ours(answer: &Answer) -> bool {
    let body = answer.body.trim_ascii();
    body.is_empty() || serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

/// The only member of a fault object, by name.
fn fault(answer: &Answer) -> Option<(String, Fault)> {
    let faults: BTreeMap<String, Fault> = serde_json::from_slice(&answer.body).ok()?;
    (faults.len() == 1).then(|| faults.into_iter().next()).flatten()
}

fn says(answer: &Answer) -> Option<String> {
    if let Some((name, fault)) = fault(answer) {
        let text = fault.message.unwrap_or(name);
        let details = fault.details.as_ref().and_then(|d| d.as_str()).filter(|d| !d.is_empty() && *d != text);
        return Some(details.map_or(text.clone(), |details| format!("{text} ({details})")));
    }
    let text = std::str::from_utf8(&answer.body).ok()?.trim();
    (!text.is_empty() && !text.starts_with(['<', '{', '['])).then(|| text.to_owned())
}

fn failure(answer: &Answer) -> Error {
    answer.failure(says(answer).as_deref())
}
