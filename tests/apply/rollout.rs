//! Waves: when the calls of each reached the simulator, and what is not called once a gate has closed.

use crate::rig::Setup;
use crate::stage::{SETTLE, Stage, hostway, outcome};
use crate::timeline::timed;
use fleetform::apply::ChangeOutcome::{Done, Failed, NotStarted};
use fleetform::apply::{ChangeResult, Limits, execute};
use fleetform::model::{OffKind, Operation, Period};
use fleetform::plan::{Change, Wave};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::sync::watch;

const OFF: Operation = Operation::PowerOff { method: OffKind::NotToldApart };

/// Where this provider takes its power calls.
const CALLS: &str = "/action";

fn stage(servers: usize) -> Stage {
    let servers = (0..servers).map(|n| json!({ "name": format!("s{n}"), "power": "on" })).collect();
    Stage::with(hostway(), &Setup { settle: "100ms", ..Setup::servers(servers) })
}

/// A change per server, in the wave that is given for it.
fn changes(stage: &Stage, waves: &[u64], pause: Option<&str>, stop_after_failures: u64) -> Vec<Change> {
    let wave = |number: u64| Wave {
        rollout: 1,
        servers: "all servers".into(),
        sizes: "1, rest".into(),
        number,
        of: *waves.iter().max().unwrap(),
        pause: pause.map(|text| Period::parse(text).unwrap()),
        stop_after_failures,
    };
    let change = |(at, number): (usize, &u64)| Change {
        wave: Some(wave(*number)),
        ..stage.change(&format!("s{at}"), OFF)
    };
    waves.iter().enumerate().map(change).collect()
}

/// The calls of these servers are refused for good.
fn refuse(stage: &Stage, names: &[&str]) {
    for name in names {
        let path = format!("/servers/{}/action", stage.bench.id(name));
        let rule = json!({ "path": path, "count": "all", "fault": { "status": { "code": 403 } } });
        stage.bench.running.add_fault(rule).unwrap();
    }
}

fn accepted(stage: &Stage) -> u64 {
    stage.bench.running.stats().servers.iter().map(|server| server.tally.accepted).sum()
}

async fn run(stage: &Stage, changes: &[Change], parallelism: usize) -> Vec<ChangeResult> {
    let (_sender, stop) = watch::channel(false);
    let (journal, links) = (stage.journal(), stage.bench.links(SETTLE));
    execute(changes, &links, &journal, &(), Limits { parallelism }, stop).await
}

#[tokio::test]
async fn a_wave_begins_when_the_one_before_is_at_its_end_and_the_pause_has_passed() {
    let stage = stage(6);
    let all = changes(&stage, &[2, 1, 2, 3, 3, 3], Some("600ms"), 1);
    let (results, calls) = timed(&stage.bench.running, run(&stage, &all, 16)).await;
    assert!(outcome(&results).iter().all(|outcome| *outcome == Done), "{results:?}");
    let at = calls.of(CALLS);
    assert_eq!(at.len(), 6);
    for (first, next) in [(0, 1), (2, 3)] {
        let gap = at[next].saturating_sub(at[first]);
        // The call's effect, 100 ms later, ends the wave.
        assert!(gap >= Duration::from_millis(680), "{gap:?} in {at:?}");
    }
    for (first, last) in [(1, 2), (3, 5)] {
        assert!(at[last].saturating_sub(at[first]) < Duration::from_millis(500), "side by side: {at:?}");
    }
}

#[tokio::test]
async fn a_failure_of_a_wave_closes_the_gate_and_nothing_more_is_sent() {
    let stage = stage(4);
    refuse(&stage, &["s0"]);
    let results = run(&stage, &changes(&stage, &[1, 2, 2, 3], None, 1), 16).await;
    assert_eq!(outcome(&results), [Failed, NotStarted, NotStarted, NotStarted], "{results:?}");
    let detail = &results[3].detail;
    assert_eq!(detail, "the rollout of all servers was stopped: 1 change failed");
    assert_eq!(accepted(&stage), 0);
}

#[tokio::test]
async fn fewer_failures_than_allowed_let_it_go_on_and_they_are_counted_over_all_waves() {
    let stage = stage(5);
    refuse(&stage, &["s0", "s2"]);
    let results = run(&stage, &changes(&stage, &[1, 2, 2, 3, 3], None, 2), 16).await;
    assert_eq!(outcome(&results), [Failed, Done, Failed, NotStarted, NotStarted], "{results:?}");
    assert_eq!(accepted(&stage), 1);
}

#[tokio::test]
async fn what_waits_for_its_turn_within_a_wave_is_not_started_either() {
    let stage = stage(4);
    refuse(&stage, &["s0", "s1", "s2", "s3"]);
    let results = run(&stage, &changes(&stage, &[1, 1, 1, 1], None, 1), 1).await;
    let failed = outcome(&results).iter().filter(|outcome| **outcome == Failed).count();
    assert_eq!(failed, 1, "{results:?}");
}

#[tokio::test]
async fn a_change_of_no_rollout_waits_for_none() {
    let stage = stage(3);
    refuse(&stage, &["s0"]);
    let mut all = changes(&stage, &[1, 2, 2], None, 1);
    all[2].wave = None;
    let results = run(&stage, &all, 16).await;
    assert_eq!(outcome(&results), [Failed, NotStarted, Done], "{results:?}");
}

#[tokio::test]
async fn a_pause_ends_at_once_when_the_run_is_interrupted() {
    let stage = stage(2);
    let all = changes(&stage, &[1, 2], Some("1h"), 1);
    let (sender, stop) = watch::channel(false);
    let (journal, links) = (stage.journal(), stage.bench.links(SETTLE));
    let begun = Instant::now();
    let work = execute(&all, &links, &journal, &(), Limits { parallelism: 4 }, stop);
    let interrupt = async {
        crate::rig::eventually(|| stage.records().contains(&"done".to_owned())).await;
        sender.send(true).unwrap();
    };
    let (results, ()) = tokio::join!(work, interrupt);
    assert_eq!(outcome(&results), [Done, NotStarted]);
    assert_eq!(results[1].detail, "interrupted");
    assert!(begun.elapsed() < Duration::from_secs(5));
}
