//! The whole simulated world as it is now: built from a world file once, kept and changed ever after.

use super::world::{ConnectionSpec, IdSpec, ServerSpec, some_power};
use super::{
    ConnectionWorld, Effect, Error, Face, Faces, Manner, Moment, Pending, Rule, SimServer, Tally, World,
};
use crate::model::{Power, glob_matches};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The world as it is now.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) connections: BTreeMap<String, ConnectionWorld>,
    pub(super) rules: Vec<Rule>,
}

/// A change behind the clients' backs.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Patch {
    #[serde(default, deserialize_with = "some_power")]
    power: Option<Power>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    gone: bool,
    #[serde(default)]
    attributes: BTreeMap<String, Value>,
}

/// The face of a type, or an error that lists those there are.
pub(super) fn face_of(
    faces: Faces<'_>,
    connection: &str,
    type_name: Option<&str>,
) -> Result<&'static dyn Face, Error> {
    let place = format!("connections.{connection}");
    let known = || faces.iter().map(|face| face.type_name()).collect::<Vec<_>>().join(", ");
    let Some(type_name) = type_name else {
        return Err(Error::world(place, format!("`type` is missing; known types: {}", known())));
    };
    faces.iter().copied().find(|face| face.type_name() == type_name).ok_or_else(|| {
        Error::world(place, format!("no simulator for the type {type_name:?}; known types: {}", known()))
    })
}

impl State {
    /// The beginning that a world file describes.
    pub(super) fn begin(world: &World, faces: Faces<'_>, now: Moment) -> Result<Self, Error> {
        let mut state = Self { rules: world.faults.clone(), ..Self::default() };
        for (name, spec) in &world.connections {
            if name == "_sim" {
                let message = "the simulator needs this name for itself";
                return Err(Error::world("connections._sim", message));
            }
            let now = now.skewed(spec.clock_skew);
            let face = face_of(faces, name, spec.type_name.as_deref())?;
            let mine = || world.servers.iter().filter(|server| server.connection == *name);
            let connection = connection(name, spec, face, mine, now)?;
            state.connections.insert(name.clone(), connection);
        }
        if let Some(lost) = world.servers.iter().find(|s| !state.connections.contains_key(&s.connection)) {
            let known = state.connections.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            let message = format!("there is no connection {:?}; known connections: {known}", lost.connection);
            return Err(Error::world(&*lost.place, message));
        }
        for (index, rule) in state.rules.iter().enumerate() {
            state.check_rule(rule, &format!("faults[{index}]"))?;
        }
        Ok(state)
    }

    /// A rule that can never fire is a mistake.
    pub(super) fn check_rule(&self, rule: &Rule, path: &str) -> Result<(), Error> {
        if self.connections.keys().any(|name| glob_matches(rule.connection(), name)) {
            return Ok(());
        }
        Err(Error::world(path, format!("no connection is named like {:?}", rule.connection())))
    }

    /// Changes a server behind the clients' backs.
    pub(super) fn patch(&mut self, connection: &str, id: &str, patch: Value) -> Result<(), Error> {
        let patch: Patch = serde_json::from_value(patch).map_err(|error| Error::Change(error.to_string()))?;
        let world = self.connections.get_mut(connection);
        let world = world.ok_or_else(|| Error::Change(format!("there is no connection {connection:?}")))?;
        let found = world.find(id).map(|(serial, _)| serial);
        let serial = found.ok_or_else(|| Error::Change(format!("there is no server {connection}/{id}")))?;
        if patch.gone {
            world.remove(serial);
            return Ok(());
        }
        let Some(server) = world.server_mut(serial) else { return Ok(()) };
        if let Some(power) = patch.power {
            (server.power, server.state, server.pending) = (power, None, None);
        }
        if let Some(word) = patch.state {
            (server.state, server.pending) = (Some(word), None);
        }
        if let Some(name) = patch.name {
            server.name = name;
        }
        server.attributes.extend(patch.attributes);
        Ok(())
    }

    /// Grows with every change worth keeping.
    pub(super) fn revision(&self) -> u64 {
        self.connections.values().map(ConnectionWorld::revision).sum()
    }

    /// Lets everything happen that is due, everywhere.
    pub(super) fn settle(&mut self, now: Moment) {
        for world in self.connections.values_mut() {
            world.settle(now.skewed(world.manner.clock_skew));
        }
    }

    /// Finds again what is not kept in the file.
    pub(super) fn reindex(&mut self) {
        self.connections.values_mut().for_each(ConnectionWorld::reindex);
    }
}

fn connection<'a, I: Iterator<Item = &'a ServerSpec>>(
    name: &str,
    spec: &ConnectionSpec,
    face: &dyn Face,
    servers: impl Fn() -> I,
    now: Moment,
) -> Result<ConnectionWorld, Error> {
    let manner = Manner {
        settle: spec.settle,
        latency: spec.latency,
        page_size: spec.page_size,
        clock_skew: spec.clock_skew,
    };
    let mut world = ConnectionWorld::new(name, manner);
    let given = servers().filter_map(|server| match &server.id {
        IdSpec::Given(id) => Some(id.as_str()),
        _ => None,
    });
    let mut ids = Ids { taken: given.collect(), ordinal: 0 };
    for spec in servers() {
        let server = server(spec, face, name, &mut ids, &world.manner, now)?;
        if !world.add(server) {
            return Err(Error::world(&*spec.place, "its id is given twice on this connection"));
        }
    }
    Ok(world)
}

/// Makes up ids that nobody has.
struct Ids<'a> {
    taken: std::collections::HashSet<&'a str>,
    ordinal: u64,
}

impl Ids<'_> {
    fn next(&mut self, face: &dyn Face, connection: &str) -> String {
        loop {
            self.ordinal += 1;
            let id = face.new_id(connection, self.ordinal);
            if !self.taken.contains(id.as_str()) {
                return id;
            }
        }
    }
}

fn server(
    spec: &ServerSpec,
    face: &dyn Face,
    connection: &str,
    ids: &mut Ids<'_>,
    manner: &Manner,
    now: Moment,
) -> Result<SimServer, Error> {
    let (id, later) = match &spec.id {
        IdSpec::Given(id) => (Some(id.clone()), None),
        IdSpec::MadeUp => (Some(ids.next(face, connection)), None),
        IdSpec::Missing => (None, spec.becomes.map(|_| ids.next(face, connection))),
    };
    let pending = spec.becomes.map(|power| Pending {
        effect: Effect::Appear { power, id: later },
        word: spec.state.clone(),
        due: Some(now.after(spec.after.unwrap_or(manner.settle))),
        fails: None,
    });
    let server = SimServer {
        id,
        name: spec.name.clone(),
        power: spec.power,
        state: spec.state.clone(),
        attributes: spec.attributes.clone(),
        pending,
        tally: Tally::default(),
        created: now.before(spec.age),
        booted: (spec.power == Power::On).then_some(now.before(spec.age)),
    };
    if let Some(key) = spec.attributes.keys().find(|key| !face.attributes().contains(&key.as_str())) {
        let message = format!("attributes: unknown key {key:?}; known: {}", face.attributes().join(", "));
        return Err(Error::world(&*spec.place, message));
    }
    face.check(&server).map_err(|message| Error::world(&*spec.place, message))?;
    Ok(server)
}
