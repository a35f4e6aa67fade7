//! After failures: each one doubles the time until the next try, up to a bound. Jitter is up to whoever waits.

use super::past::{Effect, Effort};
use crate::ledger::PastOutcome;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// The longest wait.
const LONGEST: Duration = Duration::from_hours(1);

/// How often something failed, one time after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    /// So often.
    pub count: u32,
    /// The last time.
    pub last: Timestamp,
}

/// How long after so many failures the next try is: once, twice, four times the interval, at most an hour.
pub fn delay(failures: u32, interval: Duration) -> Duration {
    if failures == 0 {
        return Duration::ZERO;
    }
    let doubled = interval.saturating_mul(1u32.checked_shl(failures - 1).unwrap_or(u32::MAX));
    doubled.min(LONGEST.max(interval))
}

impl Failures {
    /// One more.
    pub fn another(before: Option<Self>, now: Timestamp) -> Self {
        Self { count: before.map_or(0, |before| before.count).saturating_add(1), last: now }
    }

    /// When the next try is due.
    pub fn next_try(self, interval: Duration) -> Timestamp {
        let delay = SignedDuration::try_from(delay(self.count, interval)).unwrap_or(SignedDuration::MAX);
        self.last.checked_add(delay).unwrap_or(Timestamp::MAX)
    }

    /// What both know: the ledger of earlier runs, and this one of what was never sent.
    pub fn most(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) => Some(Self { count: a.count.max(b.count), last: a.last.max(b.last) }),
            (a, b) => a.or(b),
        }
    }
}

/// The failures of watchers at the end of a server's history to bring about an effect.
pub(super) fn failures(efforts: &[&Effort], effect: &Effect) -> Option<Failures> {
    let mut found: Option<Failures> = None;
    for one in efforts.iter().rev().filter(|one| one.effect.is_about_the_same(effect)) {
        let failed = matches!(one.outcome, PastOutcome::Failed | PastOutcome::NoEffect);
        if !failed || !one.by_watch || one.effect != *effect {
            break;
        }
        let last = one.ended_at.unwrap_or(one.at);
        found = Some(found.map_or(Failures { count: 1, last }, |before| Failures {
            count: before.count.saturating_add(1),
            ..before
        }));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_doubles_the_wait_up_to_an_hour() {
        let minute = Duration::from_mins(1);
        let waits: Vec<u64> = (0..9).map(|failures| delay(failures, minute).as_secs() / 60).collect();
        assert_eq!(waits, [0, 1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(delay(u32::MAX, minute), LONGEST);
        assert_eq!(delay(3, Duration::from_hours(2)), Duration::from_hours(2), "never below the interval");
        let two =
            Failures::another(Some(Failures::another(None, Timestamp::UNIX_EPOCH)), Timestamp::UNIX_EPOCH);
        assert_eq!(two.next_try(minute).as_second(), 120);
    }
}
