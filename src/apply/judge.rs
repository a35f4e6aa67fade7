//! Judges what is seen of a change: done, still under way, failed, never arrived, or not to be known. Pure: it is
//! given each observation and the time, and looks at nothing else.

use crate::ledger::EvidenceLevel;
use crate::model::{LiveServer, LiveState, Operation, Power, ServerName, Verb};
use crate::provider::{Job, Observation};
use std::time::Duration;

/// What is known of a change so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// Look again later.
    Wait,
    /// Its effect is there; how that is known.
    Done(String),
    /// It was taken and came to nothing.
    Failed(String),
    /// There is evidence that the call never arrived: it may be sent again.
    NeverArrived(String),
    /// Nothing shows its effect any more, and nothing shows that it never arrived.
    Unknown(String),
}

/// A change being watched.
pub(super) struct Watch<'a> {
    operation: &'a Operation,
    same_name: &'a dyn Fn(&ServerName, &ServerName) -> bool,
    /// Whether the provider said that it took the call; else its answer was lost.
    accepted: bool,
    /// How long an operation takes before it shows.
    quiet: Duration,
    /// How long it may take in all.
    settle: Duration,
    last_motion: Option<Duration>,
    /// When the provider's record last said that the operation was under way. A record may be out of reach for a
    /// while, or for good; until then nothing at rest is a sign of the end.
    last_running: Option<Duration>,
    is_running: bool,
    level: Option<EvidenceLevel>,
    /// Of a reboot: what must be shown before it is done.
    required: Option<EvidenceLevel>,
    /// It would be done, had less been required; how strong the evidence is.
    short: Option<EvidenceLevel>,
}

impl<'a> Watch<'a> {
    pub(super) fn new(
        operation: &'a Operation,
        same_name: &'a dyn Fn(&ServerName, &ServerName) -> bool,
        accepted: bool,
        usual_delay: Duration,
        settle: Duration,
    ) -> Self {
        let quiet = usual_delay.min(settle / 2);
        Self {
            operation,
            same_name,
            accepted,
            quiet,
            settle,
            last_motion: None,
            last_running: None,
            is_running: false,
            level: None,
            required: None,
            short: None,
        }
    }

    /// A reboot is done only with this evidence, or stronger; and with this one at once, whatever may still come.
    pub(super) fn requiring(mut self, required: Option<EvidenceLevel>) -> Self {
        self.required = required.filter(|_| self.operation.verb() == Verb::Reboot);
        self
    }

    /// What is known without a look at the server: a call that was taken, where nothing more is required.
    pub(super) fn at_once(&mut self) -> Option<String> {
        (self.required == Some(EvidenceLevel::Accepted) && self.was_taken()).then(|| {
            self.level = Some(EvidenceLevel::Accepted);
            "accepted; nothing more is required".into()
        })
    }

    /// Whether it would be done, had less evidence been required.
    pub(super) fn is_short(&self) -> bool {
        self.short.is_some()
    }

    /// Judges an observation made `elapsed` after the call.
    pub(super) fn judge(&mut self, seen: &Observation, elapsed: Duration) -> Judgement {
        // What the provider keeps a record of has arrived, whatever became of the answer.
        self.accepted |= matches!(seen.job, Job::Running | Job::Succeeded);
        self.is_running = seen.job == Job::Running;
        if self.is_running {
            self.last_running = Some(elapsed);
        }
        let verdict = match (&seen.live, self.operation) {
            (None, Operation::Delete) => Judgement::Done("the provider says that it is gone".into()),
            (None, _) => Judgement::Failed("the server does not exist any more".into()),
            (Some(live), _) => {
                if live.state.is_transition() {
                    self.last_motion = Some(elapsed);
                }
                match self.operation {
                    Operation::PowerOn | Operation::Resume => self.power(live, &seen.job, Power::On, elapsed),
                    Operation::PowerOff { .. } => self.power(live, &seen.job, Power::Off, elapsed),
                    Operation::Suspend => self.power(live, &seen.job, Power::Suspended, elapsed),
                    Operation::Reboot { .. } => self.reboot(live, &seen.job, elapsed),
                    Operation::Rename { to } => self.rename(live, to, elapsed),
                    Operation::Delete => self.delete(live, &seen.job, elapsed),
                }
            }
        };
        let verdict = self.weighed(verdict, seen);
        if verdict == Judgement::Wait && elapsed >= self.settle {
            self.out_of_time(seen.live.as_ref())
        } else {
            verdict
        }
    }

