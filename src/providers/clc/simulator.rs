//! The other side of the `CenturyLink` Cloud wire, written from the provider's page alone. Where the page leaves a
//! choice, the stricter one is taken: clients must cope with it.
//!
//! Names are shown with the letters that the world has for them, although the provider itself writes them in upper
//! case: a world's name is what its user reads everywhere else. Ids keep the provider's manner: lower case in servers
//! and in the answers to operations, upper case beside a lower-case path in the links of a group.
//!
//! Beside the account of the settings there is one whose username ends in `-short`, with the same password: its
//! tokens live for a second.

mod access;
mod answers;
mod estate;
mod operations;
mod queue;
mod views;

use crate::simulator::{ConnectionWorld, Face, Moment, Request, Response, SimServer, path_segment};
use answers::{forbidden, method_not_allowed, missing, not_acceptable, unknown_server};
use std::collections::BTreeMap;

/// The wire face of `clc`.
#[derive(Clone, Copy, Debug)]
pub struct Clc;

/// The face, for the table of providers.
pub const FACE: &dyn Face = &Clc;

/// What was read or answered, or the refusal.
type Answer<T> = Result<T, Response>;

/// Where the path of a request leads.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Login,
    Datacenters(Account),
    Datacenter(Account, String),
    Group(Account, String),
    Server(Account, String),
    Restore(Account),
    Operation(Account, String),
    Status(Account, String),
    Elsewhere,
}

/// An account alias as the path has it.
#[derive(Debug, PartialEq, Eq)]
struct Account(String);

impl Face for Clc {
    fn type_name(&self) -> &'static str {
        "clc"
    }

    fn base_path(&self, connection: &str) -> String {
        format!("/{}", path_segment(connection))
    }

    fn settings(&self, connection: &str, base_url: &str) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("endpoint".to_owned(), base_url.to_owned()),
            ("account".to_owned(), access::alias(connection)),
            ("username".to_owned(), access::username(connection)),
            ("password".to_owned(), access::password(connection)),
        ])
    }

    /// Data center, account, a chosen part and a number, as the provider puts its names together.
    fn new_id(&self, connection: &str, ordinal: u64) -> String {
        format!("{}{}srv{ordinal:02}", estate::HOME, access::alias(connection).to_ascii_lowercase())
    }

    /// `datacenter` (`wa1`), `group` (`Web/Blue`: groups below the root), `no_guest` (a graceful shutdown is taken and
    /// fails), `template` (it is no server), `maintenance`, `power_state` (another word for its power; null leaves it
    /// out), `refusal_status` (what a request is answered with that is refused as a whole) and, on any server,
    /// `plain_groups` (a deployment that does not know `serverDetail`).
    fn attributes(&self) -> &'static [&'static str] {
        &[
            "datacenter",
            "group",
            "no_guest",
            "template",
            "maintenance",
            "power_state",
            "refusal_status",
            "plain_groups",
        ]
    }

    fn check(&self, server: &SimServer) -> Result<(), String> {
        check(server)
    }

    fn route(&self, request: &Request) -> &'static str {
        match place(request) {
            Place::Login => "/v2/authentication/login",
            Place::Datacenters(_) => "/v2/datacenters/{account}",
            Place::Datacenter(..) => "/v2/datacenters/{account}/{datacenter}",
            Place::Group(..) => "/v2/groups/{account}/{id}",
            Place::Server(..) => "/v2/servers/{account}/{id}",
            Place::Restore(_) => "/v2/servers/{account}/{id}/restore",
            Place::Operation(..) => "/v2/operations/{account}/servers/{operation}",
            Place::Status(..) => "/v2/operations/{account}/status/{id}",
            Place::Elsewhere => "(other)",
        }
    }

    fn changes(&self, request: &Request) -> bool {
        request.method != "GET" && !matches!(place(request), Place::Login)
    }

    fn handle(&self, world: &mut ConnectionWorld, request: &Request, now: Moment) -> Response {
        answer(world, request, now).unwrap_or_else(|refusal| refusal)
    }

    fn refuse(&self, request: &Request) -> Response {
        match (request.method.as_str(), place(request)) {
            ("POST", Place::Operation(..)) => operations::refuse_all(request),
            ("DELETE", Place::Server(_, id)) => operations::refuse_delete(&id),
            _ => answers::bad_request("The request cannot be carried out at this time."),
        }
    }
}

