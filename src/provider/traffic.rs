//! What a connection costs: counted where calls are sent, read by whoever tells of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What went over a connection so far. It only grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests that were sent, every attempt and every login counted.
    pub calls: u64,
    /// Those of them without a good answer: none, a broken one, or one with a status that is neither 2xx nor the 404
    /// by which services say that a server is not there.
    pub errors: u64,
    /// How long calls waited for `rate_limit` and because the provider asked for it, summed over the calls: eight that
    /// wait for a second are eight seconds. Waiting for `max_in_flight` is not in it.
    pub waited: Duration,
}

/// Counts the traffic of one connection. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    calls: AtomicU64,
    errors: AtomicU64,
    waited_us: AtomicU64,
}

impl Meter {
    /// A request was sent.
    pub fn sent(&self) {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// It got no good answer.
    pub fn failed(&self) {
        self.0.errors.fetch_add(1, Ordering::Relaxed);
    }

    /// A call waited for a rate limit.
    pub fn waited(&self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.0.waited_us.fetch_add(us, Ordering::Relaxed);
    }

    /// The counts so far.
    pub fn traffic(&self) -> Traffic {
        Traffic {
            calls: self.0.calls.load(Ordering::Relaxed),
            errors: self.0.errors.load(Ordering::Relaxed),
            waited: Duration::from_micros(self.0.waited_us.load(Ordering::Relaxed)),
        }
    }
}
