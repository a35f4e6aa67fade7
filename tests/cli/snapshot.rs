//! `snapshot` and `plan --live`: the plan of that moment, without credentials, network or ledger.

use crate::desk::{Desk, Ran, program, run_in, usual_world};
use serde_json::{Value, json};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const MANY: &str = "servers:\n  - { name: web-1, power: off }\n  - { name: report-2, renamed_from: reports, power: on }\n  \
    - { name: old, provider: grid, state: absent }\n  - { name: app, provider: grid }\n  - { name: web-9 }\n  \
    - { name: gone, id: sim-gone, state: absent }\n";

/// A folder with the fleet file and the snapshot, and nothing else: no ledger, no world.
fn elsewhere(desk: &Desk, files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        std::fs::copy(desk.path(file), folder.path().join(file)).unwrap();
    }
    folder
}

fn taken(servers: &str) -> Desk {
    let desk = Desk::new(servers);
    desk.run(&["snapshot", "--out", "live.json"]).code(0).says("live.json");
    desk
}

pub(crate) fn document(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn edit(desk: &Desk, change: impl FnOnce(&mut Value)) {
    let mut snapshot = document(&desk.path("live.json"));
    change(&mut snapshot);
    desk.write("live.json", &snapshot.to_string());
}

/// The snapshot as if it had been taken so long ago.
fn aged(desk: &Desk, age: jiff::SignedDuration) {
    edit(desk, |snapshot| snapshot["taken_at"] = json!((jiff::Timestamp::now() - age).to_string()));
}

/// What must be equal: all that the plan does and all that stands in its way.
fn essence(plan: &Value) -> Value {
    json!([plan["digest"], plan["changes"], plan["problems"], plan["summary"], plan["live_counts"]])
}

#[track_caller]
fn equal_to_the_live_plan(desk: &Desk, args: &[&str], code: i32) -> Value {
    // Nothing is waited for, as nothing is in a snapshot.
    let live = [&["plan", "--format", "json", "--settle-timeout", "0s"], args].concat();
    let live = desk.run(&live).code(code).json();
    let folder = elsewhere(desk, &["fleet.yaml", "live.json"]);
    let stored = [&["plan", "--format", "json", "--live", "live.json"], args].concat();
    let stored = run_in(folder.path(), &stored).code(code).json();
    assert_eq!(essence(&live), essence(&stored));
    assert_eq!(stored["snapshot"]["path"], "live.json");
    assert!(live["snapshot"].is_null());
    stored
}

#[test]
fn a_plan_from_a_snapshot_is_the_plan_of_that_moment() {
    let desk = taken(MANY);
    let plan = equal_to_the_live_plan(&desk, &[], 1);
    assert_eq!(plan["changes"].as_array().unwrap().len(), 3, "{plan:#}");
    assert_eq!(plan["summary"]["unchanged"], 2, "the absent id counts as that: {plan:#}");
    equal_to_the_live_plan(&desk, &["--target", "flex/web-*"], 1);
    equal_to_the_live_plan(&desk, &["--allow-missing"], 0);
    assert_eq!(desk.accepted(), 0);
}

#[test]
fn what_the_ledger_knows_goes_with_it() {
    let fleet =
        |since: &str| format!("servers:\n  - {{ name: app, provider: grid, rebooted_since: {since} }}\n");
    let desk = Desk::new(&fleet("2026-01-01T00:00:00Z"));
    let snapshot = |desk: &Desk| desk.run(&["snapshot", "--out", "live.json"]).code(0);
    snapshot(&desk);
    let plan = equal_to_the_live_plan(&desk, &[], 1);
    assert_eq!(plan["problems"][0]["code"], "reboot_unknown");
    equal_to_the_live_plan(&desk, &["--reboot-unknown"], 0);
    desk.run(&["resolve", "grid/app", "--done"]).code(0);
    snapshot(&desk);
    assert_eq!(equal_to_the_live_plan(&desk, &[], 0)["summary"]["unchanged"], 1);
    std::thread::sleep(Duration::from_millis(20));
    desk.fleet(&fleet(&jiff::Timestamp::now().to_string()));
    snapshot(&desk);
    assert_eq!(equal_to_the_live_plan(&desk, &[], 0)["summary"]["reboot"], 1);
}

#[test]
fn what_nobody_could_see_is_unresolved_in_the_snapshot_too() {
    let desk = Desk::new("servers:\n  - { name: web-1 }\n");
    desk.run(&["apply", "--auto-approve"]).code(0);
    std::thread::sleep(Duration::from_millis(20));
    let since = jiff::Timestamp::now();
    desk.fleet(&format!("servers:\n  - {{ name: web-1, rebooted_since: {since} }}\n"));
    desk.fault(json!({ "connection": "flex", "method": "POST", "fault": "reset_before" }));
    desk.run(&["apply", "--auto-approve"]).code(3);
    desk.run(&["snapshot", "--out", "live.json"]).code(0);
    let plan = equal_to_the_live_plan(&desk, &[], 1);
    assert_eq!(plan["problems"][0]["code"], "unresolved");
}

#[test]
fn what_is_under_way_only_on_the_providers_records_is_under_way_in_the_snapshot() {
    let mut world = usual_world();
    world["defaults"]["settle"] = json!("20s");
    let desk = Desk::with(world, "servers:\n  - { name: app, provider: grid, power: off }\n");
    let mut apply = desk.start(&["apply", "--auto-approve"]);
    desk.until(|desk| desk.accepted() == 1);
    apply.kill().unwrap();
    apply.wait().unwrap();
    desk.run(&["snapshot", "--out", "live.json", "--settle-timeout", "0s"]).code(0);
    let snapshot = document(&desk.path("live.json"));
    assert!(snapshot.to_string().contains("transition"), "{snapshot:#}");
    equal_to_the_live_plan(&desk, &[], 0);
}

#[test]
fn a_server_in_transition_is_a_problem_as_after_patience() {
    let desk = Desk::new("servers: []\n");
    // The list leaves servers in odd states out; asked for by its id it is there.
    let id = desk.server("web-2").unwrap()["id"].as_str().unwrap().to_owned();
    desk.fleet(&format!(
        "servers:\n  - {{ name: web-1, power: off }}\n  - {{ name: web-2, id: {id}, power: off }}\n"
    ));
    desk.patch("flex", "web-1", json!({ "state": "BUILD" }));
    desk.patch("flex", "web-2", json!({ "state": "WEIRD" }));
    let ran = desk.run(&["snapshot", "--out", "live.json", "--settle-timeout", "300ms"]).code(0);
    assert!(ran.err.contains("Waiting for a server in transition"), "as a plan does: {ran:#?}");
    let plan = equal_to_the_live_plan(&desk, &[], 1);
    let codes: Vec<&Value> = plan["problems"].as_array().unwrap().iter().map(|p| &p["code"]).collect();
    assert_eq!(codes, ["in_transition", "unrecognised_state"]);
}

/// Counts who comes.
fn doorbell() -> (String, Arc<AtomicUsize>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let rung = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&rung);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            count.fetch_add(1, Ordering::SeqCst);
            let _ = stream.map(|mut stream| stream.read(&mut [0; 64]));
        }
    });
    (url, rung)
}

