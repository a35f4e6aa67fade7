//! Watchers' statuses: one with a bit of everything, one that is hostile, one that is very large, one that is quiet.

use fleetform::model::{Address, DesiredPower, Location, Verb};
use fleetform::plan::{Code, FleetFile, Problem, Severity};
use fleetform::watch::{
    ConnectionStatus, Contested, Correction, Counted, Drift, FileStatus, HoldStatus, NotificationStatus,
    OnDrift, Role, Round, STATUS_VERSION, ServerCount, Status, Upcoming, Watcher,
};
use jiff::{SignedDuration, Timestamp, Unit};
use std::sync::LazyLock;

/// When all of them are looked at: when the tests began, so that a browser finds them fresh.
pub(crate) fn now() -> Timestamp {
    static NOW: LazyLock<Timestamp> = LazyLock::new(|| Timestamp::now().round(Unit::Second).unwrap());
    *NOW
}

pub(crate) fn ago(seconds: i64) -> Timestamp {
    now() - SignedDuration::from_secs(seconds)
}

pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

pub(crate) fn connection(
    name: &str,
    type_name: &str,
    counts: &[(&str, Option<OnDrift>, u64)],
) -> ConnectionStatus {
    ConnectionStatus {
        name: name.into(),
        type_name: type_name.into(),
        servers: counts
            .iter()
            .map(|(state, on_drift, count)| ServerCount {
                state: (*state).into(),
                on_drift: *on_drift,
                count: *count,
            })
            .collect(),
        read_at: Some(ago(12)),
        failure: None,
        failing_since: None,
        next_try_at: None,
        stopped: None,
        calls: 1_204,
        call_errors: 0,
        rate_limit_wait: 0.0,
    }
}

pub(crate) fn drift(name: &str, actions: &[Verb], words: &str, seconds: i64) -> Drift {
    Drift {
        address: address(name),
        actions: actions.to_vec(),
        words: words.into(),
        reasons: vec!["declared".into()],
        since: ago(seconds),
        on_drift: OnDrift::Enforce,
        held_back: None,
        next_try_at: None,
    }
}

/// Everything is as declared, on two connections.
pub(crate) fn quiet() -> Status {
    let enforce = Some(OnDrift::Enforce);
    Status {
        format_version: STATUS_VERSION.into(),
        fleetform_version: "0.1.0".into(),
        watcher: Watcher {
            run: "01JD8M2Q9Z".into(),
            user: "ops".into(),
            host: "watch-1.example.org".into(),
            pid: 4711,
        },
        started_at: ago(86_400),
        at: ago(10),
        role: Role::Leader,
        simulated: false,
        interval: 60.0,
        rounds: 1_440,
        last_round: Some(Round {
            number: 1_440,
            began_at: ago(14),
            took: 2.25,
            digest: Some("ab".repeat(32)),
            trouble: None,
        }),
        last_success_at: Some(ago(12)),
        file: FileStatus {
            fleet: vec![FleetFile {
                path: "fleet.yaml".into(),
                sha256: "c0ffee".repeat(10),
                calendar: false,
            }],
            loaded_at: ago(7_200),
            rejected: None,
            rejected_at: None,
        },
        connections: vec![
            connection("east", "clc", &[("on", enforce, 812), ("off", enforce, 96), ("on", None, 40)]),
            connection("flex", "hostway", &[("on", enforce, 120), ("suspended", Some(OnDrift::Report), 3)]),
        ],
        drift: Vec::new(),
        contested: Vec::new(),
        problems: Vec::new(),
        holds: Vec::new(),
        upcoming: Vec::new(),
        recent: Vec::new(),
        corrections: Vec::new(),
    }
}

