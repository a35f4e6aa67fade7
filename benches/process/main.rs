//! The built program as a whole: CPU time and peak memory of `plan` over servers that another process serves in
//! pages, beside a bare program that only does the unavoidable (reads the YAML, receives the pages, parses them
//! into typed structs); and what the offline commands cost beside an empty program. Ratios of one run: machines
//! differ and are noisy.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod bare;
mod child;
mod setup;

use child::{Cost, measure};
use setup::Arena;
use std::process::ExitCode;

/// Runs of each command; the median counts.
const RUNS: usize = 5;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match &words[..] {
        [_, "bare", fleet, endpoint] => bare::run(fleet, endpoint),
        [_, "empty"] => ExitCode::SUCCESS,
        [_, "measure", rest @ ..] => child::report(rest),
        // `cargo test --benches` runs this too: a benchmark is not a test.
        words if words.contains(&"--test") => ExitCode::SUCCESS,
        _ => all(),
    }
}

fn all() -> ExitCode {
    let own = std::env::current_exe().map(|path| path.display().to_string()).unwrap_or_default();
    let program = env!("CARGO_BIN_EXE_fleetform");
    println!("{:<34} {:>10} {:>10} {:>10}", "command", "CPU", "wall", "peak");
    let mut plans = Vec::new();
    for size in [1_000, 10_000, 100_000] {
        let Some(arena) = Arena::open(program, size) else {
            println!("the simulator did not start");
            return ExitCode::FAILURE;
        };
        let plan = median(&own, &[program, "plan", "-f", &arena.fleet, "-q"]);
        let bare = median(&own, &[&own, "bare", &arena.fleet, &arena.endpoint]);
        show(&format!("plan of {size}"), plan);
        show(&format!("bare reading of {size}"), bare);
        println!("{:<34} {:>9.2}x", "  CPU ratio", plan.cpu / bare.cpu.max(1e-6));
        plans.push((plan, arena));
    }
    if let [_, (ten, arena), (hundred, _)] = &plans[..] {
        println!("{:<34} {:>9.2}x", "CPU of 100,000 by that of 10,000", hundred.cpu / ten.cpu.max(1e-6));
        let empty = median(&own, &[&own, "empty"]);
        show("empty program", empty);
        for words in [&["--version"][..], &["--help"], &["validate", "-f", &arena.small]] {
            let cost = median(&own, &[&[program][..], words].concat());
            show(words[0], cost);
            println!("{:<34} {:>7.2} ms", "  wall beyond the empty program", (cost.wall - empty.wall) * 1e3);
        }
    }
    ExitCode::SUCCESS
}

fn median(own: &str, command: &[&str]) -> Cost {
    let mut costs: Vec<Cost> = (0..RUNS).map(|_| measure(own, command)).collect();
    costs.sort_by(|a, b| a.cpu.total_cmp(&b.cpu));
    costs[RUNS / 2]
}

fn show(name: &str, cost: Cost) {
    println!(
        "{name:<34} {:>7.1} ms {:>7.1} ms {:>6.1} MiB",
        cost.cpu * 1e3,
        cost.wall * 1e3,
        cost.peak / 1024.0
    );
}
