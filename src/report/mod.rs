//! What people and pipelines read. Each output form is one file over one value; the only room that colours.

mod apply;
pub mod diagnostics;
mod import;
mod paint;
mod plan;
mod providers;
mod status;

pub use apply::{ApplyDocument, apply_text};
pub use import::import_yaml;
pub use paint::Paint;
pub use plan::{Danger, PlanView, plan_text, problems_text, verdict};
pub use providers::{ProviderRow, provider_rows, providers_text};
pub use status::{StatusRow, status_rows, status_text};
