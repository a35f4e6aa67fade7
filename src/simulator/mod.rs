//! The other side of the wire: a world of servers behind each provider's real protocol, on loopback.
//!
//! A [`World`] is read from a file, a [`Face`] per provider type speaks the protocol, [`Simulator::start`] serves both
//! from a thread of its own. It knows no provider by name and none of the clients that it is there to test. Its
//! counts ([`Stats`]) are taken on this side of the wire: they say what happened, whatever a client believes.
//!
//! A world file, all of it:
//!
//! ```yaml
//! version: 1
//! defaults: { settle: 2s, latency: 0ms }   # how long an operation, and an answer, takes
//! connections:                             # those of a fleet file need not be repeated
//!   grid: { type: gogrid, settle: 1s, latency: 20ms, page_size: 50, clock_skew: -15m }
//! servers:
//!   - connection: grid
//!     name: web-{01..20}                   # braces as in fleet files
//!     id: "{101..120}"                     # one each; made up if absent; none: not assigned yet
//!     power: on                            # on (the default), off, suspended
//!     age: 30d                             # created so long ago; now is the default
//!     attributes: { datacenter: 2 }        # what the provider's face knows beside that
//!   - connection: grid
//!     name: restored
//!     state: Restoring                     # instead of power: the provider's own word
//!     becomes: on                          # and what it turns into, if anything
//!     after: 10s
//! faults:                                  # every rule sees every call; the first that fires wins
//!   - connection: grid                     # globs, here and below; all but `fault` may be left out
//!     method: POST
//!     path: /grid/server/power
//!     query: "*"
//!     body: "*power=cycle*"
//!     changes: true                        # asks for a change of a server; a login does not
//!     nth: 1                               # the first matching call that goes wrong
//!     count: 1                             # how many do; or all
//!     fault: reset_after                   # see Fault
//! ```

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
pub use face::{Face, Faces, SESSIONS, path_segment};
pub use fault::{Fault, Rule};
pub use job::{JobStage, SimJob};
pub use moment::{Moment, parse_duration};
pub use persist::Origin;
pub use serve::{Endpoint, Options, Running, Simulator};
pub use server::{Departed, Effect, Order, Outcome, Pending, SimServer, Tally};
pub use stats::{CallCount, FaultCount, ServerCount, Stats};
pub use wire::{Request, Response, Streamed, form_pairs};
pub use world::World;
