//! How many calls of a connection may be under way, how fast they may follow each other, and whether it asked to
//! be left alone: one gate per connection, so that one 429 stops every caller of it.

use super::traffic::Traffic;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, sleep_until};

pub(super) struct Gate {
    slots: Semaphore,
    rate: Option<DefaultDirectRateLimiter>,
    paused_until: Mutex<Option<Instant>>,
}

impl Gate {
    /// `per_second` may be below one.
    pub(super) fn new(in_flight: usize, per_second: Option<f64>) -> Self {
        let quota = per_second.filter(|rate| *rate > 0.0 && rate.is_finite()).and_then(|rate| {
            // A burst of one: "10/s" means every tenth of a second, not ten at once and a pause.
            Quota::with_period(Duration::from_secs_f64(1.0 / rate)).map(|q| q.allow_burst(NonZeroU32::MIN))
        });
        Self {
            slots: Semaphore::new(in_flight.max(1)),
            rate: quota.map(RateLimiter::direct),
            paused_until: Mutex::new(None),
        }
    }

    /// Waits until a call may be sent. The slot is held until the permit is dropped.
    pub(super) async fn enter(&self, traffic: Option<&Traffic>) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed, so there always is a permit.
        let slot = self.slots.acquire().await.ok();
        let begun = Instant::now();
        loop {
            let until = *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
            match until {
                Some(until) if until > Instant::now() => sleep_until(until).await,
                _ => break,
            }
        }
        if let Some(rate) = &self.rate {
            use governor::clock::{Clock, DefaultClock};
            while let Err(early) = rate.check() {
                sleep(early.wait_time_from(DefaultClock::default().now())).await;
            }
        }
        if let Some(traffic) = traffic {
            traffic.wait(begun.elapsed());
        }
        slot
    }

    /// Lets nobody in for so long.
    pub(super) fn pause(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut paused = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *paused = Some(paused.map_or(until, |before| before.max(until)));
    }
}
