//! The other side of the Workspace wire and of the identity service before it, written from the provider's page
//! alone. Where the page leaves a choice, the stricter one is taken: clients must cope with it.
//!
//! Both services share the base path: their own paths do not meet. Who may call:
//!
//! * the user of the settings, for a token; a user whose name ends in `-short`, with the same password, gets tokens
//!   that live for a second;
//! * whoever has the token `simulated-<connection>-static-token`, which never ends;
//! * whoever signs with `SIMULATED<CONNECTION>AK` and `SIMULATED<CONNECTION>SECRETKEY`, the name in upper case;
//! * whoever signs with `SIMULATED<CONNECTION>TEMPAK` and `SIMULATED<CONNECTION>TEMPSECRETKEY`, temporary keys that go
//!   with the `X-Security-Token` `simulated-<connection>-security-token`.

mod access;
mod answers;
mod identity;
mod jobs;
mod requests;
mod servers;
mod signature;
mod views;

use crate::simulator::{ConnectionWorld, Face, Moment, Request, Response, SimServer, path_segment};
use answers::Refusal;
use std::collections::BTreeMap;

/// The wire face of `huawei-workspace`.
#[derive(Clone, Copy, Debug)]
pub struct Workspace;

/// The face, for the table of providers.
pub const FACE: &dyn Face = &Workspace;

/// What was read or answered, or the refusal.
type Answer<T> = Result<T, Refusal>;

/// Where the path of a request leads.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Tokens,
    Projects,
    Servers,
    Server(String),
    Action(String),
    Job(String),
    SubJobs,
}

impl Face for Workspace {
    fn type_name(&self) -> &'static str {
        "huawei-workspace"
    }

    fn base_path(&self, connection: &str) -> String {
        format!("/{}", path_segment(connection))
    }

    fn settings(&self, connection: &str, base_url: &str) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("endpoint".to_owned(), base_url.to_owned()),
            ("iam_endpoint".to_owned(), base_url.to_owned()),
            ("region".to_owned(), identity::REGION.to_owned()),
            ("project_id".to_owned(), identity::project_id(connection)),
            ("username".to_owned(), identity::username(connection)),
            ("password".to_owned(), identity::password(connection)),
            ("domain".to_owned(), identity::domain(connection)),
        ])
    }

    /// 18 digits, and so close to one another that they are all the same to who takes them for numbers.
    fn new_id(&self, _connection: &str, ordinal: u64) -> String {
        (522_933_611_213_619_200 + ordinal).to_string()
    }

    /// `charging_mode` (`"0"` pay per use, `"1"` yearly or monthly, `"2"` spot), `task_status` and `status` (words to
    /// show instead of what is true), `no_vm_status` (how it is missing: as the `text` null, as `null`, or `absent`),
    /// `no_guest` (what is asked of the guest is taken and does not happen), `machine_name`, `server_group_id`,
    /// `description` and `maintain_status`.
    fn attributes(&self) -> &'static [&'static str] {
        &[
            "charging_mode",
            "task_status",
            "status",
            "no_vm_status",
            "no_guest",
            "machine_name",
            "server_group_id",
            "description",
            "maintain_status",
        ]
    }

    fn check(&self, server: &SimServer) -> Result<(), String> {
        check(server)
    }

    fn route(&self, request: &Request) -> &'static str {
        match place(request) {
            Some((_, Place::Tokens)) => "/v3/auth/tokens",
            Some((_, Place::Projects)) => "/v3/projects",
            Some((_, Place::Servers)) => "/v1/{project}/app-servers",
            Some((_, Place::Server(_))) => "/v1/{project}/app-servers/{id}",
            Some((_, Place::Action(_))) => "/v1/{project}/app-servers/actions/{action}",
            Some((_, Place::Job(_))) => "/v2/{project}/job/{id}",
            Some((_, Place::SubJobs)) => "/v1/{project}/app-server-sub-jobs",
            None => "(other)",
        }
    }

    fn changes(&self, request: &Request) -> bool {
        request.method != "GET" && !matches!(place(request), Some((_, Place::Tokens)))
    }

    fn handle(&self, world: &mut ConnectionWorld, request: &Request, now: Moment) -> Response {
        let request_id = answers::request_id(request, now);
        let base = self.base_path(&world.name);
        let response =
            answer(world, &base, request, now).unwrap_or_else(|refusal| refusal.response(&request_id));
        response.with_header("x-request-id", request_id)
    }

    fn refuse(&self, request: &Request) -> Response {
        let request_id = answers::request_id(request, Moment::default());
        let refusal = match place(request) {
            Some((_, Place::Tokens | Place::Projects)) => {
                Refusal::keystone(409, "Conflict", "Try again later.")
            }
            _ => answers::busy(),
        };
        refusal.response(&request_id).with_header("x-request-id", request_id)
    }
}

