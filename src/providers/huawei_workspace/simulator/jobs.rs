//! Jobs. Only deleting makes one; a batch makes one for all of its servers, and what a sub-job is called is the id of
//! the job that it is part of.

use super::Answer;
use super::answers::{malformed, unknown_job};
use super::requests::Query;
use super::signature::hex;
use crate::simulator::{
    ConnectionWorld, Effect, JobStage, Moment, Order, Response, Serial, SimJob, Streamed,
};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// What every job is for.
pub(super) const KIND: &str = "DELETE_SERVER";

/// The word for a job that came to nothing.
pub(super) const FAILED: &str = "FAILED";

/// How many jobs there were, so that no two ids are alike.
const COUNT: &str = "jobs";

#[derive(Serialize)]
struct Job<'a> {
    id: &'a str,
    #[serde(rename = "job_type")]
    kind: &'static str,
    begin_time: String,
    end_time: Option<String>,
    status: &'static str,
    sub_jobs_total: usize,
    sub_jobs: Vec<SubJob<'a>>,
}

#[derive(Serialize)]
struct SubJob<'a> {
    id: String,
    job_id: &'a str,
    job_type: &'static str,
    status: &'static str,
    begin_time: String,
    end_time: Option<String>,
    error_code: Option<&'static str>,
    error_message: Option<&'a str>,
    job_resource_info: Resource<'a>,
}

#[derive(Serialize)]
struct Resource<'a> {
    resource_id: &'a str,
    resource_type: &'static str,
}

#[derive(Serialize)]
struct Items<L> {
    count: usize,
    items: L,
}

/// Deletes all of these, as one job. Returns its id.
pub(super) fn delete(world: &mut ConnectionWorld, serials: &[Serial], now: Moment) -> String {
    let number = world.memory.get(COUNT).and_then(Value::as_u64).unwrap_or(0) + 1;
    world.memory.insert(COUNT.to_owned(), number.into());
    let id = hex(&Sha256::digest(format!("job {number} of {}", world.name))[..16]);
    for serial in serials {
        let order = Order { effect: Effect::Delete, word: Some("deleting"), job: Some(&id) };
        world.accept(*serial, &order, now);
    }
    id
}

/// The newest job about a server.
pub(super) fn last_of<'a>(world: &'a ConnectionWorld, server: &str) -> Option<&'a SimJob> {
    world.jobs().rev().find(|job| job.server == server)
}

/// The word for how far it is. It has succeeded a little before the server is gone.
pub(super) fn state(world: &ConnectionWorld, job: &SimJob, now: Moment) -> &'static str {
    match job.stage(now) {
        JobStage::Queued => "WAITING",
        JobStage::Processing if job.failure.is_none() && done_at(world, job).is_some_and(|at| at <= now) => {
            "SUCCESS"
        }
        JobStage::Processing => "RUNNING",
        JobStage::Succeeded => "SUCCESS",
        JobStage::Failed => FAILED,
    }
}

/// When its work is done, which is not when its effect shows.
fn done_at(world: &ConnectionWorld, job: &SimJob) -> Option<Moment> {
    let early = if job.failure.is_some() { 0 } else { world.manner.settle.as_millis() / 5 };
    let early = u64::try_from(early).unwrap_or_default();
    job.ends.map(|ends| Moment::from_millis(ends.millis().saturating_sub(early)))
}

/// `GET /v2/{project}/job/{id}`
pub(super) fn get(world: &ConnectionWorld, id: &str, now: Moment) -> Answer<Response> {
    let parts: Vec<&SimJob> = world.jobs().filter(|job| job.command == id).collect();
    let first = parts.first().ok_or_else(unknown_job)?;
    let stages: Vec<&str> = parts.iter().map(|job| state(world, job, now)).collect();
    let is_over = stages.iter().all(|state| matches!(*state, "SUCCESS" | FAILED));
    let status = match is_over {
        true if stages.contains(&FAILED) => FAILED,
        true => "SUCCESS",
        false if stages.iter().all(|state| *state == "WAITING") => "WAITING",
        false => "RUNNING",
    };
    let ended = parts.iter().filter_map(|job| done_at(world, job)).max();
    let job = Job {
        id,
        kind: KIND,
        begin_time: written(first.created),
        end_time: ended.filter(|_| is_over).map(written),
        status,
        sub_jobs_total: parts.len(),
        sub_jobs: parts.iter().map(|job| show(world, job, now)).collect(),
    };
    Ok(Response::json(200, &job))
}

/// `GET /v1/{project}/app-server-sub-jobs`
pub(super) fn sub_jobs(
    world: &ConnectionWorld,
    request: &crate::simulator::Request,
    now: Moment,
) -> Answer<Response> {
    let query = Query::read(request, &["job_type", "job_id", "offset", "limit"])?;
    let kind = query.text("job_type").ok_or_else(|| malformed("The parameter job_type is missing."))?;
    let (offset, limit) = query.page()?;
    let limit = limit.min(world.manner.page_size.unwrap_or(usize::MAX));
    let wanted = |job: &&SimJob| kind == KIND && query.text("job_id").is_none_or(|id| job.command == id);
    let count = world.jobs().filter(wanted).count();
    let page = world.jobs().rev().filter(wanted).skip(offset).take(limit);
    let items = Streamed::new(page.map(|job| show(world, job, now)));
    Ok(Response::json(200, &Items { count, items }))
}

fn show<'a>(world: &ConnectionWorld, job: &'a SimJob, now: Moment) -> SubJob<'a> {
    let status = state(world, job, now);
    let is_over = matches!(status, "SUCCESS" | FAILED);
    let failure = job.failure.as_deref().filter(|_| status == FAILED);
    SubJob {
        id: hex(&Sha256::digest(format!("part {} of {}", job.id, job.command))[..16]),
        job_id: &job.command,
        job_type: KIND,
        status,
        begin_time: written(job.started),
        end_time: done_at(world, job).filter(|_| is_over).map(written),
        error_code: failure.map(|_| "WKS.0014"),
        error_message: failure,
        job_resource_info: Resource { resource_id: &job.server, resource_type: "APP_SERVER" },
    }
}

fn written(at: Moment) -> String {
    format!("{}Z", at.without_zone())
}
