//! Huawei Cloud Workspace application servers: tokens or signatures, batches, an asynchronous delete. See the README
//! of this folder.

mod access;
mod convert;
mod jobs;
mod sign;
pub mod simulator;
mod spec;
mod states;
mod wire;

pub use spec::SPEC;

use crate::http::{Answer, Body, Connection, Nature, Policy, Request, Session};
use crate::model::{LiveServer, OffKind, Operation, RebootKind, ServerId, Settings};
use crate::provider::{Cursor, Error, ErrorKind, Job, Observation, Part, Provider, Receipt, Trail, Verdicts};
use crate::providers::Opening;
use access::{Access, Grants};
use async_trait::async_trait;
use convert::Asked;
use reqwest::Method;
use serde_json::json;
use std::sync::Arc;

/// Servers asked for per page: the most that there are; the default is ten.
const PAGE_SIZE: &str = "100";

struct Workspace {
    service: Connection,
    access: Access,
    region: Option<String>,
    project: Session<String>,
    given_project: Option<String>,
}

/// Opens a connection.
///
/// # Errors
/// [`ErrorKind::Config`] for missing or unusable settings.
pub fn open(opening: &Opening<'_>) -> Result<Arc<dyn Provider>, Error> {
    let settings = opening.settings;
    let addresses = addresses(settings)?;
    // A 503 is no promise here that nothing happened: the state is read first, as after a 500.
    let policy = Policy { resend_changes_on_503: false };
    let connect = |base: &str| Connection::new(base, opening.limits, policy, opening.clients);
    let service = connect(&addresses.service)?;
    let identity = addresses.identity.as_deref().map(connect).transpose()?;
    let given_project = settings.get("project_id").map(|id| id.trim().to_owned());
    let region = settings.get("region").map(str::to_owned);
    if given_project.is_none() && region.is_none() {
        return Err(config("`project_id` is not set, and without `region` it cannot be looked up"));
    }
    if given_project.is_none() && identity.is_none() {
        let text = "`project_id` is not set, and without `iam_endpoint` it cannot be looked up";
        return Err(config(text));
    }
    let access = Access::new(settings, identity)?;
    Ok(Arc::new(Workspace { service, access, region, project: Session::default(), given_project }))
}

struct Addresses {
    service: String,
    identity: Option<String>,
}

/// The domain that all addresses by region are in.
const DOMAIN: &str = ".myhuaweicloud.com";

/// Where the service goes by this name; elsewhere it is called `workspace` (the SDK's list of regions).
const APPSTREAM: [&str; 5] = ["cn-north-4", "cn-north-9", "cn-east-3", "cn-south-1", "cn-southwest-2"];

/// The addresses that are given, or those of the region. Credentials do not go to the public identity service where the
/// service is somebody else's.
fn addresses(settings: &Settings) -> Result<Addresses, Error> {
    let region = settings.get("region");
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if region.is_some_and(|region| region.is_empty() || !region.chars().all(is_plain)) {
        return Err(config("`region` is made of lower-case letters, digits and -, like ap-southeast-1"));
    }
    let own = |region: &str| {
        let name = if APPSTREAM.contains(&region) { "appstream" } else { "workspace" };
        format!("https://{name}.{region}{DOMAIN}")
    };
    let given = settings.get("endpoint").map(str::to_owned);
    let service = given.clone().or_else(|| region.map(own));
    let service = service.ok_or_else(|| config("neither `region` nor `endpoint` is set"))?;
    let host = |url: &str| reqwest::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let is_public = host(&service).is_some_and(|host| host.ends_with(DOMAIN));
    let by_region = || region.filter(|_| is_public).map(|region| format!("https://iam.{region}{DOMAIN}"));
    let identity = settings.get("iam_endpoint").map(str::to_owned).or_else(by_region);
    Ok(Addresses { service, identity })
}

fn config(text: &str) -> Error {
    Error::new(ErrorKind::Config, text)
}

