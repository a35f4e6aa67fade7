//! A schedule: which power is wanted, as a function of the instant.

use super::hours::Hours;
use jiff::Timestamp;

/// What a schedule wants of a server's power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Running.
    On,
    /// Stopped.
    Off,
    /// Left alone.
    Any,
}

impl State {
    /// The word in fleet files and calendars.
    pub fn word(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Any => "any",
        }
    }
}

/// Which of the two its times mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sense {
    /// `on:`.
    On,
    /// `off:`.
    Off,
}

impl Sense {
    /// The state that its times mean.
    pub fn state(self) -> State {
        match self {
            Self::On => State::On,
            Self::Off => State::Off,
        }
    }

    /// What holds otherwise, where nothing is said.
    pub fn opposite(self) -> State {
        match self {
            Self::On => State::Off,
            Self::Off => State::On,
        }
    }
}

/// A state at some times, another one otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The times.
    pub hours: Hours,
    /// What they mean.
    pub sense: Sense,
    /// What holds at all other times, and on excepted dates.
    pub otherwise: State,
}

impl Schedule {
    /// What is wanted at an instant. It depends on nothing but the instant.
    pub fn state_at(&self, at: Timestamp) -> State {
        self.state(self.hours.contain(at))
    }

    /// The first instant after `after`, at or before `until`, at which something else is wanted, and what.
    pub fn next_change(&self, after: Timestamp, until: Timestamp) -> Option<(Timestamp, State)> {
        let (at, inside) = self.hours.next_change(after, until)?;
        Some((at, self.state(inside)))
    }

    /// Every state that it can want.
    pub fn reachable(&self) -> Vec<State> {
        let mut all = vec![self.sense.state()];
        if !self.hours.are_always() {
            all.push(self.otherwise);
        }
        all
    }

    fn state(&self, inside: bool) -> State {
        if inside { self.sense.state() } else { self.otherwise }
    }
}
