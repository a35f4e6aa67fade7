//! Whether a rule selects a live server. What the provider does not tell is never guessed: then nobody knows.

use crate::model::{Capabilities, LiveServer, LiveState, Rule, glob_matches};
use jiff::Timestamp;

/// Whether a rule selects a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    No,
    Yes,
    /// All that is known of it fits, and something is not known.
    Unknown(Unknown),
}

/// What is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Unknown {
    /// The provider never tells tags.
    NoTags,
    /// The provider never tells ages.
    NoAge,
    /// The provider never tells power.
    NoPower,
    /// It does not tell those of this server.
    Tags,
    /// It does not tell when this server was created.
    Age,
    /// Nobody knows which power this server has, or is going to have.
    Power,
}

/// One live server with what is asked of it.
pub(super) struct Candidate<'a> {
    pub(super) server: &'a LiveServer,
    /// `connection/name`.
    pub(super) address: &'a str,
    pub(super) name: &'a str,
    pub(super) capabilities: &'a Capabilities,
    pub(super) now: Timestamp,
}

impl Candidate<'_> {
    pub(super) fn judge(&self, rule: &Rule) -> Verdict {
        if !rule.matches(self.address, self.name) {
            return Verdict::No;
        }
        let parts = [self.power(rule), self.tags(rule), self.age(rule)];
        if parts.contains(&Verdict::No) {
            return Verdict::No;
        }
        parts.into_iter().find(|part| *part != Verdict::Yes).unwrap_or(Verdict::Yes)
    }

    fn power(&self, rule: &Rule) -> Verdict {
        let Some(wanted) = rule.power_is else { return Verdict::Yes };
        match self.server.state.expected_power() {
            Some(power) => fits(power == wanted),
            None if self.server.state == LiveState::NotReported && !self.capabilities.reports_power => {
                Verdict::Unknown(Unknown::NoPower)
            }
            None => Verdict::Unknown(Unknown::Power),
        }
    }

    fn tags(&self, rule: &Rule) -> Verdict {
        if rule.tags.is_empty() {
            return Verdict::Yes;
        }
        match &self.server.tags {
            Some(tags) => fits(rule.tags.iter().all(|glob| tags.iter().any(|tag| glob_matches(glob, tag)))),
            None if self.capabilities.tags => Verdict::Unknown(Unknown::Tags),
            None => Verdict::Unknown(Unknown::NoTags),
        }
    }

    fn age(&self, rule: &Rule) -> Verdict {
        let Some(age) = &rule.older_than else { return Verdict::Yes };
        match self.server.created_at {
            Some(created_at) => fits(age.is_reached(created_at, self.now)),
            None if self.capabilities.created_at => Verdict::Unknown(Unknown::Age),
            None => Verdict::Unknown(Unknown::NoAge),
        }
    }
}

fn fits(fits: bool) -> Verdict {
    if fits { Verdict::Yes } else { Verdict::No }
}
