//! The identity service: tokens and projects, with an envelope of its own for what it refuses.

use super::answers::Refusal;
use super::signature::hex;
use super::{Answer, access};
use crate::simulator::{ConnectionWorld, Moment, Request, Response, SESSIONS};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// The region that every simulated project is in; the project is named like it.
pub(super) const REGION: &str = "ap-southeast-1";

/// How long a token lives.
const ONE_DAY: Duration = Duration::from_hours(24);

/// How long the tokens of the `-short` user live.
const SHORT: Duration = Duration::from_secs(1);

/// How many there were, so that no two are alike.
const LOGINS: &str = "logins";

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The project, and so the service.
    Project,
    /// The identity service alone.
    None,
}

/// What is known of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Good(Scope),
    Ended,
    Unknown,
}

pub(super) fn username(connection: &str) -> String {
    format!("simulated-{connection}-user")
}

pub(super) fn password(connection: &str) -> String {
    format!("simulated-{connection}-password")
}

pub(super) fn domain(connection: &str) -> String {
    format!("simulated-{connection}-domain")
}

/// 32 hex digits.
pub(super) fn project_id(connection: &str) -> String {
    made_up("project", connection)
}

fn made_up(what: &str, connection: &str) -> String {
    hex(&Sha256::digest(format!("{what} of {connection}"))[..16])
}

/// `POST /v3/auth/tokens`: the token is in a header of the answer.
pub(super) fn tokens(world: &mut ConnectionWorld, request: &Request, now: Moment) -> Answer<Response> {
    if request.method != "POST" {
        return Err(not_here());
    }
    let body = body(request)?;
    let auth = only(&body, &["auth"]).and_then(|body| only(body.get("auth")?, &["identity", "scope"]));
    let identity = auth.and_then(|auth| only(auth.get("identity")?, &["methods", "password"]));
    let user = identity
        .filter(|identity| identity.get("methods") == Some(&json!(["password"])))
        .and_then(|identity| only(identity.get("password")?, &["user"]))
        .and_then(|password| only(password.get("user")?, &["name", "password", "domain"]))
        .ok_or_else(malformed)?;
    let (user, life) = user_of(&world.name, user).ok_or_else(wrong)?;
    let scope = match auth.and_then(|auth| auth.get("scope")) {
        None => Scope::None,
        Some(scope) => scope_of(&world.name, scope)?,
    };
    let token = remember(world, scope, now, now.after(life));
    let shown = show(&world.name, &user, scope, now, now.after(life));
    Ok(Response::json(201, &shown).with_header("x-subject-token", token))
}

/// The user's name and how long a token for them lives. `None` for wrong credentials.
fn user_of(connection: &str, user: &Map<String, Value>) -> Option<(String, Duration)> {
    let name = user.get("name")?.as_str()?;
    let domain_name = only(user.get("domain")?, &["name"])?.get("name")?.as_str()?;
    let life = match name.strip_prefix(&username(connection))? {
        "" => ONE_DAY,
        "-short" => SHORT,
        _ => return None,
    };
    let good = user.get("password")?.as_str()? == password(connection) && domain_name == domain(connection);
    good.then(|| (name.to_owned(), life))
}

/// A project, by its name or its id, or a domain, which is good for nothing here.
fn scope_of(connection: &str, scope: &Value) -> Answer<Scope> {
    let scope = only(scope, &["project", "domain"]).filter(|scope| scope.len() == 1).ok_or_else(malformed)?;
    let Some(project) = scope.get("project") else { return Ok(Scope::None) };
    let project =
        only(project, &["name", "id"]).filter(|project| project.len() == 1).ok_or_else(malformed)?;
    let is = |key: &str, value: &str| project.get(key).and_then(Value::as_str) == Some(value);
    if is("name", REGION) || is("id", &project_id(connection)) { Ok(Scope::Project) } else { Err(wrong()) }
}

/// What a token is worth at an instant.
pub(super) fn judge(world: &ConnectionWorld, token: &str, now: Moment) -> Token {
    if token == access::static_token(&world.name) {
        return Token::Good(Scope::Project);
    }
    let known = world.memory.get(SESSIONS).and_then(|tokens| tokens.get(token));
    let Some((ends, project)) = known.and_then(|token| Some((token["ends"].as_u64()?, &token["project"])))
    else {
        return Token::Unknown;
    };
    match project {
        _ if now >= Moment::from_millis(ends) => Token::Ended,
        Value::Bool(true) => Token::Good(Scope::Project),
        _ => Token::Good(Scope::None),
    }
}

