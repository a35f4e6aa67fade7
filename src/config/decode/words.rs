//! The words that some keys take, in the order in which they are offered to people.

use crate::model::{DesiredPower, OnDrift, Presence, RebootStyle, Shutdown, Verb};

/// A word and what it means.
pub(super) type Word<T> = (&'static str, T);

/// `power:`; read in any letter case.
pub(super) const POWER_WORDS: [Word<DesiredPower>; 4] = [
    ("on", DesiredPower::On),
    ("off", DesiredPower::Off),
    ("any", DesiredPower::Any),
    ("suspended", DesiredPower::Suspended),
];

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
