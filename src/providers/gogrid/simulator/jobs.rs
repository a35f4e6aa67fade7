//! `grid/job/…`: what has been asked for, newest first, and what became of it.

use super::options::{self, Shown};
use super::params::Params;
use super::{Answer, access, views};
use crate::simulator::{ConnectionWorld, JobStage, Moment, Response, SimJob};
use serde::Serialize;

/// How many jobs a list shows when it is not told.
const DEFAULT_ITEMS: usize = 100;

/// How far back a list looks when it is not told, in milliseconds.
const FOUR_WEEKS: u64 = 28 * 24 * 3600 * 1000;

#[derive(Serialize)]
struct Step {
    id: u64,
    note: Option<String>,
    object: &'static str,
    state: Shown<'static>,
    updatedon: u64,
}

#[derive(Serialize)]
struct Job {
    attempts: u64,
    command: Command,
    createdon: u64,
    currentstate: Shown<'static>,
    detail: Detail,
    history: Vec<Step>,
    id: u64,
    lastupdatedon: u64,
    object: &'static str,
    objecttype: Shown<'static>,
    owner: String,
}

#[derive(Serialize)]
struct Command {
    id: u64,
    name: String,
    object: &'static str,
}

#[derive(Serialize)]
struct Detail {
    name: String,
}

pub(super) fn list(world: &ConnectionWorld, params: &Params, now: Moment) -> Answer<Response> {
    let page = params.page(Some(DEFAULT_ITEMS), world.manner.page_size)?;
    let since = params.number("startdate")?.unwrap_or(now.millis().saturating_sub(FOUR_WEEKS));
    let until = params.number("enddate")?.unwrap_or(u64::MAX);
    let state = params.choice("job.state", options::JOB_STATES)?;
    params.choice("job.objecttype", options::OBJECT_TYPES)?;
    let object = params.optional("object")?;
    let owner = params.optional("owner")?;
    let name = owner_of(world);
    let wanted = |job: &&SimJob| {
        (since..=until).contains(&job.created.millis())
            && state.is_none_or(|id| state_id(job.stage(now)) == id)
            && object.is_none_or(|text| job.server == text || job.name == text)
            && owner.is_none_or(|text| text == name)
    };
    let total = world.jobs().filter(wanted).count();
    let found = world.jobs().rev().filter(wanted);
    Ok(views::paged(params.method(), page, total, found, |job| show(job, &name, now)))
}

pub(super) fn get(world: &ConnectionWorld, params: &Params, now: Moment) -> Answer<Response> {
    if params.has("id") == params.has("job") {
        return Err(params.illegal("Exactly one of the parameters 'id', 'job' is needed."));
    }
    let asked: Vec<&str> = params.all("id").chain(params.all("job")).collect();
    let wanted = |job: &&SimJob| asked.contains(&job.id.to_string().as_str());
    let found: Vec<&SimJob> = world.jobs().filter(wanted).collect();
    if found.is_empty() {
        return Err(params.illegal("No object found that matches your input criteria."));
    }
    let owner = owner_of(world);
    let shown = found.iter().map(|job| show(job, &owner, now));
    Ok(views::all(params.method(), found.len(), shown))
}

fn owner_of(world: &ConnectionWorld) -> String {
    format!("{}@api.gogrid.example", access::api_key(&world.name))
}

fn state_id(stage: JobStage) -> u64 {
    match stage {
        JobStage::Queued => 1,
        JobStage::Processing => 2,
        JobStage::Succeeded => 3,
        JobStage::Failed => 4,
    }
}

fn show(job: &SimJob, owner: &str, now: Moment) -> Job {
    let stages = job.history(now);
    let last = stages.last().map_or(job.created, |(_, at)| *at);
    let steps = stages.iter().zip(1..).map(|((stage, at), number)| Step {
        id: job.id * 10 + number,
        note: job.failure.clone().filter(|_| *stage == JobStage::Failed),
        object: "jobhistory",
        state: options::by_id(options::JOB_STATES, state_id(*stage)),
        updatedon: at.millis(),
    });
    Job {
        attempts: u64::from(stages.len() > 1),
        command: Command { id: 10, name: job.command.clone(), object: "option" },
        createdon: job.created.millis(),
        currentstate: options::by_id(options::JOB_STATES, state_id(job.stage(now))),
        detail: Detail { name: job.name.clone() },
        history: steps.collect(),
        id: job.id,
        lastupdatedon: last.millis(),
        object: "job",
        objecttype: options::by_id(options::OBJECT_TYPES, 1),
        owner: owner.to_owned(),
    }
}
