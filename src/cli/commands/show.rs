//! `show`: renders a saved plan.

use super::{saved, view};
use crate::cli::args::{Global, ShowArgs};
use crate::cli::exit::{Failure, code};
use crate::cli::io::Io;

pub(in crate::cli) fn run(global: &Global, args: &ShowArgs, io: &mut Io<'_>) -> Result<u8, Failure> {
    view::check(global, &args.comment)?;
    let document = saved::read(&args.plan)?;
    view::print(&document, Some(&args.plan), global, &args.comment, io);
    Ok(code::DONE)
}
