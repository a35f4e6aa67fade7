//! Time in the simulated world: an instant of a connection's own clock, and lengths of time as people write them.

use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An instant, in milliseconds since 1970. Absolute, so that a world that was put away goes on where it would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(u64);

impl Moment {
    /// The machine's clock.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    /// An instant by its milliseconds since 1970.
    pub fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    pub fn millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since 1970.
    pub fn seconds(self) -> u64 {
        self.0 / 1000
    }

    /// This much earlier, 1970 at the earliest.
    #[must_use]
    pub fn before(self, time: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)))
    }

    /// This much later.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)))
    }

    /// The same instant on a clock that is wrong by so many milliseconds.
    #[must_use]
    pub fn skewed(self, millis: i64) -> Self {
        Self(self.0.saturating_add_signed(millis))
    }

    /// As HTTP headers write it: `Sun, 06 Nov 1994 08:49:37 GMT`.
    pub fn http_date(self) -> String {
        jiff::fmt::rfc2822::DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&self.timestamp())
            .unwrap_or_default()
    }

    /// `2026-11-20T02:00:00`: UTC, and it does not say so.
    pub fn without_zone(self) -> String {
        self.timestamp().strftime("%Y-%m-%dT%H:%M:%S").to_string()
    }

    fn timestamp(self) -> jiff::Timestamp {
        i64::try_from(self.0)
            .ok()
            .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
            .unwrap_or(jiff::Timestamp::MAX)
    }
}

/// Reads `250ms`, `2s`, `1.5s`, `3m`, `1h`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let bad = || format!("{text:?} is not a length of time: write 250ms, 2s, 1.5s, 3m or 1h");
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(bad)?;
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim() {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(bad()),
    };
    let number: f64 = number.parse().map_err(|_| bad())?;
    Duration::try_from_secs_f64(number * factor).map_err(|_| bad())
}

/// Reads a clock's error, such as `15m` (ahead) or `-15m` (behind), as milliseconds.
pub(super) fn parse_skew(text: &str) -> Result<i64, String> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let millis = parse_duration(rest)?.as_millis();
    i64::try_from(millis).map(|millis| sign * millis).map_err(|_| format!("{text:?} is too far off"))
}

/// Serde for lengths of time in world files: text on both sides.
pub(super) mod text_duration {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::time::Duration;

    pub(in super::super) fn serialize<S: Serializer>(wait: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{}ms", wait.as_millis()))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        super::parse_duration(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_as_written() {
        for (text, millis) in [("250ms", 250), ("2s", 2000), ("1.5s", 1500), ("3m", 180_000), ("0ms", 0)] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "2", "s", "2 weeks", "-2s", "1.2.3s"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        assert_eq!(parse_skew("-15m"), Ok(-900_000));
    }

    #[test]
    fn instants_are_written_as_headers_and_pages_write_them() {
        let moment = Moment::from_millis(784_111_777_000);
        assert_eq!(moment.http_date(), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(moment.without_zone(), "1994-11-06T08:49:37");
    }
}