/// A bit of everything.
pub(crate) fn rich() -> Status {
    let enforce = Some(OnDrift::Enforce);
    let mut status = quiet();
    status.connections.push(ConnectionStatus {
        stopped: Some("31 of 100 servers (31%) have drifted at once; more than max_drift_share: 20%. Somebody is doing maintenance, or the API is wrong; enforcement resumes by itself when it is below.".into()),
        call_errors: 3,
        rate_limit_wait: 41.73,
        ..connection("nova", "openstack", &[("on", enforce, 69), ("off", enforce, 31), ("transition", enforce, 2)])
    });
    status.connections.push(ConnectionStatus {
        failure: Some(
            "GET https://api.gogrid.example/api/grid/server/list answered 503: the server is in trouble"
                .into(),
        ),
        failing_since: Some(ago(540)),
        next_try_at: Some(now() + SignedDuration::from_secs(95)),
        read_at: Some(ago(600)),
        call_errors: 17,
        ..connection("grid", "gogrid", &[("on", enforce, 44), ("unrecognised", enforce, 1)])
    });
    status.connections.push(ConnectionStatus { read_at: None, ..connection("legacy", "mediatemple", &[]) });
    status.drift = vec![
        drift("east/web-03", &[Verb::PowerOn], "power off -> on", 42),
        Drift {
            reasons: vec!["schedule office".into()],
            held_back: Some("waiting for window nights until 20:00+01:00".into()),
            ..drift("east/batch-11", &[Verb::PowerOff], "power on -> off (graceful, then hard)", 3_700)
        },
        Drift {
            on_drift: OnDrift::Report,
            ..drift("flex/report-2", &[Verb::Rename], "name reports -> report-2", 90_000)
        },
        Drift {
            next_try_at: Some(now() + SignedDuration::from_secs(240)),
            ..drift("nova/db-1", &[Verb::PowerOn], "power suspended -> on (resume)", 610)
        },
        Drift {
            on_drift: OnDrift::Ignore,
            reasons: vec!["declared".into(), "rule cleanup".into()],
            ..drift("nova/tmp-7", &[Verb::Delete], "delete", 400_000)
        },
    ];
    status.contested = vec![Contested {
        address: address("east/cache-a"),
        since: ago(1_500),
        corrections: 3,
        undone_at: Some(ago(1_520)),
        message: "was powered off again 40 s after each of 3 corrections; another tool may own it: look at the provider's audit log, then `fleetform hold east/cache-a as-is --until 4h --reason …`".into(),
    }];
    status.problems = vec![
        problem("east/web-99", Code::MissingServer, Severity::Error, "no live server is called web-99"),
        problem("grid/*", Code::Unreachable, Severity::Warning, "the servers could not be read in full"),
    ];
    status.holds = vec![HoldStatus {
        selector: "label:tier=ci".into(),
        what: "off".into(),
        until: now() + SignedDuration::from_hours(5),
        reason: "load test on the shared database".into(),
        by: "alice@laptop".into(),
    }];
    status.upcoming = vec![
        upcoming("east/batch-{n}", 1_800, DesiredPower::Off),
        upcoming("east/desk-1", 64_800, DesiredPower::On),
    ];
    status.recent = vec![
        correction("east/web-01", Verb::PowerOn, 75, "done", "live state: on, after 31 s"),
        correction(
            "flex/app-4",
            Verb::PowerOff,
            4_000,
            "failed",
            "the provider answered 409: another operation is under way",
        ),
        correction(
            "nova/ci-2",
            Verb::Suspend,
            9_000,
            "unresolved",
            "the answer was lost and live state does not tell",
        ),
    ];
    status.corrections = vec![
        counted("east", Verb::PowerOn, "done", 41),
        counted("flex", Verb::PowerOff, "failed", 2),
        counted("nova", Verb::Suspend, "unresolved", 1),
    ];
    status.file.rejected =
        Some("fleet.yaml:14:5: unknown key \"pwoer\" in server; did you mean \"power\"?".into());
    status.file.rejected_at = Some(ago(300));
    status
}

