//! The files of the pipelines, read.

use fleetform::config::read_as_json;
use serde_json::Value;
use std::fs;
use std::path::Path;

pub(crate) const WORKFLOWS: [&str; 5] = ["plan", "comment", "snapshot", "apply", "drift"];

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) fn parsed(name: &str, text: &str) -> Value {
    read_as_json(name, text).unwrap_or_else(|found| panic!("{name}: {found:#?}"))
}

pub(crate) fn yaml(path: &str) -> Value {
    parsed(path, &text(path))
}

pub(crate) fn workflow(name: &str) -> Value {
    yaml(&format!("examples/ci/github/{name}.yml"))
}

pub(crate) fn action() -> Value {
    yaml("action.yml")
}

/// The component's header and its jobs: two documents in one file.
pub(crate) fn component() -> (Value, Value) {
    let text = text("ci/gitlab/templates/fleetform.yml");
    let (header, jobs) = text.split_once("\n---\n").expect("a component has two documents");
    (parsed("header", header), parsed("jobs", jobs))
}

/// Every step of a workflow's jobs, or of the action.
pub(crate) fn steps(file: &Value) -> Vec<&Value> {
    let jobs = file["jobs"].as_object().into_iter().flat_map(|jobs| jobs.values());
    let lists = jobs.map(|job| &job["steps"]).chain([&file["runs"]["steps"]]);
    lists.filter_map(Value::as_array).flatten().collect()
}

/// Every text in a value, with the path to it.
pub(crate) fn texts(value: &Value) -> Vec<(String, String)> {
    fn walk(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
        match value {
            Value::String(text) => found.push((path.into(), text.clone())),
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    walk(item, &format!("{path}/{at}"), found);
                }
            }
            Value::Object(entries) => {
                for (key, item) in entries {
                    walk(item, &format!("{path}/{key}"), found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(value, "", &mut found);
    found
}