#[test]
fn neither_credentials_nor_a_network_are_needed() {
    let desk = taken(MANY);
    let (url, rung) = doorbell();
    let folder = elsewhere(&desk, &["live.json"]);
    let text = format!(
        "version: 1\nproviders:\n  flex: {{ type: hostway, endpoint: {url}, username: \"${{env:NOT_SET_A}}\", \
         password: \"${{file:/nowhere/at/all}}\", ca_file: /nowhere/ca.pem }}\n  grid: {{ type: gogrid, \
         endpoint: {url}, api_key: \"${{env:NOT_SET_B}}\", secret: \"${{env:NOT_SET_C}}\" }}\n\
         defaults: {{ provider: flex }}\n{MANY}"
    );
    std::fs::write(folder.path().join("fleet.yaml"), text).unwrap();
    // As one that does not tell where it was taken: the doorbell is somewhere else.
    let place = folder.path().join("live.json");
    let mut snapshot: Value = serde_json::from_slice(&std::fs::read(&place).unwrap()).unwrap();
    for connection in snapshot["connections"].as_array_mut().unwrap() {
        connection.as_object_mut().unwrap().remove("settings").unwrap();
    }
    std::fs::write(&place, snapshot.to_string()).unwrap();
    let ran = run_in(folder.path(), &["plan", "--live", "live.json", "--format", "json"]).code(1);
    assert_eq!(ran.json()["changes"].as_array().unwrap().len(), 3, "{ran:#?}");
    assert_eq!(rung.load(Ordering::SeqCst), 0);
    // The doorbell works: without the snapshot somebody comes.
    let command = &mut program(folder.path(), &["plan"]);
    for variable in ["NOT_SET_A", "NOT_SET_B", "NOT_SET_C"] {
        command.env(variable, "set");
    }
    let text = std::fs::read_to_string(folder.path().join("fleet.yaml")).unwrap();
    let text =
        text.replace("${file:/nowhere/at/all}", "${env:NOT_SET_A}").replace(", ca_file: /nowhere/ca.pem", "");
    std::fs::write(folder.path().join("fleet.yaml"), text).unwrap();
    Ran::from(command.output().unwrap()).code(6);
    assert!(rung.load(Ordering::SeqCst) > 0);
}

