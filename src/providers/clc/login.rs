//! Logging in: a user's name and password for a bearer token that lives two weeks.

use super::VERSION;
use super::convert::says;
use super::wire::Login;
use crate::http::{Answer, Body, Connection, Grant, Nature, Request};
use crate::provider::{Error, ErrorKind};
use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

const SCHEME: &str = "Bearer ";

/// What calls are made with.
#[derive(Debug)]
pub(super) struct Pass {
    /// Marked sensitive.
    pub(super) authorization: HeaderValue,
    pub(super) account: String,
}

impl Pass {
    /// The answer without the token, where an error may quote it.
    pub(super) fn blotted_out(&self, mut answer: Answer) -> Answer {
        let token = self.authorization.to_str().ok().and_then(|value| value.strip_prefix(SCHEME));
        if let Some(token) = token.filter(|_| !answer.is_success()) {
            let text = String::from_utf8_lossy(&answer.body);
            if text.contains(token) {
                answer.body = text.replace(token, "***").into_bytes();
            }
        }
        answer
    }
}

/// With what every request carries.
pub(super) fn accept(request: Request) -> Request {
    request.header(ACCEPT, HeaderValue::from_static("application/json"))
}

/// Logs in. A token lives longer than any run; should it end all the same, a call's 401 tells.
///
/// # Errors
/// [`ErrorKind::Auth`] for refused credentials, which say so with a 400 here (`APIDocs`, "API v2.0 Authentication
/// Overview"); everything else as usual.
pub(super) async fn login(
    http: &Connection,
    username: &str,
    password: &SecretString,
    account: Option<&str>,
) -> Result<Grant<Pass>, Error> {
    let body = serde_json::json!({ "username": username, "password": password.expose_secret() }).to_string();
    // It changes nothing, so it is repeated when its answer is lost.
    let answer = http
        .send(|| {
            let path = [VERSION, "authentication", "login"];
            accept(Request::new(Nature::Read, Method::POST, path)).body(Body::Json(body.clone()))
        })
        .await?;
    granted(&answer, account)
}

fn granted(answer: &Answer, account: Option<&str>) -> Result<Grant<Pass>, Error> {
    match answer.status {
        200 => {}
        400 => {
            let hint = "wrong username or password; they are not sent again, because that may lock the user";
            return Err(answer
                .failure_as(ErrorKind::Auth, "the login was refused", says(answer).as_deref())
                .with_hint(hint));
        }
        _ => return Err(super::convert::failure(answer)),
    }
    let login = answer.json::<Login>()?;
    let mut authorization = HeaderValue::from_str(&format!("{SCHEME}{}", login.bearer_token))
        .map_err(|_| answer.garbage("a token that does not fit into a header"))?;
    authorization.set_sensitive(true);
    if login.bearer_token.is_empty() {
        return Err(answer.garbage("an empty token"));
    }
    let own = || login.account_alias.filter(|alias| !alias.is_empty());
    let account = account.map(str::to_owned).or_else(own).ok_or_else(|| {
        answer.garbage("a token and no account alias").with_hint("set `account` to the alias of the account")
    })?;
    Ok(Grant { pass: Pass { authorization, account }, lifetime: None })
}
