//! A plan for people and pipelines: one file per format over one value, [`PlanView`]. No format knows another; what
//! they share is beside them: how dangerous a change is, its words, the verdict. Rendering is a pure function of the
//! value: no clock, no environment, no terminal.

mod age;
mod annotations;
mod danger;
mod diff;
mod html;
mod json;
mod markdown;
mod origin;
mod sarif;
mod standstill;
mod text;
mod verdict;
mod words;

use super::paint::Paint;
use crate::plan::{PlanDocument, Refusal};

pub(super) use markdown::code as markdown_code;

pub use age::duration_words;
pub use annotations::{mistake_annotations, problem_annotations};
pub use danger::Danger;
pub use markdown::MaxLength;
pub use text::{frozen_text, held_text, plan_text, problems_text};
pub use verdict::verdict;

/// All that a rendering depends on.
#[derive(Clone, Copy, Debug)]
pub struct PlanView<'a> {
    /// The plan.
    pub document: &'a PlanDocument,
    /// Guards that it exceeds.
    pub refusals: &'a [Refusal],
    /// `text`: also what most readers do not need: why, where, and the calls.
    pub verbose: bool,
    /// `text`: colours.
    pub paint: Paint,
    /// `markdown`: the longest comment.
    pub max_length: MaxLength,
    /// `markdown`: the file that holds all of the plan.
    pub artifact: Option<&'a str>,
}

impl<'a> PlanView<'a> {
    /// The plan, concise, without colours, for GitHub.
    pub fn new(document: &'a PlanDocument, refusals: &'a [Refusal]) -> Self {
        Self {
            document,
            refusals,
            verbose: false,
            paint: Paint::default(),
            max_length: MaxLength::default(),
            artifact: None,
        }
    }
}

/// The formats of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanFormat {
    /// For people at a terminal.
    Text,
    /// The saved plan.
    Json,
    /// For a pull request's comment.
    Markdown,
    /// For viewers of diffs.
    Diff,
    /// For a browser.
    Html,
    /// For code scanning.
    Sarif,
}

impl PlanFormat {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Text, Self::Json, Self::Markdown, Self::Diff, Self::Html, Self::Sarif];
}

/// Renders a plan. Ends with a line break.
pub fn render_plan(format: PlanFormat, view: &PlanView<'_>) -> String {
    match format {
        PlanFormat::Text => text::plan_text(view),
        PlanFormat::Json => json::plan_json(view),
        PlanFormat::Markdown => markdown::plan_markdown(view),
        PlanFormat::Diff => diff::plan_diff(view),
        PlanFormat::Html => html::plan_html(view),
        PlanFormat::Sarif => sarif::plan_sarif(view),
    }
}
