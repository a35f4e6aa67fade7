//! `POST /servers/{id}/action`: what can be done to a server, and when.

use super::envelope::{self, bad_request, conflict, object};
use super::servers::{reachable, unlocked};
use super::states::{ASLEEP, KIND, KIND_BEFORE, Phase};
use super::{Answer, names};
use crate::model::Power;
use crate::simulator::{ConnectionWorld, Effect, Moment, Order, Request, Response, Serial, SimServer};
use serde_json::Value;

pub(super) const DELETING: &str = "deleting";

/// One thing that can be done to a server.
pub(super) struct Verb {
    /// What refusals and the history call it.
    name: &'static str,
    /// The `vm_state`s from which it can be done.
    from: &'static [&'static str],
    /// The `task_state`s, beside none, during which it can be done.
    during: &'static [&'static str],
    /// The `task_state` until it is done.
    task: &'static str,
    effect: Effect,
    /// The `vm_state` it leads to, where power does not say.
    kind: Option<&'static str>,
}

const START: Verb = Verb {
    name: "start",
    from: &["stopped"],
    during: &[],
    task: "powering-on",
    effect: Effect::Power(Power::On),
    kind: None,
};
const STOP: Verb = Verb {
    name: "stop",
    from: &["active", "error"],
    task: "powering-off",
    effect: Effect::Power(Power::Off),
    ..START
};
const SOFT_REBOOT: Verb =
    Verb { name: "reboot", from: &["active"], task: "rebooting", effect: Effect::Reboot, ..START };
const HARD_REBOOT: Verb = Verb {
    from: &["active", "stopped", "paused", "suspended", "error"],
    during: &[
        "rebooting",
        "reboot_pending",
        "reboot_started",
        "rebooting_hard",
        "pausing",
        "unpausing",
        "suspending",
        "resuming",
    ],
    task: "rebooting_hard",
    ..SOFT_REBOOT
};
const PAUSE: Verb = Verb {
    name: "pause",
    from: &["active"],
    task: "pausing",
    effect: Effect::Power(Power::Suspended),
    kind: Some("paused"),
    ..START
};
const UNPAUSE: Verb = Verb { name: "unpause", from: &["paused"], task: "unpausing", ..START };
const SUSPEND: Verb = Verb { name: "suspend", task: "suspending", kind: Some("suspended"), ..PAUSE };
const RESUME: Verb = Verb { name: "resume", from: &["suspended"], task: "resuming", ..START };
const SHELVE: Verb = Verb {
    name: "shelve",
    from: &["active", "stopped", "paused", "suspended"],
    task: "shelving",
    kind: Some("shelved"),
    ..PAUSE
};
const UNSHELVE: Verb =
    Verb { name: "unshelve", from: &["shelved", "shelved_offloaded"], task: "unshelving", ..START };
/// Possible from anywhere; it is not in the table of actions.
pub(super) const DELETE: Verb =
    Verb { name: "delete", from: &[], task: DELETING, effect: Effect::Delete, ..START };

/// What a body asks for.
enum Asked {
    Do(Verb),
    Lock(bool),
}

pub(super) fn act(world: &mut ConnectionWorld, id: &str, request: &Request, now: Moment) -> Answer<Response> {
    let asked = read(request)?;
    let (serial, server) = reachable(world, id)?;
    match asked {
        Asked::Lock(locked) => {
            world.set_attribute(serial, "locked", Value::Bool(locked));
            Ok(Response::empty(202))
        }
        Asked::Do(verb) => {
            unlocked(id, server)?;
            possible(id, server, &verb)?;
            Ok(take(world, serial, &verb, 202, now))
        }
    }
}

fn read(request: &Request) -> Answer<Asked> {
    let body = object(request)?;
    let mut members = body.iter();
    let (Some((key, value)), None) = (members.next(), members.next()) else {
        return Err(bad_request("Malformed request body"));
    };
    let asked = match key.as_str() {
        "os-start" => Asked::Do(START),
        "os-stop" => Asked::Do(STOP),
        "pause" => Asked::Do(PAUSE),
        "unpause" => Asked::Do(UNPAUSE),
        "suspend" => Asked::Do(SUSPEND),
        "resume" => Asked::Do(RESUME),
        "shelve" => Asked::Do(SHELVE),
        "unshelve" => Asked::Do(UNSHELVE),
        "lock" => Asked::Lock(true),
        "unlock" => Asked::Lock(false),
        "reboot" => return reboot(value).map(Asked::Do),
        _ => return Err(bad_request(&format!("There is no such action: {key}"))),
    };
    if value.is_null() {
        Ok(asked)
    } else {
        Err(bad_request(&format!("Invalid input for field/attribute {key}. It takes null.")))
    }
}

fn reboot(value: &Value) -> Answer<Verb> {
    let only = value.as_object().filter(|members| members.len() == 1);
    match only.and_then(|members| members.get("type")).and_then(Value::as_str) {
        Some("SOFT") => Ok(SOFT_REBOOT),
        Some("HARD") => Ok(HARD_REBOOT),
        _ => Err(bad_request("Invalid input for field/attribute reboot. It takes a type: SOFT or HARD.")),
    }
}

/// The `vm_state` is looked at first.
fn possible(id: &str, server: &SimServer, verb: &Verb) -> Answer<()> {
    let Phase { vm_state, task_state } = Phase::of(server);
    let refused = |what: &str, word: &str| Err(cannot(verb.name, id, what, word));
    match task_state {
        _ if !verb.from.contains(&vm_state) => refused("vm_state", vm_state),
        Some(task) if !verb.during.contains(&task) => refused("task_state", task),
        _ => Ok(()),
    }
}

fn cannot(name: &str, id: &str, what: &str, word: &str) -> Response {
    conflict(&format!("Cannot '{name}' instance {id} while it is in {what} {word}"))
}

/// What is answered when nothing is possible just now.
pub(super) fn not_now(id: &str) -> Response {
    cannot("update", id, "task_state", "image_snapshot")
}

/// Accepts it. Which of the sleeping states it leads to, and comes from, is kept with the server, because its power
/// does not tell them apart.
pub(super) fn take(
    world: &mut ConnectionWorld,
    serial: Serial,
    verb: &Verb,
    status: u16,
    now: Moment,
) -> Response {
    let before = world.server(serial).map(|server| Phase::of(server).vm_state.to_owned());
    let before = before.filter(|vm_state| ASLEEP.contains(&vm_state.as_str()));
    let order = Order { effect: verb.effect.clone(), word: Some(verb.task), job: Some(verb.name) };
    let job = world.accept(serial, &order, now);
    let pending = world.server(serial).and_then(|server| server.pending.as_ref());
    let fails = pending.is_some_and(|pending| pending.fails.is_some());
    let stays = fails || verb.effect == Effect::Delete;
    let after = if stays { before.clone() } else { verb.kind.map(str::to_owned) };
    world.set_attribute(serial, KIND, after.map_or(Value::Null, Value::from));
    world.set_attribute(serial, KIND_BEFORE, before.map_or(Value::Null, Value::from));
    let id = names::request_id(&world.name, "job", job.unwrap_or_default());
    Response::empty(status).with_header(envelope::REQUEST_ID, id)
}
