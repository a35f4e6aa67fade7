//! In which waves servers are started and interrupted: data.

use super::{Bound, Period, Selector};
use std::fmt;

/// How many servers a wave takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaveSize {
    /// So many, or a share of those that the rollout starts or interrupts in a plan: rounded up, and one at least.
    Some(Bound),
    /// All that are left.
    Rest,
}

impl WaveSize {
    /// Reads `1`, `10%` or `rest`; `None` if it is none of them, or no server.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "rest" {
            return Some(Self::Rest);
        }
        let bound = Bound::parse(text).filter(|_| text.starts_with(|c: char| c.is_ascii_digit()))?;
        (!matches!(bound, Bound::Count(0) | Bound::Percent(0))).then_some(Self::Some(bound))
    }

    /// How many of `servers` it takes where nothing else is in the way.
    pub fn of(self, servers: usize) -> usize {
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        match self {
            Self::Rest => servers,
            Self::Some(Bound::Count(number)) => count(number),
            Self::Some(Bound::Percent(share)) => {
                let parts = u128::from(share) * servers as u128;
                usize::try_from(parts.div_ceil(10_000)).unwrap_or(usize::MAX).max(1)
            }
        }
    }
}

impl fmt::Display for WaveSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Some(bound) => bound.fmt(f),
            Self::Rest => f.write_str("rest"),
        }
    }
}

/// Waves of the servers that a selector means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// Which of the fleet's rollouts it is, from 1.
    pub number: u64,
    /// Which servers; `None` means all.
    pub select: Option<Selector>,
    /// The sizes of the waves; whatever is left after them is one more.
    pub waves: Vec<WaveSize>,
    /// Between the end of a wave and the beginning of the next.
    pub pause: Option<Period>,
    /// With so many failures no further change is started.
    pub stop_after_failures: u64,
}

impl Rollout {
    /// Its servers, for people: `label:tier=web`, `all servers`.
    pub fn servers(&self) -> String {
        self.select.as_ref().map_or_else(|| "all servers".to_owned(), ToString::to_string)
    }

    /// The sizes, as they were written: `1, 10%, rest`.
    pub fn sizes(&self) -> String {
        self.waves.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_counts_shares_and_the_rest() {
        for (text, of_25) in [("1", 1), ("10%", 3), ("0.01%", 1), ("100%", 25), ("rest", 25), ("99", 99)] {
            let size = WaveSize::parse(text).unwrap();
            assert_eq!((size.of(25), size.to_string()), (of_25, text.to_owned()));
        }
        for text in ["", "0", "0%", "-1", "+1", "101%", "all", "1.5"] {
            assert_eq!(WaveSize::parse(text), None, "{text}");
        }
    }
}
