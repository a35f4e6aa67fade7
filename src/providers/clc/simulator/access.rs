//! Logging in, and the tokens that come of it.

use super::Answer;
use super::answers::{bad_request, not_recognised, unauthorized, unsupported_media_type};
use super::estate::HOME;
use crate::simulator::{ConnectionWorld, Moment, Request, Response, SESSIONS};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// How long a token lives.
const TWO_WEEKS: Duration = Duration::from_hours(14 * 24);

/// How long the tokens of the `-short` user live.
const SHORT: Duration = Duration::from_secs(1);

/// How many logins there were, so that no two tokens are alike.
const LOGINS: &str = "logins";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Login {
    user_name: String,
    account_alias: String,
    location_alias: String,
    roles: [&'static str; 1],
    bearer_token: String,
}

/// A few letters, as aliases are. Only this connection's own has to be known.
pub(super) fn alias(connection: &str) -> String {
    let letters = connection.chars().filter(char::is_ascii_alphanumeric);
    letters.chain("SIM".chars()).take(4).collect::<String>().to_ascii_uppercase()
}

pub(super) fn username(connection: &str) -> String {
    format!("simulated-{connection}-user")
}

pub(super) fn password(connection: &str) -> String {
    format!("simulated-{connection}-password")
}

/// Gives out a token. Wrong credentials are a bad request here, as the page has it.
pub(super) fn login(world: &mut ConnectionWorld, request: &Request, now: Moment) -> Answer<Response> {
    if request.method != "POST" {
        return Err(super::method_not_allowed(&request.method));
    }
    if request.header("authorization").is_some() {
        return Err(bad_request("A login carries no Authorization header."));
    }
    let (name, given) = credentials(request)?;
    let normal = username(&world.name);
    let life = match name.strip_prefix(&normal) {
        Some("") => TWO_WEEKS,
        Some("-short") => SHORT,
        _ => return Err(not_recognised()),
    };
    if given != password(&world.name) {
        return Err(not_recognised());
    }
    let bearer_token = new_token(world, &name, now, now.after(life));
    let login = Login {
        user_name: name,
        account_alias: alias(&world.name),
        location_alias: HOME.to_ascii_uppercase(),
        roles: ["AccountAdmin"],
        bearer_token,
    };
    Ok(Response::json(200, &login))
}

/// Whether the request carries a token that is alive.
pub(super) fn check(world: &ConnectionWorld, request: &Request, now: Moment) -> Answer<()> {
    let token = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let ends =
        token.and_then(|token| world.memory.get(SESSIONS)?.get(token)?.as_u64()).ok_or_else(unauthorized)?;
    if now < Moment::from_millis(ends) { Ok(()) } else { Err(unauthorized()) }
}

/// The body of a request that must have one, in JSON.
pub(super) fn json_body(request: &Request) -> Answer<Value> {
    if request.media_type().as_deref() != Some("application/json") {
        return Err(unsupported_media_type());
    }
    serde_json::from_slice(&request.body).map_err(|_| bad_request("The request body is not valid JSON."))
}

fn credentials(request: &Request) -> Answer<(String, String)> {
    let body = json_body(request)?;
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
    match (text("username"), text("password"), body.as_object().map(Map::len)) {
        (Some(username), Some(password), Some(2)) => Ok((username, password)),
        _ => Err(bad_request("A username and a password are expected, and nothing else.")),
    }
}

/// A token in the form of a JWT, remembered until it ends.
fn new_token(world: &mut ConnectionWorld, username: &str, now: Moment, ends: Moment) -> String {
    let number = world.memory.get(LOGINS).and_then(Value::as_u64).unwrap_or(0) + 1;
    world.memory.insert(LOGINS.to_owned(), number.into());
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(&json!({ "typ": "JWT", "alg": "HS256" }));
    let claims = part(&json!({
        "unique_name": username, "jti": number, "nbf": now.seconds(), "exp": ends.seconds(),
    }));
    let seal = URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{head}.{claims}.{}", world.name)));
    let token = format!("{head}.{claims}.{seal}");
    let mut live =
        world.memory.remove(SESSIONS).and_then(|value| value.as_object().cloned()).unwrap_or_default();
    live.retain(|_, ends| ends.as_u64().is_some_and(|ends| ends > now.millis()));
    live.insert(token.clone(), ends.millis().into());
    world.memory.insert(SESSIONS.to_owned(), Value::Object(live));
    token
}
