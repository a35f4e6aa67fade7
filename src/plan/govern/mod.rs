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
use crate::model::{Address, DesiredServer};
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

/// Goes through the phases. The order is one of rank: what comes later beats what comes before.
pub(super) fn govern<'a>(inputs: &Inputs<'a>) -> Governed<'a> {
    let mut desired = Cow::Borrowed(inputs.desired);
    schedules::keep_to(&mut desired, inputs.now);
    let (held, holds) = holds::hold(&mut desired, &inputs.ledger.holds, inputs.now);
    Governed { desired, held, holds }
}
