//! The shape of the file. It is its own, beside the model's: the model may move, a file that is written stays.

use crate::model::{Address, ConnectionName, HoldTo, Power, Selector, ServerId, ServerName, Verb};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version of the format. The number before the dot changes when a reader of the old one would be misled.
pub const FORMAT_VERSION: &str = "1.0";

/// What the providers and the ledger said. Holds no setting and no credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Snapshot {
    /// [`FORMAT_VERSION`].
    pub format_version: String,
    /// The program that took it.
    pub fleetform_version: String,
    /// When the reading began: nothing in it is older.
    #[schemars(with = "String")]
    pub taken_at: Timestamp,
    /// Taken of the simulator: a plan from it is a rehearsal.
    #[serde(default)]
    pub simulated: bool,
    /// `--target`: only connections of servers like these were read, and only their ids were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub targets: Vec<String>,
    /// The connections, by name.
    pub connections: Vec<ConnectionSnapshot>,
    /// What live state cannot tell.
    #[serde(default)]
    pub ledger: LedgerSnapshot,
}

/// One connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConnectionSnapshot {
    /// Its name in the fleet file.
    pub name: ConnectionName,
    /// Its provider type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// What tells where it led to: SHA-256 over its settings as the fleet file had them, without any secret.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub settings: Option<String>,
    /// What it told.
    pub told: Told,
}

/// What a connection told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// All of its servers.
    Servers {
        /// By id, then by name.
        servers: Vec<ServerSnapshot>,
        /// Ids that the fleet file names, that no list showed, and that were asked for: they are not there. A list
        /// may leave servers out, so of any other id that is not among the servers nobody knows.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        absent_ids: Vec<ServerId>,
    },
    /// It could not be read in full.
    Unreadable {
        /// Why, for people.
        message: String,
        /// Whether trying again later may help, with nobody changing anything.
        transient: bool,
    },
}

/// One live server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServerSnapshot {
    /// Missing for a short while on providers that assign ids late.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<ServerId>,
    /// Missing where the provider could not say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<ServerName>,
    /// Its state.
    pub state: State,
    /// When its guest last booted, where the provider tells.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(with = "Option<String>")]
    pub booted_at: Option<Timestamp>,
    /// What cannot be done with this one although the provider can do it in general.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub denials: Vec<Denied>,
}

/// The state of a live server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing is under way.
    Settled(Power),
    /// An operation is under way.
    Transition {
        /// The provider's word for it.
        word: String,
        /// Where it ends, where told.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        into: Option<Ends>,
    },
    /// The provider has no power state to report.
    NotReported,
    /// The provider's word is not in its vocabulary.
    Unrecognised(String),
}

/// Where a transition ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ends {
    /// With this power.
    Power(Power),
    /// It is being deleted.
    Gone,
}

/// A verb that the provider refuses for one server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Denied {
    /// The verb.
    pub verb: Verb,
    /// Why, as half a sentence.
    pub why: String,
}

/// What the ledger told of the connections: a job that plans from the snapshot has no ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LedgerSnapshot {
    /// When it began; a reboot after this instant would be recorded.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(with = "Option<String>")]
    pub born: Option<Timestamp>,
    /// What it knows of servers, by connection and id.
    #[serde(default)]
    pub servers: Vec<ServerFacts>,
    /// Holds that nobody had released, the latest recorded last.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub holds: Vec<HoldSnapshot>,
    /// The freeze that nobody had thawed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub freeze: Option<FreezeSnapshot>,
}

/// A hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HoldSnapshot {
    /// Its id.
    pub id: String,
    /// Which servers.
    pub selector: Selector,
    /// What they are kept at.
    pub to: HoldTo,
    /// Who said so.
    pub by: String,
    /// When.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// The instant at which it ends.
    #[schemars(with = "String")]
    pub until: Timestamp,
    /// Why.
    pub reason: String,
}

/// A freeze.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FreezeSnapshot {
    /// Who said so.
    pub by: String,
    /// When.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// The instant at which it ends.
    #[schemars(with = "String")]
    pub until: Timestamp,
    /// Why.
    pub reason: String,
}

/// What the ledger knows of one server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServerFacts {
    /// Its connection.
    pub connection: ConnectionName,
    /// Its id.
    pub id: ServerId,
    /// When we last booted it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(with = "Option<String>")]
    pub booted_at: Option<Timestamp>,
    /// When a reboot was sent of which a person said that it did not happen.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(with = "Option<String>")]
    pub not_rebooted_at: Option<Timestamp>,
    /// A change whose outcome nobody could see.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unresolved: Option<UnresolvedSnapshot>,
}

/// A change whose outcome nobody could see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnresolvedSnapshot {
    /// The server's address when the call was sent.
    pub address: Address,
    /// What was asked.
    pub verb: Verb,
    /// When it was sent.
    #[schemars(with = "String")]
    pub sent_at: Timestamp,
}
