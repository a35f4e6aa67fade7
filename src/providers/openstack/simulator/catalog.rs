//! The catalog: where everything is, with plenty in it that a client of Nova must not take.

use super::names;
use serde::Serialize;

pub(super) const REGION: &str = "RegionOne";
const ELSEWHERE: &str = "RegionTwo";

#[derive(Serialize)]
pub(super) struct Service {
    endpoints: Vec<Endpoint>,
    id: String,
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Endpoint {
    id: String,
    interface: &'static str,
    region: &'static str,
    region_id: &'static str,
    url: String,
}

/// The part of the compute URL that is the same everywhere.
pub(super) const COMPUTE: &str = "compute/v2.1";

/// The compute URL as the catalog has it. Sites differ in whether it ends in the project and in a slash; here the
/// connection's name decides.
pub(super) fn compute_url(here: &str, connection: &str) -> String {
    let variant = names::digest(connection, "catalog", 0)[0];
    let project =
        if variant & 1 == 0 { format!("/{}", names::project_id(connection)) } else { String::new() };
    let slash = if variant & 2 == 0 { "/" } else { "" };
    format!("{here}/{COMPUTE}{project}{slash}")
}

/// All services. The decoys come first: who takes the first of anything is wrong.
pub(super) fn services(here: &str, connection: &str) -> Vec<Service> {
    let project = names::project_id(connection);
    let decoy = |path: &str| format!("{here}/decoy/{path}");
    vec![
        service("keystone", "identity", vec![endpoint("public", REGION, format!("{here}/identity"))]),
        service(
            "nova_legacy",
            "compute_legacy",
            vec![endpoint("public", REGION, decoy(&format!("v2/{project}")))],
        ),
        service(
            "nova",
            "compute",
            vec![
                endpoint("admin", REGION, decoy("admin/v2.1")),
                endpoint("public", ELSEWHERE, decoy("elsewhere/v2.1")),
                endpoint("internal", REGION, decoy("internal/v2.1")),
                endpoint("public", REGION, compute_url(here, connection)),
                endpoint("internal", ELSEWHERE, decoy("elsewhere-internal/v2.1")),
            ],
        ),
        service("glance", "image", vec![endpoint("public", REGION, decoy("image"))]),
        service("placement", "placement", Vec::new()),
    ]
}

fn service(name: &'static str, kind: &'static str, endpoints: Vec<Endpoint>) -> Service {
    Service { endpoints, id: names::shared_id(name), name, kind }
}

fn endpoint(interface: &'static str, region: &'static str, url: String) -> Endpoint {
    let id = names::hex_id(&url, interface);
    Endpoint { id, interface, region, region_id: region, url }
}
