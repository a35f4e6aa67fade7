//! `show`: renders a saved plan.

use super::saved;
use crate::cli::args::{Format, Global, ShowArgs};
use crate::cli::exit::{Failure, code};
use crate::cli::io::Io;
use crate::report::plan_text;

pub(in crate::cli) fn run(global: &Global, args: &ShowArgs, io: &mut Io<'_>) -> Result<u8, Failure> {
    let document = saved::read(&args.plan)?;
    match global.format {
        Format::Json => io.print_json(&document),
        Format::Text => {
            let text = plan_text(&document.changes, &document.problems, &[], &document.summary, io.paint());
            io.print(&text);
        }
    }
    Ok(code::DONE)
}
