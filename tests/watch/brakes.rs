//! The brakes, seen from outside.

use crate::desk::Desk;
use crate::watching::{SERVERS, Watching, calls, changes, desk, flip, power, world};
use serde_json::json;
use std::time::Duration;

/// Switches a server off, and again whenever it was put right, so many times.
fn fight(desk: &Desk, watching: &Watching, name: &str, times: usize) {
    let before = watching.count(&format!("corrected flex/{name}"));
    for time in 0..times {
        desk.until(|_| watching.count(&format!("corrected flex/{name}")) >= before + time);
        flip(desk, name, "off");
    }
}

#[test]
fn after_three_corrections_a_server_is_contested_also_for_the_next_process() {
    let desk = desk("");
    let watching = Watching::start(&desk, &["--enforce"]);
    fight(&desk, &watching, "web-03", 4);
    watching.until_says("contested flex/web-03: put right 3 times within 1h");
    std::thread::sleep(Duration::from_millis(800));
    assert_eq!(changes(&desk, "web-03"), 3);
    assert_eq!(watching.count("contested flex/web-03"), 1);
    assert!(watching.count("no other run of fleetform did") == 1, "{:#?}", watching.said());
    // Others go on.
    flip(&desk, "web-04", "off");
    desk.until(|desk| power(desk, "web-04") == "on");
    watching.stop();
    let again = Watching::start(&desk, &["--enforce"]);
    again.until_says("contested flex/web-03");
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!((changes(&desk, "web-03"), power(&desk, "web-03").as_str()), (3, "off"));
    // A person's apply ends it.
    desk.run(&["apply", "--auto-approve", "--target", "flex/web-03"]).code(0);
    again.until_says("contest ended flex/web-03");
    flip(&desk, "web-03", "off");
    desk.until(|desk| power(desk, "web-03") == "on");
    again.stop();
    // Without what was remembered the ledger still says so.
    std::fs::remove_file(desk.path(".fleetform/watch/memory.json")).unwrap();
    let once = desk.run(&["watch", "--once", "--enforce"]).code(0);
    assert!(!once.err.contains("contested flex"), "{once:#?}");
}

#[test]
fn who_else_changed_it_is_named() {
    let desk = desk("");
    desk.write("other.yaml", &format!("{}servers:\n  - {{ name: web-03, power: off }}\n", desk.head()));
    let watching = Watching::start(&desk, &["--enforce"]);
    for times in 1..=2 {
        desk.run(&["-f", "other.yaml", "apply", "--auto-approve", "--lock-timeout", "5s"]).code(0);
        desk.until(|_| watching.count("corrected flex/web-03") == times);
    }
    fight(&desk, &watching, "web-03", 4);
    watching.until_says("contested flex/web-03");
    assert_eq!(watching.count("(apply by"), 1, "{:#?}", watching.said());
}

#[test]
fn a_mass_drift_stops_a_connection_and_no_other() {
    let desk = desk("");
    let watching = Watching::start(&desk, &["--enforce"]);
    desk.until(|desk| calls(desk, "grid") >= 2);
    let off: Vec<String> = (1..=6).map(|n| format!("web-{n:02}")).collect();
    // Together: between two of its rounds, or what it sees first are fewer.
    watching.signal("STOP");
    off.iter().for_each(|name| flip(&desk, name, "off"));
    flip(&desk, "app-1", "off");
    watching.signal("CONT");
    watching.until_says("stopped flex: 6 of 12 servers (50%) are not as declared at once, more than 30%");
    desk.until(|desk| power(desk, "app-1") == "on");
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(desk.accepted(), 1, "{:#?}", watching.said());
    off.iter().skip(3).for_each(|name| flip(&desk, name, "on"));
    watching.until_says("resumed flex");
    desk.until(|desk| off.iter().all(|name| power(desk, name) == "on"));
    watching.stop();
}

#[test]
fn what_the_file_has_just_asked_for_is_no_mass_drift() {
    let desk = desk("");
    let watching = Watching::start(&desk, &["--enforce"]);
    desk.until(|desk| calls(desk, "grid") >= 2);
    desk.fleet(&SERVERS.replace("web-{01..12}\", power: on", "web-{01..12}\", power: off"));
    watching.until_says("file reloaded");
    desk.until(|desk| power(desk, "web-01") == "off" && power(desk, "web-12") == "off");
    assert_eq!(watching.count("stopped"), 0, "{:#?}", watching.said());
    watching.stop();
    // Nor for a run that begins later, by what the last one remembered.
    desk.fleet(SERVERS);
    desk.run(&["watch", "--once", "--enforce"]).code(0).says("12 put right");
    // Of which nothing is remembered may be a mass drift.
    (1..=12).for_each(|n| flip(&desk, &format!("web-{n:02}"), "off"));
    std::fs::remove_file(desk.path(".fleetform/watch/memory.json")).unwrap();
    desk.run(&["watch", "--once", "--enforce"]).code(4).says("stopped flex");
}

#[test]
fn a_round_beyond_a_limit_does_nothing_and_says_so_once() {
    let desk =
        desk("limits: { max_power_offs: [2, \"3 per 1h\"], max_changes: 5 }\nwatch: { mass_drift: off }\n");
    desk.fleet(&format!(
        "limits: {{ max_power_offs: [2, \"3 per 1h\"], max_changes: 5 }}\nwatch: {{ mass_drift: off }}\n{}",
        SERVERS
            .replace("power: on", "power: off")
            .replace("web-{01..12}", "web-{01..03}")
            .replace("app-{1..4}", "app-1")
    ));
    flip(&desk, "app-1", "off");
    let watching = Watching::start(&desk, &["--enforce"]);
    watching.until_says("refused: a limit of the file forbids what this round would do");
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!((desk.accepted(), watching.count(" refused")), (0, 1), "{:#?}", watching.said());
    watching.stop();
    // Two are within the limit of a round, the fourth is beyond that of the hour; an apply counts as well.
    flip(&desk, "web-03", "off");
    desk.run(&["watch", "--once", "--enforce"]).code(0).says("2 put right");
    flip(&desk, "web-03", "on");
    desk.run(&["apply", "--auto-approve"]).code(0);
    flip(&desk, "web-02", "on");
    desk.run(&["watch", "--once", "--enforce"])
        .code(4)
        .says("after 3 before, and at most 3 per 1h are allowed");
    desk.run(&["apply", "--auto-approve"]).code(4).says("--accept power_offs=1 lets this plan pass");
    desk.run(&["apply", "--auto-approve", "--accept", "power_offs=1"]).code(0);
    assert_eq!(desk.accepted(), 4);
}

#[test]
fn a_server_that_fails_is_tried_less_and_less_often_and_keeps_no_other_waiting() {
    let desk = Desk::with(world(), SERVERS);
    let id = desk.server("web-05").unwrap()["id"].as_str().unwrap().to_owned();
    desk.fault(json!({
        "method": "POST", "path": format!("*{id}*"), "count": "all", "fault": { "status": { "code": 403 } },
    }));
    let watching = Watching::start(&desk, &["--enforce"]);
    flip(&desk, "web-05", "off");
    watching.until_says("failed flex/web-05");
    flip(&desk, "web-06", "off");
    desk.until(|desk| power(desk, "web-06") == "on");
    std::thread::sleep(Duration::from_secs(5));
    // At 0, 0.3, 0.9, 2.1, 4.5 s, and not every 0.3 s.
    let tried = watching.count("failed flex/web-05");
    assert!((3..=6).contains(&tried), "{tried}: {:#?}", watching.said());
}
