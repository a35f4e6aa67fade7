//! Bind, compare and plan: fleets of 1,000, 10,000 and 100,000 bound servers, one in ten of them to be changed; and
//! the same with an order: all but the first thousand come after these, and most of each must stay on; and twenty rules over
//! servers without entries, and beside entries.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fleetform::model::{
    Address, After, Availability, Bound, DesiredPower, DesiredServer, Labels, LedgerFacts, LiveServer,
    LiveState, Location, Power, Presence, RebootStyle, Rule, Selector, Shutdown,
};
use fleetform::plan::{ConnectionLive, Inputs, Options, plan};
use fleetform::providers::find;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::hint::black_box;
use std::sync::Arc;

/// The program's own, so that its figures hold here.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn fleet(size: usize) -> Vec<DesiredServer> {
    let labels = Labels::default();
    (0..size)
        .map(|n| DesiredServer {
            address: Address::new("flex".into(), format!("web-{n:06}").into()),
            id: None,
            renamed_from: None,
            presence: Presence::Present,
            power: DesiredPower::On,
            schedule: None,
            shutdown: Shutdown::default(),
            grace: None,
            require_evidence: None,
            healthy_when: None,
            rollout: None,
            reboot: RebootStyle::default(),
            rebooted_since: None,
            protect: false,
            labels: labels.clone(),
            after: std::sync::Arc::default(),
            rule: None,
            location: Location { file: "fleet.yaml".into(), line: 1, column: 1 },
        })
        .collect()
}

/// Twenty rules, of which the last ones have most servers.
fn rules() -> Vec<Rule> {
    let globs = (0..18).map(|n| format!("flex/*{n:02}5")).chain(["web-0*".into(), "*".into()]);
    globs
        .zip(fleet(20))
        .map(|(glob, wish)| Rule {
            name: glob.as_str().into(),
            globs: vec![glob.into()],
            connections: BTreeSet::from(["flex".into()]),
            power_is: None,
            tags: Vec::new(),
            older_than: None,
            wish,
            has_check: false,
            rollouts: Arc::from([]),
        })
        .collect()
}

/// All but the first thousand come after these.
fn ordered(size: usize) -> Vec<DesiredServer> {
    let location = Location { file: "fleet.yaml".into(), line: 1, column: 1 };
    let selector = Selector::Address("flex/web-000*".into());
    let after: std::sync::Arc<[After]> = [After { selector, location }].into();
    let mut servers = fleet(size);
    servers.iter_mut().skip(1_000).for_each(|server| server.after = std::sync::Arc::clone(&after));
    servers
}

/// Nine of ten are on as it is.
fn bounds() -> [Availability; 1] {
    let location = Location { file: "fleet.yaml".into(), line: 1, column: 1 };
    [Availability { select: Selector::Address("*".into()), min_on: Bound::Percent(9_000), location }]
}

fn live(size: usize) -> Vec<LiveServer> {
    (0..size)
        .map(|n| {
            let power = if n % 10 == 0 { Power::Off } else { Power::On };
            LiveServer::new(format!("id-{n:06}"), format!("web-{n:06}"), LiveState::Settled(power))
        })
        .collect()
}

fn bench(criterion: &mut Criterion) {
    let Some(row) = find("hostway") else { return };
    let mut group = criterion.benchmark_group("plan");
    group.sample_size(20);
    for size in [1_000, 10_000, 100_000] {
        let desired = fleet(size);
        let live = [ConnectionLive {
            name: "flex".into(),
            type_name: row.spec.type_name,
            capabilities: &row.spec.capabilities,
            servers: Ok(live(size)),
        }];
        let (ledger, options) = (LedgerFacts::default(), Options::default());
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter(|| {
                let now = Timestamp::UNIX_EPOCH;
                plan(black_box(&Inputs {
                    desired: &desired,
                    rules: &[],
                    availability: &[],
                    windows: &[],
                    live: &live,
                    ledger: &ledger,
                    now,
                    options: &options,
                }))
            });
        });
        let rules = rules();
        for (name, desired) in [("governed", &[][..]), ("entries-beside-rules", &desired[..])] {
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.iter(|| {
                    let now = Timestamp::UNIX_EPOCH;
                    plan(black_box(&Inputs {
                        desired,
                        rules: &rules,
                        availability: &[],
                        windows: &[],
                        live: &live,
                        ledger: &ledger,
                        now,
                        options: &options,
                    }))
                });
            });
        }
        let (desired, bounds) = (ordered(size), bounds());
        group.bench_function(BenchmarkId::new("ordered", size), |bencher| {
            bencher.iter(|| {
                let now = Timestamp::UNIX_EPOCH;
                plan(black_box(&Inputs {
                    desired: &desired,
                    rules: &[],
                    availability: &bounds,
                    windows: &[],
                    live: &live,
                    ledger: &ledger,
                    now,
                    options: &options,
                }))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
