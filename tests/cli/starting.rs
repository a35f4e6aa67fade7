//! The newcomer's way: `init`, `--simulate`, the quickstart.

use crate::desk::run_in;
use std::fs;
use std::path::Path;

#[test]
fn what_init_writes_can_be_rehearsed_to_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    run_in(at, &["init"]).code(0).says("fleetform plan --simulate");
    run_in(at, &["init"]).code(1).says("--force");
    run_in(at, &["validate"]);
    run_in(at, &["plan", "--simulate", "--detailed-exitcode"]).code(2);
    run_in(at, &["apply", "--simulate", "--auto-approve", "--allow-delete"]).code(0);
    run_in(at, &["plan", "--simulate", "--detailed-exitcode"]).code(0).says("No changes");
    run_in(at, &["init", "--force"]).code(0);
}

#[test]
fn the_quickstart_converges_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart");
    for file in ["fleet.yaml", "world.yaml"] {
        fs::copy(source.join(file), at.join(file)).unwrap();
    }
    run_in(at, &["plan", "--simulate", "--out", "p.json", "--detailed-exitcode"]).code(2);
    run_in(at, &["apply", "p.json", "--auto-approve"]).code(64).says("--simulate");
    run_in(at, &["apply", "p.json", "--simulate", "--auto-approve"]).code(0);
    for _ in 0..2 {
        run_in(at, &["plan", "--simulate", "--detailed-exitcode"]).code(0).says("No changes");
    }
    run_in(at, &["status", "--simulate"]).code(0);
    assert!(!at.join(".fleetform/journal.jsonl").exists(), "a rehearsal leaves the real ledger alone");
}

#[test]
fn every_example_converges_and_stays() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let folders = fs::read_dir(examples).unwrap().map(|entry| entry.unwrap().path());
    // Pipelines: tests/pipeline.rs runs those.
    let folders: Vec<_> = folders.filter(|folder| !folder.ends_with("ci")).collect();
    assert!(folders.len() > fleetform::providers::REGISTRY.len(), "one for each type, and more");
    std::thread::scope(|scope| {
        for source in &folders {
            scope.spawn(move || {
                let folder = tempfile::tempdir().unwrap();
                let at = folder.path();
                for file in ["fleet.yaml", "world.yaml"] {
                    fs::copy(source.join(file), at.join(file)).unwrap();
                }
                let shown = source.display();
                let apply = ["apply", "--simulate", "--auto-approve", "--allow-delete", "--reboot-unknown"];
                let applied = run_in(at, &apply);
                assert_eq!(applied.code, Some(0), "{shown}: {applied:#?}");
                let again = run_in(at, &["plan", "--simulate", "--detailed-exitcode"]);
                assert!(again.code == Some(0) && again.out.contains("No changes"), "{shown}: {again:#?}");
            });
        }
    });
}

#[test]
fn a_world_that_is_not_there_says_how_to_get_one() {
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path(), &["init"]).code(0);
    fs::remove_file(folder.path().join("world.yaml")).unwrap();
    run_in(folder.path(), &["plan", "--simulate"]).code(1).says("world.yaml").says("init");
}
