//! What the files must look like: GitHub's and GitLab's documented shapes, and the line between jobs with credentials and
//! jobs that run what strangers wrote. Each rule is shown to fail on a file that breaks it.

use crate::files::{WORKFLOWS, action, component, parsed, steps, text, texts, workflow, yaml};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::{Command, Stdio};

/// GitHub's own by major version, and this repository's. No other code runs in these jobs.
const MAY_USE: [&str; 4] =
    ["actions/checkout@v4", "actions/cache@v4", "actions/upload-artifact@v4", "OWNER/fleetform@COMMIT"];

/// What a job's token may do, and why is said beside each line in the files.
fn permissions(name: &str) -> Value {
    match name {
        "plan" => json!({"contents": "read", "actions": "read"}),
        "comment" => json!({"actions": "read", "pull-requests": "write"}),
        "snapshot" => json!({"contents": "read"}),
        "apply" => json!({"contents": "write", "actions": "read", "pull-requests": "read"}),
        "drift" => json!({"contents": "read", "issues": "write"}),
        _ => panic!("{name} has no permissions here"),
    }
}

/// The events of a workflow.
fn events(workflow: &Value) -> Vec<String> {
    match &workflow["on"] {
        Value::String(one) => vec![one.clone()],
        Value::Array(all) => all.iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
        Value::Object(all) => all.keys().cloned().collect(),
        other => panic!("on: {other}"),
    }
}

/// What is wrong with a workflow or an action.
fn violations(file: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for step in steps(file) {
        match (step["run"].as_str(), step["uses"].as_str()) {
            (Some(run), None) if run.contains("${{") => {
                wrong.push(format!("an expression becomes text of a script: {run}"));
            }
            (None, Some(uses)) if !MAY_USE.contains(&uses) => wrong.push(format!("foreign code: {uses}")),
            (Some(_), None) | (None, Some(_)) => {}
            _ => wrong.push(format!("a step runs or uses: {step}")),
        }
    }
    if file["jobs"].is_object() {
        wrong.extend(workflow_violations(file));
    }
    wrong
}

fn workflow_violations(file: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let events = events(file);
    let is = |event: &str| events.iter().any(|one| one == event);
    if file["permissions"] != json!({}) {
        wrong.push("without permissions: {} on top a new job may do anything".into());
    }
    if is("pull_request_target") {
        wrong.push("pull_request_target gives strangers' code our secrets".into());
    }
    for (path, text) in texts(file) {
        let names_secret = text.to_lowercase().contains("secrets");
        let is_of_one_step = path.contains("/steps/") && path.contains("/env/");
        if names_secret && is("pull_request") {
            wrong.push(format!("{path}: a pull request's job sees a secret: {text}"));
        } else if names_secret && !is_of_one_step {
            wrong.push(format!("{path}: a secret is for the step that needs it, not for all: {text}"));
        }
    }
    for (name, job) in file["jobs"].as_object().unwrap() {
        for key in ["runs-on", "permissions", "timeout-minutes", "steps"] {
            if job[key].is_null() {
                wrong.push(format!("{name} has no {key}"));
            }
        }
        let checkouts = || steps(file).into_iter().filter(|step| step["uses"] == "actions/checkout@v4");
        if is("pull_request") {
            if !job["environment"].is_null() || !job["secrets"].is_null() {
                wrong.push(format!("{name}: an environment's secrets are for its jobs"));
            }
            if job["permissions"].as_object().into_iter().flatten().any(|(_, may)| may != "read") {
                wrong.push(format!("{name} may write, with code of the pull request"));
            }
            if checkouts().any(|step| step["with"]["persist-credentials"] != false) {
                wrong.push(format!("{name} leaves its token beside the code of the pull request"));
            }
        }
        // Whatever a pull request brings along may have the awaited name.
        let by_file =
            job["if"].as_str().is_some_and(|text| text.contains("github.event.workflow_run.path == "));
        if is("workflow_run") && !by_file {
            wrong.push(format!("{name} trusts the name of a workflow"));
        }
        if is("workflow_run")
            && job["permissions"]["pull-requests"] == "write"
            && checkouts().next().is_some()
        {
            wrong.push(format!("{name} may write and checks something out"));
        }
    }
    wrong
}

#[test]
fn every_workflow_keeps_the_rules() {
    for name in WORKFLOWS {
        let file = workflow(name);
        assert_eq!(violations(&file), Vec::<String>::new(), "{name}");
        let jobs = file["jobs"].as_object().unwrap();
        for job in jobs.values() {
            assert_eq!(job["permissions"], permissions(name), "{name}");
        }
        assert!(file["name"].is_string() && !jobs.is_empty(), "{name}");
    }
    assert_eq!(violations(&action()), Vec::<String>::new());
}

