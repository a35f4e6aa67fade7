//! What an apply leaves behind for the one who regrets it: a plan that takes back what can be taken back.

use super::saved;
use crate::apply::{ChangeOutcome, ChangeResult, Health};
use crate::cli::exit::{Failure, code};
use crate::cli::session::{Session, targets};
use crate::model::{Address, ConnectionName, DesiredServer, Rule, Verb};
use crate::plan::{Around, Change, Kind, NotUndoable, PlanDocument, PlanOptionsRecord, entries_of, undo};
use crate::providers;
use jiff::Timestamp;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

/// Below the ledger.
const FOLDER: &str = "undo";

/// So many are kept.
const KEPT: usize = 50;

/// What can be taken back, and what cannot.
pub(super) struct Undo {
    /// The plan's file; `None` where nothing can be taken back, or it could not be written.
    pub(super) path: Option<PathBuf>,
    /// What stays.
    pub(super) stays: Vec<NotUndoable>,
}

/// Writes the undo plan of what was done.
pub(super) fn write(session: &Session, changes: &[Change], results: &[ChangeResult]) -> Undo {
    let is_done = |change: &&Change| {
        // Of one that is on and not healthy all is done but the check.
        let is_carried_out =
            |r: &ChangeResult| r.outcome == ChangeOutcome::Done || r.health == Some(Health::Unhealthy);
        let of_it = |r: &&ChangeResult| r.address == change.address && is_carried_out(r);
        results.iter().find(of_it).is_some_and(|r| r.changed)
    };
    let mut halves = Vec::new();
    let mut torn = Vec::new();
    for change in changes.iter().filter(|change| !is_done(change)) {
        let result = results.iter().find(|r| r.address == change.address && r.changed);
        match result.map(|r| carried_out(change, r.steps_done)) {
            Some(Part::Renamed(half)) => halves.push(*half),
            Some(Part::Torn(stays)) => torn.push(stays),
            Some(Part::Nothing) | None => {}
        }
    }
    let done: Vec<&Change> = changes.iter().filter(is_done).chain(&halves).collect();
    // The order is that of the whole fleet, whichever of its connections were open.
    let fleet = &session.fleet;
    let kind =
        |type_name: &str| providers::find(type_name).map(|row| (row.spec.type_name, &row.spec.capabilities));
    let kinds: BTreeMap<ConnectionName, Kind> = fleet
        .connections
        .iter()
        .filter_map(|(name, connection)| Some((name.clone(), kind(&connection.type_name)?)))
        .collect();
    let is_in_doubt =
        |r: &&ChangeResult| !matches!(r.outcome, ChangeOutcome::Done) && r.health != Some(Health::Unhealthy);
    let in_doubt: Vec<Address> = results.iter().filter(is_in_doubt).map(|r| r.address.clone()).collect();
    let mut entries = Cow::Borrowed(&fleet.servers[..]);
    if !fleet.rules.is_empty() {
        let listed: HashSet<&Address> = fleet.servers.iter().map(|entry| &entry.address).collect();
        let governed = entries_of(changes, &fleet.servers, &fleet.rules).into_values();
        entries.to_mut().extend(governed.filter(|entry| !listed.contains(&entry.address)));
    }
    let around = Around { entries: &entries, availability: &fleet.availability, in_doubt: &in_doubt };
    let now = Timestamp::now();
    let (plan, mut stays) = undo(&done, &around, &kinds, now);
    stays.extend(torn);
    if plan.changes.is_empty() {
        return Undo { path: None, stays };
    }
    let options = PlanOptionsRecord { undo: true, simulated: session.is_simulated(), ..Default::default() };
    let document = PlanDocument::new(plan, saved::fleet_files(&session.fleet), options, now);
    let mut document = document.leading_to(targets(&session.fleet));
    document.not_undoable.clone_from(&stays);
    // What cannot be taken back is no problem of a plan that does not try to.
    document.problems.clear();
    document.summary.problems = 0;
    let folder = session.ledger.join(FOLDER);
    let path = folder.join(format!("{}.json", now.strftime("%Y%m%dT%H%M%S%3fZ")));
    let written = std::fs::create_dir_all(&folder).is_ok() && saved::write(&path, &document).is_ok();
    if written {
        saved::keep_newest(&folder, KEPT);
    }
    Undo { path: written.then_some(path), stays }
}

/// What was carried out of a change that did not come to its end.
enum Part {
    Nothing,
    /// It was renamed, as a change of its own.
    Renamed(Box<Change>),
    /// It stands between two steps.
    Torn(NotUndoable),
}

fn carried_out(change: &Change, steps_done: usize) -> Part {
    let renames = change.steps.iter().take_while(|step| step.operation.verb() == Verb::Rename).count();
    if steps_done == 0 {
        return Part::Nothing;
    }
    if steps_done == renames
        && let Some(half) = change.clone().only(&[Verb::Rename])
    {
        return Part::Renamed(Box::new(half));
    }
    let done: Vec<String> =
        change.steps.iter().take(steps_done).map(|step| step.operation.to_string()).collect();
    let message = format!("{} was done, what follows was not; it is not taken back", done.join(", "));
    Part::Torn(NotUndoable { address: change.address.clone(), message })
}

/// An undo plan is not bound to the file that it came from, which is taken back as well, as a rule. What that file
/// protects by now stays protected.
pub(super) fn respect_protection(session: &Session, document: &PlanDocument) -> Result<(), Failure> {
    let fleet = &session.fleet;
    let protected = |change: &&Change| {
        let means = |entry: &&DesiredServer| {
            entry.address.connection == change.provider
                && (entry.id.as_ref() == Some(&change.id)
                    || entry.address.name == change.before.name
                    || entry.address.name == change.address.name)
        };
        let mut entries = fleet.servers.iter().filter(means).peekable();
        let by_rule = entries.peek().is_none() && is_protected_by_rule(&fleet.rules, change);
        change.actions.iter().any(|verb| verb.is_disruptive())
            && (by_rule || entries.any(|entry| entry.protect))
    };
    match document.changes.iter().find(protected) {
        None => Ok(()),
        Some(change) => {
            let text = format!("{} is protected by the file; nothing was executed", change.address);
            Err(Failure::Message(code::REFUSED, text))
        }
    }
}

/// Whether a rule may protect the server. Tags and ages are not at hand here: a rule that selects by them may be the one
/// that counts, and may not be.
fn is_protected_by_rule(rules: &[Rule], change: &Change) -> bool {
    let selects = |rule: &&Rule| {
        rule.connections.contains(&change.provider)
            && [&change.before.name, &change.address.name].into_iter().any(|name| {
                let address = Address::new(change.provider.clone(), name.clone());
                rule.matches(&address.to_string(), name.as_str())
            })
    };
    for rule in rules.iter().filter(selects) {
        if rule.wish.protect || rule.is_by_name() {
            return rule.wish.protect;
        }
    }
    false
}
