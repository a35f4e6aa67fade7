//! The published schemas accept what the program writes and reads, and refuse what it would not.

use super::fleet_files;
use super::schemas::Schema;
use fleetform::config::read_as_json;
use fleetform::report::events::{FIRST_BYTES, StreamEvent, event_line};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

fn json_at(path: &PathBuf) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Every golden case's plan: all actions, fallbacks, problems, guards.
fn plans() -> Vec<(PathBuf, Value)> {
    let folders = fs::read_dir(super::root().join("tests/golden")).unwrap();
    let paths = folders.map(|entry| entry.unwrap().path().join("plan.json")).filter(|path| path.exists());
    paths.map(|path| (path.clone(), json_at(&path))).collect()
}

/// Puts something else in every place of a document, one after another, and returns those that are still accepted.
fn accepted_though_wrong(schema: &Schema, document: &Value, at: &str, wrong: &mut Vec<String>) {
    let found = document.pointer(at).unwrap();
    let keys: Vec<String> = match found {
        Value::Object(map) => map.keys().cloned().collect(),
        Value::Array(list) => (0..list.len()).map(|index| index.to_string()).collect(),
        _ => Vec::new(),
    };
    for key in keys {
        let place = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        let mut changed = document.clone();
        // Nothing is written as a list in a list.
        *changed.pointer_mut(&place).unwrap() = json!([[]]);
        if schema.accepts(&changed).is_ok() {
            wrong.push(place.clone());
        }
        accepted_though_wrong(schema, document, &place, wrong);
    }
}

#[test]
fn every_plan_is_valid_and_nothing_in_it_may_be_anything() {
    let schema = Schema::published("plan");
    let plans = plans();
    assert!(plans.len() >= 30, "only {} plans were found", plans.len());
    for (path, plan) in plans {
        schema.accepts(&plan).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        let mut wrong = Vec::new();
        accepted_though_wrong(&schema, &plan, "", &mut wrong);
        assert!(wrong.is_empty(), "{}: anything is accepted at {wrong:?}", path.display());
    }
}

#[test]
fn every_fleet_file_that_is_valid_is_valid_for_editors_too() {
    let schema = Schema::published("fleet");
    let mut files = Vec::new();
    fleet_files(&super::root().join("examples"), &mut files);
    let golden = fs::read_dir(super::root().join("tests/golden")).unwrap();
    files.extend(golden.map(|entry| entry.unwrap().path().join("fleet.yaml")).filter(|path| path.exists()));
    files.push(super::root().join("src/cli/commands/init/fleet.yaml"));
    assert!(files.len() > 40, "only {} files were found", files.len());
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let value = read_as_json("fleet.yaml", &text).unwrap();
        schema.accepts(&value).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    }
}

#[test]
fn a_fleet_file_with_a_typing_error_is_not_valid_for_editors() {
    let schema = Schema::published("fleet");
    for servers in [
        json!([{ "name": "a", "pwoer": "on" }]),
        json!([{ "name": "a", "power": "of" }]),
        json!([{ "power": "on" }]),
        json!("a"),
    ] {
        let flex = json!({ "type": "hostway", "endpoint": "https://api.example.org" });
        let mut file = json!({ "version": 1, "providers": { "flex": flex }, "servers": [] });
        schema.accepts(&file).unwrap();
        file["servers"] = servers;
        assert!(schema.accepts(&file).is_err(), "{file}");
    }
}

#[test]
fn a_line_of_events_begins_as_every_stream_does_and_no_kind_is_free_of_form() {
    let schema = Schema::published("events");
    let line = event_line(1, jiff::Timestamp::UNIX_EPOCH, StreamEvent::Dropped { count: 3 }).unwrap();
    assert!(line.starts_with(FIRST_BYTES.as_bytes()));
    let line: Value = serde_json::from_slice(&line).unwrap();
    schema.accepts(&line).unwrap();
    let mut wrong = Vec::new();
    accepted_though_wrong(&schema, &line, "", &mut wrong);
    assert!(wrong.is_empty(), "{wrong:?}");
    for (key, value) in [("kind", json!("dorpped")), ("at", json!("yesterday")), ("seq", json!(-1))] {
        let mut changed = line.clone();
        changed[key] = value;
        assert!(schema.accepts(&changed).is_err(), "{changed}");
    }
    for key in ["format_version", "seq", "at", "kind", "count"] {
        let mut changed = line.clone();
        changed.as_object_mut().unwrap().remove(key);
        assert!(schema.accepts(&changed).is_err(), "{changed}");
    }
}
