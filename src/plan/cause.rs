//! Whether a change comes from what is being reviewed, or from what has happened to the servers.

use serde::{Deserialize, Serialize};

/// Where a change or a problem comes from, beside a base: `--base`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The fleet file differs from the base; the base would not lead to it.
    ThisChange,
    /// The base leads to it as well.
    Drift,
    /// A part of it comes from each, or the base leads to the same in another way.
    Both,
}

impl Cause {
    /// In words.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::ThisChange => "this change",
            Self::Drift => "drift",
            Self::Both => "both",
        }
    }

    /// In words that go on after "from".
    pub fn source(self) -> &'static str {
        match self {
            Self::ThisChange | Self::Drift => self.phrase(),
            Self::Both => "both this change and drift",
        }
    }
}