pub(crate) fn told() -> Vec<NotificationStatus> {
    vec![
        NotificationStatus {
            target: "notify[0]".into(),
            format: "cloudevents".into(),
            queued: 0,
            sent: 31,
            failed: 0,
            dropped: 0,
            repeated: 4,
            retries: 1,
            last_sent_at: Some(ago(42)),
            trouble: None,
        },
        NotificationStatus {
            target: "notify[1]".into(),
            format: "slack".into(),
            queued: 3,
            sent: 12,
            failed: 1,
            dropped: 2,
            repeated: 0,
            retries: 9,
            last_sent_at: Some(ago(4_000)),
            trouble: Some("the receiver answered 503; tried again in 16 s".into()),
        },
    ]
}

fn problem(at: &str, code: Code, severity: Severity, message: &str) -> Problem {
    let location = Location { file: "fleet.yaml".into(), line: 27, column: 5 };
    Problem {
        code,
        severity,
        address: address(at),
        message: message.into(),
        location: Some(location),
        cause: None,
    }
}

fn upcoming(at: &str, seconds: i64, power: DesiredPower) -> Upcoming {
    Upcoming {
        at: now() + SignedDuration::from_secs(seconds),
        address: address(at),
        power,
        schedule: "office".into(),
    }
}

fn correction(at: &str, verb: Verb, seconds: i64, outcome: &str, detail: &str) -> Correction {
    Correction {
        at: ago(seconds),
        address: address(at),
        actions: vec![verb],
        outcome: outcome.into(),
        detail: detail.into(),
    }
}

fn counted(connection: &str, action: Verb, outcome: &str, count: u64) -> Counted {
    Counted { connection: connection.into(), action, outcome: outcome.into(), count }
}

/// A text that breaks out of whatever does not hold it: HTML, attributes, labels, lines, writing direction, mentions.
pub(crate) const HOSTILE: &str = "\"><script>document.title='owned'</script>\\\n# TYPE x gauge\n'\u{202e}<!channel> &amp; <img src=x onerror=alert(1)>";

/// Every text of the rich one is hostile.
pub(crate) fn hostile() -> Status {
    let mut status = rich();
    let bad = || HOSTILE.to_owned();
    let at = || Address::new("east".into(), HOSTILE.into());
    status.watcher = Watcher { run: bad(), user: bad(), host: bad(), pid: 1 };
    status.fleetform_version = bad();
    status.role = Role::Standby { holder: bad() };
    status.file.fleet[0] = FleetFile { path: bad(), sha256: bad(), calendar: false };
    status.file.rejected = Some(bad());
    status.last_round.as_mut().unwrap().trouble = Some(bad());
    for one in &mut status.connections {
        one.type_name = bad();
        one.stopped = Some(bad());
        one.failure = Some(bad());
        one.servers.iter_mut().for_each(|count| count.state = bad());
        one.servers.truncate(1);
    }
    status.connections[1].name = HOSTILE.into();
    for one in &mut status.drift {
        (one.address, one.words, one.reasons, one.held_back) = (at(), bad(), vec![bad()], Some(bad()));
    }
    for one in &mut status.contested {
        (one.address, one.message) = (at(), bad());
    }
    for one in &mut status.problems {
        (one.address, one.message) = (at(), bad());
        one.location = Some(Location { file: HOSTILE.into(), line: 1, column: 1 });
    }
    for one in &mut status.holds {
        (one.selector, one.what, one.reason, one.by) = (bad(), bad(), bad(), bad());
    }
    status.holds.push(HoldStatus { what: "freeze".into(), ..status.holds[0].clone() });
    for one in &mut status.upcoming {
        (one.address, one.schedule) = (at(), bad());
    }
    for one in &mut status.recent {
        (one.address, one.outcome, one.detail) = (at(), bad(), bad());
    }
    status.corrections.truncate(1);
    for one in &mut status.corrections {
        (one.connection, one.outcome) = (HOSTILE.into(), bad());
    }
    status
}

/// Thousands of servers have drifted.
pub(crate) fn large(count: usize) -> Status {
    let mut status = rich();
    status.drift = (0..count)
        .map(|at| {
            drift(
                &format!("east/web-{at:05}"),
                &[Verb::PowerOn],
                "power off -> on",
                60 + i64::try_from(at).unwrap(),
            )
        })
        .collect();
    status
}
