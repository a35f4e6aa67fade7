//! The ledger: a record made durable, and 100,000 records replayed, without and with their sums and links.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fleetform::ledger::{IntentLog, Journal, Lock, read, repair};
use fleetform::model::{Address, Operation};
use jiff::Timestamp;
use std::fmt::Write;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// The program's own, so that its figures hold here.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RECORDS: u64 = 100_000;

/// Intents and their ends, in format 1.
fn plain() -> String {
    let mut text = "{\"kind\":\"born\",\"version\":1,\"at\":\"2026-01-01T00:00:00Z\"}\n".to_owned();
    for seq in 0..RECORDS / 2 {
        let server = seq % 5_000;
        let _ = write!(
            text,
            "{{\"kind\":\"intent\",\"seq\":{seq},\"at\":\"2026-11-20T02:00:00Z\",\"provider\":\"flex\",\
             \"address\":\"flex/web-{server}\",\"id\":\"{server}\",\"operation\":{{\"verb\":\"reboot\",\"method\":\"hard\"}}}}\n\
             {{\"kind\":\"conclusion\",\"intent\":{seq},\"at\":\"2026-11-20T02:01:00Z\",\"outcome\":\"done\",\
             \"evidence\":\"the provider's job has finished\"}}\n"
        );
    }
    text
}

fn folder(text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    fs::write(folder.path().join("journal.jsonl"), text).unwrap_or_else(|error| panic!("{error}"));
    folder
}

fn lock(folder: &Path) -> Lock {
    Lock::take(folder, Duration::ZERO).unwrap_or_else(|error| panic!("{error}"))
}

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ledger");
    group.sample_size(10);
    let empty = folder("");
    let journal = Journal::open(empty.path(), lock(empty.path()), Timestamp::UNIX_EPOCH);
    let journal = journal.unwrap_or_else(|error| panic!("{error}"));
    let address = Address::new("flex".into(), "web-1".into());
    group.bench_function("append", |bencher| {
        bencher.iter(|| journal.intend(&address, &"1".into(), &Operation::PowerOn, None, None).is_ok());
    });
    group.throughput(Throughput::Elements(RECORDS));
    let without = folder(&plain());
    group.bench_function("replay, format 1", |bencher| {
        bencher.iter(|| read(black_box(without.path())).map(|replay| replay.next_seq).ok());
    });
    // A repair writes every record again, with its sum and its link.
    let with = folder(&(plain() + "cut off"));
    repair(with.path(), &lock(with.path()), Timestamp::UNIX_EPOCH).unwrap_or_else(|error| panic!("{error}"));
    group.bench_function("replay, format 2", |bencher| {
        bencher.iter(|| read(black_box(with.path())).map(|replay| replay.next_seq).ok());
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
