//! A length of time as people write it: `30s`, `1h30m`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt::{self, Write};
use std::time::Duration;

/// The longest that is accepted.
const LONGEST: Duration = Duration::from_hours(7 * 24);

const UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

/// A length of time, in whole milliseconds, that is written as it is read: in fleet files and in plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(Duration);

impl Period {
    /// Reads a sum of numbers with units (`500ms`, `30s`, `1h30m`); `None` unless it is above zero and at most a week.
    pub fn parse(text: &str) -> Option<Self> {
        let mut total = Duration::ZERO;
        let mut rest = text;
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let number: u64 = rest[..digits].parse().ok()?;
            rest = &rest[digits..];
            let (unit, millis) = UNITS.into_iter().find(|(unit, _)| rest.starts_with(unit))?;
            rest = &rest[unit.len()..];
            total = total.checked_add(Duration::from_millis(number.checked_mul(millis)?))?;
        }
        (!total.is_zero() && total <= LONGEST).then_some(Self(total))
    }

    /// As the clock takes it.
    pub const fn duration(self) -> Duration {
        self.0
    }

    /// Of minutes.
    pub const fn from_mins(minutes: u64) -> Self {
        Self(Duration::from_mins(minutes))
    }

    /// Of seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

/// In the largest units that leave nothing over: `10m`, `1h30m`, `1500ms`.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        let mut text = String::new();
        for (unit, millis) in UNITS.into_iter().rev() {
            // A time of seconds and a rest reads better in milliseconds.
            let is_whole = unit != "s" || rest.is_multiple_of(millis);
            if rest >= millis && is_whole {
                // Writing to a String cannot fail.
                let _ = write!(text, "{}{unit}", rest / millis);
                rest %= millis;
            }
        }
        f.pad(&text)
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bad = || serde::de::Error::custom(format!("{text:?} is no time: write 500ms, 30s, 15m or 2h"));
        Self::parse(&text).ok_or_else(bad)
    }
}

impl schemars::JsonSchema for Period {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Period".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A length of time: 500ms, 30s, 15m, 2h, 1h30m",
            "pattern": "^([0-9]+(ms|s|m|h))+$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_have_units() {
        for (text, millis) in
            [("30s", 30_000), ("15m", 900_000), ("2h", 7_200_000), ("500ms", 500), ("1h30m", 5_400_000)]
        {
            assert_eq!(
                Period::parse(text).map(Period::duration),
                Some(Duration::from_millis(millis)),
                "{text}"
            );
        }
        for text in ["", "30", "s", "30 s", "-1s", "0s", "1d", "1.5h", "99999999999999999999s", "169h", "+1s"]
        {
            assert_eq!(Period::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_what_was_read() {
        for (text, written) in [
            ("10m", "10m"),
            ("600s", "10m"),
            ("90m", "1h30m"),
            ("1500ms", "1500ms"),
            ("61001ms", "1m1001ms"),
            ("168h", "168h"),
        ] {
            let period = Period::parse(text).unwrap();
            assert_eq!(period.to_string(), written);
            assert_eq!(Period::parse(written), Some(period));
        }
    }
}
