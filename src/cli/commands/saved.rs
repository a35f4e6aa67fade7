//! Saved plans: written whole or not at all, read with suspicion.

use crate::cli::exit::{Failure, code};
use crate::cli::whole;
use crate::config::Fleet;
use crate::plan::{FleetFile, Options, PlanDocument, PlanOptionsRecord};
use jiff::Timestamp;
use std::fs;
use std::path::Path;

/// Writes a document so that a reader finds all of it or nothing.
pub(super) fn write(path: &Path, document: &impl serde::Serialize) -> Result<(), Failure> {
    whole::write(path, &whole::json(document))
}

/// Reads a saved plan.
pub(super) fn read(path: &Path) -> Result<PlanDocument, Failure> {
    let failed = |why: String| Failure::problem(format!("{}: {why}", path.display()));
    let bytes = fs::read(path).map_err(|error| failed(error.to_string()))?;
    PlanDocument::read(&bytes).map_err(failed)
}

/// Removes all but the newest files of a folder, by name or by time: whatever cannot be removed stays.
pub(super) fn keep_newest(folder: &Path, most: usize) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> =
        entries.filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path()))).collect();
    files.sort();
    let old = files.len().saturating_sub(most);
    for (_, path) in files.into_iter().take(old) {
        let _ = fs::remove_file(path);
    }
}

pub(in crate::cli) fn fleet_files(fleet: &Fleet) -> Vec<FleetFile> {
    let files = fleet.files.iter();
    files.map(|file| FleetFile { path: file.path.to_string(), sha256: file.sha256.clone() }).collect()
}

pub(super) fn options_record(options: &Options, simulated: bool) -> PlanOptionsRecord {
    PlanOptionsRecord {
        targets: options.targets.iter().map(ToString::to_string).collect(),
        excludes: options.excludes.iter().map(ToString::to_string).collect(),
        only: options.only.clone(),
        allow_missing: options.allow_missing,
        reboot_unknown: options.reboot_unknown,
        simulated,
        ..PlanOptionsRecord::default()
    }
}

/// A plan may say for how long it may be taken.
pub(super) fn not_expired(document: &PlanDocument) -> Result<(), Failure> {
    match document.expires_at {
        Some(end) if Timestamp::now() >= end => {
            let text = format!("the plan expired at {end}; plan again; nothing was executed");
            Err(Failure::Message(code::STALE, text))
        }
        _ => Ok(()),
    }
}

/// The files must be those that the plan was made from, byte for byte. Their paths may differ: a pipeline checks
/// the repository out where it likes.
pub(super) fn same_files(document: &PlanDocument, fleet: &Fleet) -> Result<(), Failure> {
    let prints = |files: &[FleetFile]| files.iter().map(|file| file.sha256.clone()).collect::<Vec<_>>();
    let now = fleet_files(fleet);
    if prints(&document.fleet) == prints(&now) {
        return Ok(());
    }
    let moved: Vec<&str> = now
        .iter()
        .filter(|file| document.fleet.iter().all(|old| old.sha256 != file.sha256))
        .map(|file| file.path.as_str())
        .collect();
    let what = if moved.is_empty() { "the set of fleet files".to_owned() } else { moved.join(", ") };
    Err(Failure::Message(code::STALE, format!("{what} changed since the plan was saved; plan again")))
}
