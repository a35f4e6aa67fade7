//! The other side of the `OpenStack` wire, Keystone v3 and Nova v2.1, written from the provider's page alone. Where the
//! page leaves a choice, the stricter one is taken: clients must cope with it.
//!
//! Beside the user of the settings a connection `NAME` knows two more ways in, neither of which is in its settings:
//! - the user `sim-NAME-operator-short`, same password: its tokens live for one second;
//! - an application credential of the usual user, with the id that [`application_credential_id`] makes of the name,
//!   the name `sim-NAME-application` and the secret `sim-NAME-application-secret`.
//!
//! Not spoken here, and refused with 400: the list parameter `changes-since`, sort keys other than `created_at`,
//! `display_name` and `uuid`, and of regular expressions everything but literals, `.`, `*`, `+`, `?`, escaped
//! punctuation and the anchors at both ends. Locking leaves no entry in the history, and the history of a deleted
//! server is gone with it.

mod actions;
mod catalog;
mod envelope;
mod history;
mod identity;
mod listing;
mod microversion;
mod names;
mod pattern;
mod place;
mod servers;
mod states;
mod tokens;
mod views;

pub use names::application_credential_id;

use crate::simulator::{ConnectionWorld, Face, Moment, Request, Response, SimServer, path_segment};
use microversion::Microversion;
use place::{Place, Target};
use std::collections::BTreeMap;

/// The wire face of `openstack`.
#[derive(Clone, Copy, Debug)]
pub struct OpenStack;

/// The face, for the table of providers.
pub const FACE: &dyn Face = &OpenStack;

/// What was read or answered, or the refusal.
type Answer<T> = Result<T, Response>;

impl Face for OpenStack {
    fn type_name(&self) -> &'static str {
        "openstack"
    }

    fn base_path(&self, connection: &str) -> String {
        format!("/{}", path_segment(connection))
    }

    fn settings(&self, connection: &str, base_url: &str) -> BTreeMap<String, String> {
        let own = [
            ("auth_url", format!("{base_url}/identity/v3")),
            ("username", names::username(connection)),
            ("password", names::password(connection)),
            ("project_name", names::project_name(connection)),
            ("user_domain_name", names::USER_DOMAIN.to_owned()),
            ("project_domain_name", names::PROJECT_DOMAIN.to_owned()),
            ("region_name", catalog::REGION.to_owned()),
            ("interface", "public".to_owned()),
        ];
        own.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    fn new_id(&self, connection: &str, ordinal: u64) -> String {
        names::uuid(connection, "server", ordinal)
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["vm_state", "task_state", "locked", "volume_booted", "fault", "metadata", "tags"]
    }

    fn check(&self, server: &SimServer) -> Result<(), String> {
        servers::check(server)
    }

    fn route(&self, request: &Request) -> &'static str {
        Target::of(request).place.route()
    }

    fn changes(&self, request: &Request) -> bool {
        request.method != "GET" && !Target::of(request).place.is_identity()
    }

    fn handle(&self, world: &mut ConnectionWorld, request: &Request, now: Moment) -> Response {
        let target = Target::of(request);
        if target.place.is_identity() {
            return identity::answer(world, request, &target.place, now).unwrap_or_else(|refusal| refusal);
        }
        let response = compute(world, request, &target, now).unwrap_or_else(|refusal| refusal);
        with_request_id(world, response)
    }

    fn refuse(&self, request: &Request) -> Response {
        match Target::of(request).place {
            place if place.is_identity() => {
                envelope::keystone(403, "Forbidden", "Logging in is not possible now.")
            }
            place => actions::not_now(place.server().unwrap_or_default()),
        }
    }
}

/// The token first, then the version, then the call. What comes after the version says which one it was.
fn compute(world: &mut ConnectionWorld, request: &Request, target: &Target, now: Moment) -> Answer<Response> {
    let token =
        tokens::of_request(world, request, now).ok_or_else(|| envelope::unauthorized(world, request))?;
    let version = Microversion::of(request)?;
    let called = called(world, request, target, token, version, now);
    Ok(version.stamped(called.unwrap_or_else(|refusal| refusal)))
}

fn called(
    world: &mut ConnectionWorld,
    request: &Request,
    target: &Target,
    token: tokens::Token,
    version: Microversion,
    now: Moment,
) -> Answer<Response> {
    access(world, target, token)?;
    let view = views::View::new(world, version, servers::compute_url(world, request));
    match (request.method.as_str(), &target.place) {
        ("GET", Place::Root) => Ok(microversion::root(&view)),
        ("GET", Place::RootWithoutSlash) => {
            Ok(Response::empty(302).with_header("location", format!("{}/", view.base)))
        }
        ("GET", Place::Servers) => listing::list(world, request, &view, listing::Depth::Names),
        ("GET", Place::Detail) => listing::list(world, request, &view, listing::Depth::Detail),
        ("GET", Place::Server(id)) => servers::show(world, id, &view),
        ("PUT", Place::Server(id)) => servers::rename(world, id, request, &view, now),
        ("DELETE", Place::Server(id)) => servers::delete(world, id, now),
        ("POST", Place::Action(id)) => actions::act(world, id, request, now),
        ("GET", Place::History(id)) => history::list(world, id, request, version, now),
        ("GET", Place::Event(id, event)) => history::one(world, id, event, request, version, now),
        (_, Place::Elsewhere) => Err(envelope::not_found("The resource could not be found.")),
        _ => Err(envelope::fault(405, "The method is not allowed for this resource.")),
    }
}

/// The project of the URL must be that of the token; a token without one opens nothing.
fn access(world: &ConnectionWorld, target: &Target, token: tokens::Token) -> Answer<()> {
    let own = token.scoped.then(|| names::project_id(&world.name));
    match &target.project {
        Some(asked) if own.as_ref() != Some(asked) => {
            let own = own.as_deref().unwrap_or("None");
            let text = format!(
                "Malformed request URL: URL's project_id '{asked}' doesn't match Context's project_id '{own}'"
            );
            Err(envelope::bad_request(&text))
        }
        _ if own.is_none() => {
            Err(envelope::fault(403, "Policy doesn't allow this to be performed without a project."))
        }
        _ => Ok(()),
    }
}

fn with_request_id(world: &mut ConnectionWorld, response: Response) -> Response {
    if response.headers.iter().any(|(name, _)| *name == envelope::REQUEST_ID) {
        return response;
    }
    let number = tokens::count(world);
    let id = names::request_id(&world.name, "call", number);
    response.with_header(envelope::REQUEST_ID, id)
}