/// `GET /v3/projects`: for any token, scoped or not, and for signed calls.
pub(super) fn projects(
    world: &ConnectionWorld,
    base: &str,
    request: &Request,
    now: Moment,
) -> Answer<Response> {
    if request.method != "GET" {
        return Err(not_here());
    }
    if access::caller(world, base, request, now).is_err() {
        return Err(Refusal::keystone(
            401,
            "Unauthorized",
            "The request you have made requires authentication.",
        ));
    }
    let pairs = request.query_pairs().ok_or_else(malformed)?;
    let wanted = pairs.iter().find(|(key, _)| key == "name").map(|(_, name)| name.as_str());
    let name = &world.name;
    let all = [(REGION, project_id(name)), ("eu-west-101", made_up("other project", name))];
    let found = all.iter().filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name));
    let shown: Vec<Value> = found.map(|(name, id)| project(name, id, &world.name)).collect();
    let links = json!({ "self": "https://iam.example/v3/projects", "next": null, "previous": null });
    Ok(Response::json(200, &json!({ "links": links, "projects": shown })))
}

fn project(name: &str, id: &str, connection: &str) -> Value {
    let domain_id = made_up("domain", connection);
    json!({
        "id": id, "name": name, "description": "", "enabled": true, "is_domain": false,
        "domain_id": domain_id, "parent_id": domain_id,
    })
}

fn show(connection: &str, user: &str, scope: Scope, now: Moment, ends: Moment) -> Value {
    let domain = json!({ "id": made_up("domain", connection), "name": domain(connection) });
    let mut token = json!({
        "methods": ["password"],
        "issued_at": format!("{}.000000Z", now.without_zone()),
        "expires_at": format!("{}.000000Z", ends.without_zone()),
        "user": { "id": made_up("user", connection), "name": user, "domain": domain, "password_expires_at": "" },
    });
    if scope == Scope::Project {
        token["project"] = json!({ "id": project_id(connection), "name": REGION, "domain": domain });
        token["roles"] = json!([{ "id": "0", "name": "te_admin" }]);
        token["catalog"] = json!([]);
    }
    json!({ "token": token })
}

/// Another token does not end those before it. Those that ended long ago are forgotten.
fn remember(world: &mut ConnectionWorld, scope: Scope, now: Moment, ends: Moment) -> String {
    let number = world.memory.get(LOGINS).and_then(Value::as_u64).unwrap_or(0) + 1;
    world.memory.insert(LOGINS.to_owned(), number.into());
    // Real ones are this long, and longer.
    let parts = (0..8).map(|part| hex(&Sha256::digest(format!("{}/{number}/{part}", world.name))));
    let token = format!("MII{}", parts.collect::<String>());
    let mut known = match world.memory.remove(SESSIONS) {
        Some(Value::Object(known)) => known,
        _ => Map::new(),
    };
    known.retain(|_, token| Moment::from_millis(token["ends"].as_u64().unwrap_or(0)).after(ONE_DAY) > now);
    known.insert(token.clone(), json!({ "ends": ends.millis(), "project": scope == Scope::Project }));
    world.memory.insert(SESSIONS.to_owned(), Value::Object(known));
    token
}

fn body(request: &Request) -> Answer<Value> {
    if request.media_type().as_deref() != Some("application/json") {
        return Err(malformed());
    }
    serde_json::from_slice(&request.body).map_err(|_| malformed())
}

/// An object with members of these names and no other.
fn only<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Map<String, Value>> {
    value.as_object().filter(|members| members.keys().all(|key| names.contains(&key.as_str())))
}

fn malformed() -> Refusal {
    Refusal::keystone(400, "Bad Request", "Request parameter is invalid.")
}

fn wrong() -> Refusal {
    Refusal::keystone(401, "Unauthorized", "The username or password is wrong.")
}

fn not_here() -> Refusal {
    Refusal::keystone(405, "Method Not Allowed", "The method is not allowed for the requested URL.")
}