    /// How strong the evidence is that it is done; `None` until then.
    pub(super) fn level(&self) -> Option<EvidenceLevel> {
        self.level
    }

    /// Whether the provider's record, when last seen, said that the operation is under way.
    pub(super) fn is_running(&self) -> bool {
        self.is_running
    }

    /// Whether the call is known to have arrived: it was accepted, is on record, or its effect was seen beginning.
    pub(super) fn was_taken(&self) -> bool {
        self.accepted || self.last_motion.is_some()
    }

    /// What is judged done is done with the evidence that is required: with less it is waited for, in case that more
    /// is still to come.
    fn weighed(&mut self, verdict: Judgement, seen: &Observation) -> Judgement {
        self.short = None;
        match verdict {
            Judgement::Done(how) => {
                let level = self.level_of(seen);
                if self.required.is_some_and(|required| level < required) {
                    self.short = Some(level);
                    return Judgement::Wait;
                }
                self.level = Some(level);
                Judgement::Done(how)
            }
            Judgement::Wait => self.at_once().map_or(Judgement::Wait, Judgement::Done),
            other => other,
        }
    }

    /// Everything but a reboot is done when live state shows it. Where there is no live state, that a reboot waits is
    /// no more than a sign that it was taken.
    fn level_of(&self, seen: &Observation) -> EvidenceLevel {
        let shows_power = seen.live.as_ref().is_none_or(|live| live.state != LiveState::NotReported);
        match (self.operation, &seen.job) {
            (Operation::Reboot { .. }, _) if self.last_motion.is_some() && shows_power => {
                EvidenceLevel::Observed
            }
            (Operation::Reboot { .. }, Job::Succeeded) => EvidenceLevel::JobFinished,
            (Operation::Reboot { .. }, _) => EvidenceLevel::Accepted,
            _ => EvidenceLevel::Observed,
        }
    }

    /// What is known when time is up; `live` is what was seen last, if anything was.
    pub(super) fn out_of_time(&self, live: Option<&LiveServer>) -> Judgement {
        let seen = live.map_or_else(|| "could not be read".into(), |live| format!("is {}", live.state));
        let mut text = format!("after {} it {seen}", readable(self.settle));
        if let Some(required) = self.required {
            let shown = match self.short {
                Some(level) => format!("the evidence is {}", level.word()),
                None => "nothing shows the end of its reboot".into(),
            };
            text = format!("{text}; {shown}, and {} is required", required.word());
        }
        match self.operation {
            // It was taken, as far as anyone knows: never again without a word from a person.
            Operation::Reboot { .. } => Judgement::Unknown(text),
            Operation::Delete if !self.accepted && live.is_none() => Judgement::Unknown(text),
            _ => Judgement::Failed(text),
        }
    }

    /// What is known when the server cannot be looked at any more, for a reason that does not pass.
    pub(super) fn out_of_sight(&self, why: &str) -> Judgement {
        let text = format!("its effect could not be seen: {why}");
        if self.operation.verb().is_one_shot() { Judgement::Unknown(text) } else { Judgement::Failed(text) }
    }

