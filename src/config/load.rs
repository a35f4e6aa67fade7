//! The ways in: files, or texts, to a fleet.

use super::decode::{Document, collect};
use super::diagnostic::Diagnostic;
use super::findings::Findings;
use super::fleet::{Connection, Fleet, SourceFile};
use super::source::{Source, hex};
use super::yaml::{self, Part};
use super::{early, files};
use crate::calendar::MAX_ICS_BYTES;
use crate::model::{ConnectionName, ProviderSpec, SettingKind};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How a fleet file is going to be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mode {
    /// Against the simulator, which fills in endpoints and credentials: what is missing of them is no mistake.
    pub simulated: bool,
}

/// A fleet without mistakes.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The desired state.
    pub fleet: Fleet,
    /// What somebody should look at all the same, such as a secret in the file.
    pub warnings: Vec<Diagnostic>,
}

/// Connections by name.
pub type Connections = BTreeMap<ConnectionName, Connection>;

/// Reads fleet files, and directories of them, into one fleet. No paths means [`super::DEFAULT_FILE`]. `specs` are the
/// provider types there are.
///
/// # Errors
/// All mistakes of all files, in their order, warnings among them.
pub fn load(
    paths: &[PathBuf],
    specs: &[&'static ProviderSpec],
    mode: Mode,
) -> Result<Loaded, Vec<Diagnostic>> {
    let mut findings = Findings::default();
    let (sources, left_out) = files::read_all(paths, &mut findings);
    load_sources(&sources, specs, mode, left_out, findings)
}

/// The files that [`load`] would read, with what their bytes are known by, and of those that were read the last time the
/// holiday calendars; `None` where a file cannot be read. Tells whether reading them again is worth while.
pub fn fingerprint(paths: &[PathBuf], last: &[SourceFile]) -> Option<Vec<SourceFile>> {
    let mut findings = Findings::default();
    let (sources, left_out) = files::read_all(paths, &mut findings);
    if left_out {
        return None;
    }
    let file = |source: &Source| SourceFile {
        path: source.name.clone(),
        sha256: source.sha256.clone(),
        calendar: false,
    };
    let mut all: Vec<SourceFile> = sources.iter().map(file).collect();
    for calendar in last.iter().filter(|file| file.calendar) {
        let bytes = files::read_calendar(Path::new(&*calendar.path), None, MAX_ICS_BYTES).ok()?;
        let sha256 = hex(&Sha256::digest(bytes));
        all.push(SourceFile { path: calendar.path.clone(), sha256, calendar: true });
    }
    Some(all)
}

/// Like [`load`], and calls `on_connections` once with the connections of all files before the servers are read, so
/// that the caller can begin to ask the providers meanwhile. It is not called when anything about the connections is
/// wrong or unclear. After it was called the result is either a fleet with these very connections or an error.
///
/// # Errors
/// As for [`load`].
pub fn load_early(
    paths: &[PathBuf],
    specs: &[&'static ProviderSpec],
    mode: Mode,
    on_connections: &mut dyn FnMut(&Connections),
) -> Result<Loaded, Vec<Diagnostic>> {
    let mut findings = Findings::default();
    let (sources, left_out) = files::read_all(paths, &mut findings);
    let early = if left_out { None } else { early::connections(&sources, specs, mode) };
    if let Some(connections) = &early {
        on_connections(connections);
    }
    let loaded = load_sources(&sources, specs, mode, left_out, findings)?;
    if early.is_some_and(|early| early != loaded.fleet.connections) {
        let message = "a text of several lines looks like a providers section";
        return Err(vec![
            Diagnostic::error("unclear_providers", message).cure("indent the lines of that text"),
        ]);
    }
    Ok(loaded)
}

/// Like [`load`], for texts with names; paths in a text are relative to the folder of its name.
///
/// # Errors
/// As for [`load`].
pub fn load_texts(
    texts: &[(&str, &str)],
    specs: &[&'static ProviderSpec],
    mode: Mode,
) -> Result<Loaded, Vec<Diagnostic>> {
    let mut findings = Findings::default();
    let source =
        |(name, text): &(&str, &str)| Source::new(name, Cow::Borrowed(text.as_bytes()), &mut findings);
    let sources: Vec<Source> = texts.iter().filter_map(source).collect();
    let left_out = sources.len() < texts.len();
    load_sources(&sources, specs, mode, left_out, findings)
}

/// Like [`load`], for files of a git revision: bytes with names.
pub(super) fn load_bytes(
    texts: Vec<(String, Vec<u8>)>,
    revision: &str,
    specs: &[&'static ProviderSpec],
    mode: Mode,
) -> Result<Loaded, Vec<Diagnostic>> {
    let mut findings = Findings::default();
    let count = texts.len();
    let source = |(name, bytes): (String, Vec<u8>)| {
        let source = Source::new(&name, Cow::Owned(bytes), &mut findings)?;
        Some(Source { revision: Some(revision.to_owned()), ..source })
    };
    let sources: Vec<Source> = texts.into_iter().filter_map(source).collect();
    let left_out = sources.len() < count;
    load_sources(&sources, specs, mode, left_out, findings)
}

fn load_sources(
    sources: &[Source],
    specs: &[&'static ProviderSpec],
    mode: Mode,
    left_out: bool,
    mut findings: Findings,
) -> Result<Loaded, Vec<Diagnostic>> {
    let documents: Vec<Document<'_>> = sources
        .iter()
        .map(|source| Document { source, reading: yaml::read(&source.text, &source.name, &mut findings) })
        .collect();
    let fleet = collect(&documents, specs, mode, left_out, &mut findings);
    let failed = findings.has_errors();
    let found = findings.finish(sources, &secret_names(specs));
    if failed { Err(found) } else { Ok(Loaded { fleet, warnings: found }) }
}

/// The settings whose values are never shown.
fn secret_names(specs: &[&'static ProviderSpec]) -> Vec<&'static str> {
    let settings = specs.iter().flat_map(|spec| spec.settings);
    let mut names: Vec<&str> = settings.filter(|s| s.kind == SettingKind::Secret).map(|s| s.name).collect();
    // Of `notify:`, where a URL is a secret as well.
    names.push("url");
    names.sort_unstable();
    names.dedup();
    names
}

/// Reads any YAML text as JSON, with the bounds and refusals that hold for fleet files.
///
/// # Errors
/// All mistakes of the text.
pub fn read_as_json(name: &str, text: &str) -> Result<serde_json::Value, Vec<Diagnostic>> {
    let mut findings = Findings::default();
    let source = Source::new(name, Cow::Borrowed(text.as_bytes()), &mut findings);
    let sources: Vec<Source> = source.into_iter().collect();
    let mut value = serde_json::Value::Null;
    if let Some(source) = sources.first() {
        let reading = yaml::read(&source.text, &source.name, &mut findings);
        if let Some(Part::Document(root)) = reading.parts.first() {
            value = yaml::to_json(root);
        }
    }
    if findings.has_errors() { Err(findings.finish(&sources, &[])) } else { Ok(value) }
}
