//! The calendar of schedules: every change of power that they will want between two instants. A function of the file
//! alone: what is live by then, nobody knows.

use super::document::FleetFile;
use crate::calendar::State;
use crate::model::{Address, DesiredServer, Location, PowerSchedule, Rule};
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
    /// The rules that give it to live servers: which these are, only the providers know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
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
    (desired, rules): (&[DesiredServer], &[Rule]),
    selects: impl Fn(&DesiredServer) -> bool,
    (from, until): (Timestamp, Timestamp),
) -> Calendar {
    let mut groups: HashMap<*const PowerSchedule, Group<'_>> = HashMap::new();
    let mut unscheduled = 0;
    for entry in desired.iter().filter(|entry| selects(entry)) {
        match &entry.schedule {
            Some(schedule) => {
                let group = groups.entry(Arc::as_ptr(schedule)).or_insert_with(|| Group::new(schedule));
                group.servers.push(entry.address.clone());
            }
            None => unscheduled += 1,
        }
    }
    for rule in rules {
        if let Some(schedule) = &rule.wish.schedule {
            let group = groups.entry(Arc::as_ptr(schedule)).or_insert_with(|| Group::new(schedule));
            group.rules.push(rule.name.to_string());
        }
    }
    let mut groups: Vec<Group<'_>> = groups.into_values().collect();
    groups.sort_by(|a, b| a.schedule.name.cmp(&b.schedule.name));
    let mut left = MOST_OF_ALL;
    let schedules = groups
        .into_iter()
        .map(|mut group| {
            group.servers.sort();
            let one = of_one(group, (from, until), left.min(MOST_OF_ONE));
            left -= one.changes.len();
            one
        })
        .collect();
    Calendar { from, until, fleet: Vec::new(), schedules, unscheduled, has_windows: false }
}

/// Those who have a schedule.
struct Group<'a> {
    schedule: &'a PowerSchedule,
    servers: Vec<Address>,
    rules: Vec<String>,
}

impl<'a> Group<'a> {
    fn new(schedule: &'a PowerSchedule) -> Self {
        Self { schedule, servers: Vec::new(), rules: Vec::new() }
    }
}

fn of_one(
    Group { schedule, servers, rules }: Group<'_>,
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
        rules,
        at_first: schedule.schedule.state_at(from),
        changes,
        left_out_from,
    }
}
