//! Schedules and windows from outside: what is wanted now, then, and between; what time overtakes.

use crate::desk::Desk;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde_json::{Value, json};

const ICS: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20201225\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:Christmas\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

const OFFICE: &str = "schedules:\n  office: { zone: Europe/Berlin, on: 'Mon-Fri 08:00-19:00', except: [holidays.ics, 2026-12-24] }\n\
                      servers:\n  - { name: 'web-{1..2}', power: { schedule: office } }\n  - { name: web-3, power: on }\n";

fn office() -> Desk {
    let desk = Desk::new("servers: []\n");
    std::fs::write(desk.path("holidays.ics"), ICS).unwrap();
    desk.fleet(OFFICE);
    desk
}

/// A schedule that is on now and for two hours more, or off, or that changes at a minute of this hour.
fn around(from: i64, until: i64) -> String {
    let clock = |minutes: i64| {
        let at = Timestamp::now().checked_add(minutes.minutes()).unwrap();
        at.to_zoned(TimeZone::UTC).strftime("%H:%M").to_string()
    };
    format!("{}-{}", clock(from), clock(until))
}

fn changes(plan: &Value) -> Vec<(String, Value, Value)> {
    let all = plan["changes"].as_array().unwrap().iter();
    all.map(|one| {
        (one["address"].as_str().unwrap().to_owned(), one["actions"].clone(), one["reasons"].clone())
    })
    .collect()
}

#[test]
fn a_plan_at_an_instant_wants_what_the_schedule_wants_then() {
    let desk = office();
    let at = |instant: &str| desk.run(&["plan", "--at", instant, "--format", "json"]).code(0).json();
    let stops = [
        ("flex/web-1".to_owned(), json!(["power_off"]), json!(["schedule office"])),
        ("flex/web-2".to_owned(), json!(["power_off"]), json!(["schedule office"])),
    ];
    for off in [
        "2026-11-23T07:59[Europe/Berlin]",
        "2026-11-23T19:00:00+01:00",
        "2026-11-22T12:00:00Z",
        // Excepted: a date of the file, and one of the calendar.
        "2026-12-24T12:00[Europe/Berlin]",
        "2028-12-25T12:00[Europe/Berlin]",
    ] {
        assert_eq!(changes(&at(off)), stops, "{off}");
    }
    for on in ["2026-11-23T07:00:00Z", "2026-11-23T18:59:59[Europe/Berlin]"] {
        assert_eq!(changes(&at(on)), [], "{on}");
    }
    let marked = desk.run(&["plan", "--at", "2026-11-22T12:00:00Z", "--out", "p.json"]).code(0);
    marked.says("What would be wanted at 2026-11-22T12:00:00Z");
    desk.run(&["show", "p.json", "--format", "markdown"]).code(0).says("not to be applied");
    desk.run(&["apply", "p.json", "--auto-approve"]).code(64).says("--at");
    desk.run(&["apply", "--approved", "p.json"]).code(64);
    for bad in ["2026-11-22", "2026-11-22T12:00", "tomorrow", "2300-01-01T00:00:00Z"] {
        desk.run(&["plan", "--at", bad]).code(64);
    }
    desk.run(&["plan", "--at", "2026-11-22T12:00:00Z", "--expires", "1h"]).code(64);
    assert_eq!(desk.accepted(), 0);
}

#[test]
fn what_the_schedule_wants_now_is_applied_and_is_the_same_again() {
    let desk = Desk::new(&format!(
        "schedules:\n  rest: {{ zone: UTC, off: '{}' }}\nservers:\n  - {{ name: web-1, power: {{ schedule: rest }} }}\n  \
         - {{ name: report-2, renamed_from: reports, power: {{ schedule: rest }} }}\n",
        around(-60, 120)
    ));
    let plan = desk.run(&["plan", "--format", "json"]).code(0).json();
    let expected = [
        ("flex/report-2".to_owned(), json!(["rename"]), json!(["declared"])),
        ("flex/web-1".to_owned(), json!(["power_off"]), json!(["schedule rest"])),
    ];
    assert_eq!(changes(&plan), expected);
    let status = desk.run(&["status", "--format", "json"]).json().to_string();
    assert!(status.contains("\"wanted\":\"off\""), "{status}");
    desk.run(&["plan", "--out", "p.json"]).code(0);
    desk.run(&["apply", "p.json", "--auto-approve"]).code(0).says("2 done");
    desk.run(&["plan", "--detailed-exitcode"]).code(0);
    assert_eq!(desk.accepted(), 2);
}

