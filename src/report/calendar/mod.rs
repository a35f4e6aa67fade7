//! The calendar of schedules, one file per format over one value. Pure: no clock, no environment, no terminal.

mod html;
mod markdown;
mod text;

use crate::calendar::State;
use crate::model::Address;
use crate::plan::{Calendar, ScheduleCalendar};

/// The formats of a calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalendarFormat {
    /// For people at a terminal.
    Text,
    /// For a comment.
    Markdown,
    /// For a browser: a timeline.
    Html,
}

/// Renders a calendar. Ends with a line break.
pub fn render_calendar(format: CalendarFormat, calendar: &Calendar) -> String {
    match format {
        CalendarFormat::Text => text::calendar_text(calendar),
        CalendarFormat::Markdown => markdown::calendar_markdown(calendar),
        CalendarFormat::Html => html::calendar_html(calendar),
    }
}

/// So many servers of a schedule are named; json names all of them.
const NAMED: usize = 8;

/// The servers that are named, and how many more there are.
fn named(servers: &[Address]) -> (Vec<String>, usize) {
    let names: Vec<String> = servers.iter().take(NAMED).map(ToString::to_string).collect();
    let more = servers.len() - names.len();
    (names, more)
}

fn servers(count: usize) -> String {
    if count == 1 { "1 server".into() } else { format!("{count} servers") }
}

/// What a state means to a server.
fn meaning(state: State) -> &'static str {
    match state {
        State::Any => "left alone",
        other => other.word(),
    }
}

/// `12 changes of 2 schedules, for 40 servers.`
fn verdict(calendar: &Calendar) -> String {
    let changes: usize = calendar.schedules.iter().map(|one| one.changes.len()).sum();
    let all: usize = calendar.schedules.iter().map(|one| one.servers.len()).sum();
    if calendar.schedules.is_empty() {
        return "No selected server has a schedule.".into();
    }
    let more = if calendar.schedules.iter().any(|one| one.left_out_from.is_some()) {
        " listed, and more"
    } else {
        ""
    };
    let noun = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    format!(
        "{}{more}, by {} for {}.",
        noun(changes, "change"),
        noun(calendar.schedules.len(), "schedule"),
        servers(all)
    )
}

/// What a reader must know beside the changes.
fn notes(calendar: &Calendar) -> Vec<String> {
    let mut notes = Vec::new();
    if calendar.unscheduled > 0 {
        let count = usize::try_from(calendar.unscheduled).unwrap_or(usize::MAX);
        let (servers, have) = (servers(count), if count == 1 { "has" } else { "have" });
        notes.push(format!("{servers} {have} no schedule."));
    }
    for one in calendar.schedules.iter().filter(|one| !one.rules.is_empty()) {
        notes.push(format!(
            "Schedule {} is also that of the live servers under {} {}.",
            one.name,
            if one.rules.len() == 1 { "the rule" } else { "the rules" },
            one.rules.join(", ")
        ));
    }
    if calendar.has_windows {
        notes.push("Windows may let an action run later than it is wanted.".into());
    }
    notes
}

fn left_out(one: &ScheduleCalendar) -> Option<String> {
    let from = one.left_out_from?;
    Some(format!("what comes from {from} on is left out: {} changes are listed", one.changes.len()))
}
