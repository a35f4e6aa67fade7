//! `--events`: what programs are told adds up to the plan however an apply ends, survives a kill as whole lines, and
//! never holds an apply up.

use crate::desk::{Desk, Ran, finish, signal, usual_world};
use crate::schemas::Schema;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::Command;
use std::time::{Duration, Instant};

const CHANGES: &str = "servers:\n  - { name: web-1, power: off }\n  - { name: report-2, renamed_from: reports }\n  - { name: app, provider: grid, power: off }\n";
const THREE: &str = "servers:\n  - { name: 'web-{1..3}', power: off }\n";

/// A stream that was read back; every line is valid and in its place.
#[derive(Debug)]
struct Events(Vec<Value>);

impl Events {
    fn read(desk: &Desk) -> Self {
        Self::of(&std::fs::read_to_string(desk.path("events.jsonl")).unwrap())
    }

    fn of(text: &str) -> Self {
        assert!(text.is_empty() || text.ends_with('\n'), "the last line is torn: {text}");
        let schema = Schema::published("events");
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for (at, line) in lines.iter().enumerate() {
            schema.accepts(line).unwrap_or_else(|why| panic!("{line}: {why}"));
            assert_eq!(line["seq"], json!(at + 1), "{lines:#?}");
            assert_eq!(line["kind"] == "begin", at == 0, "{lines:#?}");
        }
        Self(lines)
    }

    fn of_kind<'e>(&'e self, kind: &'e str) -> impl Iterator<Item = &'e Value> {
        self.0.iter().filter(move |line| line["kind"] == kind)
    }

    fn addresses<'e>(&'e self, kind: &'e str) -> Vec<&'e str> {
        let mut all: Vec<&str> = self.of_kind(kind).map(|line| line["address"].as_str().unwrap()).collect();
        all.sort_unstable();
        all
    }

    /// A whole stream of an apply: its numbers and its exit code.
    fn ended(&self) -> ([u64; 4], u64) {
        let end = self.0.last().unwrap();
        assert_eq!((&end["kind"], self.of_kind("end").count()), (&json!("end"), 1), "{self:#?}");
        let planned = self.addresses("change_planned");
        assert_eq!(self.addresses("change_finished"), planned, "{self:#?}");
        assert_eq!(end["changes"], json!(planned.len()));
        let counts = ["done", "failed", "unresolved", "not_started"].map(|outcome| {
            let told = self.of_kind("change_finished").filter(|line| line["outcome"] == outcome).count();
            assert_eq!(end["summary"][outcome], json!(told), "{self:#?}");
            told as u64
        });
        assert_eq!(counts.iter().sum::<u64>(), planned.len() as u64);
        let mut finished = Vec::new();
        for line in &self.0 {
            match line["kind"].as_str().unwrap() {
                "change_finished" => finished.push(&line["address"]),
                "change_started" | "step_started" | "note" => {
                    assert!(!finished.contains(&&line["address"]), "told after its end: {self:#?}");
                }
                _ => {}
            }
        }
        (counts, end["exit_code"].as_u64().unwrap())
    }
}

/// Runs an apply to its end; its exit code is that of the stream.
fn apply(desk: &Desk, args: &[&str]) -> (Ran, Events, [u64; 4]) {
    let ran = desk.run(&[&["apply", "--events", "events.jsonl"], args].concat());
    let events = Events::read(desk);
    let (counts, code) = events.ended();
    assert_eq!(ran.code.map(i64::from), Some(i64::try_from(code).unwrap()), "{ran:#?}");
    (ran, events, counts)
}

