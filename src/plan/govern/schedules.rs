//! Schedules: what they want of a server's power at the instant of the plan. It is a function of the instant alone, so a
//! run that comes late, or comes again, wants the same.

use crate::model::{Address, DesiredPower, DesiredServer, Power, PowerSchedule, Verb};
use crate::plan::change::Change;
use jiff::Timestamp;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Gives servers the power that their schedules want now. Without a schedule nothing is copied; servers that share one
/// have it asked once.
pub(super) fn keep_to(desired: &mut Cow<'_, [DesiredServer]>, now: Timestamp) {
    let Some(first) = desired.iter().position(|entry| entry.schedule.is_some()) else { return };
    let mut known: HashMap<*const PowerSchedule, DesiredPower> = HashMap::new();
    for entry in &mut desired.to_mut()[first..] {
        if let Some(schedule) = &entry.schedule {
            entry.power = *known.entry(Arc::as_ptr(schedule)).or_insert_with(|| schedule.wanted_at(now));
        }
    }
}

/// Which changes were planned because a schedule wanted them, and are not wanted by it any more at an instant; with what
/// it wants instead. Time goes by between a plan and its apply.
pub fn overtaken<'c>(
    changes: impl IntoIterator<Item = &'c Change>,
    entries: &BTreeMap<Address, DesiredServer>,
    now: Timestamp,
) -> Vec<(Address, String)> {
    let by_schedule = changes.into_iter().filter(|change| is_by_schedule(change));
    by_schedule
        .filter_map(|change| {
            let schedule = entries.get(&change.address)?.schedule.as_ref()?;
            let why = otherwise_by_now(change, schedule, now)?;
            Some((change.address.clone(), why))
        })
        .collect()
}

/// Whether its power was planned because of a schedule.
fn is_by_schedule(change: &Change) -> bool {
    let powers = [Verb::PowerOn, Verb::PowerOff, Verb::Suspend];
    powers.into_iter().any(|verb| change.does(verb))
        && change.reasons.iter().any(|reason| reason.starts_with("schedule "))
}

/// What a schedule wants at an instant in place of what a change does, if anything.
pub fn otherwise_by_now(change: &Change, schedule: &PowerSchedule, now: Timestamp) -> Option<String> {
    let wanted = schedule.wanted_at(now);
    let planned = change.after.as_ref().and_then(|after| after.power);
    if !is_by_schedule(change) || wanted.wanted() == planned {
        return None;
    }
    let planned = planned.map_or("as it is", Power::word);
    let wanted = match wanted {
        DesiredPower::Any => "left alone".to_owned(),
        other => other.to_string(),
    };
    Some(format!("schedule {} wants it {wanted} by now, and the plan has it {planned}", schedule.name))
}