#[test]
fn a_connection_that_could_not_be_read_is_stored_as_that() {
    for (fault, code) in [("html", 6), ("refused key", 1)] {
        let desk = Desk::new(MANY);
        let mut snapshot = desk.command(&["snapshot", "--out", "live.json"]);
        if fault == "html" {
            desk.fault(json!({ "connection": "grid", "count": "all", "fault": fault }));
        } else {
            snapshot.env("GOGRID_SECRET", "wrong");
        }
        let ran = Ran::from(snapshot.output().unwrap()).code(code).says("grid/*").says("live.json");
        assert!(ran.out.is_empty() && !ran.err.contains("web-9"), "only what was not read: {ran:#?}");
        let stored = document(&desk.path("live.json"));
        assert!(stored["connections"][1]["told"]["unreadable"]["message"].is_string(), "{stored:#}");
        let folder = elsewhere(&desk, &["fleet.yaml", "live.json"]);
        let plan =
            run_in(folder.path(), &["plan", "--live", "live.json", "--allow-missing", "--format", "json"]);
        let plan = plan.code(code).json();
        assert_eq!(plan["changes"].as_array().unwrap().len(), 2, "flex was read: {plan:#}");
    }
}

#[test]
fn its_age_is_shown_in_every_format_and_the_verdict_stays_last() {
    let desk = taken(MANY);
    aged(&desk, jiff::SignedDuration::from_mins(125));
    let plan = |format: &str| {
        desk.run(&["plan", "--live", "live.json", "--out", "p.json", "--format", format]).code(1)
    };
    let text = plan("text").out;
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[lines.len() - 3].contains("2 h 5 min old"), "{text}");
    assert!(lines[lines.len() - 2].starts_with("Digest: "), "{text}");
    assert!(lines[lines.len() - 1].starts_with("Plan: "), "{text}");
    for format in ["text", "markdown", "html", "diff"] {
        plan(format).says("2 h 5 min old").says("live.json");
    }
    let sarif = plan("sarif").json();
    let seconds = sarif["runs"][0]["properties"]["snapshot"]["ageSeconds"].as_u64().unwrap();
    assert!((7500..7600).contains(&seconds), "{seconds}");
    assert!(plan("json").json()["snapshot"]["taken_at"].is_string());
    // Shown later, it is as old as it was when the plan was made.
    for format in ["text", "markdown", "html", "diff", "sarif", "json"] {
        let planned = plan(format).out;
        assert_eq!(planned, desk.run(&["show", "p.json", "--format", format]).code(0).out, "{format}");
    }
}

#[test]
fn too_old_a_snapshot_is_stale_and_one_from_the_future_is_nothing() {
    let desk = taken("servers:\n  - { name: web-1 }\n");
    let hours = jiff::SignedDuration::from_hours;
    let plan = |more: &[&str]| desk.run(&[&["plan", "--live", "live.json"], more].concat());
    aged(&desk, hours(23));
    plan(&[]).code(0);
    plan(&["--max-age", "22h"]).code(5);
    aged(&desk, hours(26));
    let ran = plan(&[]).code(5).says("1 d 2 h old").says("--max-age");
    assert!(ran.out.is_empty(), "{ran:#?}");
    plan(&["--max-age", "48h"]).code(0);
    aged(&desk, -jiff::SignedDuration::from_secs(40));
    plan(&[]).code(0).says("0 s old");
    aged(&desk, -jiff::SignedDuration::from_secs(120));
    plan(&["--max-age", "168h"]).code(1).says("clock");
}

#[test]
fn a_connection_that_it_does_not_have_is_no_empty_one() {
    let desk = taken("servers:\n  - { name: web-1 }\n");
    let absent = "servers:\n  - { name: web-1 }\n  - { name: old, provider: grid, state: absent }\n";
    desk.fleet(absent);
    let ran =
        desk.run(&["plan", "--live", "live.json"]).code(1).says("unreadable").says("does not have grid");
    assert!(!ran.out.contains("No changes"), "{ran:#?}");
    desk.run(&["plan", "--live", "live.json", "--target", "flex/*"]).code(0);
    edit(&desk, |snapshot| {
        let mut grid = snapshot["connections"][0].clone();
        grid["name"] = json!("grid");
        snapshot["connections"].as_array_mut().unwrap().push(grid);
    });
    desk.run(&["plan", "--live", "live.json"])
        .code(1)
        .says("unreadable")
        .says("is of the type gogrid, and hostway");
}

