//! The queue: the only place where an operation under way can be seen.

use super::answers::missing;
use super::estate::{DATACENTERS, HOME};
use super::views::Link;
use super::{Answer, access};
use crate::simulator::{ConnectionWorld, JobStage, Moment, Response};
use serde::Serialize;

#[derive(Serialize)]
struct Status {
    status: &'static str,
}

/// Where to ask how far a job is.
pub(super) fn link(connection: &str, server: &str, number: u64) -> Link {
    let id = status_id(server, number);
    let href = format!("/v2/operations/{}/status/{id}", access::alias(connection).to_ascii_lowercase());
    Link { rel: "status", href, id: Some(id), ..Link::default() }
}

/// `GET /v2/operations/{account}/status/{id}`. Why something failed is not told.
pub(super) fn status(world: &ConnectionWorld, id: &str, now: Moment) -> Answer<Response> {
    let number: Option<u64> = id.rsplit('-').next().and_then(|digits| digits.parse().ok());
    let job = world.jobs().find(|job| Some(job.id) == number && status_id(&job.server, job.id) == id);
    let status = match job.ok_or_else(missing)?.stage(now) {
        JobStage::Queued => "notStarted",
        JobStage::Processing => "executing",
        JobStage::Succeeded => "succeeded",
        JobStage::Failed => "failed",
    };
    Ok(Response::json(200, &Status { status }))
}

/// `wa1-12345`: the data center that the server's id begins with, and the number.
fn status_id(server: &str, number: u64) -> String {
    let datacenter = DATACENTERS.iter().map(|(id, _)| *id).find(|id| server.starts_with(id)).unwrap_or(HOME);
    format!("{datacenter}-{number}")
}
