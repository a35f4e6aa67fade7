//! `providers`: what each can do, its settings and variables.

use crate::cli::args::{Format, Global};
use crate::cli::exit::{Failure, code};
use crate::cli::io::Io;
use crate::providers::specs;
use crate::report::{provider_rows, providers_text};

#[allow(clippy::unnecessary_wraps, reason = "every command has the same shape")]
pub(in crate::cli) fn run(global: &Global, io: &mut Io<'_>) -> Result<u8, Failure> {
    let rows = provider_rows(&specs());
    match global.format {
        Format::Json => io.print_json(&rows),
        _ => io.print(&providers_text(&rows)),
    }
    Ok(code::DONE)
}
