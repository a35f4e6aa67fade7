//! What schedules and windows mean, and what is said of doubtful ones.

use crate::specs::{codes, good};
use fleetform::calendar::State;
use fleetform::model::{Verb, WindowRule};
use std::path::Path;
use std::sync::Arc;

fn at(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

#[test]
fn servers_share_the_schedules_that_they_name() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/valid/schedules");
    let loaded =
        fleetform::config::load(&[path], &crate::specs::SPECS, fleetform::config::Mode::default()).unwrap();
    let fleet = loaded.fleet;
    let schedule = |at: usize| fleet.servers[at].schedule.clone().unwrap();
    let names: Vec<String> = (0..3).map(|at| schedule(at).name.clone()).collect();
    assert_eq!(names, ["office", "list", "cron"]);
    assert!(fleet.servers[3].schedule.is_none());
    let office = schedule(0).schedule.clone();
    // 11 o'clock in Berlin on a Friday that is no holiday, on Christmas (of the calendar), on a date, in a range.
    for (instant, state) in [
        ("2026-11-20T10:00:00Z", State::On),
        ("2025-12-25T10:00:00Z", State::Off),
        ("2025-12-26T10:00:00Z", State::Off),
        ("2026-12-24T10:00:00Z", State::Off),
        ("2026-12-28T10:00:00Z", State::Off),
        ("2027-01-01T10:00:00Z", State::On),
    ] {
        assert_eq!(office.state_at(at(instant)), state, "{instant}");
    }
    assert_eq!(schedule(1).schedule.state_at(at("2026-11-23T09:00:00Z")), State::Off);
    assert_eq!(schedule(1).schedule.state_at(at("2026-11-24T09:00:00Z")), State::Any);
    let [nights, work] = &fleet.windows[..] else { panic!() };
    assert_eq!(
        (nights.name.as_str(), nights.rule, &nights.verbs[..]),
        ("nights", WindowRule::Allow, &[Verb::PowerOff, Verb::Reboot][..])
    );
    assert_eq!(
        (work.name.as_str(), work.rule, work.verbs.len()),
        ("deny Mon-Fri 08:00-18:00", WindowRule::Deny, 0)
    );
    // The calendar is one of the fleet's files.
    let files: Vec<bool> = fleet.files.iter().map(|file| file.calendar).collect();
    assert_eq!(files, [false, true]);
    assert!(fleet.files[1].path.ends_with("holidays.ics") && fleet.files[1].sha256.len() == 64);
}

#[test]
fn one_schedule_is_one_value_however_many_servers_have_it() {
    let fleet = good("schedules:\n  s: { zone: UTC, on: '08:00-09:00' }\nservers:\n  - { name: 'a-{1..3}', power: { schedule: s } }\n  - { name: b, power: { schedule: s } }\n").fleet;
    let first = fleet.servers[0].schedule.as_ref().unwrap();
    assert!(fleet.servers.iter().all(|server| Arc::ptr_eq(server.schedule.as_ref().unwrap(), first)));
}

#[test]
fn a_schedule_that_nobody_has_is_a_warning() {
    let loaded = good("schedules:\n  s: { zone: UTC, on: '08:00-09:00' }\nservers:\n  - { name: a }\n");
    let warnings: Vec<&str> = loaded.warnings.iter().map(|one| one.code).collect();
    assert_eq!(warnings, ["unused_schedule"]);
    let used = good(
        "  power: { schedule: s }\nschedules:\n  s: { zone: UTC, on: '08:00-09:00' }\nservers:\n  - { name: a }\n",
    );
    assert!(used.warnings.is_empty());
}

#[test]
fn a_default_that_names_no_schedule_is_told_once() {
    assert_eq!(
        codes("  power: { schedule: s }\nservers:\n  - { name: a }\n  - { name: b }\n"),
        ["unresolved_schedule"]
    );
}
