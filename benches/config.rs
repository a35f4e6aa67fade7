//! Fleet file text to fleet: 10,000 servers of about 150 bytes each must take at most 10 us a server.

#![allow(missing_docs, reason = "criterion's macros make public functions")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use fleetform::config::{Mode, load_texts, read_as_json};
use fleetform::model::{
    Capabilities, CaseRule, NameRules, OffSupport, ProviderSpec, SettingKind, SettingSpec,
};
use std::fmt::Write;
use std::hint::black_box;

/// The program's own, so that its figures hold here.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SERVERS: u64 = 10_000;

static TYPE: ProviderSpec = ProviderSpec {
    type_name: "flexible",
    title: "A cloud",
    settings: &[SettingSpec {
        name: "endpoint",
        kind: SettingKind::Url,
        required: true,
        env: None,
        doc: "The base URL",
    }],
    synonyms: &[],
    choices: &[],
    profiles: None,
    endpoint_required: None,
    capabilities: Capabilities {
        power_on: true,
        off: OffSupport::Both,
        names: NameRules { case: CaseRule::Insensitive, ..Capabilities::NOTHING.names },
        ..Capabilities::NOTHING
    },
};

/// A file of that many servers, five lines each.
fn fleet_text() -> String {
    let mut text =
        "version: 1\nproviders:\n  east: { type: flexible, endpoint: 'https://e.example.com' }\nservers:\n"
            .to_owned();
    for n in 0..SERVERS {
        let tier = ["web", "db", "cache"][usize::try_from(n % 3).unwrap_or(0)];
        let _ = write!(
            text,
            "  - name: {tier}-server-{n:05}.example.org\n    provider: east\n    id: \"srv-{n:08x}\"\n    power: on\n    labels: {{ tier: {tier}, rack: r{:03} }}\n",
            n % 200
        );
    }
    text
}

fn load(c: &mut Criterion) {
    let text = fleet_text();
    let mut group = c.benchmark_group("config");
    group.throughput(Throughput::Elements(SERVERS)).sample_size(30);
    group.bench_function("load_texts", |b| {
        b.iter(|| {
            load_texts(black_box(&[("fleet.yaml", &text)]), &[&TYPE], Mode::default())
                .map(|l| l.fleet.servers.len())
        });
    });
    // The floor: the parser's events and nothing done with them.
    group.bench_function("events_alone", |b| {
        b.iter(|| saphyr_parser::Parser::new_from_str(black_box(&text)).flatten().count());
    });
    group.bench_function("read_as_json", |b| {
        b.iter_batched(|| (), |()| read_as_json("world.yaml", black_box(&text)), BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, load);
criterion_main!(benches);
