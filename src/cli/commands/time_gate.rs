//! What may not begin any more although it was planned: an apply runs for a while, and windows close meanwhile.

use crate::apply::Gate;
use crate::config::Fleet;
use crate::model::{Address, DesiredServer, Labels};
use crate::plan::{Change, Step, closed_by_now, entries_of, otherwise_by_now};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The windows and schedules of a fleet, by the clock.
pub(in crate::cli) struct TimeGate<'f> {
    fleet: &'f Fleet,
    entries: BTreeMap<Address, DesiredServer>,
}

impl<'f> TimeGate<'f> {
    pub(in crate::cli) fn new(fleet: &'f Fleet, changes: &[Change]) -> Self {
        Self { fleet, entries: entries_of(changes, &fleet.servers, &fleet.rules) }
    }
}

impl Gate for TimeGate<'_> {
    fn check(&self, change: &Change, step: &Step) -> Result<(), String> {
        let now = Timestamp::now();
        let entry = self.entries.get(&change.address);
        let labels = entry.map_or_else(Labels::default, |entry| entry.labels.clone());
        let closed = closed_by_now(&self.fleet.windows, (change, step), &labels, now);
        let closed = closed.map(|why| format!("its window closed: {why}"));
        let otherwise = || otherwise_by_now(change, entry?.schedule.as_ref()?, now);
        closed.or_else(otherwise).map_or(Ok(()), Err)
    }
}
