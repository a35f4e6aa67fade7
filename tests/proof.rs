//! The proof that an apply may be left alone: twenty changes on every provider under every fault that can be made
//! here, judged by the counts of the simulator and never by what the program says of itself. Ends in one table; every
//! count of harm in it must be 0.
//!
//! In short by default; all points with `FLEETFORM_LONG=1`; some rows only with `FLEETFORM_PROOF=words,of,rows`. The
//! table: `cargo test --locked --test proof -- --nocapture`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "helpers of tests may")]
#![cfg(target_os = "linux")]

#[path = "proof/answers.rs"]
mod answers;
#[path = "proof/canary.rs"]
mod canary;
#[path = "proof/crashes.rs"]
mod crashes;
#[path = "proof/gate.rs"]
mod gate;
#[path = "proof/others.rs"]
mod others;
#[path = "proof/records.rs"]
mod records;
#[path = "proof/stand.rs"]
mod stand;
#[path = "proof/table.rs"]
mod table;
#[path = "proof/truth.rs"]
mod truth;

use fleetform::providers::REGISTRY;
use table::{Job, Table};

#[test]
fn no_fault_duplicates_misdirects_loses_or_misreports_a_change() {
    let mut jobs: Vec<Job> = Vec::new();
    for (at, row) in REGISTRY.iter().enumerate() {
        jobs.extend(crashes::jobs(row));
        jobs.extend(records::jobs(row));
        jobs.extend(answers::jobs(at, row));
        jobs.extend(others::jobs(at, row));
        jobs.extend(canary::jobs(row));
    }
    let table = Table::of(jobs);
    println!("{table}");
    table.must_be_clean();
}

/// Whether all points are taken, not a sample of them.
fn is_long() -> bool {
    std::env::var_os("FLEETFORM_LONG").is_some_and(|value| value == "1")
}

/// So many of the points from 1 to `most`, spread evenly, the first and the last among them; all in the long form.
fn points(most: usize, short: usize) -> Vec<usize> {
    if is_long() || most <= short {
        return (1..=most).collect();
    }
    if short == 1 {
        return vec![most.div_ceil(2)];
    }
    (0..short).map(|at| 1 + at * (most - 1) / (short - 1)).collect()
}
