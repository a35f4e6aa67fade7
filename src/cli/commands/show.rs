//! `show`: renders a saved plan, or the receipt of an apply.

use super::saved::{self, Written};
use super::view;
use crate::cli::args::{Format, Global, ShowArgs};
use crate::cli::exit::{Failure, code};
use crate::cli::io::Io;
use crate::report::{ApplyDocument, receipt_text};

pub(in crate::cli) fn run(global: &Global, args: &ShowArgs, io: &mut Io<'_>) -> Result<u8, Failure> {
    view::check(global, &args.comment)?;
    match saved::read_any(&args.plan)? {
        Written::Plan(plan) => view::print(&plan, Some(&args.plan), global, &args.comment, io),
        Written::Receipt(receipt) => show_receipt(&receipt, global, io)?,
    }
    Ok(code::DONE)
}

fn show_receipt(receipt: &ApplyDocument, global: &Global, io: &mut Io<'_>) -> Result<(), Failure> {
    match global.format {
        Format::Text => io.print(&receipt_text(receipt, io.paint())),
        Format::Json => io.print_json(receipt),
        _ => return Err(Failure::usage("this is the receipt of an apply: it is shown as text or as json")),
    }
    Ok(())
}
