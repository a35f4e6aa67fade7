//! The plan as a file: what `plan --out` writes, `show` renders and `apply` takes. Versioned, with a digest over
//! what it will do and on what. Holds no secret.

use super::change::Change;
use super::govern::HoldInForce;
use super::guard::Refusal;
use super::planner::Plan;
use super::problem::Problem;
use super::summary::Summary;
use super::undo::NotUndoable;
use super::withhold::Withheld;
use crate::model::{Address, ConnectionName, Freeze, Verb};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The version of the format. The number before the dot changes when a reader of the old one would be misled.
pub const FORMAT_VERSION: &str = "1.0";

/// A fleet file that the plan was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FleetFile {
    /// Its path, as it was given.
    pub path: String,
    /// SHA-256 of its bytes, lower-case hex.
    pub sha256: String,
    /// It is a holiday calendar, which a fleet file names.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub calendar: bool,
}

/// The options under which the plan was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct PlanOptionsRecord {
    /// `--target`.
    pub targets: Vec<String>,
    /// `--allow-missing`.
    pub allow_missing: bool,
    /// `--reboot-unknown`.
    pub reboot_unknown: bool,
    /// Made against the simulator: a rehearsal, not to be applied to real servers.
    pub simulated: bool,
    /// `--exclude`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub excludes: Vec<String>,
    /// `--only`; empty means every action.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<Verb>,
    /// Made by an apply, to take it back: not bound to the fleet files as they were.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub undo: bool,
    /// What would be wanted at this instant, which is not the one at which it was made: `--at`. Not to be applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub at: Option<Timestamp>,
}

/// Where a connection leads to: what a reviewed plan must not be carried out elsewhere by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Target {
    /// The provider type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// SHA-256, lower-case hex, over the settings as the file has them: endpoint, account and the like, references by
    /// their names. What a secret is, is not in it.
    pub settings: String,
}

/// The file that changes and problems are attributed against: `--base`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BaseRecord {
    /// As it was given: a git revision, or a path.
    pub name: String,
    /// Its fleet files.
    pub fleet: Vec<FleetFile>,
    /// Connections that lead elsewhere than in the base, or are not in it: all that is planned there is `this_change`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub connections: Vec<ConnectionName>,
    /// Servers for which a plan from the base has a change and this one has none.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub no_longer_planned: Vec<Address>,
}

/// The snapshot that a plan was made from, in place of the providers: `--live`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SnapshotRecord {
    /// Its path, as it was given.
    pub path: String,
    /// SHA-256 of its bytes, lower-case hex.
    pub sha256: String,
    /// When the providers said so.
    #[schemars(with = "String")]
    pub taken_at: Timestamp,
    /// The id of the key whose signature of it was checked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signed_by: Option<String>,
}

/// A plan as a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PlanDocument {
    /// [`FORMAT_VERSION`].
    pub format_version: String,
    /// The program that made it.
    pub fleetform_version: String,
    /// `sha256:` and hex, over the changes and where their connections lead to: equal digests do the same to the same
    /// servers.
    pub digest: String,
    /// When it was made.
    #[schemars(with = "String")]
    pub created_at: Timestamp,
    /// The instant from which `apply` refuses it: `--expires`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(with = "Option<String>")]
    pub expires_at: Option<Timestamp>,
    /// The files it was made from.
    pub fleet: Vec<FleetFile>,
    /// The options it was made under.
    #[serde(default)]
    pub options: PlanOptionsRecord,
    /// The digest of the saved plan that this one is a part of, where `apply` was told to take only a part.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub narrowed_from: Option<String>,
    /// What changes and problems are attributed against.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub base: Option<BaseRecord>,
    /// The snapshot it was made from; without one, live state was read from the providers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub snapshot: Option<SnapshotRecord>,
    /// The numbers.
    pub summary: Summary,
    /// How many live servers each connection had: what percentages of guards are taken of.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, u64>")]
    pub live_counts: BTreeMap<ConnectionName, u64>,
    /// Where the connections of the changes lead to.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Target>")]
    pub connections: BTreeMap<ConnectionName, Target>,
    /// The changes, by address.
    pub changes: Vec<Change>,
    /// The problems, by address.
    pub problems: Vec<Problem>,
    /// What is due and not done at this instant, because of time or people, by address. Not in the digest, which says
    /// what will be done.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub withheld: Vec<Withheld>,
    /// The holds in force when it was made, the latest recorded last.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub holds: Vec<HoldInForce>,
    /// The freeze in force when it was made.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub freeze: Option<Freeze>,
    /// Of an undo plan: what was done and cannot be taken back.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub not_undoable: Vec<NotUndoable>,
    /// Bounds that it exceeded when it was made, so that whoever renders it later shows them as well. `apply` does
    /// not look here: it checks the guards of its own files and flags.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub refusals: Vec<Refusal>,
    /// Servers that are as declared, by address; listed only where the plan was made with `-v`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub unchanged: Vec<Address>,
}

