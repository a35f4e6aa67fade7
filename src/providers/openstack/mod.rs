//! `OpenStack` servers: Nova v2.1 with Keystone v3. See the README of this folder.

mod catalog;
mod compute;
mod convert;
mod history;
mod login;
mod profile;
pub mod simulator;
mod spec;
mod states;
mod wire;

pub use spec::SPEC;

use crate::http::{Clients, Connection, Grant, Limits, Policy, Session};
use crate::model::{LiveServer, OffKind, Operation, RebootKind, ServerId};
use crate::provider::{
    Cursor, Error, ErrorKind, Job, Mark, Observation, Part, Provider, Receipt, Trail, Verdicts, one_by_one,
};
use crate::providers::Opening;
use async_trait::async_trait;
use compute::{Ask, Compute};
use convert::Found;
use login::Identity;
use reqwest::Method;
use reqwest::header::HeaderValue;
use states::Kind;
use std::sync::{Arc, Mutex, PoisonError};
use wire::{Action, Actions, OneAction, Token};

/// Servers asked for per page. A site that allows less gives less.
const PAGE_SIZE: &str = "1000";

struct OpenStack {
    keystone: Connection,
    identity: Identity,
    interface: String,
    region: Option<String>,
    /// Nova's URL, where the catalog's is not to be used.
    endpoint: Option<String>,
    limits: Limits,
    clients: Clients,
    session: Session<Pass>,
    /// The connection in use, kept across logins.
    compute: Mutex<Option<Arc<Compute>>>,
}

/// What calls are made with.
struct Pass {
    token: HeaderValue,
    compute: Arc<Compute>,
}

/// Opens a connection.
///
/// # Errors
/// [`ErrorKind::Config`] for missing or unusable settings.
pub fn open(opening: &Opening<'_>) -> Result<Arc<dyn Provider>, Error> {
    let text = |name: &str| opening.settings.get(name).map(str::to_owned);
    let clients = match text("cacert") {
        Some(path) if !opening.clients.has_ca_file() => opening.clients.with_ca_file(path.into()),
        _ => opening.clients.clone(),
    };
    let (auth_url, endpoint) = match (text("auth_url"), text("endpoint")) {
        (Some(auth_url), endpoint) => (auth_url, endpoint),
        (None, Some(keystone)) => (keystone, None),
        (None, None) => return Err(Error::new(ErrorKind::Config, "`auth_url` is not set")),
    };
    let keystone = Connection::new(login::base(&auth_url), opening.limits, Policy::default(), &clients)?
        .with_own_wait(convert::own_wait);
    let interface = text("interface").unwrap_or_else(|| "public".into());
    let provider = OpenStack {
        keystone,
        identity: Identity::of(opening.settings)?,
        // Older tools write publicURL.
        interface: interface.strip_suffix("URL").unwrap_or(&interface).to_owned(),
        region: text("region_name"),
        endpoint,
        limits: opening.limits,
        clients,
        session: Session::default(),
        compute: Mutex::default(),
    };
    if let Some(url) = &provider.endpoint {
        // What cannot be used is told before anything is sent. The project is not known yet.
        Compute::new(url, None, provider.limits, &provider.clients)?;
    }
    Ok(Arc::new(provider))
}

impl OpenStack {
    async fn login(&self) -> Result<Grant<Pass>, Error> {
        let answer = self.keystone.send(|| self.identity.request()).await?;
        let (text, token) = login::granted(&answer)?;
        self.identity.check(&token)?;
        let compute = self.compute(&token)?;
        let lifetime = login::lifetime(&answer, &token);
        Ok(Grant { pass: Pass { token: text, compute }, lifetime })
    }

