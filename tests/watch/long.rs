//! Hundreds of rounds with faults in one call of twenty and a hand that switches servers behind the watcher's back. What was
//! done is the simulator's own record. `FLEETFORM_LONG=1` makes it 2,000 rounds,
//! `FLEETFORM_LONG=900` so many.

use crate::desk::Desk;
use crate::watching::{Watching, calls};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

/// What is put right; then what is only told; then what is protected. While a connection is lost the hand goes on, so the
/// brake on mass drift would, as it should, stop the rest; it has tests of its own.
const FLEET: &str = "watch:\n  budget: 1000000 per 1h\n  mass_drift: off\n  policy:\n    - { select: \"label:tier=batch\", on_drift: report }\n\
                     servers:\n  - { name: \"web-{01..20}\", power: on, labels: { tier: web } }\n  \
                     - { name: \"batch-{1..4}\", power: off, labels: { tier: batch } }\n  \
                     - { name: \"safe-{1..2}\", power: off, protect: true }\n  \
                     - { name: \"app-{1..10}\", provider: grid, power: on }\n";

fn world() -> Value {
    json!({
        "version": 1,
        "defaults": { "settle": "20ms" },
        "connections": { "flex": { "type": "hostway" }, "grid": { "type": "gogrid" } },
        "servers": [
            { "connection": "flex", "name": "web-{01..20}", "power": "on" },
            { "connection": "flex", "name": "batch-{1..4}", "power": "on" },
            { "connection": "flex", "name": "safe-{1..2}", "power": "on" },
            { "connection": "flex", "name": "foreign-{1..4}", "power": "on" },
            { "connection": "grid", "id": "{1..10}", "name": "app-{1..10}", "power": "on" },
        ],
    })
}

/// Pseudo-random numbers that are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// What the system says of a process.
#[derive(Clone, Copy, Debug)]
struct Size {
    resident_kib: u64,
    files: usize,
    ledger: u64,
    memory: u64,
}

fn size(desk: &Desk, pid: u32) -> Size {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let resident = resident.and_then(|text| text.trim().split(' ').next()?.parse().ok()).unwrap_or(0);
    let length = |name: &str| fs::metadata(desk.path(name)).map_or(0, |data| data.len());
    Size {
        resident_kib: resident,
        files: fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count),
        ledger: length(".fleetform/journal.jsonl"),
        memory: length(".fleetform/watch/memory.json"),
    }
}

/// One call in twenty goes wrong, in one of these ways.
fn spoil(desk: &Desk, dice: &mut Dice, rounds: u64) {
    let faults = [
        json!("reset_before"),
        json!("reset_after"),
        json!({ "status": { "code": 500 } }),
        json!({ "status": { "code": 503 } }),
        json!({ "status": { "code": 429, "retry_after": 1 } }),
        json!({ "late": "30ms" }),
        json!("cut_off"),
        json!({ "html": { "status": 502 } }),
        json!("garbage"),
    ];
    // A rule per fault and connection; each spoils a call now and then. About three calls a round and connection.
    let mut nth = BTreeMap::from([("flex", 10), ("grid", 10)]);
    for _ in 0..(rounds * 3 / 20 * 2).min(1_500) {
        let connection = if dice.roll(2) == 0 { "flex" } else { "grid" };
        let at = nth.get_mut(connection).unwrap();
        *at += 1 + dice.roll(39);
        let fault = faults[usize::try_from(dice.roll(faults.len() as u64)).unwrap()].clone();
        desk.fault(json!({ "connection": connection, "nth": *at, "count": 1, "fault": fault }));
    }
}

