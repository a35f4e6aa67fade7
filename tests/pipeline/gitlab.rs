//! The jobs of the component, run with its defaults: `sh -e`, GitLab's variables, and a folder for its API.

use crate::desk::Desk;
use crate::files::component;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

pub(crate) struct Job {
    code: i32,
    log: String,
    pub(crate) folder: PathBuf,
}

/// The component's jobs with its inputs filled in.
fn jobs() -> Value {
    let (header, jobs) = component();
    let mut text = jobs.to_string();
    for (name, input) in header["spec"]["inputs"].as_object().unwrap() {
        let value = input["default"].as_str().map_or_else(|| input["default"].to_string(), str::to_owned);
        text = text.replace(&format!("$[[ inputs.{name} ]]"), &value);
    }
    serde_json::from_str(&text).unwrap()
}

/// Runs a job in a clone of a commit. Protected variables exist for jobs with an environment alone.
pub(crate) fn run(desk: &Desk, job: &str, sha: &str, more: &[(&str, &str)]) -> Job {
    let jobs = jobs();
    let job = &jobs[job];
    let name = format!("clone-{}", fs::read_dir(desk.folder.path()).unwrap().count());
    desk.git(".", &["clone", "--quiet", &desk.origin(), &name]);
    desk.git(&name, &["checkout", "--quiet", "--detach", sha]);
    let folder = desk.path(&name);
    let bin = desk.path("bin");
    fs::create_dir_all(&bin).unwrap();
    let _ = std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_fleetform"), bin.join("fleetform"));
    let system = std::env::var_os("PATH").unwrap();
    let path = [bin, desk.path("stubs")].into_iter().chain(std::env::split_paths(&system));
    let mut command = Command::new("sh");
    let lines: Vec<_> = job["script"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    command.args(["-e", "-c", &lines.join("\n")]).current_dir(&folder).env_clear();
    command.env("PATH", std::env::join_paths(path).unwrap()).env("HOME", desk.path("home"));
    command.env("GITLAB_DATA", desk.path("gitlab")).env("CI_API_V4_URL", "https://gitlab.example/api/v4");
    command
        .env("CI_JOB_TOKEN", "job-token")
        .env("CI_PROJECT_ID", "5")
        .env("CI_PROJECT_PATH", "group/servers");
    command.env("CI_DEFAULT_BRANCH", "main").env("CI_MERGE_REQUEST_PROJECT_ID", "5");
    command.env("FLEETFORM_FILE", jobs[".fleetform"]["variables"]["FLEETFORM_FILE"].as_str().unwrap());
    if !job["environment"].is_null() {
        command.envs(desk.credentials()).env("GITLAB_TOKEN", "a-token");
    }
    command.envs(more.iter().copied());
    let output = command.output().unwrap();
    let log = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    Job { code: output.status.code().unwrap(), log, folder }
}

impl Job {
    pub(crate) fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, expected, "{}", self.log);
        self
    }
}

#[test]
fn a_merge_request_is_validated_without_credentials() {
    let desk = Desk::new();
    let good = desk.git("author", &["rev-parse", "HEAD"]);
    run(&desk, "fleetform-validate", &good, &[]).code(0);
    let bad = desk.commit("bad", "version: 1\nserver: []\n");
    run(&desk, "fleetform-validate", &bad, &[]).code(1);
}

#[test]
fn what_was_pending_is_applied_and_nothing_else() {
    let desk = Desk::new();
    let sha = desk.git("author", &["rev-parse", "HEAD"]);
    let pending = run(&desk, "fleetform-pending", &sha, &[]).code(0);
    let apply = || {
        // What `needs:` hands on.
        fs::copy(pending.folder.join("plan.json"), desk.path("plan.json")).unwrap();
        let script = jobs()["fleetform-apply"]["script"][0]
            .as_str()
            .unwrap()
            .replace("plan.json", desk.path("plan.json").to_str().unwrap());
        assert!(script.starts_with("fleetform apply --approved "));
        let mut command = Command::new(env!("CARGO_BIN_EXE_fleetform"));
        let words: Vec<_> = script.split(' ').skip(1).collect();
        command.args(words).current_dir(&pending.folder).env_clear().envs(desk.credentials());
        command.output().unwrap().status.code().unwrap()
    };
    desk.power("1", "off");
    assert_eq!((apply(), desk.accepted()), (5, 0));
    desk.power("1", "on");
    assert_eq!((apply(), desk.accepted()), (0, 2));
}

#[test]
fn a_plan_with_problems_stops_the_pipeline() {
    let desk = Desk::new();
    let sha = desk.commit("main", &desk.fleet("servers:\n  - { name: nobody, power: on }\n"));
    run(&desk, "fleetform-pending", &sha, &[]).code(1);
}

#[test]
fn only_out_of_reach_is_tried_again() {
    let jobs = jobs();
    assert_eq!(jobs["fleetform-apply"]["retry"], serde_json::json!({ "max": 2, "exit_codes": [6] }));
    assert_eq!(jobs["fleetform-apply"]["rules"][2]["when"], "manual");
    assert_eq!(jobs["fleetform-apply"]["rules"][1]["if"], "\"manual\" == \"automatic\"");
}
