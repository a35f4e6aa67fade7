//! The program: parse, run, return the exit code; nothing else.

use std::io::{stderr, stdout};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let (mut out, mut err) = (stdout().lock(), stderr());
    let mut io = fleetform::cli::Io::of_process(&mut out, &mut err);
    ExitCode::from(fleetform::cli::run(std::env::args_os(), &mut io))
}
