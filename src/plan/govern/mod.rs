//! What governs the desired state beside what is declared, in phases: each makes of the desired state the one that
//! holds at this instant. With nothing to do nothing is copied.

mod holds;
mod schedules;
mod windows;

pub use holds::HoldInForce;
pub(super) use holds::{Held, frozen};
pub use schedules::{otherwise_by_now, overtaken};
pub(super) use windows::closed;
pub use windows::closed_by_now;

use super::inputs::Inputs;
use crate::model::{Address, DesiredServer, Hold};
use jiff::Timestamp;
use std::borrow::Cow;
use std::collections::HashMap;

/// The desired state of an instant.
pub(super) struct Governed<'a> {
    /// What is wanted of each server.
    pub(super) desired: Cow<'a, [DesiredServer]>,
    /// Who is held, and how.
    pub(super) held: HashMap<Address, Held<'a>>,
    /// The holds in force, the latest recorded last.
    pub(super) holds: Vec<HoldInForce>,
}

/// What is wanted of each server at the plan's instant, holds and all.
pub fn effective<'a>(inputs: &Inputs<'a>) -> Cow<'a, [DesiredServer]> {
    govern(inputs).desired
}

/// The holds in force at an instant, and how far each reaches.
pub fn holds_in_force(desired: &[DesiredServer], holds: &[Hold], now: Timestamp) -> Vec<HoldInForce> {
    holds::hold(&mut Cow::Borrowed(desired), holds, now).1
}

/// Goes through the phases. The order is one of rank: what comes later beats what comes before.
pub(super) fn govern<'a>(inputs: &Inputs<'a>) -> Governed<'a> {
    let mut desired = Cow::Borrowed(inputs.desired);
    schedules::keep_to(&mut desired, inputs.now);
    let (held, holds) = holds::hold(&mut desired, &inputs.ledger.holds, inputs.now);
    Governed { desired, held, holds }
}
