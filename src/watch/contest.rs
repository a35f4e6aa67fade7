//! A server that is put right too often within a time is contested: somebody else wants something else. It is left alone until
//! it has stayed as declared for that time, a person has put it right, or the file wants something else of it.

use super::past::{Effect, Effort};
use crate::ledger::PastOutcome;
use crate::model::{Address, Budget, ServerId};
use crate::plan::is_within;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is remembered of a contested server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contest {
    /// The server: its entry may be as declared, and then no plan tells its id.
    pub id: ServerId,
    /// Since when it is left alone.
    pub since: Timestamp,
    /// How often it was put right before.
    pub corrections: u64,
    /// When what was put right was last seen undone.
    pub undone_at: Timestamp,
    /// Since when it is as declared, if it is.
    pub calm_since: Option<Timestamp>,
}

/// How often watchers have brought about this effect within the budget's time, with nothing of ours in between that did the
/// opposite. The first time after something opposite of ours is no correction: then it was another state that was wanted.
pub(super) fn corrections(efforts: &[&Effort], effect: &Effect, budget: Budget, now: Timestamp) -> u64 {
    let mut count: u64 = 0;
    let done = efforts.iter().rev().filter(|one| one.outcome == PastOutcome::Done);
    for one in done.filter(|one| one.effect.is_about_the_same(effect)) {
        if one.effect != *effect {
            return count.saturating_sub(1);
        }
        // What a person did was meant to hold: it is counted from there.
        if !one.by_watch || !is_within(one.at, budget.per.duration(), now) {
            break;
        }
        count += 1;
    }
    count
}

/// Whether a person has put the server right since.
pub(super) fn was_taken_in_hand(efforts: &[&Effort], since: Timestamp) -> bool {
    efforts.iter().any(|one| !one.by_watch && one.at >= since && one.outcome == PastOutcome::Done)
}

/// Who else may be changing the server, and what to do.
pub(super) fn message(
    address: &Address,
    contest: &Contest,
    budget: Budget,
    efforts: &[&Effort],
    reasons: &[String],
) -> String {
    let others: Vec<&&Effort> = efforts.iter().filter(|one| !one.by_watch).collect();
    let within = |one: &&&&Effort| is_within(one.at, budget.per.duration() * 2, contest.undone_at);
    let other = others.iter().rev().find(within);
    let schedule = reasons.iter().find(|reason| reason.starts_with("schedule "));
    let who = match (other, schedule) {
        (Some(one), _) => format!("{} did a {} at {:.0}", one.by, one.verb, one.at),
        (None, Some(schedule)) => format!(
            "no other run of fleetform did; {schedule} of the file wants this state now, so look for another schedule: \
             the provider's, a cron job, an autoscaler"
        ),
        (None, None) => {
            "no other run of fleetform did, so it is somebody else: another tool, the provider's console, \
                         an autoscaler, or a guest that shuts down or crashes"
                .to_owned()
        }
    };
    format!(
        "put right {} times within {} and undone again at {:.0}; {who}. It is left alone until it has stayed as declared \
         for {}, the file wants something else of it, or somebody says `fleetform apply --target {}`",
        contest.corrections,
        budget.per,
        contest.undone_at,
        budget.per,
        address.shell_word()
    )
}
