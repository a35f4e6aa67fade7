//! Writes the holds: all of the file anew, under a lock that is held for moments.

use super::record::HoldEntry as Entry;
use super::scan::{Scanned, VERSION, bytes, scan};
use super::{FILE_NAME, MOST_DAYS, told};
use crate::ledger::author::Author;
use crate::ledger::journal::{JournalError, make_folder};
use crate::ledger::line::fingerprint;
use crate::ledger::rewrite::{Draft, Watcher, keep_original, put};
use crate::ledger::scan::{Finding, Flaw};
use crate::model::{Freeze, Hold, HoldTo, Selector};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long other writers are waited for: each needs moments.
const PATIENCE: Duration = Duration::from_secs(10);

/// So long what has ended stays, for the history.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// So many holds may be in force at once.
const MOST: usize = 1_000;

/// The most characters of a reason.
const LONGEST: usize = 200;

/// Why nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// What was asked for cannot be.
    #[error("{0}")]
    Unfit(String),
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] JournalError),
}

/// What is asked for: until when, and why.
#[derive(Clone, Debug)]
pub struct HoldOrder {
    /// The instant at which it ends.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
}

/// Who says it, and when.
#[derive(Clone, Debug)]
pub struct Said<'a> {
    /// Who.
    pub by: &'a Author,
    /// When.
    pub at: Timestamp,
}

/// What a release found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released {
    /// The holds that it ended.
    pub ended: Vec<Hold>,
    /// Holds in force that it left.
    pub left: Vec<Hold>,
}

impl HoldOrder {
    /// Checks what can be checked without the file.
    fn check(&self, now: Timestamp) -> Result<(), HoldError> {
        let unfit = |text: String| Err(HoldError::Unfit(text));
        if self.until <= now {
            return unfit(format!("--until {} has passed already; it is {now:.0}", self.until));
        }
        if self.until.duration_since(now) > SignedDuration::from_hours(24 * MOST_DAYS) {
            return unfit(format!(
                "--until {} is more than {MOST_DAYS} days away: what holds longer belongs into the fleet file",
                self.until
            ));
        }
        check_text("--reason", &self.reason)
    }
}

/// A text that is shown to others: it must say something, in one line that does nothing but be read.
fn check_text(what: &str, text: &str) -> Result<(), HoldError> {
    let count = text.chars().count();
    let misleads = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    match () {
        () if text.trim().is_empty() => {
            Err(HoldError::Unfit(format!("{what} is empty: others must know why")))
        }
        () if count > LONGEST => Err(HoldError::Unfit(format!(
            "{what} has {count} characters, and {LONGEST} are the most: name a ticket or a page for the rest"
        ))),
        () if text.chars().any(misleads) => Err(HoldError::Unfit(format!(
            "{what} has characters that cannot be seen (control characters, or such as turn the writing round); \
             write it in one plain line"
        ))),
        () => Ok(()),
    }
}

/// Records a hold.
///
/// # Errors
/// [`HoldError`]; nothing is recorded then.
pub fn hold(
    folder: &Path,
    said: &Said<'_>,
    selector: &Selector,
    to: HoldTo,
    order: &HoldOrder,
) -> Result<Hold, HoldError> {
    order.check(said.at)?;
    check_text("the selector", &selector.to_string())?;
    change(folder, said.at, &mut |_| Ok(()), |scan| {
        let known = told(folder, scan);
        if known.holds.iter().filter(|hold| hold.is_in_force(said.at)).count() >= MOST {
            let text =
                format!("{MOST} holds are in force, the most there may be; `fleetform release` ends some");
            return Err(HoldError::Unfit(text));
        }
        let hold = Hold {
            id: id(scan, said, selector),
            selector: selector.clone(),
            to,
            by: name_of(said.by),
            at: said.at,
            until: order.until,
            reason: order.reason.trim().to_owned(),
        };
        let entry = Entry::Hold { hold: hold.clone(), host: said.by.host.clone() };
        Ok((vec![entry], hold))
    })
}

