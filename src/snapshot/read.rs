//! Reads a snapshot with suspicion: it may come from anywhere, and a plan is made from every word of it.

use super::document::{FORMAT_VERSION, Snapshot};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::HashSet;
use std::time::Duration;

/// The most bytes of a snapshot: several million servers.
pub const MOST_BYTES: u64 = 1 << 30;

/// So far a snapshot may seem to come from the future: clocks differ.
pub const CLOCK_SKEW: Duration = Duration::from_secs(60);

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
