//! The lines of the journal.

use crate::model::{Address, ConnectionName, EvidenceLevel, Operation, ServerId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A call that is about to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Intent {
    /// Its number in this journal.
    pub seq: u64,
    /// When.
    #[schemars(with = "String")]
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
    /// Of a reboot: without this evidence, or stronger, it does not count as done. Whoever looks for its end after a
    /// crash is bound by it too.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub require_evidence: Option<EvidenceLevel>,
    /// The run that sends it; unknown in format 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub run: Option<String>,
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

impl Outcome {
    /// For people.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NoEffect => "no effect",
            Self::Failed => "failed",
            Self::Unresolved => "unresolved",
        }
    }
}

/// The end of an intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Conclusion {
    /// The intent's number.
    pub intent: u64,
    /// When.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// What came of it.
    pub outcome: Outcome,
    /// How that is known, for people.
    pub evidence: String,
    /// How strong that evidence is, where it was told.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub level: Option<EvidenceLevel>,
    /// The run that found it; unknown in format 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub run: Option<String>,
}

/// Who writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// What other records name it by.
    pub run: String,
    /// When it began to write.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// Who started it.
    pub user: String,
    /// The machine.
    pub host: String,
    /// Process id.
    pub pid: u32,
    /// The program's version.
    pub program: String,
    /// The command: `apply`, `resolve`.
    pub command: String,
    /// The fencing token of its lease: it grows with every holder of the lock.
    pub token: u64,
    /// The digest of the plan that it carries out, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub plan: Option<String>,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Entry {
    /// The first line; and, in a journal that was begun in an earlier format, the first line of this one.
    Born {
        /// The version of the format: 2, or 1 for lines without `prev` and `sum`.
        version: u32,
        /// When the ledger, or the format, began.
        #[schemars(with = "String")]
        at: Timestamp,
    },
    /// A run begins to write, or has come to know its plan.
    Run(Run),
    /// About to be sent.
    Intent(Intent),
    /// The provider took the call. Written for one-shot calls only: a run that dies now has not lost that.
    Accepted {
        /// The intent's number.
        intent: u64,
        /// When.
        #[schemars(with = "String")]
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
        #[schemars(with = "String")]
        at: Timestamp,
        /// The connection.
        provider: ConnectionName,
        /// The server's id.
        id: ServerId,
        /// The server's address.
        address: Address,
        /// `--done` or `--not-done`.
        done: bool,
        /// The intents that it settles. None, and done: the server has been rebooted, as of now. In format 1 it is
        /// whatever was open of the server by then.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        settles: Option<Vec<u64>>,
        /// The run that wrote it; unknown in format 1.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        run: Option<String>,
    },
    /// Stands where records were lost. What they said is not known: it is a hole as the damage itself was.
    Repaired {
        /// When it was repaired.
        #[schemars(with = "String")]
        at: Timestamp,
        /// The line in the damaged journal.
        line: u64,
        /// What was wrong with it.
        lost: String,
    },
    /// Records that say nothing any more were left out before this one.
    Compacted {
        /// When.
        #[schemars(with = "String")]
        at: Timestamp,
        /// How many were left out, those of earlier times included.
        dropped: u64,
        /// How many were kept.
        kept: u64,
        /// The number that the next intent has.
        next_seq: u64,
        /// The highest fencing token so far.
        token: u64,
    },
}

impl Entry {
    /// When the record was made.
    pub(super) fn written_at(&self) -> Timestamp {
        match self {
            Self::Born { at, .. }
            | Self::Accepted { at, .. }
            | Self::Resolved { at, .. }
            | Self::Repaired { at, .. }
            | Self::Compacted { at, .. } => *at,
            Self::Run(run) => run.at,
            Self::Intent(intent) => intent.at,
            Self::Conclusion(conclusion) => conclusion.at,
        }
    }
}

/// A line of the journal file, `journal.jsonl`, with its seal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "A line of fleetform's ledger")]
pub struct Record {
    /// What it says.
    #[serde(flatten)]
    pub entry: Entry,
    /// The `sum` of the line before; of the first line with a seal, the fingerprint of all bytes before it. Lines of
    /// format 1 have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prev: Option<String>,
    /// The first 128 bits of the SHA-256 of all bytes of this line before `,"sum"`, in hexadecimal digits. Lines of
    /// format 1 have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sum: Option<String>,
}
