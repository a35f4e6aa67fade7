//! A rule over live servers: which it selects and what it wants of them. What is wanted is an entry without a name.

use super::{
    Address, ConnectionName, DesiredServer, HealthCheck, Labels, Location, Power, Rollout, Selector,
    ServerId, ServerName, glob_matches, globs_meet,
};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The longest age that may be asked for.
const MOST_DAYS: u64 = 3_650;

/// The age that a server must have reached, as it is written: `30d`, `12h`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Age {
    text: Box<str>,
    duration: Duration,
}

impl Age {
    /// Reads a whole number of minutes, hours, days or weeks (`90m`, `12h`, `30d`, `6w`); `None` unless it is above
    /// zero and at most ten years. A day has 24 hours.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let minutes = match unit {
            "m" => 1,
            "h" => 60,
            "d" => 24 * 60,
            "w" => 7 * 24 * 60,
            _ => return None,
        };
        let minutes = number.parse::<u64>().ok()?.checked_mul(minutes)?;
        let sound = minutes > 0 && minutes <= MOST_DAYS * 24 * 60;
        sound.then(|| Self { text: text.into(), duration: Duration::from_mins(minutes) })
    }

    /// As the clock takes it.
    pub const fn duration(&self) -> Duration {
        self.duration
    }

    /// Whether what was created then has reached it. What was created in the future has not.
    pub fn is_reached(&self, created_at: Timestamp, now: Timestamp) -> bool {
        Duration::try_from(now.duration_since(created_at)).is_ok_and(|age| age >= self.duration)
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A rollout that servers of rules may belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GovernedRollout {
    /// What is declared.
    pub rollout: Arc<Rollout>,
    /// The check of its servers, where they have none of their own; outer `None` where it says nothing of one.
    pub healthy_when: Option<Option<Arc<HealthCheck>>>,
}

/// One rule. Of several that select a server, the first one counts; an entry of the file comes before all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name; without one, what it matches.
    pub name: Arc<str>,
    /// Globs over `connection/name`, or over the name alone where they have no slash; one of them must match. Empty
    /// means every name.
    pub globs: Vec<Box<str>>,
    /// The connections on which it can select servers, by its `provider` and its globs.
    pub connections: BTreeSet<ConnectionName>,
    /// The power that its servers have.
    pub power_is: Option<Power>,
    /// Globs over the provider's tags, each of which some tag must match.
    pub tags: Vec<Box<str>>,
    /// How old its servers are at least.
    pub older_than: Option<Age>,
    /// What it wants, as an entry whose name and id are to be filled in.
    pub wish: DesiredServer,
    /// Whether the rule itself says when its servers are healthy.
    pub has_check: bool,
    /// The rollouts of the fleet, of which the first that means a server counts.
    pub rollouts: Arc<[GovernedRollout]>,
}

impl Rule {
    /// The line that declares it.
    pub fn location(&self) -> &Location {
        &self.wish.location
    }

    /// Whether a glob matches. `address` is `connection/name`.
    pub fn matches(&self, address: &str, name: &str) -> bool {
        let is_match = |glob: &str| glob_matches(glob, if glob.contains('/') { address } else { name });
        self.globs.is_empty() || self.globs.iter().any(|glob| is_match(glob))
    }

    /// Whether servers on this connection can match.
    pub fn can_match_on(&self, connection: &str) -> bool {
        let all_here = format!("{connection}/?*");
        let can = |glob: &str| !glob.contains('/') || globs_meet(glob, &all_here);
        self.globs.is_empty() || self.globs.iter().any(|glob| can(glob))
    }

    /// Those of its connections on which it may select a server that the selector means: what a selector means is
    /// not known before the live servers are.
    pub fn meets<'r>(&'r self, selector: &'r Selector) -> impl Iterator<Item = &'r ConnectionName> {
        self.connections.iter().filter(move |connection| match selector {
            Selector::Label { .. } => {
                selector.matches(&Address::new((*connection).clone(), "".into()), &self.wish.labels)
            }
            Selector::Address(glob) => self.meets_on(connection.as_str(), glob),
        })
    }

    fn meets_on(&self, connection: &str, selector: &str) -> bool {
        let whole = |glob: &str| {
            if glob.contains('/') { glob.to_owned() } else { format!("{connection}/{glob}") }
        };
        let selector = whole(selector);
        let can = |glob: &str| globs_meet(&selector, &whole(glob));
        globs_meet(&selector, &format!("{connection}/?*"))
            && (self.globs.is_empty() || self.globs.iter().any(|glob| can(glob)))
    }

    /// The entry for one live server: bound by its id, under the name that it has, so that nothing is ever renamed.
    pub fn entry(&self, connection: &ConnectionName, id: &ServerId, name: &ServerName) -> DesiredServer {
        let mut entry = self.wish.clone();
        entry.address = Address::new(connection.clone(), name.clone());
        entry.id = Some(id.clone());
        entry.rule = Some(Arc::clone(&self.name));
        let means = |given: &&GovernedRollout| {
            let select = given.rollout.select.as_ref();
            select.is_none_or(|select| select.matches(&entry.address, &entry.labels))
        };
        if let Some(given) = self.rollouts.iter().find(means) {
            if let (Some(check), false) = (&given.healthy_when, self.has_check) {
                entry.healthy_when.clone_from(check);
            }
            entry.rollout = Some(Arc::clone(&given.rollout));
        }
        entry
    }

    /// Whether a change with these reasons, of this line, is of an entry that the rule has made. The file may lie
    /// elsewhere by now.
    pub fn made(&self, reasons: &[String], location: Option<&Location>) -> bool {
        let own = self.location();
        let is_there = location.is_some_and(|at| (at.line, at.column) == (own.line, own.column));
        is_there && reasons.contains(&self.reason())
    }

    /// Why its changes are made.
    pub fn reason(&self) -> String {
        format!("rule {}", self.name)
    }

    /// Whether it selects by name and connection alone.
    pub fn is_by_name(&self) -> bool {
        self.power_is.is_none() && self.tags.is_empty() && self.older_than.is_none()
    }

    /// Its labels.
    pub fn labels(&self) -> &Labels {
        &self.wish.labels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_whole_numbers_of_one_unit() {
        for (text, hours) in [("12h", 12), ("30d", 720), ("2w", 336), ("60m", 1)] {
            assert_eq!(Age::parse(text).unwrap().duration, Duration::from_hours(hours), "{text}");
        }
        for text in ["", "30", "0d", "-1d", "1.5d", "30s", "3651d", "1d12h", "d", "99999999999999999999d"] {
            assert_eq!(Age::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_age_is_reached_to_the_second_and_never_by_what_is_yet_to_come() {
        let day = Age::parse("1d").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let created = at("2026-11-20T12:00:00Z");
        assert!(day.is_reached(created, at("2026-11-21T12:00:00Z")));
        assert!(!day.is_reached(created, at("2026-11-21T11:59:59Z")));
        assert!(!day.is_reached(created, at("2026-11-01T00:00:00Z")));
    }
}