impl Workspace {
    /// The project whose servers these are: as it is set, or the one that is called like the region.
    async fn project(&self) -> Result<String, Error> {
        if let Some(project) = &self.given_project {
            return Ok(project.clone());
        }
        let region = self.region.as_deref().unwrap_or_default();
        let look_up = || async {
            let identity = self.access.identity()?;
            let build = || Request::get(["v3", "projects"]).query("name", region);
            let answer = self.access.call(identity, None, build).await?;
            convert::project(&answer, region, self.access.grants())
        };
        self.project.get(look_up).await.map(|project| (*project).clone())
    }

    /// One call of the service; `build` is given the project.
    async fn call(&self, build: impl Fn(&str) -> Request) -> Result<Answer, Error> {
        let project = self.project().await?;
        self.access.call(&self.service, Some(&project), || build(&project)).await
    }

    async fn read(&self, id: &ServerId) -> Result<Option<LiveServer>, Error> {
        let build = |project: &str| Request::get(["v1", project, "app-servers", id.as_str()]);
        let answer = self.call(build).await?;
        convert::one(id, &answer, self.grants())
    }

    async fn job(&self, ticket: &str, id: &ServerId) -> Result<Job, Error> {
        let answer = self.call(|project| Request::get(["v2", project, "job", ticket])).await?;
        jobs::job(&answer, ticket, id, self.grants())
    }

    fn grants(&self) -> Grants {
        self.access.grants()
    }

    async fn change(
        &self,
        method: Method,
        below: &[&str],
        body: Option<serde_json::Value>,
    ) -> Result<Answer, Error> {
        let text = body.map(|body| body.to_string());
        let build = |project: &str| {
            let path = ["v1", project, "app-servers"].into_iter().chain(below.iter().copied());
            let request = Request::new(Nature::Change, method.clone(), path);
            match &text {
                Some(text) => request.body(Body::Json(text.clone())),
                None => request,
            }
        };
        self.call(build).await
    }

    /// One call for all of the servers; whether the provider takes it for all or for none is decided by it as a whole.
    async fn act(&self, action: &str, kind: Option<&str>, ids: &[ServerId]) -> Result<Verdicts, Error> {
        let mut body = json!({ "items": ids });
        if let Some(kind) = kind {
            body["type"] = kind.into();
        }
        let answer = self.change(Method::PATCH, &["actions", action], Some(body)).await?;
        convert::taken(&answer, Asked::Action, self.grants())?;
        Ok(ids.iter().map(|_| Ok(Receipt::default())).collect())
    }

    async fn rename(&self, ids: &[ServerId], to: &str) -> Result<Verdicts, Error> {
        let mut verdicts = Vec::with_capacity(ids.len());
        for id in ids {
            let answer = self.change(Method::PATCH, &[id.as_str()], Some(json!({ "name": to }))).await;
            verdicts.push(answer.and_then(|answer| {
                convert::taken(&answer, Asked::Rename, self.grants()).map(|()| Receipt::default())
            }));
        }
        Ok(verdicts)
    }

    async fn delete(&self, ids: &[ServerId]) -> Result<Verdicts, Error> {
        if let [id] = ids {
            let answer = self.change(Method::DELETE, &[id.as_str()], None).await?;
            return convert::deleted(&answer, self.grants()).map(|receipt| vec![Ok(receipt)]);
        }
        let body = json!({ "items": ids });
        let answer = self.change(Method::POST, &["actions", "batch-delete"], Some(body)).await?;
        // Without a job nothing says whom of them it is about: each is looked at.
        let receipt = Receipt { already: false, ..convert::deleted(&answer, self.grants())? };
        Ok(ids.iter().map(|_| Ok(receipt.clone())).collect())
    }
}

