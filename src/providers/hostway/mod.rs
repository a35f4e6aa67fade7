//! Hostway `FlexCloud` servers: plain REST with Basic authentication. See the README of this folder.

mod convert;
pub mod simulator;
mod spec;
mod wire;

pub use spec::SPEC;

use crate::http::{Answer, Body, Connection, Nature, Policy, Request};
use crate::model::{LiveServer, OffKind, Operation, RebootKind, ServerId};
use crate::provider::{Cursor, Error, ErrorKind, Part, Provider, Receipt, Verdicts, one_by_one};
use crate::providers::Opening;
use async_trait::async_trait;
use base64::Engine;
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use std::sync::Arc;
use wire::List;

/// The list without a filter leaves out suspended and building servers (`ServerList` page): each needs its own.
const SUSPENDED: &str = "SUSPENDED";
const BUILD: &str = "BUILD";
const NO_FILTER: &str = "";

struct Hostway {
    http: Connection,
    authorization: HeaderValue,
}

/// Opens a connection.
///
/// # Errors
/// [`ErrorKind::Config`] for missing or unusable settings.
pub fn open(opening: &Opening<'_>) -> Result<Arc<dyn Provider>, Error> {
    let pair = format!("{}:{}", opening.required("username")?, opening.required("password")?);
    let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
    let mut authorization = HeaderValue::from_str(&format!("Basic {encoded}"))
        .map_err(|_| Error::new(ErrorKind::Config, "username and password do not fit into a header"))?;
    authorization.set_sensitive(true);
    let mut base = opening.required("endpoint")?.trim_end_matches('/').to_owned();
    if let Some(account) = opening.settings.get("account_id").filter(|_| !base.contains("/accounts/")) {
        // The long path style; the short one takes the account from the credentials.
        let account = percent_encoding::utf8_percent_encode(account, percent_encoding::NON_ALPHANUMERIC);
        base = format!("{base}/accounts/{account}/flexcloud");
    }
    let http = Connection::new(&base, opening.limits, Policy::default(), opening.clients)?;
    Ok(Arc::new(Hostway { http, authorization }))
}

impl Hostway {
    fn dressed(&self, request: Request) -> Request {
        request
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, HeaderValue::from_static("application/json"))
    }

    fn reading(&self, segments: &[&str], status: Option<&str>) -> Request {
        let request = self
            .dressed(Request::get(segments.iter().copied()))
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        status.into_iter().fold(request, |request, status| request.query("status", status))
    }

    async fn change(&self, method: Method, segments: &[&str], body: Option<String>) -> Result<Answer, Error> {
        let build = || {
            let request =
                self.dressed(Request::new(Nature::Change, method.clone(), segments.iter().copied()));
            match &body {
                Some(body) => request.body(Body::Json(body.clone())),
                None => request.header(CONTENT_TYPE, HeaderValue::from_static("application/json")),
            }
        };
        self.http.send(build).await
    }

    async fn send_one(&self, operation: &Operation, id: &ServerId) -> Result<Receipt, Error> {
        let id = id.as_str();
        let path = ["servers", id, "action"];
        let action = |body: &str| self.change(Method::POST, &path, Some(body.to_owned()));
        let answer = match operation {
            Operation::PowerOn => action(r#"{"os-start": null}"#).await,
            Operation::PowerOff { method: OffKind::NotToldApart } => action(r#"{"os-stop": null}"#).await,
            Operation::Reboot { method: RebootKind::Soft } => action(r#"{"reboot": {"type": "SOFT"}}"#).await,
            Operation::Reboot { method: RebootKind::Hard } => action(r#"{"reboot": {"type": "HARD"}}"#).await,
            Operation::Rename { to } => {
                let body = serde_json::json!({"server": {"name": to}}).to_string();
                self.change(Method::PUT, &["servers", id], Some(body)).await
            }
            Operation::Delete => self.change(Method::DELETE, &["servers", id], None).await,
            Operation::PowerOff { .. }
            | Operation::Suspend
            | Operation::Resume
            | Operation::Reboot { .. } => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    format!("hostway cannot {}", operation.verb()),
                ));
            }
        }?;
        convert::verdict(operation, &answer)
    }
}

#[async_trait]
impl Provider for Hostway {
    async fn list_part(&self, cursor: &Cursor) -> Result<Part, Error> {
        let at = |filter: &str| Cursor::At(filter.to_owned());
        let filter = match cursor {
            // Nothing is asked yet: two lists are fetched side by side.
            Cursor::Start => return Ok(Part { next: vec![at(BUILD), at(SUSPENDED)], ..Part::default() }),
            Cursor::At(filter) => filter.as_str(),
        };
        let status = Some(filter).filter(|filter| *filter != NO_FILTER);
        let build = || self.reading(&["servers", "detail"], status);
        let part = convert::list(self.http.send_large::<List>(build).await?)?;
        // After the building ones, so that a server that is finished in between is in one of the two.
        let next = if filter == BUILD { vec![at(NO_FILTER)] } else { Vec::new() };
        Ok(Part { next, ..part })
    }

    async fn get(&self, id: &ServerId) -> Result<Option<LiveServer>, Error> {
        let answer = self.http.send(|| self.reading(&["servers", id.as_str()], None)).await?;
        convert::one(id, &answer)
    }

    async fn send(&self, operation: &Operation, ids: &[ServerId]) -> Result<Verdicts, Error> {
        Ok(one_by_one(ids, |id| self.send_one(operation, id)).await)
    }
}
