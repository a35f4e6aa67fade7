//! The hook for pre-commit: its shape, its pattern, and its command with the arguments that its comments show.

use crate::desk::Desk;
use crate::files::{parsed, text, yaml};
use serde_json::Value;
use std::fs;
use std::process::Command;

fn hook() -> Value {
    let hooks = yaml(".pre-commit-hooks.yaml");
    assert_eq!(hooks.as_array().unwrap().len(), 1);
    hooks[0].clone()
}

/// The entries that the comments show to users.
fn examples() -> Vec<Value> {
    let lines = text(".pre-commit-hooks.yaml");
    let shown = lines.lines().filter_map(|line| line.strip_prefix("#       "));
    parsed("examples", &shown.collect::<Vec<_>>().join("\n")).as_array().unwrap().clone()
}

#[test]
fn it_has_the_documented_shape() {
    let hook = hook();
    for key in ["id", "name", "entry", "language", "files"] {
        assert!(hook[key].is_string(), "{key}");
    }
    assert_eq!((&hook["language"], &hook["pass_filenames"]), (&"rust".into(), &false.into()));
    // What pre-commit builds is the package in the root, and what it runs must be one of its programs.
    assert!(hook["entry"].as_str().unwrap().starts_with(&format!("{} ", env!("CARGO_PKG_NAME"))));
    assert!(examples().iter().all(|example| example["id"] == hook["id"]));
}

/// Whether a pattern would start the hook, as `grep` sees it: these patterns mean the same there.
fn starts(pattern: &str, path: &str) -> bool {
    let mut child = Command::new("grep")
        .args(["-E", "-q", "-e", pattern])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), path.as_bytes()).unwrap();
    child.wait().unwrap().success()
}

#[test]
fn its_pattern_finds_fleet_files() {
    let pattern = hook()["files"].as_str().unwrap().to_owned();
    for path in ["fleet.yaml", "fleet.yml", "sites/east/fleet.yaml"] {
        assert!(starts(&pattern, path), "{path}");
    }
    for path in ["myfleet.yaml", "fleet.yaml.orig", "world.yaml", "fleetXyaml"] {
        assert!(!starts(&pattern, path), "{path}");
    }
}

fn run(desk: &Desk, args: &[&str]) -> bool {
    let entry = hook()["entry"].as_str().unwrap().replacen("fleetform", env!("CARGO_BIN_EXE_fleetform"), 1);
    let words: Vec<_> = entry.split(' ').chain(args.iter().copied()).collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).current_dir(desk.path("author")).env_clear().output().unwrap().status.success()
}

#[test]
fn its_command_tells_good_files_from_bad_ones_without_credentials() {
    let desk = Desk::new();
    assert!(run(&desk, &[]));
    fs::write(desk.path("author/fleet.yaml"), "version: 1\nserver: []\n").unwrap();
    assert!(!run(&desk, &[]));
}

#[test]
fn the_arguments_in_its_comments_work() {
    let desk = Desk::new();
    let fleet = fs::read_to_string(desk.path("author/fleet.yaml")).unwrap();
    fs::create_dir_all(desk.path("author/fleets/east")).unwrap();
    fs::write(desk.path("author/fleets/east/all.yaml"), &fleet).unwrap();
    fs::write(desk.path("author/base.yaml"), &fleet).unwrap();
    fs::write(desk.path("author/west.yaml"), "version: 1\nservers:\n  - { name: app, provider: flex }\n")
        .unwrap();
    fs::remove_file(desk.path("author/fleet.yaml")).unwrap();
    assert!(!run(&desk, &[]), "there is no default file");
    let examples: Vec<_> = examples().into_iter().filter(|example| !example["args"].is_null()).collect();
    assert_eq!(examples.len(), 2);
    for (example, changed) in examples.iter().zip(["fleets/east/all.yaml", "west.yaml"]) {
        let args: Vec<_> =
            example["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap()).collect();
        assert!(run(&desk, &args), "{args:?}");
        assert!(starts(example["files"].as_str().unwrap(), changed), "{changed}");
    }
}
