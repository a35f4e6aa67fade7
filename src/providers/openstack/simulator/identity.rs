//! Keystone: logging in, by password and by application credential. Bodies are read to the letter.

use super::envelope::{self, REQUEST_ID};
use super::place::Place;
use super::{Answer, catalog, names, tokens};
use crate::simulator::{ConnectionWorld, Moment, Request, Response};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a token lives.
const LIFE: Duration = Duration::from_hours(1);
const SHORT_LIFE: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    auth: Auth,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Auth {
    identity: Identity,
    #[serde(default)]
    scope: Option<Scope>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Identity {
    methods: Vec<String>,
    #[serde(default)]
    password: Option<Password>,
    #[serde(default)]
    application_credential: Option<Application>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Password {
    user: User,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Application {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    user: Option<User>,
    secret: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct User {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    domain: Option<Domain>,
    #[serde(default)]
    password: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Domain {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scope {
    project: Project,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Project {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    domain: Option<Domain>,
}

/// Who logged in, how, and for what.
struct Login {
    method: &'static str,
    user: String,
    life: Duration,
    scoped: bool,
}

#[derive(Serialize)]
struct Shown {
    token: Token,
}

#[derive(Serialize)]
struct Token {
    methods: [&'static str; 1],
    user: Named,
    audit_ids: [String; 1],
    expires_at: String,
    issued_at: String,
    #[serde(flatten)]
    scope: Option<Scoped>,
}

/// What a token without a project has not.
#[derive(Serialize)]
struct Scoped {
    project: Named,
    is_domain: bool,
    roles: [Role; 1],
    catalog: Vec<catalog::Service>,
}

#[derive(Serialize)]
struct Named {
    id: String,
    name: String,
    domain: Role,
}

#[derive(Serialize)]
struct Role {
    id: String,
    name: &'static str,
}

pub(super) fn answer(
    world: &mut ConnectionWorld,
    request: &Request,
    place: &Place,
    now: Moment,
) -> Answer<Response> {
    match (place, request.method.as_str()) {
        (Place::Tokens, "POST") => {}
        (Place::Tokens, _) => {
            let text = "The method is not allowed for the requested URL.";
            return Err(envelope::keystone(405, "Method Not Allowed", text));
        }
        _ => return Err(envelope::keystone(404, "Not Found", "The resource could not be found.")),
    }
    let login = login(&world.name, &read(request)?)?.ok_or_else(|| envelope::unauthorized(world, request))?;
    let (text, token) = tokens::issue(world, login.life, login.scoped, now);
    let number = tokens::count(world);
    let shown = Shown { token: shown(world, &login, &envelope::here(world, request), token.ends, now) };
    Ok(Response::json(201, &shown)
        .with_header("x-subject-token", text)
        .with_header("vary", "X-Auth-Token")
        .with_header(REQUEST_ID, names::request_id(&world.name, "call", number)))
}

fn malformed(what: &str) -> Response {
    let text = format!(
        "{what} The server could not comply with the request since it is either malformed or otherwise incorrect."
    );
    envelope::keystone(400, "Bad Request", &text)
}

fn read(request: &Request) -> Answer<Auth> {
    if request.media_type().as_deref() != Some("application/json") {
        return Err(malformed("Expecting to find application/json in Content-Type header."));
    }
    let body: Result<Body, _> = serde_json::from_slice(&request.body);
    body.map(|body| body.auth).map_err(|error| malformed(&format!("{error}.")))
}

/// `None` where the credentials, or the project, are not those of this connection.
fn login(connection: &str, auth: &Auth) -> Answer<Option<Login>> {
    let identity = &auth.identity;
    let methods: Vec<&str> = identity.methods.iter().map(String::as_str).collect();
    match (&methods[..], &identity.password, &identity.application_credential) {
        (["password"], Some(password), None) => by_password(connection, &password.user, auth.scope.as_ref()),
        (["application_credential"], None, Some(application)) => {
            let right = is_application(connection, application)?;
            // It has a project of its own and takes no other, not even the same.
            let login = Login {
                method: "application_credential",
                user: names::username(connection),
                life: LIFE,
                scoped: true,
            };
            Ok((right && auth.scope.is_none()).then_some(login))
        }
        _ => Err(malformed("Expecting to find one method, and what it needs, in identity.")),
    }
}

fn by_password(connection: &str, user: &User, scope: Option<&Scope>) -> Answer<Option<Login>> {
    let Some(password) = &user.password else {
        return Err(malformed("Expecting to find password in user."));
    };
    let named = who(connection, user)?;
    let scope = scope.map(|scope| is_own_project(connection, &scope.project)).transpose()?;
    let right = *password == names::password(connection) && scope != Some(false);
    Ok(named.filter(|_| right).map(|name| {
        let short = name == names::short_username(connection);
        let life = if short { SHORT_LIFE } else { LIFE };
        Login { method: "password", user: name, life, scoped: scope.is_some() }
    }))
}

/// The user's name, if there is such a user.
fn who(connection: &str, user: &User) -> Answer<Option<String>> {
    let known = [names::username(connection), names::short_username(connection)];
    match (&user.id, &user.name, &user.domain) {
        (Some(id), None, None) => Ok(known.into_iter().find(|name| names::user_id(connection, name) == *id)),
        (None, Some(name), Some(domain)) => {
            let here = is_domain(domain, names::USER_DOMAIN)?;
            Ok(known.into_iter().find(|known| here && known == name))
        }
        _ => Err(malformed("Expecting to find either an id, or a name and its domain, in user.")),
    }
}

fn is_own_project(connection: &str, project: &Project) -> Answer<bool> {
    match (&project.id, &project.name, &project.domain) {
        (Some(id), None, None) => Ok(*id == names::project_id(connection)),
        (None, Some(name), Some(domain)) => {
            Ok(is_domain(domain, names::PROJECT_DOMAIN)? && *name == names::project_name(connection))
        }
        _ => Err(malformed("Expecting to find either an id, or a name and its domain, in project.")),
    }
}

fn is_domain(domain: &Domain, name: &str) -> Answer<bool> {
    match (&domain.id, &domain.name) {
        (Some(id), None) => Ok(*id == names::shared_id(name)),
        (None, Some(given)) => Ok(given == name),
        _ => Err(malformed("Expecting to find either an id or a name in domain.")),
    }
}

fn is_application(connection: &str, given: &Application) -> Answer<bool> {
    let same = match (&given.id, &given.name, &given.user) {
        (Some(id), None, None) => *id == names::application_credential_id(connection),
        (None, Some(name), Some(user)) if user.password.is_none() => {
            *name == names::application_name(connection)
                && who(connection, user)? == Some(names::username(connection))
        }
        _ => return Err(malformed("Expecting to find either an id, or a name and its user.")),
    };
    Ok(same && given.secret == names::application_secret(connection))
}

fn shown(world: &ConnectionWorld, login: &Login, here: &str, ends: Moment, now: Moment) -> Token {
    let connection = &world.name;
    let scope = login.scoped.then(|| Scoped {
        project: Named {
            id: names::project_id(connection),
            name: names::project_name(connection),
            domain: shared(names::PROJECT_DOMAIN),
        },
        is_domain: false,
        roles: [shared("member")],
        catalog: catalog::services(here, connection),
    });
    Token {
        methods: [login.method],
        user: Named {
            id: names::user_id(connection, &login.user),
            name: login.user.clone(),
            domain: shared(names::USER_DOMAIN),
        },
        audit_ids: [names::hex_id(connection, "audit")[..22].to_owned()],
        expires_at: with_microseconds(ends),
        issued_at: with_microseconds(now),
        scope,
    }
}

fn shared(name: &'static str) -> Role {
    Role { id: names::shared_id(name), name }
}

/// `2026-01-01T00:00:00.000000Z`
fn with_microseconds(moment: Moment) -> String {
    format!("{}.{:03}000Z", moment.without_zone(), moment.millis() % 1000)
}
