//! `GoGrid` API 1.x: signed form calls, one envelope for everything, jobs. See the README of this folder.

mod convert;
mod sign;
pub mod simulator;
mod spec;
mod wire;

pub use spec::SPEC;

use crate::http::{Answer, Body, Connection, Nature, Policy, Request};
use crate::model::{LiveServer, OffKind, Operation, RebootKind, ServerId};
use crate::provider::{
    Cursor, Error, ErrorKind, Job, Mark, Observation, Part, Provider, Receipt, Trail, Verdicts, one_by_one,
};
use crate::providers::Opening;
use async_trait::async_trait;
use convert::{Outcome, TOLERATED_SKEW_SECONDS};
use jiff::Timestamp;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// The newest version whose list is documented as complete when unpaged, and which knows `datacenter`.
const API_VERSION: &str = "1.6";

/// Servers asked for per page. The undocumented default may be anything, so it is always given.
const PAGE_SIZE: &str = "100";

struct GoGrid {
    http: Connection,
    api_key: SecretString,
    secret: SecretString,
    /// How far the server's clock is ahead of ours, once it refused a signature.
    skew_seconds: AtomicI64,
}

type Pairs = Vec<(&'static str, String)>;

/// Opens a connection.
///
/// # Errors
/// [`ErrorKind::Config`] for missing or unusable settings.
pub fn open(opening: &Opening<'_>) -> Result<Arc<dyn Provider>, Error> {
    // A 503 is no promise here that nothing happened: the state is read first, as after a 500.
    let policy = Policy { resend_changes_on_503: false };
    Ok(Arc::new(GoGrid {
        http: Connection::new(opening.required("endpoint")?, opening.limits, policy, opening.clients)?,
        api_key: opening.required("api_key")?.into(),
        secret: opening.required("secret")?.into(),
        skew_seconds: AtomicI64::new(0),
    }))
}

impl GoGrid {
    /// What every call carries; a new signature each time.
    fn common(&self) -> Pairs {
        let (key, secret) = (self.api_key.expose_secret(), self.secret.expose_secret());
        let now = Timestamp::now().as_second() + self.skew_seconds.load(Ordering::Relaxed);
        vec![
            ("api_key", key.to_owned()),
            ("sig", sign::signature(key, secret, now)),
            ("v", API_VERSION.to_owned()),
            ("format", "json".to_owned()),
        ]
    }

    /// Reads travel as GET. Changes travel as POST with everything in the body: the key stays out of URLs, and
    /// nothing between us can replay the call.
    async fn call(&self, nature: Nature, path: [&'static str; 3], own: &Pairs) -> Result<Answer, Error> {
        let build = || {
            let pairs: Pairs = self.common().into_iter().chain(own.iter().cloned()).collect();
            match nature {
                Nature::Read => pairs
                    .into_iter()
                    .fold(Request::get(path), |request, (name, value)| request.query(name, value)),
                Nature::Change => Request::new(nature, Method::POST, path).body(Body::Form(pairs)),
            }
        };
        let signed_with = self.skew_seconds.load(Ordering::Relaxed);
        let answer = self.http.send(build).await?;
        // A refused signature had no effect, so one attempt with the server's own time is harmless.
        if answer.status == 403 && self.adopt_clock_of(&answer, signed_with) {
            return self.http.send(build).await;
        }
        Ok(answer)
    }

    /// Whether the server's clock differs enough from the one that was signed with to be worth another attempt.
    /// Calls beside this one may have adopted it meanwhile, so what counts is what this one used.
    fn adopt_clock_of(&self, answer: &Answer, signed_with: i64) -> bool {
        let Some(skew) = convert::skew_seconds(answer) else { return false };
        let differs = (skew - signed_with).abs() > TOLERATED_SKEW_SECONDS;
        if differs && self.skew_seconds.swap(skew, Ordering::Relaxed) != skew {
            tracing::warn!(
                skew_seconds = skew,
                "this machine's clock differs from GoGrid's; signing with theirs"
            );
        }
        differs
    }

    async fn newest_job(&self, id: &ServerId) -> Result<(Mark, Option<Job>), Error> {
        let own = vec![("object", id.to_string()), ("num_items", "1".to_owned()), ("page", "0".to_owned())];
        let answer = self.call(Nature::Read, ["grid", "job", "list"], &own).await?;
        convert::newest(&answer)
    }

    async fn send_one(&self, operation: &Operation, id: &ServerId) -> Result<Receipt, Error> {
        let power = |word: &str| vec![("id", id.to_string()), ("power", word.to_owned())];
        let (path, own) = match operation {
            Operation::PowerOn => (["grid", "server", "power"], power("on")),
            Operation::PowerOff { method: OffKind::Hard } => (["grid", "server", "power"], power("off")),
            Operation::Reboot { method: RebootKind::Hard } => (["grid", "server", "power"], power("cycle")),
            Operation::Delete => (["grid", "server", "delete"], vec![("id", id.to_string())]),
            Operation::PowerOff { .. }
            | Operation::Reboot { .. }
            | Operation::Rename { .. }
            | Operation::Suspend
            | Operation::Resume => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    format!("gogrid cannot {} in that way", operation.verb()),
                ));
            }
        };
        let answer = self.call(Nature::Change, path, &own).await?;
        match convert::judge(&answer)? {
            Outcome::Success(_) => Ok(Receipt::default()),
            Outcome::NothingFound if *operation == Operation::Delete => {
                Ok(Receipt { ticket: None, already: true })
            }
            Outcome::NothingFound => {
                Err(Error::new(ErrorKind::NotFound, format!("{}: there is no such server", answer.asked)))
            }
        }
    }
}

#[async_trait]
impl Provider for GoGrid {
    async fn list_part(&self, cursor: &Cursor) -> Result<Part, Error> {
        let number = match cursor {
            Cursor::Start => 0,
            Cursor::At(page) => page.parse().unwrap_or(0),
        };
        let own = vec![("num_items", PAGE_SIZE.to_owned()), ("page", number.to_string())];
        let answer = self.call(Nature::Read, ["grid", "server", "list"], &own).await?;
        convert::page(&answer, number)
    }

    async fn get(&self, id: &ServerId) -> Result<Option<LiveServer>, Error> {
        let answer =
            self.call(Nature::Read, ["grid", "server", "get"], &vec![("id", id.to_string())]).await?;
        convert::one(&answer, id)
    }

    async fn mark(&self, id: &ServerId, _operation: &Operation) -> Result<Option<Mark>, Error> {
        match self.newest_job(id).await {
            Ok((mark, _)) => Ok(Some(mark)),
            // Without job records the state alone decides: less evidence, not a reason to do nothing.
            Err(error) => {
                tracing::info!(%error, "the job list cannot be read");
                Ok(None)
            }
        }
    }

    async fn send(&self, operation: &Operation, ids: &[ServerId]) -> Result<Verdicts, Error> {
        Ok(one_by_one(ids, |id| self.send_one(operation, id)).await)
    }

    async fn observe(&self, trail: Trail<'_>) -> Result<Observation, Error> {
        let live = self.get(trail.id).await?;
        let job = match (trail.mark, &live) {
            (None, _) | (_, None) => Job::NoRecords,
            (Some(mark), Some(_)) => match self.newest_job(trail.id).await {
                Ok((newest, _)) if newest == *mark => Job::NotThere,
                Ok((_, job)) => job.unwrap_or(Job::NoRecords),
                Err(error) => {
                    tracing::info!(%error, "the job list cannot be read");
                    Job::NoRecords
                }
            },
        };
        Ok(Observation { live, job })
    }
}
