//! The lines of the journal.

use crate::model::{Address, ConnectionName, Operation, ServerId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A call that is about to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Its number in this journal.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// The connection.
    pub provider: ConnectionName,
    /// The server's address.
    pub address: Address,
    /// The server's id.
    pub id: ServerId,
    /// What is asked.
    pub operation: Operation,
    /// What the provider's records said before, where it keeps any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mark: Option<String>,
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The provider's evidence shows its effect.
    Done,
    /// It certainly had no effect: refused, or never arrived.
    NoEffect,
    /// It was taken, and failed or did not come to its end in time.
    Failed,
    /// Nobody can tell.
    Unresolved,
}

/// The end of an intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conclusion {
    /// The intent's number.
    pub intent: u64,
    /// When.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: Outcome,
    /// How that is known, for people.
    pub evidence: String,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Entry {
    /// The first line.
    Born {
        /// The version of the format: 1.
        version: u32,
        /// When the ledger began.
        at: Timestamp,
    },
    /// About to be sent.
    Intent(Intent),
    /// The provider took the call. Written for one-shot calls only: a run that dies now has not lost that.
    Accepted {
        /// The intent's number.
        intent: u64,
        /// When.
        at: Timestamp,
        /// The provider's handle, where it gives one.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        ticket: Option<String>,
    },
    /// What came of it.
    Conclusion(Conclusion),
    /// A person said what came of a change that nobody could see, or that a reboot has happened.
    Resolved {
        /// When.
        at: Timestamp,
        /// The connection.
        provider: ConnectionName,
        /// The server's id.
        id: ServerId,
        /// The server's address.
        address: Address,
        /// `--done` or `--not-done`.
        done: bool,
    },
}
