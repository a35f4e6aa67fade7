//! A part of a plan: some servers, some kinds of action. What is left must still make sense by itself.

use super::change::{Change, Facts};
use super::document::PlanDocument;
use super::inputs::Options;
use super::rewire::rewire;
use super::summary::Summary;
use crate::model::{Address, Labels, Verb};

/// What `--only` leaves of a server's change; the second value says whether it took something away.
pub(super) fn only(change: Change, wanted: &[Verb]) -> (Option<Change>, bool) {
    let is_wanted = |verb: &Verb| wanted.is_empty() || wanted.contains(verb);
    if change.actions.iter().all(is_wanted) {
        return (Some(change), false);
    }
    if !change.actions.iter().any(is_wanted) {
        return (None, true);
    }
    (Some(half(change, is_wanted)), true)
}

/// A rename without what follows it, or what follows without the rename: a change is never more than these two.
fn half(mut change: Change, is_wanted: impl Fn(&Verb) -> bool) -> Change {
    let renames = is_wanted(&Verb::Rename);
    change.actions.retain(&is_wanted);
    change.steps.retain(|step| (step.operation.verb() == Verb::Rename) == renames);
    let before = &change.before;
    change.after = change.after.map(|after| {
        if renames {
            Facts { name: after.name, power: before.power }
        } else {
            Facts { name: before.name.clone(), power: after.power }
        }
    });
    if renames {
        change.rebooted_since = None;
    }
    change
}

impl Change {
    /// What is left of it where only these are to be done; `None` where nothing is.
    pub fn only(self, wanted: &[Verb]) -> Option<Self> {
        // Nothing wanted is nothing here, and everything in `--only`.
        if wanted.is_empty() { None } else { only(self, wanted).0 }
    }

    /// What is left to do of it where the server has its name already, or has its power (and was rebooted); `None`
    /// where nothing is.
    pub fn rest(mut self, is_named: bool, is_powered: bool) -> Option<Self> {
        if let Some(after) = &self.after {
            if is_named {
                self.before.name.clone_from(&after.name);
            }
            if is_powered {
                self.before.power = after.power;
            }
        }
        let is_done = |verb: &Verb| if *verb == Verb::Rename { is_named } else { is_powered };
        let left: Vec<Verb> = self.actions.iter().filter(|verb| !is_done(verb)).copied().collect();
        match (left.len(), self.actions.len()) {
            (0, _) => None,
            (some, all) if some == all => Some(self),
            _ => Some(half(self, |verb| left.contains(verb))),
        }
    }
}

/// Narrows a saved plan and records that. Its digest becomes that of what is left.
///
/// # Errors
/// A change would be left without another one that it comes after.
pub fn narrow(
    document: &mut PlanDocument,
    options: &Options,
    labels: impl Fn(&Address) -> Labels,
) -> Result<(), String> {
    let selects = |address: &Address| options.selects_server(address, &labels(address));
    let mut left_out = document.summary.left_out;
    let all = std::mem::take(&mut document.changes);
    let left = all.iter().map(|change| {
        let (rest, less) =
            only(Some(change).filter(|change| selects(&change.address))?.clone(), &options.only);
        left_out += u64::from(less);
        rest
    });
    document.changes = rewire(&all, left.collect(), may_go)?;
    document.problems.retain(|problem| problem.address.name.as_str() == "*" || selects(&problem.address));
    document.unchanged.retain(selects);
    let counted = document.summary;
    document.summary = Summary {
        left_out,
        ..Summary::count(&document.changes, &document.problems, counted.unchanged, counted.unmanaged)
    };
    record(document, options);
    document.renew_digest();
    Ok(())
}

fn record(document: &mut PlanDocument, options: &Options) {
    let known = &mut document.options;
    known.targets.extend(options.targets.iter().map(ToString::to_string));
    known.excludes.extend(options.excludes.iter().map(ToString::to_string));
    if known.only.is_empty() {
        known.only.clone_from(&options.only);
    } else if !options.only.is_empty() {
        known.only.retain(|verb| options.only.contains(verb));
    }
}

/// Whether what waits for a part of a change may go on without it. A server that is not rebooted stays as it is. Half
/// of a swap would leave a server under its temporary name; and what waits for a start or a stop counts on it.
fn may_go(change: &Change, renames: bool) -> bool {
    !renames && change.does(Verb::Reboot) && !change.does(Verb::PowerOn)
}
