//! The other side of the `FlexCloud` wire, written from the provider's page alone. Where the page leaves a choice,
//! the stricter one is taken: clients must cope with it.

mod faults;
mod requests;
mod views;

use crate::simulator::{
    ConnectionWorld, Effect, Face, Moment, Order, Request, Response, Serial, SimServer, path_segment,
};
use base64::Engine as _;
use faults::{bad_request, conflict, forbidden, method_not_allowed, not_found, unauthorized};
use requests::{Action, ListQuery, Parsed};
use std::collections::BTreeMap;

/// The wire face of `hostway`.
#[derive(Clone, Copy, Debug)]
pub struct FlexCloud;

/// The face, for the table of providers.
pub const FACE: &dyn Face = &FlexCloud;

/// Where the paths of a request lead, account taken off.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Servers,
    Detail,
    Server(String),
    Action(String),
    Elsewhere,
}

/// Which of the two path styles a request used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// `/servers`
    Short,
    /// `/accounts/{accountId}/flexcloud/servers`
    Long,
}

impl Face for FlexCloud {
    fn type_name(&self) -> &'static str {
        "hostway"
    }

    fn base_path(&self, connection: &str) -> String {
        format!("/{}", path_segment(connection))
    }

    fn settings(&self, connection: &str, base_url: &str) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("endpoint".to_owned(), base_url.to_owned()),
            ("username".to_owned(), username(connection)),
            ("password".to_owned(), password(connection)),
        ])
    }

    fn new_id(&self, connection: &str, ordinal: u64) -> String {
        format!("{}-AUS001-{ordinal:04}", username(connection))
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["zone"]
    }

    fn check(&self, server: &SimServer) -> Result<(), String> {
        if server.id.is_none() {
            return Err("every server has an id here".to_owned());
        }
        match server.attributes.get("zone") {
            Some(zone) if !zone.is_string() => Err("attributes.zone is a text".to_owned()),
            _ => Ok(()),
        }
    }

    fn route(&self, request: &Request) -> &'static str {
        let Some((style, _, place)) = place(request) else { return "(other)" };
        match (style, place) {
            (Style::Short, Place::Servers) => "/servers",
            (Style::Short, Place::Detail) => "/servers/detail",
            (Style::Short, Place::Server(_)) => "/servers/{id}",
            (Style::Short, Place::Action(_)) => "/servers/{id}/action",
            (Style::Long, Place::Servers) => "/accounts/{account}/flexcloud/servers",
            (Style::Long, Place::Detail) => "/accounts/{account}/flexcloud/servers/detail",
            (Style::Long, Place::Server(_)) => "/accounts/{account}/flexcloud/servers/{id}",
            (Style::Long, Place::Action(_)) => "/accounts/{account}/flexcloud/servers/{id}/action",
            (_, Place::Elsewhere) => "(other)",
        }
    }

    fn handle(&self, world: &mut ConnectionWorld, request: &Request, now: Moment) -> Response {
        answer(world, request, now).unwrap_or_else(|refusal| refusal)
    }

    fn refuse(&self, _request: &Request) -> Response {
        busy()
    }
}

fn answer(world: &mut ConnectionWorld, request: &Request, now: Moment) -> Parsed<Response> {
    if !authorized(&world.name, request) {
        return Err(unauthorized());
    }
    let (style, account, place) = place(request).ok_or_else(|| bad_request("the path is not UTF-8"))?;
    if account.is_some_and(|account| account != account_id(&world.name)) {
        return Err(not_found("no such account"));
    }
    match (request.method.as_str(), place) {
        ("GET", Place::Servers) => list(world, request, style, Depth::Ids),
        ("GET", Place::Detail) => list(world, request, style, Depth::Detail),
        ("GET", Place::Server(id)) => {
            let (serial, server) = world.find(&id).ok_or_else(unknown)?;
            Ok(views::one(serial, server, style, &account_id(&world.name)))
        }
        ("PUT", Place::Server(id)) => rename(world, &id, request, now),
        ("DELETE", Place::Server(id)) => delete(world, &id, now),
        ("POST", Place::Action(id)) => act(world, &id, request, now),
        (_, Place::Elsewhere) => Err(unknown()),
        _ => Err(method_not_allowed("the method is not supported here")),
    }
}