#[test]
fn what_is_done_is_told_from_begin_to_end() {
    let desk = Desk::new(CHANGES);
    let (ran, events, counts) = apply(&desk, &["--auto-approve"]);
    assert_eq!(counts, [3, 0, 0, 0]);
    ran.code(0).says("3 done");
    let begin = &events.0[0];
    assert_eq!((&begin["command"], &begin["files"]), (&json!("apply"), &json!(["fleet.yaml"])));
    assert_eq!(begin["run"].as_str().unwrap().len(), 16);
    let plan = events.of_kind("plan").next().unwrap();
    assert_eq!((&plan["changes"], &plan["summary"]["power_off"]), (&json!(3), &json!(2)));
    assert_eq!(events.addresses("change_started"), events.addresses("change_planned"));
    let calls: Vec<&Value> = events.of_kind("step_started").map(|line| &line["call"]).collect();
    assert!(calls.contains(&&json!("rename to report-2")), "{calls:?}");
    let finished = events.of_kind("change_finished").find(|line| line["address"] == "flex/web-1").unwrap();
    assert_eq!((&finished["outcome"], &finished["changed"]), (&json!("done"), &json!(true)));
    assert!(!finished["detail"].as_str().unwrap().is_empty(), "the evidence is told");
    // A stream per run: the next one begins anew.
    let (_, events, counts) = apply(&desk, &["--auto-approve"]);
    assert_eq!((counts, events.0.len()), ([0; 4], 3));
}

#[test]
fn failed_unresolved_and_partial_ends_add_up() {
    let desk = Desk::new(CHANGES);
    desk.fault(json!({ "connection": "grid", "method": "POST", "count": "all", "fault": { "status": { "code": 403 } } }));
    assert_eq!(apply(&desk, &["--auto-approve"]).2, [2, 1, 0, 0]);

    let desk = Desk::new("servers:\n  - { name: web-1 }\n");
    desk.run(&["apply", "--auto-approve"]).code(0);
    std::thread::sleep(Duration::from_millis(20));
    let since = jiff::Timestamp::now();
    desk.fleet(&format!("servers:\n  - {{ name: web-1, rebooted_since: {since} }}\n"));
    desk.fault(json!({ "connection": "flex", "method": "POST", "fault": "reset_before" }));
    let (_, events, counts) = apply(&desk, &["--auto-approve"]);
    assert_eq!(counts, [0, 0, 1, 0]);
    assert!(events.addresses("note").contains(&"flex/web-1"), "{events:#?}");
    let (_, events, counts) = apply(&desk, &["--auto-approve"]);
    assert_eq!(counts, [0; 4]);
    assert_eq!(events.of_kind("problem").next().unwrap()["code"], "unresolved");

    let desk = Desk::new("servers:\n  - { name: web-1, power: off }\n  - { name: web-9 }\n");
    let (_, events, counts) = apply(&desk, &["--auto-approve"]);
    assert_eq!((counts, events.of_kind("refused").count()), ([0, 0, 0, 1], 1));
    assert_eq!(apply(&desk, &["--auto-approve", "--partial"]).2, [1, 0, 0, 0]);
}

#[test]
fn where_nothing_is_executed_every_change_is_not_started() {
    let desk = Desk::new(CHANGES);
    desk.run(&["plan", "--out", "p.json"]).code(0);
    let none = [0, 0, 0, 3];
    let (ran, events, counts) = apply(&desk, &["--auto-approve", "--max-changes", "1"]);
    assert_eq!((ran.code, counts), (Some(4), none));
    assert_eq!(events.of_kind("refused").next().unwrap()["refusals"][0]["guard"], "changes");
    let (ran, events, counts) = apply(&desk, &[]);
    assert_eq!((ran.code, counts, events.of_kind("failed").count()), (Some(1), none, 1), "nobody to ask");

    desk.patch("flex", "web-1", json!({ "name": "elsewhere" }));
    let (ran, events, counts) = apply(&desk, &["p.json", "--auto-approve"]);
    assert_eq!((ran.code, counts), (Some(5), none));
    assert_eq!(events.of_kind("stale").next().unwrap()["moved"][0]["address"], "flex/web-1");
    assert_eq!(events.0[0]["saved_plan"], "p.json");
    desk.patch("flex", "elsewhere", json!({ "name": "web-1" }));

    desk.fleet(&format!("{CHANGES}  - {{ name: web-2, power: off }}\n"));
    let (ran, _, counts) = apply(&desk, &["--approved", "p.json"]);
    assert_eq!((ran.code, counts), (Some(5), [0, 0, 0, 4]));
    let (ran, events, counts) = apply(&desk, &["p.json", "--auto-approve"]);
    assert_eq!((ran.code, counts, events.of_kind("stale").count()), (Some(5), [0; 4], 1), "no plan yet");

    desk.fleet("servers:\n  - { name: web-1, pwoer: off }\n");
    let (ran, events, counts) = apply(&desk, &["--auto-approve"]);
    assert_eq!((ran.code, counts), (Some(1), [0; 4]));
    let mistake = &events.of_kind("failed").next().unwrap()["mistakes"][0];
    assert_eq!(
        (&mistake["code"], &mistake["location"]["file"]),
        (&json!("unknown_key"), &json!("fleet.yaml"))
    );
    assert_eq!(desk.accepted(), 0);
}

