//! How notifications fare, for those who look at a watcher.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// Somebody who is told of what happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NotificationStatus {
    /// Which: `notify[0]`. Its URL may be a secret, and is never shown.
    pub target: String,
    /// `cloudevents` or `slack`.
    pub format: String,
    /// Notifications that wait to be sent, the one under way among them.
    pub queued: u64,
    /// Those that were taken by the receiver.
    pub sent: u64,
    /// Those that were given up: refused, or tried too often.
    pub failed: u64,
    /// Those that were dropped, oldest first, because too many were waiting.
    pub dropped: u64,
    /// Those that were not sent because the same had been told already.
    pub repeated: u64,
    /// Attempts that were made again after trouble.
    pub retries: u64,
    /// When one was last taken.
    #[schemars(with = "Option<String>")]
    pub last_sent_at: Option<Timestamp>,
    /// What was wrong with the last attempt; null after one that was taken.
    pub trouble: Option<String>,
}
