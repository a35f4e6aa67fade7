//! One apply at a time on one ledger. The lock is the operating system's, so it is free as soon as its holder is
//! gone, however it went.

use super::journal::make_folder;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Who holds the lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Since when.
    pub since: Timestamp,
}

/// Why the lock was not got.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("the ledger {path} is in use{}; --lock-timeout waits for it", held(.holder.as_ref()))]
    Held {
        /// The ledger's folder.
        path: PathBuf,
        /// Who, as far as it said.
        holder: Option<Holder>,
    },
    /// The folder or the file cannot be made or opened.
    #[error("the ledger {path} cannot be used: {what}")]
    Io {
        /// The ledger's folder.
        path: PathBuf,
        /// What happened.
        what: String,
    },
}

fn held(holder: Option<&Holder>) -> String {
    holder.map_or_else(String::new, |h| format!(" by process {} since {}", h.pid, h.since))
}

/// The lock on a ledger, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock, waiting at most `patience` for its holder. Blocks the thread.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn take(folder: &Path, patience: Duration) -> Result<Self, LockError> {
        let io = |error: std::io::Error| LockError::Io { path: folder.into(), what: error.to_string() };
        make_folder(folder).map_err(io)?;
        let path = folder.join("lock");
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(io)?;
        // A patience beyond what a clock can count is endless.
        let deadline = Instant::now().checked_add(patience);
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if deadline.is_none_or(|end| Instant::now() < end) => {
                    std::thread::sleep(Duration::from_millis(100));
                }
                Err(TryLockError::WouldBlock) => {
                    let mut text = String::new();
                    let holder =
                        file.read_to_string(&mut text).ok().and_then(|_| serde_json::from_str(&text).ok());
                    return Err(LockError::Held { path: folder.into(), holder });
                }
                Err(TryLockError::Error(error)) => return Err(io(error)),
            }
        }
        // For whoever finds it locked; that it cannot be written does not make the lock less held.
        let holder = Holder { pid: std::process::id(), since: Timestamp::now() };
        if let Ok(text) = serde_json::to_string(&holder) {
            let _ = file.set_len(0);
            let _ = file.rewind();
            let _ = file.write_all(text.as_bytes());
        }
        Ok(Self { _file: file })
    }
}
