//! Power operations and deletion: taken per server, carried out by the queue.

use super::answers::{bad_request, forbidden, missing, unknown_server};
use super::views::{self, Link};
use super::{Answer, access, queue};
use crate::model::Power;
use crate::simulator::{ConnectionWorld, Effect, Moment, Order, Request, Response, Serial, SimServer};
use serde::Serialize;
use serde_json::Value;

const REFUSED: &str =
    "The operation cannot be queued because the server cannot be found or it is not in a valid state.";
const ALREADY: &str = "The server already in desired state.";

/// What becomes of one server of a request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    server: String,
    is_queued: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    links: Option<[Link; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'static str>,
}

/// What an operation means for a server as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Take(Effect),
    /// It is so already, and the answer says so.
    Already,
    /// It is so already, and the answer gives no reason.
    AlreadyUnsaid,
    Refuse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    PowerOn,
    PowerOff,
    ShutDown,
    Pause,
    Reboot,
    Reset,
}

impl Operation {
    /// Names are exact to the case. Those that the role of these credentials has no right to exist all the same.
    fn named(name: &str) -> Answer<Self> {
        match name {
            "powerOn" => Ok(Self::PowerOn),
            "powerOff" => Ok(Self::PowerOff),
            "shutDown" => Ok(Self::ShutDown),
            "pause" => Ok(Self::Pause),
            "reboot" => Ok(Self::Reboot),
            "reset" => Ok(Self::Reset),
            "archive" | "startMaintenance" | "stopMaintenance" => {
                Err(forbidden("Your role does not allow this operation."))
            }
            _ => Err(missing()),
        }
    }

    fn verdict(self, power: Power) -> Verdict {
        let to = |power| Verdict::Take(Effect::Power(power));
        match (self, power) {
            (Self::PowerOn, Power::On) => Verdict::AlreadyUnsaid,
            (Self::PowerOn, _) => to(Power::On),
            (Self::PowerOff | Self::ShutDown, Power::Off) | (Self::Pause, Power::Suspended) => {
                Verdict::Already
            }
            (Self::PowerOff, _) | (Self::ShutDown, Power::On) => to(Power::Off),
            (Self::Pause, Power::On) => to(Power::Suspended),
            (Self::Reboot | Self::Reset, Power::On) => Verdict::Take(Effect::Reboot),
            // No guest runs in a paused server that could shut it down, and none in a stopped one to be paused.
            (Self::ShutDown | Self::Reboot | Self::Reset, _) | (Self::Pause, Power::Off) => Verdict::Refuse,
        }
    }

    /// Whether it needs a guest that helps.
    fn is_graceful(self) -> bool {
        self == Self::ShutDown
    }
}

/// `POST /v2/operations/{account}/servers/{operation}`
pub(super) fn operate(
    world: &mut ConnectionWorld,
    name: &str,
    request: &Request,
    now: Moment,
) -> Answer<Response> {
    let operation = Operation::named(name)?;
    let ids = ids(request)?;
    let mut entries: Vec<Entry> = ids.iter().map(|id| queue_one(world, id, name, operation, now)).collect();
    // In no promised order: a client has to go by the ids.
    entries.reverse();
    Ok(Response::json(status_of(world, &entries), &entries))
}

/// The provider has been met with 400 for what it refuses as a whole; a server may ask for that.
fn status_of(world: &ConnectionWorld, entries: &[Entry]) -> u16 {
    let asks = |entry: &Entry| {
        let found = world.find(&entry.server);
        found.is_some_and(|(_, server)| server.attributes.get("refusal_status") == Some(&Value::from(400)))
    };
    let refused = entries.iter().all(|entry| entry.error_message == Some(REFUSED));
    if refused && entries.iter().any(asks) { 400 } else { 200 }
}

fn queue_one(
    world: &mut ConnectionWorld,
    asked: &str,
    name: &str,
    operation: Operation,
    now: Moment,
) -> Entry {
    let id = asked.to_ascii_lowercase();
    let Some((serial, server)) = world.find(&id) else { return refused(id, Some(REFUSED)) };
    let odd = views::flag(server, "template") || server.attributes.contains_key("power_state");
    if server.is_busy() || views::status(server) != "active" || odd {
        return refused(id, Some(REFUSED));
    }
    let in_vain = operation.is_graceful() && views::flag(server, "no_guest");
    match operation.verdict(server.power) {
        Verdict::Take(effect) => {
            taken(world, serial, &Order { effect, word: None, job: Some(name) }, in_vain, now)
        }
        Verdict::Already => refused(id, Some(ALREADY)),
        Verdict::AlreadyUnsaid => refused(id, None),
        Verdict::Refuse => refused(id, Some(REFUSED)),
    }
}

/// `DELETE /v2/servers/{account}/{id}`: one entry, not a list of one.
pub(super) fn delete(world: &mut ConnectionWorld, asked: &str, now: Moment) -> Answer<Response> {
    let id = asked.to_ascii_lowercase();
    let (serial, server) = world.find(&id).ok_or_else(unknown_server)?;
    if !views::is_deletable(server) {
        let entry = [refused(id, Some(REFUSED))];
        let [only] = &entry;
        return Ok(Response::json(status_of(world, &entry), only));
    }
    let order = Order { effect: Effect::Delete, word: Some("queuedForDelete"), job: Some("delete") };
    Ok(Response::json(202, &taken(world, serial, &order, false, now)))
}

/// The answer to an operation that is not possible now, for every server of the request.
pub(super) fn refuse_all(request: &Request) -> Response {
    let entries = ids(request).map(|ids| {
        let refused = |id: &String| refused(id.to_ascii_lowercase(), Some(REFUSED));
        ids.iter().rev().map(refused).collect::<Vec<_>>()
    });
    entries.map_or_else(|refusal| refusal, |entries| Response::json(200, &entries))
}

/// The answer to a deletion that is not possible now.
pub(super) fn refuse_delete(id: &str) -> Response {
    Response::json(200, &refused(id.to_ascii_lowercase(), Some(REFUSED)))
}

/// A bare list of ids, and nothing but a list.
fn ids(request: &Request) -> Answer<Vec<String>> {
    let body = access::json_body(request)?;
    let ids: Vec<String> = serde_json::from_value(body)
        .map_err(|_| bad_request("The request body must be an array of server ids."))?;
    if ids.is_empty() {
        return Err(bad_request("At least one server id is expected."));
    }
    Ok(ids)
}

fn refused(server: String, error_message: Option<&'static str>) -> Entry {
    Entry { server, is_queued: false, links: None, error_message }
}

fn taken(
    world: &mut ConnectionWorld,
    serial: Serial,
    order: &Order<'_>,
    in_vain: bool,
    now: Moment,
) -> Entry {
    let id = world.server(serial).and_then(|server: &SimServer| server.id.clone()).unwrap_or_default();
    let number = if in_vain {
        world.accept_in_vain(serial, order, "the guest did not shut down", now)
    } else {
        world.accept(serial, order, now)
    };
    let links = number.map(|number| [queue::link(&world.name, &id, number)]);
    Entry { server: id, is_queued: true, links, error_message: None }
}
