//! How many servers of a group must stay on: `availability:`.

use super::{Bound, Location, Selector};

/// A lower bound that no plan goes below while it is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Availability {
    /// The group: entries of the fleet. Servers that no entry means never count.
    pub select: Selector,
    /// So many of them, or such a share (rounded up), stay on.
    pub min_on: Bound,
    /// The place that says so.
    pub location: Location,
}
