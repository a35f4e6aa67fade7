//! When a call is sent again, by the table of the contract: only when it certainly did not take effect or is
//! harmless to repeat.

use super::answer::Answer;
use super::client::Policy;
use super::request::Nature;
use crate::provider::{Error, ErrorKind};
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use std::time::Duration;

/// Attempts at one call, the first included.
const MAX_ATTEMPTS: usize = 5;

/// Attempts when each one ran into the time limit: a black hole is not worth five of them.
const MAX_TIMEOUTS: usize = 2;

/// The waits between attempts: jittered, growing.
pub(super) fn delays() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(Duration::from_secs(8))
        .with_max_times(MAX_ATTEMPTS - 1)
        .with_jitter()
        .build()
}

/// Whether an answer is worth asking again.
pub(super) fn after_answer(answer: &Answer, nature: Nature, policy: Policy) -> bool {
    match (answer.status, nature) {
        (503, Nature::Change) => policy.resend_changes_on_503,
        // Too large for now, as RFC 9110 section 15.5.14 has it; without a time it is too large for good.
        (413, _) => answer.retry_after.is_some(),
        (429, _) | (408 | 500 | 502 | 503 | 504, Nature::Read) => true,
        _ => false,
    }
}

/// Whether a call that got no answer may be sent again; `attempts` counts those already made.
pub(super) fn after_error(error: &Error, timed_out: bool, nature: Nature, attempts: usize) -> bool {
    match (error.kind, nature) {
        (ErrorKind::Unreachable, _) => true,
        (ErrorKind::LostAnswer, Nature::Read) => !timed_out || attempts < MAX_TIMEOUTS,
        _ => false,
    }
}
