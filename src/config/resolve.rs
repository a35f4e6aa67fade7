//! Settings as written to settings as used: references replaced, the environment asked, what is missing reported.
//! No message here holds a value, only names and places.

use super::choices::{Pick, pick, selected, selector};
use super::decode::{missing, undecided};
use super::diagnostic::{Diagnostic, quote};
use super::fleet::{Connection, Value};
use super::reference::{Piece, pieces};
use super::{endpoint, profiles};
use crate::model::{Choice, ProviderSpec, SettingKind, SettingSpec, Settings};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The largest file that `${file:…}` reads, in bytes.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// Replaces the references in a connection's settings, takes what is not given from the entry of a file of
/// connections that it names, else from the conventional variables of its type, and checks that nothing is missing. `env` reads the environment ([`super::process_env`]).
///
/// # Errors
/// Every reference that leads nowhere, every required setting that is missing, an endpoint that must not be sent
/// credentials.
pub fn resolve(
    connection: &Connection,
    spec: &ProviderSpec,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Settings, Vec<Diagnostic>> {
    let mut gathering = Gathering { connection, spec, env, values: BTreeMap::new(), findings: Vec::new() };
    gathering.take_file();
    let from_profile = gathering.take_profile();
    if !from_profile {
        gathering.take_environment();
    }
    gathering.finish(from_profile)
}

/// Settings as they come together: from the file, from an entry of a file of connections, from the environment.
struct Gathering<'a> {
    connection: &'a Connection,
    spec: &'a ProviderSpec,
    env: &'a dyn Fn(&str) -> Option<String>,
    values: BTreeMap<&'static str, String>,
    findings: Vec<Diagnostic>,
}

impl Gathering<'_> {
    fn in_file(&self, name: &str) -> bool {
        self.connection.settings.contains_key(name)
    }

    /// In the file, though perhaps with a mistake that was reported.
    fn held(&self, name: &str) -> bool {
        self.in_file(name) || self.values.contains_key(name)
    }

    fn env_of(&self, name: &str) -> Option<String> {
        let setting = self.spec.settings.iter().find(|setting| setting.name == name)?;
        (self.env)(setting.env?).filter(|value| !value.is_empty())
    }

    fn take_file(&mut self) {
        for setting in self.spec.settings {
            let Some(value) = self.connection.settings.get(setting.name) else { continue };
            match resolve_value(
                &format!("the connection {}", self.connection.name),
                setting.name,
                value,
                self.env,
            ) {
                Ok(text) => drop(self.values.insert(setting.name, text)),
                Err(finding) => self.findings.push(*finding),
            }
        }
    }

    /// Whether the connection takes its settings from a profile: the file says so, or says nothing of what a
    /// profile would hold and the environment names one.
    fn take_profile(&mut self) -> bool {
        let Some(profiles) = self.spec.profiles else { return false };
        let own = self.spec.choices.iter().flat_map(|choice| choice.ways).flat_map(|way| way.needs);
        let says_nothing = own.into_iter().all(|name| !self.in_file(name));
        let named = self.values.get(profiles.setting).cloned();
        let named = named.or_else(|| self.env_of(profiles.setting).filter(|_| says_nothing));
        let Some(name) = named else { return self.in_file(profiles.setting) };
        match profiles::read(profiles, &name, self.env) {
            Ok(found) => {
                for (setting, value) in found {
                    if !self.in_file(setting) {
                        self.values.insert(setting, value);
                    }
                }
            }
            Err(finding) => {
                let place = self.connection.settings.get(profiles.setting);
                let place = place.map_or(&self.connection.location, |value| &value.location);
                self.findings.push(finding.at(place.clone()));
            }
        }
        true
    }

    /// Completes the ways that are in use; what belongs to no choice is taken as it is.
    fn take_environment(&mut self) {
        let mut wanted: Vec<&SettingSpec> = Vec::new();
        let choices = self.spec.choices;
        for setting in self.spec.settings.iter().filter(|setting| !self.held(setting.name)) {
            if self.is_said_otherwise(setting.name) {
                continue;
            }
            let mut of = choices.iter().filter(|choice| choice.has(setting.name)).peekable();
            if matches!(setting.kind, SettingKind::Selects(_)) {
                // It is about credentials that come from where it comes from.
                if choices.iter().all(|choice| self.own_word(choice).is_none() || !self.is_begun(choice)) {
                    wanted.push(setting);
                }
                continue;
            }
            let free = of.peek().is_none();
            if free || of.any(|choice| matches!(self.pick(choice), Pick::Way(way) if way.has(setting.name))) {
                wanted.push(setting);
            }
        }
        for setting in wanted {
            if let Some(value) = self.env_of(setting.name) {
                self.values.insert(setting.name, value);
            }
        }
    }

    /// Whether the file says in another word what the setting would say.
    fn is_said_otherwise(&self, name: &str) -> bool {
        self.spec
            .synonyms
            .iter()
            .any(|&(one, other)| (one == name && self.in_file(other)) || (other == name && self.in_file(one)))
    }

    fn pick(&self, choice: &'static Choice) -> Pick<'static> {
        let word = self.own_word(choice);
        let selected = word.and_then(|setting| {
            let told = self.values.get(setting.name).cloned();
            let word = told.or_else(|| self.env_of(setting.name).filter(|_| !self.is_begun(choice)))?;
            selected(setting, &word)
        });
        pick(choice, selected, &|name| self.held(name), &|name| self.env_of(name).is_some())
    }

    /// The setting that says which way of a choice is meant.
    fn own_word(&self, choice: &Choice) -> Option<&'static SettingSpec> {
        selector(self.spec, choice)
    }

    /// Whether the file gives anything of a choice.
    fn is_begun(&self, choice: &Choice) -> bool {
        choice.ways.iter().flat_map(|way| way.needs).any(|name| self.held(name))
    }

    fn finish(mut self, from_profile: bool) -> Result<Settings, Vec<Diagnostic>> {
        let otherwise = |setting: &SettingSpec| self.values.contains_key(setting.name);
        let mut missing = missing(self.spec, self.connection, otherwise);
        // With a profile that could not be read there is one mistake, not ten.
        if !from_profile || self.findings.is_empty() {
            let held = |name: &str| self.held(name);
            let word = |name: &str| self.values.get(name).cloned();
            missing.extend(undecided(self.spec, &held, &|_| false, &word));
        }
        let place = &self.connection.location;
        self.findings.extend(missing.into_iter().map(|finding| finding.at(place.clone())));
        let mut settings = Settings::default();
        for setting in self.spec.settings {
            match check(self.connection, setting, self.values.remove(setting.name)) {
                Ok(Some(text)) => settings.set(setting.name, text),
                Ok(None) => {}
                Err(finding) => self.findings.push(*finding),
            }
        }
        if self.findings.is_empty() { Ok(settings) } else { Err(self.findings) }
    }
}

/// One value, its references replaced. `user` is what uses it, for messages.
pub(super) fn resolve_value(
    user: &str,
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
                text.push_str(&value.ok_or_else(|| at(not_set(variable, name, user)))?);
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

fn not_set(variable: &str, name: &str, user: &str) -> Diagnostic {
    let message = format!("the environment variable {variable} of {name} is not set");
    let cure = format!("set {variable} for the run that uses {user}");
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