impl PlanDocument {
    /// Dresses a plan for the file.
    pub fn new(plan: Plan, fleet: Vec<FleetFile>, options: PlanOptionsRecord, created_at: Timestamp) -> Self {
        Self {
            format_version: FORMAT_VERSION.into(),
            fleetform_version: env!("CARGO_PKG_VERSION").into(),
            digest: digest(&plan.changes, &BTreeMap::new()),
            created_at,
            expires_at: None,
            fleet,
            options,
            narrowed_from: None,
            base: None,
            snapshot: None,
            summary: plan.summary,
            live_counts: plan.live_counts,
            connections: BTreeMap::new(),
            changes: plan.changes,
            problems: plan.problems,
            withheld: plan.withheld,
            holds: plan.holds,
            freeze: plan.freeze,
            not_undoable: Vec::new(),
            refusals: Vec::new(),
            unchanged: plan.unchanged,
        }
    }

    /// Says where the connections of its changes lead to; of `all` those that it uses. Its digest covers them.
    #[must_use]
    pub fn leading_to(mut self, mut all: BTreeMap<ConnectionName, Target>) -> Self {
        let used: BTreeSet<&ConnectionName> = self.changes.iter().map(|change| &change.provider).collect();
        all.retain(|name, _| used.contains(name));
        self.connections = all;
        self.digest = digest(&self.changes, &self.connections);
        self
    }

    /// Reads a saved plan and checks its version and digest.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let document: Self =
            serde_json::from_slice(bytes).map_err(|error| format!("it is no saved plan: {error}"))?;
        let (major, ours) = (document.format_version.split('.').next(), FORMAT_VERSION.split('.').next());
        if major != ours {
            return Err(format!(
                "its format version is {}, this program reads {FORMAT_VERSION}; plan again",
                document.format_version
            ));
        }
        if document.digest != digest(&document.changes, &document.connections) {
            return Err("its digest does not fit its changes: it was edited or damaged; plan again".into());
        }
        Ok(document)
    }

    /// Takes the digest of the changes as they are now, and remembers that of the whole plan.
    pub(super) fn renew_digest(&mut self) {
        let used: BTreeSet<ConnectionName> =
            self.changes.iter().map(|change| change.provider.clone()).collect();
        self.connections.retain(|name, _| used.contains(name));
        let whole = std::mem::replace(&mut self.digest, digest(&self.changes, &self.connections));
        self.narrowed_from = self.narrowed_from.take().or(Some(whole));
    }

    /// The plan without its dress.
    pub fn into_plan(self) -> Plan {
        Plan {
            changes: self.changes,
            problems: self.problems,
            withheld: self.withheld,
            holds: self.holds,
            freeze: self.freeze,
            summary: self.summary,
            live_counts: self.live_counts,
            unchanged: self.unchanged,
        }
    }
}

/// Over what is done and on what; not over where the file says so, which may move without any meaning.
fn digest(changes: &[Change], connections: &BTreeMap<ConnectionName, Target>) -> String {
    let mut hash = Sha256::new();
    for connection in connections {
        // Nothing in there can fail to serialise, here and below.
        hash.update(serde_json::to_vec(&connection).unwrap_or_default());
        hash.update(b"\n");
    }
    for change in changes {
        let meaning = (
            &change.address,
            &change.provider,
            &change.id,
            &change.actions,
            &change.reasons,
            &change.before,
            &change.after,
            &change.steps,
            &change.rebooted_since,
        );
        hash.update(serde_json::to_vec(&meaning).unwrap_or_default());
        hash.update(b"\n");
        // What has none keeps the digest that it had before there were waves.
        if let Some(wave) = &change.wave {
            hash.update(b"wave ");
            hash.update(serde_json::to_vec(wave).unwrap_or_default());
            hash.update(b"\n");
        }
    }
    let mut out = String::from("sha256:");
    for byte in hash.finalize() {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}
