//! fleetform keeps servers that already exist in the state that a reviewed YAML file declares.
//!
//! The rooms, in the order of the pipeline:
//! - [`calendar`]: times of a place: zones, week times, cron forms, holidays; [`model`]: the nouns; pure data
//! - [`config`]: YAML text to desired state; every mistake with its place and cure
//! - [`provider`]: the contract with providers; [`http`]: what those that speak HTTP share;
//!   [`providers`]: one folder each, and their registry
//! - [`diff`]: which live server is meant, and what differs; [`plan`]: ordered changes, problems, guards; pure
//! - [`snapshot`]: what the providers and the ledger said, as a file to plan from
//! - [`ledger`]: what live state cannot tell; [`apply`]: carries a plan out
//! - [`report`]: what people and pipelines read; [`forge`]: the one comment on a pull request
//! - [`watch`]: the loop that enforces: what a round may do, and what is told of it
//! - [`serve`]: its page, metrics and probes over HTTP; [`notify`]: who is told of what happens
//! - [`simulator`]: the other side of the wire, on loopback
//! - [`cli`]: arguments to library calls; thin

pub mod apply;
pub mod calendar;
pub mod cli;
pub mod config;
pub mod diff;
pub mod forge;
pub mod health;
pub mod http;
pub mod ledger;
pub mod model;
pub mod notify;
pub mod plan;
pub mod provider;
pub mod providers;
pub mod report;
pub mod serve;
pub mod simulator;
pub mod snapshot;
pub mod watch;
