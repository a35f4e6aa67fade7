//! The other side of the `GoGrid` wire, written from the provider's page alone. Where the page leaves a choice, the
//! stricter one is taken: clients must cope with it.

mod access;
mod jobs;
mod lookups;
mod options;
mod params;
mod servers;
mod views;

use crate::simulator::{ConnectionWorld, Face, Moment, Request, Response, SimServer, path_segment};
use access::Role;
use params::Params;
use std::collections::BTreeMap;

/// The wire face of `gogrid`.
#[derive(Clone, Copy, Debug)]
pub struct GoGrid;

/// The face, for the table of providers.
pub const FACE: &dyn Face = &GoGrid;

/// What was read or answered, or the refusal.
type Answer<T> = Result<T, Response>;

impl Face for GoGrid {
    fn type_name(&self) -> &'static str {
        "gogrid"
    }

    fn base_path(&self, connection: &str) -> String {
        format!("/{}/api", path_segment(connection))
    }

    fn settings(&self, connection: &str, base_url: &str) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("endpoint".to_owned(), base_url.to_owned()),
            ("api_key".to_owned(), access::api_key(connection)),
            ("secret".to_owned(), access::secret(connection)),
        ])
    }

    fn new_id(&self, _connection: &str, ordinal: u64) -> String {
        (200_000 + ordinal).to_string()
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["description", "datacenter", "isSandbox", "server.ram", "server.type"]
    }

    fn check(&self, server: &SimServer) -> Result<(), String> {
        servers::check(server)
    }

    fn route(&self, request: &Request) -> &'static str {
        METHODS.iter().find(|method| *method.path == request.path).map_or("(other)", |method| method.path)
    }

    fn changes(&self, request: &Request) -> bool {
        // Any call may be a GET or a POST here.
        matches!(self.route(request), "/grid/server/power" | "/grid/server/edit" | "/grid/server/delete")
    }

    fn handle(&self, world: &mut ConnectionWorld, request: &Request, now: Moment) -> Response {
        answer(world, request, now).unwrap_or_else(|refusal| refusal)
    }

    fn refuse(&self, request: &Request) -> Response {
        views::illegal(self.route(request), "The server cannot be changed in its current state.")
    }
}

/// One method of the API.
struct Method {
    path: &'static str,
    role: Role,
    /// The parameters it takes beside the common ones.
    takes: &'static [&'static str],
    answer: fn(&mut ConnectionWorld, &Params, Moment) -> Answer<Response>,
}

const METHODS: [Method; 8] = [
    Method {
        path: "/grid/server/list",
        role: Role::Reader,
        takes: &["num_items", "page", "server.type", "isSandbox", "datacenter"],
        answer: |world, params, _| servers::list(world, params),
    },
    Method {
        path: "/grid/server/get",
        role: Role::Reader,
        takes: &["id", "name", "server"],
        answer: |world, params, _| servers::get(world, params),
    },
    Method {
        path: "/grid/server/power",
        role: Role::System,
        takes: &["id", "name", "server", "power"],
        answer: servers::power,
    },
    Method {
        path: "/grid/server/edit",
        role: Role::System,
        takes: &["id", "name", "server", "description", "server.ram", "server.type"],
        answer: |world, params, _| servers::edit(world, params),
    },
    Method {
        path: "/grid/server/delete",
        role: Role::System,
        takes: &["id", "name", "server"],
        answer: servers::delete,
    },
    Method {
        path: "/grid/job/list",
        role: Role::System,
        takes: &[
            "num_items",
            "page",
            "startdate",
            "enddate",
            "job.state",
            "job.objecttype",
            "object",
            "owner",
        ],
        answer: |world, params, now| jobs::list(world, params, now),
    },
    Method {
        path: "/grid/job/get",
        role: Role::System,
        takes: &["id", "job"],
        answer: |world, params, now| jobs::get(world, params, now),
    },
    Method {
        path: "/common/lookup/list",
        role: Role::Reader,
        takes: &["lookup", "sort", "asc"],
        answer: |_, params, _| lookups::list(params),
    },
];

/// Credentials first, then the method, then what the caller may do, then the parameters.
fn answer(world: &mut ConnectionWorld, request: &Request, now: Moment) -> Answer<Response> {
    if !matches!(request.method.as_str(), "GET" | "POST") {
        return Err(views::page(405, "Method Not Allowed"));
    }
    let params = Params::read(request)?;
    let role = access::role(&world.name, &params, now).ok_or_else(|| views::page(403, "Forbidden"))?;
    let method = METHODS.iter().find(|method| *method.path == request.path);
    let method = method.ok_or_else(|| views::page(404, "Not Found"))?;
    if role < method.role {
        return Err(views::page(401, "Unauthorized"));
    }
    let params = params.of_method(method.path, method.takes)?;
    (method.answer)(world, &params, now)
}
