//! `CenturyLink` Cloud servers: a tree of groups, a queue of operations, bearer tokens. See the README of this folder.

mod convert;
mod login;
mod queue;
pub mod simulator;
mod spec;
mod tree;
mod wire;

pub use spec::SPEC;

use crate::http::{Answer, Body, Connection, Grant, Nature, Policy, Request, Session};
use crate::model::{LiveServer, Operation, ServerId};
use crate::provider::{
    Cursor, Error, ErrorKind, Job, Observation, Part, Provider, Receipt, Trail, Verdicts, one_by_one,
};
use crate::providers::Opening;
use async_trait::async_trait;
use login::{Pass, accept};
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use tree::Stop;
use wire::Group;

/// Below the endpoint, before every path.
const VERSION: &str = "v2";

struct Clc {
    http: Connection,
    session: Session<Pass>,
    username: String,
    password: SecretString,
    /// Where it is not given, the login tells the user's own.
    account: Option<String>,
}

/// One call: `/v2/{kind}/{account}/{rest}`.
struct Call<'a> {
    nature: Nature,
    method: Method,
    kind: &'static str,
    rest: Vec<&'a str>,
    query: Option<(&'static str, &'static str)>,
    body: Option<&'a str>,
}

impl<'a> Call<'a> {
    fn get(kind: &'static str, rest: impl Into<Vec<&'a str>>) -> Self {
        Self { nature: Nature::Read, method: Method::GET, kind, rest: rest.into(), query: None, body: None }
    }

    fn change(method: Method, kind: &'static str, rest: impl Into<Vec<&'a str>>) -> Self {
        Self { nature: Nature::Change, method, ..Self::get(kind, rest) }
    }

    fn request(&self, pass: &Pass) -> Request {
        let path = [VERSION, self.kind, &pass.account].into_iter().chain(self.rest.iter().copied());
        let request = Request::new(self.nature, self.method.clone(), path);
        let request = accept(request).header(AUTHORIZATION, pass.authorization.clone());
        let request =
            self.query.into_iter().fold(request, |request, (name, value)| request.query(name, value));
        self.body.into_iter().fold(request, |request, body| request.body(Body::Json(body.to_owned())))
    }
}

/// Opens a connection.
///
/// # Errors
/// [`ErrorKind::Config`] for missing or unusable settings.
pub fn open(opening: &Opening<'_>) -> Result<Arc<dyn Provider>, Error> {
    let base = opening.required("endpoint")?.trim().trim_end_matches('/');
    let base = base.strip_suffix("/v2").unwrap_or(base);
    let account = opening.settings.get("account").map(str::trim).filter(|account| !account.is_empty());
    Ok(Arc::new(Clc {
        http: Connection::new(base, opening.limits, Policy::default(), opening.clients)?,
        session: Session::default(),
        username: opening.required("username")?.to_owned(),
        password: opening.required("password")?.into(),
        account: account.map(str::to_owned),
    }))
}

impl Clc {
    async fn call(&self, call: &Call<'_>) -> Result<Answer, Error> {
        let make = |pass: Arc<Pass>| async move {
            let answer = self.http.send(|| call.request(&pass)).await?;
            Ok(pass.blotted_out(answer))
        };
        self.session.send(|| self.login(), make).await
    }

    /// The same for an answer that may be too large to be kept.
    async fn call_large<T>(&self, call: &Call<'_>) -> Result<Answer, Error>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let make = |pass: Arc<Pass>| async move {
            let answer = self.http.send_large::<T>(|| call.request(&pass)).await?;
            Ok(pass.blotted_out(answer))
        };
        self.session.send(|| self.login(), make).await
    }

    async fn login(&self) -> Result<Grant<Pass>, Error> {
        login::login(&self.http, &self.username, &self.password, self.account.as_deref()).await
    }

    async fn server(&self, id: &str) -> Result<Answer, Error> {
        self.call(&Call::get("servers", [&*convert::canonical(id)])).await
    }

    async fn delete(&self, id: &ServerId) -> Result<Receipt, Error> {
        let path = convert::canonical(id.as_str());
        let answer = self.call(&Call::change(Method::DELETE, "servers", [&*path])).await?;
        queue::deleted(&answer, id)
    }

    /// How far the operation is that a call was taken for; without its status id nobody can tell.
    async fn job(&self, trail: Trail<'_>) -> Job {
        let Some(ticket) = trail.receipt.and_then(|receipt| receipt.ticket.as_deref()) else {
            return Job::NoRecords;
        };
        match self.call(&Call::get("operations", ["status", ticket])).await {
            Ok(answer) => queue::job(&answer),
            // Known to happen now and then: the server itself decides.
            Err(error) => {
                tracing::info!(%error, "the queue cannot be asked");
                Job::Unclear
            }
        }
    }
}

#[async_trait]
impl Provider for Clc {
    async fn list_part(&self, cursor: &Cursor) -> Result<Part, Error> {
        let linked = Some(("groupLinks", "true"));
        let detailed = Some(("serverDetail", "detailed"));
        match Stop::of(cursor) {
            Some(Stop::Datacenters) => {
                let call = Call { query: linked, ..Call::get("datacenters", []) };
                tree::datacenters(&self.call(&call).await?)
            }
            Some(Stop::Datacenter(id)) => {
                let call = Call { query: linked, ..Call::get("datacenters", [id]) };
                tree::datacenter(&self.call(&call).await?, id)
            }
            Some(Stop::Group(id)) => {
                let call = Call { query: detailed, ..Call::get("groups", [id]) };
                tree::group(self.call_large::<Group>(&call).await?, id)
            }
            Some(Stop::Server(id)) => tree::server(&self.server(id).await?, id),
            None => Err(Error::new(ErrorKind::Config, "this is no place in a list of servers")),
        }
    }

    async fn get(&self, id: &ServerId) -> Result<Option<LiveServer>, Error> {
        Ok(convert::one(&self.server(id.as_str()).await?, id.as_str())?.map(convert::bound_by_id))
    }

    async fn send(&self, operation: &Operation, ids: &[ServerId]) -> Result<Verdicts, Error> {
        if *operation == Operation::Delete {
            return Ok(one_by_one(ids, |id| self.delete(id)).await);
        }
        let Some(word) = queue::word(operation) else {
            let text = format!("clc cannot {} in that way", operation.verb());
            return Err(Error::new(ErrorKind::Unsupported, text));
        };
        // A bare list, although the parameter has a name.
        let named: Vec<String> = ids.iter().map(|id| convert::canonical(id.as_str())).collect();
        let body = serde_json::json!(named).to_string();
        let call = Call { body: Some(&body), ..Call::change(Method::POST, "operations", ["servers", word]) };
        queue::verdicts(&self.call(&call).await?, operation, ids)
    }

    async fn observe(&self, trail: Trail<'_>) -> Result<Observation, Error> {
        // The queue first: what has succeeded by then shows in the server.
        let job = self.job(trail).await;
        Ok(Observation { live: self.get(trail.id).await?, job })
    }
}
