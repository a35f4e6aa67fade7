//! Cron's five fields, for its times alone: `0 8 * * 1-5`. Nothing is triggered by them: a schedule asks which of two
//! came last.

use super::mistake::{Mistake, quote};
use jiff::civil::{Date, DateTime, Time};

/// One of five fields.
struct Field {
    what: &'static str,
    least: u32,
    most: u32,
    /// Names of its values, from `least` on.
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { what: "minute", least: 0, most: 59, names: &[] },
    Field { what: "hour", least: 0, most: 23, names: &[] },
    Field { what: "day of the month", least: 1, most: 31, names: &[] },
    Field {
        what: "month",
        least: 1,
        most: 12,
        names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    },
    Field {
        what: "day of the week",
        least: 0,
        most: 7,
        names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    },
];

const EXAMPLE: &str = "write minute, hour, day of the month, month and day of the week: 0 8 * * 1-5";

/// From a 29 February to the next but one without a leap year in between (1896 to 1904), in days, and a little more.
const LONGEST_WAIT: usize = 8 * 366 + 31;

/// Points in local time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cron {
    /// Bits of the values of each field.
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// As in cron: where both day fields are restricted, either is enough.
    either_day: bool,
}

impl Cron {
    pub(super) fn parse(text: &str) -> Result<Self, Mistake> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = words[..] else {
            let message = if text.trim_start().starts_with('@') {
                format!("{} is a nickname; five fields are expected", quote(text))
            } else {
                format!("{} has {} fields, five are expected", quote(text), words.len())
            };
            return Err(Mistake::new(message, EXAMPLE));
        };
        let [minute, hour, day, month, weekday] = &FIELDS;
        let mut cron = Self {
            minutes: minute.parse(minutes)?,
            hours: hour.parse(hours)?,
            days: day.parse(days)?,
            months: month.parse(months)?,
            weekdays: weekday.parse(weekdays)?,
            either_day: !days.starts_with('*') && !weekdays.starts_with('*'),
        };
        // 7 is Sunday as well.
        cron.weekdays |= cron.weekdays >> 7;
        if cron.never_comes() {
            let message = format!("{} never comes: no such month has such a day", quote(text));
            return Err(Mistake::new(message, "give a day that the month has"));
        }
        Ok(cron)
    }

    fn never_comes(&self) -> bool {
        let longest = |month: u32| match month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let has_day = |month: u32| (1..=longest(month)).any(|day| self.days & (1 << day) != 0);
        !self.either_day && !(1..=12).any(|month| self.months & (1 << month) != 0 && has_day(month))
    }

    fn falls_on(&self, date: Date) -> bool {
        let has = |bits: u64, value: i8| bits & (1 << value) != 0;
        let day = has(self.days, date.day());
        let weekday = has(self.weekdays, date.weekday().to_sunday_zero_offset());
        has(self.months, date.month()) && if self.either_day { day || weekday } else { day && weekday }
    }

    /// The last of its points at or before a local time.
    pub(super) fn last(&self, until: DateTime) -> Option<DateTime> {
        let mut date = until.date();
        let (mut hour, mut minute) = (until.hour(), until.minute());
        for _ in 0..LONGEST_WAIT {
            if self.falls_on(date)
                && let Some(time) = self.last_of_day(hour, minute)
            {
                return Some(date.to_datetime(time));
            }
            // Of a month that is not meant no day is looked at.
            let is_month = self.months & (1 << date.month()) != 0;
            date = if is_month { date } else { date.first_of_month() }.yesterday().ok()?;
            (hour, minute) = (23, 59);
        }
        None
    }

    fn last_of_day(&self, hour: i8, minute: i8) -> Option<Time> {
        let found = (0..=hour).rev().filter(|h| self.hours & (1 << h) != 0).find_map(|h| {
            let most = if h == hour { minute } else { 59 };
            Some((h, (0..=most).rev().find(|m| self.minutes & (1 << m) != 0)?))
        });
        found.and_then(|(h, m)| Time::new(h, m, 0, 0).ok())
    }

    /// The first minute of a date after `after` that is one of its points.
    pub(super) fn edge(&self, date: Date, after: Option<u16>) -> Option<u16> {
        if !self.falls_on(date) {
            return None;
        }
        let from = after.map_or(0, |after| after + 1);
        (from / 60..24).filter(|hour| self.hours & (1 << hour) != 0).find_map(|hour| {
            let first = if hour == from / 60 { from % 60 } else { 0 };
            Some(hour * 60 + (first..60).find(|minute| self.minutes & (1 << minute) != 0)?)
        })
    }
}

impl Field {
    /// The bits of its values.
    fn parse(&self, text: &str) -> Result<u64, Mistake> {
        text.split(',').try_fold(0, |bits, part| Ok(bits | self.part(part)?))
    }

