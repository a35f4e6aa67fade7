//! Connections that stand in a file which the users of an API have already: found, read and merged here; what an
//! entry means is the provider's.

use super::diagnostic::{Diagnostic, quote};
use super::load::read_as_json;
use super::suggest::{did_you_mean, one_of};
use crate::model::Profiles;
use serde_json::Value;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The largest such file that is read, in bytes.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// The settings that the entry `name` holds.
///
/// # Errors
/// The file is not found or cannot be read, has no such entry, or the entry cannot be used. No value is quoted.
pub(super) fn read(
    profiles: &Profiles,
    name: &str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<(&'static str, String)>, Box<Diagnostic>> {
    let path = find(profiles, name, env)?;
    let mut entries = section(&path, profiles)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    if let Some(secrets) = profiles.secrets.iter().map(|file| folder.join(file)).find(|file| file.is_file()) {
        merge(&mut entries, section(&secrets, profiles)?);
    }
    let shown = path.display();
    let Some(entry) = entries.get(name) else {
        let known: Vec<&str> =
            entries.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        let cure = did_you_mean(name, known.iter().copied()).unwrap_or_else(|| match &known[..] {
            [] => "it has no entries".to_owned(),
            known => format!("it has {}", one_of(known)),
        });
        let message = format!("{shown} has no entry {}", quote(name));
        return Err(Box::new(Diagnostic::error("unknown_profile", message).cure(cure)));
    };
    (profiles.read)(entry).map_err(|why| {
        let message = format!("the entry {} of {shown} cannot be used: {why}", quote(name));
        Box::new(
            Diagnostic::error("bad_profile", message).cure("change the entry, or give the settings here"),
        )
    })
}

fn find(
    profiles: &Profiles,
    name: &str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<PathBuf, Box<Diagnostic>> {
    if let Some(path) = env(profiles.file_env).filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    let home = env("HOME");
    let folders = profiles.folders.iter().filter_map(|folder| match folder.strip_prefix("~/") {
        Some(rest) => Some(Path::new(home.as_deref()?).join(rest)),
        None => Some(PathBuf::from(folder)),
    });
    let mut places = folders.flat_map(|folder| profiles.files.iter().map(move |file| folder.join(file)));
    places.find(|path| path.is_file()).ok_or_else(|| {
        let file = profiles.files.first().copied().unwrap_or_default();
        let message = format!("there is no {file} with the entry {}", quote(name));
        let cure = format!(
            "it is looked for in {}; {} names another",
            profiles.folders.join(", "),
            profiles.file_env
        );
        Box::new(Diagnostic::error("missing_profiles", message).cure(cure))
    })
}

/// The entries of a file; null where it has none.
fn section(path: &Path, profiles: &Profiles) -> Result<Value, Box<Diagnostic>> {
    let shown = path.display().to_string();
    let bad = |why: String| {
        Box::new(Diagnostic::error("bad_profile_file", format!("{shown} {why}")).cure("correct that file"))
    };
    let text = text_of(path).map_err(bad)?;
    let mut root = read_as_json(&shown, &text).map_err(|found| {
        // The lines of this file hold secrets: its findings are told without them.
        let first = found.into_iter().next();
        let line = first.as_ref().and_then(|d| d.location.as_ref()).map_or(0, |place| place.line);
        bad(format!("is wrong in line {line}: {}", first.map_or_else(String::new, |d| d.message)))
    })?;
    Ok(root.get_mut(profiles.section).map(Value::take).unwrap_or_default())
}

fn text_of(path: &Path) -> Result<String, String> {
    let file = File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("is larger than {} MiB", MAX_BYTES >> 20));
    }
    String::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned())
}

/// Mappings are merged key by key, anything else is replaced.
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (_, Value::Null) => {}
        (into, from) => *into = from,
    }
}
