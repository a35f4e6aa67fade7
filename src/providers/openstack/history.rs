//! `os-instance-actions`: what has been asked of a server, as evidence. It may have gaps, so it shows what happened
//! and never what did not.

use super::wire::Action;
use crate::model::Verb;
use crate::provider::{Job, Mark};

/// The newest entry, to compare with later; empty where there is none, so that whatever comes is newer. `None` where
/// an entry cannot be told from others.
pub(super) fn newest(mut actions: Vec<Action>) -> Option<Mark> {
    newest_first(&mut actions);
    match actions.into_iter().next() {
        None => Some(Mark(String::new())),
        Some(first) => first.request_id.filter(|id| !id.is_empty()).map(Mark),
    }
}

/// The entry of an operation of this kind that is newer than the mark. Among several, one that did not fail: a
/// server that was rebooted once must not be rebooted again because another attempt came to nothing.
pub(super) fn newer_than(mark: &Mark, verb: Verb, mut actions: Vec<Action>) -> Option<Action> {
    newest_first(&mut actions);
    let is_marked = |action: &Action| action.request_id.as_deref() == Some(&*mark.0);
    let known = if mark.0.is_empty() { actions.len() } else { actions.iter().position(is_marked)? };
    actions.truncate(known);
    actions.retain(|action| is_of(verb, action));
    let good = actions.iter().rposition(|action| failure(action).is_none());
    match good {
        Some(at) => Some(actions.swap_remove(at)),
        None => actions.pop(),
    }
}

/// Nova lists the newest first; where the times say otherwise they are believed.
fn newest_first(actions: &mut [Action]) {
    let time = |action: Option<&Action>| action.and_then(|action| action.start_time.clone());
    if let (Some(first), Some(last)) = (time(actions.first()), time(actions.last()))
        && first < last
    {
        actions.reverse();
    }
}

fn is_of(verb: Verb, action: &Action) -> bool {
    let wanted = match verb {
        Verb::Reboot => "reboot",
        Verb::Delete => "delete",
        Verb::Rename | Verb::PowerOn | Verb::PowerOff | Verb::Suspend => return false,
    };
    action.verb.as_deref().is_some_and(|word| word.eq_ignore_ascii_case(wanted))
}

/// What an entry says, read before the server was; `moving`: something is under way on the server.
pub(super) fn job(action: &Action, moving: bool) -> Job {
    if let Some(why) = failure(action) {
        return Job::Failed(why);
    }
    let events = action.events.as_deref().unwrap_or_default();
    let finished = events.iter().all(|event| event.finish_time.is_some());
    match (moving, finished) {
        (true, _) => Job::Running,
        (false, true) => Job::Succeeded,
        // It ended between the two reads, or its end was never written down.
        (false, false) => Job::NoRecords,
    }
}

/// Why an action failed, if it did.
pub(super) fn failure(action: &Action) -> Option<String> {
    let mut events = action.events.iter().flatten();
    let failed = events.find(|event| event.result.as_deref().is_some_and(|word| word.starts_with("Error")));
    let message = action.message.as_deref().filter(|text| !text.is_empty());
    if failed.is_none() && message.is_none() {
        return None;
    }
    let details = failed.and_then(|event| event.details.as_deref()).filter(|text| !text.is_empty());
    let word = action.verb.as_deref().unwrap_or("the action");
    let request = action.request_id.as_deref().unwrap_or("its request");
    let why = details.or(message).unwrap_or("Error");
    Some(format!("the server's history says that {word} failed: {why} ({request})"))
}
