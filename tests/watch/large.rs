//! Ten thousand servers on five connections: what a round without drift asks for, and what deciding it costs.

use crate::desk::program;
use fleetform::model::{Limits, WatchSettings};
use fleetform::plan::Plan;
use fleetform::providers::faces;
use fleetform::simulator::{Options, Simulator, World};
use fleetform::watch::{Memory, Situation, decide};
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::json;
use std::fmt::Write;
use std::time::Duration;

/// CPU time of this thread's process, user and system.
fn cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_THREAD).unwrap();
    let time = |t: nix::sys::time::TimeVal| {
        Duration::from_secs(u64::try_from(t.tv_sec()).unwrap())
            + Duration::from_micros(u64::try_from(t.tv_usec()).unwrap())
    };
    time(usage.user_time()) + time(usage.system_time())
}

/// CPU time of a process so far.
fn cpu_of(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let rest: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    // utime and stime, in ticks of a hundredth of a second.
    let ticks: u64 = rest[11].parse::<u64>().unwrap() + rest[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

/// However the test ends.
struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_round_of_ten_thousand_servers_without_drift_asks_for_lists_alone() {
    let mut connections = serde_json::Map::new();
    let (mut providers, mut servers) = (String::new(), String::new());
    let mut world_servers = Vec::new();
    for n in 1..=5 {
        connections.insert(format!("c{n}"), json!({ "type": "gogrid" }));
        world_servers.push(
            json!({ "connection": format!("c{n}"), "id": "{1..2000}", "name": "s-{1..2000}", "power": "on" }),
        );
        let _ = writeln!(servers, "  - {{ name: \"s-{{1..2000}}\", provider: c{n}, power: on }}");
    }
    let world = json!({ "version": 1, "connections": connections, "servers": world_servers });
    let running = Simulator::start(&World::from_value(world).unwrap(), &faces(), Options::default()).unwrap();
    for n in 1..=5 {
        let known = &running.endpoint(&format!("c{n}")).unwrap().settings;
        let (endpoint, key, secret) = (&known["endpoint"], &known["api_key"], &known["secret"]);
        let _ = writeln!(
            providers,
            "  c{n}: {{ type: gogrid, endpoint: \"{endpoint}\", api_key: \"{key}\", secret: \"{secret}\" }}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let fleet = format!("version: 1\nproviders:\n{providers}servers:\n{servers}");
    std::fs::write(folder.path().join("fleet.yaml"), fleet).unwrap();
    let args = ["watch", "--enforce", "--interval", "500ms"];
    // A list comes in pages: so many calls are one round.
    assert!(program(folder.path(), &["watch", "--once"]).output().unwrap().status.success());
    let pages = running.stats().calls.iter().map(|call| call.count).max().unwrap();
    let child = program(folder.path(), &args).stderr(std::process::Stdio::null()).spawn().unwrap();
    let child = Killed(child);
    let lists = || running.stats().calls.iter().map(|call| call.count).min().unwrap_or(0);
    let until = |count: u64| {
        let begun = std::time::Instant::now();
        while running.stats().calls.len() < 5 || lists() < count {
            assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", running.stats().calls);
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    until(pages * 3);
    let (before, first) = (cpu_of(child.0.id()), lists());
    until(first + 6 * pages);
    let (after, last) = (cpu_of(child.0.id()), lists());
    drop(child);
    let per_round = after.saturating_sub(before) / u32::try_from((last - first) / pages).unwrap();
    println!("a round, {pages} calls on each connection: {per_round:.0?} of CPU in this build");
    for call in &running.stats().calls {
        assert_eq!((call.method.as_str(), call.route.as_str()), ("GET", "/grid/server/list"), "{call:?}");
    }
    assert_eq!(running.stats().servers.iter().map(|server| server.tally.accepted).sum::<u64>(), 0);
    // Built without optimisation, which costs several times what a release does.
    assert!(per_round < Duration::from_secs(5), "{per_round:?}");
}

#[test]
fn deciding_a_large_round_costs_little() {
    let entries = crate::rounds::entries(10_000);
    let plan = Plan {
        unchanged: entries.iter().map(|entry| entry.address.clone()).collect(),
        live_counts: [("c".into(), 10_000)].into(),
        ..Plan::default()
    };
    let (settings, limits) = (WatchSettings::default(), Limits::default());
    let mut memory = Memory::default();
    let mut round = |seconds: i64| {
        let now = jiff::Timestamp::from_second(1_790_000_000 + seconds).unwrap();
        let situation = Situation {
            plan: &plan,
            entries: &entries,
            settings: &settings,
            interval: settings.interval.duration(),
            limits: &limits,
            efforts: &[],
            now,
        };
        let before = cpu();
        assert!(decide(&situation, &mut memory).drift.is_empty());
        let bytes = memory.bytes().len();
        (cpu().saturating_sub(before), bytes)
    };
    round(0);
    let (time, bytes) = round(60);
    println!("decided and remembered in {time:.0?} of CPU in this build; the memory is {bytes} bytes");
    assert!(time < Duration::from_millis(500), "{time:?}");
}
