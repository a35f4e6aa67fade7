//! Runs the files of `valid` and `invalid`.

use crate::specs::SPECS;
use fleetform::config::{Mode, load};
use fleetform::report::diagnostics::render;
use std::path::{Path, PathBuf};

/// The files of a folder; a directory in it is one case of several files.
fn cases(folder: &str) -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = Path::new("tests/config")
        .join(folder)
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_none_or(|extension| extension != "txt"))
        .collect();
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

#[test]
fn valid_files_load_without_a_word() {
    for path in cases("valid") {
        match load(std::slice::from_ref(&path), &SPECS, Mode::default()) {
            Ok(loaded) if loaded.warnings.is_empty() => {}
            Ok(loaded) => panic!("{}:\n{}", path.display(), render(&loaded.warnings, false)),
            Err(found) => panic!("{}:\n{}", path.display(), render(&found, false)),
        }
    }
}

#[test]
fn invalid_files_are_refused_with_the_text_beside_them() {
    let bless = option_env_set("BLESS");
    let mut wrong = Vec::new();
    for path in cases("invalid") {
        let Err(found) = load(std::slice::from_ref(&path), &SPECS, Mode::default()) else {
            panic!("{} was accepted", path.display());
        };
        let text = render(&found, false);
        let expected = path.with_extension("txt");
        if bless {
            std::fs::write(&expected, &text).unwrap();
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != text {
            wrong.push(format!("{}:\n{text}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}\nBLESS=1 writes the expected texts anew", wrong.join("\n"));
}

fn option_env_set(name: &str) -> bool {
    std::env::var_os(name).is_some()
}