#[test]
fn an_id_that_was_not_asked_for_is_neither_there_nor_gone() {
    let desk = taken("servers:\n  - { name: web-1 }\n  - { name: a, id: sim-asked, state: absent }\n");
    desk.run(&["plan", "--live", "live.json"]).code(0).says("No changes. 2 unchanged");
    for more in ["{ name: b, id: sim-new, state: absent }", "{ name: b, id: sim-new }"] {
        desk.fleet(&format!("servers:\n  - {{ name: web-1 }}\n  - {more}\n"));
        let ran = desk.run(&["plan", "--live", "live.json", "--allow-missing"]).code(1);
        ran.says("error[unreadable] flex/b").says("sim-new").says("new snapshot");
    }
    desk.fleet("servers:\n  - { name: b, id: sim-new, state: absent }\n");
    desk.run(&["snapshot", "--out", "live.json"]).code(0);
    desk.run(&["plan", "--live", "live.json"]).code(0).says("1 unchanged");
}

#[test]
fn its_plan_is_applied_like_any_other() {
    let desk = taken("servers:\n  - { name: web-1, power: off }\n  - { name: web-2, power: off }\n");
    desk.run(&["plan", "--live", "live.json", "--out", "p.json"]).code(0);
    desk.run(&["apply", "p.json", "--auto-approve"]).code(0).says("2 done").says("old (taken at");
    assert_eq!(desk.accepted(), 2);
    let moved = taken("servers:\n  - { name: web-1, power: off }\n");
    moved.run(&["plan", "--live", "live.json", "--out", "p.json"]).code(0);
    moved.patch("flex", "web-1", json!({ "name": "elsewhere" }));
    moved.run(&["apply", "p.json", "--auto-approve"]).code(5).says("flex/web-1");
    assert_eq!(moved.accepted(), 0);
}

#[test]
fn a_snapshot_of_simulated_servers_gives_a_rehearsal() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| run_in(folder.path(), args);
    run(&["init"]).code(0);
    run(&["snapshot", "--simulate", "--out", "live.json"]).code(0);
    let plan = run(&["plan", "--live", "live.json", "--out", "p.json", "--format", "json"]).json();
    assert_eq!(plan["options"]["simulated"], true, "{plan:#}");
    run(&["apply", "p.json", "--auto-approve", "--allow-delete"]).code(64);
    run(&["apply", "p.json", "--auto-approve", "--allow-delete", "--simulate"]).code(0);
}

#[test]
fn what_cannot_be_honoured_is_wrong_usage() {
    let desk = taken("servers:\n  - { name: web-1 }\n");
    for (more, why) in [
        (&["--live", "live.json", "--simulate"][..], "rehearsal"),
        (&["--live", "live.json", "--settle-timeout", "1s"], "nothing moves"),
        (&["--live", "live.json", "--target", "flex/web-7"], "matches no server"),
        (&["--max-age", "1h"], "--live"),
        (&["--verify-key", "k.pub"], "--live"),
        (&["--live", "live.json", "--max-age", "200h"], "168h"),
    ] {
        desk.run(&[&["plan"], more].concat()).code(64).says(why);
    }
    desk.run(&["snapshot"]).code(64).says("--out");
    desk.run(&["snapshot", "--out", "x.json", "--target", "flex/web-7"]).code(64);
    assert!(!desk.path("x.json").exists());
}

