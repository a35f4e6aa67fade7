//! What governs the desired state beside what is declared, in phases: each makes of the desired state the one that
//! holds at this instant, so that everything after knows entries only. With nothing to do nothing is copied.

mod holds;
mod judge;
mod rules;
mod schedules;
mod tally;
mod windows;

pub use holds::HoldInForce;
pub(super) use holds::{Held, frozen};
pub use rules::entries_of;
pub use schedules::{otherwise_by_now, overtaken};
pub(super) use windows::closed;
pub use windows::closed_by_now;

use super::inputs::Inputs;
use super::problem::Problem;
use crate::model::{Address, DesiredServer, Hold};
use jiff::Timestamp;
use std::borrow::Cow;
use std::collections::HashMap;

/// The desired state of an instant, with everything that governs it.
pub(super) struct Governed<'a> {
    /// What is wanted of each server. Borrowed where nothing governs them.
    pub(super) desired: Cow<'a, [DesiredServer]>,
    /// What is wrong with what governs them.
    pub(super) problems: Vec<Problem>,
    /// How many live servers rules govern.
    pub(super) by_rules: u64,
    /// Who is held, and how.
    pub(super) held: HashMap<Address, Held<'a>>,
    /// The holds in force, the latest recorded last.
    pub(super) holds: Vec<HoldInForce>,
}

/// The entries that a plan is made of at its instant: those of the file, those that its rules make of live servers,
/// holds and all.
pub fn effective<'a>(inputs: &Inputs<'a>) -> Cow<'a, [DesiredServer]> {
    govern(inputs).desired
}

/// The holds in force at an instant, and how far each reaches.
pub fn holds_in_force(desired: &[DesiredServer], holds: &[Hold], now: Timestamp) -> Vec<HoldInForce> {
    holds::hold(&mut Cow::Borrowed(desired), holds, now).1
}

/// Goes through the phases. The order is one of rank: what comes later beats what comes before.
pub(super) fn govern<'a>(inputs: &Inputs<'a>) -> Governed<'a> {
    let mut governed = Governed {
        desired: Cow::Borrowed(inputs.desired),
        problems: Vec::new(),
        by_rules: 0,
        held: HashMap::new(),
        holds: Vec::new(),
    };
    rules::apply(inputs, &mut governed);
    schedules::keep_to(&mut governed.desired, inputs.now);
    (governed.held, governed.holds) = holds::hold(&mut governed.desired, &inputs.ledger.holds, inputs.now);
    governed
}
