//! The calendar of schedules: every change of power that they will want between two instants. A function of the file
//! alone: what is live by then, nobody knows.

use super::document::FleetFile;
use crate::calendar::State;
use crate::model::{Address, DesiredServer, Location, PowerSchedule};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;

/// The most changes that are listed of one schedule.
const MOST_OF_ONE: usize = 2_000;

/// The most changes that are listed of all schedules together.
const MOST_OF_ALL: usize = 20_000;

/// What schedules want between two instants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Calendar {
    /// The first instant.
    pub from: Timestamp,
    /// The last instant; a change at it is listed.
    pub until: Timestamp,
    /// The files it was made from.
    pub fleet: Vec<FleetFile>,
    /// The schedules that selected servers have, by name.
    pub schedules: Vec<ScheduleCalendar>,
    /// Selected servers whose power no schedule says.
    pub unscheduled: u64,
    /// Whether windows say when actions may run: then what is wanted may be done later.
    pub has_windows: bool,
}

/// What one schedule wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScheduleCalendar {
    /// Its name.
    pub name: String,
    /// Its zone.
    pub zone: String,
    /// The line that declares it.
    pub location: Location,
    /// The selected servers that have it, by address.
    pub servers: Vec<Address>,
    /// What it wants at the first instant: `on`, `off` or `any`.
    #[serde(serialize_with = "word")]
    pub at_first: State,
    /// The changes, in their order.
    pub changes: Vec<PowerChange>,
    /// From this instant on changes are not listed: there are too many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out_from: Option<Timestamp>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PowerChange {
    /// When.
    pub at: Timestamp,
    /// The same on the wall clock of the zone: `Mon 2026-11-23 08:00+01:00`.
    pub local: String,
    /// What is wanted from then on: `on`, `off` or `any`.
    #[serde(serialize_with = "word")]
    pub power: State,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
fn word<S: serde::Serializer>(state: &State, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(state.word())
}

/// The calendar of the selected servers.
pub fn calendar(
    desired: &[DesiredServer],
    selects: impl Fn(&DesiredServer) -> bool,
    (from, until): (Timestamp, Timestamp),
) -> Calendar {
    let mut groups: HashMap<*const PowerSchedule, (&Arc<PowerSchedule>, Vec<Address>)> = HashMap::new();
    let mut unscheduled = 0;
    for entry in desired.iter().filter(|entry| selects(entry)) {
        match &entry.schedule {
            Some(schedule) => {
                let group = groups.entry(Arc::as_ptr(schedule)).or_insert_with(|| (schedule, Vec::new()));
                group.1.push(entry.address.clone());
            }
            None => unscheduled += 1,
        }
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by(|a, b| a.0.name.cmp(&b.0.name));
    let mut left = MOST_OF_ALL;
    let schedules = groups
        .into_iter()
        .map(|(schedule, mut servers)| {
            servers.sort();
            let one = of_one(schedule, servers, (from, until), left.min(MOST_OF_ONE));
            left -= one.changes.len();
            one
        })
        .collect();
    Calendar { from, until, fleet: Vec::new(), schedules, unscheduled, has_windows: false }
}

fn of_one(
    schedule: &PowerSchedule,
    servers: Vec<Address>,
    (from, until): (Timestamp, Timestamp),
    most: usize,
) -> ScheduleCalendar {
    let zone = &schedule.schedule.hours.zone;
    let mut changes = Vec::new();
    let mut left_out_from = None;
    let mut after = from;
    while let Some((at, power)) = schedule.schedule.next_change(after, until) {
        if changes.len() >= most {
            left_out_from = Some(at);
            break;
        }
        let local = at.to_zoned(zone.rules().clone()).strftime("%a %Y-%m-%d %H:%M%:z").to_string();
        changes.push(PowerChange { at, local, power });
        after = at;
    }
    ScheduleCalendar {
        name: schedule.name.clone(),
        zone: zone.name().to_owned(),
        location: schedule.location.clone(),
        servers,
        at_first: schedule.schedule.state_at(from),
        changes,
        left_out_from,
    }
}
