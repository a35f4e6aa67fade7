//! Who calls: by a token that was given, by one that is got by logging in, or by signature.

use super::convert;
use super::sign::Keys;
use crate::http::{Answer, Body, Connection, Grant, Nature, Request, Session};
use crate::model::Settings;
use crate::provider::{Error, ErrorKind};
use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

const X_AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
const X_PROJECT_ID: HeaderName = HeaderName::from_static("x-project-id");

/// What a 401 means depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grants {
    GivenToken,
    Login,
    Signature,
}

/// How calls are made.
pub(super) struct Access {
    way: Way,
    /// The identity service, where it is known.
    identity: Option<Connection>,
}

enum Way {
    Token(HeaderValue),
    Keys(Keys),
    Login(Box<Login>),
}

struct Login {
    body: SecretString,
    session: Session<HeaderValue>,
}

impl Access {
    /// Takes the credentials of the settings.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] where none are complete, or they do not fit into a header.
    pub(super) fn new(settings: &Settings, identity: Option<Connection>) -> Result<Self, Error> {
        let config = |text: &str| Error::new(ErrorKind::Config, text);
        let way = if let Some(token) = settings.get("token") {
            let token =
                sensitive(token.trim()).ok_or_else(|| config("`token` does not fit into a header"))?;
            Way::Token(token)
        } else if let (Some(access), Some(secret)) = (settings.get("access_key"), settings.get("secret_key"))
        {
            Way::Keys(Keys::new(access, secret, settings.get("security_token"))?)
        } else {
            Way::Login(Box::new(Login { body: login_body(settings)?.into(), session: Session::default() }))
        };
        if matches!(way, Way::Login(_)) && identity.is_none() {
            return Err(config(
                "`iam_endpoint` is not set, and there is no other way to the identity service",
            ));
        }
        Ok(Self { way, identity })
    }

    pub(super) fn grants(&self) -> Grants {
        match self.way {
            Way::Token(_) => Grants::GivenToken,
            Way::Keys(_) => Grants::Signature,
            Way::Login(_) => Grants::Login,
        }
    }

    pub(super) fn identity(&self) -> Result<&Connection, Error> {
        let missing = || Error::new(ErrorKind::Config, "`iam_endpoint` is not set");
        self.identity.as_ref().ok_or_else(missing)
    }

    /// Makes a call; a session that has ended is renewed once.
    pub(super) async fn call(
        &self,
        at: &Connection,
        project: Option<&str>,
        build: impl Fn() -> Request,
    ) -> Result<Answer, Error> {
        match &self.way {
            Way::Token(token) => at.send(|| build().header(X_AUTH_TOKEN, token.clone())).await,
            Way::Keys(keys) => {
                let project = project.and_then(|project| HeaderValue::from_str(project).ok());
                let with_project = || {
                    let request = build();
                    project.iter().fold(request, |request, id| request.header(X_PROJECT_ID, id.clone()))
                };
                at.send(|| keys.signed(with_project(), at)).await
            }
            Way::Login(login) => {
                let identity = self.identity()?;
                let build = &build;
                let call = |token: std::sync::Arc<HeaderValue>| async move {
                    at.send(|| build().header(X_AUTH_TOKEN, (*token).clone())).await
                };
                login.session.send(|| login.token(identity), call).await
            }
        }
    }
}

impl Login {
    /// Logging in changes nothing: another token does not end the first (page of the identity service).
    async fn token(&self, identity: &Connection) -> Result<Grant<HeaderValue>, Error> {
        let build = || {
            Request::new(Nature::Read, Method::POST, ["v3", "auth", "tokens"])
                .body(Body::Json(self.body.expose_secret().to_owned()))
        };
        convert::grant(&identity.send(build).await?)
    }
}

fn login_body(settings: &Settings) -> Result<String, Error> {
    let setting = |name: &str| {
        settings.get(name).ok_or_else(|| Error::new(ErrorKind::Config, format!("`{name}` is not set")))
    };
    // A token without a project is not good for the service.
    let project = match (settings.get("project_id"), settings.get("region")) {
        (Some(id), _) => json!({ "id": id.trim() }),
        (None, region) => json!({ "name": region }),
    };
    let user = json!({
        "name": setting("username")?,
        "password": setting("password")?,
        "domain": { "name": setting("domain")? },
    });
    let identity = json!({ "methods": ["password"], "password": { "user": user } });
    Ok(json!({ "auth": { "identity": identity, "scope": { "project": project } } }).to_string())
}

/// A header value that no log shows.
pub(super) fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
