//! Reads a snapshot with suspicion: it may come from anywhere, and a plan is made from every word of it.

use super::document::{FORMAT_VERSION, Snapshot};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::HashSet;
use std::time::Duration;

/// The most bytes of a snapshot: several million servers.
pub const MOST_BYTES: u64 = 1 << 30;

/// So far a snapshot may seem to come from the future: clocks differ.
pub const CLOCK_SKEW: Duration = Duration::from_mins(1);

/// How old a snapshot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// Not older than asked for.
    Fresh,
    /// It is from after `now`, by more than [`CLOCK_SKEW`]: nobody knows how old it is.
    Future,
    /// Too old: so old.
    Old(Duration),
}

/// Whether the snapshot may be planned from at `now`.
pub fn age(taken_at: Timestamp, now: Timestamp, most: Duration) -> Age {
    match Duration::try_from(now.duration_since(taken_at)) {
        Ok(age) if age > most => Age::Old(age),
        Ok(_) => Age::Fresh,
        Err(_) => match Duration::try_from(taken_at.duration_since(now)) {
            Ok(ahead) if ahead <= CLOCK_SKEW => Age::Fresh,
            _ => Age::Future,
        },
    }
}

/// The part of any snapshot, of whatever version, that is read first.
#[derive(Deserialize)]
struct Versioned {
    format_version: Option<String>,
}

/// Reads a snapshot and checks its version, and that no connection is in it twice.
///
/// # Errors
/// A sentence that says what is wrong with it and what to do.
pub fn read(bytes: &[u8]) -> Result<Snapshot, String> {
    const CURE: &str = "`fleetform snapshot --out PATH` takes one";
    if bytes.is_empty() {
        return Err(format!("it is empty; {CURE}"));
    }
    let broken = |error: serde_json::Error| {
        let what = if error.is_eof() { "it is cut off" } else { "it is no snapshot" };
        format!("{what}: {error}; {CURE}")
    };
    let version: Versioned = serde_json::from_slice(bytes).map_err(broken)?;
    let Some(version) = version.format_version else {
        return Err(format!("it is no snapshot: it has no format_version; {CURE}"));
    };
    if version.split('.').next() != FORMAT_VERSION.split('.').next() {
        return Err(format!(
            "its format version is {version}, this program reads {FORMAT_VERSION}; take it with this version of \
             fleetform"
        ));
    }
    let snapshot: Snapshot = serde_json::from_slice(bytes).map_err(broken)?;
    let mut seen = HashSet::new();
    if let Some(twice) = snapshot.connections.iter().find(|connection| !seen.insert(&connection.name)) {
        return Err(format!(
            "the connection {} is in it twice: it was edited or damaged; take a new one",
            twice.name
        ));
    }
    Ok(snapshot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_to_the_second_and_clocks_may_differ_by_a_minute() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let hour = Duration::from_hours(1);
        for (taken_at, expected) in [
            ("2026-11-21T12:00:00Z", Age::Fresh),
            ("2026-11-21T11:00:00Z", Age::Fresh),
            ("2026-11-21T10:59:59Z", Age::Old(Duration::from_secs(3601))),
            ("-009999-01-02T01:59:59Z", Age::Old(Duration::from_secs(379_500_285_601))),
            ("2026-11-21T12:01:00Z", Age::Fresh),
            ("2026-11-21T12:01:00.001Z", Age::Future),
            ("9999-12-30T22:00:00Z", Age::Future),
        ] {
            assert_eq!(age(taken_at.parse().unwrap(), now, hour), expected, "{taken_at}");
        }
        assert_eq!(age(now, now, Duration::ZERO), Age::Fresh);
    }

    #[test]
    fn what_is_no_snapshot_says_why_and_what_to_do() {
        for (text, why) in [
            ("", "empty"),
            ("{", "cut off"),
            ("{\"format_version\":\"1.0\"", "cut off"),
            ("[]", "no snapshot"),
            ("null", "no snapshot"),
            ("{}", "no format_version"),
            ("{\"format_version\":\"2.1\"}", "2.1"),
            ("{\"format_version\":\"\"}", "format version"),
            ("{\"format_version\":\"1.9\"}", "missing field"),
        ] {
            let error = read(text.as_bytes()).unwrap_err();
            assert!(error.contains(why) && error.contains("take"), "{text}: {error}");
        }
    }
}
