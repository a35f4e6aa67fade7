//! Twenty changes on one provider: the world, the gate in front of it, the fleet file, and the program to run. What is
//! asked of the program is compared with what the simulator counted.

use crate::gate::Gate;
use crate::table::Harm;
use fleetform::ledger::{IntentLog, Journal, Lock, Outcome};
use fleetform::model::{
    Address, Capabilities, ConnectionName, OffSupport, Operation, RebootKind, RebootSupport, ServerId, Verb,
};
use fleetform::providers::{Registration, faces};
use fleetform::simulator::{Options, Running, Simulator, Tally, World};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How many changes a stand wants.
pub(crate) const CHANGES: usize = 20;

/// The only connection.
const C: &str = "c";

/// One entry of the fleet file, and the server that it is about.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// The entry's name: what the server is called in the end.
    pub(crate) name: String,
    /// What it was called in the beginning.
    pub(crate) old: String,
    pub(crate) id: String,
    pub(crate) verbs: Vec<Verb>,
}

pub(crate) struct Stand {
    pub(crate) row: &'static Registration,
    pub(crate) running: Arc<Running>,
    pub(crate) gate: Gate,
    pub(crate) wishes: Vec<Wish>,
    pub(crate) harm: Harm,
    /// Entries of which the end is not asked for.
    pub(crate) excused: Vec<String>,
    /// Entries whose call the provider is still at, as it says itself.
    pub(crate) under_way: Vec<String>,
    /// How long a run waits for what an earlier one left behind to show itself.
    pub(crate) patience: &'static str,
    /// A call that failed for good may be sent again by a later run.
    pub(crate) may_fail: bool,
    folder: TempDir,
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Stand {
    pub(crate) fn new(row: &'static Registration) -> Self {
        Self::with(row, "80ms")
    }

    /// A stand on which operations take so long.
    pub(crate) fn with(row: &'static Registration, settle: &str) -> Self {
        let verbs = mix(&row.spec.capabilities);
        let mut servers = Vec::new();
        for (at, verbs) in verbs.iter().enumerate() {
            let power = if verbs.contains(&Verb::PowerOn) { "off" } else { "on" };
            servers.push(json!({ "connection": C, "name": format!("s-{at:02}"), "power": power }));
        }
        for name in ["other-1", "other-2", "other-3"] {
            servers.push(json!({ "connection": C, "name": name, "power": "on" }));
        }
        let world = json!({
            "version": 1,
            "connections": { C: { "type": row.spec.type_name, "settle": settle } },
            "servers": servers,
        });
        let world = World::from_value(world).unwrap();
        let running = Simulator::start(&world, &faces(), Options::default()).unwrap();
        let gate = Gate::open(running.address(), row, row.face.base_path(C));
        let mut stand = Self {
            row,
            running: Arc::new(running),
            gate,
            wishes: Vec::new(),
            harm: Harm { runs: 1, ..Harm::default() },
            excused: Vec::new(),
            under_way: Vec::new(),
            patience: "300ms",
            may_fail: false,
            folder: tempfile::tempdir().unwrap(),
        };
        for (at, verbs) in verbs.into_iter().enumerate() {
            let old = format!("s-{at:02}");
            let name = if verbs.contains(&Verb::Rename) { format!("t-{at:02}") } else { old.clone() };
            stand.wishes.push(Wish { id: stand.id(&old), name, old, verbs });
        }
        stand.begin_ledger();
        std::fs::write(stand.path("fleet.yaml"), stand.fleet()).unwrap();
        stand
    }

    /// A ledger that was there before: it knows what was never rebooted, and is longer than every other file.
    fn begin_ledger(&self) {
        use std::sync::OnceLock;
        static BEFORE: OnceLock<Vec<u8>> = OnceLock::new();
        let folder = self.path(".fleetform");
        let history = BEFORE.get_or_init(|| {
            let folder = tempfile::tempdir().unwrap();
            let lock = Lock::take(folder.path(), Duration::ZERO).unwrap();
            let born = Timestamp::now().checked_sub(SignedDuration::from_hours(1)).unwrap();
            let journal = Journal::open(folder.path(), lock, born).unwrap();
            let reboot = Operation::Reboot { method: RebootKind::Hard };
            let (address, id) =
                (Address::new(ConnectionName::from("past"), "gone".into()), ServerId::from("gone"));
            for _ in 0..100 {
                let seq = journal.intend(&address, &id, &reboot, Some(&"past ".repeat(60)), None).unwrap();
                journal.conclude(seq, Outcome::Done, None, "it was so long ago").unwrap();
            }
            drop(journal);
            std::fs::read(folder.path().join("journal.jsonl")).unwrap()
        });
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("journal.jsonl"), history).unwrap();
    }