    fn part(&self, text: &str) -> Result<u64, Mistake> {
        let (range, step) = match text.split_once('/') {
            None => (text, None),
            Some((range, step)) => (range, Some(step)),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (self.least, self.last()),
            Some((from, to)) => (self.value(from)?, self.value(to)?),
            None if step.is_some() => {
                let cure = format!("write */2, or a range such as {}-{}/2", self.least, self.last());
                return Err(self.mistake(text, "has a step without a range", &cure));
            }
            None => (self.value(range)?, self.value(range)?),
        };
        if from > to {
            return Err(self.mistake(text, "goes backwards", "write two values or ranges, with a comma"));
        }
        let step = match step.map(str::parse::<usize>) {
            None => 1,
            Some(Ok(step)) if (1..=self.most as usize).contains(&step) => step,
            Some(_) => {
                return Err(self.mistake(text, "has no such step", "a step is a number from 1, as in */2"));
            }
        };
        Ok((from..=to).step_by(step).fold(0, |bits, value| bits | 1 << value))
    }

    /// The last value of `*`: Sunday is not counted twice.
    fn last(&self) -> u32 {
        self.most.min(if self.names.len() == 7 { 6 } else { self.most })
    }

    fn value(&self, text: &str) -> Result<u32, Mistake> {
        let by_name = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let number = || {
            let digits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
            if digits { text.parse().ok() } else { None }
        };
        let value = by_name.and_then(|at| u32::try_from(at).ok()).map(|at| at + self.least).or_else(number);
        value.filter(|value| (self.least..=self.most).contains(value)).ok_or_else(|| {
            let names = match self.names {
                [first, .., last] => format!(" or {first} to {last}"),
                _ => String::new(),
            };
            let cure = format!(
                "write {} to {}{names}, *, a list 1,3, a range 1-3 or a step */2",
                self.least, self.most
            );
            self.mistake(text, "is not understood", &cure)
        })
    }

    fn mistake(&self, text: &str, why: &str, cure: &str) -> Mistake {
        Mistake::new(format!("the {} {} {why}", self.what, quote(text)), cure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cron(text: &str) -> Cron {
        Cron::parse(text).unwrap_or_else(|mistake| panic!("{text}: {mistake}"))
    }

    fn last(text: &str, at: &str) -> String {
        cron(text).last(at.parse().unwrap()).map_or_else(|| "never".into(), |at| at.to_string())
    }

    #[test]
    fn the_last_point_at_or_before_a_time() {
        for (text, at, found) in [
            ("0 8 * * 1-5", "2026-11-21T12:00:00", "2026-11-20T08:00:00"),
            ("0 8 * * 1-5", "2026-11-20T08:00:59", "2026-11-20T08:00:00"),
            ("0 8 * * 1-5", "2026-11-20T07:59:59", "2026-11-19T08:00:00"),
            ("*/15 8-18 * * mon-FRI", "2026-11-20T23:00:00", "2026-11-20T18:45:00"),
            ("0 0 29 2 *", "2104-02-28T12:00:00", "2096-02-29T00:00:00"),
            ("0 0 29 2 *", "1904-02-28T12:00:00", "1896-02-29T00:00:00"),
            ("30 6 1 * *", "2026-01-01T06:29:00", "2025-12-01T06:30:00"),
            // Either of the two day fields is enough where both are restricted.
            ("0 0 13 * 5", "2026-11-20T12:00:00", "2026-11-20T00:00:00"),
            ("0 0 13 * 5", "2026-10-15T12:00:00", "2026-10-13T00:00:00"),
            ("0 0 */2 * 5", "2026-11-22T12:00:00", "2026-11-13T00:00:00"),
            ("0 0 * * 7", "2026-11-21T12:00:00", "2026-11-15T00:00:00"),
            ("0 0 * * 5-7", "2026-11-21T12:00:00", "2026-11-21T00:00:00"),
            ("0 12 24 dec *", "2026-11-21T12:00:00", "2025-12-24T12:00:00"),
        ] {
            assert_eq!(last(text, at), found, "{text} at {at}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_what_was_expected() {
        for (text, says) in [
            ("", "0 fields"),
            ("0 8 * *", "4 fields"),
            ("0 0 8 * * 1", "6 fields"),
            ("@daily", "nickname"),
            ("60 * * * *", "the minute \"60\""),
            ("0 24 * * *", "the hour \"24\""),
            ("0 0 0 * *", "the day of the month \"0\""),
            ("0 0 * 13 *", "jan to dec"),
            ("0 0 * * 8", "sun to sat"),
            ("0 0 * * fri-mon", "goes backwards"),
            ("0 0 L * *", "not understood"),
            ("0 0 ? * *", "not understood"),
            ("5/10 * * * *", "step without a range"),
            ("*/0 * * * *", "no such step"),
            ("*/x * * * *", "no such step"),
            ("0 0 30 2 *", "never comes"),
            ("0 0 31 4,6,9,11 *", "never comes"),
            ("1,,2 * * * *", "not understood"),
        ] {
            let mistake = Cron::parse(text).unwrap_err().to_string();
            assert!(mistake.contains(says), "{text:?}: {mistake}");
        }
    }

    #[test]
    fn edges_of_a_day_come_in_order() {
        let half_hours = cron("*/30 9-10 * * *");
        let date = "2026-11-20".parse().unwrap();
        let mut found = Vec::new();
        let mut after = None;
        while let Some(edge) = half_hours.edge(date, after) {
            found.push(edge);
            after = Some(edge);
        }
        assert_eq!(found, [540, 570, 600, 630]);
        assert_eq!(cron("59 23 * * *").edge(date, Some(1439)), None);
        assert_eq!(cron("0 0 * * 1").edge(date, None), None);
    }
}
