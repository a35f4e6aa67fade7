//! The world on disk, so that a plan in the next process finds what the apply in this one has done.

use super::state::State;
use super::{Error, Faces, Moment, World};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

/// Raised when the file's shape changes: older ones are then not continued.
const FORMAT: u32 = 1;

/// Where a running world came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Begun from the world file: nothing was kept.
    Begun,
    /// Continued from what was kept.
    Continued,
    /// Begun anew, because the world file has changed since.
    SourceChanged,
    /// Begun anew, because what was kept cannot be read.
    Unreadable,
}

#[derive(Deserialize)]
struct Kept {
    format: u32,
    source: String,
    state: State,
}

#[derive(Serialize)]
struct Keep<'a> {
    format: u32,
    source: &'a str,
    state: &'a State,
}

/// SHA-256 of what the world file says (comments and layout do not count) and of the connections' types.
pub(super) fn source_digest(world: &World) -> String {
    let mut text = String::from("sha256:");
    for byte in Sha256::digest(world.fingerprint()) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Continues the kept world if there is one of the same source, else begins anew.
pub(super) fn open(
    world: &World,
    faces: Faces<'_>,
    path: Option<&Path>,
    source: &str,
) -> Result<(State, Origin), Error> {
    // Always built, so that a mistake in the world is told even where a kept one would go on.
    let fresh = State::begin(world, faces, Moment::now())?;
    let Some(path) = path else { return Ok((fresh, Origin::Begun)) };
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((fresh, Origin::Begun)),
        Err(source) => return Err(Error::Persist { path: path.to_owned(), source }),
    };
    match serde_json::from_slice::<Kept>(&bytes) {
        Ok(kept) if kept.format == FORMAT && kept.source == source => {
            let mut state = kept.state;
            state.reindex();
            Ok((state, Origin::Continued))
        }
        Ok(_) => Ok((fresh, Origin::SourceChanged)),
        Err(_) => Ok((fresh, Origin::Unreadable)),
    }
}

/// The bytes to keep.
pub(super) fn bytes(state: &State, source: &str) -> Vec<u8> {
    serde_json::to_vec(&Keep { format: FORMAT, source, state }).unwrap_or_default()
}

/// Replaces the file: a reader, and a machine that dies in between, find the old or the new one, whole.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let attempt = || -> std::io::Result<()> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let temporary = folder.join(name);
        let mut file = fs::File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        // The new name must survive a power cut too. Not every file system lets a folder be opened: no harm then.
        fs::File::open(folder).and_then(|folder| folder.sync_all()).or(Ok(()))
    };
    attempt().map_err(|source| Error::Persist { path: path.to_owned(), source })
}
