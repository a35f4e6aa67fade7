//! Many servers at once: batches up to the provider's limit, a bad one among good ones, a session that ends in the
//! middle.

use crate::rig::{Bench, Setup, declared, eventually, for_every_provider, journal};
use fleetform::apply::ChangeOutcome::{Done, Failed};
use fleetform::apply::{ChangeResult, Limits, execute};
use fleetform::model::Operation;
use fleetform::plan::Change;
use serde_json::json;
use std::time::Duration;
use tokio::sync::watch;

/// A bench with so many servers of one power, `s00` and so on.
fn bench_of(row: &'static fleetform::providers::Registration, count: usize, power: &str) -> Bench {
    let servers = (0..count).map(|n| json!({ "name": format!("s{n:02}"), "power": power })).collect();
    Bench::new(row, &Setup { settle: "500ms", ..Setup::servers(servers) })
}

async fn run(bench: &Bench, changes: &[Change]) -> Vec<ChangeResult> {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(folder.path());
    let (_sender, stop) = watch::channel(false);
    let links = bench.links(Duration::from_secs(4));
    execute(changes, &links, &journal, &(), Limits { parallelism: 64 }, stop).await
}

fn changes(bench: &Bench, count: usize, operation: &Operation) -> Vec<Change> {
    (0..count).map(|n| bench.change(&format!("s{n:02}"), operation.clone())).collect()
}

/// Counts calls that ask for a change; returns the number of the rule that does. Its fault never fires.
fn count_changes(bench: &Bench) -> usize {
    bench.running.add_fault(json!({ "changes": true, "nth": 1_000_000, "fault": "refuse" })).unwrap();
    bench.running.stats().faults.len() - 1
}

#[tokio::test]
async fn servers_that_want_the_same_share_calls_where_the_provider_has_batches() {
    for_every_provider(async |row| {
        let capabilities = &row.spec.capabilities;
        let limit = capabilities.batch.power;
        let off = declared(capabilities, |op| matches!(op, Operation::PowerOff { .. }));
        let Some(off) = off.filter(|_| limit > 1) else { return };
        let count = limit + limit / 2;
        let bench = bench_of(row, count, "on");
        let rule = count_changes(&bench);
        let results = run(&bench, &changes(&bench, count, &off)).await;
        assert!(results.iter().all(|result| result.outcome == Done), "{results:?}");
        let calls = bench.seen_by(rule);
        // Two where all come in time; on a busy machine some batches leave before they are full.
        assert!(
            (2..=count as u64 / 5).contains(&calls),
            "{count} servers, {limit} at most in one call: {calls} calls"
        );
        for server in &bench.running.stats().servers {
            assert_eq!((server.tally.accepted, server.tally.power_offs), (1, 1), "{server:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn one_that_is_gone_does_not_take_its_batch_with_it() {
    for_every_provider(async |row| {
        let capabilities = &row.spec.capabilities;
        for operation in [Operation::PowerOn, Operation::Delete] {
            let Some(operation) = declared(capabilities, |op| *op == operation) else { continue };
            let bench = bench_of(row, 12, "off");
            let all = changes(&bench, 12, &operation);
            let gone = all[7].id.clone();
            bench.running.change_server("c", gone.as_str(), json!({ "gone": true })).unwrap();
            let results = run(&bench, &all).await;
            for result in &results {
                // Who is to be deleted and is gone is as wanted.
                let expected =
                    if result.id == gone && operation == Operation::PowerOn { Failed } else { Done };
                assert_eq!(result.outcome, expected, "{operation:?}: {result:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn one_that_refuses_does_not_take_its_batch_with_it() {
    for_every_provider(async |row| {
        let capabilities = &row.spec.capabilities;
        let reboot = declared(capabilities, |op| matches!(op, Operation::Reboot { .. }));
        let Some(reboot) = reboot.filter(|_| capabilities.reports_power) else { return };
        // A server that is off cannot be rebooted. Apply would see that before; here it is the provider that says so.
        let servers =
            (0..9).map(|n| json!({ "name": format!("s{n}"), "power": if n == 4 { "off" } else { "on" } }));
        let bench = Bench::new(row, &Setup { settle: "200ms", ..Setup::servers(servers.collect()) });
        let limit = capabilities.batch.of(reboot.verb());
        let ids: Vec<_> = (0..9).map(|n| bench.id(&format!("s{n}"))).collect();
        let mut refused = 0;
        for part in ids.chunks(limit) {
            match bench.provider.send(&reboot, part).await {
                Ok(verdicts) => {
                    assert_eq!(verdicts.len(), part.len(), "one verdict each");
                    refused += verdicts.iter().filter(|verdict| verdict.is_err()).count();
                }
                Err(error) => {
                    assert_eq!(error.effect, fleetform::provider::Effect::None, "{error}");
                    refused += 1;
                }
            }
        }
        assert_eq!(refused, 1, "the one that is off, or the batch that it is in");
    })
    .await;
}

#[tokio::test]
async fn a_session_that_ends_in_mid_apply_is_renewed_once_and_nothing_is_lost() {
    for_every_provider(async |row| {
        let Some(on) = declared(&row.spec.capabilities, |op| *op == Operation::PowerOn) else { return };
        let bench = bench_of(row, 16, "off");
        bench.list().await.unwrap();
        let rule = json!({ "changes": false, "method": "POST", "nth": 1_000_000, "fault": "refuse" });
        bench.running.add_fault(rule).unwrap();
        let logins = bench.running.stats().faults.len() - 1;
        let all = changes(&bench, 16, &on);
        bench.running.end_sessions("c").unwrap();
        // Once more while everybody is being followed; not between a call and its repetition, which may fail.
        let accepted = || bench.running.stats().servers.iter().map(|s| s.tally.accepted).sum::<u64>();
        let interrupt = async {
            eventually(|| accepted() == 16).await;
            bench.running.end_sessions("c").unwrap();
        };
        let (results, ()) = tokio::join!(run(&bench, &all), interrupt);
        assert!(results.iter().all(|result| result.outcome == Done), "{results:?}");
        assert!(bench.seen_by(logins) <= 2, "one login for each session that ended");
        for server in &bench.running.stats().servers {
            assert_eq!(server.tally.power_ons, 1, "{server:?}");
        }
    })
    .await;
}
