//! Holiday calendars: the local dates that the events of an iCalendar file (RFC 5545) cover. What is not understood is
//! an error with its line; nothing is left out silently but what has no dates: tasks, alarms, texts.

mod event;
mod lines;
mod rule;
mod value;

use super::dates::Dates;
use super::zone::Zone;
use event::Event;
use lines::{Line, unfold};
use std::fmt;

/// The largest file that is read, in bytes.
pub const MAX_ICS_BYTES: usize = 1024 * 1024;

/// The most occurrences of all events together: rules without an end are written out for two centuries.
const MAX_OCCURRENCES: usize = 1_000_000;

/// What is wrong with a holiday calendar, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IcsError {
    /// The line, from 1; of a folded line its first.
    pub line: u32,
    /// What is wrong: one sentence without a full stop.
    pub message: String,
}

impl fmt::Display for IcsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

type Result<T> = std::result::Result<T, IcsError>;

fn wrong<T>(line: u32, message: impl Into<String>) -> Result<T> {
    Err(IcsError { line, message: message.into() })
}

/// The dates in `zone` that the events of a file cover.
///
/// # Errors
/// The first thing in it that is not understood.
pub fn read_ics(bytes: &[u8], zone: &Zone) -> Result<Dates> {
    if bytes.len() > MAX_ICS_BYTES {
        return wrong(1, format!("it is larger than {} KiB, the most that is read", MAX_ICS_BYTES >> 10));
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return wrong(1, "it is not UTF-8 text");
    };
    let lines = unfold(text)?;
    let mut reader = Reader { zone, dates: Dates::default(), left: MAX_OCCURRENCES };
    reader.file(&lines)?;
    Ok(reader.dates)
}

/// The part of a file that is being read.
struct Reader<'z> {
    zone: &'z Zone,
    dates: Dates,
    /// So many more occurrences are allowed.
    left: usize,
}

/// Components without dates that servers rest on.
const IGNORED: [&str; 5] = ["VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE", "VALARM"];

impl Reader<'_> {
    fn file(&mut self, lines: &[Line<'_>]) -> Result<()> {
        let Some(first) = lines.first() else { return wrong(1, "it is empty") };
        if !first.begins("VCALENDAR") {
            return wrong(first.number, "it does not begin with BEGIN:VCALENDAR, so it is no calendar");
        }
        // Names of the components that are open, from the outermost.
        let mut open: Vec<(&str, u32)> = Vec::new();
        let mut event: Option<Event<'_>> = None;
        for line in lines {
            match line.name.as_str() {
                "BEGIN" => self.begin(line, &mut open, &mut event)?,
                "END" => self.end(line, &mut open, &mut event)?,
                _ => match (open.last(), &mut event) {
                    (None, _) => return wrong(line.number, "there is something after END:VCALENDAR"),
                    (Some(("VEVENT", _)), Some(event)) => event.take(line)?,
                    (Some(("VCALENDAR", _)), _) if line.name == "METHOD" && line.is("CANCEL") => {
                        return wrong(
                            line.number,
                            "METHOD:CANCEL takes events back; a calendar of events is expected",
                        );
                    }
                    _ => {}
                },
            }
        }
        match open.last() {
            Some((name, number)) => wrong(*number, format!("BEGIN:{name} has no END:{name}")),
            None => Ok(()),
        }
    }

    #[allow(clippy::unused_self, reason = "one of a pair")]
    fn begin<'l>(
        &self,
        line: &'l Line<'_>,
        open: &mut Vec<(&'l str, u32)>,
        event: &mut Option<Event<'l>>,
    ) -> Result<()> {
        /// Deeper than any calendar is.
        const DEEPEST: usize = 8;
        let name = line.value.trim();
        let inside = open.last().map(|(name, _)| *name);
        if open.len() >= DEEPEST {
            return wrong(line.number, "components are nested too deeply");
        }
        match (inside, name.to_ascii_uppercase().as_str()) {
            (None, "VCALENDAR") => open.push(("VCALENDAR", line.number)),
            (None, _) => return wrong(line.number, format!("BEGIN:{name} stands outside of a calendar")),
            (Some("VCALENDAR"), "VEVENT") => {
                *event = Some(Event::new(line.number));
                open.push(("VEVENT", line.number));
            }
            (Some(_), "VEVENT" | "VCALENDAR") => {
                return wrong(line.number, format!("BEGIN:{name} stands inside of another component"));
            }
            (Some(inside), upper)
                if inside != "VEVENT" || IGNORED.contains(&upper) || upper.starts_with("X-") =>
            {
                open.push((name, line.number));
            }
            _ => return wrong(line.number, format!("an event with a {name} in it is not understood")),
        }
        Ok(())
    }

    fn end<'l>(
        &mut self,
        line: &'l Line<'_>,
        open: &mut Vec<(&'l str, u32)>,
        event: &mut Option<Event<'l>>,
    ) -> Result<()> {
        let name = line.value.trim();
        match open.pop() {
            Some((opened, _)) if opened.eq_ignore_ascii_case(name) => {}
            Some((opened, at)) => {
                return wrong(line.number, format!("END:{name} does not end BEGIN:{opened} of line {at}"));
            }
            None => return wrong(line.number, format!("END:{name} ends nothing")),
        }
        if name.eq_ignore_ascii_case("VEVENT")
            && let Some(event) = event.take()
        {
            event.add_to(&mut self.dates, self.zone, &mut self.left)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
