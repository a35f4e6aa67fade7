//! Looks for damage in a journal, and takes it out without taking anything for known that was lost.

use super::holds;
use super::journal::JournalError;
use super::lock::Lock;
use super::record::Entry;
use super::replay::{bytes, lines};
use super::rewrite::{Draft, Watcher, replace};
use super::scan::{Finding, Flaw, Scan, VERSION};
use jiff::Timestamp;
use std::io;
use std::path::Path;

/// The state of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether there is a journal.
    pub exists: bool,
    /// Records that are whole.
    pub records: usize,
    /// The format that the next record continues.
    pub version: u32,
    /// What is wrong, by line.
    pub findings: Vec<Finding>,
    /// Records of the holds that are whole.
    pub holds: usize,
    /// What is wrong with the holds, by line of their file.
    pub hold_findings: Vec<Finding>,
}

/// What a repair did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repaired {
    /// What was wrong.
    pub findings: Vec<Finding>,
    /// Records that were kept.
    pub records: usize,
    /// The name of the file beside the journal that holds what it was before; `None` where nothing was to be done.
    pub original: Option<String>,
}

/// Checks every line, its checksum and its link. Takes no lock.
///
/// # Errors
/// The file exists and cannot be read, or a later program wrote it.
pub fn verify(folder: &Path) -> Result<Verdict, JournalError> {
    let found = bytes(folder)?;
    let exists = found.is_some();
    let bytes = found.unwrap_or_default();
    let scan = lines(folder, &bytes)?;
    let version = if scan.is_sealed || !exists { VERSION } else { 1 };
    let bytes = holds::bytes(folder)?.unwrap_or_default();
    let said = holds::scan(folder, &bytes)?;
    Ok(Verdict {
        exists,
        records: scan.whole.len(),
        version,
        findings: scan.findings,
        holds: said.whole.len(),
        hold_findings: said.findings,
    })
}

/// Takes the damaged lines out of the holds and keeps the damaged file beside it: its findings and that file's name.
/// Does nothing where nothing is wrong. Takes no lock but the one of their writers.
///
/// # Errors
/// It cannot be read or written; the file is then the old one or the new one.
pub fn repair_holds(folder: &Path, now: Timestamp) -> Result<(Vec<Finding>, Option<String>), JournalError> {
    holds::repair(folder, now)
}

/// Writes a journal of all whole records, linked anew, with a `repaired` record wherever something was lost: what was
/// not known before is not known afterwards. The damaged one is kept beside it. Does nothing where nothing is wrong.
///
/// # Errors
/// It cannot be read or written, or the lock has passed on; the journal is then the old one or the new one.
pub fn repair(folder: &Path, lock: &Lock, now: Timestamp) -> Result<Repaired, JournalError> {
    repair_watched(folder, lock, now, &mut |_| Ok(()))
}

pub(super) fn repair_watched(
    folder: &Path,
    lock: &Lock,
    now: Timestamp,
    done: Watcher<'_>,
) -> Result<Repaired, JournalError> {
    let bytes = bytes(folder)?.unwrap_or_default();
    let scan = lines(folder, &bytes)?;
    let (findings, records) = (scan.findings.clone(), scan.whole.len());
    if findings.is_empty() {
        return Ok(Repaired { findings, records, original: None });
    }
    let draft = draft(&scan, now)
        .map_err(|error| JournalError { path: folder.into(), what: io::Error::from(error).to_string() })?;
    let original = replace(folder, lock, &draft, Some((&bytes, now)), done)?;
    Ok(Repaired { findings, records, original })
}

fn draft(scan: &Scan<'_>, now: Timestamp) -> serde_json::Result<Draft> {
    let mut draft = Draft::new();
    let first = scan.whole.first().map_or(now, |line| line.entry.written_at());
    draft.write(&Entry::Born { version: VERSION, at: first })?;
    let mut holes = scan.findings.iter().filter(|found| found.flaw != Flaw::CutOff).peekable();
    let mark = |draft: &mut Draft, found: &Finding| {
        let line = found.line as u64;
        draft.write(&Entry::Repaired { at: now, line, lost: found.flaw.to_string() })
    };
    for (place, line) in scan.whole.iter().enumerate() {
        while let Some(found) = holes.next_if(|found| found.line <= line.number) {
            mark(&mut draft, found)?;
        }
        // The first one is written already.
        if place > 0 || !matches!(line.entry, Entry::Born { .. }) {
            draft.keep(line.bytes);
        }
    }
    for found in holes {
        mark(&mut draft, found)?;
    }
    Ok(draft)
}
