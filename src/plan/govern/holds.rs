//! Holds: people who say what a server's power is for a while, or that nothing is done to it. They beat what is
//! declared and what schedules and rules say, never a protection; of several the latest recorded holds.

use crate::model::{Address, DesiredPower, DesiredServer, Freeze, Hold, HoldTo, Power, Presence, Verb};
use crate::plan::change::Change;
use crate::plan::decide::{Case, Decision};
use crate::plan::problem::{Code, Problem, Severity};
use crate::plan::withhold::{Wait, WithheldBy};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashMap;

/// A hold in force, and how far it reaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HoldInForce {
    /// The hold.
    #[serde(flatten)]
    pub hold: Hold,
    /// How many servers of the file it selects.
    pub servers: u64,
    /// How many of these are held by one that was recorded later.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub overridden: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What a hold makes of a server.
#[derive(Clone, Copy, Debug)]
pub(in crate::plan) struct Held<'a> {
    hold: &'a Hold,
    /// What its power would be without the hold.
    without: DesiredPower,
}

/// Gives held servers their power. Without a hold in force nothing is copied.
pub(super) fn hold<'a>(
    desired: &mut Cow<'_, [DesiredServer]>,
    holds: &'a [Hold],
    now: Timestamp,
) -> (HashMap<Address, Held<'a>>, Vec<HoldInForce>) {
    let mut in_force: Vec<(&Hold, u64, u64)> =
        holds.iter().filter(|hold| hold.is_in_force(now)).map(|hold| (hold, 0, 0)).collect();
    let mut held = HashMap::new();
    if in_force.is_empty() {
        return (held, Vec::new());
    }
    let mut powers: Vec<(usize, DesiredPower)> = Vec::new();
    for (at, entry) in desired.iter().enumerate() {
        let mut first = true;
        // The latest recorded one first.
        for (hold, servers, overridden) in in_force.iter_mut().rev() {
            if !hold.selector.matches(&entry.address, &entry.labels) {
                continue;
            }
            *servers += 1;
            if !std::mem::take(&mut first) {
                *overridden += 1;
                continue;
            }
            held.insert(entry.address.clone(), Held { hold, without: entry.power });
            if let Some(power) = power_of(hold, entry) {
                powers.push((at, power));
            }
        }
    }
    if !powers.is_empty() {
        let desired = desired.to_mut();
        for (at, power) in powers {
            desired[at].power = power;
        }
    }
    let told = |(hold, servers, overridden): (&Hold, u64, u64)| HoldInForce {
        hold: hold.clone(),
        servers,
        overridden,
    };
    (held, in_force.into_iter().map(told).collect())
}

/// The power that a hold gives; `None` where it gives none, or a protection forbids it.
fn power_of(hold: &Hold, entry: &DesiredServer) -> Option<DesiredPower> {
    match hold.to.power()? {
        Power::On => Some(DesiredPower::On),
        Power::Off if !entry.protect => Some(DesiredPower::Off),
        Power::Off | Power::Suspended => None,
    }
}

