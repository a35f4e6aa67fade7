//! Times in a zone, but for excepted dates: when they hold, and when that changes next.

use super::dates::{Dates, LAST_YEAR};
use super::times::{Times, minute};
use super::zone::Zone;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

/// Times of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// Whose wall clock.
    pub zone: Zone,
    /// Which of its times.
    pub times: Times,
    /// Local dates on which none of them counts, from 00:00 to 24:00.
    pub except: Dates,
}

impl Hours {
    /// Whether they hold at an instant.
    pub fn contain(&self, at: Timestamp) -> bool {
        self.hold_at(self.zone.rules().to_datetime(at))
    }

    /// The first instant after `after`, at or before `until`, at which they begin or cease to hold, and whether they hold
    /// from then on. Nothing is looked for beyond the last year that is known.
    pub fn next_change(&self, after: Timestamp, until: Timestamp) -> Option<(Timestamp, bool)> {
        let until = until.min(end_of_time());
        let before = self.contain(after);
        let changed = |local: DateTime| self.hold_at(local) != before;
        let mut shifts = self.zone.rules().following(after);
        let mut at = after;
        loop {
            // Between two shifts of the clock local time runs like time itself.
            let offset = self.zone.rules().to_offset(at);
            let shift = shifts.next().map(|shift| shift.timestamp()).filter(|shift| *shift <= until);
            let found = self.next_edge(offset, at, shift.unwrap_or(until), changed);
            if let Some(found) = found.filter(|found| shift.is_none_or(|shift| *found < shift)) {
                return Some((found, !before));
            }
            at = shift?;
            if changed(self.zone.rules().to_datetime(at)) {
                return Some((at, !before));
            }
        }
    }

    /// Whether there can be a change at all.
    pub fn are_always(&self) -> bool {
        self.times.are_always() && self.except.is_empty()
    }

    fn hold_at(&self, local: DateTime) -> bool {
        !self.except.contains(local.date()) && self.times.hold_at(local)
    }

    /// The first edge after `after` and at or before `until` that is a change, at one offset.
    fn next_edge(
        &self,
        offset: Offset,
        after: Timestamp,
        until: Timestamp,
        is_change: impl Fn(DateTime) -> bool,
    ) -> Option<Timestamp> {
        let (first, last) = (offset.to_datetime(after), offset.to_datetime(until).date());
        let mut date = first.date();
        let mut passed = Some(minute(first));
        while date <= last {
            while let Some(edge) = self.edge(date, passed) {
                let local = date.to_datetime(time(edge));
                if is_change(local) {
                    return offset.to_timestamp(local).ok().filter(|at| *at <= until);
                }
                passed = Some(edge);
            }
            date = date.tomorrow().ok()?;
            passed = None;
        }
        None
    }

    fn edge(&self, date: Date, after: Option<u16>) -> Option<u16> {
        let of_times = self.times.edge(date, after);
        let is_other = || {
            let yesterday = date.yesterday().is_ok_and(|yesterday| self.except.contains(yesterday));
            self.except.contains(date) != yesterday
        };
        if after.is_none() && of_times != Some(0) && is_other() { Some(0) } else { of_times }
    }
}

fn time(minute: u16) -> jiff::civil::Time {
    let part = |number: u16| i8::try_from(number).unwrap_or_default();
    jiff::civil::Time::new(part(minute / 60), part(minute % 60), 0, 0).unwrap_or_default()
}

/// The end of the last known year, everywhere.
fn end_of_time() -> Timestamp {
    let last =
        Date::new(LAST_YEAR, 12, 30).ok().and_then(|date| Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok());
    last.unwrap_or(Timestamp::MAX)
}
