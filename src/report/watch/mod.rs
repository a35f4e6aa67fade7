//! What a watcher serves: one value as a page, as metrics and as JSON. Pure: the instant is part of the value.

mod exposition;
mod metrics;
mod page;
mod served;

pub use metrics::{METRICS_TYPE, metrics_text};
pub use page::{PAGE_TYPE, page_policy, status_page};
pub use served::Served;
