//! Keystone: who logs in, how that is said, and what comes of it.

use super::convert::says;
use super::wire::{Granted, Token};
use crate::http::{Answer, Body, Nature, Request};
use crate::model::Settings;
use crate::provider::{Error, ErrorKind};
use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::time::Duration;

/// A token is renewed so long before its end, at most a tenth of its life.
const MARGIN: Duration = Duration::from_mins(1);

/// Ways to log in, by `auth_type`.
pub(super) const PASSWORD: [&str; 2] = ["password", "v3password"];
pub(super) const APPLICATION: &str = "v3applicationcredential";

/// What is sent to Keystone. Has no `Debug`: it holds a credential.
pub(super) struct Identity {
    /// Everything but the secret.
    method: Way,
    secret: SecretString,
    project: Project,
}

enum Way {
    Password { user: Value },
    Application { credential: Value },
}

/// The project as the settings name it; nothing of it for an application credential, which has its own.
#[derive(Default)]
struct Project {
    id: Option<String>,
    name: Option<String>,
    domain_id: Option<String>,
    domain_name: Option<String>,
}

fn bad(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, text)
}

impl Identity {
    /// From the settings.
    ///
    /// # Errors
    /// [`ErrorKind::Config`]: no way to log in is complete, or another one than `auth_type` says.
    pub(super) fn of(settings: &Settings) -> Result<Self, Error> {
        let get = |name: &str| settings.get(name);
        let whole_application = get("application_credential_secret").is_some()
            && (get("application_credential_id").is_some() || get("application_credential_name").is_some());
        let by_application = match get("auth_type") {
            None => whole_application,
            Some(word) if PASSWORD.contains(&word) => false,
            Some(APPLICATION) => true,
            Some(_) => {
                let text = format!("auth_type is none of {}, {} and {APPLICATION}", PASSWORD[0], PASSWORD[1]);
                return Err(bad(text));
            }
        };
        if by_application { Self::application(settings) } else { Self::password(settings) }
    }

    fn application(settings: &Settings) -> Result<Self, Error> {
        let get = |name: &str| settings.get(name);
        let needed = |name: &str| bad(format!("{APPLICATION} needs {name}, which is not set"));
        let secret = get("application_credential_secret");
        let secret = secret.ok_or_else(|| needed("application_credential_secret"))?;
        let credential = match (get("application_credential_id"), get("application_credential_name")) {
            (Some(id), _) => json!({ "id": id }),
            (None, Some(name)) => json!({ "name": name, "user": user(settings)? }),
            (None, None) => return Err(needed("application_credential_id")),
        };
        let method = Way::Application { credential };
        Ok(Self { method, secret: secret.into(), project: Project::default() })
    }

    fn password(settings: &Settings) -> Result<Self, Error> {
        let get = |name: &str| settings.get(name).map(str::to_owned);
        let secret = get("password").ok_or_else(|| bad("password is not set"))?;
        let project = Project {
            id: get("project_id"),
            name: get("project_name"),
            domain_id: get("project_domain_id"),
            domain_name: get("project_domain_name"),
        };
        if project.id.is_none()
            && project.name.is_some()
            && project.domain_id.is_none()
            && project.domain_name.is_none()
        {
            return Err(bad(
                "project_name needs project_domain_name or project_domain_id, or use project_id",
            ));
        }
        let method = Way::Password { user: user(settings)? };
        Ok(Self { method, secret: secret.into(), project })
    }

    /// The login. Harmless to repeat: a token more.
    pub(super) fn request(&self) -> Request {
        let secret = self.secret.expose_secret();
        let identity = match &self.method {
            Way::Password { user } => {
                let mut user = user.clone();
                user["password"] = secret.into();
                json!({ "methods": ["password"], "password": { "user": user } })
            }
            Way::Application { credential } => {
                let mut credential = credential.clone();
                credential["secret"] = secret.into();
                json!({ "methods": ["application_credential"], "application_credential": credential })
            }
        };
        let mut auth = json!({ "identity": identity });
        if let Some(project) = self.project.scope() {
            auth["scope"] = json!({ "project": project });
        }
        Request::new(Nature::Read, Method::POST, ["v3", "auth", "tokens"])
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .body(Body::Json(json!({ "auth": auth }).to_string()))
    }

