//! What all providers that speak HTTP share: one client, one bounded and jittered retry, limits per connection,
//! a bound on answers, no redirects, https only except on loopback. Knows no provider.

mod answer;
mod client;
mod gate;
mod hook;
mod kind;
mod large;
mod pace;
mod request;
mod retry;
mod retry_after;
mod session;

pub use crate::provider::{Meter, Traffic};
pub use answer::Answer;
pub use client::{Bounds, Clients, Connection, Limits, OwnWait, Permit, Policy, Throttles};
pub use hook::{Hook, HookAnswer};
pub use request::{Body, Nature, Request, encoded};
pub use session::{Grant, Session};
