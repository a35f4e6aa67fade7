//! What a provider type looks like from outside: its name, its settings and what it can do.

use super::Capabilities;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::fmt;

/// What a setting holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingKind {
    /// A plain text.
    Text,
    /// A credential: by reference or environment variable; a literal in the file is a warning.
    Secret,
    /// An http(s) base URL.
    Url,
}

/// One setting of a provider type, beside those every connection has (`type`, `max_in_flight`, `rate_limit`,
/// `timeouts`, `ca_file`).
#[derive(Clone, Copy, Debug)]
pub struct SettingSpec {
    /// The key in the fleet file.
    pub name: &'static str,
    /// What it holds.
    pub kind: SettingKind,
    /// Whether a connection cannot work without it.
    pub required: bool,
    /// The conventional environment variable that is read when the file does not give it.
    pub env: Option<&'static str>,
    /// One line for people and for the schema.
    pub doc: &'static str,
}

/// A row of the provider registry, as data.
#[derive(Clone, Copy, Debug)]
pub struct ProviderSpec {
    /// The `type:` of a connection.
    pub type_name: &'static str,
    /// The API it speaks, for people.
    pub title: &'static str,
    /// All settings; unknown ones are errors.
    pub settings: &'static [SettingSpec],
    /// Why `endpoint` has no default here; `None` where it has one.
    pub endpoint_required: Option<&'static str>,
    /// What it can do.
    pub capabilities: Capabilities,
}

/// The settings of a connection with every reference resolved. Secrets included, so nothing here prints.
#[derive(Clone, Default)]
pub struct Settings {
    values: BTreeMap<String, SecretString>,
}

impl Settings {
    /// Sets one value.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.values.insert(name.into(), SecretString::from(value.into()));
    }

    /// The text of a setting; whoever reads it must not print it unless the setting is no secret.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(ExposeSecret::expose_secret)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}
