//! What is served: what the watcher knows, and how its notifications fare.

use crate::watch::{NotificationStatus, Status};
use schemars::JsonSchema;
use serde::Serialize;

/// `/status.json`.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Served<'a> {
    /// What the watcher knows.
    #[serde(flatten)]
    pub status: &'a Status,
    /// Whom it tells, in the order of the file.
    pub notifications: &'a [NotificationStatus],
}
