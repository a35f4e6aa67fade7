//! The formats of a plan, held side by side: one rich plan in each as a snapshot, every change once in each, and
//! nothing in any of them that a hostile name could do.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on says so by stopping")]

#[path = "formats/arbitrary.rs"]
mod arbitrary;
#[path = "formats/browser.rs"]
mod browser;
#[path = "formats/calendar.rs"]
mod calendar;
#[path = "formats/diff.rs"]
mod diff;
#[path = "formats/markdown.rs"]
mod markdown;
#[path = "formats/rich.rs"]
mod rich;
#[path = "formats/sarif.rs"]
mod sarif;
#[path = "formats/together.rs"]
mod together;
