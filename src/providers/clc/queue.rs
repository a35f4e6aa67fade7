//! What becomes of the servers of a call, and how far an operation is.

use super::convert::{canonical, failure, says_gone};
use super::wire::{Entries, Entry, Rel, Status};
use crate::http::Answer;
use crate::model::{OffKind, Operation, RebootKind, ServerId, Verb};
use crate::provider::{Error, ErrorKind, Job, Receipt, Verdicts};

/// The word for an operation in its path, exact to the case; `None` where there is none.
pub(super) fn word(operation: &Operation) -> Option<&'static str> {
    match operation {
        // What is paused goes on by it as well (PublicKB, "Descriptions of Server/Group Power Commands").
        Operation::PowerOn | Operation::Resume => Some("powerOn"),
        Operation::PowerOff { method: OffKind::Graceful } => Some("shutDown"),
        Operation::PowerOff { method: OffKind::Hard } => Some("powerOff"),
        Operation::Suspend => Some("pause"),
        Operation::Reboot { method: RebootKind::Soft } => Some("reboot"),
        Operation::Reboot { method: RebootKind::Hard } => Some("reset"),
        Operation::PowerOff { .. }
        | Operation::Reboot { .. }
        | Operation::Rename { .. }
        | Operation::Delete => None,
    }
}

/// What the provider said to a call, server by server: one request can be half accepted.
pub(super) fn verdicts(answer: &Answer, operation: &Operation, ids: &[ServerId]) -> Result<Verdicts, Error> {
    let entries = entries(answer)?;
    Ok(ids.iter().map(|id| verdict(answer, operation, id, entries.as_slice())).collect())
}

/// What the provider said to a delete.
pub(super) fn deleted(answer: &Answer, id: &ServerId) -> Result<Receipt, Error> {
    if says_gone(answer) {
        return Ok(Receipt { ticket: None, already: true });
    }
    let entries = entries(answer)?;
    verdict(answer, &Operation::Delete, id, entries.as_slice())
}

/// The entries of an answer. A refusal may come with a 400 (clc-python-sdk server.py); a 400 without entries refuses
/// the request as a whole, and a success without them is no sign that it arrived.
fn entries(answer: &Answer) -> Result<Entries, Error> {
    let is_entry = |entry: &Entry| entry.server.is_some() && entry.is_queued.is_some();
    let whole = |entries: &Entries| match entries {
        Entries::Many(entries) => entries.iter().all(is_entry),
        Entries::One(entry) => is_entry(entry),
    };
    if answer.is_success() {
        let entries = answer.json::<Entries>()?;
        return if whole(&entries) { Ok(entries) } else { Err(answer.garbage("JSON of another shape")) };
    }
    let said = serde_json::from_slice::<Entries>(&answer.body).ok();
    said.filter(|entries| answer.status == 400 && !entries.as_slice().is_empty() && whole(entries))
        .ok_or_else(|| failure(answer))
}

/// Entries come in no promised order.
fn verdict(
    answer: &Answer,
    operation: &Operation,
    id: &ServerId,
    entries: &[Entry],
) -> Result<Receipt, Error> {
    let id = canonical(id.as_str());
    let own = |entry: &&Entry| entry.server.as_ref().is_some_and(|own| canonical(own) == id);
    // Should it be there twice: that it was queued once is what counts.
    let Some(entry) = entries.iter().filter(own).max_by_key(|entry| entry.is_queued) else {
        return Err(answer.garbage(&format!("no word about {id}")));
    };
    if entry.is_queued == Some(true) {
        let ticket = entry.links.iter().flatten().find_map(|link| link.target(Rel::Status));
        return Ok(Receipt { ticket: ticket.map(str::to_owned), already: false });
    }
    let text = entry.error_message.as_deref().filter(|text| !text.trim().is_empty());
    if is_so_already(operation.verb(), text) {
        return Ok(Receipt { ticket: None, already: true });
    }
    let text = text.unwrap_or("no reason is given");
    Err(answer.failure_as(ErrorKind::Refused, &format!("{id} was not queued"), Some(text)))
}

/// Whether an operation was not queued because there is nothing to do: said in words, or by the lack of any (sources:
/// clc-python-sdk queue.py and issue 41, both of power operations). A reboot or a delete has no such state.
fn is_so_already(verb: Verb, text: Option<&str>) -> bool {
    let is_power = matches!(verb, Verb::PowerOn | Verb::PowerOff | Verb::Suspend);
    is_power && text.is_none_or(|text| text.to_lowercase().contains("already in desired state"))
}

/// How far an operation is. What the queue does not tell is for the server itself to show.
pub(super) fn job(answer: &Answer) -> Job {
    // How long an entry is kept is not said: when it is gone, the server itself is asked.
    if answer.status == 404 {
        return Job::NoRecords;
    }
    let said = serde_json::from_slice::<Status>(&answer.body).ok().filter(|_| answer.status == 200);
    let Some(said) = said else {
        tracing::info!(status = answer.status, "the queue cannot be asked");
        return Job::Unclear;
    };
    match said.status.to_lowercase().as_str() {
        "notstarted" | "executing" | "resumed" | "queued" | "running" => Job::Running,
        "succeeded" => Job::Succeeded,
        "failed" => Job::Failed("the operation failed; the queue gives no reason".into()),
        _ => Job::Unclear,
    }
}
