//! `watch`: what a round may do, decided purely; and the built program on a simulator, with hands that change servers behind
//! its back. What was sent is the simulator's own count.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests may")]

#[path = "watch/brakes.rs"]
mod brakes;
#[path = "cli/desk.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod desk;
#[path = "watch/drift.rs"]
mod drift;
#[path = "watch/examples.rs"]
mod examples;
#[path = "watch/files.rs"]
mod files;
#[path = "watch/large.rs"]
mod large;
#[path = "watch/lead.rs"]
mod lead;
#[path = "watch/long.rs"]
mod long;
#[path = "watch/outage.rs"]
mod outage;
#[path = "watch/people.rs"]
mod people;
#[path = "watch/rounds.rs"]
mod rounds;
#[path = "watch/watching.rs"]
mod watching;
