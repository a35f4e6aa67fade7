//! Guards of a fleet file: how much one plan may change.

use super::Period;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An upper bound: a count for the whole plan, or a share of each connection's servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bound {
    /// At most so many in the plan.
    Count(u64),
    /// At most so many percent of the servers of each connection (0 to 100, in hundredths of a percent).
    Percent(u32),
}

impl Bound {
    /// Reads `5` or `12.5%`; `None` if it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let Some(share) = text.strip_suffix('%') else {
            return text.parse().ok().map(Self::Count);
        };
        let (whole, fraction) = share.trim().split_once('.').unwrap_or((share.trim(), ""));
        if whole.is_empty() || fraction.len() > 2 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let hundredths: u32 = if fraction.is_empty() { 0 } else { format!("{fraction:0<2}").parse().ok()? };
        let share = whole.parse::<u32>().ok()?.checked_mul(100)?.checked_add(hundredths)?;
        (share <= 10_000).then_some(Self::Percent(share))
    }

    /// How many of `servers` the bound allows, rounded down. A count does not depend on them.
    pub fn allows(self, servers: u64) -> u64 {
        match self {
            Self::Count(count) => count,
            Self::Percent(share) => servers.saturating_mul(u64::from(share)) / 10_000,
        }
    }

    /// How many of `servers` are needed where the bound is a lower one: rounded up.
    pub fn demands(self, servers: u64) -> u64 {
        match self {
            Self::Count(count) => count,
            Self::Percent(share) => servers.saturating_mul(u64::from(share)).div_ceil(10_000),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(share) if share % 100 == 0 => write!(f, "{}%", share / 100),
            Self::Percent(share) => write!(f, "{}.{:02}%", share / 100, share % 100),
        }
    }
}

/// Every bound that holds; where a guard has several, all of them hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Servers changed.
    pub max_changes: Vec<Bound>,
    /// Servers powered off.
    pub max_power_offs: Vec<Bound>,
    /// Servers deleted. One bound here also lifts the need for `--allow-delete`.
    pub max_deletes: Vec<Bound>,
    /// Bounds over a time that ends with the plan: what was done within it counts as well.
    pub rolling: Vec<Rolling>,
}

/// What a bound is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LimitKind {
    /// Servers changed.
    Changes,
    /// Servers powered off.
    PowerOffs,
    /// Servers deleted.
    Deletes,
}

/// An upper bound over a time: `5% per 24h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rolling {
    /// Of what.
    pub kind: LimitKind,
    /// So much.
    pub bound: Bound,
    /// Within this time.
    pub per: Period,
}

impl Rolling {
    /// Reads `5 per 24h` or `5% per 24h`; `None` if it is neither.
    pub fn parse(kind: LimitKind, text: &str) -> Option<Self> {
        let (bound, per) = text.split_once(" per ")?;
        Some(Self { kind, bound: Bound::parse(bound)?, per: Period::parse(per.trim())? })
    }
}

impl fmt::Display for Rolling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} per {}", self.bound, self.per)
    }
}
