//! The journal for writing: one line per record, on disk before the call returns.

use super::line::seal;
use super::lock::{Lock, Permit};
use super::record::{Conclusion, Entry, Intent, Outcome, Run};
use super::replay;
use super::scan::VERSION;
use crate::model::{Address, ConnectionName, EvidenceLevel, Operation, ServerId};
use jiff::Timestamp;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The file's name in the ledger's folder.
pub(super) const FILE_NAME: &str = "journal.jsonl";

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
    /// Records that a call is about to be sent, and what evidence it must leave to count as done; on disk when it
    /// returns. Its number.
    ///
    /// # Errors
    /// The record could not be made durable: the call must not be sent.
    fn intend(
        &self,
        address: &Address,
        id: &ServerId,
        operation: &Operation,
        mark: Option<&str>,
        require_evidence: Option<EvidenceLevel>,
    ) -> Result<u64, JournalError>;

    /// Records that the provider took a one-shot call.
    ///
    /// # Errors
    /// The record could not be made durable; the next run will have to look for itself.
    fn accepted(&self, intent: u64, ticket: Option<&str>) -> Result<(), JournalError>;

    /// Records what came of it, how that is known, and how strong that evidence is.
    ///
    /// # Errors
    /// The record could not be made durable; the next run will have to look for itself.
    fn conclude(
        &self,
        intent: u64,
        outcome: Outcome,
        level: Option<EvidenceLevel>,
        evidence: &str,
    ) -> Result<(), JournalError>;

    /// Whether somebody else writes by now, for good: a sentence that says so. Nothing more may be started then.
    fn lost(&self) -> Option<String> {
        None
    }
}

/// The journal, open for writing by the one process that holds its lock.
pub struct Journal {
    path: PathBuf,
    tail: Mutex<Tail>,
    lock: Lock,
}

struct Tail {
    file: File,
    next_seq: u64,
    /// The sum of the last record: what the next one links to.
    prev: String,
    /// The length of the file up to the last record that is known to be whole.
    whole: u64,
    /// Something that is no whole record may follow.
    torn: bool,
    /// Goes before the next record, in the same write: that another format begins, and who writes.
    preamble: Vec<Entry>,
    /// The latest instant on record.
    latest: Option<Timestamp>,
}

impl Journal {
    /// Opens the journal of a ledger, or begins one. The lock is held until the journal is dropped.
    ///
    /// # Errors
    /// It cannot be created, read or written, or the lock has passed on.
    pub fn open(folder: &Path, lock: Lock, now: Timestamp) -> Result<Self, JournalError> {
        let path = folder.join(FILE_NAME);
        let failed = |what: String| JournalError { path: path.clone(), what };
        let io = |error: io::Error| failed(error.to_string());
        let bytes = replay::bytes(folder)?.unwrap_or_default();
        let scan = replay::lines(folder, &bytes)?;
        let known = replay::tell(&scan).replay;
        lock.outrank(known.token);
        let turn = lock.turn().map_err(failed)?;
        let file = OpenOptions::new().create(true).append(true).open(&path).map_err(io)?;
        let whole = scan.end as u64;
        let mut tail = Tail {
            file,
            next_seq: known.next_seq,
            prev: scan.prev,
            whole,
            torn: whole < bytes.len() as u64,
            preamble: Vec::new(),
            latest: known.latest,
        };
        tail.mend().map_err(io)?;
        if scan.unterminated {
            tail.file.write_all(b"\n").map_err(io)?;
            tail.whole += 1;
        }
        if known.facts.born.is_none() {
            tail.append(&Entry::Born { version: VERSION, at: now }).map_err(io)?;
            // The file's name must be as durable as its content.
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
        } else if !scan.is_sealed {
            // Programs that know format 1 alone see this and refuse, wherever it stands.
            tail.preamble.push(Entry::Born { version: VERSION, at: now });
        }
        tail.preamble.push(Entry::Run(run(&lock, now, None)));
        drop(turn);
        Ok(Self { path: path.clone(), tail: Mutex::new(tail), lock })
    }