/// Ends the holds that have this id, or exactly this selector.
///
/// # Errors
/// [`HoldError`]; nothing is recorded then.
pub fn release(folder: &Path, said: &Said<'_>, wanted: &str) -> Result<Released, HoldError> {
    change(folder, said.at, &mut |_| Ok(()), |scan| {
        let in_force = told(folder, scan).holds.into_iter().filter(|hold| hold.is_in_force(said.at));
        let (ended, left): (Vec<Hold>, Vec<Hold>) =
            in_force.partition(|hold| hold.id == wanted || hold.selector.to_string() == wanted);
        let entry = Entry::Release {
            ids: ended.iter().map(|hold| hold.id.clone()).collect(),
            by: name_of(said.by),
            at: said.at,
            host: said.by.host.clone(),
        };
        let entries = if ended.is_empty() { Vec::new() } else { vec![entry] };
        Ok((entries, Released { ended, left }))
    })
}

/// Freezes everything; an earlier freeze ends with that.
///
/// # Errors
/// [`HoldError`]; nothing is recorded then.
pub fn freeze(folder: &Path, said: &Said<'_>, order: &HoldOrder) -> Result<Freeze, HoldError> {
    order.check(said.at)?;
    change(folder, said.at, &mut |_| Ok(()), |_| {
        let freeze = Freeze {
            by: name_of(said.by),
            at: said.at,
            until: order.until,
            reason: order.reason.trim().to_owned(),
        };
        Ok((vec![Entry::Freeze { freeze: freeze.clone(), host: said.by.host.clone() }], freeze))
    })
}

/// Ends the freeze; `None` where there is none in force.
///
/// # Errors
/// [`HoldError`]; nothing is recorded then.
pub fn thaw(folder: &Path, said: &Said<'_>) -> Result<Option<Freeze>, HoldError> {
    change(folder, said.at, &mut |_| Ok(()), |scan| {
        let freeze = told(folder, scan).freeze.filter(|freeze| freeze.is_in_force(said.at));
        let entry = Entry::Thaw { by: name_of(said.by), at: said.at, host: said.by.host.clone() };
        Ok((freeze.iter().map(|_| entry.clone()).collect(), freeze))
    })
}

/// Who, in one line.
fn name_of(author: &Author) -> String {
    let name: String = author.user.chars().take(64).collect();
    if check_text("", &name).is_ok() { name } else { "somebody".into() }
}

/// Eight digits that no other hold of the file has.
fn id(scan: &Scanned<'_>, said: &Said<'_>, selector: &Selector) -> String {
    let is_taken = |id: &str| {
        scan.whole.iter().any(|line| matches!(&line.entry, Entry::Hold { hold, .. } if hold.id == id))
    };
    let of = |turn: usize| {
        let seed = format!("{} {} {selector} {turn}", said.by.run, said.at.as_nanosecond());
        let mut id = fingerprint(seed.as_bytes());
        id.truncate(8);
        id
    };
    (0..=scan.whole.len()).map(of).find(|id| !is_taken(id)).unwrap_or_else(|| of(0))
}

