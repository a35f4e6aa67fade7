//! What live state cannot tell: when we last booted a server, and what was under way when a run died. An
//! append-only journal; what is about to be sent is on disk before it is sent. Losing it is safe.

mod author;
mod compact;
mod history;
mod holds;
mod journal;
mod lease;
mod line;
mod lock;
mod record;
mod repair;
mod replay;
mod rewrite;
mod scan;

pub use author::Author;
pub use compact::{Compacted, Retention, compact, compact_if_due};
pub use history::{History, Past, PastOutcome, history};
pub use holds::{
    HoldEntry, HoldError, HoldOrder, HoldRecord, Holds, MOST_DAYS, PastHold, Released, Said, freeze, hold,
    past_holds, read_holds, release, thaw,
};
pub use journal::{IntentLog, Journal, JournalError};
pub use lease::{Holder, Terms};
pub use lock::{Lock, LockError, Permit};
pub use record::{Conclusion, Entry, EvidenceLevel, Intent, Outcome, Record, Run};
pub use repair::{Repaired, Verdict, repair, repair_holds, verify};
pub use replay::{OpenIntent, Replay, Ticket, read};
pub use scan::{Finding, Flaw};

#[cfg(test)]
mod tests;