#[test]
fn a_no_at_the_question_is_told() {
    let desk = Desk::new(CHANGES);
    let ran = desk.shell(&["apply", "--events", "events.jsonl"], |program| {
        format!("printf 'no\\n' | script -qec '{program}' /dev/null")
    });
    let (counts, code) = Events::read(&desk).ended();
    assert_eq!((counts, code, desk.accepted()), ([0, 0, 0, 3], 1, 0), "{ran:#?}");
    assert!(ran.out.contains("not approved"), "{ran:#?}");
}

#[test]
fn what_was_so_already_counts_as_done() {
    let desk = Desk::new(THREE);
    desk.run(&["plan", "--out", "p.json"]).code(0);
    desk.patch("flex", "web-1", json!({ "power": "off" }));
    let (_, events, counts) = apply(&desk, &["p.json", "--auto-approve"]);
    assert_eq!((counts, events.addresses("change_started").len()), ([3, 0, 0, 0], 2));
    assert_eq!(apply(&desk, &["p.json", "--auto-approve"]).2, [3, 0, 0, 0]);
}

#[test]
fn an_interrupted_apply_ends_its_stream() {
    let desk = Desk::new(THREE);
    desk.fault(json!({ "connection": "flex", "method": "POST", "fault": { "late": "700ms" } }));
    let args = ["apply", "--auto-approve", "--parallelism", "1", "--events", "events.jsonl"];
    let child = desk.start(&args);
    desk.until(|desk| desk.accepted() == 1);
    signal(&child, "INT");
    finish(child).code(130);
    let events = Events::read(&desk);
    assert_eq!((events.ended(), events.of_kind("interrupted").count()), (([1, 0, 0, 2], 130), 1));

    let desk = Desk::new(THREE);
    desk.fault(json!({ "count": "all", "fault": { "late": "20s" } }));
    let child = desk.start(&args);
    desk.until(|desk| !desk.running.stats().calls.is_empty());
    signal(&child, "TERM");
    finish(child).code(130);
    assert_eq!(Events::read(&desk).ended(), ([0; 4], 130));
}

#[test]
fn a_killed_run_leaves_whole_lines_and_no_end() {
    let desk = Desk::new(THREE);
    desk.fault(json!({ "connection": "flex", "method": "POST", "fault": { "late": "20s" } }));
    let args = ["apply", "--auto-approve", "--parallelism", "1", "--events", "events.jsonl"];
    let child = desk.start(&args);
    desk.until(|desk| desk.accepted() == 1);
    signal(&child, "KILL");
    assert_eq!(finish(child).code, None);
    let events = Events::read(&desk);
    let started = events.addresses("change_started");
    assert_eq!((started.len(), events.of_kind("end").count()), (1, 0), "{events:#?}");
    assert!(events.of_kind("change_finished").next().is_none(), "{events:#?}");
    assert_eq!(events.addresses("change_planned").len(), 3);

    // At any moment of a run with many events.
    let desk = Desk::with(many(60), "servers:\n  - { name: 'web-{1..60}', power: off }\n");
    let mut lengths = Vec::new();
    for wait in (0..12).map(|step| Duration::from_millis(40 * step)) {
        let _ = std::fs::remove_file(desk.path("events.jsonl"));
        let child = desk.start(&["apply", "--auto-approve", "--events", "events.jsonl"]);
        std::thread::sleep(wait);
        signal(&child, "KILL");
        finish(child);
        let text = std::fs::read_to_string(desk.path("events.jsonl")).unwrap_or_default();
        lengths.push(Events::of(&text).0.len());
    }
    assert!(lengths.iter().any(|length| *length > 100), "no run came as far as to its changes: {lengths:?}");
}

