//! Paths to texts: single files, and directories of them.

use super::diagnostic::Diagnostic;
use super::findings::Findings;
use super::git;
use super::source::{MAX_BYTES, Source, too_large};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The file that is read when nothing else is asked for.
pub const DEFAULT_FILE: &str = "fleet.yaml";

/// Files of these names belong to the simulator.
const NOT_FLEET_FILES: [&str; 2] = ["world.yaml", "world.yml"];

/// The texts of the paths in their order, a directory's files in the order of their names. What cannot be read is
/// reported and left out; the second value says whether something was.
pub(super) fn read_all(paths: &[PathBuf], findings: &mut Findings) -> (Vec<Source>, bool) {
    let default = [PathBuf::from(DEFAULT_FILE)];
    let paths = if paths.is_empty() { &default } else { paths };
    let mut seen = HashSet::new();
    let mut sources = Vec::new();
    let mut left_out = false;
    for path in paths {
        let files = match files_of(path) {
            Ok(files) => files,
            Err(diagnostic) => {
                findings.push(*diagnostic);
                left_out = true;
                continue;
            }
        };
        for file in files {
            if let Some(diagnostic) = unreadable_name(&file) {
                findings.push(diagnostic);
                left_out = true;
                continue;
            }
            // The same file by way of its directory and by itself is one file.
            if !seen.insert(file.canonicalize().unwrap_or_else(|_| file.clone())) {
                continue;
            }
            match read(&file, findings) {
                Some(source) => sources.push(source),
                None => left_out = true,
            }
        }
    }
    (sources, left_out)
}

fn files_of(path: &Path) -> Result<Vec<PathBuf>, Box<Diagnostic>> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let entries = path.read_dir().and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.map_err(|error| Box::new(unreadable(path, &error)))?;
    let mut files: Vec<PathBuf> =
        entries.iter().map(std::fs::DirEntry::path).filter(|p| is_fleet_file(p)).collect();
    files.sort();
    if files.is_empty() {
        let message = format!("the directory {} holds no *.yaml or *.yml file", path.display());
        let cure = "run fleetform init to write a starter file, or give another path with -f";
        return Err(Box::new(Diagnostic::error("empty_directory", message).cure(cure)));
    }
    Ok(files)
}

/// A name is shown in every message about the file: one with control characters in it could forge lines of a log.
fn unreadable_name(path: &Path) -> Option<Diagnostic> {
    let name = path.to_string_lossy();
    let message = || format!("the name of the file {name:?} has control characters in it");
    let has_controls = name.chars().any(char::is_control);
    has_controls.then(|| Diagnostic::error("file_unreadable", message()).cure("rename the file"))
}

fn is_fleet_file(path: &Path) -> bool {
    is_fleet_name(path) && !path.is_dir()
}

/// Whether a file of a directory is one of its fleet files, by its name.
pub(super) fn is_fleet_name(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    yaml && !name.starts_with('.') && !NOT_FLEET_FILES.contains(&&*name)
}

fn read(path: &Path, findings: &mut Findings) -> Option<Source> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
    let file = File::open(path).and_then(|file| {
        let known_size = file.metadata()?.len();
        if known_size <= limit {
            file.take(limit + 1).read_to_end(&mut bytes)?;
        }
        Ok(known_size)
    });
    let name = path.to_string_lossy();
    match file {
        Ok(known_size) if known_size > limit => {
            findings.push(too_large(&name));
            None
        }
        Ok(_) => Source::new(&name, Cow::Owned(bytes), findings),
        Err(error) => {
            findings.push(unreadable(path, &error));
            None
        }
    }
}

/// The bytes of a calendar beside a fleet file, at most `most` of them; where that is of a git revision, as they were in
/// it. What is wrong is told in the middle of a sentence.
pub(super) fn read_calendar(path: &Path, revision: Option<&str>, most: usize) -> Result<Vec<u8>, String> {
    let too_large = || format!("is larger than {} KiB, the most that is read", most >> 10);
    if let Some(revision) = revision {
        let mut blobs = git::blobs(revision, path).map_err(|error| format!("cannot be read: {error}"))?;
        let blob = blobs.pop().ok_or_else(|| format!("is not there in {revision}"))?;
        return if blob.bytes.len() > most { Err(too_large()) } else { Ok(blob.bytes) };
    }
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => "is not there".to_owned(),
        _ => format!("cannot be read: {error}"),
    };
    // A pipe or a device would be waited for.
    if !path.metadata().map_err(failed)?.is_file() {
        return Err("is no file".into());
    }
    let limit = u64::try_from(most).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() > most { Err(too_large()) } else { Ok(bytes) }
}

fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    let path = path.display();
    if error.kind() == io::ErrorKind::NotFound {
        let cure = "run fleetform init to write a starter file, or name yours with -f PATH or FLEETFORM_FILE";
        return Diagnostic::error("file_not_found", format!("there is no file {path}")).cure(cure);
    }
    Diagnostic::error("file_unreadable", format!("{path} cannot be read: {error}"))
}
