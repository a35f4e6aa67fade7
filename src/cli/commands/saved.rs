//! Saved plans: written whole or not at all, read with suspicion.

use crate::cli::exit::{Failure, code};
use crate::config::Fleet;
use crate::plan::{FleetFile, Options, PlanDocument, PlanOptionsRecord};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

/// Writes a document so that a reader finds all of it or nothing.
pub(super) fn write(path: &Path, document: &impl serde::Serialize) -> Result<(), Failure> {
    let failed =
        |error: std::io::Error| Failure::problem(format!("{} cannot be written: {error}", path.display()));
    let text = serde_json::to_vec_pretty(document).unwrap_or_default();
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}", std::process::id()));
    let written = File::create(&temporary)
        .and_then(|mut file| {
            file.write_all(&text).and_then(|()| file.write_all(b"\n")).and_then(|()| file.sync_all())
        })
        .and_then(|()| fs::rename(&temporary, path));
    written.map_err(|error| {
        // What is left of it is of no use to anybody.
        let _ = fs::remove_file(&temporary);
        failed(error)
    })
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

pub(super) fn fleet_files(fleet: &Fleet) -> Vec<FleetFile> {
    let files = fleet.files.iter();
    files.map(|file| FleetFile { path: file.path.to_string(), sha256: file.sha256.clone() }).collect()
}

pub(super) fn options_record(options: &Options, simulated: bool) -> PlanOptionsRecord {
    PlanOptionsRecord {
        targets: options.targets.iter().map(ToString::to_string).collect(),
        allow_missing: options.allow_missing,
        reboot_unknown: options.reboot_unknown,
        simulated,
        ..PlanOptionsRecord::default()
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
