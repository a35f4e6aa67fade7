//! Files that are written whole or not at all: beside their place first, then moved into it.

use super::exit::Failure;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A file that is on disk and not yet in its place. Dropped, it leaves nothing behind.
pub(super) struct Prepared {
    temporary: PathBuf,
    path: PathBuf,
    published: bool,
}

impl Prepared {
    /// Writes all of it beside its place; behind a symbolic link, beside the file that it leads to.
    pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<Self, Failure> {
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let path = real.as_path();
        let name = path.file_name().unwrap_or(OsStr::new("file")).to_string_lossy();
        let temporary = folder(path).join(format!(".{name}.{}", std::process::id()));
        let prepared = Self { temporary, path: path.to_owned(), published: false };
        File::create(&prepared.temporary)
            .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
            .map_err(|error| prepared.failed(&error))?;
        Ok(prepared)
    }

    /// Moves it into its place.
    pub(super) fn publish(mut self) -> Result<(), Failure> {
        fs::rename(&self.temporary, &self.path).map_err(|error| self.failed(&error))?;
        self.published = true;
        Ok(())
    }

    fn failed(&self, error: &std::io::Error) -> Failure {
        Failure::problem(format!("{} cannot be written: {error}", self.path.display()))
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        if !self.published {
            // What is left of it is of no use to anybody.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Writes a file so that a reader finds all of it or nothing.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    // A device or a pipe (`/dev/stdout`, `/dev/null`) is written to; a file in its place would destroy it.
    if fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        return fs::OpenOptions::new()
            .write(true)
            .open(path)
            .and_then(|mut file| file.write_all(bytes))
            .map_err(|error| Failure::problem(format!("{} cannot be written: {error}", path.display())));
    }
    Prepared::write(path, bytes)?.publish()
}

/// A value as the bytes of a JSON file.
pub(super) fn json(value: &impl serde::Serialize) -> Vec<u8> {
    // No document has a map with other keys than text, so none can fail to be written.
    let mut bytes = serde_json::to_vec_pretty(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// Writes a file and the signature beside it so that at no instant there is a pair that does not fit: that would
/// read as an attack. An old signature goes first, the new one comes last; a crash in between leaves a snapshot
/// without a signature, which is refused as that.
pub(super) fn write_pair(file: (&Path, &[u8]), signature: (&Path, Option<&str>)) -> Result<(), Failure> {
    let prepared = Prepared::write(file.0, file.1)?;
    let signed = signature.1.map(|text| Prepared::write(signature.0, text.as_bytes())).transpose()?;
    match fs::remove_file(signature.0) {
        Ok(()) => sync_folder(file.0),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => {
            let text = format!("{} is of another file and cannot be removed: {error}", signature.0.display());
            return Err(Failure::problem(text));
        }
    }
    prepared.publish()?;
    sync_folder(file.0);
    signed.map_or(Ok(()), Prepared::publish)
}

/// What was done to a folder is on disk before what comes next, where the system can say so.
fn sync_folder(path: &Path) {
    let _ = File::open(folder(path)).and_then(|folder| folder.sync_all());
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
