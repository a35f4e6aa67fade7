//! Values of dates, times and durations.

use super::lines::Line;
use super::{Result, wrong};
use crate::calendar::mistake::quote;
use crate::calendar::zone::{Zone, foreign};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span};

/// A date, or a time in a zone.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum When {
    Date(Date),
    Time { local: DateTime, zone: TimeZone },
}

impl When {
    /// Its date, in its own zone.
    pub(super) fn date(&self) -> Date {
        match self {
            Self::Date(date) => *date,
            Self::Time { local, .. } => local.date(),
        }
    }

    /// The same on another date.
    pub(super) fn on(&self, date: Date) -> Self {
        match self {
            Self::Date(_) => Self::Date(date),
            Self::Time { local, zone } => {
                Self::Time { local: date.to_datetime(local.time()), zone: zone.clone() }
            }
        }
    }
}

/// The values of a line such as DTSTART or EXDATE: its parameters say of which kind they are. `zone` is the schedule's,
/// which times without any zone are in.
pub(super) fn whens(line: &Line<'_>, zone: &Zone) -> Result<Vec<When>> {
    if let Some((key, _)) =
        line.parameters.iter().find(|(key, _)| key != "VALUE" && key != "TZID" && !key.starts_with("X-"))
    {
        return wrong(line.number, format!("{} with {key} is not understood", line.name));
    }
    let kind = line.parameter("VALUE").unwrap_or("DATE-TIME");
    let is_date = kind.eq_ignore_ascii_case("DATE");
    if !is_date && !kind.eq_ignore_ascii_case("DATE-TIME") {
        return wrong(line.number, format!("{} of the kind {} is not understood", line.name, quote(kind)));
    }
    let of_zone = match line.parameter("TZID") {
        None => zone.rules().clone(),
        Some(id) => {
            let Some(rules) = foreign(id) else {
                let text = format!("the zone {} is no IANA name; nothing else is understood", quote(id));
                return wrong(line.number, text);
            };
            rules
        }
    };
    let one = |text: &str| {
        let text = text.trim();
        let found = if is_date { date(text).map(When::Date) } else { date_time(text, &of_zone) };
        let expected = if is_date { "20261224" } else { "20261224T080000Z" };
        match found {
            Some(when) => Ok(when),
            None => wrong(
                line.number,
                format!("{} {} is not understood; expected is {expected}", line.name, quote(text)),
            ),
        }
    };
    line.value.split(',').map(one).collect()
}

/// `20261224`.
pub(super) fn date(text: &str) -> Option<Date> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i16>().ok();
    let is_plain = text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
    let small = |number: i16| i8::try_from(number).ok();
    let parsed = || Date::new(number(0..4)?, small(number(4..6)?)?, small(number(6..8)?)?).ok();
    if is_plain { parsed() } else { None }
}

/// `20261224T080000`, with a `Z` in UTC.
pub(super) fn date_time(text: &str, zone: &TimeZone) -> Option<When> {
    let (plain, zone) = match text.strip_suffix('Z') {
        Some(plain) => (plain, TimeZone::UTC),
        None => (text, zone.clone()),
    };
    let (day, time) = plain.split_once('T')?;
    let digits = time.len() == 6 && time.bytes().all(|b| b.is_ascii_digit());
    let part = |range: std::ops::Range<usize>| time.get(range)?.parse::<i8>().ok();
    let time =
        if digits { Time::new(part(0..2)?, part(2..4)?, part(4..6)?.min(59), 0).ok()? } else { return None };
    Some(When::Time { local: date(day)?.to_datetime(time), zone })
}

/// How long an event is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Length {
    /// By the calendar.
    pub(super) days: i32,
    /// By the clock.
    pub(super) rest: SignedDuration,
}

/// `P1D`, `P2W`, `PT1H30M`, `P1DT12H`.
pub(super) fn length(line: &Line<'_>) -> Result<Length> {
    let text = line.value.trim();
    let expected =
        || wrong(line.number, format!("DURATION {} is not understood; expected is P1D or PT8H", quote(text)));
    let Some(body) = text.strip_prefix('+').unwrap_or(text).strip_prefix('P').filter(|body| !body.is_empty())
    else {
        return expected();
    };
    let (days, clock) = body.split_once('T').map_or((body, None), |(days, clock)| (days, Some(clock)));
    let Some(days) = units(days, &[('W', 7), ('D', 1)]) else { return expected() };
    let seconds = match clock {
        None => 0,
        Some(clock) => match units(clock, &[('H', 3600), ('M', 60), ('S', 1)]) {
            Some(seconds) if !clock.is_empty() => seconds,
            _ => return expected(),
        },
    };
    match i32::try_from(days) {
        Ok(days) => Ok(Length { days, rest: SignedDuration::from_secs(seconds) }),
        Err(_) => expected(),
    }
}

/// The sum of numbers with units, each unit at most once and in this order.
fn units(mut text: &str, units: &[(char, i64)]) -> Option<i64> {
    let mut sum: i64 = 0;
    for (unit, size) in units {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 && text[digits..].starts_with(*unit) {
            sum = sum.checked_add(text[..digits].parse::<i64>().ok()?.checked_mul(*size)?)?;
            text = &text[digits + 1..];
        }
    }
    text.is_empty().then_some(sum).filter(|sum| *sum <= 400 * 86_400)
}

/// Days later, by the calendar.
pub(super) fn days_later(date: Date, days: i32) -> Option<Date> {
    Span::new().try_days(i64::from(days)).ok().and_then(|span| date.checked_add(span).ok())
}