/// A saved plan as it would be if time had gone by since: the schedule has its other half of the day now.
#[test]
fn a_saved_plan_that_time_has_overtaken_is_stale() {
    let desk = Desk::new(&format!(
        "schedules:\n  rest: {{ zone: UTC, off: '{}' }}\nservers:\n  - {{ name: web-1, power: {{ schedule: rest }} }}\n",
        around(60, 120)
    ));
    desk.run(&["plan", "--detailed-exitcode"]).code(0);
    let then = Timestamp::now().checked_add(90.minutes()).unwrap().to_string();
    desk.run(&["plan", "--at", &then, "--out", "p.json"]).code(0);
    // Without the mark it is a plan like one that was made then.
    let mut plan: Value = serde_json::from_slice(&std::fs::read(desk.path("p.json")).unwrap()).unwrap();
    plan["options"].as_object_mut().unwrap().remove("at").unwrap();
    std::fs::write(desk.path("p.json"), plan.to_string()).unwrap();
    let ran = desk.run(&["apply", "p.json", "--auto-approve"]).code(5);
    ran.says("flex/web-1: schedule rest wants it on by now, and the plan has it off");
    assert_eq!(desk.accepted(), 0);
}

#[test]
fn a_calendar_that_changes_makes_a_saved_plan_stale() {
    let desk = office();
    desk.fleet(&format!("{OFFICE}  - {{ name: report-2, renamed_from: reports }}\n"));
    desk.run(&["plan", "--out", "p.json"]).code(0);
    let plan: Value = serde_json::from_slice(&std::fs::read(desk.path("p.json")).unwrap()).unwrap();
    assert_eq!(
        (&plan["fleet"][1]["path"], &plan["fleet"][1]["calendar"]),
        (&json!("holidays.ics"), &json!(true))
    );
    std::fs::write(desk.path("holidays.ics"), ICS.replace("20201225", "20201226")).unwrap();
    desk.run(&["apply", "p.json", "--auto-approve"]).code(5).says("holidays.ics changed");
    std::fs::write(desk.path("holidays.ics"), ICS.replace("YEARLY", "WEEKLY")).unwrap();
    desk.run(&["validate"]).code(1).says("bad_calendar").says("holidays.ics:5").says("FREQ=WEEKLY");
    std::fs::remove_file(desk.path("holidays.ics")).unwrap();
    desk.run(&["plan"]).code(1).says("bad_calendar").says("is not there");
    assert_eq!(desk.accepted(), 0);
}

#[test]
fn what_a_provider_cannot_do_at_some_time_is_a_problem_at_all_times() {
    let desk = Desk::new(
        "schedules:\n  office: { zone: UTC, on: 'Mon-Fri 08:00-19:00' }\n  always: { zone: UTC, on: '00:00-24:00' }\n\
         servers:\n  - { name: web-1, protect: true, power: { schedule: office } }\n  \
         - { name: web-2, protect: true, power: { schedule: always } }\n",
    );
    for at in ["2026-11-23T12:00:00Z", "2026-11-23T22:00:00Z"] {
        let ran = desk.run(&["plan", "--at", at]).code(4).says("protected");
        assert!(
            ran.out.contains("schedule office wants power off at times") && !ran.out.contains("web-2:"),
            "{ran:#?}"
        );
    }
}

#[test]
fn the_calendar_between_two_instants_is_of_the_file_alone() {
    let desk = office();
    let between = |format: &str| {
        let args = [
            "plan",
            "--between",
            "2026-12-21T00:00[Europe/Berlin]",
            "2026-12-29T00:00[Europe/Berlin]",
            "--format",
            format,
        ];
        desk.run(&args).code(0).out
    };
    let text = between("text");
    for line in [
        "office (Europe/Berlin): 2 servers: flex/web-1, flex/web-2",
        "  at first                    off",
        "  Mon 2026-12-21 08:00+01:00  on",
        "  Wed 2026-12-23 19:00+01:00  off",
        "  Mon 2026-12-28 08:00+01:00  on",
        "1 server has no schedule.",
        "8 changes, by 1 schedule for 2 servers.",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}\n{text}");
    }
    assert!(!text.contains("12-24") && !text.contains("12-25"), "{text}");
    let json: Value = serde_json::from_str(&between("json")).unwrap();
    assert_eq!(json["schedules"][0]["changes"].as_array().unwrap().len(), 8);
    assert_eq!(
        json["schedules"][0]["changes"][0],
        json!({ "at": "2026-12-21T07:00:00Z", "local": "Mon 2026-12-21 08:00+01:00", "power": "on" })
    );
    assert!(between("markdown").contains("| Mon 2026-12-21 08:00+01:00 | on |"));
    assert!(between("html").contains("<rect class=\"on\""));
    // Offline: nothing was asked of anybody, and no ledger is begun.
    assert_eq!(desk.accepted(), 0);
    let (a, b) = ("2026-12-21T00:00:00Z", "2026-12-22T00:00:00Z");
    desk.run(&["plan", "--between", b, a]).code(64).says("must come after");
    desk.run(&["plan", "--between", a]).code(64);
    desk.run(&["plan", "--between", a, b, "--out", "p.json"]).code(64).says("--out");
    desk.run(&["plan", "--between", a, b, "--format", "sarif"]).code(64);
    desk.run(&["plan", "--between", a, b, "--target", "flex/wbe-1"]).code(64).says("flex/web-1");
    desk.run(&["plan", "--between", a, b, "--target", "flex/web-3"])
        .code(0)
        .says("No selected server has a schedule");
    // So long a time that not all of it is listed.
    let long = desk.run(&["plan", "--between", "1970-01-01T00:00:00Z", "2199-12-31T00:00:00Z"]).code(0);
    long.says("2000 changes are listed").says("2000 changes listed, and more");
}

