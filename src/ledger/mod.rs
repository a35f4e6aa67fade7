//! What live state cannot tell: when we last booted a server, and what was under way when a run died. An
//! append-only journal; what is about to be sent is on disk before it is sent. Losing it is safe.

mod journal;
mod lock;
mod record;
mod replay;

pub use journal::{IntentLog, Journal, JournalError};
pub use lock::{Holder, Lock, LockError};
pub use record::{Conclusion, Entry, Intent, Outcome};
pub use replay::{OpenIntent, Replay, Ticket, read};
