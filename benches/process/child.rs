//! Costs of a child process. Each is measured by a process of its own, because peak memory is a maximum over all
//! children.

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// What a process cost.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cost {
    /// Seconds of CPU, user and system.
    pub(crate) cpu: f64,
    /// Seconds from start to end.
    pub(crate) wall: f64,
    /// Peak memory in KiB.
    pub(crate) peak: f64,
}

/// Runs a command in a measuring process.
pub(crate) fn measure(own: &str, command: &[&str]) -> Cost {
    let output = Command::new(own).arg("measure").args(command).output();
    let text = output.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match numbers[..] {
        [cpu, wall, peak] => Cost { cpu, wall, peak },
        _ => panic!("{command:?} could not be measured: {text}"),
    }
}

/// The measuring process: runs the command, prints its cost.
pub(crate) fn report(command: &[&str]) -> ExitCode {
    let started = Instant::now();
    let status = Command::new(command[0]).args(&command[1..]).stdout(Stdio::null()).status();
    let wall = started.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN);
    match (status, usage) {
        (Ok(status), Ok(usage)) if status.success() => {
            let seconds = |time: nix::sys::time::TimeVal| {
                Duration::from_micros(time.num_microseconds().unsigned_abs()).as_secs_f64()
            };
            let cpu = seconds(usage.user_time()) + seconds(usage.system_time());
            println!("{cpu} {wall} {}", usage.max_rss());
            ExitCode::SUCCESS
        }
        other => {
            println!("failed: {other:?}");
            ExitCode::FAILURE
        }
    }
}
