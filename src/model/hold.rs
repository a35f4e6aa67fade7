//! What people say must wait: a hold on some servers, a freeze of all. Both end by themselves.

use super::{Power, Selector};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a hold keeps a server at.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum HoldTo {
    /// Running.
    On,
    /// Stopped.
    Off,
    /// As it is: nothing at all is done to it.
    AsIs,
}

impl HoldTo {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::On, Self::Off, Self::AsIs];

    /// The word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::AsIs => "as-is",
        }
    }

    /// The power that the server has while it is held; `None` where that is left alone.
    pub fn power(self) -> Option<Power> {
        match self {
            Self::On => Some(Power::On),
            Self::Off => Some(Power::Off),
            Self::AsIs => None,
        }
    }
}

impl fmt::Display for HoldTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A hold: servers that are kept at a power, or left alone, for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Hold {
    /// What `release` names it by.
    pub id: String,
    /// Which servers.
    pub selector: Selector,
    /// What they are kept at.
    pub to: HoldTo,
    /// Who said so.
    pub by: String,
    /// When.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// The instant at which it ends.
    #[schemars(with = "String")]
    pub until: Timestamp,
    /// Why.
    pub reason: String,
}

impl Hold {
    /// Whether it holds at that instant.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        now < self.until
    }
}

/// A freeze: nothing is done to any server for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Freeze {
    /// Who said so.
    pub by: String,
    /// When.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// The instant at which it ends.
    #[schemars(with = "String")]
    pub until: Timestamp,
    /// Why.
    pub reason: String,
}

impl Freeze {
    /// Whether it holds at that instant.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        now < self.until
    }
}
