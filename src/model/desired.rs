//! What a fleet file wants of one server, after defaults and brace expansion.

use super::{
    Address, HealthCheck, Location, Period, Power, PowerSchedule, RequiredEvidence, Rollout, Selector,
    ServerId, ServerName,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Labels of a server; shared by all servers of one brace expansion.
pub type Labels = Arc<BTreeMap<String, String>>;

/// The power a server should have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DesiredPower {
    /// Running.
    On,
    /// Stopped.
    Off,
    /// Suspended, where the provider can do it.
    Suspended,
    /// Its power is left alone.
    #[default]
    Any,
}

impl DesiredPower {
    /// The wanted settled state; `None` for `any`.
    pub fn wanted(self) -> Option<Power> {
        match self {
            Self::On => Some(Power::On),
            Self::Off => Some(Power::Off),
            Self::Suspended => Some(Power::Suspended),
            Self::Any => None,
        }
    }
}

impl fmt::Display for DesiredPower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.wanted().map_or("any", Power::word))
    }
}

/// Whether the server should exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// It should exist; it is never created.
    #[default]
    Present,
    /// It should be gone.
    Absent,
}

/// How a server may be stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Shutdown {
    /// The guest must be asked; a provider that cannot do that is refused at plan time.
    Graceful,
    /// Pull the plug at once.
    Hard,
    /// Ask the guest first, pull the plug when that is refused, fails or takes too long.
    #[default]
    GracefulThenHard,
}

/// How a server may be rebooted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RebootStyle {
    /// The guest must be asked; a provider that cannot do that is refused at plan time.
    Soft,
    /// Power cycle.
    Hard,
    /// Ask the guest; a power cycle where that is refused.
    #[default]
    SoftThenHard,
}

/// Servers that another one comes after: its starts and reboots follow theirs, its stops come before theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    /// Which.
    pub selector: Selector,
    /// The place that says so.
    pub location: Location,
}

/// How long a guest is given to shut down before the plug is pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grace {
    /// Since the graceful call was taken.
    pub period: Period,
    /// Who says so.
    pub given_by: GivenBy,
}

/// What a value stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenBy {
    /// The server's own entry: what cannot be done is a problem.
    Entry,
    /// `defaults:`, which also hold for servers for which it means nothing.
    Defaults,
}

/// One server of the desired state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredServer {
    /// The connection and the declared name.
    pub address: Address,
    /// Binds by this id, whatever the live name is.
    pub id: Option<ServerId>,
    /// Binds by this old name until the rename has happened.
    pub renamed_from: Option<ServerName>,
    /// Whether it should exist.
    pub presence: Presence,
    /// The power it should have; where a schedule says that, what the planner has found it to say.
    pub power: DesiredPower,
    /// The schedule that says which power it should have; shared by all of its servers.
    pub schedule: Option<Arc<PowerSchedule>>,
    /// How it may be stopped.
    pub shutdown: Shutdown,
    /// How long its guest is given to shut down; `None` leaves that to apply.
    pub grace: Option<Grace>,
    /// How it may be rebooted.
    pub reboot: RebootStyle,
    /// What evidence a reboot must leave to count as done; `None`: the best that the provider happens to give.
    pub require_evidence: Option<RequiredEvidence>,
    /// It must have been rebooted after this instant.
    pub rebooted_since: Option<Timestamp>,
    /// When it counts as healthy after a start or a reboot; shared like labels.
    pub healthy_when: Option<Arc<HealthCheck>>,
    /// In which waves it is started and interrupted.
    pub rollout: Option<Arc<Rollout>>,
    /// Never powered off, rebooted or deleted, whatever else is declared.
    pub protect: bool,
    /// For selectors.
    pub labels: Labels,
    /// Whom it comes after; shared by all servers of one brace expansion.
    pub after: Arc<[After]>,
    /// The name of the rule that made this entry of a live server; `None` for an entry of the file.
    pub rule: Option<Arc<str>>,
    /// The line that declares it.
    pub location: Location,
}