#[test]
fn a_broken_rule_is_seen() {
    let plan = text("examples/ci/github/plan.yml");
    let comment = text("examples/ci/github/comment.yml");
    let drift = text("examples/ci/github/drift.yml");
    let cases = [
        (&plan, "    env:\n", "    env:\n      PASSWORD: ${{ secrets.HOSTWAY_PASSWORD }}\n", "sees a secret"),
        (&plan, "    env:\n", "    env:\n      PASSWORD: ${{ toJSON(Secrets) }}\n", "sees a secret"),
        (&plan, "    runs-on", "    environment: production\n    runs-on", "an environment's secrets"),
        (&plan, "contents: read", "contents: write", "may write"),
        (&plan, "persist-credentials: false", "persist-credentials: true", "leaves its token"),
        (&plan, "  pull_request:\n", "  pull_request_target:\n", "pull_request_target"),
        (
            &plan,
            "run: fleetform validate",
            "run: echo ${{ github.event.pull_request.title }}",
            "text of a script",
        ),
        (&plan, "actions/upload-artifact@v4", "someone/upload@v1", "foreign code"),
        (&plan, "permissions: {}\n", "", "without permissions"),
        (&comment, "    steps:\n", "    steps:\n      - uses: actions/checkout@v4\n", "checks something out"),
        (&drift, "      LEDGER: fleetform-ledger", "      LEDGER: ${{ secrets.LEDGER }}", "not for all"),
        (&drift, "    timeout-minutes: 30\n", "", "no timeout-minutes"),
    ];
    for (file, good, bad, expected) in cases {
        let broken = file.replacen(good, bad, 1);
        assert!(&broken != file, "{good:?} is not in the file any more");
        let found = violations(&parsed("broken", &broken));
        assert!(found.iter().any(|one| one.contains(expected)), "{expected:?} is missing from {found:#?}");
    }
}

#[test]
fn the_action_has_the_documented_shape() {
    let action = action();
    for key in ["name", "description"] {
        assert!(action[key].is_string(), "{key} is required");
    }
    assert_eq!(action["runs"]["using"], "composite");
    for step in steps(&action) {
        assert!(step["run"].is_null() || step["shell"] == "bash", "a composite's run needs a shell: {step}");
    }
    for (name, input) in action["inputs"].as_object().unwrap() {
        assert!(input["description"].is_string() && !input["default"].is_null(), "input {name}");
        let used = texts(&action["runs"]).iter().any(|(_, text)| text.contains(&format!("inputs.{name} ")));
        assert!(used, "input {name} is not used");
    }
    let ids: Vec<_> = steps(&action).iter().filter_map(|step| step["id"].as_str()).collect();
    for (name, output) in action["outputs"].as_object().unwrap() {
        let value = output["value"].as_str().unwrap();
        assert!(output["description"].is_string() && value == format!("${{{{ steps.run.outputs.{name} }}}}"));
        assert!(ids.contains(&"run"));
    }
}

#[test]
fn inputs_of_the_action_that_workflows_give_exist() {
    let inputs = action()["inputs"].clone();
    for name in WORKFLOWS {
        let file = workflow(name);
        for step in steps(&file).into_iter().filter(|step| step["uses"] == "OWNER/fleetform@COMMIT") {
            for given in step["with"].as_object().unwrap().keys() {
                assert!(!inputs[given].is_null(), "{name}: the action has no input {given}");
            }
        }
    }
}

#[test]
fn workflows_find_each_other_by_name() {
    let names: Vec<_> = WORKFLOWS.map(|name| workflow(name)["name"].as_str().unwrap().to_owned()).into();
    for file in WORKFLOWS.map(workflow) {
        for awaited in file["on"]["workflow_run"]["workflows"].as_array().into_iter().flatten() {
            assert!(names.iter().any(|name| awaited == name), "{awaited} is no workflow's name");
        }
        for (_, script) in texts(&file["jobs"]) {
            for asked in script.split("--workflow ").skip(1) {
                let asked = asked.split(".yml").next().unwrap();
                assert!(WORKFLOWS.contains(&asked), "{asked}.yml is none of the workflows");
            }
        }
    }
}

