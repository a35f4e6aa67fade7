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
    /// A word that says which way of a choice is meant: each word, and a setting that the ways it stands for need.
    Selects(&'static [(&'static str, &'static str)]),
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

/// One way of giving something that there are several ways of giving.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// The settings that it takes.
    pub needs: &'static [&'static str],
    /// The settings that belong to it and may be left out.
    pub may: &'static [&'static str],
}

/// Something that can be given in several ways, of which a connection uses one: credentials, mostly. What stands in
/// the file decides before the environment does, and settings of the other ways are not taken from there.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// What it is, for people: `credentials`.
    pub what: &'static str,
    /// The ways, the preferred one first.
    pub ways: &'static [Way],
}

impl Choice {
    /// Whether a setting belongs to any of the ways.
    pub fn has(&self, setting: &str) -> bool {
        self.ways.iter().any(|way| way.has(setting))
    }

    /// The ways, for people: `token; or access_key and secret_key`.
    pub fn described(&self) -> String {
        let ways: Vec<String> = self.ways.iter().map(|way| way.needs.join(" and ")).collect();
        ways.join("; or ")
    }
}

impl Way {
    /// Whether a setting belongs to it.
    pub fn has(&self, setting: &str) -> bool {
        self.needs.contains(&setting) || self.may.contains(&setting)
    }
}

/// Settings of a connection, by name.
pub type ProfileSettings = Vec<(&'static str, String)>;

/// A file that the users of an API have already and that holds connections to it, by name. Read when a connection
/// names an entry of it.
#[derive(Clone, Copy, Debug)]
pub struct Profiles {
    /// The setting that names an entry.
    pub setting: &'static str,
    /// The environment variable that names the file.
    pub file_env: &'static str,
    /// The names of the file, the first one found is read.
    pub files: &'static [&'static str],
    /// The names of the file beside it that holds secrets in the same form.
    pub secrets: &'static [&'static str],
    /// The folders that are looked into, in order; `~` is the user's home.
    pub folders: &'static [&'static str],
    /// The key below which the entries are.
    pub section: &'static str,
    /// An entry as settings of the connection. The error says what cannot be used, and quotes no value.
    pub read: fn(&serde_json::Value) -> Result<ProfileSettings, String>,
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
    /// Pairs of settings that say the same thing in two words: where the file has one of them, the other is not taken
    /// from the environment.
    pub synonyms: &'static [(&'static str, &'static str)],
    /// What can be given in several ways. A setting of a way is not `required` by itself.
    pub choices: &'static [Choice],
    /// The file of connections that users of this API have already, if there is one.
    pub profiles: Option<&'static Profiles>,
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
