//! What every provider must do, run for every row of the registry against the simulator over real HTTP. Cases are
//! chosen by what the row declares; what it does not declare is tested to be refused without a request.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests may")]

#[path = "conformance/converge.rs"]
mod converge;
#[path = "conformance/credentials.rs"]
mod credentials;
#[path = "conformance/delete.rs"]
mod delete;
#[path = "conformance/errors.rs"]
mod errors;
#[path = "conformance/get.rs"]
mod get;
#[path = "conformance/list.rs"]
mod list;
#[path = "conformance/many.rs"]
mod many;
#[path = "conformance/power.rs"]
mod power;
#[path = "conformance/reboot.rs"]
mod reboot;
#[path = "conformance/rename.rs"]
mod rename;
#[path = "conformance/retry.rs"]
mod retry;
#[path = "rig/mod.rs"]
mod rig;
#[path = "conformance/safety.rs"]
mod safety;
#[path = "conformance/unsupported.rs"]
mod unsupported;
