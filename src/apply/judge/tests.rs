//! What is judged of a series of looks.

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
    assert!(matches!(judged(&OFF, false, &[(61, Power::On, Job::NoRecords)]), Judgement::NeverArrived(_)));
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

/// The judgement and the level of a reboot that was taken, after looks at a server that goes through these states.
fn required(level: EvidenceLevel, looks: &[(u64, LiveState, Job)]) -> (Judgement, Option<EvidenceLevel>) {
    let same = |a: &ServerName, b: &ServerName| a == b;
    let mut watch = Watch::new(&REBOOT, &same, true, USUAL, SETTLE).requiring(Some(level));
    let mut last = Judgement::Wait;
    for (seconds, state, job) in looks {
        assert_eq!(last, Judgement::Wait, "before {seconds} s");
        let live = Some(LiveServer::new("1", "a", state.clone()));
        last = watch.judge(&Observation { live, job: job.clone() }, Duration::from_secs(*seconds));
    }
    (last, watch.level())
}

#[test]
fn a_reboot_is_done_with_what_is_required_or_more_and_unknown_with_less() {
    let on = || LiveState::Settled(Power::On);
    let restarting = || LiveState::Transition { word: "REBOOT".into(), into: None };
    let (job, seen) = (EvidenceLevel::JobFinished, EvidenceLevel::Observed);
    let nothing = [(70, on(), Job::NoRecords), (599, on(), Job::NoRecords)];
    assert_eq!(required(job, &nothing), (Judgement::Wait, None));
    let (end, level) = required(job, &[&nothing[..], &[(600, on(), Job::NoRecords)]].concat());
    let Judgement::Unknown(why) = end else { panic!("{end:?}") };
    assert_eq!(why, "after 10 min it is on; the evidence is accepted, and job_finished is required");
    assert_eq!(level, None);
    let late = [&nothing[..1], &[(90, on(), Job::Succeeded)]].concat();
    let (end, level) = required(job, &late);
    assert!(matches!(end, Judgement::Done(_)) && level == Some(job), "{end:?}");
    assert_eq!(required(seen, &late).0, Judgement::Wait, "a job is less than having been seen");
    for end in [Job::NoRecords, Job::Succeeded] {
        let looks = [(5, restarting(), Job::Running), (70, on(), end)];
        for level in [job, seen] {
            let found = required(level, &looks);
            assert!(matches!(found.0, Judgement::Done(_)) && found.1 == Some(seen), "{found:?}");
        }
    }
    let gone = [(70, on(), Job::Failed("no".into()))];
    for level in [EvidenceLevel::Accepted, job, EvidenceLevel::BootTime] {
        assert_eq!(required(level, &gone).0, Judgement::Failed("no".into()));
    }
}

#[test]
fn that_a_reboot_waits_is_no_more_than_a_sign_that_it_was_taken() {
    let queued = LiveState::Transition { word: "pendingReboot".into(), into: None };
    let looks = [(5, queued, Job::NoRecords), (70, LiveState::NotReported, Job::NoRecords)];
    assert_eq!(required(EvidenceLevel::JobFinished, &looks).0, Judgement::Wait);
    let same = |a: &ServerName, b: &ServerName| a == b;
    let mut watch = Watch::new(&REBOOT, &same, true, USUAL, SETTLE);
    for (seconds, state, job) in looks {
        let live = Some(LiveServer::new("1", "a", state));
        watch.judge(&Observation { live, job }, Duration::from_secs(seconds));
    }
    assert_eq!(watch.level(), Some(EvidenceLevel::Accepted));
}

#[test]
fn where_acceptance_is_enough_only_a_call_that_was_taken_is_done() {
    let same = |a: &ServerName, b: &ServerName| a == b;
    let watch = |operation, taken| {
        Watch::new(operation, &same, taken, USUAL, SETTLE).requiring(Some(EvidenceLevel::Accepted))
    };
    assert!(watch(&REBOOT, true).at_once().is_some());
    assert_eq!(watch(&REBOOT, false).at_once(), None);
    assert_eq!(watch(&OFF, true).at_once(), None, "it is of reboots alone");
    let running = Observation {
        live: Some(LiveServer::new("1", "a", LiveState::Settled(Power::On))),
        job: Job::Running,
    };
    assert!(matches!(watch(&REBOOT, false).judge(&running, USUAL), Judgement::Done(_)));
}
