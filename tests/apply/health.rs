//! Health checks after starts: on real listeners and with real programs, on a machine that has `sh`.
#![cfg(unix)]

use crate::rig::eventually;
use crate::stage::{SETTLE, Stage, hostway, outcome};
use fleetform::apply::ChangeOutcome::{Done, Failed, NotStarted};
use fleetform::apply::{ChangeResult, Health, Limits, execute};
use fleetform::model::{HealthCheck, OffKind, Operation, Period, Probe};
use fleetform::plan::{Change, StepRef};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;

fn check(probe: Probe, within: &str, timeout: &str) -> HealthCheck {
    let period = |text| Period::parse(text).unwrap();
    HealthCheck { probe, within: period(within), timeout: period(timeout) }
}

fn started(stage: &Stage, probe: Probe, within: &str) -> Change {
    let mut change = stage.change("rests", Operation::PowerOn);
    change.steps[0].healthy_when = Some(check(probe, within, "400ms"));
    change
}

async fn one(probe: Probe, within: &str) -> (ChangeResult, Duration) {
    let stage = Stage::new(hostway());
    let change = started(&stage, probe, within);
    let id = change.id.clone();
    let begun = Instant::now();
    let mut results = stage.run(&[change]).await;
    assert_eq!(stage.tally(&id).power_ons, 1);
    (results.pop().unwrap(), begun.elapsed())
}

/// Answers every request with these bytes and counts them.
fn listener(answer: String) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, count) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap_or(0);
            let text = String::from_utf8_lossy(&request[..read]).to_lowercase();
            assert!(!text.contains("authorization") && !text.contains("cookie"), "{text}");
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (address, count)
}

fn http(status: &str, headers: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: 0\r\nconnection: close\r\n\r\n")
}

/// A port that nobody listens on.
fn closed_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn a_port_that_opens_late_passes_late() {
    let address = closed_port();
    let opened = Arc::new(AtomicUsize::new(0));
    let flag = Arc::clone(&opened);
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(1500));
        let listener = TcpListener::bind(address).unwrap();
        flag.store(1, Ordering::SeqCst);
        let _ = listener.accept();
        std::thread::sleep(Duration::from_secs(1));
    });
    let (result, _) = one(Probe::Tcp(address.to_string()), "20s").await;
    assert_eq!((result.outcome, result.health), (Done, Some(Health::Healthy)), "{}", result.detail);
    assert_eq!(opened.load(Ordering::SeqCst), 1, "not before it was open");
    assert!(result.detail.contains(&format!("healthy: tcp {address}")), "{}", result.detail);
}

#[tokio::test]
async fn a_check_that_never_passes_fails_the_change_and_what_comes_after_it_is_not_started() {
    let stage = Stage::new(hostway());
    let address = closed_port();
    let first = started(&stage, Probe::Tcp(address.to_string()), "700ms");
    let mut second = stage.change("runs", Operation::PowerOff { method: OffKind::NotToldApart });
    second.steps[0].after = vec![StepRef { address: first.address.clone(), step: 0 }];
    let id = second.id.clone();
    let results = stage.run(&[first, second]).await;
    assert_eq!(outcome(&results), [Failed, NotStarted], "{results:?}");
    let detail = &results[0].detail;
    assert!(detail.contains("it is on, and not healthy: tcp 127.0.0.1:"), "{detail}");
    assert!(
        detail.contains("connection refused, last of ") && detail.contains(" tries in 700 ms"),
        "{detail}"
    );
    assert_eq!((results[0].health, results[0].changed), (Some(Health::Unhealthy), true));
    assert_eq!(stage.tally(&id).accepted, 0);
}

#[tokio::test]
async fn only_a_2xx_is_healthy_and_no_redirect_is_followed() {
    let (fine, _) = listener(http("204 No Content", ""));
    let (result, _) = one(Probe::Http(format!("http://{fine}/health")), "2s").await;
    assert_eq!((result.outcome, result.health), (Done, Some(Health::Healthy)), "{}", result.detail);

    let (elsewhere, seen) = listener(http("200 OK", ""));
    let (moved, asked) = listener(http("302 Found", &format!("location: http://{elsewhere}/\r\n")));
    let (result, _) = one(Probe::Http(format!("http://{moved}/health?token=canary")), "600ms").await;
    assert_eq!(result.outcome, Failed, "{}", result.detail);
    assert!(result.detail.contains("status 302") && !result.detail.contains("canary"), "{}", result.detail);
    assert!(asked.load(Ordering::SeqCst) > 1);
    assert_eq!(seen.load(Ordering::SeqCst), 0, "the second listener sees nothing");
}

