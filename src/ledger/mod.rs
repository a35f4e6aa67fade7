//! What live state cannot tell: when we last booted a server, and what was under way when a run died. An
//! append-only journal; what is about to be sent is on disk before it is sent. Losing it is safe.

mod author;
mod journal;
mod lease;
mod line;
mod lock;
mod record;
mod replay;
mod scan;

pub use author::Author;
pub use journal::{IntentLog, Journal, JournalError};
pub use lease::{Holder, Terms};
pub use lock::{Lock, LockError, Permit};
pub use record::{Conclusion, Entry, EvidenceLevel, Intent, Outcome, Record, Run};
pub use replay::{OpenIntent, Replay, Ticket, read};
pub use scan::{Finding, Flaw};
