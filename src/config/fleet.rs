//! What a set of fleet files means once it has been read and found right.

use crate::model::{
    Availability, ConnectionName, DesiredServer, Limits, Location, NoticeFormat, NoticeKind, NoticeSeverity,
    Rule, WatchSettings, Window,
};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The desired state, from all fleet files together.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    /// The connections, by name.
    pub connections: BTreeMap<ConnectionName, Connection>,
    /// The servers, in the order of the files after brace expansion.
    pub servers: Vec<DesiredServer>,
    /// The rules over live servers, in the order of the files.
    pub rules: Vec<Rule>,
    /// The guards.
    pub limits: Limits,
    /// How many servers of a group stay on, whatever is done.
    pub availability: Vec<Availability>,
    /// When which actions may run.
    pub windows: Vec<Window>,
    /// Who is told of what a watcher sees.
    pub notify: Vec<NotifyTarget>,
    /// How the loop that enforces is run.
    pub watch: WatchSettings,
    /// Where the ledger lies: `ledger:` of the file (relative to that file), else `.fleetform` beside the first file.
    pub ledger: PathBuf,
    /// The files, in the order in which they were read; then the holiday calendars that schedules name.
    pub files: Vec<SourceFile>,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// The path as the user gave it (or as it was found in a directory).
    pub path: Arc<str>,
    /// Lower-case hex SHA-256 of its bytes.
    pub sha256: String,
    /// It is a holiday calendar, which a fleet file names.
    pub calendar: bool,
}

/// A named connection to a provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    /// Its key under `providers:`.
    pub name: ConnectionName,
    /// The `type:`, one of the registry's.
    pub type_name: String,
    /// The settings of that type (`endpoint` among them), with their references unresolved.
    pub settings: BTreeMap<String, Value>,
    /// Concurrent calls, where the file says.
    pub max_in_flight: Option<usize>,
    /// Calls per second, where the file says.
    pub rate_limit: Option<f64>,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// A PEM file of certificate authorities to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// The line that declares it.
    pub location: Location,
}

impl Connection {
    /// What tells where it leads to, as SHA-256 in lower-case hex: its settings as written, with references by their
    /// names. Of a secret only the name of what is referred to is in it, never the secret.
    pub fn fingerprint(&self, is_secret: impl Fn(&str) -> bool) -> String {
        let mut hash = Sha256::new();
        for (name, value) in &self.settings {
            let is_reference = value.text.starts_with("${") && value.text.ends_with('}');
            let text = if is_secret(name) && !is_reference { "a literal" } else { &value.text };
            // Lengths keep one setting's end apart from the next one's beginning.
            hash.update(format!("{} {name}\n{} {text}\n", name.len(), text.len()));
        }
        hash.finalize().iter().fold(String::new(), |mut out, byte| {
            // Writing to a String cannot fail.
            let _ = write!(out, "{byte:02x}");
            out
        })
    }
}

/// A receiver of notifications, with its references unresolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifyTarget {
    /// Where they are posted to. May be a secret.
    pub url: Value,
    /// What they are signed with.
    pub secret: Option<Value>,
    /// In which form.
    pub format: NoticeFormat,
    /// Which ones.
    pub events: Vec<NoticeKind>,
    /// And of these, those that are at least so bad.
    pub min_severity: NoticeSeverity,
    /// Headers beside ours, by their names in lower case. May be secrets.
    pub headers: BTreeMap<String, Value>,
    /// The line that declares it.
    pub location: Location,
}

/// How long things may take on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// One whole exchange, answer included. Default 30 s.
    pub request: Duration,
    /// From an accepted call to its effect. Default 15 min.
    pub settle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { request: Duration::from_secs(30), settle: Duration::from_mins(15) }
    }
}

/// A setting as written: text with references that are resolved only when the connection is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The text, `${env:NAME}` and `${file:PATH}` not yet replaced.
    pub text: String,
    /// Where it stands.
    pub location: Location,
}
