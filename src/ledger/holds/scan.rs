//! Reads the lines of the holds and says of each whether it is what its writer wrote, where it was written.

use super::FILE_NAME;
use super::record::HoldEntry;
use crate::ledger::journal::JournalError;
use crate::ledger::line::{checked, fingerprint};
use crate::ledger::scan::{Finding, Flaw};
use std::fs;
use std::io;
use std::path::Path;

/// The version of the format that is written.
pub(super) const VERSION: u32 = 1;

/// A line that is whole.
pub(in crate::ledger) struct Line<'b> {
    /// Without its end.
    pub(super) bytes: &'b [u8],
    pub(super) entry: HoldEntry,
    /// From 1.
    pub(super) number: usize,
}

/// The holds, line by line.
#[derive(Default)]
pub(in crate::ledger) struct Scanned<'b> {
    pub(in crate::ledger) whole: Vec<Line<'b>>,
    pub(in crate::ledger) findings: Vec<Finding>,
}

/// The bytes of the file in a folder; `None` where there is none.
pub(in crate::ledger) fn bytes(folder: &Path) -> Result<Option<Vec<u8>>, JournalError> {
    let path = folder.join(FILE_NAME);
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(JournalError { path, what: error.to_string() }),
    }
}

/// Reads all lines.
pub(in crate::ledger) fn scan<'b>(folder: &Path, bytes: &'b [u8]) -> Result<Scanned<'b>, JournalError> {
    let mut scan = Scanned::default();
    // What the next line must link to; after a damaged one, whatever it says is as good as any.
    let mut expected = Some(fingerprint(b""));
    let is_ended = bytes.last().is_none_or(|last| *last == b'\n');
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    for (at, line) in lines.iter().enumerate() {
        if line.is_empty() {
            continue;
        }
        let number = at + 1;
        let seal = checked(line);
        let entry = seal.and_then(|_| serde_json::from_slice(line).ok());
        let (Some(seal), Some(entry)) = (seal, entry) else {
            let is_last = at + 1 == lines.len() && !is_ended;
            let flaw = if is_last { Flaw::CutOff } else { Flaw::Damaged };
            scan.findings.push(Finding { line: number, flaw });
            expected = None;
            continue;
        };
        if let HoldEntry::Begun { version, .. } = entry
            && version > VERSION
        {
            let what = format!("its format version is {version}, this program reads {VERSION}");
            return Err(JournalError { path: folder.join(FILE_NAME), what });
        }
        if expected.as_deref().is_some_and(|expected| expected != seal.prev) {
            scan.findings.push(Finding { line: number, flaw: Flaw::BrokenLink });
        }
        expected = Some(seal.sum.to_owned());
        scan.whole.push(Line { bytes: line, entry, number });
    }
    Ok(scan)
}
