//! What the ledger knows and live state cannot tell.

use super::{Address, ConnectionName, Freeze, Hold, ServerId, Verb};
use jiff::Timestamp;
use std::collections::HashMap;

/// A server as the ledger knows it: names change, ids do not.
pub type ServerKey = (ConnectionName, ServerId);

/// A change whose outcome nobody can see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// The server's address when the call was sent.
    pub address: Address,
    /// What was asked.
    pub verb: Verb,
    /// When it was sent.
    pub sent_at: Timestamp,
}

/// What the planner is told of the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerFacts {
    /// When the ledger began; `None` where there is none yet. A reboot after this instant would be recorded.
    pub born: Option<Timestamp>,
    /// When we last booted each server (a reboot or a power-on), as far as recorded.
    pub boots: HashMap<ServerKey, Timestamp>,
    /// Servers of which a person said that a reboot, sent at this instant, did not happen: it is still due.
    pub not_rebooted: HashMap<ServerKey, Timestamp>,
    /// Changes that wait for `resolve`.
    pub unresolved: HashMap<ServerKey, Unresolved>,
    /// Holds that nobody has released, the latest recorded last. They may have ended: that is up to the instant.
    pub holds: Vec<Hold>,
    /// The freeze that nobody has thawed. It may have ended as well.
    pub freeze: Option<Freeze>,
}
