//! What governs beside entries: people who hold and freeze, rules, and schedules at the very minute at which they change.

use crate::desk::Desk;
use crate::watching::{Watching, changes, desk, flip, power, world};
use jiff::{SignedDuration, Timestamp, Unit};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// What the watcher serves as its status.
fn status(watching: &Watching) -> Value {
    watching.until_says("http://127.0.0.1:");
    let said = watching.said().join("\n");
    let address = said.split_once("http://").unwrap().1;
    let address: String = address.chars().take_while(|c| c.is_ascii_digit() || ".:".contains(*c)).collect();
    let mut stream = TcpStream::connect(&address).unwrap();
    write!(stream, "GET /status.json HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

fn until(watching: &Watching, what: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..200 {
        let status = status(watching);
        if what(&status) {
            return status;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{:#} {:#?}", status(watching), watching.said());
}

fn drift<'s>(status: &'s Value, address: &str) -> Option<&'s Value> {
    status["drift"].as_array()?.iter().find(|drift| drift["address"] == address)
}

#[test]
fn a_hold_is_kept_while_it_lasts_and_what_it_withholds_is_shown() {
    let desk = desk("");
    let watching = Watching::start(&desk, &["--enforce", "--listen", "127.0.0.1:0"]);
    until(&watching, |status| status["last_success_at"].is_string());
    // Recorded while the leader runs; nobody waits for its lock.
    desk.run(&["hold", "flex/web-03", "off", "--until", "1h", "--reason", "disk swap"]).code(0);
    desk.run(&["hold", "flex/web-04", "as-is", "--until", "1h", "--reason", "debugging"]).code(0);
    desk.until(|desk| power(desk, "web-03") == "off");
    flip(&desk, "web-03", "on");
    desk.until(|desk| power(desk, "web-03") == "off");
    flip(&desk, "web-04", "off");
    let shown = until(&watching, |status| drift(status, "flex/web-04").is_some());
    let held = drift(&shown, "flex/web-04").unwrap();
    assert!(held["held_back"].as_str().unwrap().contains("debugging"), "{held:#}");
    let selectors: Vec<&Value> =
        shown["holds"].as_array().unwrap().iter().map(|hold| &hold["selector"]).collect();
    assert_eq!(selectors, ["flex/web-03", "flex/web-04"]);
    std::thread::sleep(Duration::from_millis(900));
    assert_eq!((power(&desk, "web-04").as_str(), changes(&desk, "web-04")), ("off", 0));
    desk.run(&["release", "flex/web-04"]).code(0);
    desk.run(&["release", "flex/web-03"]).code(0);
    desk.until(|desk| power(desk, "web-03") == "on" && power(desk, "web-04") == "on");
    watching.stop();
}

#[test]
fn nothing_is_put_right_while_everything_is_frozen_and_nothing_where_a_hold_may_be_lost() {
    let desk = desk("");
    desk.run(&["freeze", "--until", "1h", "--reason", "the fair is open"]).code(0);
    flip(&desk, "web-05", "off");
    let watching = Watching::start(&desk, &["--enforce", "--listen", "127.0.0.1:0"]);
    let shown = until(&watching, |status| drift(status, "flex/web-05").is_some());
    assert!(drift(&shown, "flex/web-05").unwrap()["held_back"].as_str().unwrap().contains("the fair"));
    assert_eq!(shown["holds"][0]["what"], "freeze");
    std::thread::sleep(Duration::from_millis(900));
    assert_eq!(desk.accepted(), 0);
    // A byte of the holds changes: whoever froze may still want it frozen.
    let path = desk.path(".fleetform/holds.jsonl");
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, whole.replace("the fair", "the fear")).unwrap();
    watching.until_says("nothing is put right");
    std::thread::sleep(Duration::from_millis(900));
    assert_eq!(desk.accepted(), 0);
    std::fs::write(&path, whole).unwrap();
    desk.run(&["thaw"]).code(0);
    desk.until(|desk| power(desk, "web-05") == "on");
    watching.stop();
}

#[test]
fn servers_that_only_a_rule_governs_are_kept_as_it_says() {
    let desk = Desk::with(
        world(),
        "rules:\n  - { name: apps, match: \"grid/app-*\", power: on }\nservers:\n  - { name: web-01, power: on }\n",
    );
    let watching = Watching::start(&desk, &["--enforce", "--listen", "127.0.0.1:0"]);
    until(&watching, |status| status["last_success_at"].is_string());
    flip(&desk, "app-2", "off");
    desk.until(|desk| power(desk, "app-2") == "on");
    watching.until_says("drift grid/app-2: power off -> on (rule apps)");
    flip(&desk, "web-02", "off");
    std::thread::sleep(Duration::from_millis(900));
    assert_eq!((desk.accepted(), power(&desk, "web-02").as_str()), (1, "off"));
    watching.stop();
}

#[test]
fn a_schedule_is_followed_at_its_minute_and_is_no_mass_drift() {
    let minute = Unit::Minute;
    let now = Timestamp::now();
    // At least five seconds ahead: the watcher has to have seen them on before.
    let ahead = now.checked_add(SignedDuration::from_secs(65)).unwrap();
    let ends = ahead
        .to_zoned(jiff::tz::TimeZone::UTC)
        .round(jiff::ZonedRound::new().smallest(minute).mode(jiff::RoundMode::Trunc))
        .unwrap();
    let begins = ends.checked_sub(SignedDuration::from_hours(2)).unwrap();
    let hours = format!("{}-{}", begins.strftime("%H:%M"), ends.strftime("%H:%M"));
    let desk = Desk::with(
        world(),
        &format!(
            "schedules:\n  soon: {{ zone: UTC, on: \"{hours}\" }}\nservers:\n  \
             - {{ name: \"web-{{01..12}}\", power: {{ schedule: soon }} }}\n"
        ),
    );
    let watching = Watching::start(&desk, &["--enforce", "--listen", "127.0.0.1:0"]);
    let shown = until(&watching, |status| status["last_success_at"].is_string());
    assert_eq!(shown["upcoming"].as_array().unwrap().len(), 12, "{shown:#}");
    assert_eq!(shown["upcoming"][0]["at"], ends.timestamp().to_string());
    assert_eq!(shown["upcoming"][0]["power"], "off");
    let left = ends.timestamp().duration_since(Timestamp::now());
    std::thread::sleep(
        Duration::try_from(left).unwrap_or_default().saturating_sub(Duration::from_millis(500)),
    );
    assert_eq!(desk.accepted(), 0);
    std::thread::sleep(Duration::from_millis(500));
    desk.until(|desk| (1..=12).all(|n| power(desk, &format!("web-{n:02}")) == "off"));
    assert_eq!((desk.accepted(), watching.count("at once")), (12, 0), "{:#?}", watching.said());
    watching.until_says("(schedule soon)");
    watching.stop();
}
