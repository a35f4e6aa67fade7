//! Schedules against a slow reference that knows nothing of how they work: it walks through every minute.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

#[path = "calendar/clock_changes.rs"]
mod clock_changes;
#[path = "calendar/reference.rs"]
mod reference;
#[path = "calendar/samples.rs"]
mod samples;
