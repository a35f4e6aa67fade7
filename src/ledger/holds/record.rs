//! The lines of the holds.

use crate::model::{Freeze, Hold};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum HoldEntry {
    /// The first line.
    Begun {
        /// The version of the format.
        version: u32,
        /// When the file began.
        #[schemars(with = "String")]
        at: Timestamp,
    },
    /// Some servers are held.
    Hold {
        /// Which, how, by whom and until when.
        #[serde(flatten)]
        hold: Hold,
        /// The machine on which it was said.
        host: String,
    },
    /// Holds end early.
    Release {
        /// Those.
        ids: Vec<String>,
        /// Who said so.
        by: String,
        /// When.
        #[schemars(with = "String")]
        at: Timestamp,
        /// The machine on which it was said.
        host: String,
    },
    /// Everything is frozen.
    Freeze {
        /// By whom and until when.
        #[serde(flatten)]
        freeze: Freeze,
        /// The machine on which it was said.
        host: String,
    },
    /// The freeze ends early.
    Thaw {
        /// Who said so.
        by: String,
        /// When.
        #[schemars(with = "String")]
        at: Timestamp,
        /// The machine on which it was said.
        host: String,
    },
    /// Stands where a line was damaged and taken out.
    Repaired {
        /// When.
        #[schemars(with = "String")]
        at: Timestamp,
        /// The line in the damaged file.
        line: u64,
        /// What was wrong with it.
        lost: String,
    },
}

/// A line of the file `holds.jsonl`, with its seal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "A line of fleetform's holds")]
pub struct HoldRecord {
    /// What it says.
    #[serde(flatten)]
    pub entry: HoldEntry,
    /// The `sum` of the line before; of the first line the fingerprint of nothing.
    pub prev: String,
    /// The first 128 bits of the SHA-256 of all bytes of this line before `,"sum"`, in hexadecimal digits.
    pub sum: String,
}
