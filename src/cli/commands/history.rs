//! `history`: what was sent, when, by whom, and what came of it.

use crate::cli::args::{Format, Global, HistoryArgs};
use crate::cli::exit::{Failure, code};
use crate::cli::io::Io;
use crate::cli::session::Session;
use crate::ledger;
use crate::model::{Labels, Selector};
use crate::report::{HistoryDocument, history_text, past_holds_text};

pub(in crate::cli) fn run(global: &Global, args: &HistoryArgs, io: &mut Io<'_>) -> Result<u8, Failure> {
    if matches!(args.address, Some(Selector::Label { .. })) {
        return Err(Failure::usage("the ledger knows no labels: write an address such as 'east/web-*'"));
    }
    let session = Session::open(global, io)?;
    let mut found = ledger::history(&session.ledger).map_err(|error| Failure::problem(error.to_string()))?;
    found.warnings.iter().for_each(|warning| io.warn(warning));
    let labels = Labels::default();
    found.past.retain(|past| {
        args.address.as_ref().is_none_or(|glob| glob.matches(&past.address, &labels))
            && args.since.is_none_or(|since| past.at >= since)
    });
    let mut holds =
        ledger::past_holds(&session.ledger).map_err(|error| Failure::problem(error.to_string()))?;
    holds.retain(|past| {
        args.address.as_ref().is_none_or(|glob| past.is_about(glob))
            && args.since.is_none_or(|since| past.at >= since)
    });
    if global.format == Format::Json {
        io.print_json(&HistoryDocument::new(found.past, holds));
    } else if found.past.is_empty() && holds.is_empty() {
        io.mention("The ledger has nothing on record there.");
    } else {
        // In the order in which it happened; each list is in its own.
        let mut holds = &holds[..];
        for past in found.past.chunk_by(|_, _| false) {
            let before = holds.iter().take_while(|hold| hold.at <= past[0].at).count();
            io.print(&past_holds_text(&holds[..before], io.paint()));
            io.print(&history_text(past, io.paint()));
            holds = &holds[before..];
        }
        io.print(&past_holds_text(holds, io.paint()));
    }
    Ok(code::DONE)
}
