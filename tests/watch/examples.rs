//! The files that run a watcher for good: they can be read, and the command lines in them are ones that the program takes.

use crate::desk::{Desk, Ran, run_in};
use crate::watching::{SERVERS, world};
use fleetform::config::read_as_json;
use serde_json::Value;
use std::fs;
use std::path::Path;

fn text(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/watch").join(name)).unwrap()
}

fn yaml(name: &str) -> Value {
    read_as_json(name, &text(name)).unwrap_or_else(|found| panic!("{name}: {found:#?}"))
}

/// The arguments in all the files, each with its name.
fn command_lines() -> Vec<(&'static str, Vec<String>)> {
    let words = |value: &Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    let container = |name: &'static str, at: &str| {
        let file = yaml(name);
        let container = file.pointer(at).unwrap_or_else(|| panic!("{name}: {at}")).clone();
        (name, words(&container["args"]))
    };
    let unit = text("fleetform-watch.service");
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/fleetform ")).unwrap();
    vec![
        container("deployment.yml", "/spec/template/spec/containers/0"),
        container("cronjob.yml", "/spec/jobTemplate/spec/template/spec/containers/0"),
        ("compose.yml", words(&yaml("compose.yml")["services"]["watch"]["command"])),
        ("fleetform-watch.service", start.split(' ').map(str::to_owned).collect()),
    ]
}

#[test]
fn every_command_line_is_one_that_the_program_takes() {
    for (name, mut line) in command_lines() {
        let desk = Desk::with(world(), SERVERS);
        let file = line.iter_mut().find(|word| word.ends_with("/fleet.yaml")).unwrap();
        "fleet.yaml".clone_into(file);
        if !line.iter().any(|word| word == "--once") {
            line.push("--once".into());
        }
        // Any port that is free.
        if let Some(listen) = line.iter_mut().find(|word| word.ends_with(":9646")) {
            "0.0.0.0:0".clone_into(listen);
        }
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        assert!(line.contains(&"watch") && line.contains(&"--enforce"), "{name}");
        let mut command = desk.command(&line);
        let ran = command.env("FLEETFORM_LISTEN_TOKEN", "a-token-of-sixteen-or-more").output().unwrap();
        Ran::from(ran).code(0).says("0 of 16 servers not as declared");
    }
}

#[test]
fn who_stops_a_watcher_gives_it_time_and_takes_130_for_an_end() {
    let unit = text("fleetform-watch.service");
    for line in ["SuccessExitStatus=130", "ExecReload=/bin/kill -HUP $MAINPID", "TimeoutStopSec=16min"] {
        assert!(unit.lines().any(|one| one == line), "{line}");
    }
    assert_eq!(yaml("compose.yml")["services"]["watch"]["stop_grace_period"], "16m");
    let seconds = &yaml("deployment.yml")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"];
    assert_eq!(*seconds, 960);
    assert_eq!(yaml("cronjob.yml")["spec"]["concurrencyPolicy"], "Forbid");
}

#[test]
fn the_example_puts_right_what_its_policy_enforces() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["fleet.yaml", "world.yaml"] {
        fs::write(folder.path().join(file), text(file)).unwrap();
    }
    let ran = run_in(folder.path(), &["watch", "--simulate", "--enforce", "--once"]).code(0);
    assert!(ran.err.contains("corrected flex/web-06"), "{ran:#?}");
    assert!(ran.err.contains("drift flex/lab-1: power on -> off (declared); reported only"), "{ran:#?}");
    run_in(folder.path(), &["watch", "--simulate", "--once"]).code(0).says("2 of 9 servers not as declared");
}
