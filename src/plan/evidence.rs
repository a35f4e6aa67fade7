//! Reboots that would count as done before the server is back, and must not: others wait for it.

use super::change::Change;
use super::inputs::Inputs;
use crate::model::{Address, EvidenceLevel, Roster, Verb};
use std::collections::HashSet;

/// What is said of a reboot that is waited for although `accepted` would do.
const NOTE: &str = "waited for until it is back: others depend on it";

/// `require_evidence: accepted` is left out where the server must be back before anything else goes on: before a
/// health check is asked, before steps that come after it, before the next wave, and in a group of `availability:`.
/// A server that is still restarting would count as on otherwise. It is left out of the plan, and with that out of the
/// ledger: whoever recovers waits too.
pub(super) fn keep_waiting(changes: &mut [Change], inputs: &Inputs<'_>) {
    if !changes.iter().any(reboots_blindly) {
        return;
    }
    let roster = Roster::new(inputs.desired);
    let groups = inputs.availability.iter().flat_map(|rule| roster.members(&rule.select));
    let mut needed: HashSet<Address> = groups.map(|at| inputs.desired[at].address.clone()).collect();
    let waits = changes.iter().flat_map(|change| &change.steps).flat_map(|step| &step.after);
    needed.extend(waits.map(|other| other.address.clone()));
    for change in changes.iter_mut().filter(|change| reboots_blindly(change)) {
        let is_needed = change.wave.is_some() || needed.contains(&change.address);
        for step in &mut change.steps {
            let is_blind = step.require_evidence == Some(EvidenceLevel::Accepted);
            if is_blind && (is_needed || step.healthy_when.is_some()) {
                step.require_evidence = None;
                step.note =
                    Some(step.note.take().map_or_else(|| NOTE.into(), |note| format!("{note}; {NOTE}")));
            }
        }
    }
}

fn reboots_blindly(change: &Change) -> bool {
    change.step(Verb::Reboot).is_some_and(|step| step.require_evidence == Some(EvidenceLevel::Accepted))
}
