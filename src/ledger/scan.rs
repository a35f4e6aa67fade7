//! Reads the lines of a journal one after the other and says of each whether it is what its writer wrote, where it was
//! written. Guesses nothing: what cannot be trusted is a finding, and a hole for whoever replays the rest.

use super::line::{Seal, checked, fingerprint, looks_sealed};
use super::record::Entry;
use std::collections::HashSet;
use std::fmt;

/// The version of the format that is written.
pub(super) const VERSION: u32 = 2;

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Its bytes are not those that were written.
    Damaged,
    /// It does not follow the line before it: lines are missing, moved or put in.
    BrokenLink,
    /// The lines of format 1 before it are not those that it was written after.
    ChangedBefore,
    /// It is in the file twice; this is the second time.
    Copied,
    /// The last line has no end: its writer died, or its disk was full. Nothing that was durable is lost.
    CutOff,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Damaged => "is damaged: its bytes are not those that were written",
            Self::BrokenLink => {
                "does not follow the line before it: lines were removed, moved or put in between"
            }
            Self::ChangedBefore => "was written after other lines of format 1 than those before it",
            Self::Copied => "is a copy of an earlier line",
            Self::CutOff => "was cut off, by a crash most likely",
        })
    }
}

/// Something wrong, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub flaw: Flaw,
}

/// A line that is whole.
pub(super) struct Whole<'b> {
    pub(super) number: usize,
    /// Without its end.
    pub(super) bytes: &'b [u8],
    pub(super) entry: Entry,
    /// Something before it, and after the whole line before it, cannot be trusted or is missing.
    pub(super) after_hole: bool,
}

/// A journal, line by line.
#[derive(Default)]
pub(super) struct Scan<'b> {
    pub(super) whole: Vec<Whole<'b>>,
    pub(super) findings: Vec<Finding>,
    /// Something at its end cannot be trusted, the last line cut off not counted.
    pub(super) ends_in_hole: bool,
    /// Whether anything is in format 2, or was meant to be.
    pub(super) is_sealed: bool,
    /// Where the last record ends. What follows was cut off.
    pub(super) end: usize,
    /// The last record is whole but for its line's end.
    pub(super) unterminated: bool,
    /// What the next line links to.
    pub(super) prev: String,
}

/// A journal that a later program wrote: its format version.
pub(super) struct TooNew(pub(super) u32);

/// What a line must link to.
enum Expected<'b> {
    /// All bytes before the first sealed line.
    AllBefore,
    Sum(&'b str),
    /// The line before is damaged: whatever it says is as good as any.
    Anything,
}

/// Reads all lines.
pub(super) fn scan(bytes: &[u8]) -> Result<Scan<'_>, TooNew> {
    let mut scan = Scan::default();
    let mut expected = Expected::AllBefore;
    let mut seen = HashSet::new();
    let mut hole = false;
    let mut start = 0;
    let mut number = 0;
    while start < bytes.len() {
        number += 1;
        let rest = &bytes[start..];
        let ended = rest.iter().position(|byte| *byte == b'\n');
        let mut line = &rest[..ended.unwrap_or(rest.len())];
        if ended.is_none() {
            // Its sum tells that it is whole: then its call may have been sent, whatever became of the line's end.
            let Some(whole) = whole_but_its_end(line) else {
                scan.findings.push(Finding { line: number, flaw: Flaw::CutOff });
                break;
            };
            line = whole;
            scan.unterminated = true;
        }
        let at = start;
        start += ended.map_or(rest.len(), |end| end + 1);
        scan.end = at + ended.map_or(line.len(), |end| end + 1);
        if line.is_empty() {
            continue;
        }
        let mut find = |flaw| scan.findings.push(Finding { line: number, flaw });
        let seal = checked(line);
        let Some(entry) = entry(line, seal, scan.is_sealed)? else {
            find(Flaw::Damaged);
            hole = true;
            // Until the first line of format 2 is whole, the link to all bytes before it still holds.
            if looks_sealed(line) || scan.is_sealed {
                scan.is_sealed = true;
                expected = Expected::Anything;
            }
            continue;
        };
        if let Some(Seal { prev, sum }) = seal {
            scan.is_sealed = true;
            if !seen.insert(sum) {
                find(Flaw::Copied);
                hole = true;
                expected = Expected::Anything;
                continue;
            }
            let flaw = match expected {
                // That something is wrong before it has been told.
                Expected::AllBefore if hole => None,
                Expected::AllBefore => (fingerprint(&bytes[..at]) != prev).then_some(if at == 0 {
                    Flaw::BrokenLink
                } else {
                    Flaw::ChangedBefore
                }),
                Expected::Sum(last) => (last != prev).then_some(Flaw::BrokenLink),
                Expected::Anything => None,
            };
            if let Some(flaw) = flaw {
                find(flaw);
                hole = true;
            }
            expected = Expected::Sum(sum);
        }
        let after_hole = std::mem::take(&mut hole);
        scan.whole.push(Whole { number, bytes: line, entry, after_hole });
    }
    scan.ends_in_hole = hole;
    scan.prev = match expected {
        Expected::Sum(sum) => sum.to_owned(),
        Expected::AllBefore | Expected::Anything => fingerprint(&bytes[..scan.end]),
    };
    Ok(scan)
}

/// What a line says; `None` where it is damaged.
fn entry(line: &[u8], seal: Option<Seal<'_>>, is_sealed: bool) -> Result<Option<Entry>, TooNew> {
    let entry = serde_json::from_slice(line).ok();
    match &entry {
        // What this program seals, it can check. Anything else of a higher version is a later program's.
        Some(Entry::Born { version, .. })
            if *version > VERSION && (seal.is_some() || !looks_sealed(line)) =>
        {
            Err(TooNew(*version))
        }
        // A line of this version without its seal, or one without among those with.
        Some(Entry::Born { version, .. }) if *version == VERSION && seal.is_none() => Ok(None),
        Some(_) if seal.is_none() && (is_sealed || looks_sealed(line)) => Ok(None),
        _ => Ok(entry),
    }
}

/// A last line that has lost nothing but its end, or whose end is another byte.
fn whole_but_its_end(line: &[u8]) -> Option<&[u8]> {
    let shorter = &line[..line.len().saturating_sub(1)];
    [line, shorter].into_iter().find(|line| checked(line).is_some())
}