#[test]
fn garbage_is_refused_with_its_cause_and_cure() {
    let desk = taken("servers:\n  - { name: web-1 }\n");
    let text = std::fs::read_to_string(desk.path("live.json")).unwrap();
    desk.write("half.json", &text[..text.len() / 2]);
    desk.write("newer.json", &text.replace("\"format_version\": \"1.0\"", "\"format_version\": \"2.0\""));
    let mut twice: Value = serde_json::from_str(&text).unwrap();
    let one = twice["connections"][0].clone();
    twice["connections"].as_array_mut().unwrap().push(one);
    desk.write("twice.json", &twice.to_string());
    desk.write("plan.json", "{\"digest\": 1}");
    desk.write("empty.json", "");
    desk.write("deep.json", &"[".repeat(100_000));
    std::fs::create_dir(desk.path("folder")).unwrap();
    std::fs::write(desk.path("bytes.json"), [0xff, 0xfe, 0, 1]).unwrap();
    for (file, why) in [
        ("half.json", "cut off"),
        ("newer.json", "2.0"),
        ("twice.json", "flex is in it twice"),
        ("plan.json", "no format_version"),
        ("empty.json", "empty"),
        ("deep.json", "no snapshot"),
        ("folder", "directory"),
        ("bytes.json", "no snapshot"),
        ("fleet.yaml", "no snapshot"),
        ("nowhere.json", "fleetform snapshot --out"),
    ] {
        let ran = desk.run(&["plan", "--live", file]).code(1).says(why).says(file);
        assert!(ran.out.is_empty(), "{ran:#?}");
    }
    edit(&desk, |snapshot| {
        let servers = snapshot["connections"][0]["told"]["servers"]["servers"].as_array_mut().unwrap();
        let one = servers[0].clone();
        servers.push(one);
    });
    desk.run(&["plan", "--live", "live.json"]).code(1).says("unreadable").says("twice");
}

#[test]
fn a_snapshot_is_whole_or_not_there_and_always_the_same() {
    let desk = taken(MANY);
    let stable = |path: &str| {
        let mut snapshot = document(&desk.path(path));
        snapshot["taken_at"].take();
        snapshot
    };
    desk.run(&["snapshot", "--out", "again.json"]).code(0);
    assert_eq!(stable("live.json"), stable("again.json"));
    let printed = desk.run(&["snapshot", "--out", "-"]).code(0);
    desk.write("printed.json", &printed.out);
    assert_eq!(stable("live.json"), stable("printed.json"));
    assert_eq!(stable("live.json")["connections"][0]["name"], "flex");
    std::fs::create_dir(desk.path("folder")).unwrap();
    std::fs::write(desk.path("folder/inside"), "x").unwrap();
    desk.run(&["snapshot", "--out", "no/such/live.json"]).code(1).says("no/such/live.json");
    desk.run(&["snapshot", "--out", "folder"]).code(1).says("folder");
    let left: Vec<_> =
        std::fs::read_dir(desk.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains(".folder.")), "{left:?}");
    assert_eq!(desk.accepted(), 0);
}

#[test]
fn a_full_disk_leaves_the_old_snapshot_and_no_half_one() {
    let desk = taken(MANY);
    let before = std::fs::read(desk.path("live.json")).unwrap();
    // A file may have 1 block here; writing more fails as on a full disk.
    let line = format!(
        "trap '' XFSZ; ulimit -f 1; exec {} snapshot --out live.json",
        env!("CARGO_BIN_EXE_fleetform")
    );
    let mut command = std::process::Command::new("bash");
    let made = desk.command(&[]);
    command.current_dir(desk.folder.path()).args(["-c", &line]);
    command.envs(made.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ran = Ran::from(command.output().unwrap());
    assert_eq!(std::fs::read(desk.path("live.json")).unwrap(), before, "{ran:#?}");
    let ran = ran.code(1).says("live.json cannot be written");
    let left: Vec<_> =
        std::fs::read_dir(desk.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".live")), "{left:?} {ran:#?}");
}

#[test]
fn no_credential_is_in_it() {
    let desk = taken(MANY);
    desk.fault(json!({ "connection": "grid", "count": "all", "fault": "refuse" }));
    desk.run(&["snapshot", "--out", "trouble.json"]);
    for file in ["live.json", "trouble.json"] {
        let text = std::fs::read_to_string(desk.path(file)).unwrap();
        for (connection, key) in [("flex", "password"), ("grid", "api_key"), ("grid", "secret")] {
            let secret = &desk.running.endpoint(connection).unwrap().settings[key];
            assert!(!text.contains(secret.as_str()), "{file} holds {key}");
        }
        assert!(!text.contains("sig="), "{file}");
    }
    let text = std::fs::read_to_string(desk.path("live.json")).unwrap();
    assert!(!text.contains("http"), "not even where it was: {text}");
}

/// What was live at another endpoint says nothing of this one.
#[test]
fn a_connection_that_leads_elsewhere_by_now_is_a_problem() {
    let desk = taken(MANY);
    let other = Desk::new(MANY);
    std::fs::copy(other.path("fleet.yaml"), desk.path("fleet.yaml")).unwrap();
    let ran = desk.run(&["plan", "--live", "live.json"]).code(1);
    assert!(ran.out.contains("error[unreadable] flex/*: the settings of flex differ"), "{ran:#?}");
}
