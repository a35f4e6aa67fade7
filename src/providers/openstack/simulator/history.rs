//! `os-instance-actions`: what has been asked of a server, newest first, and what became of it.

use super::envelope::{bad_request, not_found};
use super::microversion::Microversion;
use super::servers::reachable;
use super::{Answer, names};
use crate::simulator::{ConnectionWorld, JobStage, Moment, Request, Response, SimJob, SimServer, Streamed};
use serde::Serialize;

/// From this version on plain users see what an action consisted of.
const EVENTS: Microversion = Microversion(51);

/// From this version on an action says when it was last touched, and an event why it failed.
const UPDATED: Microversion = Microversion(58);
const DETAILS: Microversion = Microversion(84);

#[derive(Serialize)]
struct Actions<L> {
    #[serde(rename = "instanceActions")]
    actions: L,
}

#[derive(Serialize)]
struct One<'a> {
    #[serde(rename = "instanceAction")]
    action: Action<'a>,
}

#[derive(Serialize)]
struct Action<'a> {
    #[serde(rename = "action")]
    name: &'a str,
    instance_uuid: &'a str,
    request_id: String,
    user_id: &'a str,
    project_id: &'a str,
    start_time: String,
    message: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<[Event<'a>; 1]>,
}

#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "event")]
    name: String,
    start_time: String,
    finish_time: Option<String>,
    result: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a str>,
}

/// The same for every action of a server.
struct Owner {
    connection: String,
    user: String,
    project: String,
    version: Microversion,
    now: Moment,
}

pub(super) fn list(
    world: &ConnectionWorld,
    id: &str,
    request: &Request,
    version: Microversion,
    now: Moment,
) -> Answer<Response> {
    let (server, owner) = asked(world, id, request, version, now)?;
    let jobs = world.jobs().rev().filter(|job| job.server == id).map(|job| owner.job(job));
    let actions = jobs.chain(std::iter::once_with(|| owner.creation(id, server)));
    Ok(Response::json(200, &Actions { actions: Streamed::new(actions) }))
}

pub(super) fn one(
    world: &ConnectionWorld,
    id: &str,
    request_id: &str,
    request: &Request,
    version: Microversion,
    now: Moment,
) -> Answer<Response> {
    let (server, owner) = asked(world, id, request, version, now)?;
    let creation = owner.creation(id, server);
    let found = if creation.request_id == request_id {
        Some((
            creation,
            event("conductor", "build_instances", server.created, Some(("Success", server.created))),
        ))
    } else {
        let job = world.jobs().rev().find(|job| job.server == id && owner.request_id(job) == request_id);
        job.map(|job| (owner.job(job), owner.event(job)))
    };
    let (action, event) = found.ok_or_else(|| {
        not_found(&format!("Action for request_id {request_id} on instance {id} not found"))
    })?;
    let events = (version >= EVENTS).then_some([event]);
    Ok(Response::json(200, &One { action: Action { events, ..action } }))
}

fn asked<'a>(
    world: &'a ConnectionWorld,
    id: &str,
    request: &Request,
    version: Microversion,
    now: Moment,
) -> Answer<(&'a SimServer, Owner)> {
    if !request.query.is_empty() {
        return Err(bad_request("Additional properties are not allowed: no query is expected here."));
    }
    let (_, server) = reachable(world, id)?;
    let connection = world.name.clone();
    let user = names::user_id(&connection, &names::username(&connection));
    let project = names::project_id(&connection);
    Ok((server, Owner { connection, user, project, version, now }))
}

impl Owner {
    fn request_id(&self, job: &SimJob) -> String {
        names::request_id(&self.connection, "job", job.id)
    }

    fn action<'a>(&'a self, action: &'a str, id: &'a str, request_id: String, at: Moment) -> Action<'a> {
        Action {
            name: action,
            instance_uuid: id,
            request_id,
            user_id: &self.user,
            project_id: &self.project,
            start_time: precise(at),
            message: None,
            updated_at: (self.version >= UPDATED).then(|| precise(at)),
            events: None,
        }
    }

    /// Every server has been created once, by a call of its own.
    fn creation<'a>(&'a self, id: &'a str, server: &SimServer) -> Action<'a> {
        let request_id = names::request_id(&self.connection, &format!("create {id}"), 0);
        self.action("create", id, request_id, server.created)
    }

    fn job<'a>(&'a self, job: &'a SimJob) -> Action<'a> {
        let failed = job.stage(self.now) == JobStage::Failed;
        let ended = job.ends.filter(|ends| *ends <= self.now);
        let action = self.action(&job.command, &job.server, self.request_id(job), job.created);
        Action {
            message: failed.then_some("Error"),
            updated_at: (self.version >= UPDATED).then(|| precise(ended.unwrap_or(job.created))),
            ..action
        }
    }

    fn event<'a>(&self, job: &'a SimJob) -> Event<'a> {
        let ended = job.ends.filter(|ends| *ends <= self.now);
        let failed = job.failure.as_deref().filter(|_| ended.is_some());
        let result = if failed.is_some() { "Error" } else { "Success" };
        let event =
            event("compute", &format!("{}_instance", job.command), job.created, ended.map(|at| (result, at)));
        Event { details: failed.filter(|_| self.version >= DETAILS), ..event }
    }
}

fn event<'a>(service: &str, what: &str, start: Moment, end: Option<(&'static str, Moment)>) -> Event<'a> {
    Event {
        name: format!("{service}_{what}"),
        start_time: precise(start),
        finish_time: end.map(|(_, at)| precise(at)),
        result: end.map(|(result, _)| result),
        details: None,
    }
}

/// `2026-11-20T02:00:00.000000`: UTC, and it does not say so.
fn precise(moment: Moment) -> String {
    format!("{}.{:03}000", moment.without_zone(), moment.millis() % 1000)
}
