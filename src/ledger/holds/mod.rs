//! Holds and freezes: a small file of its own beside the journal, with the same seals. Whoever applies or watches may
//! have the ledger's lock for hours; a hold must not wait for that. So writers take a lock of their own for moments,
//! write the whole file anew under another name and give it its name in one step: readers need no lock, and whoever is
//! killed leaves the old file or the new one.

mod past;
mod record;
mod scan;
mod write;

pub use past::{PastHold, past_holds};
pub use record::{HoldEntry, HoldRecord};
pub use write::{HoldError, HoldOrder, Released, Said, freeze, hold, release, thaw};

pub(super) use scan::{bytes, scan};
pub(super) use write::{compact, repair};

use super::journal::JournalError;
use crate::model::{Freeze, Hold};
use record::HoldEntry as Entry;
use scan::Scanned;
use std::collections::HashSet;
use std::path::Path;

/// The file's name in the ledger's folder.
pub(super) const FILE_NAME: &str = "holds.jsonl";

/// So far away the end of a hold or a freeze may be, in days.
pub const MOST_DAYS: i64 = 90;

/// What people have said, as far as nobody took it back. Whether it has ended is up to the instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holds {
    /// The latest recorded last.
    pub holds: Vec<Hold>,
    /// The latest.
    pub freeze: Option<Freeze>,
    /// What is wrong with the file, for people: what it said there is not known.
    pub damage: Option<String>,
    /// What was dropped and does no harm.
    pub warnings: Vec<String>,
}

/// Reads the holds of a ledger. Takes no lock.
///
/// # Errors
/// The file exists and cannot be read, or a later program wrote it.
pub fn read_holds(folder: &Path) -> Result<Holds, JournalError> {
    let bytes = bytes(folder)?.unwrap_or_default();
    Ok(told(folder, &scan(folder, &bytes)?))
}

fn told(folder: &Path, scan: &Scanned<'_>) -> Holds {
    let mut all = Holds::default();
    let mut released: HashSet<&str> = HashSet::new();
    for line in &scan.whole {
        match &line.entry {
            Entry::Hold { hold, .. } => all.holds.push(hold.clone()),
            Entry::Release { ids, .. } => released.extend(ids.iter().map(String::as_str)),
            Entry::Freeze { freeze, .. } => all.freeze = Some(freeze.clone()),
            Entry::Thaw { .. } => all.freeze = None,
            Entry::Begun { .. } | Entry::Repaired { .. } => {}
        }
    }
    all.holds.retain(|hold| !released.contains(hold.id.as_str()));
    let path = folder.join(FILE_NAME);
    let path = path.display();
    for found in &scan.findings {
        if found.flaw == super::scan::Flaw::CutOff {
            all.warnings.push(format!(
                "line {} of {path}, the last one, {}; it is dropped: what it said was never recorded",
                found.line, found.flaw
            ));
        } else if all.damage.is_none() {
            all.damage = Some(format!(
                "line {} of {path} {}; somebody may have held or frozen something there; look at it, then \
                 `fleetform ledger repair` takes the line out",
                found.line, found.flaw
            ));
        }
    }
    all
}

#[cfg(test)]
mod tests;
