//! The grace of a shutdown: the plug is pulled when it has passed, not before, and only where the guest was asked.

use crate::rig::{Setup, eventually};
use crate::stage::{SETTLE, Stage, outcome};
use crate::timeline::{Timeline, timed};
use fleetform::apply::ChangeOutcome::{Done, Failed};
use fleetform::apply::{ChangeResult, Limits, execute};
use fleetform::model::{OffKind, Operation, Period};
use fleetform::plan::Change;
use fleetform::providers::find;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::watch;

const HARD: Operation = Operation::PowerOff { method: OffKind::Hard };

/// Where this provider takes its power calls: the graceful one, then the hard one.
const CALLS: &str = "servers/{operation}";

/// A provider with both ways, and a guest that may take no part in a shutdown.
fn stage(server: Value, settle: &'static str) -> Stage {
    Stage::with(find("clc").unwrap(), &Setup { settle, ..Setup::servers(vec![server]) })
}

fn off(stage: &Stage, grace: Option<&str>) -> Change {
    let mut change = stage.change("one", Operation::PowerOff { method: OffKind::Graceful });
    change.steps[0].fallback = Some(HARD);
    change.steps[0].grace = grace.map(|text| Period::parse(text).unwrap());
    change
}

async fn run(stage: &Stage, change: Change, settle: Duration) -> (ChangeResult, Timeline) {
    let (_sender, stop) = watch::channel(false);
    let (journal, links, changes) = (stage.journal(), stage.bench.links(settle), [change]);
    let work = execute(&changes, &links, &journal, &(), Limits { parallelism: 4 }, stop);
    let (mut results, calls) = timed(&stage.bench.running, work).await;
    (results.pop().unwrap(), calls)
}

fn deaf() -> Value {
    json!({ "name": "one", "power": "on", "attributes": { "no_guest": true } })
}

#[tokio::test]
async fn the_plug_is_pulled_when_the_grace_has_passed_and_not_when_the_shutdown_came_to_nothing() {
    let stage = stage(deaf(), "100ms");
    let (result, calls) = run(&stage, off(&stage, Some("1500ms")), SETTLE).await;
    assert_eq!(result.outcome, Done, "{}", result.detail);
    let waited = calls.of(CALLS)[1].saturating_sub(calls.of(CALLS)[0]);
    assert!(waited >= Duration::from_millis(1490), "{waited:?}");
    assert!(
        result.detail.contains("by power off (hard) after: not off within its grace of 1"),
        "{}",
        result.detail
    );
    assert_eq!(calls.of(CALLS).len(), 2);
}

#[tokio::test]
async fn without_a_grace_of_its_own_it_is_pulled_as_soon_as_the_shutdown_has_come_to_nothing() {
    let stage = stage(deaf(), "100ms");
    let (result, calls) = run(&stage, off(&stage, None), Duration::from_secs(10)).await;
    assert_eq!(result.outcome, Done, "{}", result.detail);
    let waited = calls.of(CALLS)[1].saturating_sub(calls.of(CALLS)[0]);
    assert!(waited < Duration::from_secs(3), "{waited:?}");
}

#[tokio::test]
async fn a_settle_time_that_is_shorter_does_not_cut_the_grace_short() {
    let stage = stage(json!({ "name": "one", "power": "on" }), "1200ms");
    let (result, calls) = run(&stage, off(&stage, Some("5s")), Duration::from_millis(400)).await;
    assert_eq!(result.outcome, Done, "{}", result.detail);
    assert_eq!(calls.of(CALLS).len(), 1, "{:?}", calls.0);
    assert_eq!(result.detail, "live state is off");
}

#[tokio::test]
async fn a_shutdown_that_is_refused_has_no_grace() {
    for grace in [None, Some("1h")] {
        let stage = stage(json!({ "name": "one", "power": "on" }), "100ms");
        let rule = json!({ "path": "*shutDown", "count": "all", "fault": { "status": { "code": 400 } } });
        stage.bench.running.add_fault(rule).unwrap();
        let (result, calls) = run(&stage, off(&stage, grace), SETTLE).await;
        assert_eq!(result.outcome, Done, "{}", result.detail);
        assert_eq!(calls.of(CALLS).len(), 2, "{:?}", calls.0);
        assert!(result.seconds < 5.0 && result.detail.contains("by power off (hard)"), "{}", result.detail);
    }
}

#[tokio::test]
async fn interrupted_within_its_grace_the_shutdown_is_followed_and_the_plug_is_not_pulled() {
    let stage = stage(deaf(), "100ms");
    let (sender, stop) = watch::channel(false);
    let (journal, links, changes) =
        (stage.journal(), stage.bench.links(SETTLE), [off(&stage, Some("900ms"))]);
    let work = execute(&changes, &links, &journal, &(), Limits { parallelism: 4 }, stop);
    let asked = || stage.bench.running.stats().calls.iter().any(|call| call.route.contains(CALLS));
    let interrupt = async {
        eventually(asked).await;
        sender.send(true).unwrap();
    };
    let ((results, ()), calls) = timed(&stage.bench.running, async { tokio::join!(work, interrupt) }).await;
    assert_eq!(outcome(&results), [Failed]);
    assert!(
        results[0].detail.contains("interrupted, so power off (hard) was not sent"),
        "{}",
        results[0].detail
    );
    assert_eq!(calls.of(CALLS).len(), 1, "{:?}", calls.0);
}
