//! Settings as written to settings as used: references replaced, the environment asked, what is missing reported.
//! No message here holds a value, only names and places.

use super::decode::missing;
use super::diagnostic::{Diagnostic, quote};
use super::endpoint;
use super::fleet::{Connection, Value};
use super::reference::{Piece, pieces};
use crate::model::{ProviderSpec, SettingKind, SettingSpec, Settings};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The largest file that `${file:…}` reads, in bytes.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// Replaces the references in a connection's settings, takes what is not given from the conventional variables of
/// its type and checks that nothing is missing. `env` reads the environment ([`super::process_env`]).
///
/// # Errors
/// Every reference that leads nowhere, every required setting that is missing, an endpoint that must not be sent
/// credentials.
pub fn resolve(
    connection: &Connection,
    spec: &ProviderSpec,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Settings, Vec<Diagnostic>> {
    let mut settings = Settings::default();
    let mut findings = Vec::new();
    let from_env = |setting: &SettingSpec| setting.env.and_then(env).filter(|value| !value.is_empty());
    for setting in spec.settings {
        let value = match connection.settings.get(setting.name) {
            Some(value) => resolve_value(connection, setting.name, value, env).map(Some),
            None => Ok(from_env(setting)),
        };
        match value.and_then(|text| check(connection, setting, text)) {
            Ok(Some(text)) => settings.set(setting.name, text),
            Ok(None) => {}
            Err(finding) => findings.push(*finding),
        }
    }
    let missing = missing(spec, connection, |setting| from_env(setting).is_some());
    findings.extend(missing.into_iter().map(|finding| finding.at(connection.location.clone())));
    if findings.is_empty() { Ok(settings) } else { Err(findings) }
}

/// One value, its references replaced.
fn resolve_value(
    connection: &Connection,
    name: &str,
    value: &Value,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<String, Box<Diagnostic>> {
    let at = |finding: Diagnostic| Box::new(finding.at(value.location.clone()));
    let found = pieces(&value.text).map_err(|bad| {
        at(Diagnostic::error("bad_reference", format!("{name} {}", bad.why)).cure(bad.cure))
    })?;
    let mut text = String::new();
    for piece in found {
        match piece {
            Piece::Text(part) => text.push_str(part),
            Piece::Env(variable) => {
                let value = env(variable).filter(|value| !value.is_empty());
                text.push_str(&value.ok_or_else(|| at(not_set(variable, name, connection)))?);
            }
            Piece::File(path) => {
                let folder = Path::new(&*value.location.file).parent().unwrap_or(Path::new(""));
                let path = folder.join(path);
                text.push_str(&read_file(&path).map_err(|why| at(bad_file(&path, name, &why)))?);
            }
        }
    }
    Ok(text)
}

fn not_set(variable: &str, name: &str, connection: &Connection) -> Diagnostic {
    let message = format!("the environment variable {variable} of {name} is not set");
    let cure = format!("set {variable} for the run that uses the connection {}", connection.name);
    Diagnostic::error("missing_variable", message).cure(cure)
}

fn bad_file(path: &Path, name: &str, why: &str) -> Diagnostic {
    let message = format!("the file {} of {name} {why}", quote(&path.to_string_lossy()));
    Diagnostic::error("bad_secret_file", message)
        .cure("put the value into that file, or change the reference")
}

/// The content of a small file without its last line break.
fn read_file(path: &Path) -> Result<String, String> {
    let file = File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    let mut bytes = Vec::new();
    let read = file.take(MAX_SECRET_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > MAX_SECRET_BYTES {
        return Err(format!("is larger than {} KiB", MAX_SECRET_BYTES >> 10));
    }
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned())?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() { Err("is empty".into()) } else { Ok(text.to_owned()) }
}

/// Checks a URL that is about to be used.
fn check(
    connection: &Connection,
    setting: &SettingSpec,
    text: Option<String>,
) -> Result<Option<String>, Box<Diagnostic>> {
    let Some(url) = text.as_deref().filter(|_| setting.kind == SettingKind::Url) else { return Ok(text) };
    let Err(bad) = endpoint::check(url) else { return Ok(text) };
    let given = connection.settings.get(setting.name);
    let place = given.map_or(&connection.location, |value| &value.location);
    let source = match (given, setting.env) {
        (None, Some(variable)) => format!("{} (from the environment variable {variable})", setting.name),
        _ => setting.name.to_owned(),
    };
    let finding = Diagnostic::error(bad.code, format!("{source} {}", bad.why)).cure(bad.cure);
    Err(Box::new(finding.at(place.clone())))
}
