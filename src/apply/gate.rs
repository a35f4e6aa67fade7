//! What may have been forbidden since an apply began: a freeze or a hold that somebody recorded meanwhile stops what
//! has not started. The file is read again only when it has changed.

use crate::ledger::{Holds, read_holds};
use crate::model::{Address, Freeze, Hold, HoldTo, Labels, Verb};
use crate::plan::{Change, HoldInForce, Step};
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// Asked right before a step of a change begins.
pub trait Gate: Send + Sync {
    /// Whether the step may begin.
    ///
    /// # Errors
    /// Why not, for people.
    fn check(&self, change: &Change, step: &Step) -> Result<(), String>;
}

impl Gate for () {
    fn check(&self, _: &Change, _: &Step) -> Result<(), String> {
        Ok(())
    }
}

/// Two gates; a step may begin where both let it.
pub struct Both<'a>(pub &'a dyn Gate, pub &'a dyn Gate);

impl Gate for Both<'_> {
    fn check(&self, change: &Change, step: &Step) -> Result<(), String> {
        self.0.check(change, step)?;
        self.1.check(change, step)
    }
}

/// What tells one state of the file from another: it is replaced as a whole.
type Stamp = Option<(u64, Option<SystemTime>, u64)>;

/// The holds of a ledger, as a gate.
pub struct HoldGate {
    folder: PathBuf,
    /// The servers of the file, with their labels and whether they are protected.
    servers: HashMap<Address, (Labels, bool)>,
    /// Holds that the plan was made with: it obeys them already.
    obeyed: HashSet<String>,
    seen: Mutex<Option<(Stamp, Result<Holds, String>)>>,
}

impl HoldGate {
    /// The gate of a ledger's folder for the servers of a file.
    pub fn new(
        folder: PathBuf,
        servers: impl IntoIterator<Item = (Address, Labels, bool)>,
        obeyed: &[HoldInForce],
    ) -> Self {
        let servers = servers.into_iter().map(|(address, labels, protect)| (address, (labels, protect)));
        let obeyed = obeyed.iter().map(|one| one.hold.id.clone()).collect();
        Self { folder, servers: servers.collect(), obeyed, seen: Mutex::default() }
    }

    /// Why a change that was planned because of a hold is not wanted any more: that hold is over, and no other one
    /// wants the same.
    pub fn outlived(&self, change: &Change) -> Option<String> {
        self.with_holds(|holds| self.is_over(holds, change, Timestamp::now())).ok()?
    }

    fn is_over(&self, holds: &Holds, change: &Change, now: Timestamp) -> Option<String> {
        let asked = change.reasons.iter().find(|reason| reason.starts_with("hold by "))?;
        let labels = self.servers.get(&change.address).map(|(labels, _)| labels.clone()).unwrap_or_default();
        let is_of_it =
            |hold: &&Hold| hold.is_in_force(now) && hold.selector.matches(&change.address, &labels);
        let wanted = holds.holds.iter().rev().find(is_of_it).and_then(|hold| hold.to.power());
        let planned = change.after.as_ref().and_then(|after| after.power);
        (wanted.is_none() || wanted != planned).then(|| format!("the {asked} is over: plan again"))
    }

    /// What forbids a step at that instant.
    fn forbids(&self, holds: &Holds, change: &Change, step: &Step, now: Timestamp) -> Option<String> {
        if let Some(damage) = &holds.damage {
            return Some(damage.clone());
        }
        if let Some(Freeze { by, until, reason, .. }) =
            holds.freeze.as_ref().filter(|freeze| freeze.is_in_force(now))
        {
            return Some(format!("frozen by {by} until {until}: {reason}; `fleetform thaw` ends it"));
        }
        let known = self.servers.get(&change.address).cloned();
        let (labels, protect) = known.unwrap_or_default();
        let is_of_it =
            |hold: &&Hold| hold.is_in_force(now) && hold.selector.matches(&change.address, &labels);
        let hold = holds.holds.iter().rev().find(is_of_it)?;
        let verb = step.operation.verb();
        let waits = match hold.to {
            HoldTo::AsIs => true,
            HoldTo::On => verb != Verb::PowerOn && verb != Verb::Rename,
            // It cannot be held off while it is protected: such a hold gives it no power.
            HoldTo::Off if protect => matches!(verb, Verb::Reboot | Verb::Delete),
            HoldTo::Off => verb != Verb::PowerOff && verb != Verb::Rename,
        };
        if !waits || self.obeyed.contains(&hold.id) {
            return None;
        }
        let Hold { id, to, by, until, reason, .. } = hold;
        Some(format!("held {to} by {by} until {until}: {reason}; `fleetform release {id}` ends it"))
    }

    fn stamp(&self) -> Stamp {
        let data = fs::metadata(self.folder.join("holds.jsonl")).ok()?;
        Some((data.len(), data.modified().ok(), inode(&data)))
    }
}

#[cfg(unix)]
fn inode(data: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(data)
}

#[cfg(not(unix))]
fn inode(_: &fs::Metadata) -> u64 {
    0
}

impl HoldGate {
    /// Looks at the holds as they are now.
    fn with_holds<T>(&self, look: impl FnOnce(&Holds) -> T) -> Result<T, String> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Before the file is read: what is written in between is seen the next time.
        let stamp = self.stamp();
        let is_known = seen.as_ref().is_some_and(|(known, _)| *known == stamp);
        if !is_known {
            *seen = Some((stamp, read_holds(&self.folder).map_err(|error| error.to_string())));
        }
        match seen.as_ref().map(|(_, holds)| holds) {
            Some(Ok(holds)) => Ok(look(holds)),
            Some(Err(why)) => Err(format!("what is held could not be read: {why}")),
            None => Err("what is held could not be read".into()),
        }
    }
}

impl Gate for HoldGate {
    fn check(&self, change: &Change, step: &Step) -> Result<(), String> {
        let now = Timestamp::now();
        let is_of_power = matches!(step.operation.verb(), Verb::PowerOn | Verb::PowerOff | Verb::Suspend);
        let why = self.with_holds(|holds| {
            let forbidden = self.forbids(holds, change, step, now);
            forbidden.or_else(|| self.is_over(holds, change, now).filter(|_| is_of_power))
        })?;
        why.map_or(Ok(()), Err)
    }
}
