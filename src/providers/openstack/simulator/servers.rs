//! One server: reading, renaming, deleting it, and what a world may say of one.

use super::envelope::{bad_request, conflict, fault, not_found, object};
use super::states::{self, Phase};
use super::views::{self, View};
use super::{Answer, actions, catalog, envelope, names};
use crate::model::Power;
use crate::simulator::{ConnectionWorld, Effect, Moment, Request, Response, Serial, SimServer};
use serde_json::Value;

const LONGEST_NAME: usize = 255;

/// What can be in a world file.
pub(super) fn check(server: &SimServer) -> Result<(), String> {
    match &server.id {
        Some(id) if names::is_uuid(id) => {}
        _ => return Err("every server has an id here, and it is a UUID in lower case".to_owned()),
    }
    if !is_name(&server.name) {
        let rule = "1 to 255 printable characters, no blank at either end";
        return Err(format!("the name {:?} cannot be given here: {rule}", server.name));
    }
    for (key, value) in &server.attributes {
        let good = match key.as_str() {
            states::KIND => {
                let asleep = value.as_str().is_some_and(|kind| states::ASLEEP.contains(&kind));
                asleep && server.power == Power::Suspended && server.state.is_none()
            }
            "locked" | "volume_booted" => value.is_boolean(),
            "metadata" => value.as_object().is_some_and(|pairs| pairs.values().all(Value::is_string)),
            "tags" => value.as_array().is_some_and(|words| words.iter().all(Value::is_string)),
            _ => value.is_string(),
        };
        if !good {
            return Err(format!("attributes.{key} cannot be {value} for such a server"));
        }
    }
    Ok(())
}

/// Where Nova is, without project and slash.
pub(super) fn compute_url(world: &ConnectionWorld, request: &Request) -> String {
    format!("{}/{}", envelope::here(world, request), catalog::COMPUTE)
}

/// The server of that id. Where its cell cannot be reached nothing can be said of it.
pub(super) fn reachable<'a>(world: &'a ConnectionWorld, id: &str) -> Answer<(Serial, &'a SimServer)> {
    let (serial, server) = known(world, id)?;
    if states::is_unreachable(server) {
        let cell = "Cell 8a3f1b5e-0e5c-4f0e-9d3e-5f1f4a1c2d3b is not responding and hence instance info is not available.";
        return Err(fault(500, cell));
    }
    Ok((serial, server))
}

fn known<'a>(world: &'a ConnectionWorld, id: &str) -> Answer<(Serial, &'a SimServer)> {
    world.find(id).ok_or_else(|| not_found(&format!("Instance {id} could not be found.")))
}

pub(super) fn is_locked(server: &SimServer) -> bool {
    server.attributes.get("locked").and_then(Value::as_bool).unwrap_or(false)
}

/// Refuses what a lock forbids.
pub(super) fn unlocked(id: &str, server: &SimServer) -> Answer<()> {
    if is_locked(server) { Err(conflict(&format!("Instance {id} is locked"))) } else { Ok(()) }
}

pub(super) fn show(world: &ConnectionWorld, id: &str, view: &View) -> Answer<Response> {
    let (_, server) = known(world, id)?;
    if states::is_unreachable(server) && view.shows_unreachable() {
        return Ok(views::one_unreachable(server, view));
    }
    let (serial, server) = reachable(world, id)?;
    Ok(views::one(serial, server, view, views::Depth::Full))
}

/// Possible at any time, even for a locked or busy server.
pub(super) fn rename(
    world: &mut ConnectionWorld,
    id: &str,
    request: &Request,
    view: &View,
    now: Moment,
) -> Answer<Response> {
    let name = new_name(request)?;
    let (serial, _) = reachable(world, id)?;
    world.apply(serial, &Effect::Rename(name), now);
    let (serial, server) = known(world, id)?;
    Ok(views::one(serial, server, view, view.after_a_change()))
}

/// A second one while the first is at work is fine.
pub(super) fn delete(world: &mut ConnectionWorld, id: &str, now: Moment) -> Answer<Response> {
    let (serial, server) = reachable(world, id)?;
    unlocked(id, server)?;
    if Phase::of(server).task_state == Some(actions::DELETING) {
        return Ok(Response::empty(204));
    }
    Ok(actions::take(world, serial, &actions::DELETE, 204, now))
}

/// The name in `{"server": {"name": "…"}}`.
fn new_name(request: &Request) -> Answer<String> {
    let body = object(request)?;
    let server = body.get("server").and_then(Value::as_object);
    let (Some(server), 1) = (server, body.len()) else {
        return Err(bad_request(
            "Invalid input for field/attribute server. A server and nothing else is expected.",
        ));
    };
    if let Some(extra) = server.keys().find(|key| *key != "name") {
        let text = format!(
            "Invalid input for field/attribute server. Additional properties are not allowed ('{extra}' was unexpected)"
        );
        return Err(bad_request(&text));
    }
    match server.get("name").and_then(Value::as_str) {
        Some(name) if is_name(name) => Ok(name.to_owned()),
        _ => Err(bad_request("Invalid input for field/attribute name.")),
    }
}

fn is_name(name: &str) -> bool {
    let blank = |c: Option<char>| c.is_some_and(char::is_whitespace);
    (1..=LONGEST_NAME).contains(&name.chars().count())
        && name.chars().all(is_printable)
        && !blank(name.chars().next())
        && !blank(name.chars().next_back())
}

/// What shows, blanks included: no controls, line ends, invisible marks or private characters.
fn is_printable(c: char) -> bool {
    let hidden = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}'
        | '\u{e0000}'..='\u{10ffff}');
    !c.is_control() && !hidden
}
