//! What a fleet file says of the loop that enforces it: `watch:`.

use super::{Location, Period, Selector, Verb};
use serde::{Deserialize, Serialize};

/// What is done about a server that is not as declared.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum OnDrift {
    /// It is put right.
    Enforce,
    /// It is told, and left to people.
    Report,
    /// It is not told either.
    Ignore,
}

impl OnDrift {
    /// The word in fleet files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Report => "report",
            Self::Ignore => "ignore",
        }
    }
}

/// What is done about the drift of some servers. Of several rules the first that means a server and a verb counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftRule {
    /// Which servers.
    pub select: Selector,
    /// Which verbs; empty means all, except that a delete is enforced only where it is named.
    pub verbs: Vec<Verb>,
    /// What is done.
    pub on_drift: OnDrift,
    /// The place that says so.
    pub location: Location,
}

/// How often one server may be put right before it is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// So often.
    pub count: u64,
    /// Within this time.
    pub per: Period,
}

/// How the loop is run. Every field has a default, so that a file without `watch:` can be watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchSettings {
    /// From one round's beginning to the next one's. Default: a minute.
    pub interval: Period,
    /// What is done about drift, before the built-in rule.
    pub policy: Vec<DriftRule>,
    /// Corrections of one server. Default: 3 per hour.
    pub budget: Budget,
    /// With more than this share of a connection's servers drifting at once nothing is enforced there, in hundredths of
    /// a percent; `None` switches that off. Default: 30 %.
    pub mass_drift: Option<u32>,
    /// How long a watcher that gives no sign of life stays the leader. Default: a minute.
    pub lease: Period,
}

impl Default for WatchSettings {
    fn default() -> Self {
        Self {
            interval: Period::from_mins(1),
            policy: Vec::new(),
            budget: Budget { count: 3, per: Period::from_mins(60) },
            mass_drift: Some(3_000),
            lease: Period::from_mins(1),
        }
    }
}
