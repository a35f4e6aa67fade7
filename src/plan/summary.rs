//! The numbers of a plan.

use super::change::Change;
use super::problem::{Problem, Severity};
use crate::model::Verb;
use serde::{Deserialize, Serialize};

/// The numbers of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct Summary {
    /// Servers to be powered on (or resumed).
    pub power_on: u64,
    /// Servers to be powered off.
    pub power_off: u64,
    /// Servers to be suspended.
    pub suspend: u64,
    /// Servers to be rebooted.
    pub reboot: u64,
    /// Servers to be renamed.
    pub rename: u64,
    /// Servers to be deleted.
    pub delete: u64,
    /// Selected servers that are as declared.
    pub unchanged: u64,
    /// Live servers that no entry means.
    pub unmanaged: u64,
    /// Servers that need a change which `--only` leaves out.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_out: u64,
    /// Servers at which something is due that waits for time or people.
    #[serde(skip_serializing_if = "is_zero")]
    pub withheld: u64,
    /// Problems that make the plan fail.
    pub problems: u64,
    /// Problems that do not.
    pub warnings: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Summary {
    /// Counts; `unchanged` and `unmanaged` are the planner's.
    pub fn count(changes: &[Change], problems: &[Problem], unchanged: u64, unmanaged: u64) -> Self {
        let does = |verb| changes.iter().filter(|change| change.does(verb)).count() as u64;
        let errors = problems.iter().filter(|p| p.severity == Severity::Error).count() as u64;
        Self {
            power_on: does(Verb::PowerOn),
            power_off: does(Verb::PowerOff),
            suspend: does(Verb::Suspend),
            reboot: does(Verb::Reboot),
            rename: does(Verb::Rename),
            delete: does(Verb::Delete),
            unchanged,
            unmanaged,
            left_out: 0,
            withheld: 0,
            problems: errors,
            warnings: problems.len() as u64 - errors,
        }
    }

    /// The number of a kind of action.
    pub fn of(&self, verb: Verb) -> u64 {
        match verb {
            Verb::Rename => self.rename,
            Verb::PowerOn => self.power_on,
            Verb::PowerOff => self.power_off,
            Verb::Suspend => self.suspend,
            Verb::Reboot => self.reboot,
            Verb::Delete => self.delete,
        }
    }
}