#[test]
fn a_plan_tells_what_it_shows() {
    let desk = Desk::new(CHANGES);
    let plan = desk.run(&["plan", "--events", "events.jsonl", "--format", "json", "--detailed-exitcode"]);
    let plan = plan.code(2).json();
    let events = Events::read(&desk);
    let end = events.0.last().unwrap();
    assert_eq!((&end["exit_code"], &end["summary"], &end["changes"]), (&json!(2), &json!(null), &json!(3)));
    let told = events.of_kind("plan").next().unwrap();
    assert_eq!((&told["digest"], &told["summary"]), (&plan["digest"], &plan["summary"]));
    assert_eq!((events.addresses("change_planned").len(), events.0.len()), (3, 6));
}

fn many(servers: u32) -> Value {
    let mut world = usual_world();
    world["servers"] =
        json!([{ "connection": "flex", "name": format!("web-{{1..{servers}}}"), "power": "on" }]);
    world["defaults"] = json!({ "settle": "0s" });
    world
}

#[test]
fn a_descriptor_is_a_pipe_or_a_file_that_is_appended_to() {
    let args = ["apply", "--auto-approve", "--events", "fd:3"];
    let desk = Desk::new(THREE);
    let piped = |program: &str| format!("{{ {program} 3>&1 >out.txt; }} | cat >events.jsonl");
    desk.shell(&args, piped);
    assert_eq!(Events::read(&desk).ended(), ([3, 0, 0, 0], 0));

    let desk = Desk::new(THREE);
    desk.write("kept.txt", "of before\n");
    desk.shell(&args, |program| format!("{program} 3>>kept.txt")).code(0);
    let text = std::fs::read_to_string(desk.path("kept.txt")).unwrap();
    assert_eq!(Events::of(text.strip_prefix("of before\n").unwrap()).ended(), ([3, 0, 0, 0], 0));
}

#[test]
fn what_cannot_be_opened_is_refused_before_anything_happens() {
    let desk = Desk::new(CHANGES);
    desk.write("notes.txt", "not to be lost\n");
    desk.run(&["plan", "--out", "p.json"]).code(0);
    let asked = desk.running.stats().calls.len();
    for (target, code, says) in [
        ("fd:1", 64, "are for people"),
        ("fd:x", 64, "number of a descriptor"),
        ("-", 64, "are for people"),
        ("fd:77", 64, "no such descriptor is open"),
        ("no/such/events.jsonl", 1, "nothing was executed"),
        (".", 1, "nothing was executed"),
        ("notes.txt", 1, "holds no events"),
        ("fleet.yaml", 1, "holds no events"),
        ("p.json", 1, "holds no events"),
    ] {
        for command in [&["apply", "--auto-approve"][..], &["plan"]] {
            desk.run(&[command, &["--events", target]].concat()).code(code).says(says);
        }
    }
    assert_eq!(std::fs::read_to_string(desk.path("notes.txt")).unwrap(), "not to be lost\n");
    assert_eq!((desk.accepted(), desk.running.stats().calls.len()), (0, asked));
    let socket = format!("exec 3<>/dev/tcp/{}", endpoint(&desk));
    let args = ["apply", "--auto-approve", "--events", "fd:3"];
    let ran = desk.shell(&args, |program| format!("exec /bin/bash -c '{socket}; exec {program}'"));
    ran.code(1).says("a socket is neither");
    assert_eq!(desk.accepted(), 0);
}

