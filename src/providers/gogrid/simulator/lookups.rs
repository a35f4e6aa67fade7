//! `common/lookup/list`: the tables of options.

use super::options::{self, Choice};
use super::params::Params;
use super::{Answer, views};
use crate::simulator::Response;

pub(super) fn list(params: &Params) -> Answer<Response> {
    let table = match params.optional("lookup")? {
        Some("server.state") => options::SERVER_STATES,
        Some("server.type") => options::TYPES,
        Some("server.ram") => options::RAMS,
        Some("ip.datacenter") => options::DATACENTERS,
        Some("job.state") => options::JOB_STATES,
        Some("job.objecttype") => options::OBJECT_TYPES,
        Some(_) => return Err(params.illegal("No object found that matches your input criteria.")),
        None => return Err(params.illegal("Missing required parameter 'lookup'.")),
    };
    let mut choices: Vec<&Choice> = table.iter().collect();
    match params.optional("sort")? {
        None | Some("id") => choices.sort_by_key(|choice| choice.id),
        Some("name") => choices.sort_by_key(|choice| choice.name),
        Some("description") => choices.sort_by_key(|choice| choice.description),
        Some(_) => return Err(params.illegal("The parameter 'sort' must be id, name or description.")),
    }
    if params.flag("asc")? == Some(false) {
        choices.reverse();
    }
    let count = choices.len();
    Ok(views::all(params.method(), count, choices.into_iter().map(Choice::shown)))
}
