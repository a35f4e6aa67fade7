//! Polls a server until a judgement is reached, with growing intervals.

use super::Link;
use super::judge::{Judgement, Watch};
use crate::provider::{ErrorKind, Observation, Trail};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The first wait, where no provider is asked for the effect of a call; later ones grow.
const FIRST: Duration = Duration::from_millis(150);

/// The first look comes within this part of the time that an operation is given, whatever the provider's usual pace
/// is: who gives it seconds wants to know within them.
const FIRST_SHARE: u32 = 10;

/// The longest wait between two looks.
const LONGEST: Duration = Duration::from_secs(10);

/// Growing intervals, bounded by what is left until a deadline.
pub(super) struct Pace {
    next: Duration,
    deadline: Instant,
}

impl Pace {
    pub(super) fn until(deadline: Instant) -> Self {
        Self { next: FIRST, deadline }
    }

    /// For the effect of a call that is given so long.
    fn following(link: &Link, started: Instant, limit: Duration) -> Self {
        let next = link.capabilities.first_look.min((limit / FIRST_SHARE).max(FIRST));
        Self { next, deadline: started + limit }
    }

    /// Waits for the next look; false once the deadline has passed.
    pub(super) async fn wait(&mut self) -> bool {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        sleep(self.next.min(left)).await;
        self.next = self.next.mul_f64(1.4).min(LONGEST);
        true
    }
}

/// Follows a call until it is done, failed, or time is up. An observation that fails is tried again until then.
pub(super) async fn follow(
    link: &Link,
    trail: Trail<'_>,
    watch: &mut Watch<'_>,
    limit: Duration,
) -> Judgement {
    let started = Instant::now();
    let mut pace = Pace::following(link, started, limit);
    let mut last: Option<Observation> = None;
    while pace.wait().await {
        match link.provider.observe(trail).await {
            Ok(seen) => {
                let judgement = watch.judge(&seen, started.elapsed());
                if judgement != Judgement::Wait {
                    return judgement;
                }
                last = Some(seen);
            }
            // What somebody in between says of a path says nothing of the server: only credentials that are refused
            // stay refused.
            Err(error) if matches!(error.kind, ErrorKind::Auth | ErrorKind::Forbidden) => {
                return watch.out_of_sight(&error.to_string());
            }
            Err(error) => {
                tracing::debug!(id = %trail.id, %error, "could not look at the server; looking again");
                last = None;
            }
        }
    }
    watch.out_of_time(last.as_ref().and_then(|seen| seen.live.as_ref()))
}
