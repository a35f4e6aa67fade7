//! What people and pipelines read. Each output form is one file over one value; the only room that colours.

mod apply;
mod calendar;
mod codes;
pub mod diagnostics;
pub mod events;
mod history;
mod import;
mod paint;
mod plan;
mod providers;
mod status;
mod yaml;

pub use apply::{ApplyDocument, apply_text};
pub use calendar::{CalendarFormat, render_calendar};
pub use codes::{
    Explanation, explanation_text, explanations, explanations_text, find_explanation, near_codes,
};
pub use history::{HistoryDocument, history_text, past_holds_text};
pub use import::import_yaml;
pub use paint::{Paint, safe};
pub use plan::{
    Danger, MaxLength, PlanFormat, PlanView, duration_words, frozen_text, held_text, mistake_annotations,
    plan_text, problem_annotations, problems_text, render_plan, verdict,
};
pub use providers::{ProviderRow, provider_rows, providers_text};
pub use status::{StatusRow, status_rows, status_text};
