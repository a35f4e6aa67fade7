//! A folder with a fleet file, a simulator beside it, and the program to run on them.

use fleetform::providers::faces;
use fleetform::simulator::{Options, Running, Simulator, World};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Ran {
    /// Ended with this code; shows everything if not.
    pub(crate) fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, Some(expected), "{self:#?}");
        self
    }

    /// Says this, on either end.
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.out.contains(text) || self.err.contains(text), "{text:?} is missing from {self:#?}");
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

pub(crate) struct Desk {
    pub(crate) folder: TempDir,
    pub(crate) running: Running,
}

/// Two connections: `flex` (it can rename) and `grid` (it keeps jobs).
pub(crate) fn usual_world() -> Value {
    json!({
        "version": 1,
        "defaults": { "settle": "200ms" },
        "connections": { "flex": { "type": "hostway" }, "grid": { "type": "gogrid" } },
        "servers": [
            { "connection": "flex", "name": "web-{1..3}", "power": "on" },
            { "connection": "flex", "name": "reports", "power": "off" },
            { "connection": "grid", "id": 7, "name": "app", "power": "on" },
            { "connection": "grid", "id": 8, "name": "old", "power": "on" },
        ],
    })
}

/// The same, where every operation is over before anybody can see it under way: only records tell of it.
pub(crate) fn swift_world() -> Value {
    let mut world = usual_world();
    world["defaults"]["settle"] = json!("10ms");
    world
}

impl Desk {
    pub(crate) fn new(servers: &str) -> Self {
        Self::with(usual_world(), servers)
    }

    /// `servers` is the rest of the fleet file after the providers.
    pub(crate) fn with(world: Value, servers: &str) -> Self {
        let desk = Self::of(world);
        desk.fleet(servers);
        desk
    }

    /// A simulator without a fleet file.
    pub(crate) fn of(world: Value) -> Self {
        let world = World::from_value(world).unwrap();
        let running = Simulator::start(&world, &faces(), Options::default()).unwrap();
        Self { folder: tempfile::tempdir().unwrap(), running }
    }

    /// Writes the fleet file: the credentials come from the environment.
    pub(crate) fn fleet(&self, servers: &str) {
        self.write("fleet.yaml", &format!("{}{servers}", self.head()));
    }

    pub(crate) fn head(&self) -> String {
        let endpoint = |name: &str| self.running.endpoint(name).unwrap().settings["endpoint"].clone();
        format!(
            "version: 1\nproviders:\n  flex:\n    type: hostway\n    endpoint: {}\n    timeouts: {{ settle: 2s }}\n  \
             grid:\n    type: gogrid\n    endpoint: {}\n    timeouts: {{ settle: 2s }}\n\
             defaults: {{ provider: flex }}\n",
            endpoint("flex"),
            endpoint("grid")
        )
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = program(self.folder.path(), args);
        for (connection, key, variable) in [
            ("flex", "username", "HOSTWAY_USERNAME"),
            ("flex", "password", "HOSTWAY_PASSWORD"),
            ("grid", "api_key", "GOGRID_API_KEY"),
            ("grid", "secret", "GOGRID_SECRET"),
        ] {
            command.env(variable, &self.running.endpoint(connection).unwrap().settings[key]);
        }
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.command(args).output().unwrap().into()
    }

    /// Runs what a shell makes of it; `script` is given the program with its arguments.
    pub(crate) fn shell(&self, args: &[&str], script: impl FnOnce(&str) -> String) -> Ran {
        let inner = self.command(args);
        let words = std::iter::once(inner.get_program()).chain(inner.get_args());
        let program = words.map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ");
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &script(&program)]).current_dir(self.folder.path()).env_clear();
        command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.env("PATH", "/usr/bin:/bin").stdin(Stdio::null()).output().unwrap().into()
    }

    /// Starts and does not wait.
    pub(crate) fn start(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// How many calls that change something were accepted, on all servers.
    pub(crate) fn accepted(&self) -> u64 {
        self.running.stats().servers.iter().map(|server| server.tally.accepted).sum()
    }

    pub(crate) fn fault(&self, rule: Value) {
        self.running.add_fault(rule).unwrap();
    }

    /// The server with that name, as the simulator has it.
    pub(crate) fn server(&self, name: &str) -> Option<Value> {
        let world = self.running.world();
        world["servers"].as_array().unwrap().iter().find(|server| server["name"] == name).cloned()
    }

    pub(crate) fn patch(&self, connection: &str, name: &str, patch: Value) {
        let id = self.server(name).unwrap()["id"].as_str().unwrap().to_owned();
        self.running.change_server(connection, &id, patch).unwrap();
    }

    /// Waits until it is so; ten seconds at most.
    pub(crate) fn until(&self, so: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !so(self) {
            assert!(begun.elapsed() < Duration::from_secs(10), "it never came to be");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// The program in a folder, with an environment of its own.
pub(crate) fn program(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleetform"));
    command.current_dir(folder).args(args).env_clear().stdin(Stdio::null());
    command
}

pub(crate) fn run_in(folder: &Path, args: &[&str]) -> Ran {
    program(folder, args).output().unwrap().into()
}

/// Sends a signal by its name.
pub(crate) fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

/// Waits for a child, ten seconds at most.
pub(crate) fn finish(mut child: Child) -> Ran {
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(10) {
            child.kill().unwrap();
            panic!("it does not end: {:#?}", Ran::from(child.wait_with_output().unwrap()));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.wait_with_output().unwrap().into()
}

/// A listener that answers everything with the same bytes.
pub(crate) fn stub(answer: &'static str) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 4096];
            let _ = std::io::Read::read(&mut stream, &mut request);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}
