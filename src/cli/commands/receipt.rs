//! What an apply leaves behind in any case: its report as a file, so that nobody depends on a terminal that was closed.

use super::saved;
use crate::cli::run::Run;
use crate::cli::session::Session;
use crate::report::ApplyDocument;
use jiff::Timestamp;
use std::fs::{self, File};
use std::path::PathBuf;

/// Below the ledger.
const FOLDER: &str = "receipts";

/// So many are kept.
const KEPT: usize = 50;

/// Writes the receipt, durably: it is there after a crash of the machine too. Its path, or a warning: what was done
/// was done.
pub(super) fn write(session: &Session, run: &Run, document: &ApplyDocument) -> Result<PathBuf, String> {
    write_at(session, run, run.began, document)
}

/// The same for a run that leaves several: each is named by its instant.
pub(in crate::cli) fn write_at(
    session: &Session,
    run: &Run,
    at: Timestamp,
    document: &ApplyDocument,
) -> Result<PathBuf, String> {
    let folder = session.ledger.join(FOLDER);
    let path = folder.join(format!("{}-{}.json", at.strftime("%Y%m%dT%H%M%S%3fZ"), run.id));
    let failed = |why: String| format!("the receipt could not be kept: {why}");
    fs::create_dir_all(&folder).map_err(|error| failed(format!("{}: {error}", folder.display())))?;
    saved::write(&path, document).map_err(|failure| failed(failure.text()))?;
    // The file's name must be as durable as its content, and so must that of a folder that was not there before.
    for folder in [&folder, &session.ledger] {
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|error| failed(format!("{}: {error}", folder.display())))?;
    }
    saved::keep_newest(&folder, KEPT);
    Ok(path)
}