    /// Says which plan is carried out from now on, for the history.
    pub fn carries_out(&self, digest: &str) {
        let run = run(&self.lock, Timestamp::now(), Some(digest.to_owned()));
        let mut tail = self.tail();
        tail.preamble.retain(|entry| !matches!(entry, Entry::Run(_)));
        tail.preamble.push(Entry::Run(run));
    }

    /// Tells right before a call whether it may still be sent.
    pub fn permit(&self) -> Permit {
        self.lock.permit()
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
        let run = Some(self.run());
        // By number: were the end of another change lost later, this word must not be taken for it.
        let open = replay::read(self.path.parent().unwrap_or(Path::new(".")))?.open;
        let of_it = open.iter().map(|open| &open.intent).filter(|it| it.provider == provider && it.id == id);
        let settles = Some(of_it.map(|intent| intent.seq).collect());
        // After all that it may be about, also where the clock was set back.
        let at = self.tail().latest.unwrap_or(Timestamp::MIN).max(Timestamp::now());
        self.append(|_| Entry::Resolved { at, provider, id, address, done, settles, run }).map(drop)
    }

    fn append(&self, entry: impl FnOnce(u64) -> Entry) -> Result<u64, JournalError> {
        let failed = |what: String| JournalError { path: self.path.clone(), what };
        let mut tail = self.tail();
        // Whoever takes over waits until the record is written, or comes first and it is not.
        let _turn = self.lock.turn().map_err(failed)?;
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

    fn tail(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) -> String {
        self.lock.author().run.clone()
    }
}

fn run(lock: &Lock, at: Timestamp, plan: Option<String>) -> Run {
    let author = lock.author();
    Run {
        run: author.run.clone(),
        at,
        user: author.user.clone(),
        host: author.host.clone(),
        pid: author.pid,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        command: author.command.clone(),
        token: lock.token(),
        plan,
    }
}

impl IntentLog for Journal {
    fn intend(
        &self,
        address: &Address,
        id: &ServerId,
        operation: &Operation,
        mark: Option<&str>,
        require_evidence: Option<EvidenceLevel>,
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
                require_evidence,
                run: Some(self.run()),
            })
        })
    }

    fn accepted(&self, intent: u64, ticket: Option<&str>) -> Result<(), JournalError> {
        let ticket = ticket.map(str::to_owned);
        self.append(|_| Entry::Accepted { intent, at: Timestamp::now(), ticket }).map(drop)
    }

    fn conclude(
        &self,
        intent: u64,
        outcome: Outcome,
        level: Option<EvidenceLevel>,
        evidence: &str,
    ) -> Result<(), JournalError> {
        let entry = |_| {
            Entry::Conclusion(Conclusion {
                intent,
                at: Timestamp::now(),
                outcome,
                evidence: evidence.to_owned(),
                level,
                run: Some(self.run()),
            })
        };
        self.append(entry).map(drop)
    }

    fn lost(&self) -> Option<String> {
        self.lock.permit().lost()
    }
}

impl Tail {
    fn append(&mut self, entry: &Entry) -> io::Result<()> {
        self.mend()?;
        let mut lines = Vec::with_capacity(512);
        let mut prev = self.prev.clone();
        for entry in self.preamble.iter().chain([entry]) {
            prev = seal(&mut lines, entry, &prev)?;
        }
        self.torn = true;
        self.file.write_all(&lines)?;
        self.file.sync_data()?;
        self.whole += lines.len() as u64;
        self.torn = false;
        self.prev = prev;
        self.preamble.clear();
        self.latest = self.latest.max(Some(entry.written_at()));
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
            let mut tail = journal.tail();
            tail.file.write_all(b"{\"kind\":\"intent\",\"se").unwrap();
            tail.torn = true;
        }
        journal.accepted(1, None).unwrap();
        let text = fs::read_to_string(folder.path().join(FILE_NAME)).unwrap();
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(replay::read(folder.path()).unwrap().warnings.is_empty());
    }
}