#[test]
fn what_may_not_run_now_waits_and_says_until_when() {
    let desk = Desk::new(&format!(
        "windows:\n  - {{ name: later, verbs: [power_off, reboot], select: 'flex/web-*', allow: '{}', zone: UTC }}\n\
         servers:\n  - {{ name: web-1, power: off }}\n  - {{ name: web-22, renamed_from: web-2, power: off }}\n  \
         - {{ name: report-2, renamed_from: reports, power: off }}\n",
        around(60, 120)
    ));
    let plan = desk.run(&["plan", "--format", "json"]).code(0).json();
    let acts: Vec<_> = changes(&plan).into_iter().map(|(address, actions, _)| (address, actions)).collect();
    let expected =
        [("flex/report-2".to_owned(), json!(["rename"])), ("flex/web-22".to_owned(), json!(["rename"]))];
    assert_eq!(acts, expected);
    let waits = plan["withheld"].as_array().unwrap();
    assert_eq!(waits.len(), 2, "{plan:#}");
    for one in waits {
        assert_eq!((&one["by"], &one["actions"]), (&json!("window"), &json!(["power_off"])));
        assert!(one["message"].as_str().unwrap().starts_with("waiting for window later until "), "{one}");
    }
    desk.run(&["plan"]).code(0).says("waiting for window later until");
    desk.run(&["apply", "--auto-approve"]).code(0).says("2 done");
    assert_eq!(desk.accepted(), 2);
    desk.run(&["plan", "--at", waits[0]["until"].as_str().unwrap()]).code(0).says("on -> off");
}

#[test]
fn a_window_that_has_closed_since_keeps_a_saved_plan_from_beginning() {
    let servers =
        "servers:\n  - { name: web-1, power: off }\n  - { name: report-2, renamed_from: reports }\n";
    let desk = Desk::new(&format!(
        "windows:\n  - {{ name: later, verbs: power_off, allow: '{}', zone: UTC }}\n{servers}",
        around(60, 120)
    ));
    // As a plan that was made while the window was open.
    let then = Timestamp::now().checked_add(90.minutes()).unwrap().to_string();
    desk.run(&["plan", "--at", &then, "--out", "p.json"]).code(0);
    let mut plan: Value = serde_json::from_slice(&std::fs::read(desk.path("p.json")).unwrap()).unwrap();
    plan["options"].as_object_mut().unwrap().remove("at").unwrap();
    std::fs::write(desk.path("p.json"), plan.to_string()).unwrap();
    let ran = desk.run(&["apply", "p.json", "--auto-approve"]);
    assert!(ran.out.contains("its window closed: waiting for window later until"), "{ran:#?}");
    assert_ne!(ran.code, Some(0));
    assert_eq!(desk.accepted(), 1, "the rename alone");
}

/// The base is read with the calendar of its own revision, and compared at the same instant.
#[test]
fn a_schedule_that_changes_is_this_change_and_time_that_passes_is_drift() {
    let git = |folder: &std::path::Path, args: &[&str]| {
        let mut command = std::process::Command::new("git");
        command.current_dir(folder).args(["-c", "user.name=a", "-c", "user.email=a@example.org"]).args(args);
        assert!(command.env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap().status.success(), "{args:?}");
    };
    let desk = office();
    let folder = desk.folder.path();
    git(folder, &["init", "--quiet"]);
    git(folder, &["add", "fleet.yaml", "holidays.ics"]);
    git(folder, &["commit", "--quiet", "-m", "before"]);
    let causes = |at: &str| {
        let plan = desk.run(&["plan", "--base", "HEAD", "--at", at, "--format", "json"]).code(0).json();
        plan["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["cause"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    // A Sunday: nothing has changed but the time.
    assert_eq!(causes("2026-11-22T12:00:00Z"), ["drift", "drift"]);
    // The calendar now has another day off; on Christmas both have.
    let more = ICS.replace("END:VEVENT", "RDATE;VALUE=DATE:20261126\r\nEND:VEVENT");
    std::fs::write(desk.path("holidays.ics"), more).unwrap();
    assert_eq!(causes("2026-11-26T12:00:00Z"), ["this_change", "this_change"]);
    assert_eq!(causes("2026-12-25T12:00:00Z"), ["drift", "drift"]);
    desk.fleet(&OFFICE.replace("19:00", "10:00"));
    assert_eq!(causes("2026-11-23T12:00:00Z"), ["this_change", "this_change"]);
    assert_eq!(causes("2026-11-23T22:00:00Z"), ["drift", "drift"]);
}
