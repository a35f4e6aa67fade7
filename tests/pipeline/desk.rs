//! A repository with a fleet, the servers that it declares, and the folders that stand in for a pipeline's service.

use fleetform::providers::faces;
use fleetform::simulator::{Options, Running, Simulator, World};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

pub(crate) const SERVERS: &str = "\
servers:
  - { name: \"web-{1..2}\", power: on }
  - { name: report-2, renamed_from: reports, power: off }
";

pub(crate) struct Desk {
    pub(crate) folder: TempDir,
    pub(crate) running: Running,
}

impl Desk {
    /// web-2 is off and reports has its old name. The fleet is committed to `main` of a bare repository.
    pub(crate) fn new() -> Self {
        let world = json!({
            "version": 1,
            "defaults": { "settle": "50ms" },
            "connections": { "flex": { "type": "hostway" } },
            "servers": [
                { "connection": "flex", "id": 1, "name": "web-1", "power": "on" },
                { "connection": "flex", "id": 2, "name": "web-2", "power": "off" },
                { "connection": "flex", "id": 3, "name": "reports", "power": "off" },
            ],
        });
        let running =
            Simulator::start(&World::from_value(world).unwrap(), &faces(), Options::default()).unwrap();
        let desk = Self { folder: tempfile::tempdir().unwrap(), running };
        for folder in ["home", "stubs", "service/api", "service/artifacts", "gitlab"] {
            fs::create_dir_all(desk.path(folder)).unwrap();
        }
        for stub in ["gh", "cargo", "rustup", "sleep", "curl"] {
            let path = desk.path("stubs").join(stub);
            fs::copy(crate::files::root().join("tests/pipeline/stubs").join(stub), &path).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        desk.service("runs.json", &json!([]));
        desk.service("issues.json", &json!([]));
        desk.git(".", &["init", "--quiet", "--bare", "--initial-branch", "main", "origin.git"]);
        desk.git(".", &["init", "--quiet", "--initial-branch", "main", "author"]);
        desk.git("author", &["remote", "add", "origin", &desk.origin()]);
        fs::write(desk.path("author/.gitignore"), ".fleetform/\n").unwrap();
        desk.commit("main", &desk.fleet(SERVERS));
        desk
    }

    pub(crate) fn fleet(&self, servers: &str) -> String {
        let endpoint = self.running.endpoint("flex").unwrap().settings["endpoint"].clone();
        format!(
            "version: 1\nproviders:\n  flex:\n    type: hostway\n    endpoint: {endpoint}\n    \
             username: ${{env:HOSTWAY_USERNAME}}\n    password: ${{env:HOSTWAY_PASSWORD}}\n    \
             timeouts: {{ request: 2s, settle: 2s }}\ndefaults: {{ provider: flex }}\n{servers}"
        )
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn origin(&self) -> String {
        format!("file://{}", self.path("origin.git").display())
    }

    /// Commits a fleet file to a branch and pushes it; the commit.
    pub(crate) fn commit(&self, branch: &str, fleet: &str) -> String {
        fs::write(self.path("author/fleet.yaml"), fleet).unwrap();
        self.git("author", &["checkout", "--quiet", "-B", branch]);
        self.git("author", &["add", "--all"]);
        self.git("author", &["commit", "--quiet", "--message", "The fleet"]);
        self.git("author", &["push", "--quiet", "origin", branch]);
        self.git("author", &["rev-parse", "HEAD"])
    }

    /// Runs git in a folder, as somebody; what it prints.
    pub(crate) fn git(&self, folder: &str, args: &[&str]) -> String {
        let mut command = Command::new("git");
        command.current_dir(self.path(folder)).env("HOME", self.path("home"));
        command.args(["-c", "user.name=somebody", "-c", "user.email=somebody@localhost"]).args(args);
        let output = command.output().expect("git is needed");
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn has_branch(&self, name: &str) -> bool {
        let output = Command::new("git")
            .arg("--git-dir")
            .arg(self.path("origin.git"))
            .args(["rev-parse", "--quiet", "--verify", name])
            .output()
            .unwrap();
        output.status.success()
    }

    /// What the service answers.
    pub(crate) fn service(&self, name: &str, value: &Value) {
        fs::write(self.path("service").join(name), value.to_string()).unwrap();
    }

    /// What was asked of the service, one request on each line.
    pub(crate) fn asked(&self) -> String {
        fs::read_to_string(self.path("service/log")).unwrap_or_default()
    }

    /// The variables with the credentials of the servers' provider.
    pub(crate) fn credentials(&self) -> Vec<(String, String)> {
        let settings = &self.running.endpoint("flex").unwrap().settings;
        [("HOSTWAY_USERNAME", "username"), ("HOSTWAY_PASSWORD", "password")]
            .map(|(variable, key)| (variable.to_owned(), settings[key].clone()))
            .into()
    }

    /// The program in a folder with the credentials, to prepare something or to look at it.
    pub(crate) fn program(&self, folder: &Path, args: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fleetform"));
        let output =
            command.current_dir(folder).args(args).env_clear().envs(self.credentials()).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{args:?}: {out}{err}");
        out.into_owned()
    }

    /// Leaves a plan of the author's fleet file as the artifact of a run.
    pub(crate) fn artifact_of(&self, run: &str) -> PathBuf {
        let folder = self.path("service/artifacts").join(run).join("fleetform-plan");
        fs::create_dir_all(&folder).unwrap();
        let plan = folder.join("plan.json");
        self.program(&self.path("author"), &["plan", "--out", plan.to_str().unwrap()]);
        plan
    }

    /// How many calls that change something were accepted, on all servers.
    pub(crate) fn accepted(&self) -> u64 {
        self.running.stats().servers.iter().map(|server| server.tally.accepted).sum()
    }

    /// Gives a server another power behind everybody's back.
    pub(crate) fn power(&self, id: &str, power: &str) {
        self.running.change_server("flex", id, json!({ "power": power })).unwrap();
    }
}
