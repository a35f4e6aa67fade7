//! The lock as a lease, with real processes: killed, stopped, woken. What was sent is counted by the simulator.

use crate::rig::{Setup, address, settings};
use fleetform::apply::{Limits as ApplyLimits, Link, Links, execute};
use fleetform::http::{Clients, Limits};
use fleetform::ledger::{Author, Journal, Lock, LockError, Terms, read};
use fleetform::model::{ConnectionName, Operation, RebootKind};
use fleetform::providers::{Opening, find};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Short, so that a test need not wait for a minute.
const TERMS: Terms = Terms { lease: Duration::from_millis(1200) };

/// Names the folder in which a copy of this test program finds its work.
const WORK: &str = "FLEETFORM_TEST_WORK";

fn take(folder: &Path, patience: Duration, command: &str) -> Result<Lock, LockError> {
    Lock::take_as(folder, patience, &Author::here(command, Some("ada".into())), TERMS)
}

fn signal(child: &Child, name: &str) {
    let done = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
    assert!(done.success());
}

/// This test program once more, as a process that applies twelve reboots, one after the other.
fn worker(folder: &Path) -> (Child, impl Iterator<Item = String>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "lease::the_worker_reboots_one_server_after_the_other"])
        .env(WORK, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    (child, lines)
}

/// Run by [`worker`]; by itself it has nothing to do.
#[test]
fn the_worker_reboots_one_server_after_the_other() {
    let Some(folder) = std::env::var_os(WORK) else { return };
    let folder = Path::new(&folder);
    let lock = take(folder, Duration::ZERO, "apply").unwrap();
    println!("\nheld");
    let permit = lock.permit();
    let journal = Journal::open(folder, lock, Timestamp::now()).unwrap();
    let work: Value = serde_json::from_slice(&fs::read(folder.join("work.json")).unwrap()).unwrap();
    let row = find("gogrid").unwrap();
    let mut told = fleetform::model::Settings::default();
    for (name, value) in work["settings"].as_object().unwrap() {
        told.set(name.clone(), value.as_str().unwrap().to_owned());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let results = runtime.block_on(async {
        let clients = Clients::new(None).permitted_by(Arc::new(move || permit.check()));
        let limits = Limits { in_flight: 1, per_second: None, timeout: Duration::from_secs(5) };
        let provider = (row.open)(&Opening { settings: &told, limits, clients: &clients }).unwrap();
        let capabilities = &row.spec.capabilities;
        let settle = Duration::from_secs(8);
        let link = Link { provider, type_name: row.spec.type_name, capabilities, settle };
        let links = Links::from([(ConnectionName::from("c"), link)]);
        let changes: Vec<_> = serde_json::from_value(work["changes"].clone()).unwrap();
        let (_keep, stop) = tokio::sync::watch::channel(false);
        execute(&changes, &links, &journal, &(), ApplyLimits { parallelism: 1 }, stop).await
    });
    for result in results {
        println!("\nresult {}: {}", result.outcome.phrase(), result.detail);
    }
    println!("\nover");
}

/// Servers, and the changes that a worker carries out.
fn stage(folder: &Path) -> crate::rig::Bench {
    let servers = (0..12).map(|n| json!({ "name": format!("s{n}"), "power": "on" })).collect();
    let setup = Setup { settle: "100ms", ..Setup::servers(servers) };
    let bench = crate::rig::Bench::new(find("gogrid").unwrap(), &setup);
    let reboot = Operation::Reboot { method: RebootKind::Hard };
    let changes: Vec<_> = (0..12).map(|n| bench.change(&format!("s{n}"), reboot.clone())).collect();
    let told = settings(&bench.running, "c");
    let names = find("gogrid").unwrap().spec.settings.iter().map(|setting| setting.name);
    let told: serde_json::Map<String, Value> =
        names.filter_map(|name| Some((name.to_owned(), json!(told.get(name)?)))).collect();
    let work = json!({ "settings": told, "changes": changes });
    fs::write(folder.join("work.json"), work.to_string()).unwrap();
    bench
}

fn accepted(bench: &crate::rig::Bench) -> u64 {
    bench.running.stats().servers.iter().map(|server| server.tally.accepted).sum()
}

fn until(so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < Duration::from_secs(15), "it never came to be");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Stops a process while it does not hold the file that is held for moments: others wait for that one, as they must.
fn stop_outside_of_a_turn(child: &Child, folder: &Path) {
    let turn = fs::File::options().write(true).open(folder.join("lock.turn")).unwrap();
    until(|| {
        signal(child, "STOP");
        std::thread::sleep(Duration::from_millis(20));
        let is_free = turn.try_lock().is_ok();
        if is_free {
            turn.unlock().unwrap();
        } else {
            signal(child, "CONT");
        }
        is_free
    });
}

/// What was accepted, once nothing has come for a while: what a stopped process has sent may still be on its way.
fn once_quiet(bench: &crate::rig::Bench) -> u64 {
    let mut seen = (accepted(bench), bench.calls(), Instant::now());
    while seen.2.elapsed() < Duration::from_secs(1) {
        std::thread::sleep(Duration::from_millis(20));
        let now = (accepted(bench), bench.calls());
        if now != (seen.0, seen.1) {
            seen = (now.0, now.1, Instant::now());
        }
    }
    seen.0
}

#[test]
fn a_holder_that_was_stopped_is_replaced_and_sends_nothing_more_when_it_wakes() {
    let folder = tempfile::tempdir().unwrap();
    let bench = stage(folder.path());
    let (mut first, mut said) = worker(folder.path());
    assert!(said.any(|line| line == "held"));
    until(|| accepted(&bench) >= 2);
    stop_outside_of_a_turn(&first, folder.path());
    let sent = once_quiet(&bench);
    let error = take(folder.path(), Duration::ZERO, "apply").unwrap_err().to_string();
    let pid = format!("by process {} on ", first.id());
    assert!(
        error.contains(&pid) && error.contains("user ada") && error.contains("--lock-timeout"),
        "{error}"
    );
    let second = take(folder.path(), Duration::from_secs(20), "second").unwrap();
    let token = second.token();
    assert!(token > 1, "{token}");
    let journal = Journal::open(folder.path(), second, Timestamp::now()).unwrap();
    let mine = address("mine");
    fleetform::ledger::IntentLog::intend(&journal, &mine, &"1".into(), &Operation::PowerOn, None, None)
        .unwrap();
    let text = fs::read_to_string(folder.path().join("journal.jsonl")).unwrap();
    signal(&first, "CONT");
    let rest: Vec<String> = said.collect();
    assert!(first.wait().unwrap().success(), "{rest:?}");
    // Nothing is tried and failed one by one: what was not sent is not started, and says whose the ledger is.
    let results: Vec<&String> = rest.iter().filter(|line| line.starts_with("result ")).collect();
    let whose = format!("the ledger's lock was lost to process {} ", std::process::id());
    let (done, left): (Vec<&String>, Vec<&String>) =
        results.iter().partition(|line| line.starts_with("result done: "));
    assert!(
        left.iter().all(|line| line.starts_with("result not started: ") && line.contains(&whose)),
        "{rest:#?}"
    );
    assert_eq!((results.len(), done.len() as u64), (12, sent), "{rest:#?}");
    assert_eq!(accepted(&bench), sent, "it sent something: {rest:#?}");
    assert!(sent < 12);
    assert_eq!(fs::read_to_string(folder.path().join("journal.jsonl")).unwrap(), text, "it wrote something");
    drop(journal);
    assert!(fleetform::ledger::verify(folder.path()).unwrap().findings.is_empty());
    assert_eq!(read(folder.path()).unwrap().token, token);
}

#[test]
fn a_stopped_holder_that_wakes_in_time_goes_on_and_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let bench = stage(folder.path());
    let (mut first, mut said) = worker(folder.path());
    assert!(said.any(|line| line == "held"));
    until(|| accepted(&bench) >= 1);
    signal(&first, "STOP");
    std::thread::sleep(TERMS.lease / 3);
    assert!(take(folder.path(), Duration::ZERO, "apply").is_err());
    signal(&first, "CONT");
    let rest: Vec<String> = said.collect();
    assert!(first.wait().unwrap().success());
    assert_eq!(rest.iter().filter(|line| line.starts_with("result done")).count(), 12, "{rest:#?}");
    assert_eq!(accepted(&bench), 12);
}

