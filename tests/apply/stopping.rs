//! The stop flag: nothing new is started, what is in flight is followed to its end.

use crate::rig::{Setup, eventually};
use crate::stage::{SETTLE, Stage, gogrid, hostway, outcome};
use fleetform::apply::ChangeOutcome::{Done, NotStarted};
use fleetform::apply::{Limits, execute};
use fleetform::model::{OffKind, Operation};
use serde_json::json;
use tokio::sync::watch;

const OFF: Operation = Operation::PowerOff { method: OffKind::Hard };

#[tokio::test]
async fn stopped_before_it_begins_nothing_is_sent() {
    let stage = Stage::new(gogrid());
    let (_sender, stop) = watch::channel(true);
    let changes = [stage.change("runs", OFF), stage.change("spare", Operation::Delete)];
    let before = stage.bench.calls();
    let links = stage.bench.links(SETTLE);
    let results = execute(&changes, &links, &stage.journal(), &(), Limits { parallelism: 4 }, stop).await;
    assert_eq!(outcome(&results), [NotStarted, NotStarted]);
    assert!(results.iter().all(|result| result.detail.contains("interrupted")));
    assert_eq!(stage.bench.calls(), before);
}

#[tokio::test]
async fn what_is_in_flight_is_finished_and_the_rest_is_not_started() {
    let servers = (0..6).map(|n| json!({ "name": format!("s{n}"), "power": "on" })).collect();
    let stage = Stage::with(gogrid(), &Setup { settle: "500ms", ..Setup::servers(servers) });
    let changes: Vec<_> = (0..6).map(|n| stage.change(&format!("s{n}"), OFF)).collect();
    let (sender, stop) = watch::channel(false);
    let journal = stage.journal();
    let links = stage.bench.links(SETTLE);
    let work = execute(&changes, &links, &journal, &(), Limits { parallelism: 2 }, stop);
    let accepted = || stage.bench.running.stats().servers.iter().map(|s| s.tally.accepted).sum::<u64>();
    let interrupt = async {
        eventually(|| accepted() >= 2).await;
        sender.send(true).unwrap();
    };
    let (results, ()) = tokio::join!(work, interrupt);
    let outcomes = outcome(&results);
    assert_eq!(outcomes.iter().filter(|o| **o == Done).count(), 2, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|o| **o == NotStarted).count(), 4, "{outcomes:?}");
    assert_eq!(accepted(), 2);
}

#[tokio::test]
async fn a_change_stopped_between_its_steps_says_what_was_done() {
    let stage = Stage::new(hostway());
    let mut change = stage.change("runs", Operation::Rename { to: "renamed".into() });
    let off = Operation::PowerOff { method: OffKind::NotToldApart };
    change.steps.push(fleetform::plan::Step::new(off));
    let id = change.id.clone();
    let (sender, stop) = watch::channel(false);
    let journal = stage.journal();
    let links = stage.bench.links(SETTLE);
    let changes = [change];
    let work = execute(&changes, &links, &journal, &(), Limits { parallelism: 2 }, stop);
    let interrupt = async {
        eventually(|| stage.tally(&id).renames == 1).await;
        sender.send(true).unwrap();
    };
    let (results, ()) = tokio::join!(work, interrupt);
    assert_eq!(outcome(&results), [NotStarted]);
    assert!(results[0].detail.contains("rename to renamed was done"), "{}", results[0].detail);
    assert_eq!(stage.tally(&id).power_offs, 0);
}

#[tokio::test]
async fn a_change_that_waits_for_a_busy_server_is_given_up_and_nothing_more_is_sent() {
    let stage = Stage::new(hostway());
    let rule = json!({ "method": "POST", "count": "all", "fault": "refuse" });
    stage.bench.running.add_fault(rule).unwrap();
    let (sender, stop) = watch::channel(false);
    let journal = stage.journal();
    let links = stage.bench.links(std::time::Duration::from_mins(1));
    let changes = [stage.change("rests", Operation::PowerOn)];
    let work = execute(&changes, &links, &journal, &(), Limits { parallelism: 2 }, stop);
    let fired = || stage.bench.running.stats().faults[0].fired;
    let interrupt = async {
        eventually(|| fired() >= 1).await;
        sender.send(true).unwrap();
        fired()
    };
    let begun = std::time::Instant::now();
    let (results, at_stop) = tokio::join!(work, interrupt);
    assert_eq!(outcome(&results), [NotStarted], "{results:?}");
    assert!(begun.elapsed() < std::time::Duration::from_secs(5));
    assert_eq!(fired(), at_stop, "it is not sent once more");
}
