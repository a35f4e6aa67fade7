//! What can be asked of a provider for one server.

use super::{Power, ServerName};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How a server is stopped.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum OffKind {
    /// The guest is asked to shut down.
    Graceful,
    /// The plug is pulled.
    Hard,
    /// The provider's only stop call; whether it is graceful is not documented.
    NotToldApart,
}

/// How a server is rebooted.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum RebootKind {
    /// The guest is asked to restart.
    Soft,
    /// A power cycle.
    Hard,
    /// The provider's only reboot call; whether it is soft is not documented.
    NotToldApart,
}

/// The kind of a change, without its particulars; the `actions` of a plan.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Another name.
    Rename,
    /// Start, or resume where suspended.
    PowerOn,
    /// Stop.
    PowerOff,
    /// Suspend.
    Suspend,
    /// Restart.
    Reboot,
    /// Delete for good.
    Delete,
}

impl Verb {
    /// All verbs, in the order in which they are listed for people.
    pub const ALL: [Self; 6] =
        [Self::Rename, Self::PowerOn, Self::PowerOff, Self::Suspend, Self::Reboot, Self::Delete];

    /// For people: `power on`, `delete`.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Rename => "rename",
            Self::PowerOn => "power on",
            Self::PowerOff => "power off",
            Self::Suspend => "suspend",
            Self::Reboot => "reboot",
            Self::Delete => "delete",
        }
    }

    /// Whether the verb interrupts or destroys what runs on the server. Such calls are preceded by a fresh read.
    pub fn is_disruptive(self) -> bool {
        matches!(self, Self::PowerOff | Self::Suspend | Self::Reboot | Self::Delete)
    }

    /// Whether sending the call a second time could do harm that the first did not: these are never repeated
    /// without evidence that the first one never took effect.
    pub fn is_one_shot(self) -> bool {
        matches!(self, Self::Reboot | Self::Delete)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.phrase())
    }
}

/// One call to a provider, for one server.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case", tag = "verb")]
pub enum Operation {
    /// Start a stopped server: its guest boots.
    PowerOn,
    /// Let a suspended server go on: its guest does not boot.
    Resume,
    /// Stop.
    PowerOff {
        /// How.
        method: OffKind,
    },
    /// Suspend a running server.
    Suspend,
    /// Restart a running server.
    Reboot {
        /// How.
        method: RebootKind,
    },
    /// Give the server another name.
    Rename {
        /// The new name.
        to: ServerName,
    },
    /// Delete the server for good.
    Delete,
}

impl Operation {
    /// The power that the server has once it is done; `None` where the operation is not about power.
    pub fn power(&self) -> Option<Power> {
        match self {
            Self::PowerOn | Self::Resume => Some(Power::On),
            Self::PowerOff { .. } => Some(Power::Off),
            Self::Suspend => Some(Power::Suspended),
            Self::Reboot { .. } | Self::Rename { .. } | Self::Delete => None,
        }
    }

    /// Whether the guest has booted once it is done.
    pub fn boots(&self) -> bool {
        matches!(self, Self::PowerOn | Self::Reboot { .. })
    }

    /// The kind of the operation.
    pub fn verb(&self) -> Verb {
        match self {
            Self::PowerOn | Self::Resume => Verb::PowerOn,
            Self::PowerOff { .. } => Verb::PowerOff,
            Self::Suspend => Verb::Suspend,
            Self::Reboot { .. } => Verb::Reboot,
            Self::Rename { .. } => Verb::Rename,
            Self::Delete => Verb::Delete,
        }
    }
}

/// What is done, for people: `power off (hard)`, `rename to b`.
impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PowerOff { method: OffKind::Hard } => f.write_str("power off (hard)"),
            Self::PowerOff { method: OffKind::Graceful } => f.write_str("power off (graceful)"),
            Self::Reboot { method: RebootKind::Hard } => f.write_str("reboot (hard)"),
            Self::Reboot { method: RebootKind::Soft } => f.write_str("reboot (soft)"),
            Self::Rename { to } => write!(f, "rename to {to}"),
            Self::Resume => f.write_str("resume"),
            other => f.write_str(other.verb().phrase()),
        }
    }
}
