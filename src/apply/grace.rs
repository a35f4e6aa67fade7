//! The time that a guest is given to shut down before the plug is pulled, where the plan says how long that is.

use super::executor::Executor;
use super::follow::Pace;
use super::judge::readable;
use super::step::{CallEnd, Subject, seen};
use crate::model::{EvidenceLevel, LiveServer, Operation, Power, Verb};
use std::time::Duration;
use tokio::time::Instant;

/// The longest that a guest is given to shut down before the plug is pulled, where nobody says how long.
const LONGEST_DEFAULT: Duration = Duration::from_mins(5);

/// A way to carry out a step.
#[derive(Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) operation: &'a Operation,
    /// Whether there is another way where this one does not work.
    pub(super) has_fallback: bool,
    /// How long the guest is given at least, where the plan says so.
    pub(super) grace: Option<Duration>,
    /// What evidence a reboot must leave to be done.
    pub(super) require: Option<EvidenceLevel>,
}

impl<'a> Way<'a> {
    /// A call that nothing comes after.
    pub(super) fn last(operation: &'a Operation, require: Option<EvidenceLevel>) -> Self {
        Self { operation, has_fallback: false, grace: None, require }
    }

    /// How long the effect of the call is waited for, where a connection gives its operations `settle`. A grace is
    /// never cut short by that.
    pub(super) fn limit(&self, settle: Duration) -> Duration {
        match (self.grace, self.has_fallback && self.operation.verb() == Verb::PowerOff) {
            (Some(grace), _) => grace,
            (None, true) => (settle / 2).min(LONGEST_DEFAULT),
            (None, false) => settle,
        }
    }
}

impl Executor<'_> {
    /// What came of a graceful call once its grace has passed: that it came to nothing before is no reason to pull
    /// the plug earlier than was reviewed. `taken` is when the call was taken.
    pub(super) async fn through_grace(
        &self,
        subject: &Subject<'_>,
        grace: Duration,
        taken: Instant,
        why: String,
    ) -> CallEnd {
        let mut pace = Pace::until(taken + grace);
        let off = |live: &LiveServer| live.state.settled_power() == Some(Power::Off);
        // A stop does not end it: what is in flight is followed to its end.
        while pace.wait().await {
            if let Ok(Some(live)) = subject.link.provider.get(subject.id).await
                && off(&live)
            {
                return CallEnd::Step(seen("live state is off"));
            }
        }
        CallEnd::CameToNothing(format!("not off within its grace of {}: {why}", readable(grace)))
    }
}
