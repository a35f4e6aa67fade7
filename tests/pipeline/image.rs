//! The Dockerfile, as far as it can be held without Docker: what it copies is there and is all that a build needs, its
//! build command builds what it installs, and the last stage is what its comments promise.

use crate::files::{root, text};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The instructions, continued lines joined.
fn instructions() -> Vec<(String, String)> {
    let text = text("Dockerfile").replace("\\\n", " ");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let split =
        |line: &str| line.split_once(' ').map(|(word, rest)| (word.to_owned(), rest.trim().to_owned()));
    lines.map(|line| split(line).expect("an instruction has an argument")).collect()
}

/// The stages: what they are built from, and their instructions.
fn stages() -> Vec<(String, Vec<(String, String)>)> {
    let mut stages: Vec<(String, Vec<_>)> = Vec::new();
    for (word, rest) in instructions() {
        if word == "FROM" {
            stages.push((rest, Vec::new()));
        } else {
            stages.last_mut().expect("FROM is first").1.push((word, rest));
        }
    }
    stages
}

/// What the first stage copies from the repository.
fn copied() -> Vec<String> {
    let (_, build) = &stages()[0];
    let copies = build.iter().filter(|(word, _)| word == "COPY");
    copies
        .flat_map(|(_, rest)| {
            let words: Vec<_> = rest.split_whitespace().map(str::to_owned).collect();
            words[..words.len() - 1].to_vec()
        })
        .collect()
}

fn has(stage: &[(String, String)], word: &str, text: &str) -> bool {
    stage.iter().any(|(found, rest)| found == word && rest.contains(text))
}

#[test]
fn the_stages_are_what_they_promise() {
    let stages = stages();
    let bases: Vec<_> = stages.iter().map(|(base, _)| base.as_str()).collect();
    let rust = format!("rust:{}-slim-bookworm AS build", env!("CARGO_PKG_RUST_VERSION"));
    assert_eq!(
        bases,
        [rust.as_str(), "alpine:3 AS with-git", "scratch"],
        "the last stage is the default one"
    );
    let (build, with_git, small) = (&stages[0].1, &stages[1].1, &stages[2].1);
    assert!(has(build, "RUN", "rustup target add x86_64-unknown-linux-musl"));
    assert!(has(
        build,
        "RUN",
        "cargo build --release --locked --target x86_64-unknown-linux-musl --bin fleetform"
    ));
    for package in ["ca-certificates", "musl-tools"] {
        assert!(has(build, "RUN", package), "{package}");
    }
    for package in ["git", "jq", "curl", "ca-certificates"] {
        assert!(has(with_git, "RUN", package), "{package}");
    }
    for stage in [with_git, small] {
        assert!(has(stage, "USER", "65532:65532") && has(stage, "LABEL", "image.licenses"));
    }
    assert!(!has(small, "RUN", ""), "scratch has nothing that could be run");
    assert!(has(small, "ENTRYPOINT", "[\"/usr/bin/fleetform\"]"), "no shell is needed");
    let certificates = "/etc/ssl/certs/ca-certificates.crt";
    assert!(has(small, "ENV", &format!("SSL_CERT_FILE={certificates}")) && has(small, "COPY", certificates));
}

#[test]
fn what_is_copied_is_there_and_is_let_through() {
    let ignore = text(".dockerignore");
    assert!(ignore.lines().any(|line| line == "*"), "nothing else gets into an image");
    let copied = copied();
    for source in &copied {
        assert!(root().join(source).exists(), "{source}");
        assert!(ignore.lines().any(|line| line == format!("!{source}")), "{source} is ignored");
    }
    let let_through = ignore.lines().filter_map(|line| line.strip_prefix('!'));
    assert!(let_through.into_iter().all(|path| copied.iter().any(|source| source == path)));
}

#[test]
fn what_is_copied_is_all_that_a_build_needs() {
    let folder = tempfile::tempdir().unwrap();
    for source in copied() {
        let status =
            Command::new("cp").arg("-a").arg(root().join(&source)).arg(folder.path()).status().unwrap();
        assert!(status.success());
    }
    // Every target of the manifest has its file, and the lock file fits.
    let cargo = |args: &[&str]| {
        let output = Command::new(env!("CARGO")).args(args).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    cargo(&["metadata", "--locked", "--offline", "--no-deps", "--format-version", "1"]);
    cargo(&["tree", "--locked", "--offline", "--edges", "normal"]);
    // What the source takes in while it is compiled is copied as well.
    for file in files_below(&folder.path().join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        for taken in text.split("include_str!(\"").skip(1) {
            let taken = taken.split('"').next().unwrap();
            assert!(file.parent().unwrap().join(taken).is_file(), "{} takes in {taken}", file.display());
        }
    }
}

fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    entries
        .flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}
