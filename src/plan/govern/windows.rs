//! Windows: what may not run at the instant of the plan waits until it may.

use crate::model::{Labels, Verb, Waiting, Window, Windows};
use crate::plan::change::{Change, Step};
use crate::plan::withhold::{Wait, WithheldBy};
use jiff::Timestamp;

/// Which actions of a change wait for a window, and why; `None` where all of them may run.
pub(in crate::plan) fn closed(
    windows: &Windows<'_>,
    change: &Change,
    labels: &Labels,
) -> Option<(Vec<Verb>, Wait)> {
    let server = (&change.address, labels);
    let verbs: Vec<Verb> =
        change.actions.iter().copied().filter(|verb| !windows.allow(*verb, server)).collect();
    let found = windows.waiting(&verbs, server)?;
    Some((verbs, Wait { by: WithheldBy::Window, until: found.until, message: words(&found) }))
}

/// Why a step may not begin at an instant, if so: its action waits for a window. A step that only leads to the actions
/// of its change, such as a resume before a stop, waits with them.
pub fn closed_by_now(
    windows: &[Window],
    (change, step): (&Change, &Step),
    labels: &Labels,
    now: Timestamp,
) -> Option<String> {
    let windows = Windows::at(windows, now);
    let verb = [step.operation.verb()];
    let verbs = if change.does(verb[0]) { &verb[..] } else { &change.actions[..] };
    windows.waiting(verbs, (&change.address, labels)).map(|found| words(&found))
}

fn words(found: &Waiting) -> String {
    match &found.until_local {
        Some(until) => format!("waiting for window {} until {until}", found.window),
        None => format!("waiting for window {}, which does not open within a year", found.window),
    }
}
