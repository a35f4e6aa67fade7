//! Reboots: in every declared way, once per call, with the evidence that the provider leaves.

use crate::rig::{Bench, Setup, eventually, for_every_provider, operations};
use fleetform::model::{LiveState, Operation, Power};
use fleetform::provider::{Job, Trail};

fn reboots(row: &'static fleetform::providers::Registration) -> impl Iterator<Item = Operation> {
    operations(&row.spec.capabilities)
        .into_iter()
        .filter(|(op, can)| *can && matches!(op, Operation::Reboot { .. }))
        .map(|(op, _)| op)
}

#[tokio::test]
async fn a_running_server_reboots_once_and_runs_again() {
    for_every_provider(async |row| {
        for operation in reboots(row) {
            let bench = Bench::usual(row);
            let id = bench.id("runs");
            bench.send(&operation, &id).await.unwrap();
            eventually(|| bench.running.stats().tally("c", id.as_str()).reboots == 1).await;
            bench
                .until(&id, |live| {
                    live.is_some_and(|live| {
                        matches!(live.state, LiveState::Settled(Power::On) | LiveState::NotReported)
                    })
                })
                .await;
            assert_eq!(bench.running.stats().tally("c", id.as_str()).accepted, 1, "{operation:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_mark_taken_before_tells_a_reboot_that_arrived_from_one_that_did_not() {
    for_every_provider(async |row| {
        for operation in reboots(row) {
            let bench = Bench::new(row, &Setup { settle: "150ms", ..Setup::default() });
            let id = bench.id("runs");
            // An older reboot must not be taken for the new one.
            bench.send(&operation, &id).await.unwrap();
            eventually(|| bench.running.stats().tally("c", id.as_str()).reboots == 1).await;
            let Some(mark) = bench.provider.mark(&id, &operation).await.unwrap() else { continue };
            let trail = Trail { id: &id, operation: &operation, receipt: None, mark: Some(&mark) };
            let before = bench.provider.observe(trail).await.unwrap();
            // Records that may have gaps are evidence of what they show and of nothing else.
            assert!(matches!(before.job, Job::NotThere | Job::NoRecords), "{:?}", before.job);
            bench.send(&operation, &id).await.unwrap();
            let after = bench.provider.observe(trail).await.unwrap();
            assert!(matches!(after.job, Job::Running | Job::Succeeded), "{:?}", after.job);
            eventually(|| bench.running.stats().tally("c", id.as_str()).reboots == 2).await;
            assert_eq!(bench.provider.observe(trail).await.unwrap().job, Job::Succeeded);
        }
    })
    .await;
}

#[tokio::test]
async fn a_reboot_that_fails_at_the_provider_shows_as_failed_where_it_keeps_records() {
    for_every_provider(async |row| {
        for operation in reboots(row) {
            let bench = Bench::new(row, &Setup { settle: "150ms", ..Setup::default() });
            let id = bench.id("runs");
            let Some(mark) = bench.provider.mark(&id, &operation).await.unwrap() else { continue };
            bench.spoil(&serde_json::json!(1), &serde_json::json!({ "fails": { "reason": "no host" } }));
            bench.send(&operation, &id).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(250)).await;
            let trail = Trail { id: &id, operation: &operation, receipt: None, mark: Some(&mark) };
            let seen = bench.provider.observe(trail).await.unwrap();
            assert!(matches!(seen.job, Job::Failed(_)), "{:?}", seen.job);
            assert_eq!(bench.running.stats().tally("c", id.as_str()).reboots, 0);
        }
    })
    .await;
}
