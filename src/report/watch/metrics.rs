//! `/metrics`. Every series is per connection at most, never per server: a fleet of 100,000 has as many as one of 10.

use super::Served;
use super::exposition::{Exposition, Kind, Number};
use crate::model::Verb;
use crate::plan::Severity;
use crate::watch::{ConnectionStatus, NotificationStatus, OnDrift, Role, Status};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The media type of [`metrics_text`].
pub const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A number of one connection.
type OfConnection = fn(&ConnectionStatus) -> Number;

/// A number of one receiver of notifications.
type OfTarget = fn(&NotificationStatus) -> u64;

/// All numbers of a watcher, in Prometheus' text format. Ages are those at the instant of the status.
pub fn metrics_text(served: Served<'_>) -> String {
    let mut out = Exposition::default();
    let status = served.status;
    about(&mut out, status);
    rounds(&mut out, status);
    file(&mut out, status);
    connections(&mut out, status);
    drift(&mut out, status);
    findings(&mut out, status);
    corrections(&mut out, status);
    notifications(&mut out, served.notifications);
    out.finish()
}

fn gauge(out: &mut Exposition, name: &'static str, help: &str, value: impl Into<Number>) {
    out.family(name, Kind::Gauge, help).series(&[], value);
}

fn about(out: &mut Exposition, status: &Status) {
    out.family("fleetform_build_info", Kind::Gauge, "The program; always 1.")
        .series(&[("version", &status.fleetform_version)], true);
    gauge(out, "fleetform_start_time_seconds", "When the watcher was started.", seconds(status.started_at));
    gauge(out, "fleetform_simulated", "1 against the simulator.", status.simulated);
    let mut roles = out.family("fleetform_role", Kind::Gauge, "1 for the watcher's role, 0 for the others.");
    for (name, holds) in [
        ("leader", status.role == Role::Leader),
        ("observer", status.role == Role::Observer),
        ("standby", matches!(status.role, Role::Standby { .. })),
    ] {
        roles.series(&[("role", name)], holds);
    }
    gauge(
        out,
        "fleetform_enforcing",
        "1 where this watcher puts drift right: it leads, and there is no freeze.",
        status.role == Role::Leader && !is_frozen(status),
    );
}

fn rounds(out: &mut Exposition, status: &Status) {
    out.family("fleetform_rounds_total", Kind::Counter, "Rounds that were begun.").series(&[], status.rounds);
    gauge(
        out,
        "fleetform_interval_seconds",
        "From one round's beginning to the next one's.",
        status.interval,
    );
    // What has not happened yet has no time: the series is left out, as alerts on absence expect.
    if let Some(round) = &status.last_round {
        gauge(
            out,
            "fleetform_last_round_duration_seconds",
            "How long the last round took that ended.",
            round.took,
        );
        gauge(
            out,
            "fleetform_last_round_timestamp_seconds",
            "When the last round began that ended.",
            seconds(round.began_at),
        );
        gauge(
            out,
            "fleetform_last_round_troubled",
            "1 where the last round made no plan or carried out none of it.",
            round.trouble.is_some(),
        );
    }
    if let Some(at) = status.last_success_at {
        let help = "When the last round ended in which every connection was read.";
        gauge(out, "fleetform_last_success_timestamp_seconds", help, seconds(at));
    }
}

fn file(out: &mut Exposition, status: &Status) {
    let file = &status.file;
    gauge(
        out,
        "fleetform_file_rejected",
        "1 while newer fleet files are wrong and the old ones stay in force.",
        file.rejected.is_some(),
    );
    gauge(
        out,
        "fleetform_file_loaded_timestamp_seconds",
        "Since when the fleet files are in force.",
        seconds(file.loaded_at),
    );
}