#[test]
fn a_holder_that_was_killed_is_gone_at_once_and_one_that_lives_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let bench = stage(folder.path());
    let (mut first, mut said) = worker(folder.path());
    assert!(said.any(|line| line == "held"));
    until(|| accepted(&bench) >= 1);
    first.kill().unwrap();
    first.wait().unwrap();
    let held = take(folder.path(), Duration::ZERO, "apply").unwrap();
    let patient = take(folder.path(), TERMS.lease * 3, "apply").unwrap_err();
    let LockError::Held { holder: Some(holder), .. } = patient else { panic!("{patient}") };
    assert!(holder.silence(Timestamp::now()).unwrap() < TERMS.lease, "{holder:?}");
    held.permit().check().unwrap();
    let permit = held.permit();
    drop(held);
    assert!(permit.check().is_err(), "what was given back permits nothing");
}

#[test]
fn a_journal_whose_lock_file_is_gone_takes_no_more_records() {
    let folder = tempfile::tempdir().unwrap();
    let lock = take(folder.path(), Duration::ZERO, "apply").unwrap();
    let journal = Journal::open(folder.path(), lock, Timestamp::now()).unwrap();
    fs::remove_file(folder.path().join("lock")).unwrap();
    let log: &dyn fleetform::ledger::IntentLog = &journal;
    let error =
        log.intend(&address("s"), &"1".into(), &Operation::PowerOn, None, None).unwrap_err().to_string();
    assert!(error.contains("lock file was removed"), "{error}");
    assert!(journal.permit().check().is_err());
}
