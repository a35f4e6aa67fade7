//! One simulated server: what it is, what is being done to it, and what has been done.

use super::{Moment, SimJob};
use crate::model::Power;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A server of a simulated world.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SimServer {
    /// Missing while the provider has not assigned one.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// Its power when nothing is under way.
    pub power: Power,
    /// A raw state word that the world gave it; shown instead of its power.
    pub state: Option<String>,
    /// Whatever else its face keeps with it.
    pub attributes: BTreeMap<String, Value>,
    /// The operation under way.
    pub pending: Option<Pending>,
    /// What has been done to it through the wire.
    pub tally: Tally,
    /// When it came into the world.
    pub created: Moment,
    /// When its guest last booted.
    pub booted: Option<Moment>,
}

impl SimServer {
    /// The raw word to show, where one is set: that of the operation under way, else the world's own.
    pub fn word(&self) -> Option<&str> {
        let pending = self.pending.as_ref().and_then(|pending| pending.word.as_deref());
        pending.or(self.state.as_deref())
    }

    /// Whether an operation is under way.
    pub fn is_busy(&self) -> bool {
        self.pending.is_some()
    }

    /// A text attribute.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.attributes.get(key).and_then(Value::as_str)
    }

    /// Does to the server what an operation is for. Deleting is left to the connection.
    pub(super) fn apply(&mut self, effect: &Effect, now: Moment) {
        match effect {
            Effect::Power(power) => self.settle(*power, now),
            Effect::Reboot => {
                self.settle(Power::On, now);
                self.tally.reboots += 1;
            }
            Effect::Rename(name) => {
                name.clone_into(&mut self.name);
                self.tally.renames += 1;
            }
            Effect::Delete => self.tally.deletes += 1,
            Effect::Appear { power, id } => {
                (self.state, self.power) = (None, *power);
                self.id = self.id.take().or_else(|| id.clone());
            }
        }
    }

    fn settle(&mut self, power: Power, now: Moment) {
        let was = std::mem::replace(&mut self.power, power);
        self.state = None;
        match power {
            Power::On => {
                self.tally.boots += u64::from(was != Power::Suspended);
                self.booted = Some(now);
            }
            Power::Off | Power::Suspended => {}
        }
    }

    /// Counts a power change that a client asked for.
    pub(super) fn count_power(&mut self, effect: &Effect) {
        match effect {
            Effect::Power(Power::On) => self.tally.power_ons += 1,
            Effect::Power(Power::Off) => self.tally.power_offs += 1,
            Effect::Power(Power::Suspended) => self.tally.suspends += 1,
            _ => {}
        }
    }
}

/// What an operation does to a server when it settles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It has this power.
    Power(Power),
    /// It has booted once more.
    Reboot,
    /// It has this name.
    Rename(String),
    /// It is gone.
    Delete,
    /// It has come out of the odd state that the world gave it.
    Appear {
        /// Its power from then on.
        power: Power,
        /// Its id from then on, where it had none.
        id: Option<String>,
    },
}

/// An operation under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pending {
    /// What it is for.
    pub effect: Effect,
    /// The provider's word for it; `None` where the old state is shown meanwhile.
    pub word: Option<String>,
    /// When it settles; `None` for never.
    pub due: Option<Moment>,
    /// Set where it will fail: the server is then as it was.
    pub fails: Option<String>,
}

/// How an accepted operation goes on; a fault may have decided it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// As it should.
    #[default]
    Settles,
    /// It stays under way for ever.
    Never,
    /// It ends without its effect, for this reason.
    Fails(String),
}

/// Effects counted by the simulator itself: what really happened, whatever a client believes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// Operations that were accepted, whether or not their effect has come.
    pub accepted: u64,
    /// Reboots performed.
    pub reboots: u64,
    /// Times it was switched on or resumed.
    pub power_ons: u64,
    /// Times it was switched off.
    pub power_offs: u64,
    /// Times it was suspended.
    pub suspends: u64,
    /// Times it was renamed.
    pub renames: u64,
    /// 1 once it was deleted.
    pub deletes: u64,
    /// Times its guest booted: reboots and power-ons.
    pub boots: u64,
}

/// A server that was deleted: its tally outlives it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Departed {
    /// The id it had.
    pub id: String,
    /// The name it had.
    pub name: String,
    /// What was done to it.
    pub tally: Tally,
}

/// What a face asks for when it accepts a call.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// What it is for.
    pub effect: Effect,
    /// The provider's word for the time until it settles; `None` to show the old state.
    pub word: Option<&'a str>,
    /// The provider's name of the command, where the provider keeps jobs.
    pub job: Option<&'a str>,
}

impl Order<'_> {
    /// The job that records this order.
    pub(super) fn job(&self, id: u64, server: &SimServer, now: Moment) -> Option<SimJob> {
        self.job.map(|command| SimJob {
            id,
            server: server.id.clone().unwrap_or_default(),
            name: server.name.clone(),
            command: command.to_owned(),
            created: now,
            started: now,
            ends: None,
            failure: None,
        })
    }
}
