//! Windows: what may not run at the instant of the plan waits until it may.

use crate::model::{Address, Labels, Verb, Waiting, Window, waiting};
use crate::plan::change::Change;
use crate::plan::withhold::{Wait, WithheldBy};
use jiff::Timestamp;

/// Which actions of a change wait for a window, and why; `None` where all of them may run.
pub(in crate::plan) fn closed(
    windows: &[Window],
    change: &Change,
    labels: &Labels,
    now: Timestamp,
) -> Option<(Vec<Verb>, Wait)> {
    if windows.is_empty() {
        return None;
    }
    let waits = |verb: &Verb| waiting(windows, &[*verb], (&change.address, labels), now).is_some();
    let verbs: Vec<Verb> = change.actions.iter().copied().filter(waits).collect();
    let found = waiting(windows, &verbs, (&change.address, labels), now)?;
    Some((verbs, Wait { by: WithheldBy::Window, until: found.until, message: words(&found) }))
}

/// Why a change may not begin at an instant, if so: one of its actions waits for a window.
pub fn closed_by_now(
    windows: &[Window],
    change: &Change,
    (address, labels): (&Address, &Labels),
    now: Timestamp,
) -> Option<String> {
    waiting(windows, &change.actions, (address, labels), now).map(|found| words(&found))
}

fn words(found: &Waiting) -> String {
    match &found.until_local {
        Some(until) => format!("waiting for window {} until {until}", found.window),
        None => format!("waiting for window {}, which does not open within a year", found.window),
    }
}