    /// The connection to where the token says that Nova is; the one in use if it still is there.
    fn compute(&self, token: &Token) -> Result<Arc<Compute>, Error> {
        let catalog = token.catalog.as_deref().unwrap_or_default();
        let url = match &self.endpoint {
            Some(url) => url,
            None if catalog.is_empty() => {
                let text = "Keystone's token has no catalog, as one that is for no project";
                let hint = "set project_name and project_domain_name, or project_id";
                return Err(Error::new(ErrorKind::Config, text).with_hint(hint));
            }
            None => catalog::compute_url(catalog, &self.interface, self.region.as_deref())?,
        };
        let mut held = self.compute.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compute) = held.as_ref().filter(|compute| compute.url == *url) {
            return Ok(Arc::clone(compute));
        }
        let project = token.project.as_ref().and_then(|project| project.id.as_deref());
        let new = Compute::new(url, project, self.limits, &self.clients)
            .map_err(|error| error.with_hint("it is the compute URL of the cloud's catalog"))?;
        Ok(Arc::clone(held.insert(Arc::new(new))))
    }

    async fn call(&self, ask: Ask<'_>) -> Result<crate::http::Answer, Error> {
        let ask = &ask;
        let send = |pass: Arc<Pass>| async move { pass.compute.send(&pass.token, ask).await };
        self.session.send(|| self.login(), send).await
    }

    async fn find(&self, id: &ServerId) -> Result<Option<Found>, Error> {
        let answer = self.call(Ask::get(&["servers", id.as_str()])).await?;
        convert::one(id, &answer)
    }

    async fn send_one(&self, operation: &Operation, id: &ServerId) -> Result<Receipt, Error> {
        let body = match operation {
            Operation::PowerOn => r#"{"os-start": null}"#,
            Operation::PowerOff { method: OffKind::Graceful } => r#"{"os-stop": null}"#,
            Operation::Suspend => r#"{"suspend": null}"#,
            Operation::Reboot { method: RebootKind::Soft } => r#"{"reboot": {"type": "SOFT"}}"#,
            // Of a stopped server this would be a start; whoever sends it has looked.
            Operation::Reboot { method: RebootKind::Hard } => r#"{"reboot": {"type": "HARD"}}"#,
            Operation::Resume => return self.resume(id).await,
            Operation::Rename { to } => {
                let body = serde_json::json!({ "server": { "name": to } }).to_string();
                let path = ["servers", id.as_str()];
                let answer = self.call(Ask::change(Method::PUT, &path, Some(body))).await?;
                return convert::verdict(operation, id, &answer);
            }
            Operation::Delete => {
                let path = ["servers", id.as_str()];
                let answer = self.call(Ask::change(Method::DELETE, &path, None)).await?;
                return convert::verdict(operation, id, &answer);
            }
            Operation::PowerOff { .. } | Operation::Reboot { .. } => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    format!("openstack cannot {} in that way", operation.verb()),
                ));
            }
        };
        self.act(operation, id, body).await
    }

    async fn act(&self, operation: &Operation, id: &ServerId, body: &str) -> Result<Receipt, Error> {
        let path = ["servers", id.as_str(), "action"];
        let answer = self.call(Ask::change(Method::POST, &path, Some(body.to_owned()))).await?;
        convert::verdict(operation, id, &answer)
    }

    /// The verb depends on how the server sleeps, which is one of ours and four of Nova's states.
    async fn resume(&self, id: &ServerId) -> Result<Receipt, Error> {
        let Some(found) = self.find(id).await? else {
            return Err(Error::new(ErrorKind::NotFound, format!("there is no server {id}")));
        };
        match convert::resume_body(id, &found)? {
            Some(body) => self.act(&Operation::Resume, id, body).await,
            None => Ok(Receipt { ticket: None, already: true }),
        }
    }

    /// The server's whole history.
    async fn history(&self, id: &ServerId) -> Result<Vec<Action>, Error> {
        let answer = self.call(Ask::get(&["servers", id.as_str(), "os-instance-actions"])).await?;
        if answer.status == 200 {
            Ok(answer.json::<Actions>()?.actions)
        } else {
            Err(convert::failure(&answer))
        }
    }

    /// What the history has under the id of a call.
    async fn entry(&self, id: &ServerId, ticket: &str) -> Result<Action, Error> {
        let answer = self.call(Ask::get(&["servers", id.as_str(), "os-instance-actions", ticket])).await?;
        if answer.status == 200 {
            Ok(answer.json::<OneAction>()?.action)
        } else {
            Err(convert::failure(&answer))
        }
    }

    /// The entry of what is being followed. Nothing found means nothing: the history may have gaps.
    async fn record(&self, trail: Trail<'_>) -> Option<Action> {
        let ticket = trail.receipt.and_then(|receipt| receipt.ticket.as_deref());
        let found = match (ticket, trail.mark) {
            (Some(ticket), _) => self.entry(trail.id, ticket).await.map(Some),
            (None, Some(mark)) => {
                let all = self.history(trail.id).await;
                all.map(|all| history::newer_than(mark, trail.operation.verb(), all))
            }
            (None, None) => Ok(None),
        };
        found.unwrap_or_else(|error| {
            tracing::debug!(id = %trail.id, %error, "the server's history cannot be read");
            None
        })
    }

    /// Why a server that is at rest is not where it was to go, if that can be known.
    async fn failure(&self, trail: Trail<'_>, found: &Found) -> Option<String> {
        let ticket = trail.receipt?.ticket.as_deref();
        let told = match ticket {
            Some(ticket) => self.entry(trail.id, ticket).await.ok().as_ref().and_then(history::failure),
            None => None,
        };
        let broken = || {
            let why = found.fault.as_deref().map_or_else(String::new, |why| format!(": {why}"));
            (found.kind == Some(Kind::Error)).then(|| format!("the server is in ERROR{why}"))
        };
        told.or_else(broken)
    }
}

