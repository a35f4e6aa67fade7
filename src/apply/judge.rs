//! Judges what is seen of a change: done, still under way, failed, never arrived, or not to be known. Pure: it is
//! given each observation and the time, and looks at nothing else.

use crate::ledger::EvidenceLevel;
use crate::model::{LiveServer, LiveState, Operation, Power, ServerName};
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
        }
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
        if matches!(verdict, Judgement::Done(_)) {
            self.level = Some(self.level_of(&seen.job));
        }
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

    /// Everything but a reboot is done when live state shows it.
    fn level_of(&self, job: &Job) -> EvidenceLevel {
        match (self.operation, job) {
            (Operation::Reboot { .. }, Job::Succeeded) => EvidenceLevel::JobFinished,
            (Operation::Reboot { .. }, _) if self.last_motion.is_none() => EvidenceLevel::Accepted,
            _ => EvidenceLevel::Observed,
        }
    }

    /// What is known when time is up; `live` is what was seen last, if anything was.
    pub(super) fn out_of_time(&self, live: Option<&LiveServer>) -> Judgement {
        let seen = live.map_or_else(|| "could not be read".into(), |live| format!("is {}", live.state));
        let text = format!("after {} it {seen}", readable(self.settle));
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
mod tests {
    use super::*;
    use crate::model::{OffKind, RebootKind};

    const SETTLE: Duration = Duration::from_mins(10);
    const USUAL: Duration = Duration::from_mins(1);
    const REBOOT: Operation = Operation::Reboot { method: RebootKind::Soft };
    const OFF: Operation = Operation::PowerOff { method: OffKind::Graceful };

    /// What is judged of a series of looks, each with its second, a settled power and a job.
    fn judged(operation: &Operation, accepted: bool, looks: &[(u64, Power, Job)]) -> Judgement {
        let same = |a: &ServerName, b: &ServerName| a == b;
        let mut watch = Watch::new(operation, &same, accepted, USUAL, SETTLE);
        let mut last = Judgement::Wait;
        for (seconds, power, job) in looks {
            assert_eq!(last, Judgement::Wait, "before {seconds} s");
            let live = Some(LiveServer::new("1", "a", LiveState::Settled(*power)));
            last = watch.judge(&Observation { live, job: job.clone() }, Duration::from_secs(*seconds));
        }
        last
    }

    #[test]
    fn a_power_change_whose_job_is_done_is_waited_for_until_the_state_shows_it() {
        let lagging =
            [(5, Power::On, Job::Running), (70, Power::On, Job::Succeeded), (300, Power::On, Job::Succeeded)];
        assert_eq!(judged(&OFF, true, &lagging), Judgement::Wait);
        let late = [&lagging[..], &[(400, Power::Off, Job::Succeeded)]].concat();
        assert!(matches!(judged(&OFF, true, &late), Judgement::Done(_)));
        let never = [&lagging[..], &[(601, Power::On, Job::Succeeded)]].concat();
        assert!(matches!(judged(&OFF, true, &never), Judgement::Failed(_)));
    }

    #[test]
    fn without_records_the_state_alone_decides_and_is_given_its_time() {
        let gone = [(5, Power::On, Job::NoRecords), (200, Power::On, Job::NoRecords)];
        assert_eq!(judged(&OFF, true, &gone), Judgement::Wait);
        let done = [&gone[..], &[(300, Power::Off, Job::NoRecords)]].concat();
        assert!(matches!(judged(&OFF, true, &done), Judgement::Done(_)));
        assert_eq!(judged(&OFF, false, &[(59, Power::On, Job::NoRecords)]), Judgement::Wait);
        assert!(matches!(
            judged(&OFF, false, &[(61, Power::On, Job::NoRecords)]),
            Judgement::NeverArrived(_)
        ));
    }

    #[test]
    fn a_reboot_whose_answer_was_lost_is_never_said_to_have_not_arrived_without_records() {
        assert_eq!(judged(&REBOOT, false, &[(59, Power::On, Job::NoRecords)]), Judgement::Wait);
        assert!(matches!(judged(&REBOOT, false, &[(61, Power::On, Job::NoRecords)]), Judgement::Unknown(_)));
    }

    #[test]
    fn a_record_that_is_out_of_reach_for_a_moment_does_not_end_what_it_said_was_under_way() {
        let looks =
            [(5, Power::On, Job::Running), (100, Power::On, Job::Running), (110, Power::On, Job::NoRecords)];
        assert_eq!(judged(&REBOOT, true, &looks), Judgement::Wait);
        let back = [&looks[..], &[(120, Power::On, Job::Running), (130, Power::On, Job::Succeeded)]].concat();
        assert!(matches!(judged(&REBOOT, true, &back), Judgement::Done(_)));
        let failed = [&looks[..], &[(120, Power::On, Job::Failed("no".into()))]].concat();
        assert_eq!(judged(&REBOOT, true, &failed), Judgement::Failed("no".into()));
        let gone = [&looks[..], &[(161, Power::On, Job::NoRecords)]].concat();
        assert!(matches!(judged(&REBOOT, true, &gone), Judgement::Done(_)));
    }

    #[test]
    fn what_was_seen_in_a_record_has_arrived_although_its_answer_was_lost() {
        let looks =
            [(5, Power::On, Job::Running), (70, Power::On, Job::NoRecords), (200, Power::On, Job::NoRecords)];
        assert_eq!(judged(&OFF, false, &looks), Judgement::Wait);
        assert!(matches!(judged(&REBOOT, false, &looks[..1]), Judgement::Wait));
        let lost = [(5, Power::On, Job::Running), (70, Power::On, Job::NotThere)];
        assert!(!matches!(judged(&REBOOT, false, &lost), Judgement::NeverArrived(_)));
    }
}
