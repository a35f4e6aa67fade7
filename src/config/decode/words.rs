//! The words that some keys take, in the order in which they are offered to people.

use crate::calendar::State;
use crate::model::{DesiredPower, EvidenceLevel, OnDrift, Power, Presence, RebootStyle, Shutdown, Verb};

/// A word and what it means.
pub(super) type Word<T> = (&'static str, T);

/// `power:`; read in any letter case.
pub(super) const POWER_WORDS: [Word<DesiredPower>; 4] = [
    ("on", DesiredPower::On),
    ("off", DesiredPower::Off),
    ("any", DesiredPower::Any),
    ("suspended", DesiredPower::Suspended),
];

/// `power_is:` of a rule.
pub(super) const POWER_IS_WORDS: [Word<Power>; 3] =
    [("on", Power::On), ("off", Power::Off), ("suspended", Power::Suspended)];

/// `otherwise:` of a schedule; read in any letter case.
pub(super) const OTHERWISE_WORDS: [Word<State>; 3] =
    [("off", State::Off), ("on", State::On), ("any", State::Any)];

/// `state:`.
pub(super) const STATE_WORDS: [Word<Presence>; 2] =
    [("present", Presence::Present), ("absent", Presence::Absent)];

/// `shutdown:`.
pub(super) const SHUTDOWN_WORDS: [Word<Shutdown>; 3] = [
    ("graceful", Shutdown::Graceful),
    ("hard", Shutdown::Hard),
    ("graceful-then-hard", Shutdown::GracefulThenHard),
];

/// `reboot:`.
pub(super) const REBOOT_WORDS: [Word<RebootStyle>; 3] =
    [("soft", RebootStyle::Soft), ("hard", RebootStyle::Hard), ("soft-then-hard", RebootStyle::SoftThenHard)];

/// `require_evidence:`, weakest first.
pub(super) const EVIDENCE_WORDS: [Word<EvidenceLevel>; 4] = [
    (EvidenceLevel::Accepted.word(), EvidenceLevel::Accepted),
    (EvidenceLevel::JobFinished.word(), EvidenceLevel::JobFinished),
    (EvidenceLevel::Observed.word(), EvidenceLevel::Observed),
    (EvidenceLevel::BootTime.word(), EvidenceLevel::BootTime),
];

/// `on_drift:`.
pub(super) const DRIFT_WORDS: [Word<OnDrift>; 3] =
    [("enforce", OnDrift::Enforce), ("report", OnDrift::Report), ("ignore", OnDrift::Ignore)];

/// `verbs:`.
pub(super) const VERB_WORDS: [Word<Verb>; 6] = [
    ("power_on", Verb::PowerOn),
    ("power_off", Verb::PowerOff),
    ("suspend", Verb::Suspend),
    ("reboot", Verb::Reboot),
    ("rename", Verb::Rename),
    ("delete", Verb::Delete),
];

/// The words alone.
pub(super) fn names<T>(words: &[Word<T>]) -> Vec<&'static str> {
    words.iter().map(|(word, _)| *word).collect()
}
