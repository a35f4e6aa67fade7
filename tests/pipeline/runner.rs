//! Runs a job as GitHub's runner does, as far as these workflows need one: steps in order, expressions, the files that
//! steps talk through, a clean environment for each, and `bash -eo pipefail`.

use crate::desk::Desk;
use crate::expression::{Scope, shown};
use crate::files::action;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

type Environment = BTreeMap<String, String>;

/// A step that ran.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) name: String,
    pub(crate) code: i32,
    pub(crate) log: String,
}

/// A job that ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) steps: Vec<Ran>,
    /// What the steps put out, by their ids.
    pub(crate) outputs: Value,
    pub(crate) summary: String,
    pub(crate) workspace: PathBuf,
    /// The values of all environments that steps were given.
    pub(crate) seen: Vec<String>,
}

impl Ended {
    /// Every step that ran succeeded.
    pub(crate) fn success(self) -> Self {
        assert!(self.steps.iter().all(|step| step.code == 0), "{self:#?}");
        self
    }

    /// This step failed so, and was the first to fail.
    pub(crate) fn failed_at(self, name: &str, code: i32) -> Self {
        let first = self.steps.iter().find(|step| step.code != 0);
        assert_eq!(first.map(|step| (step.name.as_str(), step.code)), Some((name, code)), "{self:#?}");
        self
    }

    pub(crate) fn step(&self, name: &str) -> &Ran {
        let found = self.steps.iter().find(|step| step.name == name);
        found.unwrap_or_else(|| panic!("{name} did not run: {self:#?}"))
    }

    pub(crate) fn ran(&self, name: &str) -> bool {
        self.steps.iter().any(|step| step.name == name)
    }
}

pub(crate) struct Runner<'a> {
    desk: &'a Desk,
    /// `github`, `secrets`, `inputs`: what GitHub would have given.
    contexts: Value,
    name: String,
    workspace: PathBuf,
    temp: PathBuf,
    environment: Environment,
    path: Vec<PathBuf>,
    ran: Vec<Ran>,
    failed: bool,
    seen: Vec<String>,
}

