//! What may not begin any more although it was planned: an apply runs for a while, and windows close meanwhile.

use crate::apply::Gate;
use crate::config::Fleet;
use crate::model::{Address, DesiredServer, Labels};
use crate::plan::{Change, Step, closed_by_now, otherwise_by_now};
use jiff::Timestamp;
use std::collections::HashMap;

/// The windows and schedules of a fleet, by the clock.
pub(super) struct TimeGate<'f> {
    fleet: &'f Fleet,
    /// Asked first: people come before time.
    holds: &'f dyn Gate,
    entries: HashMap<&'f Address, &'f DesiredServer>,
}

impl<'f> TimeGate<'f> {
    pub(super) fn new(fleet: &'f Fleet, holds: &'f dyn Gate) -> Self {
        let is_timed = !fleet.windows.is_empty() || fleet.servers.iter().any(|one| one.schedule.is_some());
        let timed = fleet.servers.iter().filter(|_| is_timed);
        Self { fleet, holds, entries: timed.map(|entry| (&entry.address, entry)).collect() }
    }
}

impl TimeGate<'_> {
    fn closed(&self, change: &Change) -> Option<String> {
        let now = Timestamp::now();
        let entry = self.entries.get(&change.address);
        let labels = entry.map_or_else(Labels::default, |entry| entry.labels.clone());
        let closed = closed_by_now(&self.fleet.windows, change, &labels, now);
        closed.map(|why| format!("its window closed: {why}")).or_else(|| {
            let schedule = entry?.schedule.as_ref()?;
            otherwise_by_now(change, schedule, now)
        })
    }
}

impl Gate for TimeGate<'_> {
    fn check(&self, change: &Change, step: &Step) -> Result<(), String> {
        self.holds.check(change, step)?;
        // What has begun goes on: half of a change helps nobody.
        let begins = change.steps.first().is_some_and(|first| std::ptr::eq(first, step));
        if begins { self.closed(change).map_or(Ok(()), Err) } else { Ok(()) }
    }
}