/// Writes the file with what `make` adds to it, and without what has ended long ago.
pub(super) fn change<T>(
    folder: &Path,
    now: Timestamp,
    done: Watcher<'_>,
    make: impl FnOnce(&Scanned<'_>) -> Result<(Vec<Entry>, T), HoldError>,
) -> Result<T, HoldError> {
    let failed = |what: String| JournalError { path: folder.join(FILE_NAME), what };
    let _turn = turn(folder).map_err(failed)?;
    let before = bytes(folder)?.unwrap_or_default();
    let scan = scan(folder, &before)?;
    if let Some(damage) = told(folder, &scan).damage {
        return Err(failed(format!("{damage}; nothing was recorded")).into());
    }
    let (entries, value) = make(&scan)?;
    if !entries.is_empty() {
        let draft = draft(&scan, &[], &entries, now).map_err(|error| failed(error.to_string()))?;
        put(folder, FILE_NAME, &draft.bytes, done).map_err(|error| {
            let _ = fs::remove_file(folder.join(format!("{FILE_NAME}.new")));
            failed(format!("it could not be written, nothing was recorded: {error}"))
        })?;
    }
    Ok(value)
}

/// Leaves out what has ended long ago. How many records that were; does nothing to a damaged file.
pub(in crate::ledger) fn compact(folder: &Path, now: Timestamp) -> Result<usize, JournalError> {
    let failed = |what: String| JournalError { path: folder.join(FILE_NAME), what };
    let Some(_) = bytes(folder)? else { return Ok(0) };
    let _turn = turn(folder).map_err(failed)?;
    let before = bytes(folder)?.unwrap_or_default();
    let scan = scan(folder, &before)?;
    let stays = stays(&scan, now);
    let dropped = stays.iter().filter(|stays| !**stays).count();
    if dropped > 0 && scan.findings.is_empty() {
        let draft = draft(&scan, &[], &[], now).map_err(|error| failed(error.to_string()))?;
        put(folder, FILE_NAME, &draft.bytes, &mut |_| Ok(())).map_err(|error| failed(error.to_string()))?;
        return Ok(dropped);
    }
    Ok(0)
}

/// Takes damaged lines out and keeps the file as it was beside it. Its name; `None` where nothing is wrong.
pub(in crate::ledger) fn repair(
    folder: &Path,
    now: Timestamp,
) -> Result<(Vec<Finding>, Option<String>), JournalError> {
    let failed = |what: String| JournalError { path: folder.join(FILE_NAME), what };
    let Some(_) = bytes(folder)? else { return Ok((Vec::new(), None)) };
    let _turn = turn(folder).map_err(failed)?;
    let before = bytes(folder)?.unwrap_or_default();
    let scan = scan(folder, &before)?;
    if scan.findings.is_empty() {
        return Ok((Vec::new(), None));
    }
    let io = |error: std::io::Error| failed(error.to_string());
    let draft = draft(&scan, &scan.findings, &[], now).map_err(|error| failed(error.to_string()))?;
    let kept = keep_original(folder, FILE_NAME, &before, now, &mut |_| Ok(())).map_err(io)?;
    put(folder, FILE_NAME, &draft.bytes, &mut |_| Ok(())).map_err(io)?;
    Ok((scan.findings, Some(kept)))
}

fn draft(
    scan: &Scanned<'_>,
    findings: &[Finding],
    new: &[Entry],
    now: Timestamp,
) -> serde_json::Result<Draft> {
    let mut draft = Draft::new();
    if !matches!(scan.whole.first().map(|line| &line.entry), Some(Entry::Begun { .. })) {
        draft.write(&Entry::Begun { version: VERSION, at: now })?;
    }
    let mut holes = findings.iter().filter(|found| found.flaw != Flaw::CutOff).peekable();
    let mark = |draft: &mut Draft, found: &Finding| {
        draft.write(&Entry::Repaired { at: now, line: found.line as u64, lost: found.flaw.to_string() })
    };
    for (line, stays) in scan.whole.iter().zip(stays(scan, now)) {
        while let Some(found) = holes.next_if(|found| found.line <= line.number) {
            mark(&mut draft, found)?;
        }
        if stays {
            draft.keep(line.bytes);
        }
    }
    for found in holes {
        mark(&mut draft, found)?;
    }
    for entry in new {
        draft.write(entry)?;
    }
    Ok(draft)
}

/// Of each line whether somebody may still want it: what is in force, and what has ended not long ago.
fn stays(scan: &Scanned<'_>, now: Timestamp) -> Vec<bool> {
    let oldest = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
    let mut released: HashMap<&str, Timestamp> = HashMap::new();
    for line in &scan.whole {
        if let Entry::Release { ids, at, .. } = &line.entry {
            released.extend(ids.iter().map(|id| (id.as_str(), *at)));
        }
    }
    scan.whole
        .iter()
        .map(|line| match &line.entry {
            Entry::Begun { .. } => true,
            Entry::Hold { hold, .. } => {
                let end = released.get(hold.id.as_str()).map_or(hold.until, |at| (*at).min(hold.until));
                end >= oldest
            }
            // A freeze goes after what ended it: alone it would be one again, and a thaw alone does no harm.
            Entry::Freeze { freeze, .. } => freeze.until >= oldest,
            Entry::Release { at, .. } | Entry::Thaw { at, .. } | Entry::Repaired { at, .. } => {
                // Whatever it ended must be gone before it: the longest of these lasts no longer than this.
                at.checked_add(SignedDuration::from_hours(24 * MOST_DAYS)).is_ok_and(|end| end >= oldest)
            }
        })
        .collect()
}

/// Nobody else writes until the file is dropped.
fn turn(folder: &Path) -> Result<File, String> {
    make_folder(folder).map_err(|error| error.to_string())?;
    let path = folder.join("holds.lock");
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    let file = file.map_err(|error| error.to_string())?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(TryLockError::WouldBlock) => {
                return Err("another process is stopped while it writes to it; try again".into());
            }
            Err(TryLockError::Error(error)) => return Err(error.to_string()),
        }
    }
}
