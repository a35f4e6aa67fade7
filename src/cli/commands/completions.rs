//! `completions`: for the user's shell.

use crate::cli::args::{CompletionsArgs, grammar};
use crate::cli::exit::{Failure, code};
use crate::cli::io::Io;

#[allow(clippy::unnecessary_wraps, reason = "every command has the same shape")]
pub(in crate::cli) fn run(args: &CompletionsArgs, io: &mut Io<'_>) -> Result<u8, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut grammar(), "fleetform", &mut text);
    io.print(&String::from_utf8_lossy(&text));
    Ok(code::DONE)
}
