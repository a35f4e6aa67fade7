//! The effective desired state: what the file says of servers by name, and what it says of them otherwise. Made before
//! anything is decided, so that everything after knows entries only.

mod judge;
mod rules;
mod tally;

use super::inputs::Inputs;
use super::problem::Problem;
use crate::model::DesiredServer;
use std::borrow::Cow;

/// The desired state with everything that governs it.
pub(super) struct Effective<'a> {
    /// The entries. Borrowed where nothing governs them.
    pub(super) desired: Cow<'a, [DesiredServer]>,
    /// What is wrong with what governs them.
    pub(super) problems: Vec<Problem>,
    /// How many live servers rules govern.
    pub(super) governed: u64,
}

/// Applies the phases, in their order.
pub(super) fn govern<'a>(inputs: &Inputs<'a>) -> Effective<'a> {
    let mut effective =
        Effective { desired: Cow::Borrowed(inputs.desired), problems: Vec::new(), governed: 0 };
    rules::apply(inputs, &mut effective);
    effective
}

/// The entries that a plan is made of: those of the file, and those that its rules make of live servers.
pub fn effective<'a>(inputs: &Inputs<'a>) -> Cow<'a, [DesiredServer]> {
    govern(inputs).desired
}