#[async_trait]
impl Provider for OpenStack {
    async fn list_part(&self, cursor: &Cursor) -> Result<Part, Error> {
        let marker = match cursor {
            Cursor::Start => None,
            Cursor::At(marker) => Some(marker.as_str()),
        };
        let mut query = vec![("limit", PAGE_SIZE.to_owned())];
        query.extend(marker.map(|marker| ("marker", marker.to_owned())));
        let answer = self.call(Ask { query, ..Ask::get(&["servers", "detail"]) }).await?;
        convert::page(&answer, marker)
    }

    async fn get(&self, id: &ServerId) -> Result<Option<LiveServer>, Error> {
        Ok(self.find(id).await?.map(|found| found.live))
    }

    async fn mark(&self, id: &ServerId, operation: &Operation) -> Result<Option<Mark>, Error> {
        if !operation.verb().is_one_shot() {
            return Ok(None);
        }
        match self.history(id).await {
            Ok(actions) => Ok(history::newest(actions)),
            // Without records the state alone decides: less evidence, not a reason to do nothing.
            Err(error) => {
                tracing::info!(%id, %error, "the server's history cannot be read");
                Ok(None)
            }
        }
    }

    async fn send(&self, operation: &Operation, ids: &[ServerId]) -> Result<Verdicts, Error> {
        Ok(one_by_one(ids, |id| self.send_one(operation, id)).await)
    }

    async fn observe(&self, trail: Trail<'_>) -> Result<Observation, Error> {
        let one_shot = trail.operation.verb().is_one_shot();
        // The record first: an action that it shows had set the task_state before, so that a server read after it
        // and at rest has ended it.
        let record = if one_shot { self.record(trail).await } else { None };
        let Some(found) = self.find(trail.id).await? else {
            return Ok(Observation { live: None, job: Job::NoRecords });
        };
        let moving = found.live.state.is_transition();
        let broken = found.kind == Some(Kind::Error) && !moving;
        let mut job = record.map_or(Job::NoRecords, |action| history::job(&action, moving));
        // One more read, and only for a server that came to rest where it should not be.
        if job == Job::NoRecords
            && (broken || convert::is_at_rest_elsewhere(&found.live.state, trail.operation))
        {
            job = self.failure(trail, &found).await.map_or(Job::NoRecords, Job::Failed);
        }
        Ok(Observation { live: Some(found.live), job })
    }
}
