//! What the providers and the ledger said at one moment, as a file: what `snapshot` writes and `plan --live` plans
//! from, where neither credentials nor a network are. Pure: no clock, no files, no environment.

mod document;
mod make;
mod read;
mod signature;
mod take;

pub use document::{
    ConnectionSnapshot, Denied, Ends, FORMAT_VERSION, FreezeSnapshot, HoldSnapshot, LedgerSnapshot,
    ServerFacts, ServerSnapshot, Snapshot, State, Told, UnresolvedSnapshot,
};
pub use make::{Moment, make};
pub use read::{Age, CLOCK_SKEW, MOST_BYTES, age, read};
pub use signature::{Refused, SigningKey, VerifyingKey, signature_path};
pub use take::{Taken, take};
