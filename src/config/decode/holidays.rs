//! `except:`: dates, and holiday calendars that lie beside the fleet file.

use super::Decoder;
use crate::calendar::{Dates, MAX_ICS_BYTES, Zone, read_ics};
use crate::config::diagnostic::{Diagnostic, quote};
use crate::config::files::read_calendar;
use crate::config::fleet::SourceFile;
use crate::config::source::{Source, hex};
use crate::config::yaml::{Content, Node};
use crate::model::Location;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

/// The most entries of one `except:`.
const MAX_ENTRIES: usize = 1000;

const CURE: &str =
    "write a date such as 2026-12-24, a range such as 2026-12-24..2027-01-01, or the path of an .ics file";

/// The calendars that were read, each once.
#[derive(Default)]
pub(super) struct Holidays {
    read: HashMap<PathBuf, Option<Vec<u8>>>,
    dates: HashMap<(PathBuf, String), Option<Dates>>,
    /// In the order in which they were first named.
    pub(super) files: Vec<SourceFile>,
}

impl Decoder<'_> {
    /// An entry or a list of them; `None` where one has a mistake, which was reported.
    pub(super) fn except(
        &mut self,
        node: &Node<'_>,
        zone: &Zone,
        source: &Source,
        holidays: &mut Holidays,
    ) -> Option<Dates> {
        let items = match &node.content {
            Content::List(items) => &items[..],
            _ if node.is_null() => &[],
            _ => std::slice::from_ref(node),
        };
        if items.len() > MAX_ENTRIES {
            let message = format!("except has more than {MAX_ENTRIES} entries");
            let cure = "write ranges, or put the dates into an .ics file";
            self.report(node.span, Diagnostic::error("bad_schedule", message).cure(cure));
            return None;
        }
        let mut all = Dates::default();
        let mut sound = !node.partial;
        for item in items {
            let Some(text) = self.text(item, "except") else {
                sound = false;
                continue;
            };
            let is_file =
                Path::new(text).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("ics"));
            let dates = if is_file {
                self.calendar(item, text, zone, source, holidays)
            } else {
                match Dates::parse(text) {
                    Ok(dates) => Some(dates),
                    Err(mistake) => {
                        let finding =
                            Diagnostic::error("bad_schedule", format!("in except, {}", mistake.message));
                        self.report(item.span, finding.cure(mistake.cure));
                        None
                    }
                }
            };
            match dates {
                Some(dates) => all.extend(&dates),
                None => sound = false,
            }
        }
        sound.then_some(all)
    }

    fn calendar(
        &mut self,
        node: &Node<'_>,
        text: &str,
        zone: &Zone,
        source: &Source,
        holidays: &mut Holidays,
    ) -> Option<Dates> {
        let given = Path::new(text);
        if given.has_root()
            || given.components().any(|part| matches!(part, Component::Prefix(_)))
            || text.contains('\0')
        {
            let message = format!("the calendar {} is not given relative to this file", quote(text));
            self.report(node.span, Diagnostic::error("bad_calendar", message).cure(CURE));
            return None;
        }
        let path = source.folder().join(given);
        if !holidays.read.contains_key(&path) {
            let read = read_calendar(&path, source.revision.as_deref(), MAX_ICS_BYTES);
            if let Err(why) = &read {
                let message = format!("the calendar {} {why}", quote(&path.to_string_lossy()));
                let cure = "put the file there; its path is relative to the folder of this file";
                self.report(node.span, Diagnostic::error("bad_calendar", message).cure(cure));
            }
            if let Ok(bytes) = &read {
                let sha256 = hex(&Sha256::digest(bytes));
                let path = path.to_string_lossy().into();
                holidays.files.push(SourceFile { path, sha256, calendar: true });
            }
            holidays.read.insert(path.clone(), read.ok());
        }
        let key = (path, zone.name().to_owned());
        if let Some(known) = holidays.dates.get(&key) {
            return known.clone();
        }
        let bytes = holidays.read.get(&key.0).and_then(Option::as_ref)?;
        let dates = match read_ics(bytes, zone) {
            Ok(dates) => Some(dates),
            Err(error) => {
                let place = Location { file: key.0.to_string_lossy().into(), line: error.line, column: 1 };
                let finding = Diagnostic::error(
                    "bad_calendar",
                    format!("the calendar cannot be used: {}", error.message),
                );
                let cure = "change that line; docs/schedules.md says what is understood, and nothing else is guessed";
                let named = self.place(node.span);
                self.findings.push(finding.at(place).cure(cure).related("it is named here", named));
                None
            }
        };
        holidays.dates.insert(key, dates.clone());
        dates
    }
}
