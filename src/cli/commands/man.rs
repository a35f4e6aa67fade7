//! `man`: the manual page, in roff.

use crate::cli::args::grammar;
use crate::cli::exit::{Failure, code};
use crate::cli::io::Io;

pub(in crate::cli) fn run(io: &mut Io<'_>) -> Result<u8, Failure> {
    let mut text = Vec::new();
    clap_mangen::Man::new(grammar())
        .render(&mut text)
        .map_err(|error| Failure::problem(error.to_string()))?;
    io.print(&String::from_utf8_lossy(&text));
    Ok(code::DONE)
}
