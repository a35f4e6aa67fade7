//! `grid/server/…`: lists, selectors, power, editing and deletion.

use super::params::Params;
use super::{Answer, options, views};
use crate::model::Power;
use crate::simulator::{ConnectionWorld, Effect, Moment, Order, Response, Serial, SimServer};
use serde_json::Value;

/// From this version on a list without `num_items` is a first page of so many.
const PAGED_BY_DEFAULT: (u8, usize) = (7, 100);

const NOTHING: &str = "No object found that matches your input criteria.";

/// What can be in a world file.
pub(super) fn check(server: &SimServer) -> Result<(), String> {
    if server.id.as_ref().is_some_and(|id| id.parse::<u64>().map(|n| n.to_string()).as_ref() != Ok(id)) {
        return Err("ids are whole numbers here".to_owned());
    }
    if server.power == Power::Suspended {
        return Err("nothing can be suspended here: power is on or off".to_owned());
    }
    for (key, value) in &server.attributes {
        let good = match key.as_str() {
            "description" => value.is_string(),
            "isSandbox" => value.is_boolean(),
            _ => value.is_u64(),
        };
        if !good {
            return Err(format!("attributes.{key} cannot be {value}"));
        }
    }
    Ok(())
}

pub(super) fn list(world: &ConnectionWorld, params: &Params) -> Answer<Response> {
    let (from, items) = PAGED_BY_DEFAULT;
    let page = params.page((params.minor() >= from).then_some(items), world.manner.page_size)?;
    let kind = params.choice("server.type", options::TYPES)?;
    let datacenter = params.choice("datacenter", options::DATACENTERS)?;
    let sandbox = params.flag("isSandbox")?;
    let minor = params.minor();
    let shown = |(serial, server)| views::server(serial, server, minor);
    if kind.is_none() && datacenter.is_none() && sandbox.is_none() {
        return Ok(views::paged(params.method(), page, world.len(), world.servers(), shown));
    }
    let wanted = |(_, server): &(Serial, &SimServer)| {
        kind.is_none_or(|id| views::number(server, "server.type", 1) == id)
            && datacenter.is_none_or(|id| views::number(server, "datacenter", 1) == id)
            && sandbox.is_none_or(|flag| views::is_sandbox(server) == flag)
    };
    let total = world.servers().filter(wanted).count();
    Ok(views::paged(params.method(), page, total, world.servers().filter(wanted), shown))
}

pub(super) fn get(world: &ConnectionWorld, params: &Params) -> Answer<Response> {
    let found = select(world, params)?;
    let servers = found.iter().filter_map(|serial| Some((*serial, world.server(*serial)?)));
    let shown = servers.map(|(serial, server)| views::server(serial, server, params.minor()));
    // The documented samples name the list method here.
    Ok(views::all("/grid/server/list", found.len(), shown))
}

pub(super) fn power(world: &mut ConnectionWorld, params: &Params, now: Moment) -> Answer<Response> {
    let serial = select_one(world, params)?;
    let missing = || params.illegal("Missing required parameter 'power'.");
    let (needs, meanwhile, effect) = match params.optional("power")?.ok_or_else(missing)? {
        "on" | "start" => (options::OFF, "Starting", Effect::Power(Power::On)),
        "off" | "stop" => (options::ON, "Stopping", Effect::Power(Power::Off)),
        "cycle" | "restart" => (options::ON, "Restarting", Effect::Reboot),
        other => return Err(params.illegal(&format!("The parameter 'power' has no option '{other}'."))),
    };
    let job = match effect {
        Effect::Power(Power::On) => "PowerOnVirtualServer",
        Effect::Power(_) => "PowerOffVirtualServer",
        _ => "PowerCycleVirtualServer",
    };
    let server = idle(world, params, serial)?;
    let state = views::state(server);
    if state.id != needs {
        return Err(params.illegal(&format!("Not possible: the server is in the state '{}'.", state.name)));
    }
    Ok(taken(world, params, serial, &Order { effect, word: Some(meanwhile), job: Some(job) }, now))
}

