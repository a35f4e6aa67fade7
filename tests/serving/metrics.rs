//! The metrics, read by a strict reader.

use super::exposition::read;
use super::fixture::{HOSTILE, ago, hostile, large, quiet, rich, told};
use fleetform::report::{Served, metrics_text};
use fleetform::watch::{HoldStatus, NotificationStatus, Status};

fn metrics(status: &Status, told: &[NotificationStatus]) -> super::exposition::Exposition {
    let text = metrics_text(Served { status, notifications: told });
    read(&text).unwrap_or_else(|why| panic!("{why}\n{text}"))
}

#[test]
fn every_number_is_there_under_its_name() {
    let found = metrics(&rich(), &told());
    for (name, labels, value) in [
        ("fleetform_build_info", &[("version", "0.1.0")] as &[_], 1.0),
        ("fleetform_role", &[("role", "leader")], 1.0),
        ("fleetform_role", &[("role", "standby")], 0.0),
        ("fleetform_enforcing", &[], 1.0),
        ("fleetform_frozen", &[], 0.0),
        ("fleetform_rounds_total", &[], 1440.0),
        ("fleetform_last_round_duration_seconds", &[], 2.25),
        (
            "fleetform_last_success_timestamp_seconds",
            &[],
            f64::from(u32::try_from(ago(12).as_second()).unwrap()),
        ),
        ("fleetform_file_rejected", &[], 1.0),
        (
            "fleetform_servers",
            &[("connection", "east"), ("type", "clc"), ("state", "on"), ("policy", "enforce")],
            812.0,
        ),
        (
            "fleetform_servers",
            &[("connection", "east"), ("type", "clc"), ("state", "on"), ("policy", "none")],
            40.0,
        ),
        ("fleetform_drift_servers", &[("connection", "east"), ("policy", "enforce")], 2.0),
        ("fleetform_drift_servers", &[("connection", "flex"), ("policy", "enforce")], 0.0),
        ("fleetform_drift_servers", &[("connection", "flex"), ("policy", "report")], 1.0),
        ("fleetform_drift_held_back_servers", &[("connection", "east"), ("policy", "enforce")], 1.0),
        // Seen from the instant of the status, which is 10 s before the fixture's now.
        ("fleetform_drift_oldest_age_seconds", &[("connection", "east")], 3690.0),
        ("fleetform_drift_oldest_age_seconds", &[("connection", "grid")], 0.0),
        ("fleetform_contested_servers", &[("connection", "east")], 1.0),
        ("fleetform_contested_servers", &[("connection", "flex")], 0.0),
        ("fleetform_problems", &[("connection", "grid"), ("severity", "warning")], 1.0),
        ("fleetform_holds", &[("what", "off")], 1.0),
        ("fleetform_connection_up", &[("connection", "east")], 1.0),
        ("fleetform_connection_up", &[("connection", "grid")], 0.0),
        ("fleetform_connection_up", &[("connection", "legacy")], 0.0),
        ("fleetform_connection_stopped", &[("connection", "nova")], 1.0),
        ("fleetform_provider_calls_total", &[("connection", "nova")], 1204.0),
        ("fleetform_provider_call_errors_total", &[("connection", "grid")], 17.0),
        ("fleetform_rate_limit_wait_seconds_total", &[("connection", "nova")], 41.73),
        (
            "fleetform_corrections_total",
            &[("connection", "flex"), ("action", "power_off"), ("outcome", "failed")],
            2.0,
        ),
        ("fleetform_notifications_total", &[("target", "notify[1]"), ("outcome", "dropped")], 2.0),
        ("fleetform_notifications_queued", &[("target", "notify[1]")], 3.0),
    ] {
        assert_eq!(found.value(name, labels), Some(value), "{name} {labels:?}");
    }
    // What never happened has no time.
    assert_eq!(found.value("fleetform_connection_read_timestamp_seconds", &[("connection", "legacy")]), None);
}

#[test]
fn a_freeze_stops_the_enforcing() {
    let mut status = quiet();
    assert_eq!(metrics(&status, &[]).value("fleetform_enforcing", &[]), Some(1.0));
    status.holds = vec![HoldStatus { what: "freeze".into(), ..rich().holds[0].clone() }];
    let found = metrics(&status, &[]);
    assert_eq!(
        (found.value("fleetform_enforcing", &[]), found.value("fleetform_frozen", &[])),
        (Some(0.0), Some(1.0))
    );
}

#[test]
fn hostile_names_are_labels_and_nothing_else() {
    let found = metrics(&hostile(), &told());
    assert_eq!(found.value("fleetform_provider_calls_total", &[("connection", HOSTILE)]), Some(1204.0));
    assert!(found.families.keys().all(|name| name.starts_with("fleetform_")));
}

#[test]
fn a_hundred_thousand_servers_have_no_more_series_than_ten() {
    let few = metrics(&large(10), &[]).series();
    assert_eq!(metrics(&large(100_000), &[]).series(), few);
    assert!(few < 150, "{few}");
}

#[test]
fn before_the_first_round_there_is_no_time_of_one() {
    let mut status = quiet();
    (status.last_round, status.last_success_at, status.rounds) = (None, None, 0);
    status.connections.clear();
    let found = metrics(&status, &[]);
    assert_eq!(found.value("fleetform_last_success_timestamp_seconds", &[]), None);
    assert_eq!(found.value("fleetform_rounds_total", &[]), Some(0.0));
}
