//! How many calls are under way at once, by the count of the other side.

use crate::rig::{Bench, Setup, journal, settings};
use fleetform::apply::ChangeOutcome::Done;
use fleetform::apply::{Limits as ApplyLimits, execute};
use fleetform::http::{Clients, Limits, Meter};
use fleetform::model::{OffKind, Operation, ServerId};
use fleetform::provider::{Provider, Scrubbed};
use fleetform::providers::{Opening, find};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const MOST: usize = 8;

/// A connection with counted traffic to a provider that takes its time.
fn slow_bench() -> (Bench, Arc<dyn Provider>, ServerId) {
    let row = find("hostway").unwrap();
    let bench = Bench::new(row, &Setup { latency: "40ms", ..Setup::default() });
    let limits = Limits { in_flight: MOST, per_second: None, timeout: Duration::from_secs(5) };
    let meter = Meter::default();
    let clients = Clients::new(None).limited(limits, meter.clone());
    let told = settings(&bench.running, "c");
    let provider = (row.open)(&Opening { settings: &told, limits, clients: &clients }).unwrap();
    let id = bench.id("runs");
    (bench, Arc::new(Scrubbed::new(provider, []).counted(meter)), id)
}

async fn read(provider: &Arc<dyn Provider>, id: &ServerId, count: usize) {
    let answers = join_all((0..count).map(|_| provider.get(id))).await;
    assert!(answers.iter().all(|answer| matches!(answer, Ok(Some(_)))), "{answers:?}");
}

fn busiest(bench: &Bench) -> usize {
    bench.running.stats().busiest["c"]
}

/// Spoils as many calls as may be under way at once, and returns when that is over for all but those that are sent
/// again.
async fn spoil(bench: &Bench, fault: Value) {
    let before = bench.running.stats().faults.len();
    bench.running.add_fault(json!({ "count": MOST, "fault": fault })).unwrap();
    crate::rig::eventually(|| {
        bench.running.stats().faults.get(before).is_some_and(|rule| rule.fired == MOST as u64)
    })
    .await;
}

#[tokio::test]
async fn fewer_calls_are_under_way_after_a_429_and_as_many_as_before_once_it_is_well_again() {
    let (bench, provider, id) = slow_bench();
    read(&provider, &id, 40).await;
    assert_eq!(busiest(&bench), MOST, "a healthy provider gets all that is allowed");
    assert_eq!(provider.traffic().waited.as_millis(), 0);
    let throttled = async {
        spoil(&bench, json!({ "status": { "code": 429, "retry_after": 1 } })).await;
        bench.running.forget_busiest();
    };
    tokio::join!(read(&provider, &id, MOST), throttled);
    assert_eq!(busiest(&bench), MOST / 2, "what is sent again comes in smaller company");
    bench.running.forget_busiest();
    read(&provider, &id, 100).await;
    assert_eq!(busiest(&bench), MOST, "and it recovers, and no further than is allowed");
    let traffic = provider.traffic();
    assert_eq!((traffic.calls, traffic.errors), (bench.calls(), MOST as u64));
    let asked = Duration::from_secs(MOST as u64);
    assert!(traffic.waited >= asked && traffic.waited < asked * 3, "{traffic:?}");
}

#[tokio::test]
async fn fewer_calls_are_under_way_when_all_answers_come_late() {
    let (bench, provider, id) = slow_bench();
    read(&provider, &id, 40).await;
    tokio::join!(read(&provider, &id, MOST), spoil(&bench, json!({ "late": "1200ms" })));
    bench.running.forget_busiest();
    read(&provider, &id, MOST).await;
    assert_eq!(busiest(&bench), MOST / 2);
    bench.running.forget_busiest();
    read(&provider, &id, 100).await;
    assert_eq!(busiest(&bench), MOST);
    assert_eq!(provider.traffic().errors, 0, "late is no error");
}

#[tokio::test]
async fn one_slow_call_among_quick_ones_slows_nobody() {
    let (bench, provider, id) = slow_bench();
    read(&provider, &id, 40).await;
    bench.running.add_fault(json!({ "fault": { "late": "1s" } })).unwrap();
    read(&provider, &id, 40).await;
    bench.running.forget_busiest();
    read(&provider, &id, 40).await;
    assert_eq!(busiest(&bench), MOST);
}

/// Logins go elsewhere with some providers, and are calls of the same connection all the same.
#[tokio::test]
async fn logins_and_calls_stay_within_the_limits_together() {
    for type_name in ["openstack", "clc", "huawei-workspace"] {
        let row = find(type_name).unwrap();
        let bench = Bench::new(row, &Setup { latency: "30ms", ..Setup::default() });
        let limits = Limits { in_flight: 2, per_second: None, timeout: Duration::from_secs(5) };
        let meter = Meter::default();
        let clients = Clients::new(None).limited(limits, meter.clone());
        let told = settings(&bench.running, "c");
        let provider = (row.open)(&Opening { settings: &told, limits, clients: &clients }).unwrap();
        let id = bench.id("runs");
        for _ in 0..3 {
            read(&provider, &id, 12).await;
            bench.running.end_sessions("c").unwrap();
        }
        assert_eq!(busiest(&bench), 2, "{type_name}");
        assert_eq!(meter.traffic().calls, bench.calls(), "{type_name}");
    }
}

#[tokio::test]
async fn batches_are_as_large_as_the_provider_takes_them_whatever_the_parallelism() {
    const OFF: Operation = Operation::PowerOff { method: OffKind::Hard };
    for (type_name, route, calls) in
        [("huawei-workspace", "/actions/{action}", 2), ("clc", "/servers/{operation}", 1)]
    {
        for parallelism in [1, 3, 30, 256] {
            let names: Vec<String> = (0..40).map(|n| format!("s{n:02}")).collect();
            let servers = names.iter().map(|name| json!({ "name": name, "power": "on" })).collect();
            let setup = Setup { latency: "5ms", ..Setup::servers(servers) };
            let bench = Bench::new(find(type_name).unwrap(), &setup);
            let changes: Vec<_> = names.iter().map(|name| bench.change(name, OFF)).collect();
            let folder = tempfile::tempdir().unwrap();
            let (_keep, stop) = watch::channel(false);
            let links = bench.links(Duration::from_secs(20));
            let limits = ApplyLimits { parallelism };
            let results = execute(&changes, &links, &journal(folder.path()), &(), limits, stop).await;
            let told = format!("{type_name} with --parallelism {parallelism}");
            assert!(results.iter().all(|result| result.outcome == Done), "{told}: {results:#?}");
            let stats = bench.running.stats();
            let sent: u64 =
                stats.calls.iter().filter(|call| call.route.contains(route)).map(|call| call.count).sum();
            assert_eq!(sent, calls, "{told}: {:#?}", stats.calls);
            assert!(busiest(&bench) <= parallelism.min(MOST), "{told}: {}", busiest(&bench));
            let offs: Vec<u64> = stats.servers.iter().map(|server| server.tally.power_offs).collect();
            assert_eq!(offs, [1; 40], "{told}");
        }
    }
}
