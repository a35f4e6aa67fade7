//! What the lock's file says: who holds it, when it last gave a sign of life, and its fencing token.

use super::author::Author;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::time::Duration;

/// The file's content is filled up to this, so that renewing it needs no space on the disk and replaces all of it.
const SIZE: usize = 1024;

/// How long a holder is believed without a sign of life, and how often it gives one.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// From a sign of life until the ledger may be taken over.
    pub lease: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self { lease: Duration::from_mins(1) }
    }
}

impl Terms {
    /// Between two signs of life.
    pub(super) fn beat(self) -> Duration {
        self.lease / 12
    }

    /// How long a holder that looks dead is watched before it is replaced: a machine that woke up, or a clock that
    /// jumped, makes a sign of life look old; one that lives gives another one meanwhile.
    pub fn watch(self) -> Duration {
        self.beat() * 2
    }
}

/// Who holds the lock. Programs that write format 1 say only `pid` and `since`; they give no sign of life and are
/// never replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Since when.
    pub since: Timestamp,
    /// The machine's name.
    #[serde(default)]
    pub host: String,
    /// One start of one machine.
    #[serde(default)]
    pub machine: String,
    /// Who started it.
    #[serde(default)]
    pub user: String,
    /// What the ledger's records name it by.
    #[serde(default)]
    pub run: String,
    /// The command.
    #[serde(default)]
    pub command: String,
    /// The last sign of life.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat: Option<Timestamp>,
    /// The fencing token: every holder's is higher than those before it.
    #[serde(default)]
    pub token: u64,
    /// How long it asks to be believed without a sign of life, in milliseconds; earlier programs do not say, and mean a
    /// minute.
    #[serde(default)]
    pub lease_ms: u64,
    /// It has ended in order.
    #[serde(default)]
    pub released: bool,
}

impl Holder {
    pub(super) fn new(author: &Author, token: u64, now: Timestamp) -> Self {
        Self {
            pid: author.pid,
            since: now,
            host: author.host.clone(),
            machine: author.machine.clone(),
            user: author.user.clone(),
            run: author.run.clone(),
            command: author.command.clone(),
            heartbeat: Some(now),
            token,
            lease_ms: 0,
            released: false,
        }
    }

    /// The terms by which it is judged: never shorter than those that it keeps itself.
    pub(super) fn terms(&self, own: Terms) -> Terms {
        let asked = Some(self.lease_ms).filter(|asked| *asked > 0).map(Duration::from_millis);
        Terms { lease: asked.unwrap_or(Terms::default().lease).max(own.lease) }
    }

    /// How long ago it gave a sign of life; `None` where it gives none.
    pub fn silence(&self, now: Timestamp) -> Option<Duration> {
        let heartbeat = self.heartbeat?;
        Some(Duration::try_from(now.duration_since(heartbeat)).unwrap_or_default())
    }

    /// Whether it is the same holding of the lock.
    pub(super) fn is(&self, other: &Self) -> bool {
        (self.token, &self.run) == (other.token, &other.run)
    }

    /// Reads the file from its beginning; `None` where it says nothing that can be read.
    pub(super) fn read(mut file: &File) -> Option<Self> {
        let mut text = String::new();
        file.rewind().ok()?;
        file.read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Writes it over the file's beginning, in one piece.
    pub(super) fn write(&self, mut file: &File) -> io::Result<()> {
        let mut text = serde_json::to_vec(self)?;
        text.resize(text.len().max(SIZE), b' ');
        let length = text.len() as u64;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&text)?;
        if file.metadata()?.len() > length { file.set_len(length) } else { Ok(()) }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.pid)?;
        if !self.host.is_empty() {
            write!(f, " on {} (user {}, run {}, {})", self.host, self.user, self.run, self.command)?;
        }
        write!(f, " since {:.0}", self.since)
    }
}
