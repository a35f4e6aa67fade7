//! Replaces the journal by another one: whoever is killed at any point leaves the old one or the new one, whole.

use super::journal::{FILE_NAME, JournalError};
use super::line::{fingerprint, seal, seal_again};
use super::lock::Lock;
use jiff::Timestamp;
use serde::Serialize;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Called after every step with what is done; tests stop there, as a killed process does.
pub(super) type Watcher<'w> = &'w mut dyn FnMut(&'static str) -> io::Result<()>;

/// A journal that is being written anew.
pub(super) struct Draft {
    pub(super) bytes: Vec<u8>,
    prev: String,
}

impl Draft {
    /// Begins with the line by which programs that know format 1 alone see that this is not for them.
    pub(super) fn new() -> Self {
        Self { bytes: Vec::new(), prev: fingerprint(b"") }
    }

    /// Appends a new record.
    pub(super) fn write(&mut self, entry: &impl Serialize) -> serde_json::Result<()> {
        self.prev = seal(&mut self.bytes, entry, &self.prev)?;
        Ok(())
    }

    /// Appends a record as it was, linked anew.
    pub(super) fn keep(&mut self, line: &[u8]) {
        self.prev = seal_again(&mut self.bytes, line, &self.prev);
    }
}

/// Writes a file under a name that nobody reads, makes it durable, and gives it its name in one step.
pub(super) fn put(folder: &Path, name: &str, bytes: &[u8], done: Watcher<'_>) -> io::Result<()> {
    let new = folder.join(format!("{name}.new"));
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    done("written")?;
    file.sync_all()?;
    done("durable")?;
    fs::rename(&new, folder.join(name))?;
    done("renamed")?;
    File::open(folder)?.sync_all()
}

/// Replaces the journal while nobody else writes.
pub(super) fn replace(
    folder: &Path,
    lock: &Lock,
    draft: &Draft,
    original: Option<(&[u8], Timestamp)>,
    done: Watcher<'_>,
) -> Result<Option<String>, JournalError> {
    let failed = |what: String| JournalError { path: folder.join(FILE_NAME), what };
    let io = |error: io::Error| failed(error.to_string());
    let _turn = lock.turn().map_err(failed)?;
    let kept = original
        .map(|(bytes, at)| keep_original(folder, FILE_NAME, bytes, at, done))
        .transpose()
        .map_err(io)?;
    put(folder, FILE_NAME, &draft.bytes, done).map_err(io)?;
    Ok(kept)
}

/// Keeps what is replaced, once: a repair that was killed may have kept it already.
pub(super) fn keep_original(
    folder: &Path,
    file: &str,
    bytes: &[u8],
    at: Timestamp,
    done: Watcher<'_>,
) -> io::Result<String> {
    let prefix = format!("{file}.damaged-");
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_kept = name.starts_with(&prefix)
            && entry.metadata()?.len() == bytes.len() as u64
            && fs::read(entry.path())? == bytes;
        if is_kept && Path::new(&name).extension().is_none_or(|extension| extension != "new") {
            return Ok(name);
        }
    }
    // Colons are no characters of a file's name everywhere.
    let name = format!("{prefix}{}", at.strftime("%Y%m%dT%H%M%S%.fZ"));
    put(folder, &name, bytes, done)?;
    Ok(name)
}
