//! What a watcher serves and whom it tells: metrics, page, JSON, probes and webhooks over real HTTP, read by parsers and
//! a browser that are not ours.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on says so by stopping")]

#[path = "serving/browser.rs"]
mod browser;
#[path = "serving/client.rs"]
mod client;
#[path = "serving/command.rs"]
mod command;
#[path = "cli/desk.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod desk;
#[path = "serving/exposition.rs"]
mod exposition;
#[path = "serving/fixture.rs"]
mod fixture;
#[path = "serving/metrics.rs"]
mod metrics;
#[path = "serving/notify.rs"]
mod notify;
#[path = "serving/page.rs"]
mod page;
#[path = "serving/receiver.rs"]
mod receiver;
#[path = "schemas/mod.rs"]
mod schemas;
#[path = "serving/server.rs"]
mod server;
