//! A start waits for its predecessors to be on. One that is not on and is not going to be cannot be waited for.

use super::parts::{Kind, Parts, Standing};
use super::{Refused, problem};
use crate::model::Presence;
use crate::plan::change::Change;
use crate::plan::problem::{Code, Problem};

/// Starts that cannot have what they wait for.
pub(super) fn refuse(parts: &Parts<'_>, changes: &[Change]) -> Vec<Refused> {
    let groups = &parts.succession.groups;
    let mut is_refused = vec![false; parts.list.len()];
    // Of each group the member that will not run. Members come before followers in the order of the parts, so it is
    // decided by the time it is asked for.
    let mut away: Vec<Option<Option<usize>>> = vec![None; groups.len()];
    let mut refused = Vec::new();
    for (at, part) in parts.list.iter().enumerate().filter(|(_, part)| part.kind == Kind::Start) {
        for &group in parts.succession.after.get(part.entry).into_iter().flatten() {
            let missing = *away[group].get_or_insert_with(|| {
                let members = groups[group].members.iter().copied();
                let away = members.filter(|&member| !runs(parts, &is_refused, member));
                away.min_by_key(|&member| &parts.entry(member).address)
            });
            let Some(missing) = missing else { continue };
            is_refused[at] = true;
            let change = &changes[part.change];
            let written = parts.entry(part.entry).after.iter();
            let place = written.into_iter().find(|after| after.selector == groups[group].selector);
            let message = format!(
                "it is started after {}, {}; have that one on first, or remove it from `after:`",
                parts.entry(missing).address,
                why(parts, missing)
            );
            let found = problem(change, Code::PredecessorDown, message);
            let location = place.map(|after| after.location.clone()).or(found.location);
            let behind = Some(parts.entry(missing).address.clone());
            refused.push(Refused { change: part.change, problem: Problem { location, ..found }, behind });
            break;
        }
    }
    refused
}

/// Whether a server runs by the time its followers are started.
fn runs(parts: &Parts<'_>, is_refused: &[bool], entry: usize) -> bool {
    // Nobody can wait for a server that is not to be there.
    if parts.entry(entry).presence == Presence::Absent {
        return true;
    }
    match parts.of[entry] {
        Some(part) if parts.list[part].kind == Kind::Stop => false,
        Some(part) => !is_refused[part],
        None => matches!(parts.standings[entry], Standing::On | Standing::Unreported),
    }
}

fn why(parts: &Parts<'_>, entry: usize) -> String {
    let is_selected = parts.inputs.options.selects(parts.entry(entry));
    match (parts.of[entry].map(|part| parts.list[part].kind), parts.standings[entry]) {
        (Some(Kind::Stop), _) => "which this plan stops".into(),
        (Some(_), _) => "which is not started because of a problem of its own".into(),
        (None, Standing::Off(power)) if !is_selected => {
            format!("which is {power} and not among the selected servers")
        }
        (None, Standing::Off(power)) => format!("which is {power}, and this plan does not start it"),
        (None, Standing::Moving(state)) => format!("which is {state}"),
        (None, Standing::Trouble(why)) => format!("which is not known to run: {why}"),
        (None, Standing::On | Standing::Unreported) => "which does not run".into(),
    }
}