    fn power(&self, live: &LiveServer, job: &Job, wanted: Power, elapsed: Duration) -> Judgement {
        match (&live.state, job) {
            (LiveState::Settled(power), _) if *power == wanted => {
                Judgement::Done(format!("live state is {wanted}"))
            }
            (_, Job::Failed(why)) => Judgement::Failed(why.clone()),
            (state, _) if state.is_going_away() => Judgement::Failed("it is being deleted".into()),
            (LiveState::Transition { .. }, _) | (_, Job::Running) => Judgement::Wait,
            (state, _) => match self.last_motion {
                Some(motion) if elapsed >= motion + self.quiet => {
                    Judgement::Failed(format!("it was on its way and is {state} again"))
                }
                None if !self.accepted && elapsed >= self.quiet => {
                    Judgement::NeverArrived(format!("it is {state} as before"))
                }
                _ => Judgement::Wait,
            },
        }
    }

    fn reboot(&mut self, live: &LiveServer, job: &Job, elapsed: Duration) -> Judgement {
        if live.state.is_going_away() {
            return Judgement::Failed("it is being deleted".into());
        }
        if let Job::Failed(why) = job {
            return Judgement::Failed(why.clone());
        }
        match &live.state {
            LiveState::Settled(Power::On) | LiveState::NotReported => {}
            LiveState::Settled(_) => {
                // A power cycle passes through off.
                self.last_motion = Some(elapsed);
                return Judgement::Wait;
            }
            LiveState::Transition { .. } | LiveState::Unrecognised(_) => return Judgement::Wait,
        }
        match job {
            Job::Succeeded => Judgement::Done("the provider's job has finished".into()),
            Job::Running => Judgement::Wait,
            // A provider without power states shows at most that a reboot waits, and then that it does not.
            _ if self.last_motion.is_some() && live.state == LiveState::NotReported => {
                Judgement::Done("it was queued and has begun; the provider does not show its end".into())
            }
            _ if self.last_motion.is_some() => Judgement::Done("it was seen restarting and is back".into()),
            _ if elapsed < self.last_running.unwrap_or_default() + self.quiet => Judgement::Wait,
            Job::Unclear => Judgement::Wait,
            _ if self.accepted => {
                Judgement::Done("accepted; the provider shows no other sign of a reboot".into())
            }
            Job::NotThere => Judgement::NeverArrived("the provider's list of jobs has no trace of it".into()),
            _ => {
                Judgement::Unknown("the answer was lost and the provider leaves no trace of a reboot".into())
            }
        }
    }

    fn rename(&self, live: &LiveServer, to: &ServerName, elapsed: Duration) -> Judgement {
        match &live.name {
            Some(name) if (self.same_name)(name, to) => {
                Judgement::Done("the live name is as declared".into())
            }
            Some(name) if !self.accepted && elapsed >= self.quiet => {
                Judgement::NeverArrived(format!("it is still called {name}"))
            }
            _ => Judgement::Wait,
        }
    }

    fn delete(&self, live: &LiveServer, job: &Job, elapsed: Duration) -> Judgement {
        match job {
            Job::Failed(why) => return Judgement::Failed(why.clone()),
            Job::Running | Job::Succeeded => return Judgement::Wait,
            Job::NotThere | Job::NoRecords | Job::Unclear => {}
        }
        if live.state.is_transition() || self.last_motion.is_some() || self.accepted || elapsed < self.quiet {
            return Judgement::Wait;
        }
        match job {
            Job::NotThere => Judgement::NeverArrived("the provider's list of jobs has no trace of it".into()),
            // That the server is there, at rest, is evidence enough not to call it deleted, and not enough to
            // send again at once: the next run looks afresh.
            _ => Judgement::Failed(format!(
                "the answer was lost, and the server is still there and {}",
                live.state
            )),
        }
    }
}

/// Seconds and minutes, for people.
pub fn readable(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds, seconds % 60) {
        (0, _) => format!("{} ms", time.as_millis()),
        (..120, _) => format!("{seconds} s"),
        (_, 0) => format!("{} min", seconds / 60),
        (_, rest) => format!("{} min {rest} s", seconds / 60),
    }
}

#[cfg(test)]
mod tests;
