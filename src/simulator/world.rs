//! The world file: which connections and servers there are to begin with, and what goes wrong.

use super::{Error, Rule, moment};
use crate::model::{Age, Power, expand};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// A world as its file describes it. Brace expressions are expanded; ids may still be missing.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// The connections by name.
    pub(super) connections: BTreeMap<String, ConnectionSpec>,
    /// The servers in order.
    pub(super) servers: Vec<ServerSpec>,
    /// The faults in order; the first that fires wins.
    pub(super) faults: Vec<Rule>,
    /// For connections that the file does not name.
    defaults: Timing,
    /// What the file said, for telling whether it has changed.
    source: Value,
}

/// One connection of a world file.
#[derive(Clone, Debug, Default)]
pub(super) struct ConnectionSpec {
    /// Missing until a fleet file says.
    pub(super) type_name: Option<String>,
    pub(super) settle: Duration,
    pub(super) latency: Duration,
    pub(super) page_size: Option<usize>,
    pub(super) clock_skew: i64,
}

/// One server of a world file.
#[derive(Clone, Debug)]
pub(super) struct ServerSpec {
    /// Where it stands, for errors.
    pub(super) place: String,
    pub(super) connection: String,
    pub(super) id: IdSpec,
    pub(super) name: String,
    pub(super) power: Power,
    pub(super) state: Option<String>,
    pub(super) becomes: Option<Power>,
    pub(super) after: Option<Duration>,
    pub(super) age: Duration,
    pub(super) attributes: BTreeMap<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum IdSpec {
    /// To be made up.
    MadeUp,
    /// `none`: the provider has not assigned one.
    Missing,
    Given(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWorld {
    version: Value,
    #[serde(default)]
    defaults: Option<Value>,
    #[serde(default)]
    connections: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    servers: Option<Vec<Value>>,
    #[serde(default)]
    faults: Option<Vec<Value>>,
}

/// How long things take.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Timing {
    #[serde(default = "default_settle", deserialize_with = "moment::text_duration::deserialize")]
    settle: Duration,
    #[serde(default, deserialize_with = "moment::text_duration::deserialize")]
    latency: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self { settle: default_settle(), latency: Duration::ZERO }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConnection {
    #[serde(default, rename = "type")]
    type_name: Option<String>,
    #[serde(default, deserialize_with = "some_duration")]
    settle: Option<Duration>,
    #[serde(default, deserialize_with = "some_duration")]
    latency: Option<Duration>,
    #[serde(default)]
    page_size: Option<usize>,
    #[serde(default)]
    clock_skew: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawServer {
    connection: String,
    #[serde(default)]
    id: Option<Value>,
    name: String,
    #[serde(default, deserialize_with = "some_power")]
    power: Option<Power>,
    #[serde(default)]
    state: Option<String>,
    #[serde(default, deserialize_with = "some_power")]
    becomes: Option<Power>,
    #[serde(default, deserialize_with = "some_duration")]
    after: Option<Duration>,
    #[serde(default)]
    age: Option<String>,
    #[serde(default)]
    attributes: BTreeMap<String, Value>,
}

impl World {
    /// Reads a world from what its file says.
    pub fn from_value(value: Value) -> Result<Self, Error> {
        let raw: RawWorld = serde_json::from_value(value.clone())
            .map_err(|error| Error::world("top level", error.to_string()))?;
        if raw.version != 1 {
            let message = format!("version {} is not known here; write `version: 1`", raw.version);
            return Err(Error::world("version", message));
        }
        let defaults: Timing = match raw.defaults {
            Some(value) => read(value, "defaults")?,
            None => Timing::default(),
        };
        let mut world = Self { defaults, source: value, ..Self::default() };
        for (name, value) in raw.connections.into_iter().flatten() {
            let spec = world.connection(value, &format!("connections.{name}"))?;
            world.connections.insert(name, spec);
        }
        for (index, value) in raw.servers.into_iter().flatten().enumerate() {
            world.servers.extend(read_servers(value, &format!("servers[{index}]"))?);
        }
        for (index, value) in raw.faults.into_iter().flatten().enumerate() {
            world.faults.push(Rule::read(value, &format!("faults[{index}]"))?);
        }
        Ok(world)
    }

    /// Adds the connections of a fleet file: name and type. Where both files give a type they must agree.
    pub fn with_connections<'a>(
        mut self,
        fleet: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Error> {
        for (name, type_name) in fleet {
            let defaults = &self.defaults;
            let spec = self.connections.entry(name.to_owned()).or_insert_with(|| defaults.connection());
            match &spec.type_name {
                Some(own) if own != type_name => {
                    let message = format!("it is a {own} here and a {type_name} in the fleet file");
                    return Err(Error::world(format!("connections.{name}"), message));
                }
                _ => spec.type_name = Some(type_name.to_owned()),
            }
        }
        Ok(self)
    }

    /// What decides the world's beginning, as bytes: the same bytes mean the same beginning.
    pub(super) fn fingerprint(&self) -> Vec<u8> {
        let types: BTreeMap<_, _> =
            self.connections.iter().map(|(name, spec)| (name, &spec.type_name)).collect();
        serde_json::to_vec(&(&self.source, types)).unwrap_or_default()
    }

    fn connection(&self, value: Value, path: &str) -> Result<ConnectionSpec, Error> {
        let raw: RawConnection = if value.is_null() { RawConnection::default() } else { read(value, path)? };
        if raw.page_size == Some(0) {
            return Err(Error::world(path, "`page_size` must be at least 1"));
        }
        let skew = raw.clock_skew.as_deref().map_or(Ok(0), moment::parse_skew);
        let defaults = self.defaults.connection();
        Ok(ConnectionSpec {
            type_name: raw.type_name,
            settle: raw.settle.unwrap_or(defaults.settle),
            latency: raw.latency.unwrap_or(defaults.latency),
            page_size: raw.page_size,
            clock_skew: skew.map_err(|message| Error::world(path, message))?,
        })
    }
}

impl Timing {
    fn connection(&self) -> ConnectionSpec {
        ConnectionSpec { settle: self.settle, latency: self.latency, ..ConnectionSpec::default() }
    }
}

fn read<T: serde::de::DeserializeOwned>(value: Value, path: &str) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|error| Error::world(path, error.to_string()))
}

/// One entry, expanded: ids in braces go with names in braces, one by one.
fn read_servers(value: Value, path: &str) -> Result<Vec<ServerSpec>, Error> {
    let raw: RawServer = read(value, path)?;
    if raw.power.is_some() && raw.state.is_some() {
        return Err(Error::world(path, "write `power` or `state`, not both"));
    }
    if raw.after.is_some() && raw.becomes.is_none() {
        return Err(Error::world(path, "`after` needs `becomes`: what the server turns into then"));
    }
    let age = raw.age.as_deref().map(|text| {
        let age = Age::parse(text).as_ref().map(Age::duration);
        age.ok_or_else(|| Error::world(path, format!("age: {text:?} is no age; write 30d or 12h")))
    });
    let age = age.transpose()?.unwrap_or_default();
    let expanded = |text: &str| expand(text).map_err(|error| Error::world(path, format!("{text}: {error}")));
    let names = expanded(&raw.name)?;
    if names.iter().any(String::is_empty) {
        return Err(Error::world(path, "a name is empty"));
    }
    let ids = match &raw.id {
        None | Some(Value::Null) => vec![IdSpec::MadeUp; names.len()],
        Some(Value::String(text)) if text == "none" => vec![IdSpec::Missing; names.len()],
        Some(Value::String(text)) => expanded(text)?.into_iter().map(IdSpec::Given).collect(),
        Some(Value::Number(number)) => vec![IdSpec::Given(number.to_string())],
        Some(other) => return Err(Error::world(path, format!("id: {other} is neither a text nor a number"))),
    };
    if ids.len() != names.len() {
        let message = format!("{} names and {} ids: one id each is needed", names.len(), ids.len());
        return Err(Error::world(path, message));
    }
    let server = |(name, id)| ServerSpec {
        place: path.to_owned(),
        connection: raw.connection.clone(),
        id,
        name,
        power: raw.power.unwrap_or(Power::On),
        state: raw.state.clone(),
        becomes: raw.becomes,
        after: raw.after,
        age,
        attributes: raw.attributes.clone(),
    };
    Ok(names.into_iter().zip(ids).map(server).collect())
}

fn default_settle() -> Duration {
    Duration::from_secs(2)
}

fn some_duration<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    moment::text_duration::deserialize(from).map(Some)
}

/// The booleans are what a YAML 1.1 writer makes of on and off.
pub(super) fn some_power<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Power>, D::Error> {
    let value = Value::deserialize(from)?;
    match (value.as_bool(), value.as_str()) {
        (Some(true), _) | (_, Some("on")) => Ok(Some(Power::On)),
        (Some(false), _) | (_, Some("off")) => Ok(Some(Power::Off)),
        (_, Some("suspended")) => Ok(Some(Power::Suspended)),
        _ => Err(serde::de::Error::custom(format!("power: {value} is none of on, off, suspended"))),
    }
}
