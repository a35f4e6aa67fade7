//! The contract between the program and a provider: what an implementer must do, and the errors it may return.
//!
//! **Must**: make one HTTP exchange per wire call through the shared HTTP room; convert, judge the answer, return.
//! **Must not**: loop over pages, sleep, retry, print, compare desired with live, or know another provider.
//! **May**: refuse an operation it cannot express with [`ErrorKind::Unsupported`], without a request.

mod error;
mod listing;
mod scrub;
mod traffic;

pub use error::{Effect, Error, ErrorKind};
pub use listing::{ListFailure, list_all};
pub use scrub::{Scrubbed, Secrets};
pub use traffic::{Meter, Traffic};

use crate::model::{LiveServer, Operation, ServerId};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A part of a listing that can be asked for: opaque to everyone but the provider that made it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Cursor {
    /// Where every listing begins.
    Start,
    /// A page, a status filter, a group: whatever the provider understands.
    At(String),
}

/// One part of a listing.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// The servers of this part.
    pub servers: Vec<LiveServer>,
    /// Further parts, which may be fetched side by side. Empty where nothing follows.
    pub next: Vec<Cursor>,
    /// How many servers the whole listing has, where the answer says so. All parts must agree, and the servers
    /// that arrive must be that many: otherwise the listing is read again.
    pub total: Option<u64>,
}

/// What a provider handed out for an accepted call, to follow it by: a job id, a status id, a request id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The provider's handle; `None` where it gives none.
    pub ticket: Option<String>,
    /// The provider said that the wanted state already holds and nothing was queued.
    pub already: bool,
}

/// What the provider's records said of a server before a one-shot call: the newest job, for example. Compared
/// with the records afterwards, it tells whether the call arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark(pub String);

/// The provider's own record of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// The provider keeps no records that could tell, or they could not be read.
    NoRecords,
    /// It keeps records, and none of them is newer than the mark: the call has not arrived (yet).
    NotThere,
    /// It keeps a record of this operation, and the record says nothing now: neither done nor failed can be concluded
    /// where live state cannot show it.
    Unclear,
    /// Recorded, not finished.
    Running,
    /// Recorded and finished.
    Succeeded,
    /// Recorded and failed, with the reason where one is given.
    Failed(String),
}

/// One look at a server whose change is being followed.
#[derive(Clone, Debug)]
pub struct Observation {
    /// The server now; `None` when the provider says that it does not exist.
    pub live: Option<LiveServer>,
    /// The provider's record of the operation.
    pub job: Job,
}

/// What is being followed.
#[derive(Clone, Copy, Debug)]
pub struct Trail<'a> {
    /// The server.
    pub id: &'a ServerId,
    /// What was asked.
    pub operation: &'a Operation,
    /// What the provider handed out; `None` when its answer was lost.
    pub receipt: Option<&'a Receipt>,
    /// What its records said before.
    pub mark: Option<&'a Mark>,
}

/// What a provider said to one call, server by server, in the order in which they were named. `Ok` means accepted,
/// not done.
pub type Verdicts = Vec<Result<Receipt, Error>>;

/// Asks one by one, where a call names one server.
pub async fn one_by_one<'a, F>(ids: &'a [ServerId], ask: impl Fn(&'a ServerId) -> F) -> Verdicts
where
    F: Future<Output = Result<Receipt, Error>>,
{
    let mut verdicts = Vec::with_capacity(ids.len());
    for id in ids {
        verdicts.push(ask(id).await);
    }
    verdicts
}

/// One connection to a provider.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Fetches one part of the listing. Hidden states and all pages must be reachable from [`Cursor::Start`].
    /// An answer that cannot be understood in full is an error, never a shorter list; where a part is gone because
    /// the list moved meanwhile, [`ErrorKind::ListMoved`] makes the reader start over.
    async fn list_part(&self, cursor: &Cursor) -> Result<Part, Error>;

    /// Reads one server. `None` only when the provider itself says that the server does not exist; a 404 that
    /// may come from a wrong path or a gateway is an error.
    async fn get(&self, id: &ServerId) -> Result<Option<LiveServer>, Error>;

    /// Takes a mark before a one-shot operation. `None` where the provider keeps no records.
    async fn mark(&self, _id: &ServerId, _operation: &Operation) -> Result<Option<Mark>, Error> {
        Ok(None)
    }

    /// Sends one operation for one or more servers, never more than its batch limit.
    ///
    /// # Errors
    /// The call as a whole came to nothing, or nobody can tell: the error holds for every server of it. A batch
    /// that is refused as a whole ([`Effect::None`] and a refusal, not found or busy) is sent again in halves by
    /// whoever sent it, until the culprit is alone.
    async fn send(&self, operation: &Operation, ids: &[ServerId]) -> Result<Verdicts, Error>;

    /// Looks at a server whose change is being followed, together with the provider's record of the change.
    async fn observe(&self, trail: Trail<'_>) -> Result<Observation, Error> {
        Ok(Observation { live: self.get(trail.id).await?, job: Job::NoRecords })
    }

    /// What went over the connection so far; nothing where nobody counts. Not for implementers: whoever opens a
    /// connection gives it a [`Meter`] ([`Scrubbed::counted`]).
    fn traffic(&self) -> Traffic {
        Traffic::default()
    }
}
