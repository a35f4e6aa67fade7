//! The other side of the wire: a world of servers behind each provider's real protocol, on loopback.
//!
//! A [`World`] is read from a file, a [`Face`] per provider type speaks the protocol, [`Simulator::start`] serves both
//! from a thread of its own. It knows no provider by name and none of the clients that it is there to test. Its
//! counts ([`Stats`]) are taken on this side of the wire: they say what happened, whatever a client believes.

mod admin;
mod body;
mod connection;
mod error;
mod exchange;
mod face;
mod fault;
mod job;
mod moment;
mod persist;
mod serve;
mod server;
mod shared;
mod state;
mod stats;
mod wire;
mod world;

pub use connection::{ConnectionWorld, Manner, Serial};
pub use error::Error;
pub use face::{Face, Faces, path_segment};
pub use fault::{Fault, Rule};
pub use job::{JobStage, SimJob};
pub use moment::{Moment, parse_duration};
pub use persist::Origin;
pub use serve::{Endpoint, Options, Running, Simulator};
pub use server::{Departed, Effect, Order, Outcome, Pending, SimServer, Tally};
pub use stats::{CallCount, FaultCount, ServerCount, Stats};
pub use wire::{Request, Response, Streamed, form_pairs};
pub use world::World;
