//! Power as a server can have it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A settled power state.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Power {
    /// Running.
    On,
    /// Stopped.
    Off,
    /// Kept in memory or on disk, not running; only some providers can do it.
    Suspended,
}

impl Power {
    /// The word used in fleet files and plans.
    pub fn word(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Suspended => "suspended",
        }
    }
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