impl Held<'_> {
    /// Whether this action waits while it lasts.
    pub(in crate::plan) fn withholds(&self, verb: Verb) -> bool {
        match self.hold.to {
            HoldTo::AsIs => true,
            HoldTo::On | HoldTo::Off => matches!(verb, Verb::Reboot | Verb::Delete),
        }
    }

    /// Why something waits.
    pub(in crate::plan) fn wait(&self) -> Wait {
        let Hold { to, by, until, reason, .. } = self.hold;
        let message = format!("held {to} by {by} until {until}: {reason}");
        Wait { by: WithheldBy::Hold, until: Some(*until), message }
    }

    /// Whether it keeps a server from running: those that come after it wait.
    pub(in crate::plan) fn keeps_down(&self) -> bool {
        self.hold.to != HoldTo::On
    }

    /// Decides on the server, and on a second change that waits: one that is to be deleted has its power meanwhile.
    pub(in crate::plan) fn decide(&self, case: &Case<'_>) -> (Decision, Option<Change>) {
        if self.hold.to == HoldTo::AsIs {
            return (case.decide(), None);
        }
        if case.desired.presence == Presence::Absent {
            return self.until_deleted(case);
        }
        let mut decision = case.decide();
        if case.desired.protect && self.hold.to == HoldTo::Off {
            decision.problems.push(self.vain(case, Code::Protected, "it is protected"));
            return (decision, None);
        }
        // What cannot be done because of the hold must not keep the others from being planned.
        if let Some(problem) = error_of(&decision) {
            let entry =
                |power, rebooted_since| DesiredServer { power, rebooted_since, ..case.desired.clone() };
            // Reboots wait anyway, so a problem of theirs does.
            let calm = entry(case.desired.power, None);
            let without_reboot = Case { desired: &calm, ..*case }.decide();
            let declared = entry(self.without, case.desired.rebooted_since);
            let without = Case { desired: &declared, ..*case }.decide();
            if error_of(&without_reboot).is_none() {
                decision = without_reboot;
                decision.problems.push(Problem { severity: Severity::Warning, ..problem });
            } else if error_of(&without).as_ref() != Some(&problem) {
                decision = without;
                decision.problems.push(self.vain(case, problem.code, &problem.message));
                return (decision, None);
            }
        }
        if let Some(change) = &mut decision.change {
            self.explain(change);
        }
        (decision, None)
    }

    fn until_deleted(&self, case: &Case<'_>) -> (Decision, Option<Change>) {
        let deletion = case.decide();
        if deletion.change.is_none() {
            return (deletion, None);
        }
        let kept =
            DesiredServer { presence: Presence::Present, rebooted_since: None, ..case.desired.clone() };
        let mut decision = Case { desired: &kept, ..*case }.decide();
        // Its name is nobody's business any more, and a power that it cannot be given is no reason to fail.
        let powers = [Verb::PowerOn, Verb::PowerOff, Verb::Suspend];
        decision.change = decision.change.and_then(|change| super::super::narrow::only(change, &powers).0);
        if let Some(change) = &mut decision.change {
            self.explain(change);
        }
        decision.problems.clear();
        (decision, deletion.change)
    }

    /// Says that the power is the hold's.
    fn explain(&self, change: &mut Change) {
        let powers = [Verb::PowerOn, Verb::PowerOff, Verb::Suspend];
        if !powers.into_iter().any(|verb| change.does(verb)) {
            return;
        }
        let declared = std::mem::take(&mut change.reasons);
        if change.does(Verb::Rename) || change.does(Verb::Reboot) {
            change.reasons.extend(declared.into_iter().filter(|reason| reason == "declared"));
        }
        change.reasons.push(format!("hold by {} until {}", self.hold.by, self.hold.until));
    }

    fn vain(&self, case: &Case<'_>, code: Code, why: &str) -> Problem {
        let Hold { id, to, by, until, .. } = self.hold;
        let message = format!(
            "the hold {to} by {by} until {until} is without effect on its power now: {why}; `fleetform release {id}` ends it"
        );
        Problem {
            code,
            severity: Severity::Warning,
            address: case.desired.address.clone(),
            message,
            location: Some(case.desired.location.clone()),
            cause: None,
        }
    }
}

fn error_of(decision: &Decision) -> Option<Problem> {
    decision.problems.iter().find(|problem| problem.severity == Severity::Error).cloned()
}

/// Why everything waits, where somebody froze it.
pub(in crate::plan) fn frozen(freeze: Option<&Freeze>, now: Timestamp) -> Option<Wait> {
    let Freeze { by, until, reason, .. } = freeze.filter(|freeze| freeze.is_in_force(now))?;
    let message = format!("frozen by {by} until {until}: {reason}");
    Some(Wait { by: WithheldBy::Freeze, until: Some(*until), message })
}
