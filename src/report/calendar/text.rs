//! The calendar as text.

use super::{left_out, meaning, named, notes, servers, verdict};
use crate::plan::Calendar;
use crate::report::paint::safe;
use std::fmt::Write;

/// Renders schedule after schedule, and the verdict last.
pub(super) fn calendar_text(calendar: &Calendar) -> String {
    let mut out = format!("Power by schedules, from {} until {}\n", calendar.from, calendar.until);
    for one in &calendar.schedules {
        let (names, more) = named(&one.servers);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        // Writing to a String cannot fail, here and below.
        let _ = write!(
            out,
            "\n{} ({}): {}: {}{more}\n",
            safe(&one.name),
            one.zone,
            servers(one.servers.len()),
            safe(&names.join(", "))
        );
        let _ = writeln!(out, "  {:<27} {}", "at first", meaning(one.at_first));
        for change in &one.changes {
            let _ = writeln!(out, "  {:<27} {}", change.local, meaning(change.power));
        }
        if let Some(text) = left_out(one) {
            let _ = writeln!(out, "  {text}");
        }
    }
    out.push('\n');
    for note in notes(calendar) {
        let _ = writeln!(out, "{note}");
    }
    let _ = writeln!(out, "{}", verdict(calendar));
    out
}