#[tokio::test]
async fn a_listener_that_never_answers_does_not_hold_it_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (result, took) = one(Probe::Http(format!("http://{address}/")), "900ms").await;
    assert_eq!(result.outcome, Failed);
    assert!(result.detail.contains("no end within"), "{}", result.detail);
    assert!(took < Duration::from_secs(5), "{took:?}");
}

fn sh(script: &str) -> Probe {
    Probe::Exec(vec!["sh".into(), "-c".into(), script.into()])
}

fn text_at(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[tokio::test]
async fn a_program_sees_which_server_it_is_and_nothing_of_our_environment() {
    let folder = tempfile::tempdir().unwrap();
    let seen = folder.path().join("seen");
    // Cargo sets dozens of variables for a test: they stand for the secrets of a pipeline.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let (result, _) = one(sh(&format!("env > '{}'", seen.display())), "5s").await;
    assert_eq!(result.outcome, Done, "{}", result.detail);
    let text = text_at(&seen);
    let mut names: Vec<&str> =
        text.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    names.sort_unstable();
    // A shell adds its own.
    names.retain(|name| !matches!(*name, "PWD" | "SHLVL" | "_" | "OLDPWD" | "HOME" | "LANG" | "PATH"));
    assert_eq!(names, ["FLEETFORM_ADDRESS", "FLEETFORM_ID", "FLEETFORM_NAME"]);
    assert!(
        text.contains("FLEETFORM_ADDRESS=c/rests\n") && text.contains("FLEETFORM_NAME=rests\n"),
        "{text}"
    );
}

#[tokio::test]
async fn a_program_that_fails_first_and_passes_later_is_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let script = format!("echo x >> '{0}'; test $(wc -l < '{0}') -ge 3", runs.display());
    let (result, _) = one(sh(&script), "20s").await;
    assert_eq!(result.outcome, Done, "{}", result.detail);
    assert_eq!(text_at(&runs).lines().count(), 3);
}

#[tokio::test]
async fn a_program_that_hangs_is_killed_with_what_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let beat = folder.path().join("beat");
    let script = format!("(while :; do echo x >> '{}'; sleep 0.05; done) & sleep 60", beat.display());
    let (result, took) = one(sh(&script), "700ms").await;
    assert_eq!(result.outcome, Failed);
    assert!(result.detail.contains("no end within"), "{}", result.detail);
    assert!(took < Duration::from_secs(5), "{took:?}");
    std::thread::sleep(Duration::from_millis(200));
    let before = text_at(&beat);
    assert!(!before.is_empty());
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(before, text_at(&beat), "its child still runs");
}

#[tokio::test]
async fn a_program_that_is_not_there_or_ends_badly_is_told() {
    let (result, _) = one(Probe::Exec(vec!["/no/such/program".into()]), "300ms").await;
    assert!(result.detail.contains("no such file"), "{}", result.detail);
    let (result, _) = one(sh("exit 7"), "300ms").await;
    assert!(result.detail.contains("it ended with 7"), "{}", result.detail);
}

#[tokio::test]
async fn interrupted_in_a_check_the_change_is_done_and_its_health_not_known() {
    let stage = Stage::new(hostway());
    let changes = [started(&stage, sh("sleep 60"), "1m")];
    let id = changes[0].id.clone();
    let (sender, stop) = watch::channel(false);
    let (journal, links) = (stage.journal(), stage.bench.links(SETTLE));
    let begun = Instant::now();
    let work = execute(&changes, &links, &journal, &(), Limits { parallelism: 2 }, stop);
    let interrupt = async {
        eventually(|| stage.records().contains(&"done".to_owned())).await;
        sender.send(true).unwrap();
    };
    let (results, ()) = tokio::join!(work, interrupt);
    assert_eq!((outcome(&results), results[0].health), (vec![Done], Some(Health::Unknown)));
    assert!(results[0].detail.contains("before it was known to be healthy"), "{}", results[0].detail);
    assert!(begun.elapsed() < Duration::from_secs(6));
    assert_eq!(stage.tally(&id).power_ons, 1);
}
