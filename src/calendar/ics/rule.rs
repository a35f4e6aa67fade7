//! RRULE, as holidays need it: what comes every year, or every few years.

use super::lines::Line;
use super::value::{When, date, date_time};
use super::{Result, wrong};
use crate::calendar::dates::LAST_YEAR;
use crate::calendar::mistake::quote;
use jiff::civil::{Date, Weekday};

/// A yearly rule.
#[derive(Debug)]
pub(super) struct Rule {
    interval: i16,
    count: Option<usize>,
    until: Option<When>,
    months: Vec<i8>,
    month_days: Vec<i8>,
    /// Weekdays, each with which of its month or year, from the end where negative; without, all of them.
    weekdays: Vec<(Option<i8>, Weekday)>,
}

const DAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Monday),
    ("TU", Weekday::Tuesday),
    ("WE", Weekday::Wednesday),
    ("TH", Weekday::Thursday),
    ("FR", Weekday::Friday),
    ("SA", Weekday::Saturday),
    ("SU", Weekday::Sunday),
];

impl Rule {
    pub(super) fn parse(line: &Line<'_>, start: &When) -> Result<Self> {
        let mut rule = Self {
            interval: 1,
            count: None,
            until: None,
            months: Vec::new(),
            month_days: Vec::new(),
            weekdays: Vec::new(),
        };
        let mut seen: Vec<String> = Vec::new();
        for part in line.value.trim().split(';').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let key = key.trim().to_ascii_uppercase();
            if seen.contains(&key) {
                return wrong(line.number, format!("RRULE has {key} twice"));
            }
            if rule.part(&key, value.trim(), start).is_none() {
                let text = format!(
                    "RRULE part {} is not understood; known are FREQ=YEARLY, INTERVAL, COUNT, UNTIL, BYMONTH, \
                     BYMONTHDAY, BYDAY and WKST",
                    quote(part)
                );
                return wrong(line.number, text);
            }
            seen.push(key);
        }
        let has = |key: &str| seen.iter().any(|seen| seen == key);
        match () {
            () if !has("FREQ") => wrong(line.number, "RRULE has no FREQ"),
            () if has("COUNT") && has("UNTIL") => wrong(line.number, "RRULE has both COUNT and UNTIL"),
            () if has("BYMONTHDAY") && rule.weekdays.iter().any(|(nth, _)| nth.is_some()) => {
                wrong(line.number, "RRULE has BYMONTHDAY beside a numbered BYDAY")
            }
            () => Ok(rule),
        }
    }

    fn part(&mut self, key: &str, value: &str, start: &When) -> Option<()> {
        match key {
            "FREQ" => value.eq_ignore_ascii_case("YEARLY").then_some(()),
            "INTERVAL" => value.parse().ok().filter(|n| (1..=200).contains(n)).map(|n| self.interval = n),
            "COUNT" => value.parse().ok().filter(|n| *n >= 1).map(|n| self.count = Some(n)),
            "UNTIL" => {
                let zone = match start {
                    When::Date(_) => jiff::tz::TimeZone::UTC,
                    When::Time { zone, .. } => zone.clone(),
                };
                let until = date(value).map(When::Date).or_else(|| date_time(value, &zone))?;
                self.until = Some(until);
                Some(())
            }
            "BYMONTH" => numbers(value, 1, 12).map(|all| self.months = all),
            "BYMONTHDAY" => {
                let all = numbers(value, -31, 31)?;
                self.month_days = all;
                Some(())
            }
            "BYDAY" => {
                let all = value.split(',').map(weekday).collect::<Option<Vec<_>>>()?;
                self.weekdays = all;
                Some(())
            }
            // Weeks are not counted by any of the parts that are known.
            "WKST" => DAYS.iter().any(|(day, _)| day.eq_ignore_ascii_case(value)).then_some(()),
            _ => None,
        }
    }

    /// Its dates from the first on, at most `most` and one more, within the known years; without regard to the hour of
    /// UNTIL.
    pub(super) fn dates(&self, first: Date, most: usize) -> Vec<Date> {
        let count = self.count.unwrap_or(usize::MAX).min(most + 1);
        let last = self.until.as_ref().map_or(Date::MAX, |until| {
            // The hour is looked at afterwards, where it is known; a zone is at most a day away.
            until.date().tomorrow().unwrap_or(Date::MAX)
        });
        let mut all = Vec::new();
        let mut year = first.year();
        while year <= LAST_YEAR && all.len() < count {
            let mut dates = self.in_year(year, first);
            dates.retain(|date| (first..=last).contains(date));
            if year > last.year() {
                break;
            }
            all.extend(dates);
            year += self.interval;
        }
        all.truncate(count);
        all
    }

    /// Whether UNTIL lets an occurrence be.
    pub(super) fn reaches(&self, when: &When) -> bool {
        match (&self.until, when) {
            (None, _) => true,
            (Some(When::Time { local, zone }), When::Time { local: at, zone: own }) => {
                let instant =
                    |local, zone: &jiff::tz::TimeZone| zone.to_ambiguous_timestamp(local).compatible().ok();
                instant(*at, own) <= instant(*local, zone)
            }
            (Some(until), when) => when.date() <= until.date(),
        }
    }

    fn in_year(&self, year: i16, first: Date) -> Vec<Date> {
        let in_months = |months: &[i8], day: &dyn Fn(Date) -> bool| {
            let starts = months.iter().filter_map(|month| Date::new(year, *month, 1).ok());
            starts.flat_map(month_of).filter(|date| day(*date)).collect::<Vec<Date>>()
        };
        let all: [i8; 12] = std::array::from_fn(|at| i8::try_from(at + 1).unwrap_or(1));
        let given = if self.months.is_empty() { &all[..] } else { &self.months[..] };
        let of_month = |date: Date| {
            let from_end = date.day() - date.days_in_month() - 1;
            self.month_days.contains(&date.day()) || self.month_days.contains(&from_end)
        };
        if !self.weekdays.is_empty() {
            let whole_year = self.months.is_empty();
            return in_months(given, &|date| {
                self.is_weekday(date, whole_year) && (self.month_days.is_empty() || of_month(date))
            });
        }
        if !self.month_days.is_empty() {
            return in_months(given, &of_month);
        }
        let own = [first.month()];
        in_months(if self.months.is_empty() { &own } else { given }, &|date| date.day() == first.day())
    }

    /// Numbered weekdays count within the year, or within each month where months are given.
    fn is_weekday(&self, date: Date, whole_year: bool) -> bool {
        let (at, length) = if whole_year {
            (date.day_of_year(), date.days_in_year())
        } else {
            (i16::from(date.day()), i16::from(date.days_in_month()))
        };
        self.weekdays.iter().any(|(nth, day)| {
            let fits = match nth {
                None => true,
                Some(nth) if *nth > 0 => (at - 1) / 7 + 1 == i16::from(*nth),
                Some(nth) => (length - at) / 7 + 1 == -i16::from(*nth),
            };
            fits && date.weekday() == *day
        })
    }
}

fn month_of(start: Date) -> impl Iterator<Item = Date> {
    (1..=start.days_in_month()).filter_map(move |day| Date::new(start.year(), start.month(), day).ok())
}

fn numbers(text: &str, least: i8, most: i8) -> Option<Vec<i8>> {
    let mut all = text
        .split(',')
        .map(|one| one.trim().parse::<i8>().ok().filter(|n| (least..=most).contains(n) && *n != 0))
        .collect::<Option<Vec<i8>>>()?;
    all.sort_unstable();
    all.dedup();
    Some(all)
}

/// `MO`, `1MO`, `-1SU`.
fn weekday(text: &str) -> Option<(Option<i8>, Weekday)> {
    let text = text.trim();
    let split = text.len().checked_sub(2).filter(|at| text.is_char_boundary(*at))?;
    let (number, day) = text.split_at(split);
    let (_, day) = DAYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(day))?;
    if number.is_empty() {
        return Some((None, *day));
    }
    let number = number.strip_prefix('+').unwrap_or(number).parse::<i8>().ok();
    number.filter(|n| (1..=53).contains(&n.abs())).map(|n| (Some(n), *day))
}