impl<'a> Runner<'a> {
    /// `name` is the run's number: its artifacts are found by it.
    pub(crate) fn new(desk: &'a Desk, name: &str, contexts: &Value) -> Self {
        let folder = desk.path("runs").join(format!("{name}-{}", desk.asked().lines().count()));
        let (workspace, temp) = (folder.join("workspace"), folder.join("temp"));
        for place in [&workspace, &temp] {
            assert!(!place.exists(), "a run begins on a clean machine");
            fs::create_dir_all(place).unwrap();
        }
        let mut contexts = contexts.clone();
        contexts["github"]["token"] = json!("the-job's-token");
        contexts["runner"] = json!({"os": "Linux", "arch": "X64", "temp": temp});
        contexts["steps"] = json!({});
        let mut environment: Environment = [
            ("GH_DATA", desk.path("service").display().to_string()),
            ("BUILT_FLEETFORM", env!("CARGO_BIN_EXE_fleetform").to_owned()),
            ("HOME", desk.path("home").display().to_string()),
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("GITHUB_REPOSITORY", "somebody/servers".to_owned()),
            ("GITHUB_RUN_ID", name.to_owned()),
            ("GITHUB_WORKSPACE", workspace.display().to_string()),
            ("GITHUB_ACTION_PATH", crate::files::root().display().to_string()),
            ("GITHUB_STEP_SUMMARY", temp.join("summary").display().to_string()),
            ("RUNNER_TEMP", temp.display().to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        environment.insert("GITHUB_SHA".into(), shown(&contexts["github"]["sha"]));
        if let Some(url) = contexts["github"]["api_url"].as_str() {
            environment.insert("GITHUB_API_URL".into(), url.into());
        }
        let system = std::env::var_os("PATH").unwrap();
        let path = [desk.path("stubs")].into_iter().chain(std::env::split_paths(&system)).collect();
        let (ran, seen, name) = (Vec::new(), Vec::new(), name.to_owned());
        Self { desk, contexts, name, workspace, temp, environment, path, ran, failed: false, seen }
    }

    /// Runs a workflow's only job.
    pub(crate) fn job(mut self, workflow: &Value) -> Ended {
        let jobs = workflow["jobs"].as_object().unwrap();
        assert_eq!(jobs.len(), 1);
        let job = jobs.values().next().unwrap();
        if self.scope().holds(job["if"].as_str()) {
            let environment = self.with(&self.environment.clone(), &job["env"]);
            self.steps(job["steps"].as_array().unwrap(), &environment);
        }
        self.end()
    }

    /// Runs one step that uses the action, in a folder of the caller's.
    pub(crate) fn action(mut self, inputs: &Value, folder: &Path, environment: &[(String, String)]) -> Ended {
        folder.clone_into(&mut self.workspace);
        let mut all = self.environment.clone();
        all.extend(environment.iter().cloned());
        self.composite(&json!({ "with": inputs }), &all);
        self.end()
    }

    fn end(self) -> Ended {
        let summary = fs::read_to_string(self.temp.join("summary")).unwrap_or_default();
        let outputs = self.contexts["steps"].clone();
        Ended { steps: self.ran, outputs, summary, workspace: self.workspace, seen: self.seen }
    }

    fn scope(&self) -> Scope<'_> {
        Scope { contexts: &self.contexts, failed: self.failed }
    }

    /// An environment with a step's own variables.
    fn with(&self, environment: &Environment, own: &Value) -> Environment {
        let mut all = environment.clone();
        for (name, value) in own.as_object().into_iter().flatten() {
            all.insert(name.clone(), self.scope().interpolate(&shown(value)));
        }
        all
    }

    fn steps(&mut self, steps: &[Value], environment: &Environment) {
        for step in steps {
            if !self.scope().holds(step["if"].as_str()) {
                continue;
            }
            let environment = self.with(environment, &step["env"]);
            let name = ["name", "uses"].iter().find_map(|key| step[key].as_str()).unwrap_or("run").to_owned();
            let (code, log) = match step["uses"].as_str() {
                None => self.script(step, &environment),
                Some("actions/checkout@v4") => self.checkout(&step["with"]),
                Some("actions/cache@v4") => (0, "nothing is cached".into()),
                Some("actions/upload-artifact@v4") => self.upload(&step["with"]),
                Some("OWNER/fleetform@COMMIT") => {
                    self.composite(step, &environment);
                    continue;
                }
                Some(other) => panic!("{other} is not known here"),
            };
            self.failed |= code != 0;
            self.ran.push(Ran { name, code, log });
        }
    }

    fn composite(&mut self, step: &Value, environment: &Environment) {
        let action = action();
        let mut inputs = Map::new();
        for (name, input) in action["inputs"].as_object().unwrap() {
            let given = step["with"].get(name).unwrap_or(&input["default"]);
            inputs.insert(name.clone(), json!(self.scope().interpolate(&shown(given))));
        }
        let outer = (self.contexts["inputs"].take(), self.contexts["steps"].take());
        self.contexts["inputs"] = Value::Object(inputs);
        self.contexts["steps"] = json!({});
        self.steps(action["runs"]["steps"].as_array().unwrap(), environment);
        self.contexts["inputs"] = outer.0;
        let mut outputs = Map::new();
        for (name, output) in action["outputs"].as_object().unwrap() {
            outputs.insert(name.clone(), json!(self.scope().interpolate(output["value"].as_str().unwrap())));
        }
        self.contexts["steps"] = outer.1;
        let id = step["id"].as_str().unwrap_or("action").to_owned();
        self.contexts["steps"][id] = json!({ "outputs": outputs });
    }

    fn script(&mut self, step: &Value, environment: &Environment) -> (i32, String) {
        self.seen.extend(environment.values().cloned());
        let (script, output, path) =
            (self.temp.join("script.sh"), self.temp.join("output"), self.temp.join("path"));
        fs::write(&script, step["run"].as_str().unwrap()).unwrap();
        for file in [&output, &path] {
            fs::write(file, "").unwrap();
        }
        let ended = Command::new("bash")
            .args(["--noprofile", "--norc", "-eo", "pipefail"])
            .arg(&script)
            .current_dir(&self.workspace)
            .env_clear()
            .envs(environment)
            .env("PATH", std::env::join_paths(&self.path).unwrap())
            .env("GITHUB_OUTPUT", &output)
            .env("GITHUB_PATH", &path)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        for line in fs::read_to_string(&path).unwrap().lines() {
            self.path.insert(0, line.into());
        }
        if let Some(id) = step["id"].as_str() {
            let text = fs::read_to_string(&output).unwrap();
            let pairs = text.lines().map(|line| line.split_once('=').expect("an output is name=value"));
            let outputs: Map<_, _> = pairs.map(|(name, value)| (name.to_owned(), json!(value))).collect();
            self.contexts["steps"][id] = json!({ "outputs": outputs });
        }
        let log = [ended.stdout, ended.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        (ended.status.code().unwrap(), log)
    }

    /// A shallow clone, or one of all branches where all of the history is asked for.
    fn checkout(&self, with: &Value) -> (i32, String) {
        let all = with["fetch-depth"] == 0;
        let workspace = self.workspace.display().to_string();
        let (depth, branches): (&[&str], _) =
            if all { (&[], "+refs/heads/*:refs/remotes/origin/*") } else { (&["--depth", "1"], "HEAD") };
        let sha = shown(&self.contexts["github"]["sha"]);
        self.desk.git(".", &["init", "--quiet", &workspace]);
        self.desk.git(&workspace, &["remote", "add", "origin", &self.desk.origin()]);
        self.desk.git(&workspace, &[&["fetch", "--quiet"], depth, &["origin", branches]].concat());
        self.desk.git(&workspace, &[&["fetch", "--quiet"], depth, &["origin", &sha]].concat());
        self.desk.git(&workspace, &["checkout", "--quiet", "--detach", &sha]);
        (0, String::new())
    }

    fn upload(&self, with: &Value) -> (i32, String) {
        let to = self.desk.path("service/artifacts").join(&self.name).join(with["name"].as_str().unwrap());
        let mut found = 0;
        for pattern in with["path"].as_str().unwrap().lines() {
            // The one form of pattern that is used: whatever begins so.
            let (start, is_open) = pattern.strip_suffix('*').map_or((pattern, false), |start| (start, true));
            for entry in fs::read_dir(&self.workspace).unwrap().flatten() {
                let name = entry.file_name().into_string().unwrap();
                if name == start || (is_open && name.starts_with(start)) {
                    fs::create_dir_all(&to).unwrap();
                    let copied =
                        Command::new("cp").arg("-a").arg(entry.path()).arg(to.join(&name)).status().unwrap();
                    assert!(copied.success());
                    found += 1;
                }
            }
        }
        (i32::from(found == 0 && with["if-no-files-found"] == "error"), format!("{found} files"))
    }
}
