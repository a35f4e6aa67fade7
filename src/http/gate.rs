//! How many calls of a connection may be under way, how fast they may follow each other, and whether it asked to
//! be left alone: one gate per connection, so that one 429 stops every caller of it.

use super::client::Limits;
use super::pace::{End, Pace};
use crate::provider::Meter;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, sleep_until};

pub(super) struct Gate {
    slots: Semaphore,
    adaptive: Mutex<Adaptive>,
    rate: Option<DefaultDirectRateLimiter>,
    paused_until: Mutex<Option<Instant>>,
    meter: Meter,
}

struct Adaptive {
    pace: Pace,
    /// Slots that are to go as soon as their calls have ended.
    owed: usize,
}

/// A place among the calls that are under way, until it is dropped.
pub(super) struct Slot<'g> {
    gate: &'g Gate,
    permit: Option<SemaphorePermit<'g>>,
    epoch: u64,
}

impl Gate {
    /// `per_second` may be below one.
    pub(super) fn new(limits: Limits) -> Self {
        Self::counted(limits, Meter::default())
    }

    /// With the meter that counts what passes.
    pub(super) fn counted(limits: Limits, meter: Meter) -> Self {
        let quota = limits.per_second.filter(|rate| *rate > 0.0 && rate.is_finite()).and_then(|rate| {
            // A burst of one: "10/s" means every tenth of a second, not ten at once and a pause.
            Quota::with_period(Duration::from_secs_f64(1.0 / rate)).map(|q| q.allow_burst(NonZeroU32::MIN))
        });
        let pace = Pace::new(limits.in_flight);
        Self {
            slots: Semaphore::new(pace.limit()),
            adaptive: Mutex::new(Adaptive { pace, owed: 0 }),
            rate: quota.map(RateLimiter::direct),
            paused_until: Mutex::new(None),
            meter,
        }
    }

    /// Counts what passes.
    pub(super) fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Waits until a call may be sent.
    pub(super) async fn enter(&self) -> Slot<'_> {
        // The semaphore is never closed, so there always is a permit.
        let permit = self.slots.acquire().await.ok();
        let mut slot = Slot { gate: self, permit, epoch: 0 };
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
        self.meter.waited(begun.elapsed());
        slot.epoch = self.adaptive().pace.epoch();
        slot
    }

    /// Lets nobody in for so long.
    pub(super) fn pause(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut paused = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *paused = Some(paused.map_or(until, |before| before.max(until)));
    }

    fn adaptive(&self) -> MutexGuard<'_, Adaptive> {
        self.adaptive.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot<'_> {
    /// The call, of this kind, has ended: the number of slots follows from how.
    pub(super) fn ended(self, kind: u64, end: End) {
        let mut adaptive = self.gate.adaptive();
        let before = adaptive.pace.limit();
        adaptive.pace.ended(kind, self.epoch, end);
        let now = adaptive.pace.limit();
        if now < before {
            adaptive.owed += before - now - self.gate.slots.forget_permits(before - now);
            tracing::debug!(calls = now, "the provider is slow or asks for fewer calls at once");
        } else if now > before {
            let forgiven = adaptive.owed.min(now - before);
            adaptive.owed -= forgiven;
            self.gate.slots.add_permits(now - before - forgiven);
        }
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut adaptive = self.gate.adaptive();
        if adaptive.owed > 0
            && let Some(permit) = self.permit.take()
        {
            adaptive.owed -= 1;
            permit.forget();
        }
    }
}
