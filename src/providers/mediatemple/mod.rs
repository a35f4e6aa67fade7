//! (mt) Media Temple services: the customer API v1, which lists and reboots and does nothing else. See the README
//! of this folder.

mod convert;
pub mod simulator;
mod spec;
mod wire;

pub use spec::SPEC;

use crate::http::{Connection, Nature, Policy, Request};
use crate::model::{LiveServer, Operation, RebootKind, ServerId};
use crate::provider::{Cursor, Error, ErrorKind, Part, Provider, Receipt, Verdicts, one_by_one};
use crate::providers::Opening;
use async_trait::async_trait;
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use std::sync::Arc;
use wire::Services;

struct MediaTemple {
    http: Connection,
    authorization: HeaderValue,
}

/// Opens a connection.
///
/// # Errors
/// [`ErrorKind::Config`] for missing or unusable settings.
pub fn open(opening: &Opening<'_>) -> Result<Arc<dyn Provider>, Error> {
    // In a header, never as the query parameter `apikey`: URLs end up in logs.
    let mut authorization =
        HeaderValue::from_str(&format!("MediaTemple {}", opening.required("api_key")?.trim()))
            .map_err(|_| Error::new(ErrorKind::Config, "api_key does not fit into a header"))?;
    authorization.set_sensitive(true);
    // A 503 is no promise here that nothing happened: the service is read first, as after a 500.
    let policy = Policy { resend_changes_on_503: false };
    let http = Connection::new(opening.required("endpoint")?, opening.limits, policy, opening.clients)?;
    Ok(Arc::new(MediaTemple { http, authorization }))
}

impl MediaTemple {
    /// Asks for JSON by suffix (in `segments`) and by header; the query stays empty, `wrapRoot` at its default.
    fn request(&self, nature: Nature, method: Method, segments: &[&str]) -> Request {
        Request::new(nature, method, segments.iter().copied())
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, HeaderValue::from_static("application/json"))
    }

    fn reading(&self, segments: &[&str]) -> Request {
        self.request(Nature::Read, Method::GET, segments)
    }

    async fn send_one(&self, operation: &Operation, id: &ServerId) -> Result<Receipt, Error> {
        if !matches!(operation, Operation::Reboot { method: RebootKind::NotToldApart }) {
            let text = format!("mediatemple cannot {} in that way", operation.verb());
            return Err(Error::new(ErrorKind::Unsupported, text));
        }
        if !is_possible(id) {
            let text = format!("there is no service {id:?}: ids are whole numbers");
            return Err(Error::new(ErrorKind::NotFound, text));
        }
        let segments = ["services", id.as_str(), "reboot.json"];
        let answer = self.http.send(|| self.request(Nature::Change, Method::POST, &segments)).await?;
        convert::verdict(&answer)
    }
}

/// Whether a service can have this id at all. Anything else would be another path, and another path another call.
fn is_possible(id: &ServerId) -> bool {
    wire::is_whole_number(id.as_str())
}

#[async_trait]
impl Provider for MediaTemple {
    async fn list_part(&self, _cursor: &Cursor) -> Result<Part, Error> {
        convert::list(self.http.send_large::<Services>(|| self.reading(&["services.json"])).await?)
    }

    async fn get(&self, id: &ServerId) -> Result<Option<LiveServer>, Error> {
        if !is_possible(id) {
            return Ok(None);
        }
        let last = format!("{id}.json");
        let answer = self.http.send(|| self.reading(&["services", &last])).await?;
        convert::one(id, &answer)
    }

    async fn send(&self, operation: &Operation, ids: &[ServerId]) -> Result<Verdicts, Error> {
        Ok(one_by_one(ids, |id| self.send_one(operation, id)).await)
    }
}
