//! Power: both ways, as declared; already there; seen on its way.

use crate::rig::{Bench, Setup, declared, for_every_provider, operations};
use fleetform::model::{LiveServer, LiveState, Operation, Power};
use fleetform::provider::{Effect, ErrorKind, Job, Trail};

fn is(power: Power) -> impl Fn(Option<&LiveServer>) -> bool {
    move |live| live.is_some_and(|live| live.state == LiveState::Settled(power))
}

#[tokio::test]
async fn a_server_that_is_off_is_powered_on_once() {
    for_every_provider(async |row| {
        let bench = Bench::usual(row);
        let Some(on) = declared(bench.capabilities(), |op| *op == Operation::PowerOn) else { return };
        let id = bench.id("rests");
        assert!(!bench.send(&on, &id).await.unwrap().already);
        bench.until(&id, is(Power::On)).await;
        let tally = bench.running.stats().tally("c", id.as_str());
        assert_eq!((tally.accepted, tally.power_ons, tally.boots), (1, 1, 1));
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_on_is_powered_off_in_every_declared_way() {
    for_every_provider(async |row| {
        for (operation, can) in operations(&row.spec.capabilities) {
            if !can || !matches!(operation, Operation::PowerOff { .. }) {
                continue;
            }
            let bench = Bench::usual(row);
            let id = bench.id("runs");
            bench.send(&operation, &id).await.unwrap();
            bench.until(&id, is(Power::Off)).await;
            let tally = bench.running.stats().tally("c", id.as_str());
            assert_eq!((tally.accepted, tally.power_offs), (1, 1), "{operation:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_on_is_suspended_and_resumed_where_declared() {
    for_every_provider(async |row| {
        if !row.spec.capabilities.suspend {
            return;
        }
        let bench = Bench::usual(row);
        let id = bench.id("runs");
        bench.send(&Operation::Suspend, &id).await.unwrap();
        bench.until(&id, is(Power::Suspended)).await;
        bench.send(&Operation::Resume, &id).await.unwrap();
        bench.until(&id, is(Power::On)).await;
        let tally = bench.running.stats().tally("c", id.as_str());
        assert_eq!((tally.suspends, tally.boots), (1, 0), "a guest that goes on has not booted");
    })
    .await;
}

/// Either the provider says that it is so already, or it refuses, or it takes the call without effect: in no case
/// may the verdict leave in doubt what happened.
#[tokio::test]
async fn a_server_that_is_there_already_is_left_as_it_is() {
    for_every_provider(async |row| {
        for (operation, can) in operations(&row.spec.capabilities) {
            let (name, power) = match operation {
                Operation::PowerOn => ("runs", Power::On),
                Operation::PowerOff { .. } => ("rests", Power::Off),
                _ => continue,
            };
            if !can {
                continue;
            }
            let bench = Bench::usual(row);
            let id = bench.id(name);
            if let Err(error) = bench.send(&operation, &id).await {
                assert!(matches!(error.kind, ErrorKind::Refused | ErrorKind::Busy), "{error:?}");
                assert_eq!(error.effect, Effect::None, "{error:?}");
            }
            bench.until(&id, is(power)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_on_its_way_is_seen_in_transition_or_its_operation_is_seen_running() {
    for_every_provider(async |row| {
        let capabilities = &row.spec.capabilities;
        let off = declared(capabilities, |op| matches!(op, Operation::PowerOff { .. }));
        let Some(off) = off.filter(|_| capabilities.reports_power) else { return };
        let bench = Bench::new(row, &Setup { settle: "2s", ..Setup::default() });
        let id = bench.id("runs");
        let receipt = bench.send(&off, &id).await.unwrap();
        let trail = Trail { id: &id, operation: &off, receipt: Some(&receipt), mark: None };
        let seen = bench.provider.observe(trail).await.unwrap();
        let state = seen.live.unwrap().state;
        // Some show the old state until the end: then the operation itself must be seen.
        assert!(state.is_transition() || seen.job == Job::Running, "{state:?}, {:?}", seen.job);
        if state.is_transition() {
            assert_ne!(state.expected_power(), Some(Power::On), "it does not settle into its old state");
        }
        let again = bench.send(&off, &id).await;
        if let Err(error) = again {
            assert_eq!(error.effect, Effect::None, "{error:?}");
        }
        assert_eq!(bench.running.stats().tally("c", id.as_str()).accepted, 1);
    })
    .await;
}

/// Some providers have one refusal for "not there" and "not in a state for it": then the server itself is asked.
#[tokio::test]
async fn power_calls_for_a_server_that_is_gone_say_so() {
    for_every_provider(async |row| {
        for (operation, can) in operations(&row.spec.capabilities) {
            if !can || operation == Operation::Delete {
                continue;
            }
            let bench = Bench::usual(row);
            let id = bench.id("spare");
            let gone = serde_json::json!({ "gone": true });
            bench.running.change_server("c", id.as_str(), gone).unwrap();
            let error = bench.send(&operation, &id).await.expect_err("there is no such server");
            let says_so = match error.kind {
                ErrorKind::NotFound => true,
                ErrorKind::Refused => bench.provider.get(&id).await.unwrap().is_none(),
                _ => false,
            };
            assert!(says_so && error.effect == Effect::None, "{operation:?}: {error}");
        }
    })
    .await;
}