#[async_trait]
impl Provider for Workspace {
    async fn list_part(&self, cursor: &Cursor) -> Result<Part, Error> {
        let offset = match cursor {
            Cursor::Start => 0,
            Cursor::At(offset) => offset.parse().unwrap_or(0),
        };
        let build = |project: &str| {
            Request::get(["v1", project, "app-servers"])
                .query("limit", PAGE_SIZE)
                .query("offset", offset.to_string())
        };
        let answer = self.call(build).await?;
        convert::page(&answer, offset, self.grants())
    }

    async fn get(&self, id: &ServerId) -> Result<Option<LiveServer>, Error> {
        self.read(id).await
    }

    async fn send(&self, operation: &Operation, ids: &[ServerId]) -> Result<Verdicts, Error> {
        match operation {
            Operation::PowerOn => self.act("batch-start", None, ids).await,
            Operation::PowerOff { method: OffKind::Graceful } => {
                self.act("batch-stop", Some("SOFT"), ids).await
            }
            Operation::PowerOff { method: OffKind::Hard } => self.act("batch-stop", Some("HARD"), ids).await,
            Operation::Reboot { method: RebootKind::Soft } => {
                self.act("batch-reboot", Some("SOFT"), ids).await
            }
            Operation::Reboot { method: RebootKind::Hard } => {
                self.act("batch-reboot", Some("HARD"), ids).await
            }
            Operation::Rename { to } => self.rename(ids, to.as_str()).await,
            Operation::Delete => self.delete(ids).await,
            Operation::PowerOff { method: OffKind::NotToldApart }
            | Operation::Reboot { method: RebootKind::NotToldApart }
            | Operation::Suspend
            | Operation::Resume => {
                let text = format!("huawei-workspace cannot {} in that way", operation.verb());
                Err(Error::new(ErrorKind::Unsupported, text))
            }
        }
    }

    async fn observe(&self, trail: Trail<'_>) -> Result<Observation, Error> {
        let live = self.read(trail.id).await?;
        let ticket = trail.receipt.and_then(|receipt| receipt.ticket.as_deref());
        let job = match ticket.filter(|_| live.is_some()) {
            None => Job::NoRecords,
            // The server itself is the evidence; a job that cannot be read adds nothing to it.
            Some(ticket) => self.job(ticket, trail.id).await.unwrap_or_else(|error| {
                tracing::info!(%error, "the job cannot be read");
                Job::NoRecords
            }),
        };
        Ok(Observation { live, job })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(given: &[(&str, &str)]) -> (String, Option<String>) {
        let mut settings = Settings::default();
        for (name, value) in given {
            settings.set(*name, *value);
        }
        let addresses = addresses(&settings).unwrap();
        (addresses.service, addresses.identity)
    }

    #[test]
    fn addresses_follow_from_the_region_unless_they_are_given() {
        let public = |name: &str, region: &str| {
            let identity = format!("https://iam.{region}.myhuaweicloud.com");
            (format!("https://{name}.{region}.myhuaweicloud.com"), Some(identity))
        };
        for region in ["cn-north-4", "cn-north-9", "cn-east-3", "cn-south-1", "cn-southwest-2"] {
            assert_eq!(of(&[("region", region)]), public("appstream", region));
        }
        for region in ["ap-southeast-1", "la-south-2", "cn-east-5", "cn-north-11", "tr-west-1"] {
            assert_eq!(of(&[("region", region)]), public("workspace", region));
        }
        let own = "https://workspace.example/base";
        assert_eq!(of(&[("region", "cn-north-4"), ("endpoint", own)]), (own.into(), None));
        let identity = "https://iam.example";
        let both = [("endpoint", own), ("iam_endpoint", identity)];
        assert_eq!(of(&both), (own.into(), Some(identity.into())));
        let global = [("region", "cn-north-4"), ("iam_endpoint", "https://iam.myhuaweicloud.com")];
        let (service, identity) = of(&global);
        assert_eq!(service, public("appstream", "cn-north-4").0);
        assert_eq!(identity.as_deref(), Some("https://iam.myhuaweicloud.com"));
    }
}
