//! A watcher's window: page, metrics, JSON and probes over HTTP, read only. It has a thread of its own and reads what
//! the board shows, so that nobody who looks can hold the loop up.

mod access;
mod connection;
mod health;
mod listen;
mod site;

pub use listen::{Bound, ListenError, ListenOptions, MIN_TOKEN, Server, Serving};
pub use site::Notifications;