#[test]
fn two_applies_never_overlap() {
    let group = &workflow("apply")["concurrency"];
    assert_eq!((&group["group"], &group["cancel-in-progress"]), (&json!("fleetform-apply"), &json!(false)));
    assert!(workflow("apply")["jobs"]["apply"]["environment"].is_string());
    let (_, jobs) = component();
    assert_eq!(jobs["fleetform-apply"]["resource_group"], "fleetform");
    assert_eq!(jobs["fleetform-apply"]["interruptible"], false);
}

#[test]
fn the_component_has_the_documented_shape() {
    let (header, jobs) = component();
    let inputs = header["spec"]["inputs"].as_object().unwrap();
    for (path, text) in texts(&jobs) {
        for used in text.split("$[[ inputs.").skip(1) {
            let name = used.split(" ]]").next().unwrap();
            assert!(inputs.contains_key(name), "{path}: there is no input {name}");
        }
    }
    for name in inputs.keys() {
        let all = text("ci/gitlab/templates/fleetform.yml");
        assert!(all.contains(&format!("$[[ inputs.{name} ]]")), "input {name} is not used");
    }
    for (name, job) in jobs.as_object().unwrap().iter().filter(|(name, _)| !name.starts_with('.')) {
        let base = job["extends"].as_str().unwrap();
        assert!(!jobs[base].is_null(), "{name} extends {base}, which is not there");
        assert!(job["script"].is_array(), "{name}");
        assert!(job["stage"].is_string() || jobs[base]["stage"].is_string(), "{name}");
    }
    let example = yaml("examples/ci/gitlab/.gitlab-ci.yml");
    for given in example["include"][0]["inputs"].as_object().unwrap().keys() {
        assert!(inputs.contains_key(given), "the example gives {given}, which is no input");
    }
    let file = example["include"][0]["file"].as_str().unwrap();
    assert!(crate::files::root().join(file.trim_start_matches('/')).is_file(), "{file}");
}

/// What a merge request's job may read: GitLab's own variables, the component's inputs, and what the script sets.
fn merge_request_violations(jobs: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for name in ["fleetform-validate", "fleetform-plan"] {
        let job = &jobs[name];
        if !job["environment"].is_null() || job["extends"] != ".fleetform-merge-request" {
            wrong.push(format!("{name} belongs to an environment, or is none of a merge request"));
        }
        for (path, text) in texts(job) {
            for used in text.split('$').skip(1) {
                let variable: String = used
                    .trim_start_matches('{')
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                    .collect();
                let is_set =
                    text.contains(&format!("{variable}=")) || text.contains(&format!("for {variable} in"));
                if !(variable.is_empty() || variable.starts_with("CI_") || is_set) {
                    wrong.push(format!("{name}{path} reads ${variable}"));
                }
            }
        }
    }
    wrong
}

#[test]
fn no_job_of_a_merge_request_reads_a_credential() {
    let (_, mut jobs) = component();
    assert_eq!(merge_request_violations(&jobs), Vec::<String>::new());
    let rules = jobs[".fleetform-merge-request"]["rules"].as_array().unwrap();
    assert!(
        rules.iter().all(|rule| rule["if"] == "$CI_PIPELINE_SOURCE == \"merge_request_event\""),
        "{rules:?}"
    );
    for bad in ["fleetform plan --args $HOSTWAY_PASSWORD", "curl --header \"${GITLAB_TOKEN}\""] {
        jobs["fleetform-plan"]["script"][0] = json!(bad);
        assert_eq!(merge_request_violations(&jobs).len(), 1, "{bad}");
    }
    jobs["fleetform-plan"]["environment"] = json!("production");
    assert_eq!(merge_request_violations(&jobs).len(), 2);
}

#[test]
fn every_script_is_one() {
    let (_, component) = component();
    let files = WORKFLOWS.map(workflow).into_iter().chain([action()]);
    let github = files.flat_map(|file| {
        let runs = steps(&file).into_iter().filter_map(|step| step["run"].as_str().map(str::to_owned));
        runs.map(|run| ("bash", run)).collect::<Vec<_>>()
    });
    let scripts = component.as_object().unwrap().values().filter_map(|job| job["script"].as_array());
    let gitlab = scripts.flatten().map(|line| ("sh", line.as_str().unwrap().to_owned()));
    let all: Vec<_> = github.chain(gitlab).collect();
    assert!(all.len() > 20, "only {} scripts were found", all.len());
    for (shell, script) in all {
        let mut child =
            Command::new(shell).arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}\n{script}", String::from_utf8_lossy(&output.stderr));
    }
}
