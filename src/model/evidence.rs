//! How strong the evidence is that a change has happened, and how strong it must be.

use super::GivenBy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How strong the evidence of a change is, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceLevel {
    /// The provider took the call and shows nothing more.
    Accepted,
    /// The provider's own record of the call says that it has ended well.
    JobFinished,
    /// Its effect was seen in live state; of a reboot: off or restarting, then on.
    Observed,
    /// The provider's boot time has moved past the call.
    BootTime,
}

impl EvidenceLevel {
    /// For people.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::JobFinished => "job finished",
            Self::Observed => "observed",
            Self::BootTime => "boot time",
        }
    }

    /// As fleet files and documents write it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::JobFinished => "job_finished",
            Self::Observed => "observed",
            Self::BootTime => "boot_time",
        }
    }
}

/// The evidence without which a reboot does not count as done: `require_evidence`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequiredEvidence {
    /// This, or anything stronger.
    pub level: EvidenceLevel,
    /// Who says so.
    pub given_by: GivenBy,
}
