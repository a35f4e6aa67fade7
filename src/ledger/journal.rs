//! The journal for writing: one line per record, on disk before the call returns.

use super::lock::Lock;
use super::record::{Conclusion, Entry, Intent, Outcome};
use super::replay;
use crate::model::{Address, ConnectionName, Operation, ServerId};
use jiff::Timestamp;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The file's name in the ledger's folder.
pub(super) const FILE_NAME: &str = "journal.jsonl";

/// The version of the format.
pub(super) const VERSION: u32 = 1;

/// A journal that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the ledger {path}: {what}")]
pub struct JournalError {
    /// The file.
    pub path: PathBuf,
    /// What happened.
    pub what: String,
}

/// The one seam through which apply records what it is about to send.
pub trait IntentLog: Send + Sync {
    /// Records that a call is about to be sent; on disk when it returns. Its number.
    ///
    /// # Errors
    /// The record could not be made durable: the call must not be sent.
    fn intend(
        &self,
        address: &Address,
        id: &ServerId,
        operation: &Operation,
        mark: Option<&str>,
    ) -> Result<u64, JournalError>;

    /// Records that the provider took a one-shot call.
    ///
    /// # Errors
    /// The record could not be made durable; the next run will have to look for itself.
    fn accepted(&self, intent: u64, ticket: Option<&str>) -> Result<(), JournalError>;

    /// Records what came of it.
    ///
    /// # Errors
    /// The record could not be made durable; the next run will have to look for itself.
    fn conclude(&self, intent: u64, outcome: Outcome, evidence: &str) -> Result<(), JournalError>;
}

/// The journal, open for writing by the one process that holds its lock.
pub struct Journal {
    path: PathBuf,
    file: Mutex<Tail>,
    _lock: Lock,
}

struct Tail {
    file: File,
    next_seq: u64,
    /// The length of the file up to the last record that is known to be whole.
    whole: u64,
    /// Something that is no whole record may follow.
    torn: bool,
}

impl Journal {
    /// Opens the journal of a ledger, or begins one. The lock is held until the journal is dropped.
    ///
    /// # Errors
    /// It cannot be created, read or written.
    pub fn open(folder: &Path, lock: Lock, now: Timestamp) -> Result<Self, JournalError> {
        let path = folder.join(FILE_NAME);
        let failed = |error: io::Error| JournalError { path: path.clone(), what: error.to_string() };
        let known = replay::read(folder)?;
        let file = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let whole = known.whole_bytes.unwrap_or(length);
        let mut tail = Tail { file, next_seq: known.next_seq, whole, torn: whole < length };
        tail.mend().map_err(failed)?;
        if known.facts.born.is_none() {
            tail.append(&Entry::Born { version: VERSION, at: now }).map_err(failed)?;
            // The file's name must be as durable as its content.
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        }
        Ok(Self { path: path.clone(), file: Mutex::new(tail), _lock: lock })
    }

    /// Records a person's word on a change that nobody could see.
    ///
    /// # Errors
    /// The record could not be made durable.
    pub fn resolve(
        &self,
        provider: ConnectionName,
        id: ServerId,
        address: Address,
        done: bool,
    ) -> Result<(), JournalError> {
        self.append(|_| Entry::Resolved { at: Timestamp::now(), provider, id, address, done }).map(drop)
    }

    fn append(&self, entry: impl FnOnce(u64) -> Entry) -> Result<u64, JournalError> {
        let mut tail = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |what: String| JournalError { path: self.path.clone(), what };
        let seq = tail.next_seq;
        // A damaged record may hold the highest number there is: one that is used twice would settle another call.
        let next = seq.checked_add(1);
        let next = next.ok_or_else(|| {
            failed("a record in it has the highest number there is; move the file aside".into())
        })?;
        tail.append(&entry(seq)).map_err(|error| failed(error.to_string()))?;
        tail.next_seq = next;
        Ok(seq)
    }
}

impl IntentLog for Journal {
    fn intend(
        &self,
        address: &Address,
        id: &ServerId,
        operation: &Operation,
        mark: Option<&str>,
    ) -> Result<u64, JournalError> {
        self.append(|seq| {
            Entry::Intent(Intent {
                seq,
                at: Timestamp::now(),
                provider: address.connection.clone(),
                address: address.clone(),
                id: id.clone(),
                operation: operation.clone(),
                mark: mark.map(str::to_owned),
            })
        })
    }

    fn accepted(&self, intent: u64, ticket: Option<&str>) -> Result<(), JournalError> {
        let ticket = ticket.map(str::to_owned);
        self.append(|_| Entry::Accepted { intent, at: Timestamp::now(), ticket }).map(drop)
    }

    fn conclude(&self, intent: u64, outcome: Outcome, evidence: &str) -> Result<(), JournalError> {
        let entry = |_| {
            Entry::Conclusion(Conclusion {
                intent,
                at: Timestamp::now(),
                outcome,
                evidence: evidence.to_owned(),
            })
        };
        self.append(entry).map(drop)
    }
}

impl Tail {
    fn append(&mut self, entry: &Entry) -> io::Result<()> {
        self.mend()?;
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.torn = true;
        self.file.write_all(&line)?;
        self.file.sync_data()?;
        self.whole += line.len() as u64;
        self.torn = false;
        Ok(())
    }

    /// Drops what a crash or a full disk left of a record, so that the next one begins on a line of its own.
    fn mend(&mut self) -> io::Result<()> {
        if self.torn {
            self.file.set_len(self.whole)?;
            self.torn = false;
        }
        Ok(())
    }
}

/// Makes the ledger's folder, durably.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A full disk may take a part of a record; the next one must not be glued to it, or both are lost.
    #[test]
    fn what_a_failed_write_left_behind_is_dropped_before_the_next_record() {
        let folder = tempfile::tempdir().unwrap();
        let at = "2026-11-01T00:00:00Z".parse().unwrap();
        let lock = Lock::take(folder.path(), std::time::Duration::ZERO).unwrap();
        let journal = Journal::open(folder.path(), lock, at).unwrap();
        {
            let mut tail = journal.file.lock().unwrap();
            tail.file.write_all(b"{\"kind\":\"intent\",\"se").unwrap();
            tail.torn = true;
        }
        journal.accepted(1, None).unwrap();
        let text = fs::read_to_string(folder.path().join(FILE_NAME)).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(replay::read(folder.path()).unwrap().warnings.is_empty());
    }
}
