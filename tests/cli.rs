//! The built program from outside: exit codes and their causes, what is printed where, signals, secrets.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests may")]

#[path = "cli/apply.rs"]
mod apply;
#[path = "cli/approved.rs"]
mod approved;
#[path = "cli/availability.rs"]
mod availability;
#[path = "cli/base.rs"]
mod base;
#[path = "cli/desk.rs"]
mod desk;
#[path = "cli/events.rs"]
mod events;
#[path = "cli/every_provider.rs"]
mod every_provider;
#[path = "cli/explain.rs"]
mod explain;
#[path = "cli/formats.rs"]
mod formats;
#[path = "cli/guards.rs"]
mod guards;
#[path = "cli/help.rs"]
mod help;
#[path = "cli/holds.rs"]
mod holds;
#[path = "cli/interrupted.rs"]
mod interrupted;
#[path = "cli/ledger.rs"]
mod ledger;
#[path = "cli/live.rs"]
mod live;
#[path = "cli/narrowed.rs"]
mod narrowed;
#[path = "cli/plan.rs"]
mod plan;
#[path = "cli/receipts.rs"]
mod receipts;
#[path = "cli/rollout.rs"]
mod rollout;
#[path = "cli/saved.rs"]
mod saved;
#[path = "cli/schedules.rs"]
mod schedules;
#[path = "schemas/mod.rs"]
mod schemas;
#[path = "cli/secrets.rs"]
mod secrets;
#[path = "cli/snapshot.rs"]
mod snapshot;
#[path = "cli/snapshot_signed.rs"]
mod snapshot_signed;
#[path = "cli/starting.rs"]
mod starting;
#[path = "cli/trouble.rs"]
mod trouble;
