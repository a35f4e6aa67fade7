//! What is worth telling people while a watcher runs: one line in its log, one event in its JSON log, one message to whoever
//! wants to be notified.

use crate::model::{Address, ConnectionName, Verb};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What kind of thing has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// A server is not as declared.
    DriftSeen,
    /// It is again, without our doing.
    DriftEnded,
    /// A server was put right.
    Corrected,
    /// Putting it right failed, or nobody can tell what came of it.
    Failed,
    /// It was put right too often: somebody else keeps changing it, and it is left alone.
    Contested,
    /// It is not contested any more.
    ContestEnded,
    /// Too many servers of a connection have drifted at once: nothing is enforced there.
    Stopped,
    /// It goes on there.
    Resumed,
    /// A limit of the file forbids what a round would do: nothing was enforced.
    Refused,
    /// A connection cannot be read any more.
    ConnectionLost,
    /// It can be read again.
    ConnectionBack,
    /// New fleet files have mistakes; the old ones stay in force.
    FileRejected,
    /// New fleet files are in force.
    FileReloaded,
    /// This watcher leads: it may enforce.
    LeaderGained,
    /// It leads no more: another one does, or its lease could not be renewed.
    LeaderLost,
    /// A problem of the plan appeared: something that somebody must look at.
    ProblemSeen,
    /// It is gone.
    ProblemEnded,
    /// Anything else that is said once.
    Note,
}

/// Something that has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Happening {
    /// When.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// What.
    pub occasion: Occasion,
    /// The server, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub address: Option<Address>,
    /// The connection, where it is about one, or about a server of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(with = "Option<String>")]
    pub connection: Option<ConnectionName>,
    /// What would be or was done.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub actions: Vec<Verb>,
    /// The digest of the plan in which it was seen.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub digest: Option<String>,
    /// For people, in one sentence, without the address.
    pub message: String,
}

impl Happening {
    /// Something that is about no server in particular.
    pub fn new(at: Timestamp, occasion: Occasion, message: impl Into<String>) -> Self {
        Self {
            at,
            occasion,
            address: None,
            connection: None,
            actions: Vec::new(),
            digest: None,
            message: message.into(),
        }
    }

    /// About a server.
    #[must_use]
    pub fn of(mut self, address: &Address, actions: &[Verb]) -> Self {
        self.connection = Some(address.connection.clone());
        self.address = Some(address.clone());
        self.actions = actions.to_vec();
        self
    }

    /// About a connection.
    #[must_use]
    pub fn on(mut self, connection: &ConnectionName) -> Self {
        self.connection = Some(connection.clone());
        self
    }

    /// Seen in this plan.
    #[must_use]
    pub fn in_plan(mut self, digest: Option<&str>) -> Self {
        self.digest = digest.map(str::to_owned);
        self
    }
}

impl Occasion {
    /// The word in front of a line of the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::DriftSeen => "drift",
            Self::DriftEnded => "drift ended",
            Self::Corrected => "corrected",
            Self::Failed => "failed",
            Self::Contested => "contested",
            Self::ContestEnded => "contest ended",
            Self::Stopped => "stopped",
            Self::Resumed => "resumed",
            Self::Refused => "refused",
            Self::ConnectionLost => "connection lost",
            Self::ConnectionBack => "connection back",
            Self::FileRejected => "file rejected",
            Self::FileReloaded => "file reloaded",
            Self::LeaderGained => "leader",
            Self::LeaderLost => "leader lost",
            Self::ProblemSeen => "problem",
            Self::ProblemEnded => "problem ended",
            Self::Note => "note",
        }
    }
}

/// One line: `drift east/web-1: power off -> on (declared)`.
impl std::fmt::Display for Happening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.occasion.word())?;
        match (&self.address, &self.connection) {
            (Some(address), _) => write!(f, " {address}")?,
            (None, Some(connection)) => write!(f, " {connection}")?,
            (None, None) => {}
        }
        write!(f, ": {}", self.message)
    }
}