#[test]
fn nothing_is_sent_beyond_the_policy_and_nothing_twice_and_nothing_grows() {
    let long = std::env::var_os("FLEETFORM_LONG").map(|n| n.to_string_lossy().into_owned());
    // Any number from 100 on is one of rounds.
    let asked = |long: String| long.parse().ok().filter(|rounds| *rounds >= 100).unwrap_or(2_000);
    let rounds: u64 = long.map_or(120, asked);
    let desk = Desk::with(world(), FLEET);
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    spoil(&desk, &mut dice, rounds);
    let begun = Instant::now();
    let watching = Watching::every(&desk, "250ms", &["--enforce"]);
    let mut flips: BTreeMap<String, u64> = BTreeMap::new();
    let mut sizes = Vec::new();
    let lists = |desk: &Desk| {
        let calls = desk.running.stats().calls;
        calls
            .iter()
            .filter(|call| call.connection == "grid" && call.route.contains("list"))
            .map(|c| c.count)
            .sum::<u64>()
    };
    let mut next_size = 10;
    while lists(&desk) < rounds && begun.elapsed() < Duration::from_secs(rounds) {
        if lists(&desk) >= next_size {
            sizes.push((lists(&desk), size(&desk, watching.pid())));
            next_size += rounds / 8;
        }
        std::thread::sleep(Duration::from_millis(150 + dice.roll(200)));
        let name = if dice.roll(3) == 0 {
            format!("app-{}", 1 + dice.roll(10))
        } else {
            format!("web-{:02}", 1 + dice.roll(20))
        };
        let server = desk.server(&name).unwrap();
        if server["power"] == "on" && server["busy"] == false {
            crate::watching::flip(&desk, &name, "off");
            *flips.entry(name).or_default() += 1;
        }
    }
    // Everything is as declared in the end.
    let wanted = |desk: &Desk| {
        let world = desk.running.world();
        let all = world["servers"].as_array().unwrap();
        all.iter().all(|server| server["power"] == "on")
    };
    let patience = Instant::now();
    while !wanted(&desk) {
        assert!(
            patience.elapsed() < Duration::from_mins(1),
            "{:#?}",
            watching.said().iter().rev().take(30).collect::<Vec<_>>()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    let last = size(&desk, watching.pid());
    sizes.push((lists(&desk), last));
    watching.signal("TERM");
    let ran = watching.end().code(130);
    let stats = desk.running.stats();
    let (mut sent, mut flipped, mut beyond, mut twice) = (0, 0, 0, 0);
    for server in &stats.servers {
        let mine = flips.get(&server.name).copied().unwrap_or(0);
        flipped += mine;
        sent += server.tally.accepted;
        let is_governed = server.name.starts_with("web") || server.name.starts_with("app");
        beyond += if is_governed { server.tally.reboots } else { server.tally.accepted };
        // Each time somebody switched it off it may be switched on once, and not more often.
        twice += if is_governed { server.tally.accepted.saturating_sub(mine) } else { 0 };
    }
    let spoilt: u64 = stats.faults.iter().map(|fault| fault.fired).sum();
    let all = calls(&desk, "flex") + calls(&desk, "grid");
    println!("rounds (lists of grid)  {}", lists(&desk));
    println!("seconds                 {:.0}", begun.elapsed().as_secs_f64());
    println!("calls / spoilt          {all} / {spoilt}");
    println!("switched off by hand    {}", flips.values().sum::<u64>());
    println!("switched on             {sent}");
    println!("beyond the policy       {beyond}");
    println!("more than once          {twice}");
    println!("{:>8} {:>10} {:>6} {:>12} {:>8}", "round", "RSS KiB", "fds", "ledger bytes", "memory");
    for (round, size) in &sizes {
        println!(
            "{round:>8} {:>10} {:>6} {:>12} {:>8}",
            size.resident_kib, size.files, size.ledger, size.memory
        );
    }
    assert_eq!((beyond, twice), (0, 0), "{ran:#?}");
    assert!(spoilt > 5 && sent > 10 && flipped > 10);
    // Of the first sizes the pools are still being filled.
    let settled = sizes.get(sizes.len() / 3).copied().unwrap().1;
    assert!(last.resident_kib < settled.resident_kib * 3 / 2 + 16 * 1024, "{sizes:#?}");
    assert!(last.files <= settled.files + 12, "{sizes:#?}");
    assert!(last.ledger < 12 * 1024 * 1024 && last.memory < 64 * 1024, "{sizes:#?}");
    desk.run(&["ledger", "verify"]).code(0);
}