fn endpoint(desk: &Desk) -> String {
    let url = &desk.running.endpoint("flex").unwrap().settings["endpoint"];
    url.trim_start_matches("http://").split('/').next().unwrap().replace(':', "/")
}

#[test]
fn a_disk_that_is_full_is_warned_of_once_and_stops_nothing() {
    let desk = Desk::new(CHANGES);
    let ran = desk.run(&["apply", "--auto-approve", "-q", "--events", "/dev/full"]).code(0).says("3 done");
    assert_eq!(ran.err.matches("event could not be written").count(), 1, "{ran:#?}");
    assert_eq!(desk.accepted(), 3);

    // A file that may not grow: the line that did not fit is taken away again.
    let desk = Desk::new(THREE);
    let args = ["apply", "--auto-approve", "--events", "events.jsonl"];
    let limit = |program: &str| format!("exec /bin/bash -c 'trap \"\" XFSZ; ulimit -f 3; exec {program}'");
    let ran = desk.shell(&args, limit).code(0).says("3 done");
    assert_eq!(ran.err.matches("event could not be written").count(), 1, "{ran:#?}");
    let events = Events::read(&desk);
    assert!(events.0.len() > 5 && events.of_kind("end").next().is_none(), "{events:#?}");
    assert_eq!(desk.accepted(), 3);
}

fn fifo(desk: &Desk) -> std::path::PathBuf {
    let path = desk.path("pipe");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

#[test]
fn a_reader_that_goes_away_stops_nothing() {
    let desk = Desk::new(CHANGES);
    let path = fifo(&desk);
    let reader = std::thread::spawn(move || {
        let mut line = String::new();
        BufReader::new(std::fs::File::open(path).unwrap()).read_line(&mut line).unwrap();
        line
    });
    let ran = desk.run(&["apply", "--auto-approve", "--events", "pipe"]).code(0).says("3 done");
    assert!(reader.join().unwrap().contains("\"kind\":\"begin\""));
    assert_eq!(ran.err.matches("event could not be written").count(), 1, "{ran:#?}");
    assert_eq!(desk.accepted(), 3);
}

#[test]
fn a_reader_that_does_not_read_holds_nothing_up() {
    let desk = Desk::with(many(150), "servers:\n  - { name: 'web-{1..150}', power: off }\n");
    let path = fifo(&desk);
    // Both ends: the opening does not wait for the program.
    let unread = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let begun = Instant::now();
    let ran = desk.run(&["apply", "--auto-approve", "-q", "--events", "pipe"]).code(0).says("150 done");
    assert!(ran.err.contains("were not delivered"), "{ran:#?}");
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
    drop(unread);
    // And one that never comes.
    let begun = Instant::now();
    desk.run(&["apply", "--auto-approve", "--events", "pipe"]).code(1).says("start its reader first");
    assert!(begun.elapsed() < Duration::from_secs(9));
}

#[test]
fn no_credential_and_no_control_character_is_in_a_stream() {
    let desk = Desk::new(CHANGES);
    let of = |name: &str, key: &str| desk.running.endpoint(name).unwrap().settings[key].clone();
    let secrets = [of("flex", "password"), of("grid", "secret"), of("grid", "api_key")];
    // The other side quotes what it was sent, and colours it.
    let message = format!("\u{1b}[31m \u{202e} {}", secrets[0]);
    let body = json!({ "badRequest": { "message": message } }).to_string();
    desk.fault(
        json!({ "count": "all", "method": "POST", "fault": { "status": { "code": 400, "body": body } } }),
    );
    for args in [&["--auto-approve"][..], &["--auto-approve", "-vv"]] {
        assert!(apply(&desk, args).2[1] > 0);
        let text = std::fs::read_to_string(desk.path("events.jsonl")).unwrap();
        assert!(text.contains("***") && text.contains("\\u202e"), "it was quoted at all: {text}");
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{text}");
        }
        let harmful = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!text.contains(harmful), "{text:?}");
    }
}
