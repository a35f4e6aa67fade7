//! A plan of 10,000 changes in every format; a comment of it is to take less than 200 ms.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fleetform::model::{Address, Location, OffKind, Operation, Power, RebootKind, Verb};
use fleetform::plan::{Change, Facts, Plan, PlanDocument, PlanOptionsRecord, Step, Summary};
use fleetform::report::{MaxLength, PlanFormat, PlanView, render_plan};
use jiff::Timestamp;
use std::hint::black_box;

/// The program's own, so that its figures hold here.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CHANGES: u32 = 10_000;

/// One in ten is a power-off, one a reboot, one a delete, one a rename; the others are power-ons.
fn change(at: u32) -> Change {
    let name = format!("web-{at:05}");
    let facts = |name: &str, power| Facts { name: name.into(), power: Some(power) };
    let (verb, operation) = match at % 10 {
        0 => (Verb::PowerOff, Operation::PowerOff { method: OffKind::Graceful }),
        1 => (Verb::Reboot, Operation::Reboot { method: RebootKind::Soft }),
        2 => (Verb::Delete, Operation::Delete),
        3 => (Verb::Rename, Operation::Rename { to: name.as_str().into() }),
        _ => (Verb::PowerOn, Operation::PowerOn),
    };
    let (before, after) =
        if verb == Verb::PowerOn { (Power::Off, Power::On) } else { (Power::On, Power::Off) };
    let old = if verb == Verb::Rename { format!("old-{at}") } else { name.clone() };
    Change {
        address: Address::new("east".into(), name.as_str().into()),
        provider: "east".into(),
        id: format!("id-{at}").into(),
        actions: vec![verb],
        before: facts(&old, before),
        after: (verb != Verb::Delete).then(|| facts(&name, after)),
        reasons: vec!["declared".into()],
        wave: None,
        cause: None,
        rebooted_since: (verb == Verb::Reboot).then_some(Timestamp::UNIX_EPOCH),
        steps: vec![Step::new(operation)],
        location: Some(Location { file: "fleet.yaml".into(), line: at + 10, column: 5 }),
    }
}

fn bench(criterion: &mut Criterion) {
    let changes: Vec<Change> = (0..CHANGES).map(change).collect();
    let summary = Summary::count(&changes, &[], 0, 0);
    let plan = Plan { changes, summary, ..Plan::default() };
    let document = PlanDocument::new(plan, Vec::new(), PlanOptionsRecord::default(), Timestamp::UNIX_EPOCH);
    let mut group = criterion.benchmark_group("formats");
    group.sample_size(10);
    group.throughput(Throughput::Elements(u64::from(CHANGES)));
    let mut measure = |name: &str, format, view: PlanView<'_>| {
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| render_plan(format, black_box(&view)));
        });
    };
    let view = PlanView::new(&document, &[]);
    for (name, max_length) in
        [("markdown, github", MaxLength::GITHUB), ("markdown, gitlab", MaxLength::GITLAB)]
    {
        measure(name, PlanFormat::Markdown, PlanView { max_length, ..view });
    }
    measure("html", PlanFormat::Html, view);
    measure("text", PlanFormat::Text, view);
    measure("diff", PlanFormat::Diff, view);
    measure("sarif", PlanFormat::Sarif, view);
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
