//! What is remembered from round to round, and kept in a file from run to run: what was wanted of each server, whether it has
//! been like that since, and who is contested. Losing it makes the watcher more careful, never less.

use super::backoff::Failures;
use super::contest::Contest;
use crate::model::{Address, ConnectionName, DesiredPower, DesiredServer, Presence};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The version of the file's format.
const VERSION: u32 = 1;

/// What was wanted of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Its power.
    pub power: DesiredPower,
    /// That it is gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub absent: bool,
    /// The instant since which a reboot is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebooted_since: Option<Timestamp>,
}

impl Wanted {
    /// What an entry wants.
    pub fn of(entry: &DesiredServer) -> Self {
        Self {
            power: entry.power,
            absent: entry.presence == Presence::Absent,
            rebooted_since: entry.rebooted_since,
        }
    }
}

/// What is known of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// What is wanted.
    pub wanted: Wanted,
    /// That came about under our eyes and has not been reached since: the difference is a change that was asked for, by a
    /// schedule or in the file, and nothing that happened to the server.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub announced: bool,
    /// Since when it is not as declared, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drifting_since: Option<Timestamp>,
    /// Failures in a row of this run; those of earlier ones are in the ledger.
    #[serde(skip)]
    pub failures: Option<Failures>,
}

/// All that is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// The format.
    version: u32,
    /// Connections whose servers have been seen: whoever is new there was not declared before.
    known: BTreeSet<ConnectionName>,
    /// By address.
    servers: BTreeMap<Address, Standing>,
    /// By address.
    contested: BTreeMap<Address, Contest>,
}

impl Memory {
    /// Reads what an earlier run kept; nothing where it cannot be read.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Self>(bytes).ok().filter(|memory| memory.version == VERSION)
    }

    /// For the file.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(&Self { version: VERSION, ..self.clone() }).unwrap_or_default()
    }

    /// The servers that are contested.
    pub fn contested(&self) -> &BTreeMap<Address, Contest> {
        &self.contested
    }

    /// What is known of a server.
    pub fn standing(&self, address: &Address) -> Option<&Standing> {
        self.servers.get(address)
    }

    /// A server was seen as declared.
    pub(super) fn as_declared(&mut self, entry: &DesiredServer, now: Timestamp) {
        let wanted = Wanted::of(entry);
        match self.servers.get_mut(&entry.address) {
            Some(standing) if standing.wanted == wanted => {
                standing.announced = false;
                standing.drifting_since = None;
                standing.failures = None;
            }
            _ => {
                let standing = Standing { wanted, announced: false, drifting_since: None, failures: None };
                if self.servers.insert(entry.address.clone(), standing).is_some() {
                    self.contested.remove(&entry.address);
                }
            }
        }
        if let Some(contest) = self.contested.get_mut(&entry.address) {
            contest.calm_since.get_or_insert(now);
        }
    }

    /// A server was seen not as declared.
    pub(super) fn not_as_declared(&mut self, entry: &DesiredServer, now: Timestamp) {
        let wanted = Wanted::of(entry);
        let is_known = self.known.contains(&entry.address.connection);
        let standing = self.servers.entry(entry.address.clone()).or_insert_with(|| Standing {
            wanted,
            announced: is_known,
            drifting_since: None,
            failures: None,
        });
        if standing.wanted != wanted {
            *standing = Standing { wanted, announced: true, drifting_since: None, failures: None };
            self.contested.remove(&entry.address);
        }
        standing.drifting_since.get_or_insert(now);
        if let Some(contest) = self.contested.get_mut(&entry.address)
            && contest.calm_since.take().is_some()
        {
            contest.undone_at = now;
        }
    }

    /// Connections that were read in full.
    pub(super) fn knows<'n>(&mut self, connections: impl Iterator<Item = &'n ConnectionName>) {
        for name in connections {
            if !self.known.contains(name) {
                self.known.insert(name.clone());
            }
        }
    }

    /// Forgets what is not declared any more.
    pub(super) fn keep_only(&mut self, is_declared: impl Fn(&Address) -> bool) {
        self.servers.retain(|address, _| is_declared(address));
        self.contested.retain(|address, _| is_declared(address));
    }

    pub(super) fn contest(&mut self, address: &Address, contest: Contest) {
        self.contested.insert(address.clone(), contest);
    }

    pub(super) fn end_contest(&mut self, address: &Address) {
        self.contested.remove(address);
    }

    /// A correction failed.
    pub fn failed(&mut self, address: &Address, now: Timestamp) {
        if let Some(standing) = self.servers.get_mut(address) {
            standing.failures = Some(Failures::another(standing.failures, now));
        }
    }
}
