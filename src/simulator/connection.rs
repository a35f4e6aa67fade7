//! The world behind one connection: its servers in order, its jobs, its counts, and the rule by which time passes.

use super::{Departed, Effect, Moment, Order, Outcome, Pending, SimJob, SimServer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

/// The place of a server in its connection; never used twice.
pub type Serial = u64;

/// The world behind one connection.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ConnectionWorld {
    /// The connection's name.
    pub name: String,
    /// How the connection behaves.
    pub manner: Manner,
    /// What a face has to remember beside servers: sessions, groups.
    pub memory: BTreeMap<String, Value>,
    servers: BTreeMap<Serial, SimServer>,
    departed: Vec<Departed>,
    jobs: Vec<SimJob>,
    calls: BTreeMap<String, u64>,
    next: Serial,
    busiest: usize,
    #[serde(skip)]
    index: Index,
    #[serde(skip)]
    revision: u64,
    #[serde(skip)]
    pub(super) outcome: Outcome,
}

/// How a connection behaves.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Manner {
    /// How long an operation takes until its effect shows.
    pub settle: Duration,
    /// How long an answer takes.
    pub latency: Duration,
    /// The most items one page holds, where the provider pages.
    pub page_size: Option<usize>,
    /// How wrong the connection's clock is, in milliseconds.
    pub clock_skew: i64,
}

/// Found again from the servers after loading.
#[derive(Clone, Debug, Default)]
struct Index {
    ids: HashMap<String, Serial>,
    due: BTreeSet<(Moment, Serial)>,
}

impl ConnectionWorld {
    /// A world without servers.
    pub fn new(name: impl Into<String>, manner: Manner) -> Self {
        Self { name: name.into(), manner, ..Self::default() }
    }

    /// All servers, in the order in which they came.
    pub fn servers(&self) -> impl DoubleEndedIterator<Item = (Serial, &SimServer)> {
        self.servers.iter().map(|(serial, server)| (*serial, server))
    }

    /// How many servers there are.
    pub fn len(&self) -> usize {
        self.servers.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.servers.is_empty()
    }

    /// The server with that id, to the letter.
    pub fn find(&self, id: &str) -> Option<(Serial, &SimServer)> {
        let serial = *self.index.ids.get(id)?;
        self.servers.get(&serial).map(|server| (serial, server))
    }

    /// The server at that place.
    pub fn server(&self, serial: Serial) -> Option<&SimServer> {
        self.servers.get(&serial)
    }

    /// The jobs, oldest first.
    pub fn jobs(&self) -> impl DoubleEndedIterator<Item = &SimJob> {
        self.jobs.iter()
    }

    /// Accepts an operation: it settles after the connection's settle time. Returns the number of its job, if it
    /// has one. Whether the operation is possible at all is for the face to judge before.
    pub fn accept(&mut self, serial: Serial, order: &Order<'_>, now: Moment) -> Option<u64> {
        let due = (self.outcome != Outcome::Never).then(|| now.after(self.manner.settle));
        let fails = match &self.outcome {
            Outcome::Fails(reason) => Some(reason.clone()),
            _ => None,
        };
        let number = 1000 + self.jobs.len() as u64 + 1;
        let server = self.servers.get_mut(&serial)?;
        let job = order.job(number, server, now).map(|job| SimJob {
            // A quarter of the time in the queue: both stages can be seen.
            started: now.after(self.manner.settle / 4),
            ends: due,
            failure: fails.clone(),
            ..job
        });
        server.tally.accepted += 1;
        server.pending =
            Some(Pending { effect: order.effect.clone(), word: order.word.map(Into::into), due, fails });
        if let Some(due) = due {
            self.index.due.insert((due, serial));
        }
        self.revision += 1;
        let number = job.as_ref().map(|job| job.id);
        self.jobs.extend(job);
        number
    }

    /// Accepts an operation that the provider takes but that cannot work, for that reason: it ends without its
    /// effect. A fault that lets operations hang still does.
    pub fn accept_in_vain(
        &mut self,
        serial: Serial,
        order: &Order<'_>,
        reason: &str,
        now: Moment,
    ) -> Option<u64> {
        let before = self.outcome.clone();
        if before == Outcome::Settles {
            self.outcome = Outcome::Fails(reason.to_owned());
        }
        let number = self.accept(serial, order, now);
        self.outcome = before;
        number
    }

