//! The calendar as Markdown: a table for each schedule.

use super::{left_out, meaning, named, notes, servers, verdict};
use crate::plan::Calendar;
use crate::report::plan::markdown_code as code;
use std::fmt::Write;

/// So many changes of a schedule are in its table: comments have a length.
const MOST: usize = 200;

pub(super) fn calendar_markdown(calendar: &Calendar) -> String {
    let mut out = format!("### {}\n\nFrom {} until {}.\n", verdict(calendar), calendar.from, calendar.until);
    for note in notes(calendar) {
        // Writing to a String cannot fail, here and below.
        let _ = write!(out, "\n{note}\n");
    }
    for one in &calendar.schedules {
        let (names, more) = named(&one.servers);
        let names: Vec<String> = names.iter().map(|name| code(name)).collect();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let _ = write!(
            out,
            "\n#### {} ({})\n\n{}: {}{more}\n\n| When | Power |\n| --- | --- |\n| at first | {} |\n",
            code(&one.name),
            one.zone,
            servers(one.servers.len()),
            names.join(", "),
            meaning(one.at_first)
        );
        for change in one.changes.iter().take(MOST) {
            let _ = writeln!(out, "| {} | {} |", change.local, meaning(change.power));
        }
        let hidden = one.changes.len().saturating_sub(MOST);
        if hidden > 0 {
            let _ = write!(out, "\n{hidden} more are left out here; `--format text` lists them.\n");
        } else if let Some(text) = left_out(one) {
            let _ = write!(out, "\n{text}.\n");
        }
    }
    out
}
