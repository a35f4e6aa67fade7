//! `--base`: where each change and each problem comes from.

use super::args::Global;
use super::exit::Failure;
use super::fetch::Planned;
use super::io::Io;
use super::session::{Session, mode, paths, targets};
use crate::config::{self, Base, Fleet};
use crate::model::{Address, ConnectionName};
use crate::plan::{BaseRecord, FleetFile, Inputs, Options, attribute, effective, plan};
use crate::providers;
use std::collections::HashSet;

/// Plans from the base as well, with the same live state, and attributes what is planned. `None` where the base cannot
/// be understood: whoever mends a broken file must be able to have that reviewed.
pub(super) fn compare(
    name: &str,
    global: &Global,
    session: &Session,
    planned: &mut Planned<'_>,
    io: &mut Io<'_>,
) -> Result<Option<BaseRecord>, Failure> {
    let base = config::load_base(name, &paths(global), &providers::specs(), mode(global));
    let fleet = match base.map_err(|why| Failure::problem(format!("--base: {why}")))? {
        Base::Fleet(fleet) => *fleet,
        Base::Absent => Fleet::default(),
        Base::Broken(mistakes) => {
            let first = mistakes.iter().find(|one| one.severity == config::Severity::Error);
            let what = first.map_or_else(String::new, |one| {
                let place = one.location.as_ref().map_or_else(String::new, |at| format!("{at}: "));
                format!(": {place}{}", one.message)
            });
            io.warn(&format!(
                "the base {name} has mistakes, so nothing can be attributed to it or to this change{what}"
            ));
            return Ok(None);
        }
    };
    // What the present file calls a server may have been called otherwise: selections are made afterwards.
    let options = Options {
        targets: Vec::new(),
        excludes: Vec::new(),
        list_unchanged: false,
        ..planned.options.clone()
    };
    let inputs = Inputs {
        desired: &fleet.servers,
        rules: &fleet.rules,
        availability: &fleet.availability,
        windows: &fleet.windows,
        options: &options,
        ..planned.inputs(session)
    };
    let mut before = plan(&inputs);
    let entries = effective(&inputs).into_owned();
    // Where a connection leads elsewhere, the base speaks of other servers.
    let (old, new) = (targets(&fleet), targets(&session.fleet));
    let moved: Vec<ConnectionName> = new
        .iter()
        .filter(|(name, target)| old.get(*name) != Some(target))
        .map(|(name, _)| name.clone())
        .collect();
    before.changes.retain(|change| !moved.contains(&change.provider));
    before.problems.retain(|problem| !moved.contains(&problem.address.connection));
    let mut no_longer_planned = attribute(&mut planned.plan, &before);
    let selected: HashSet<&Address> =
        entries.iter().filter(|entry| planned.options.selects(entry)).map(|entry| &entry.address).collect();
    no_longer_planned.retain(|address| selected.contains(address));
    let files = fleet.files.iter();
    let files = files
        .map(|f| FleetFile { path: f.path.to_string(), sha256: f.sha256.clone(), calendar: f.calendar })
        .collect();
    Ok(Some(BaseRecord { name: name.to_owned(), fleet: files, connections: moved, no_longer_planned }))
}
