//! What a watcher knows at an instant, as one value: `/status.json`, and what the page and the metrics are made of.

use crate::model::{Address, ConnectionName, DesiredPower, OnDrift, Verb};
use crate::plan::{FleetFile, Problem};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version of the format. The number before the dot changes when a reader of the old one would be misled.
pub const STATUS_VERSION: &str = "1.0";

/// What a watcher is allowed to do at present.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", tag = "role")]
pub enum Role {
    /// It was not told to enforce.
    Observer,
    /// It holds the ledger's lock.
    Leader,
    /// Another one holds it.
    Standby {
        /// Who, for people.
        holder: String,
    },
}

/// A run of `watch`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Watcher {
    /// What events, receipts and the ledger name it by.
    pub run: String,
    /// Who started it.
    pub user: String,
    /// The machine.
    pub host: String,
    /// Process id.
    pub pid: u32,
}

/// All that a watcher knows.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Status {
    /// [`STATUS_VERSION`].
    pub format_version: String,
    /// The program.
    pub fleetform_version: String,
    /// This run: who, where, since when.
    pub watcher: Watcher,
    /// When it was started.
    #[schemars(with = "String")]
    pub started_at: Timestamp,
    /// When this was put together.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// What it may do.
    #[serde(flatten)]
    pub role: Role,
    /// Against the simulator.
    pub simulated: bool,
    /// Seconds from one round's beginning to the next one's, without jitter.
    pub interval: f64,
    /// Rounds that were begun.
    pub rounds: u64,
    /// The last round that ended.
    pub last_round: Option<Round>,
    /// When the last round ended in which every connection was read.
    #[schemars(with = "Option<String>")]
    pub last_success_at: Option<Timestamp>,
    /// The fleet files.
    pub file: FileStatus,
    /// By name.
    pub connections: Vec<ConnectionStatus>,
    /// Servers that are not as declared, by address.
    pub drift: Vec<Drift>,
    /// Servers that somebody else keeps changing, by address.
    pub contested: Vec<Contested>,
    /// Problems of the last plan, by address.
    pub problems: Vec<Problem>,
    /// Holds in force, and a freeze as one on `*`, by selector.
    pub holds: Vec<HoldStatus>,
    /// What schedules will change next, soonest first; bounded.
    pub upcoming: Vec<Upcoming>,
    /// The last corrections, latest first; bounded.
    pub recent: Vec<Correction>,
    /// Corrections since it was started.
    pub corrections: Vec<Counted>,
}

/// A round.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Round {
    /// From 1.
    pub number: u64,
    /// When it began.
    #[schemars(with = "String")]
    pub began_at: Timestamp,
    /// How long it took, in seconds.
    pub took: f64,
    /// The digest of its plan; null where there was none.
    pub digest: Option<String>,
    /// Why it made no plan or carried out none of it, where that was so.
    pub trouble: Option<String>,
}

/// The fleet files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FileStatus {
    /// Those in force.
    pub fleet: Vec<FleetFile>,
    /// Since when.
    #[schemars(with = "String")]
    pub loaded_at: Timestamp,
    /// What is wrong with newer ones, which are therefore not in force.
    pub rejected: Option<String>,
    /// Since when that is so.
    #[schemars(with = "Option<String>")]
    pub rejected_at: Option<Timestamp>,
}

/// Servers of a connection that are alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ServerCount {
    /// `on`, `off`, `suspended`, `transition`, `unrecognised`, `not_reported`.
    pub state: String,
    /// What is done when their power drifts; null of servers that nothing selects.
    pub on_drift: Option<OnDrift>,
    /// How many.
    pub count: u64,
}

/// A connection.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ConnectionStatus {
    /// Its name.
    pub name: ConnectionName,
    /// Its provider type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Its servers, as they were last read; empty while they never were.
    pub servers: Vec<ServerCount>,
    /// When they were last read in full.
    #[schemars(with = "Option<String>")]
    pub read_at: Option<Timestamp>,
    /// Why they could not be read since, if so.
    pub failure: Option<String>,
    /// Since when.
    #[schemars(with = "Option<String>")]
    pub failing_since: Option<Timestamp>,
    /// When they are read again, after failures.
    #[schemars(with = "Option<String>")]
    pub next_try_at: Option<Timestamp>,
    /// Why nothing is enforced there, if so: too many of its servers have drifted at once.
    pub stopped: Option<String>,
    /// Requests that were sent since the start.
    pub calls: u64,
    /// Those without a good answer.
    pub call_errors: u64,
    /// Seconds that requests waited for rate limits, ours and the provider's.
    pub rate_limit_wait: f64,
}

/// A server that is not as declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Drift {
    /// Which.
    pub address: Address,
    /// What would put it right.
    pub actions: Vec<Verb>,
    /// In words: `power off -> on`.
    pub words: String,
    /// Why: `declared`, `schedule office`.
    pub reasons: Vec<String>,
    /// When it was first seen.
    #[schemars(with = "String")]
    pub since: Timestamp,
    /// What is done about it.
    pub on_drift: OnDrift,
    /// What keeps it from being put right at present: a window, a brake, a protection.
    pub held_back: Option<String>,
    /// When it is tried again, after failures.
    #[schemars(with = "Option<String>")]
    pub next_try_at: Option<Timestamp>,
}

/// A server that was put right too often: somebody else keeps changing it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Contested {
    /// Which.
    pub address: Address,
    /// Since when it is left alone.
    #[schemars(with = "String")]
    pub since: Timestamp,
    /// How often it was put right within the budget's time.
    pub corrections: u64,
    /// When what was put right was last seen undone.
    #[schemars(with = "Option<String>")]
    pub undone_at: Option<Timestamp>,
    /// Who else may be changing it, and what to do.
    pub message: String,
}

/// A hold or a freeze.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HoldStatus {
    /// Whom it is about, as it was given; `*` for a freeze.
    pub selector: String,
    /// `on`, `off`, `as-is`, `freeze`.
    pub what: String,
    /// Until when.
    #[schemars(with = "String")]
    pub until: Timestamp,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub by: String,
}

/// What a schedule will change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Upcoming {
    /// When.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// Which server.
    pub address: Address,
    /// Into which power.
    pub power: DesiredPower,
    /// By which schedule.
    pub schedule: String,
}

/// Something that was put right, or was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Correction {
    /// When it ended.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// Which server.
    pub address: Address,
    /// What was done.
    pub actions: Vec<Verb>,
    /// `done`, `failed`, `unresolved`, `not_started`.
    pub outcome: String,
    /// How that is known, or why not.
    pub detail: String,
}

/// How often something was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counted {
    /// Where.
    pub connection: ConnectionName,
    /// What.
    pub action: Verb,
    /// `done`, `failed`, `unresolved`, `not_started`.
    pub outcome: String,
    /// How often.
    pub count: u64,
}
