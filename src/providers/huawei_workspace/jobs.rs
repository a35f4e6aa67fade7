//! The job of a deletion, read for one server of it.

use super::access::Grants;
use super::convert::failure;
use super::wire::{Job as WireJob, SubJob, Text};
use crate::http::Answer;
use crate::model::ServerId;
use crate::provider::{Error, Job};

/// What a job says of one server: its own part of the job where there is one, because a job that failed may have failed
/// for others only.
pub(super) fn job(answer: &Answer, ticket: &str, id: &ServerId, grants: Grants) -> Result<Job, Error> {
    if answer.status != 200 {
        return Err(failure(answer, grants));
    }
    let job: WireJob = answer.json()?;
    if job.id.as_ref().is_some_and(|own| own.0 != ticket) {
        return Err(answer.garbage("another job than the one asked for"));
    }
    let parts = job.sub_jobs.unwrap_or_default();
    if let Some(own) = parts.iter().find(|part| is_about(part, id)) {
        return Ok(stage(own.status.as_ref().map_or("", |status| &status.0), || reason(own)));
    }
    let whole = stage(&job.status.0, || format!("job {ticket} failed"));
    let total = job.sub_jobs_total.as_ref().and_then(|total| total.0.parse().ok()).unwrap_or(1);
    match whole {
        // It failed, and does not say for whom.
        Job::Failed(_) if !parts.is_empty() || total > 1 => Ok(Job::NoRecords),
        whole => Ok(whole),
    }
}

fn is_about(part: &SubJob, id: &ServerId) -> bool {
    let resource = part.job_resource_info.as_ref().and_then(|info| info.resource_id.as_ref());
    resource.is_some_and(|resource| resource.0 == id.as_str())
}

fn stage(word: &str, why: impl Fn() -> String) -> Job {
    match word {
        // The last two are on their way to an end that is not told yet.
        "WAITING" | "RUNNING" | "ROLLBACK" | "ABORTING" => Job::Running,
        "SUCCESS" => Job::Succeeded,
        "FAILED" | "ABNORMAL" => Job::Failed(why()),
        _ => Job::NoRecords,
    }
}

fn reason(part: &SubJob) -> String {
    match (Text::said(part.error_message.as_ref()), Text::said(part.error_code.as_ref())) {
        (Some(message), Some(code)) => format!("the provider's job failed: {message} ({code})"),
        (Some(text), None) | (None, Some(text)) => format!("the provider's job failed: {text}"),
        (None, None) => "the provider's job failed without a reason".to_owned(),
    }
}
