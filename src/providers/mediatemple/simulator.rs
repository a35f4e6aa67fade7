//! The other side of the (mt) Media Temple wire, written from the provider's page alone. Where the page leaves a
//! choice, the stricter one is taken: clients must cope with it.
//!
//! JSON is the only format spoken: whoever asks for XML, or does not say what is wanted, gets a 400. `fieldList`,
//! `excludeList` and `includeList` are refused with 400 too, and so is every parameter that is not on the page.
//!
//! A world's power stands for the contract, as the provider reports no power: on is billing status 0, off is 1,
//! suspended is 2, and a `state` is shown as the billing status word for word.

mod format;
mod views;

use crate::simulator::{
    ConnectionWorld, Effect, Face, Moment, Order, Request, Response, SimServer, path_segment,
};
use format::{Format, Path};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use views::Error;

/// The wire face of `mediatemple`.
#[derive(Clone, Copy, Debug)]
pub struct MediaTemple;

/// The face, for the table of providers.
pub const FACE: &dyn Face = &MediaTemple;

/// What was read or answered, or the refusal.
type Answer<T> = Result<T, Error>;

impl Face for MediaTemple {
    fn type_name(&self) -> &'static str {
        "mediatemple"
    }

    fn base_path(&self, connection: &str) -> String {
        format!("/{}/api/v1", path_segment(connection))
    }

    fn settings(&self, connection: &str, base_url: &str) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("endpoint".to_owned(), base_url.to_owned()),
            ("api_key".to_owned(), api_key(connection)),
        ])
    }

    fn new_id(&self, _connection: &str, ordinal: u64) -> String {
        (500_000 + ordinal).to_string()
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["serviceType", "primaryDomain", "pendingReboot", "swapped"]
    }

    fn check(&self, server: &SimServer) -> Result<(), String> {
        check(server)
    }

    fn route(&self, request: &Request) -> &'static str {
        Path::of(request).map_or("(other)", |path| path.route())
    }

    fn handle(&self, world: &mut ConnectionWorld, request: &Request, now: Moment) -> Response {
        let Some(path) = Path::of(request) else { return views::page() };
        let format = Format::of(request);
        let shape = *format.as_ref().unwrap_or(&Format::default());
        let answer = if authorized(&world.name, request) {
            format.and_then(|format| answer(world, request, &path, format, now))
        } else {
            Err(Error { status: 403, code: "AuthError", text: "The API key is missing or not valid." })
        };
        answer.unwrap_or_else(|error| views::standard(error.status, Some(error), shape, now))
    }

    fn refuse(&self, request: &Request) -> Response {
        let format = Format::of(request).unwrap_or_default();
        // A face has no clock, and this call does not tell the connection's: the instant is the documented sample's.
        views::standard(PENDING.status, Some(PENDING), format, Moment::from_millis(1_284_609_198_593))
    }
}

const PENDING: Error = Error {
    status: 409,
    code: "OperationPending",
    text: "A conflicting operation is pending on this service.",
};

/// 65 characters, as the keys that the site makes.
fn api_key(connection: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(format!("{connection}\napi_key")).into();
    digest.iter().fold(String::from("k"), |text, byte| format!("{text}{byte:02x}"))
}

/// Header or query; where both are there, both must be right.
fn authorized(connection: &str, request: &Request) -> bool {
    let key = api_key(connection);
    let header = request.header("authorization").map(|text| text.strip_prefix("MediaTemple ") == Some(&key));
    let pairs = request.query_pairs().unwrap_or_default();
    let query = pairs.iter().filter(|(name, _)| name == "apikey").map(|(_, value)| *value == key);
    let mut given = header.into_iter().chain(query).peekable();
    given.peek().is_some() && given.all(|right| right)
}

/// What can be in a world file.
fn check(server: &SimServer) -> Result<(), String> {
    let whole = |id: &String| id.parse::<u64>().map(|n| n.to_string()).as_ref() == Ok(id);
    if !server.id.as_ref().is_some_and(whole) {
        return Err("every service has an id here, and it is a whole number".to_owned());
    }
    for (key, value) in &server.attributes {
        let good = match key.as_str() {
            "serviceType" => value.is_u64(),
            "swapped" => value.is_boolean(),
            "primaryDomain" => value.is_null() || value == views::ABSENT,
            _ => value == views::ABSENT,
        };
        if !good {
            return Err(format!("attributes.{key} cannot be {value}"));
        }
    }
    Ok(())
}

fn answer(
    world: &mut ConnectionWorld,
    request: &Request,
    path: &Path,
    format: Format,
    now: Moment,
) -> Answer<Response> {
    match (format::method(request)?.as_str(), path) {
        ("GET", Path::Services) => Ok(views::services(world, format, now)),
        ("GET", Path::Ids) => Ok(views::ids(world, format)),
        ("GET", Path::Service(id)) => {
            let (serial, server) = world.find(known(world, id)?).ok_or(UNKNOWN)?;
            Ok(views::service(serial, server, world.manner.settle, format, now))
        }
        ("POST", Path::Reboot(id)) => reboot(world, id, request, format, now),
        _ => Err(Error { status: 405, code: "", text: "" }),
    }
}

const UNKNOWN: Error = Error { status: 404, code: "InvalidService", text: "The service does not exist." };

/// The id, if there is such a service. What is no number cannot even be asked for.
fn known<'a>(world: &ConnectionWorld, id: &'a str) -> Answer<&'a str> {
    if id.is_empty() || !id.chars().all(|c| c.is_ascii_digit()) {
        return Err(Error { status: 400, code: "InvalidInput", text: "The service id must be an integer." });
    }
    world.find(id).map(|_| id).ok_or(UNKNOWN)
}

fn reboot(
    world: &mut ConnectionWorld,
    id: &str,
    request: &Request,
    format: Format,
    now: Moment,
) -> Answer<Response> {
    if !request.body.is_empty() {
        return Err(Error { status: 400, code: "InvalidInput", text: "A reboot takes no body." });
    }
    let (serial, server) = world.find(known(world, id)?).ok_or(UNKNOWN)?;
    if server.is_busy() {
        return Err(PENDING);
    }
    // Nothing is done for a service without a running contract, nor for one that is no server.
    if views::billing_status(server) != "0" || views::service_type(server) == views::NO_SERVER {
        return Err(Error { status: 401, code: "", text: "" });
    }
    world.accept(serial, &Order { effect: Effect::Reboot, word: None, job: None }, now);
    Ok(views::standard(202, None, format, now))
}

/// An attribute as the world has it.
fn attribute<'a>(server: &'a SimServer, key: &str) -> Option<&'a Value> {
    server.attributes.get(key)
}
