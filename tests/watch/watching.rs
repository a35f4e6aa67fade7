//! A watcher that runs, and what it says.

use crate::desk::{Desk, Ran, signal};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The program, while it runs.
pub(crate) struct Watching {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Watching {
    /// Starts `watch --interval 300ms` with these arguments.
    pub(crate) fn start(desk: &Desk, args: &[&str]) -> Self {
        Self::every(desk, "300ms", args)
    }

    pub(crate) fn every(desk: &Desk, interval: &str, args: &[&str]) -> Self {
        let all: Vec<&str> = ["watch", "--interval", interval].iter().chain(args).copied().collect();
        let mut child = desk.command(&all).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (said, kept) = (child.stderr.take().unwrap(), Arc::clone(&lines));
        std::thread::spawn(move || {
            for line in BufReader::new(said).lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        });
        Self { child, lines }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn said(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// How many lines hold this.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.said().iter().filter(|line| line.contains(text)).count()
    }

    /// Waits until a line holds this; ten seconds at most.
    pub(crate) fn until_says(&self, text: &str) {
        self.until_says_within(text, Duration::from_secs(10));
    }

    pub(crate) fn until_says_within(&self, text: &str, time: Duration) {
        let begun = Instant::now();
        while self.count(text) == 0 {
            assert!(begun.elapsed() < time, "{text:?} was not said: {:#?}", self.said());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Waits for its end; ten seconds at most.
    pub(crate) fn end(mut self) -> Ran {
        let begun = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < Duration::from_secs(10), "it does not end: {:#?}", self.said());
            std::thread::sleep(Duration::from_millis(10));
        }
        let code = self.child.wait().unwrap().code();
        // The last lines are on their way.
        std::thread::sleep(Duration::from_millis(50));
        Ran { code, out: String::new(), err: self.said().join("\n") }
    }

    /// Stops it as a service manager does.
    pub(crate) fn stop(self) -> Ran {
        self.signal("TERM");
        self.end().code(130)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Twelve servers on `flex`, four on `grid`.
pub(crate) fn world() -> Value {
    json!({
        "version": 1,
        "defaults": { "settle": "40ms" },
        "connections": { "flex": { "type": "hostway" }, "grid": { "type": "gogrid" } },
        "servers": [
            { "connection": "flex", "name": "web-{01..12}", "power": "on" },
            { "connection": "grid", "id": "{1..4}", "name": "app-{1..4}", "power": "on" },
        ],
    })
}

pub(crate) const SERVERS: &str = "servers:\n  - { name: \"web-{01..12}\", power: on, labels: { tier: web } }\n  \
                                  - { name: \"app-{1..4}\", provider: grid, power: on, labels: { tier: app } }\n";

pub(crate) fn desk(watch: &str) -> Desk {
    Desk::with(world(), &format!("{watch}{SERVERS}"))
}

pub(crate) fn connection(name: &str) -> &'static str {
    if name.starts_with("app") { "grid" } else { "flex" }
}

pub(crate) fn flip(desk: &Desk, name: &str, power: &str) {
    desk.patch(connection(name), name, json!({ "power": power }));
}

pub(crate) fn power(desk: &Desk, name: &str) -> String {
    desk.server(name).unwrap()["power"].as_str().unwrap().to_owned()
}

/// How many changes of a server the simulator took.
pub(crate) fn changes(desk: &Desk, name: &str) -> u64 {
    let id = desk.server(name).unwrap()["id"].as_str().unwrap().to_owned();
    desk.running.stats().tally(connection(name), &id).accepted
}

/// How often a connection was asked for its list, or for anything else.
pub(crate) fn calls(desk: &Desk, connection: &str) -> u64 {
    let calls = desk.running.stats().calls;
    calls.iter().filter(|call| call.connection == connection).map(|call| call.count).sum()
}
