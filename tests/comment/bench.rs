//! A folder with saved plans, a forge beside it, and the program to run on them.

use crate::fake::{Fake, Service, TOKEN};
use crate::rich;
use fleetform::plan::PlanDocument;
use serde_json::Value;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let ran = Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) };
        // Whatever happens, and in whatever test.
        assert!(!ran.out.contains(TOKEN) && !ran.err.contains(TOKEN), "the token is shown: {ran:#?}");
        ran
    }
}

impl Ran {
    pub(crate) fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, Some(expected), "{self:#?}");
        self
    }

    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.err.contains(text), "{text:?} is missing from {self:#?}");
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) fake: Fake,
}

impl Bench {
    /// With `plan.json` (a rich one), `none.json` (nothing to do) and `large.json` (ten thousand changes).
    pub(crate) fn new(service: Service) -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap(), fake: Fake::new(service) };
        bench.plan("plan.json", &rich::rich());
        bench.plan("none.json", &rich::document(Vec::new(), Vec::new(), Vec::new()));
        bench
    }

    pub(crate) fn plan(&self, name: &str, document: &PlanDocument) {
        std::fs::write(self.folder.path().join(name), serde_json::to_vec(document).unwrap()).unwrap();
    }

    /// The program with nothing in its environment.
    pub(crate) fn bare(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fleetform"));
        command.current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.args(["comment", "--provider", self.fake.service.word()]).args(args);
        command
    }

    /// The program with the token and the target.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let repo = if self.fake.service == Service::GitLab { "group/sub/fleet" } else { "octo/fleet" };
        let mut command = self.bare(&["--api", &self.fake.api(), "--repo", repo, "--number", "12"]);
        command.args(args).env(self.fake.service.variable(), TOKEN);
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.command(args).output().unwrap().into()
    }

    /// What was done, by the JSON on stdout.
    pub(crate) fn action(&self, args: &[&str]) -> String {
        let args: Vec<&str> = args.iter().chain(&["--format", "json"]).copied().collect();
        self.run(&args).code(0).json()["action"].as_str().unwrap().to_owned()
    }

    pub(crate) fn start(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    pub(crate) fn until(&self, so: impl Fn(&Fake) -> bool) {
        let begun = Instant::now();
        while !so(&self.fake) {
            assert!(begun.elapsed() < Duration::from_secs(10), "it never came to be");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