pub(super) fn delete(world: &mut ConnectionWorld, params: &Params, now: Moment) -> Answer<Response> {
    let serial = select_one(world, params)?;
    let state = views::state(idle(world, params, serial)?);
    if !matches!(state.id, options::ON | options::OFF) {
        return Err(params.illegal(&format!("Not possible: the server is in the state '{}'.", state.name)));
    }
    let order = Order { effect: Effect::Delete, word: None, job: Some("DeleteVirtualServer") };
    Ok(taken(world, params, serial, &order, now))
}

pub(super) fn edit(world: &mut ConnectionWorld, params: &Params) -> Answer<Response> {
    let serial = select_one(world, params)?;
    let description = params.optional("description")?.map(Value::from);
    let ram = params.choice("server.ram", options::RAMS)?.map(Value::from);
    let kind = params.choice("server.type", options::TYPES)?.map(Value::from);
    if description.is_none() && ram.is_none() && kind.is_none() {
        return Err(params.illegal("Nothing to edit: description, server.ram or server.type is needed."));
    }
    idle(world, params, serial)?;
    for (key, value) in [("description", description), ("server.ram", ram), ("server.type", kind)] {
        if let Some(value) = value {
            world.set_attribute(serial, key, value);
        }
    }
    Ok(shown(world, params, serial))
}

/// Queues it and answers the server as it was.
fn taken(
    world: &mut ConnectionWorld,
    params: &Params,
    serial: Serial,
    order: &Order<'_>,
    now: Moment,
) -> Response {
    let answer = shown(world, params, serial);
    world.accept(serial, order, now);
    answer
}

fn shown(world: &ConnectionWorld, params: &Params, serial: Serial) -> Response {
    let server = world.server(serial).map(|server| views::server(serial, server, params.minor()));
    views::all(params.method(), 1, server.into_iter())
}

fn idle<'a>(world: &'a ConnectionWorld, params: &Params, serial: Serial) -> Answer<&'a SimServer> {
    let server = world.server(serial).ok_or_else(|| params.illegal(NOTHING))?;
    if server.is_busy() {
        return Err(params.illegal("The server has a change request that is not finished."));
    }
    Ok(server)
}

fn select_one(world: &ConnectionWorld, params: &Params) -> Answer<Serial> {
    match select(world, params)?[..] {
        [one] if ["id", "name", "server"].iter().filter_map(|key| params.single(key)).count() == 1 => Ok(one),
        _ => Err(params.illegal("Exactly one server must be selected.")),
    }
}

/// The servers meant by the one kind of selector that is given; what is not found is left out, nothing at all is a
/// refusal.
fn select(world: &ConnectionWorld, params: &Params) -> Answer<Vec<Serial>> {
    let kinds: Vec<&str> = ["id", "name", "server"].into_iter().filter(|key| params.has(key)).collect();
    let [kind] = kinds[..] else {
        return Err(params.illegal("Exactly one of the parameters 'id', 'name', 'server' is needed."));
    };
    let mut found = Vec::new();
    for text in params.all(kind) {
        let by_id = world.find(text).map(|(serial, _)| serial).filter(|_| kind != "name");
        // Without an id no call can address a server.
        let addressable =
            world.servers().filter(|(_, server)| kind != "id" && server.id.is_some() && server.name == text);
        let mut matching: Vec<Serial> =
            by_id.into_iter().chain(addressable.map(|(serial, _)| serial)).collect();
        matching.dedup();
        match matching[..] {
            [] => {}
            [one] => found.push(one),
            _ => return Err(params.illegal(&format!("More than one server matches '{text}'."))),
        }
    }
    if found.is_empty() { Err(params.illegal(NOTHING)) } else { Ok(found) }
}