fn connections(out: &mut Exposition, status: &Status) {
    let help = "Servers as they were last read, by power state and by what is done when that drifts.";
    let mut servers = out.family("fleetform_servers", Kind::Gauge, help);
    for connection in &status.connections {
        for count in &connection.servers {
            let labels = [
                ("connection", connection.name.as_str()),
                ("type", &connection.type_name),
                ("state", &count.state),
                ("policy", count.on_drift.map_or("none", policy)),
            ];
            servers.series(&labels, count.count);
        }
    }
    let numbers: [(&'static str, Kind, &str, OfConnection); 5] = [
        ("fleetform_connection_up", Kind::Gauge, "1 where the servers could be read.", |one| {
            (one.failure.is_none() && one.read_at.is_some()).into()
        }),
        (
            "fleetform_connection_stopped",
            Kind::Gauge,
            "1 where nothing is put right because too much has drifted at once.",
            |one| one.stopped.is_some().into(),
        ),
        ("fleetform_provider_calls_total", Kind::Counter, "Requests that were sent.", |one| one.calls.into()),
        ("fleetform_provider_call_errors_total", Kind::Counter, "Requests without a good answer.", |one| {
            one.call_errors.into()
        }),
        (
            "fleetform_rate_limit_wait_seconds_total",
            Kind::Counter,
            "How long requests waited for rate limits, ours and the provider's.",
            |one| one.rate_limit_wait.into(),
        ),
    ];
    for (name, kind, help, of) in numbers {
        let mut family = out.family(name, kind, help);
        for connection in &status.connections {
            family.series(&[("connection", connection.name.as_str())], of(connection));
        }
    }
    let help = "When the servers were last read in full.";
    let mut family = out.family("fleetform_connection_read_timestamp_seconds", Kind::Gauge, help);
    for connection in &status.connections {
        if let Some(at) = connection.read_at {
            family.series(&[("connection", connection.name.as_str())], seconds(at));
        }
    }
}

fn drift(out: &mut Exposition, status: &Status) {
    let mut counts = BTreeMap::new();
    let mut oldest: BTreeMap<&str, Timestamp> = BTreeMap::new();
    // A connection without drift has its zero, so that a rate or an alert has something to compare with.
    for connection in &status.connections {
        for on_drift in POLICIES {
            counts.insert((connection.name.as_str(), policy(on_drift)), [0_u64; 2]);
        }
    }
    for drift in &status.drift {
        let connection = drift.address.connection.as_str();
        let [all, held_back] = counts.entry((connection, policy(drift.on_drift))).or_default();
        *all += 1;
        *held_back += u64::from(drift.held_back.is_some());
        let since = oldest.entry(connection).or_insert(drift.since);
        *since = (*since).min(drift.since);
    }
    for (name, help, which) in [
        ("fleetform_drift_servers", "Servers that are not as declared, by what is done about it.", 0),
        (
            "fleetform_drift_held_back_servers",
            "Those of them that something keeps from being put right at present.",
            1,
        ),
    ] {
        let mut family = out.family(name, Kind::Gauge, help);
        for ((connection, policy), count) in &counts {
            family.series(&[("connection", connection), ("policy", policy)], count[which]);
        }
    }
    let help = "How long the oldest drift has lasted; 0 where there is none.";
    let mut ages = out.family("fleetform_drift_oldest_age_seconds", Kind::Gauge, help);
    let names: std::collections::BTreeSet<&str> = counts.keys().map(|(connection, _)| *connection).collect();
    for connection in names {
        let age = oldest.get(connection).map_or(0.0, |since| seconds(status.at) - seconds(*since));
        ages.series(&[("connection", connection)], age.max(0.0));
    }
}

fn findings(out: &mut Exposition, status: &Status) {
    let connections = status.connections.iter().map(|connection| connection.name.as_str());
    let mut contested: BTreeMap<&str, u64> = connections.map(|name| (name, 0)).collect();
    let mut problems: BTreeMap<(&str, &str), u64> =
        contested.keys().flat_map(|name| [((*name, "error"), 0), ((*name, "warning"), 0)]).collect();
    for one in &status.contested {
        *contested.entry(one.address.connection.as_str()).or_default() += 1;
    }
    for one in &status.problems {
        let severity = match one.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        *problems.entry((one.address.connection.as_str(), severity)).or_default() += 1;
    }
    let help = "Servers that are left alone because somebody else keeps changing them.";
    let mut family = out.family("fleetform_contested_servers", Kind::Gauge, help);
    for (connection, count) in contested {
        family.series(&[("connection", connection)], count);
    }
    let mut family = out.family("fleetform_problems", Kind::Gauge, "Problems of the last plan.");
    for ((connection, severity), count) in problems {
        family.series(&[("connection", connection), ("severity", severity)], count);
    }
    let mut family = out.family("fleetform_holds", Kind::Gauge, "Holds in force, by what they hold.");
    for what in ["on", "off", "as-is"] {
        let count = status.holds.iter().filter(|hold| hold.what == what).count();
        family.series(&[("what", what)], count);
    }
    gauge(out, "fleetform_frozen", "1 while there is a freeze.", is_frozen(status));
}

fn corrections(out: &mut Exposition, status: &Status) {
    let help = "Changes that were tried since the start, by how they ended.";
    let mut family = out.family("fleetform_corrections_total", Kind::Counter, help);
    for one in &status.corrections {
        let labels = [
            ("connection", one.connection.as_str()),
            ("action", action(one.action)),
            ("outcome", &one.outcome),
        ];
        family.series(&labels, one.count);
    }
}

fn notifications(out: &mut Exposition, notifications: &[NotificationStatus]) {
    let outcomes: [(&str, OfTarget); 4] = [
        ("sent", |one| one.sent),
        ("failed", |one| one.failed),
        ("dropped", |one| one.dropped),
        ("repeated", |one| one.repeated),
    ];
    let help = "Notifications, by what became of them; repeated: told before, and therefore not sent.";
    let mut family = out.family("fleetform_notifications_total", Kind::Counter, help);
    for one in notifications {
        for (outcome, of) in outcomes {
            family.series(&[("target", &one.target), ("outcome", outcome)], of(one));
        }
    }
    let help = "Attempts at notifications that were made again.";
    let mut family = out.family("fleetform_notification_retries_total", Kind::Counter, help);
    for one in notifications {
        family.series(&[("target", &one.target)], one.retries);
    }
    let help = "Notifications that wait to be sent.";
    let mut family = out.family("fleetform_notifications_queued", Kind::Gauge, help);
    for one in notifications {
        family.series(&[("target", &one.target)], one.queued);
    }
}

const POLICIES: [OnDrift; 3] = [OnDrift::Enforce, OnDrift::Report, OnDrift::Ignore];

fn policy(on_drift: OnDrift) -> &'static str {
    match on_drift {
        OnDrift::Enforce => "enforce",
        OnDrift::Report => "report",
        OnDrift::Ignore => "ignore",
    }
}

fn action(verb: Verb) -> &'static str {
    match verb {
        Verb::Rename => "rename",
        Verb::PowerOn => "power_on",
        Verb::PowerOff => "power_off",
        Verb::Suspend => "suspend",
        Verb::Reboot => "reboot",
        Verb::Delete => "delete",
    }
}

fn is_frozen(status: &Status) -> bool {
    status.holds.iter().any(|hold| hold.what == "freeze")
}

/// Since the epoch, to the millisecond.
#[allow(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^53")]
fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}
