//! Files and directories on disk.

use crate::specs::{HEAD, SPECS};
use fleetform::config::{Diagnostic, Loaded, Mode, load, load_early};
use fleetform::report::diagnostics::render;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn directory(files: &[(&str, &[u8])]) -> TempDir {
    let directory = TempDir::new().unwrap();
    for (name, bytes) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    directory
}

fn read(paths: &[&Path]) -> Result<Loaded, Vec<Diagnostic>> {
    let paths: Vec<PathBuf> = paths.iter().map(|path| path.to_path_buf()).collect();
    load(&paths, &SPECS, Mode::default())
}

#[test]
fn a_missing_file_says_what_to_do() {
    let found = load(&[PathBuf::from("no/such/fleet.yaml")], &SPECS, Mode::default()).unwrap_err();
    let text = render(&found, false);
    assert_eq!(found[0].code, "file_not_found");
    for part in ["no/such/fleet.yaml", "fleetform init", "-f", "FLEETFORM_FILE"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn without_paths_the_default_file_is_read() {
    let found = load(&[], &SPECS, Mode::default()).unwrap_err();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message, "there is no file fleet.yaml");
}

#[test]
fn a_directory_means_its_yaml_files_in_the_order_of_their_names() {
    let directory = directory(&[
        ("b.yml", b"servers: [{ name: b }]\n"),
        ("a.yaml", HEAD.as_bytes()),
        ("world.yaml", b"not: a fleet file\n"),
        ("world.yml", b"not: a fleet file\n"),
        (".hidden.yaml", b"not: a fleet file\n"),
        ("notes.txt", b"not yaml: ["),
        ("folder.yaml/c.yaml", b"not: read\n"),
    ]);
    let fleet = read(&[directory.path()]).unwrap().fleet;
    let names: Vec<_> =
        fleet.files.iter().map(|f| Path::new(&*f.path).file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["a.yaml", "b.yml"]);
    assert_eq!(fleet.servers.len(), 1);
    assert_eq!(fleet.ledger, directory.path().join(".fleetform"));
}

#[test]
fn a_file_given_twice_is_read_once() {
    let directory = directory(&[("a.yaml", HEAD.as_bytes())]);
    let fleet = read(&[directory.path(), &directory.path().join("a.yaml")]).unwrap().fleet;
    assert_eq!(fleet.files.len(), 1);
}

#[test]
fn a_directory_without_yaml_is_an_error() {
    let directory = directory(&[("world.yaml", b"a: b\n")]);
    let found = read(&[directory.path()]).unwrap_err();
    assert_eq!(found[0].code, "empty_directory");
}

#[test]
fn the_checksum_is_of_the_bytes_on_disk() {
    let directory = directory(&[("a.yaml", b"\xef\xbb\xbfversion: 1\r\n")]);
    let fleet = read(&[directory.path()]).unwrap().fleet;
    let digest = Sha256::digest(b"\xef\xbb\xbfversion: 1\r\n");
    let expected = digest.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    assert_eq!(fleet.files[0].sha256, expected);
}

#[test]
fn what_is_no_text_is_refused_with_its_place() {
    let directory = directory(&[("a.yaml", b"version: 1\n# gr\xf6sse\n")]);
    let found = read(&[directory.path()]).unwrap_err();
    assert_eq!(found[0].code, "not_utf8");
    let place = found[0].location.as_ref().unwrap();
    assert_eq!((place.line, place.column), (2, 5));
}

#[test]
fn a_huge_file_is_refused_without_being_read() {
    let directory = directory(&[]);
    let path = directory.path().join("huge.yaml");
    fs::File::create(&path).unwrap().set_len(100 << 30).unwrap();
    let found = read(&[&path]).unwrap_err();
    assert_eq!(found[0].code, "file_too_large");
}

#[test]
fn a_file_that_cannot_be_read_hides_nothing_of_the_others_and_makes_no_follow_up() {
    let directory = directory(&[("a.yaml", b"servers:\n  - { name: a, provider: east, power: maybe }\n")]);
    let found = read(&[&directory.path().join("gone.yaml"), directory.path()]).unwrap_err();
    let codes: Vec<_> = found.iter().map(|diagnostic| diagnostic.code).collect();
    assert_eq!(codes, ["file_not_found", "bad_power"]);
}

#[test]
fn findings_are_plain_data_for_json() {
    let directory = directory(&[("a.yaml", b"version: 1\nsurvers: []\n")]);
    let path = directory.path().join("a.yaml");
    let found = read(&[&path]).unwrap_err();
    let expected = serde_json::json!([{
        "code": "unknown_key",
        "severity": "error",
        "message": "unknown key \"survers\" in a fleet file",
        "location": { "file": path.to_str().unwrap(), "line": 2, "column": 1 },
        "excerpt": { "text": "survers: []", "caret": 0, "length": 7 },
        "cure": "did you mean \"servers\"?",
    }]);
    assert_eq!(serde_json::to_value(&found).unwrap(), expected);
}

#[test]
fn connections_are_handed_out_before_the_servers_are_read() {
    let early = |text: &str| {
        let directory = directory(&[("a.yaml", text.as_bytes()), ("b.yaml", b"servers: []\n")]);
        let mut seen = None;
        let loaded =
            load_early(&[directory.path().to_path_buf()], &SPECS, Mode::default(), &mut |connections| {
                seen = Some(connections.clone());
            });
        (seen, loaded.map(|loaded| loaded.fleet.connections).map_err(|found| found[0].code))
    };
    for text in [HEAD.to_owned(), HEAD.replace('\n', "\r\n"), format!("{HEAD}servers:\n- name: a\n")] {
        let (seen, loaded) = early(&text);
        assert_eq!(seen.unwrap(), loaded.unwrap());
    }
    let (seen, loaded) = early(&format!("{HEAD}servers: [{{ name: a, power: maybe }}]\n"));
    assert!(seen.is_some() && loaded == Err("bad_power"));
    let (seen, loaded) = early(&HEAD.replace("type: grid", "type: gird"));
    assert!(seen.is_none() && loaded == Err("unknown_type"));
    let text =
        "version: 1\nledger: |\nproviders:\n  a: { type: grid, api_key: '${env:P}', secret: '${env:P}' }\n";
    let (seen, loaded) = early(&text.replace('|', "\""));
    assert!(seen.is_none() || loaded.is_err(), "{loaded:?}");
    let (seen, loaded) = early(&text.replace("ledger: |\n", ""));
    assert_eq!(seen.unwrap(), loaded.unwrap());
}