/// The token first, then the account, then everything else.
fn answer(world: &mut ConnectionWorld, request: &Request, now: Moment) -> Answer<Response> {
    if !takes_json(request) {
        return Err(not_acceptable());
    }
    let place = place(request);
    if place == Place::Login {
        return access::login(world, request, now);
    }
    access::check(world, request, now)?;
    match (request.method.as_str(), &place) {
        (_, Place::Elsewhere | Place::Login) => Err(missing()),
        (method, place) => {
            let own = access::alias(&world.name);
            if place.account().is_some_and(|account| !account.0.eq_ignore_ascii_case(&own)) {
                return Err(forbidden("The account alias is not one that you have access to."));
            }
            dispatch(world, method, place, request, now)
        }
    }
}

fn dispatch(
    world: &mut ConnectionWorld,
    method: &str,
    place: &Place,
    request: &Request,
    now: Moment,
) -> Answer<Response> {
    match (method, place) {
        ("GET", Place::Datacenters(_)) => Ok(estate::datacenters(world, request)),
        ("GET", Place::Datacenter(_, id)) => estate::datacenter(world, id, request),
        ("GET", Place::Group(_, id)) => estate::group(world, id, request),
        ("GET", Place::Server(_, id)) => {
            let (serial, server) = world.find(&id.to_ascii_lowercase()).ok_or_else(unknown_server)?;
            Ok(Response::json(200, &views::server(&world.name, serial, server)))
        }
        ("DELETE", Place::Server(_, id)) => operations::delete(world, id, now),
        ("POST", Place::Operation(_, name)) => operations::operate(world, name, request, now),
        ("GET", Place::Status(_, id)) => queue::status(world, id, now),
        // Both exist at the provider. The role of these credentials is for power and deletion.
        ("PATCH", Place::Server(..)) | ("POST", Place::Restore(_)) => {
            Err(forbidden("Your role does not allow this operation."))
        }
        _ => Err(method_not_allowed(method)),
    }
}

impl Place {
    fn account(&self) -> Option<&Account> {
        match self {
            Self::Datacenters(account)
            | Self::Datacenter(account, _)
            | Self::Group(account, _)
            | Self::Server(account, _)
            | Self::Restore(account)
            | Self::Operation(account, _)
            | Self::Status(account, _) => Some(account),
            Self::Login | Self::Elsewhere => None,
        }
    }
}

/// A path that is not UTF-8 leads nowhere, and so does one with a slash at its end.
fn place(request: &Request) -> Place {
    if request.path.ends_with('/') {
        return Place::Elsewhere;
    }
    let segments = request.segments().unwrap_or_default();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let account = |alias: &str| Account(alias.to_owned());
    match &segments[..] {
        ["v2", "authentication", "login"] => Place::Login,
        ["v2", "datacenters", alias] => Place::Datacenters(account(alias)),
        ["v2", "datacenters", alias, id] => Place::Datacenter(account(alias), (*id).to_owned()),
        ["v2", "groups", alias, id] => Place::Group(account(alias), (*id).to_owned()),
        ["v2", "servers", alias, id] => Place::Server(account(alias), (*id).to_owned()),
        ["v2", "servers", alias, _, "restore"] => Place::Restore(account(alias)),
        ["v2", "operations", alias, "servers", name] => Place::Operation(account(alias), (*name).to_owned()),
        ["v2", "operations", alias, "status", id] => Place::Status(account(alias), (*id).to_owned()),
        _ => Place::Elsewhere,
    }
}

/// The page has every call say that it takes JSON. What another answer looks like is documented nowhere.
fn takes_json(request: &Request) -> bool {
    let accepted = request.header("accept").unwrap_or_default();
    let mut types = accepted.split(',').map(|one| one.split(';').next().unwrap_or_default().trim());
    types.any(|one| one.eq_ignore_ascii_case("application/json"))
}

fn check(server: &SimServer) -> Result<(), String> {
    let id = server.id.as_deref().ok_or("every server has an id here")?;
    if id.is_empty() || id.chars().any(char::is_uppercase) {
        return Err(format!("id: {id:?} is not in lower case, as ids are here"));
    }
    for (key, value) in &server.attributes {
        let good = match key.as_str() {
            "datacenter" => {
                value.as_str().is_some_and(|id| estate::DATACENTERS.iter().any(|(own, _)| *own == id))
            }
            "group" => value.as_str().is_some_and(estate::is_group_path),
            "power_state" => value.is_null() || value.is_string(),
            "refusal_status" => matches!(value.as_u64(), Some(200 | 400)),
            _ => value.is_boolean(),
        };
        if !good {
            return Err(format!("attributes.{key} cannot be {value}"));
        }
    }
    Ok(())
}
