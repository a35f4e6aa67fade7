//! A schedule that a fleet file names: what it wants of the servers that are given to it.

use super::{DesiredPower, Location};
use crate::calendar::{Schedule, State};
use jiff::Timestamp;

/// A named schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PowerSchedule {
    /// Its key under `schedules:`.
    pub name: String,
    /// When it wants what.
    pub schedule: Schedule,
    /// The line that declares it.
    pub location: Location,
}

impl PowerSchedule {
    /// The power that it wants at an instant.
    pub fn wanted_at(&self, at: Timestamp) -> DesiredPower {
        self.schedule.state_at(at).into()
    }

    /// Why a change is made that it asks for: `schedule NAME`.
    pub fn reason(&self) -> String {
        format!("schedule {}", self.name)
    }
}

impl From<State> for DesiredPower {
    fn from(state: State) -> Self {
        match state {
            State::On => Self::On,
            State::Off => Self::Off,
            State::Any => Self::Any,
        }
    }
}