    fn fleet(&self) -> String {
        let now = Timestamp::now();
        let mut text = format!(
            "version: 1\nproviders:\n  {C}:\n    type: {}\n    timeouts: {{ request: 3s, settle: 3s }}\n",
            self.row.spec.type_name
        );
        let (inner, outer) = (self.running.address().to_string(), self.gate.address.to_string());
        for (setting, value) in &self.running.endpoint(C).unwrap().settings {
            let _ = writeln!(text, "    {setting}: {}", Value::from(value.replace(&inner, &outer)));
        }
        let _ = writeln!(text, "defaults: {{ provider: {C} }}\nservers:");
        for wish in &self.wishes {
            let mut keys = vec![format!("name: {}", wish.name)];
            for verb in &wish.verbs {
                keys.push(match verb {
                    Verb::PowerOn => "power: on".into(),
                    Verb::PowerOff => "power: off".into(),
                    Verb::Suspend => "power: suspended".into(),
                    Verb::Reboot => format!("rebooted_since: {now}"),
                    Verb::Rename => format!("renamed_from: {}", wish.old),
                    Verb::Delete => "state: absent".into(),
                });
            }
            let _ = writeln!(text, "  - {{ {} }}", keys.join(", "));
        }
        text
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.path(".fleetform/journal.jsonl")
    }

    /// The program with an environment of its own; its files grow to at most `most` bytes, if that is given: who
    /// writes beyond dies in that write.
    pub(crate) fn command(&self, args: &[&str], most: Option<u64>) -> Command {
        let program = env!("CARGO_BIN_EXE_fleetform");
        let mut command = match most {
            None => Command::new(program),
            Some(most) => {
                let mut command = Command::new("/usr/bin/prlimit");
                command.args([&format!("--fsize={most}:{most}"), "--core=0:0", "--", program]);
                command
            }
        };
        command.current_dir(self.folder.path()).args(args).env_clear().stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        finish(self.start(args))
    }

    pub(crate) fn start(&self, args: &[&str]) -> Child {
        let mut command = self.command(args, None);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    pub(crate) fn id(&self, name: &str) -> String {
        let world = self.running.world();
        let all = world["servers"].as_array().unwrap();
        let found = all.iter().find(|server| server["name"] == name);
        found.unwrap_or_else(|| panic!("no server {name}"))["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn tally(&self, id: &str) -> Tally {
        self.running.stats().tally(C, id)
    }

    /// What was done to every server so far.
    pub(crate) fn tallies(&self) -> BTreeMap<String, Tally> {
        self.running.stats().servers.into_iter().map(|server| (server.id, server.tally)).collect()
    }

    pub(crate) fn patch(&self, id: &str, patch: Value) {
        self.running.change_server(C, id, patch).unwrap();
    }

    pub(crate) fn spoil(&self, rule: Value) {
        self.running.add_fault(rule).unwrap();
    }

    /// Waits until nothing is under way at the provider; three seconds at most.
    pub(crate) fn until_quiet(&self) {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(3) {
            let world = self.running.world();
            if !world["servers"].as_array().unwrap().iter().any(|server| server["busy"] == true) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// What a provider can do, in turns until there are twenty.
fn mix(can: &Capabilities) -> Vec<Vec<Verb>> {
    let off = can.off != OffSupport::No;
    let all = [
        (can.power_on, vec![Verb::PowerOn]),
        (off, vec![Verb::PowerOff]),
        (can.reboot != RebootSupport::No, vec![Verb::Reboot]),
        (can.rename, vec![Verb::Rename]),
        (can.delete, vec![Verb::Delete]),
        (can.suspend, vec![Verb::Suspend]),
        (can.rename && off, vec![Verb::Rename, Verb::PowerOff]),
    ];
    let possible: Vec<Vec<Verb>> = all.into_iter().filter(|(can, _)| *can).map(|(_, verbs)| verbs).collect();
    possible.iter().cycle().take(CHANGES).cloned().collect()
}

/// Waits for the program; a minute at most. Its output is far smaller than a pipe's buffer, or read on the way.
pub(crate) fn finish(child: Child) -> Ran {
    let id = child.id();
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let guard = std::thread::spawn(move || {
        if receiver.recv_timeout(Duration::from_mins(1)) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            let _ = Command::new("kill").args(["-s", "KILL", &id.to_string()]).status();
        }
    });
    let output = child.wait_with_output().unwrap();
    let _ = sender.send(());
    guard.join().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}