    /// Whether the token is for the project that all settings together name. One of them may come from the
    /// environment and mean another project, and what is done there would be done to other servers.
    pub(super) fn check(&self, token: &Token) -> Result<(), Error> {
        let Some(project) = &token.project else { return Ok(()) };
        let domain = project.domain.as_ref();
        let differs = |wanted: &Option<String>, found: Option<&String>| match (wanted, found) {
            (Some(wanted), Some(found)) => wanted.to_lowercase() != found.to_lowercase(),
            _ => false,
        };
        let own = &self.project;
        let found = [
            ("project_id", &own.id, project.id.as_ref()),
            ("project_name", &own.name, project.name.as_ref()),
            ("project_domain_id", &own.domain_id, domain.and_then(|domain| domain.id.as_ref())),
            ("project_domain_name", &own.domain_name, domain.and_then(|domain| domain.name.as_ref())),
        ];
        match found.into_iter().find(|(_, wanted, found)| differs(wanted, *found)) {
            Some((setting, ..)) => {
                let text = format!("the token is for another project than {setting} says");
                Err(bad(text).with_hint("the settings name different projects; keep one of them"))
            }
            None => Ok(()),
        }
    }
}

fn user(settings: &Settings) -> Result<Value, Error> {
    let get = |name: &str| settings.get(name);
    if let Some(id) = get("user_id") {
        return Ok(json!({ "id": id }));
    }
    let name = get("username").ok_or_else(|| bad("neither username nor user_id is set"))?;
    let domain = match (get("user_domain_id"), get("user_domain_name")) {
        (Some(id), _) => json!({ "id": id }),
        (None, Some(name)) => json!({ "name": name }),
        (None, None) => {
            return Err(bad("username needs user_domain_name or user_domain_id, or use user_id"));
        }
    };
    Ok(json!({ "name": name, "domain": domain }))
}

impl Project {
    fn scope(&self) -> Option<Value> {
        if let Some(id) = &self.id {
            return Some(json!({ "id": id }));
        }
        let domain = match (&self.domain_id, &self.domain_name) {
            (Some(id), _) => json!({ "id": id }),
            (None, Some(name)) => json!({ "name": name }),
            (None, None) => return None,
        };
        self.name.as_ref().map(|name| json!({ "name": name, "domain": domain }))
    }
}

/// What Keystone answered to a login: the token, and what it tells of it.
pub(super) fn granted(answer: &Answer) -> Result<(HeaderValue, Token), Error> {
    match answer.status {
        200 | 201 => {
            let token = answer.json::<Granted>()?.token;
            let subject = answer.headers.get("x-subject-token").filter(|value| !value.is_empty());
            let mut text = subject.cloned().ok_or_else(|| answer.garbage("no X-Subject-Token"))?;
            text.set_sensitive(true);
            Ok((text, token))
        }
        400 => Err(answer.failure_as(
            ErrorKind::Config,
            "Keystone cannot make sense of the settings",
            says(answer).as_deref(),
        )),
        404 => Err(answer
            .failure(says(answer).as_deref())
            .with_hint("auth_url must be the address of Keystone v3")),
        _ => Err(answer.failure(says(answer).as_deref())),
    }
}

/// How long the token is good for, by the clock of whoever gave it. `None` where it does not say, or says something
/// that cannot be: then a 401 is what ends it.
pub(super) fn lifetime(answer: &Answer, token: &Token) -> Option<Duration> {
    let text = token.expires_at.as_deref()?.trim();
    let ends: Timestamp = text.parse().or_else(|_| format!("{text}Z").parse()).ok()?;
    let now = answer.date().unwrap_or_else(Timestamp::now);
    let life = Duration::try_from(ends.duration_since(now)).ok().filter(|life| !life.is_zero())?;
    Some(life.saturating_sub(MARGIN.min(life / 10)))
}

/// Keystone's address without what every call adds to it: people give it with and without `/v3`.
pub(super) fn base(auth_url: &str) -> &str {
    let plain = auth_url.trim().trim_end_matches('/');
    plain.strip_suffix("/v3").unwrap_or(plain).trim_end_matches('/')
}
