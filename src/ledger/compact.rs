//! Leaves out of a journal what nobody needs any more. What the planner is told stays the same, and so does what is
//! open; of the rest the last months stay, for the history.

use super::holds;
use super::journal::{FILE_NAME, JournalError};
use super::lock::Lock;
use super::record::Entry;
use super::replay::{Told, bytes, lines, tell};
use super::rewrite::{Draft, Watcher, replace};
use super::scan::{Scan, VERSION};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// The shortest line there is, in bytes: a smaller file need not be read to know that it has few.
const SHORTEST: u64 = 60;

/// When a journal is compacted by itself, and what stays.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// With more records than this a journal is compacted by itself; not before it has doubled since the last time.
    pub records: usize,
    /// So old may records be that nothing but the history needs.
    pub age: Duration,
    /// So many of them stay at most, the latest.
    pub recent: usize,
}

impl Default for Retention {
    fn default() -> Self {
        Self { records: 20_000, age: Duration::from_hours(90 * 24), recent: 10_000 }
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// Records left out now.
    pub dropped: usize,
    /// Records that are there now.
    pub kept: usize,
}

/// Compacts a journal that has grown beyond its bounds; does nothing to others, nor to a damaged one.
///
/// # Errors
/// It cannot be read or written, or the lock has passed on.
pub fn compact_if_due(
    folder: &Path,
    lock: &Lock,
    retention: Retention,
    now: Timestamp,
) -> Result<Option<Compacted>, JournalError> {
    let size = fs::metadata(folder.join(FILE_NAME)).map_or(0, |data| data.len());
    if size < retention.records as u64 * SHORTEST {
        return Ok(None);
    }
    let bytes = bytes(folder)?.unwrap_or_default();
    let scan = lines(folder, &bytes)?;
    let before = scan.whole.iter().rev().find_map(|line| match line.entry {
        Entry::Compacted { kept, .. } => usize::try_from(kept).ok(),
        _ => None,
    });
    let bound = retention.records.max(before.unwrap_or_default() * 2);
    if scan.whole.len() <= bound || !scan.findings.is_empty() {
        return Ok(None);
    }
    compact(folder, lock, retention, now).map(Some)
}

/// Compacts a journal now.
///
/// # Errors
/// It is damaged, cannot be read or written, or the lock has passed on.
pub fn compact(
    folder: &Path,
    lock: &Lock,
    retention: Retention,
    now: Timestamp,
) -> Result<Compacted, JournalError> {
    let mut done = compact_watched(folder, lock, retention, now, &mut |_| Ok(()))?;
    done.dropped += holds::compact(folder, now)?;
    Ok(done)
}

pub(super) fn compact_watched(
    folder: &Path,
    lock: &Lock,
    retention: Retention,
    now: Timestamp,
    done: Watcher<'_>,
) -> Result<Compacted, JournalError> {
    let failed = |what: String| JournalError { path: folder.join(FILE_NAME), what };
    let bytes = bytes(folder)?.unwrap_or_default();
    let scan = lines(folder, &bytes)?;
    if let Some(found) = scan.findings.first() {
        return Err(failed(format!(
            "line {} {}; `fleetform ledger repair` comes first",
            found.line, found.flaw
        )));
    }
    let told = tell(&scan);
    let kept = kept(&scan, &told, retention, now);
    let dropped = scan.whole.len() - kept.len();
    let Some(born) = told.replay.facts.born else {
        // It ends in a hole that the next record will close: everything stays.
        return Ok(Compacted { dropped: 0, kept: scan.whole.len() });
    };
    // The first line and the one of an earlier compaction are written anew.
    if dropped <= 2 {
        return Ok(Compacted { dropped: 0, kept: scan.whole.len() });
    }
    let earlier: u64 = scan.whole.iter().map(|line| already_dropped(&line.entry)).sum();
    let lines = kept.len() + 2;
    let write = || {
        let mut draft = Draft::new();
        draft.write(&Entry::Born { version: VERSION, at: born })?;
        draft.write(&Entry::Compacted {
            at: now,
            dropped: earlier + dropped as u64,
            kept: lines as u64,
            next_seq: told.replay.next_seq,
            token: told.replay.token.max(lock.token()),
        })?;
        for place in &kept {
            draft.keep(scan.whole[*place].bytes);
        }
        serde_json::Result::Ok(draft)
    };
    let draft = write().map_err(|error| failed(error.to_string()))?;
    replace(folder, lock, &draft, None, done)?;
    Ok(Compacted { dropped: scan.whole.len() - kept.len(), kept: lines })
}

fn already_dropped(entry: &Entry) -> u64 {
    if let Entry::Compacted { dropped, .. } = entry { *dropped } else { 0 }
}

/// The places of the records that stay, besides the first line.
fn kept(scan: &Scan<'_>, told: &Told, retention: Retention, now: Timestamp) -> BTreeSet<usize> {
    let whole = &scan.whole;
    let age = SignedDuration::try_from(retention.age).unwrap_or(SignedDuration::MAX);
    let oldest = now.checked_sub(age).unwrap_or(Timestamp::MIN);
    let recent = whole.iter().position(|line| line.entry.written_at() >= oldest).unwrap_or(whole.len());
    let recent = recent.max(whole.len().saturating_sub(retention.recent));
    let mut due: Vec<usize> = (recent..whole.len()).collect();
    due.extend(told.sources.values().map(|(_, place)| *place));
    let mut stories_at: HashMap<usize, Vec<u64>> = HashMap::new();
    let mut last_of = HashMap::new();
    let mut with_record = BTreeSet::new();
    for (seq, story) in &told.stories {
        let key = (&story.intent.provider, &story.intent.id);
        last_of.insert(key, story.places[0]);
        if story.is_on_record() {
            with_record.insert(key);
        }
        for place in &story.places {
            stories_at.entry(*place).or_default().push(*seq);
        }
    }
    let open = &told.replay.open;
    due.extend(open.iter().filter_map(|open| Some(told.stories.get(&open.intent.seq)?.places[0])));
    // Whether a call is under way is asked of the last one of its server.
    due.extend(with_record.iter().filter_map(|key| last_of.get(key)));
    // A record without the others of its call, or a person's word without all that it settled, would say something else.
    let mut kept = BTreeSet::new();
    while let Some(place) = due.pop() {
        if !kept.insert(place) {
            continue;
        }
        let stories = stories_at.get(&place).into_iter().flatten();
        due.extend(stories.filter_map(|seq| told.stories.get(seq)).flat_map(|story| &story.places));
        let is_word = matches!(whole[place].entry, Entry::Resolved { .. });
        if is_word && place > 0 && matches!(whole[place - 1].entry, Entry::Repaired { .. }) {
            due.push(place - 1);
        }
    }
    let runs: BTreeSet<&str> = kept.iter().filter_map(|place| run_of(&whole[*place].entry)).collect();
    let is_named = |entry: &Entry| matches!(entry, Entry::Run(run) if runs.contains(run.run.as_str()));
    let named = (0..whole.len()).filter(|place| is_named(&whole[*place].entry));
    let named: Vec<usize> = named.collect();
    kept.extend(named);
    kept.retain(|place| match whole[*place].entry {
        Entry::Born { .. } => *place > 0,
        Entry::Compacted { .. } => false,
        _ => true,
    });
    kept
}

fn run_of(entry: &Entry) -> Option<&str> {
    match entry {
        Entry::Intent(intent) => intent.run.as_deref(),
        Entry::Conclusion(conclusion) => conclusion.run.as_deref(),
        Entry::Resolved { run, .. } => run.as_deref(),
        _ => None,
    }
}
