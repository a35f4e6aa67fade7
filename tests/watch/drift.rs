//! Drift: seen once, put right soon, or only told; and how a run ends.

use crate::desk::Desk;
use crate::watching::{Watching, calls, changes, desk, flip, power, world};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

#[test]
fn a_server_that_was_switched_off_is_on_again_within_two_intervals() {
    let desk = desk("");
    let watching = Watching::every(&desk, "1s", &["--enforce"]);
    desk.until(|desk| calls(desk, "flex") > 0 && calls(desk, "grid") > 0);
    std::thread::sleep(Duration::from_millis(300));
    flip(&desk, "web-07", "off");
    let begun = Instant::now();
    desk.until(|desk| power(desk, "web-07") == "on");
    assert!(begun.elapsed() < Duration::from_millis(2_200), "{:?}", begun.elapsed());
    watching.until_says("corrected flex/web-07");
    assert_eq!((changes(&desk, "web-07"), desk.accepted()), (1, 1));
    assert_eq!(watching.count("drift flex/web-07: power off -> on (declared)"), 1);
    // Nothing more is said or done about it.
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!((desk.accepted(), watching.count("web-07")), (1, 2), "{:#?}", watching.said());
    let ran = watching.stop();
    assert!(ran.err.contains("Stopped."), "{ran:#?}");
    let history = desk.run(&["history", "--format", "json"]).code(0).json();
    assert_eq!(history["history"][0]["by"]["command"], "watch", "{history:#}");
    let receipts = std::fs::read_dir(desk.path(".fleetform/receipts")).unwrap().count();
    assert_eq!(receipts, 2, "one, as JSON and as text");
}

#[test]
fn without_enforce_nothing_is_sent_and_no_lease_is_taken() {
    let desk = desk("");
    flip(&desk, "web-01", "off");
    let watching = Watching::start(&desk, &[]);
    watching.until_says("drift flex/web-01: power off -> on (declared); --enforce would put it right");
    flip(&desk, "web-01", "on");
    watching.until_says("drift ended flex/web-01");
    watching.stop();
    assert_eq!(desk.accepted(), 0);
    assert!(!desk.path(".fleetform/watch").exists());
    assert!(!desk.path(".fleetform/journal.jsonl").exists());
}

#[test]
fn what_the_policy_does_not_enforce_is_told_and_never_sent() {
    let desk = Desk::with(
        world(),
        "watch:\n  policy:\n    - { select: \"label:tier=app\", on_drift: report }\n    - { select: web-02, on_drift: ignore }\n\
         servers:\n  - { name: web-01, power: on, rebooted_since: 2026-01-01T00:00:00Z }\n  - { name: web-02, power: off }\n  \
         - { name: renamed, renamed_from: web-03, power: off }\n  - { name: web-04, power: off, protect: true }\n  \
         - { name: web-05, state: absent }\n  - { name: app-1, provider: grid, power: off, labels: { tier: app } }\n",
    );
    let watching = Watching::start(&desk, &["--enforce"]);
    watching.until_says("corrected flex/renamed");
    std::thread::sleep(Duration::from_millis(700));
    let said = watching.said().join("\n");
    assert!(said.contains("drift grid/app-1: power on -> off (declared); reported only"), "{said}");
    assert!(said.contains("drift flex/web-05: delete (declared); reported only"), "{said}");
    assert!(said.contains("problem flex/web-04: protected"), "{said}");
    assert!(said.contains("problem flex/web-01: reboot_unknown"), "{said}");
    assert!(!said.contains("web-02"), "{said}");
    // The power of the one that should also be renamed is put right, its name is left to people.
    assert_eq!((power(&desk, "web-03").as_str(), desk.accepted()), ("off", 1));
    watching.stop();
}

#[test]
fn lines_are_json_where_that_is_asked_for() {
    let desk = desk("");
    flip(&desk, "app-2", "off");
    let watching = Watching::start(&desk, &["--enforce", "--log-format", "json"]);
    watching.until_says("\"occasion\":\"corrected\"");
    let found = |occasion: &str| {
        let said = watching.said();
        let parsed = said.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        parsed.into_iter().find(|one| one["occasion"] == occasion).unwrap()
    };
    let drift = found("drift_seen");
    assert_eq!(drift["address"], "grid/app-2");
    assert_eq!(drift["actions"], json!(["power_on"]));
    assert!(drift["digest"].as_str().unwrap().starts_with("sha256:"));
    assert!(drift["at"].is_string());
}

#[test]
fn one_round_ends_with_the_exit_code_of_an_apply() {
    let desk = desk("");
    desk.run(&["watch", "--once"]).code(0).says("0 of 16 servers not as declared");
    flip(&desk, "web-01", "off");
    desk.run(&["watch", "--once"]).code(0).says("1 of 16 servers not as declared");
    assert_eq!(desk.accepted(), 0);
    desk.run(&["watch", "--once", "--enforce"]).code(0).says("1 put right");
    assert_eq!(power(&desk, "web-01"), "on");
    // What fails is tried again only after a while, also by the next process.
    flip(&desk, "web-01", "off");
    desk.fault(json!({
        "connection": "flex", "changes": true, "count": "all", "fault": { "status": { "code": 403 } },
    }));
    desk.run(&["watch", "--once", "--enforce"]).code(3).says("failed flex/web-01");
    desk.run(&["watch", "--once", "--enforce"]).code(0).says("held back: it failed once; tried again at");
    desk.fault(json!({ "connection": "grid", "count": "all", "fault": { "status": { "code": 401 } } }));
    desk.run(&["watch", "--once"]).code(1).says("connection lost grid");
    desk.run(&["watch", "--interval", "10ms"]).code(64).says("at least 100ms");
}

#[test]
fn a_round_without_drift_asks_for_lists_and_nothing_else() {
    let desk = desk("");
    let watching = Watching::start(&desk, &["--enforce"]);
    desk.until(|desk| calls(desk, "grid") >= 8);
    watching.stop();
    let stats = desk.running.stats();
    let routes = stats.calls.iter().map(|call| format!("{} {} {}", call.connection, call.method, call.route));
    let routes: Vec<String> = routes.collect();
    println!("{routes:#?}");
    let lists = ["flex GET /servers", "flex GET /servers/detail", "grid GET /grid/server/list"];
    assert!(routes.iter().all(|route| lists.contains(&route.as_str())), "{routes:#?}");
}

#[test]
fn a_change_in_flight_is_followed_to_its_end_before_it_stops() {
    let mut world = world();
    world["defaults"]["settle"] = json!("900ms");
    let desk = Desk::with(world, crate::watching::SERVERS);
    flip(&desk, "web-01", "off");
    let watching = Watching::start(&desk, &["--enforce"]);
    desk.until(|desk| desk.accepted() == 1);
    watching.signal("TERM");
    let ran = watching.end().code(130);
    assert!(ran.err.contains("corrected flex/web-01"), "{ran:#?}");
    assert_eq!(power(&desk, "web-01"), "on");
    desk.run(&["apply", "--auto-approve"]).code(0);
}
