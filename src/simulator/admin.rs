//! `/_sim/…`: looking at the world and changing it behind the clients' backs. Loopback only, as everything here.

use super::shared::Shared;
use super::stats::{Stats, world_json};
use super::{Error, Moment, Request, Response, Rule, SESSIONS};
use serde_json::{Value, json};

/// Answers a request for the simulator itself.
pub(super) fn answer(shared: &Shared, request: &Request) -> Response {
    let Some(segments) = request.segments() else { return problem(400, "the path is not UTF-8") };
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (request.method.as_str(), &segments[..]) {
        ("GET", ["_sim", "stats"]) => Response::json(200, &stats(shared)),
        ("GET", ["_sim", "world"]) => Response::new(200, "application/json", world(shared)),
        ("POST", ["_sim", "servers", connection, id]) => done(|| {
            let patch = body(request)?;
            patch_server(shared, connection, id, patch)
        }),
        ("POST", ["_sim", "faults"]) => done(|| add_fault(shared, body(request)?)),
        ("DELETE", ["_sim", "sessions", connection]) => done(|| end_sessions(shared, connection)),
        (_, ["_sim", "stats" | "world" | "faults"] | ["_sim", "servers", _, _] | ["_sim", "sessions", _]) => {
            problem(405, "not with this method")
        }
        _ => problem(
            404,
            "there are: GET stats, GET world, POST servers/{connection}/{id}, POST faults, DELETE sessions/{connection}",
        ),
    }
}

/// The counts, with everything that is due having happened.
pub(super) fn stats(shared: &Shared) -> Stats {
    let mut state = shared.state();
    state.settle(Moment::now());
    Stats::of(&state)
}

/// The servers as JSON bytes, with everything that is due having happened.
pub(super) fn world(shared: &Shared) -> Vec<u8> {
    let mut state = shared.state();
    state.settle(Moment::now());
    world_json(&state)
}

/// Changes a server; what is due on it happens before.
pub(super) fn patch_server(shared: &Shared, connection: &str, id: &str, patch: Value) -> Result<(), Error> {
    let mut state = shared.state();
    state.settle(Moment::now());
    state.patch(connection, id, patch)
}

/// Ends all sessions of a connection's clients.
pub(super) fn end_sessions(shared: &Shared, connection: &str) -> Result<(), Error> {
    let mut state = shared.state();
    let world = state.connections.get_mut(connection);
    let world = world.ok_or_else(|| Error::Change(format!("there is no connection {connection:?}")))?;
    world.memory.remove(SESSIONS);
    Ok(())
}

/// Adds a rule behind the others.
pub(super) fn add_fault(shared: &Shared, rule: Value) -> Result<(), Error> {
    let rule = Rule::read(rule, "fault")?;
    let mut state = shared.state();
    state.check_rule(&rule, "fault")?;
    state.rules.push(rule);
    Ok(())
}

fn body(request: &Request) -> Result<Value, Error> {
    serde_json::from_slice(&request.body).map_err(|error| Error::Change(error.to_string()))
}

fn done(change: impl FnOnce() -> Result<(), Error>) -> Response {
    match change() {
        Ok(()) => Response::json(200, &json!({ "ok": true })),
        Err(error) => problem(400, &error.to_string()),
    }
}

fn problem(status: u16, message: &str) -> Response {
    Response::json(status, &json!({ "error": message }))
}
