//! A plan for people and pipelines: one file per format over one value, [`PlanView`]. No format knows another; what
//! they share is beside them: how dangerous a change is, its words, the verdict. Rendering is a pure function of the
//! value: no clock, no environment, no terminal.

mod danger;
mod text;
mod verdict;
mod words;

use super::paint::Paint;
use crate::plan::{PlanDocument, Refusal};

pub use danger::Danger;
pub use text::{plan_text, problems_text};
pub use verdict::verdict;

/// All that a rendering depends on.
#[derive(Clone, Copy, Debug)]
pub struct PlanView<'a> {
    /// The plan.
    pub document: &'a PlanDocument,
    /// Guards that it exceeds.
    pub refusals: &'a [Refusal],
    /// Also what most readers do not need: why, where, and the calls.
    pub verbose: bool,
    /// Colours, which only `text` has.
    pub paint: Paint,
}

impl<'a> PlanView<'a> {
    /// The plan, concise and without colours.
    pub fn new(document: &'a PlanDocument, refusals: &'a [Refusal]) -> Self {
        Self { document, refusals, verbose: false, paint: Paint::default() }
    }
}