/// How much a list tells.
#[derive(Clone, Copy)]
enum Depth {
    Ids,
    Detail,
}

fn username(connection: &str) -> String {
    format!("sim-{connection}")
}

fn password(connection: &str) -> String {
    format!("sim-{connection}-password")
}

/// The account that the credentials belong to, for the long path style.
fn account_id(connection: &str) -> String {
    format!("sim-{connection}-account")
}

fn authorized(connection: &str, request: &Request) -> bool {
    let pair = format!("{}:{}", username(connection), password(connection));
    let expected = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
    request.header("authorization") == Some(expected.as_str())
}

/// Style, account and place. `None` where the path is not UTF-8.
fn place(request: &Request) -> Option<(Style, Option<String>, Place)> {
    let segments = request.segments()?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (style, account, rest) = match &segments[..] {
        ["accounts", account, "flexcloud", rest @ ..] => (Style::Long, Some((*account).to_owned()), rest),
        rest => (Style::Short, None, rest),
    };
    let place = match rest {
        ["servers"] => Place::Servers,
        ["servers", "detail"] => Place::Detail,
        ["servers", id] => Place::Server((*id).to_owned()),
        ["servers", id, "action"] => Place::Action((*id).to_owned()),
        _ => Place::Elsewhere,
    };
    Some((style, account, place))
}

fn list(world: &ConnectionWorld, request: &Request, style: Style, depth: Depth) -> Parsed<Response> {
    let query = ListQuery::parse(request, style)?;
    let found = world.servers().filter(|(_, server)| query.wants(server));
    let account = account_id(&world.name);
    Ok(match depth {
        Depth::Ids => views::ids(found, style, &account),
        Depth::Detail => views::details(found, style, &account),
    })
}

fn unknown() -> Response {
    not_found("The resource could not be found.")
}

fn busy() -> Response {
    conflict("another status change is in progress")
}

fn rename(world: &mut ConnectionWorld, id: &str, request: &Request, now: Moment) -> Parsed<Response> {
    let (serial, server) = world.find(id).ok_or(Response::empty(404))?;
    let name = requests::new_name(request)?;
    if server.is_busy() {
        return Err(busy());
    }
    world.apply(serial, &Effect::Rename(name), now);
    Ok(Response::empty(204))
}

fn delete(world: &mut ConnectionWorld, id: &str, now: Moment) -> Parsed<Response> {
    let (serial, server) = world.find(id).ok_or(Response::empty(404))?;
    if server.is_busy() || !matches!(views::status(server), "ACTIVE" | "STOPPED" | "SUSPENDED") {
        return Err(busy());
    }
    Ok(take(world, serial, Effect::Delete, now))
}

fn act(world: &mut ConnectionWorld, id: &str, request: &Request, now: Moment) -> Parsed<Response> {
    let (serial, server) = world.find(id).ok_or_else(unknown)?;
    let action = Action::parse(request)?;
    if server.is_busy() {
        return Err(busy());
    }
    match (action, views::status(server)) {
        (Action::Resize, _) => Err(forbidden("resizing is not allowed for this account")),
        (Action::Start, "STOPPED") | (Action::Stop | Action::Reboot, "ACTIVE") => {
            Ok(take(world, serial, action.effect(), now))
        }
        (_, status) => Err(conflict(&format!("not possible while the server is {status}"))),
    }
}

fn take(world: &mut ConnectionWorld, serial: Serial, effect: Effect, now: Moment) -> Response {
    world.accept(serial, &Order { effect, word: Some("PROCESSING"), job: None }, now);
    Response::empty(202)
}
