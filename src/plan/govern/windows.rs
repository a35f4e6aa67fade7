//! Windows: what may not run at the instant of the plan waits until it may.

use crate::model::{Labels, Verb, Waiting, Window, Windows};
use crate::plan::change::Change;
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

/// Why a change may not begin at an instant, if so: one of its actions waits for a window.
pub fn closed_by_now(windows: &[Window], change: &Change, labels: &Labels, now: Timestamp) -> Option<String> {
    let windows = Windows::at(windows, now);
    windows.waiting(&change.actions, (&change.address, labels)).map(|found| words(&found))
}

fn words(found: &Waiting) -> String {
    match &found.until_local {
        Some(until) => format!("waiting for window {} until {until}", found.window),
        None => format!("waiting for window {}, which does not open within a year", found.window),
    }
}
