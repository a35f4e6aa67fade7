//! Servers as the provider describes them, and what its errors mean.

use super::wire::{Described, Message, Server};
use crate::http::Answer;
use crate::model::{Denial, LiveServer, LiveState, Power, ServerId, Settles, Verb};
use crate::provider::Error;

/// The form of ids by which everything here goes: answers and users write them in either case.
pub(super) fn canonical(id: &str) -> String {
    id.to_lowercase()
}

/// The one asked for; `None` where there is nothing under this id.
pub(super) fn one(answer: &Answer, id: &str) -> Result<Option<Described>, Error> {
    match answer.status {
        200 => {
            let found = answer.json::<Described>()?;
            if found.live.id.as_ref().map(ServerId::as_str) != Some(&*canonical(id)) {
                return Err(answer.garbage("another server than the one asked for"));
            }
            Ok(Some(found))
        }
        404 if says_gone(answer) => Ok(None),
        _ => Err(failure(answer)),
    }
}

/// A template is in no list. Whoever wrote its id into a file is told what it is, and nothing is done to it.
pub(super) fn bound_by_id(found: Described) -> LiveServer {
    if !found.is_template {
        return found.live;
    }
    LiveServer { state: LiveState::Unrecognised("a template, not a server".into()), ..found.live }
}

/// Of a server, a 404 with nothing in it says that it is not there. One that says anything is about the path or the
/// account, or comes from somebody in between.
pub(super) fn says_gone(answer: &Answer) -> bool {
    answer.status == 404 && answer.body.is_empty()
}

impl From<Server> for Described {
    fn from(server: Server) -> Self {
        let power = server.details.and_then(|details| details.power_state);
        let status = server.status.as_deref();
        let live = LiveServer {
            id: server.id.filter(|id| !id.is_empty()).map(|id| canonical(&id).into()),
            name: server.name.map(Into::into),
            state: state(status, power.as_deref()),
            booted_at: None,
            created_at: None,
            tags: None,
            denials: if status == Some(ARCHIVED) { denials() } else { Vec::new() },
        };
        Self { live, is_template: server.is_template == Some(true) }
    }
}

const ARCHIVED: &str = "archived";

/// The lifecycle decides; the power state counts only where the server is in use.
fn state(status: Option<&str>, power: Option<&str>) -> LiveState {
    let moving = |word: &str, into| LiveState::Transition { word: word.into(), into };
    let unknown = |word: &str| LiveState::Unrecognised(word.into());
    match (status, power) {
        (Some("active"), Some("started")) => LiveState::Settled(Power::On),
        (Some("active"), Some("stopped")) | (Some(ARCHIVED), Some("stopped") | None) => {
            LiveState::Settled(Power::Off)
        }
        (Some("active"), Some("paused")) => LiveState::Settled(Power::Suspended),
        (Some("active"), None) => unknown("active, without a power state"),
        (Some("active"), Some(word)) => unknown(word),
        (Some(ARCHIVED), Some(word)) => unknown(&format!("{ARCHIVED}, {word}")),
        (Some(word @ "queuedForDelete"), _) => moving(word, Some(Settles::Gone)),
        (Some(word @ ("underConstruction" | "queuedForArchive" | "queuedForRestore")), _) => {
            moving(word, None)
        }
        (Some(word), _) => unknown(word),
        (None, _) => unknown("no status"),
    }
}

/// An archived server is off, and deleting it is all that can be done.
fn denials() -> Vec<Denial> {
    let why = "it is archived and must be restored first";
    let verbs = [Verb::PowerOn, Verb::PowerOff, Verb::Suspend, Verb::Reboot];
    verbs.map(|verb| Denial { verb, why: why.into() }).into()
}

/// The error for an answer that means what it means everywhere.
pub(super) fn failure(answer: &Answer) -> Error {
    answer.failure(says(answer).as_deref())
}

/// What the provider says: a message in JSON, or a line of plain text.
pub(super) fn says(answer: &Answer) -> Option<String> {
    if let Ok(said) = serde_json::from_slice::<Message>(&answer.body) {
        return Some(said.message).filter(|text| !text.trim().is_empty());
    }
    let text = std::str::from_utf8(&answer.body).ok()?.trim();
    (!text.is_empty() && !text.starts_with(['<', '{', '['])).then(|| text.to_owned())
}
