//! The words that some keys take, in the order in which they are offered to people.

use crate::calendar::State;
use crate::model::{DesiredPower, Presence, RebootStyle, Shutdown};

/// A word and what it means.
pub(super) type Word<T> = (&'static str, T);

/// `power:`; read in any letter case.
pub(super) const POWER_WORDS: [Word<DesiredPower>; 4] = [
    ("on", DesiredPower::On),
    ("off", DesiredPower::Off),
    ("any", DesiredPower::Any),
    ("suspended", DesiredPower::Suspended),
];

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

/// The words alone.
pub(super) fn names<T>(words: &[Word<T>]) -> Vec<&'static str> {
    words.iter().map(|(word, _)| *word).collect()
}
