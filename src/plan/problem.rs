//! What stands between the file and a change. A problem on one server never hides the others.

use super::cause::Cause;
use crate::model::{Address, Location};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How bad a problem is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The plan fails.
    Error,
    /// Worth knowing.
    Warning,
}

/// The stable names of problems.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// A declared server is not there.
    MissingServer,
    /// Several live servers have the name.
    AmbiguousName,
    /// The declared name and `renamed_from` are both live.
    BothNamesLive,
    /// Two entries mean the same live server.
    BoundTwice,
    /// A rename would take a name that another live server keeps.
    NameTaken,
    /// The provider does not accept the new name.
    InvalidName,
    /// The provider cannot do what is declared.
    Unsupported,
    /// A protected server would be powered off, rebooted or deleted.
    Protected,
    /// An operation is under way and nobody knows where it ends.
    InTransition,
    /// The provider's word for the state is not in its vocabulary.
    UnrecognisedState,
    /// The connection's servers could not be read in full, and that may pass.
    Unreachable,
    /// The connection's servers could not be read in full, and somebody must do something about it.
    Unreadable,
    /// Nobody knows whether the server was rebooted since the declared instant.
    RebootUnknown,
    /// The server should be rebooted, is not running, and its power is to be left alone.
    RebootNotRunning,
    /// `rebooted_since` lies in the future.
    RebootInFuture,
    /// The outcome of an earlier change was never seen.
    Unresolved,
    /// A server that it comes after is not on and is not going to be.
    PredecessorDown,
    /// Too few servers of a group would be on.
    Availability,
    /// What is to be done waits for itself.
    OrderCycle,
    /// A rule selects no live server.
    RuleUnmatched,
    /// Entries and earlier rules have all live servers that a rule selects.
    RuleShadowed,
    /// Two rules want different things of the same servers.
    RuleConflict,
    /// Nobody knows whether a rule selects some live servers.
    RuleUndecided,
}

impl Code {
    /// The name in plans and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingServer => "missing_server",
            Self::AmbiguousName => "ambiguous_name",
            Self::BothNamesLive => "both_names_live",
            Self::BoundTwice => "bound_twice",
            Self::NameTaken => "name_taken",
            Self::InvalidName => "invalid_name",
            Self::Unsupported => "unsupported",
            Self::Protected => "protected",
            Self::InTransition => "in_transition",
            Self::UnrecognisedState => "unrecognised_state",
            Self::Unreachable => "unreachable",
            Self::Unreadable => "unreadable",
            Self::RebootUnknown => "reboot_unknown",
            Self::RebootNotRunning => "reboot_not_running",
            Self::RebootInFuture => "reboot_in_future",
            Self::Unresolved => "unresolved",
            Self::PredecessorDown => "predecessor_down",
            Self::Availability => "availability",
            Self::OrderCycle => "order_cycle",
            Self::RuleUnmatched => "rule_unmatched",
            Self::RuleShadowed => "rule_shadowed",
            Self::RuleConflict => "rule_conflict",
            Self::RuleUndecided => "rule_undecided",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Problem {
    /// Its stable name.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// The server; `connection/*` for all of a connection.
    pub address: Address,
    /// What is wrong and what to do, for people.
    pub message: String,
    /// The line that asks for what cannot be done.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub location: Option<Location>,
    /// Where it comes from, beside a base.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cause: Option<Cause>,
}
