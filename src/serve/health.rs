//! The two probes. They are answered to everybody, so they tell numbers and no names.

use crate::report::duration_words;
use crate::watch::Status;
use jiff::Timestamp;
use std::time::Duration;

/// Intervals without a sign of life after which the loop counts as stuck; and never sooner than [`PATIENCE`], since a
/// round that waits for a server to stop takes minutes.
const STUCK_AFTER: f64 = 20.0;
const PATIENCE: f64 = 300.0;

/// Intervals after which what was read is old; and never sooner than [`FRESH`].
const OLD_AFTER: f64 = 5.0;
const FRESH: f64 = 120.0;

/// Whether the process lives and its loop is not stuck; else why not.
pub(super) fn alive(status: &Status, now: Timestamp) -> Result<String, String> {
    let sign = status.last_round.as_ref().map_or(status.started_at, |round| round.began_at).max(status.at);
    let silent = seconds_between(sign, now);
    let limit = (status.interval * STUCK_AFTER).max(PATIENCE);
    if silent > limit {
        return Err(format!("the loop has shown no sign of life for {}", words(silent)));
    }
    Ok(format!("ok: {} rounds", status.rounds))
}

/// Whether a round has ended in which every connection was read, and lately; else why not.
pub(super) fn ready(status: &Status, now: Timestamp) -> Result<String, String> {
    if status.file.fleet.is_empty() {
        return Err("no fleet file is in force".into());
    }
    if status.last_round.is_none() {
        return Err("the first round has not ended yet".into());
    }
    let limit = (status.interval * OLD_AFTER).max(FRESH);
    let is_old = |at: Option<Timestamp>| at.is_none_or(|at| seconds_between(at, now) > limit);
    let all = status.connections.len();
    let old = status.connections.iter().filter(|one| is_old(one.read_at)).count();
    if old > 0 {
        return Err(format!("{old} of {all} connections were not read within {}", words(limit)));
    }
    if status.last_success_at.is_none() {
        return Err("no round has read every connection yet".into());
    }
    Ok(format!("ready: {all} connections"))
}

fn seconds_between(earlier: Timestamp, now: Timestamp) -> f64 {
    now.duration_since(earlier).as_secs_f64()
}

fn words(seconds: f64) -> String {
    duration_words(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}