/// The gateway first: is there such an API, who calls, and may they; then the service.
fn answer(world: &mut ConnectionWorld, base: &str, request: &Request, now: Moment) -> Answer<Response> {
    let (project, place) = place(request).ok_or_else(answers::no_such_api)?;
    match place {
        Place::Tokens => return identity::tokens(world, request, now),
        Place::Projects => return identity::projects(world, base, request, now),
        _ => {}
    }
    access::check(world, base, request, now)?;
    let own = identity::project_id(&world.name);
    let foreign = |id: &str| id != own;
    if project.as_deref().is_some_and(foreign) || request.header("x-project-id").is_some_and(foreign) {
        return Err(answers::wrong_project());
    }
    match (request.method.as_str(), place) {
        ("GET", Place::Servers) => servers::list(world, request, now),
        ("GET", Place::Server(id)) => servers::get(world, &id, now),
        ("PATCH", Place::Server(id)) => servers::edit(world, &id, request, now),
        ("DELETE", Place::Server(id)) => servers::delete(world, &id, now),
        ("PATCH", Place::Action(name)) if name != "batch-delete" => servers::act(world, &name, request, now),
        ("POST", Place::Action(name)) if name == "batch-delete" => servers::delete_many(world, request, now),
        ("GET", Place::Job(id)) => jobs::get(world, &id, now),
        ("GET", Place::SubJobs) => jobs::sub_jobs(world, request, now),
        _ => Err(answers::method_not_allowed()),
    }
}

/// The project in the path and the place. A slash at the end belongs into a signature and into no path.
fn place(request: &Request) -> Option<(Option<String>, Place)> {
    if request.path.ends_with('/') {
        return None;
    }
    let segments = request.segments()?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (project, place) = match &segments[..] {
        ["v3", "auth", "tokens"] => return Some((None, Place::Tokens)),
        ["v3", "projects"] => return Some((None, Place::Projects)),
        ["v1", project, "app-servers"] => (project, Place::Servers),
        ["v1", project, "app-servers", "actions", name] if servers::ACTIONS.contains(name) => {
            (project, Place::Action((*name).to_owned()))
        }
        ["v1", project, "app-servers", id] => (project, Place::Server((*id).to_owned())),
        ["v1", project, "app-server-sub-jobs"] => (project, Place::SubJobs),
        ["v2", project, "job", id] => (project, Place::Job((*id).to_owned())),
        _ => return None,
    };
    Some((Some((*project).to_owned()), place))
}

fn check(server: &SimServer) -> Result<(), String> {
    if server.id.as_ref().is_none_or(String::is_empty) {
        return Err("every server has an id here".to_owned());
    }
    if !requests::is_name(&server.name) {
        let name = &server.name;
        return Err(format!(
            "name: {name:?} is not made of 1 to 64 letters, digits, _, - or Chinese characters"
        ));
    }
    for (key, value) in &server.attributes {
        let good = match key.as_str() {
            "charging_mode" => matches!(value.as_str(), Some("0" | "1" | "2")),
            "no_vm_status" => matches!(value.as_str(), Some("text" | "null" | "absent")),
            "no_guest" | "maintain_status" => value.is_boolean(),
            _ => value.is_string(),
        };
        if !good {
            return Err(format!("attributes.{key} cannot be {value}"));
        }
    }
    Ok(())
}
