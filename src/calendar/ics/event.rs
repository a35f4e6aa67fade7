//! One event: which dates it covers.

use super::lines::Line;
use super::rule::Rule;
use super::value::{Length, When, days_later, length, whens};
use super::{Result, wrong};
use crate::calendar::dates::{Dates, FIRST_YEAR, LAST_YEAR};
use crate::calendar::zone::Zone;
use jiff::SignedDuration;
use jiff::civil::Date;

/// The longest event, in days: nobody rests longer.
const LONGEST: i32 = 366;

/// An event's lines that have to do with dates.
pub(super) struct Event<'l> {
    number: u32,
    start: Option<&'l Line<'l>>,
    end: Option<&'l Line<'l>>,
    duration: Option<&'l Line<'l>>,
    rule: Option<&'l Line<'l>>,
    more: Vec<&'l Line<'l>>,
    less: Vec<&'l Line<'l>>,
    cancelled: bool,
}

impl<'l> Event<'l> {
    pub(super) fn new(number: u32) -> Self {
        Self {
            number,
            start: None,
            end: None,
            duration: None,
            rule: None,
            more: Vec::new(),
            less: Vec::new(),
            cancelled: false,
        }
    }

    /// Takes a line; texts and what else has no dates is passed over.
    pub(super) fn take(&mut self, line: &'l Line<'_>) -> Result<()> {
        let slot = match line.name.as_str() {
            "DTSTART" => &mut self.start,
            "DTEND" => &mut self.end,
            "DURATION" => &mut self.duration,
            "RRULE" => &mut self.rule,
            "RDATE" => {
                self.more.push(line);
                return Ok(());
            }
            "EXDATE" => {
                self.less.push(line);
                return Ok(());
            }
            "EXRULE" | "RECURRENCE-ID" => {
                return wrong(line.number, format!("{} is not understood", line.name));
            }
            "STATUS" => {
                self.cancelled |= line.is("CANCELLED");
                return Ok(());
            }
            _ => return Ok(()),
        };
        if slot.is_some() {
            return wrong(line.number, format!("the event has a second {}", line.name));
        }
        *slot = Some(line);
        Ok(())
    }

    /// Adds the dates in `zone` that it covers; an event that was cancelled covers none.
    pub(super) fn add_to(self, dates: &mut Dates, zone: &Zone, left: &mut usize) -> Result<()> {
        let Some(start_line) = self.start else { return wrong(self.number, "the event has no DTSTART") };
        let start = single(start_line, zone)?;
        let length = self.length(&start, start_line.number, zone)?;
        let starts = self.occurrences(&start, zone, left)?;
        if self.cancelled {
            return Ok(());
        }
        for one in starts {
            let Some((first, last)) = covered(&one, length, zone) else {
                return wrong(start_line.number, "the event lies outside of the years that are known");
            };
            dates.insert(first, last);
        }
        Ok(())
    }

    fn length(&self, start: &When, number: u32, zone: &Zone) -> Result<Length> {
        let days = |days| Length { days, rest: SignedDuration::ZERO };
        let length = match (self.end, self.duration) {
            (Some(_), Some(line)) => return wrong(line.number, "the event has both DTEND and DURATION"),
            (None, None) => days(i32::from(matches!(start, When::Date(_)))),
            (None, Some(line)) => {
                let length = length(line)?;
                if matches!(start, When::Date(_)) && !length.rest.is_zero() {
                    return wrong(line.number, "an event of whole days lasts whole days, such as P1D");
                }
                length
            }
            (Some(line), None) => match (start, single(line, zone)?) {
                (When::Date(from), When::Date(to)) if to >= *from => {
                    // Some programs let a day end on itself.
                    days(from.until(to).map_or(i32::MAX, |span| span.get_days()).max(1))
                }
                (When::Time { local, zone }, When::Time { local: end, zone: end_zone }) => {
                    let from = zone.to_ambiguous_timestamp(*local).compatible();
                    let to = end_zone.to_ambiguous_timestamp(end).compatible();
                    match (from, to) {
                        (Ok(from), Ok(to)) if to >= from => Length { days: 0, rest: to.duration_since(from) },
                        _ => return wrong(line.number, "the event ends before it begins"),
                    }
                }
                (When::Date(_), When::Date(_)) => {
                    return wrong(line.number, "the event ends before it begins");
                }
                _ => return wrong(line.number, "DTSTART and DTEND must both be dates or both be times"),
            },
        };
        if length.days > LONGEST || length.rest > SignedDuration::from_hours(24 * i64::from(LONGEST)) {
            return wrong(number, format!("the event is longer than {LONGEST} days"));
        }
        Ok(length)
    }

    /// When it begins each time, within the known years.
    fn occurrences(&self, start: &When, zone: &Zone, left: &mut usize) -> Result<Vec<When>> {
        let mut all = match self.rule {
            None => vec![start.clone()],
            Some(line) => {
                let rule = Rule::parse(line, start)?;
                let found = rule.dates(start.date(), *left);
                if !found.contains(&start.date()) {
                    return wrong(line.number, "DTSTART is none of the dates of its RRULE");
                }
                found.into_iter().map(|date| start.on(date)).filter(|when| rule.reaches(when)).collect()
            }
        };
        for line in &self.more {
            for when in whens(line, zone)? {
                if std::mem::discriminant(&when) != std::mem::discriminant(start) {
                    return wrong(line.number, "RDATE and DTSTART must both be dates or both be times");
                }
                all.push(when);
            }
        }
        for line in &self.less {
            let gone = whens(line, zone)?;
            if gone.iter().any(|when| std::mem::discriminant(when) != std::mem::discriminant(start)) {
                return wrong(line.number, "EXDATE and DTSTART must both be dates or both be times");
            }
            all.retain(|when| !gone.iter().any(|gone| same(gone, when)));
        }
        *left = match left.checked_sub(all.len().max(1)) {
            Some(left) => left,
            None => return wrong(self.number, "the events of the file recur too often"),
        };
        all.retain(|when| (FIRST_YEAR - 1..=LAST_YEAR).contains(&when.date().year()));
        Ok(all)
    }
}

fn single(line: &Line<'_>, zone: &Zone) -> Result<When> {
    let mut all = whens(line, zone)?.into_iter();
    match (all.next(), all.next()) {
        (Some(one), None) => Ok(one),
        _ => wrong(line.number, format!("{} has several values", line.name)),
    }
}

/// Whether two are the same moment, however they are written.
fn same(a: &When, b: &When) -> bool {
    match (a, b) {
        (When::Time { local: a, zone: x }, When::Time { local: b, zone: y }) => {
            let at = |local, zone: &jiff::tz::TimeZone| zone.to_ambiguous_timestamp(local).compatible().ok();
            at(*a, x) == at(*b, y)
        }
        _ => a == b,
    }
}

/// The first and the last date that an occurrence covers.
fn covered(start: &When, length: Length, zone: &Zone) -> Option<(Date, Date)> {
    match start {
        When::Date(date) => Some((*date, days_later(*date, length.days.max(1) - 1)?)),
        When::Time { local, zone: own } => {
            let from = own.to_ambiguous_timestamp(*local).compatible().ok()?;
            let later = days_later(local.date(), length.days)?.to_datetime(local.time());
            let to = own.to_ambiguous_timestamp(later).compatible().ok()?.checked_add(length.rest).ok()?;
            let first = zone.rules().to_datetime(from).date();
            // What ends at midnight does not cover the day that begins then.
            let last = to.checked_sub(SignedDuration::from_nanos(1)).ok()?.max(from);
            Some((first, zone.rules().to_datetime(last).date()))
        }
    }
}