    /// Does something that takes no time, a rename for example.
    pub fn apply(&mut self, serial: Serial, effect: &Effect, now: Moment) {
        self.revision += 1;
        let settles = self.outcome == Outcome::Settles;
        if let Some(server) = self.servers.get_mut(&serial) {
            server.tally.accepted += 1;
            if settles {
                self.take_effect(serial, effect, now);
            }
        }
    }

    /// Sets or (with null) removes an attribute of a server.
    pub fn set_attribute(&mut self, serial: Serial, key: &str, value: Value) {
        self.revision += 1;
        if let Some(server) = self.servers.get_mut(&serial) {
            match value {
                Value::Null => server.attributes.remove(key),
                value => server.attributes.insert(key.to_owned(), value),
            };
        }
    }

    /// Lets everything happen that is due.
    pub fn settle(&mut self, now: Moment) {
        while let Some((due, serial)) = self.index.due.first().copied().filter(|(due, _)| *due <= now) {
            self.index.due.pop_first();
            let pending = self.servers.get_mut(&serial).and_then(|server| {
                let this = server.pending.as_ref().is_some_and(|pending| pending.due == Some(due));
                this.then(|| server.pending.take()).flatten()
            });
            if let Some(pending) = pending {
                self.revision += 1;
                if pending.fails.is_none() {
                    self.take_effect(serial, &pending.effect, due);
                }
            }
        }
    }

    fn take_effect(&mut self, serial: Serial, effect: &Effect, now: Moment) {
        let Some(server) = self.servers.get_mut(&serial) else { return };
        server.apply(effect, now);
        server.count_power(effect);
        match effect {
            Effect::Delete => self.remove(serial),
            Effect::Appear { .. } => {
                if let Some(id) = server.id.clone() {
                    self.index.ids.insert(id, serial);
                }
            }
            _ => {}
        }
    }

    pub(super) fn remove(&mut self, serial: Serial) {
        let Some(server) = self.servers.remove(&serial) else { return };
        self.revision += 1;
        let id = server.id.unwrap_or_default();
        self.index.ids.remove(&id);
        self.departed.push(Departed { id, name: server.name, tally: server.tally });
    }

    /// Adds a server at the end; false if its id is taken.
    pub(super) fn add(&mut self, server: SimServer) -> bool {
        let serial = self.next;
        if let Some(id) = &server.id {
            if self.index.ids.contains_key(id) {
                return false;
            }
            self.index.ids.insert(id.clone(), serial);
        }
        if let Some(due) = server.pending.as_ref().and_then(|pending| pending.due) {
            self.index.due.insert((due, serial));
        }
        self.next += 1;
        self.servers.insert(serial, server);
        true
    }

    pub(super) fn server_mut(&mut self, serial: Serial) -> Option<&mut SimServer> {
        self.revision += 1;
        self.servers.get_mut(&serial)
    }

    /// Finds again what is not kept in the file.
    pub(super) fn reindex(&mut self) {
        let ids = self.servers().filter_map(|(serial, server)| Some((server.id.clone()?, serial))).collect();
        let due = self.servers().filter_map(|(serial, server)| Some((server.pending.as_ref()?.due?, serial)));
        let due = due.collect();
        self.index = Index { ids, due };
    }

    /// Grows with every change that is worth keeping; counting a read is none.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    pub(super) fn count_call(&mut self, method: &str, route: &str) {
        *self.calls.entry(format!("{method} {route}")).or_default() += 1;
    }

    pub(super) fn calls(&self) -> &BTreeMap<String, u64> {
        &self.calls
    }

    pub(super) fn departed(&self) -> &[Departed] {
        &self.departed
    }

    pub(super) fn note_in_flight(&mut self, calls: usize) {
        self.busiest = self.busiest.max(calls);
    }

    pub(super) fn forget_busiest(&mut self) {
        self.busiest = 0;
    }

    pub(super) fn busiest(&self) -> usize {
        self.busiest
    }
}
