//! What is written down is held equal to the code: schemas, examples, the README's matrix, the providers' pages.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on says so by stopping")]

#[path = "docs/codes.rs"]
mod codes;
#[path = "docs/schemas.rs"]
mod documents;
#[path = "schemas/mod.rs"]
mod schemas;

use fleetform::config::{Mode, fleet_schema, load};
use fleetform::ledger::{HoldRecord, Record};
use fleetform::plan::PlanDocument;
use fleetform::providers::{REGISTRY, specs};
use fleetform::report::events::EventLine;
use fleetform::report::{ApplyDocument, HistoryDocument, provider_rows, providers_text};
use fleetform::snapshot::Snapshot;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Compares a file with what the code makes of it; renews it where `BLESS` is set.
fn held_equal(path: &str, expected: &str) {
    let path = root().join(path);
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{} is not what the code makes; BLESS=1 renews it", path.display());
}

fn pretty(value: &impl serde::Serialize) -> String {
    format!("{}\n", serde_json::to_string_pretty(value).unwrap())
}

#[test]
fn schemas_are_what_the_code_writes() {
    held_equal("schemas/fleet.schema.json", &pretty(&fleet_schema(&specs())));
    held_equal("schemas/plan.schema.json", &pretty(&schemars::schema_for!(PlanDocument)));
    held_equal("schemas/snapshot.schema.json", &pretty(&schemars::schema_for!(Snapshot)));
    held_equal("schemas/events.schema.json", &pretty(&schemars::schema_for!(EventLine)));
    held_equal("schemas/apply.schema.json", &pretty(&schemars::schema_for!(ApplyDocument)));
    held_equal("schemas/ledger.schema.json", &pretty(&schemars::schema_for!(Record)));
    held_equal("schemas/holds.schema.json", &pretty(&schemars::schema_for!(HoldRecord)));
    held_equal("schemas/history.schema.json", &pretty(&schemars::schema_for!(HistoryDocument)));
}

fn fleet_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != ".fleetform" {
            fleet_files(&path, found);
        } else if path.extension().is_some_and(|it| it == "yaml") && name != "world.yaml" {
            found.push(path);
        }
    }
}

#[test]
fn every_example_is_a_valid_fleet_file_with_the_editor_line() {
    let mut examples = Vec::new();
    fleet_files(&root().join("examples"), &mut examples);
    assert!(!examples.is_empty());
    for path in examples {
        let text = fs::read_to_string(&path).unwrap();
        let first = text.lines().next().unwrap_or_default();
        let (_, schema) =
            first.split_once("$schema=").unwrap_or_else(|| panic!("{}: no editor line", path.display()));
        let schema = path.parent().unwrap().join(schema.trim());
        assert!(schema.exists(), "{}: {} does not exist", path.display(), schema.display());
        let loaded = load(std::slice::from_ref(&path), &specs(), Mode { simulated: false });
        assert!(loaded.is_ok(), "{}: {:?}", path.display(), loaded.err());
    }
}

#[test]
fn the_readme_shows_the_matrix_of_the_registry() {
    let text = providers_text(&provider_rows(&specs()));
    let matrix: String =
        text.lines().take(1 + REGISTRY.len()).fold(String::new(), |all, line| all + line + "\n");
    let path = root().join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let mark = "held equal by a test -->\n```text\n";
    let from = readme.find(mark).expect("the README has a matrix") + mark.len();
    let to = from + readme[from..].find("```").unwrap();
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, format!("{}{matrix}{}", &readme[..from], &readme[to..])).unwrap();
        return;
    }
    assert_eq!(&readme[from..to], matrix, "BLESS=1 renews it");
}

#[test]
fn every_provider_has_a_page_and_fixtures_of_its_own() {
    for row in REGISTRY {
        let folder = root().join("src/providers").join(row.spec.type_name.replace('-', "_"));
        let page = fs::read_to_string(folder.join("README.md")).unwrap_or_default();
        assert!(page.starts_with(&format!("# {}", row.spec.type_name)), "{}", folder.display());
    }
}

#[test]
fn the_readme_lists_every_exit_code() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for code in [0, 1, 2, 3, 4, 5, 6, 64, 130] {
        assert!(readme.contains(&format!("| {code} |")), "{code}");
    }
}
