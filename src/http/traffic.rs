//! How much a connection has been used, for whoever shows it: counts that only grow.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The counts of one connection; shared with everybody who opens it anew.
#[derive(Debug, Default)]
pub struct Traffic {
    calls: AtomicU64,
    errors: AtomicU64,
    waited_ms: AtomicU64,
}

impl Traffic {
    /// Requests that were sent.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Those that were not answered, or with 429 or 5xx.
    pub fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    /// How long requests waited for rate limits, ours and the provider's.
    pub fn waited(&self) -> Duration {
        Duration::from_millis(self.waited_ms.load(Ordering::Relaxed))
    }

    pub(super) fn called(&self, well: bool) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.errors.fetch_add(u64::from(!well), Ordering::Relaxed);
    }

    pub(super) fn wait(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.waited_ms.fetch_add(ms, Ordering::Relaxed);
    }
}
