//! Signed snapshots: what was altered, signed by another or not at all is refused before a word of it is read.

use crate::desk::{Desk, Ran};
use crate::snapshot::document;
use minisign::KeyPair;

const PASSWORD: &str = "hunter2-of-the-key";

fn key(desk: &Desk, name: &str, password: Option<&str>) -> KeyPair {
    let pair = match password {
        None => KeyPair::generate_unencrypted_keypair(),
        Some(password) => KeyPair::generate_encrypted_keypair(Some(password.to_owned())),
    };
    let pair = pair.unwrap();
    desk.write(&format!("{name}.key"), &pair.sk.to_box(None).unwrap().into_string());
    desk.write(&format!("{name}.pub"), &pair.pk.to_box().unwrap().into_string());
    pair
}

fn signed() -> (Desk, KeyPair) {
    let desk = Desk::new("servers:\n  - { name: web-1, power: off }\n");
    let pair = key(&desk, "ours", None);
    desk.run(&["snapshot", "--out", "live.json", "--sign", "ours.key"]).code(0).says("signed");
    (desk, pair)
}

fn verified(desk: &Desk, key: &str) -> Ran {
    desk.run(&["plan", "--live", "live.json", "--verify-key", key, "--format", "json"])
}

#[test]
fn a_signed_snapshot_is_planned_from_and_the_key_is_told() {
    let (desk, pair) = signed();
    let comment = std::fs::read_to_string(desk.path("ours.pub")).unwrap();
    let id = comment.lines().next().unwrap().rsplit(' ').next().unwrap();
    for key in ["ours.pub", &pair.pk.to_base64()] {
        assert_eq!(verified(&desk, key).code(0).json()["snapshot"]["signed_by"], id);
    }
    desk.run(&["plan", "--live", "live.json", "--verify-key", "ours.pub"]).code(0).says(id);
    let unchecked = desk.run(&["plan", "--live", "live.json", "--format", "json"]).code(0).json();
    assert!(unchecked["snapshot"].get("signed_by").is_none(), "nobody checked it: {unchecked:#}");
    let signature = std::fs::read_to_string(desk.path("live.json.minisig")).unwrap();
    let taken_at: jiff::Timestamp =
        document(&desk.path("live.json"))["taken_at"].as_str().unwrap().parse().unwrap();
    let trusted = format!("trusted comment: timestamp:{}\tfile:live.json\thashed", taken_at.as_second());
    assert_eq!(signature.lines().nth(2), Some(&*trusted));
}

#[test]
fn an_encrypted_key_takes_its_password_from_the_environment_and_asks_nobody() {
    let desk = Desk::new("servers:\n  - { name: web-1 }\n");
    key(&desk, "locked", Some(PASSWORD));
    let snapshot = |password: Option<&str>| {
        let mut command = desk.command(&["snapshot", "--out", "live.json", "--sign", "locked.key"]);
        command.envs(password.map(|password| ("FLEETFORM_SIGN_PASSWORD", password)));
        Ran::from(command.output().unwrap())
    };
    snapshot(None).code(1).says("FLEETFORM_SIGN_PASSWORD");
    let ran = snapshot(Some("hunter2-wrong")).code(1).says("password");
    assert!(!ran.err.contains("hunter2") && !ran.out.contains("hunter2"), "{ran:#?}");
    assert!(!desk.path("live.json").exists(), "nothing was written");
    assert_eq!(desk.running.stats().calls("flex", "GET", "/servers/detail"), 0, "and nobody was asked");
    let ran = snapshot(Some(PASSWORD)).code(0);
    assert!(!ran.err.contains("hunter2") && !ran.out.contains("hunter2"), "{ran:#?}");
    verified(&desk, "locked.pub").code(0);
}

#[test]
fn what_was_altered_is_refused_before_it_is_read() {
    let (desk, _) = signed();
    let snapshot = std::fs::read_to_string(desk.path("live.json")).unwrap();
    let signature = std::fs::read_to_string(desk.path("live.json.minisig")).unwrap();
    for altered in
        [snapshot.replace("\"on\"", "\"off\""), "garbage".into(), format!("{snapshot} "), String::new()]
    {
        desk.write("live.json", &altered);
        let ran = verified(&desk, "ours.pub").code(1).says("altered").says("live.json.minisig");
        assert!(ran.out.is_empty(), "{ran:#?}");
    }
    desk.write("live.json", &snapshot);
    verified(&desk, "ours.pub").code(0);
    let comment = signature.replace("file:live.json", "file:other.json");
    desk.write("live.json.minisig", &comment);
    verified(&desk, "ours.pub").code(1).says("altered");
    for garbage in ["", "untrusted comment: x", "a\nb\nc\nd\n", &signature[..signature.len() / 2]] {
        desk.write("live.json.minisig", garbage);
        verified(&desk, "ours.pub").code(1).says("no signature in minisign's format");
    }
}

#[test]
fn another_key_no_signature_and_no_key_are_told_apart() {
    let (desk, _) = signed();
    key(&desk, "theirs", None);
    verified(&desk, "theirs.pub").code(1).says("another key");
    // A key of the same id is not that key yet.
    let ours = std::fs::read_to_string(desk.path("ours.pub")).unwrap();
    let theirs = std::fs::read_to_string(desk.path("theirs.pub")).unwrap();
    let bytes = |text: &str| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.decode(text.lines().nth(1).unwrap()).unwrap()
    };
    let mixed = [&bytes(&ours)[..10], &bytes(&theirs)[10..]].concat();
    let mixed = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(mixed)
    };
    verified(&desk, &mixed).code(1).says("altered");
    for no_key in ["fleet.yaml", "nowhere.pub", "ours.key", "live.json", "RWQ"] {
        verified(&desk, no_key).code(1).says("no minisign public key").says(no_key);
    }
    for no_key in ["fleet.yaml", "nowhere.key", "ours.pub"] {
        desk.run(&["snapshot", "--out", "x.json", "--sign", no_key]).code(1).says(no_key);
        assert!(!desk.path("x.json").exists());
    }
    std::fs::remove_file(desk.path("live.json.minisig")).unwrap();
    verified(&desk, "ours.pub").code(1).says("is not signed").says("snapshot --sign");
    desk.run(&["snapshot", "--out", "-", "--sign", "ours.key"]).code(64).says("--out");
}

#[test]
fn no_signature_of_an_earlier_snapshot_stays_beside_a_later_one() {
    let (desk, _) = signed();
    desk.run(&["snapshot", "--out", "live.json"]).code(0);
    assert!(!desk.path("live.json.minisig").exists());
    desk.run(&["snapshot", "--out", "live.json", "--sign", "ours.key"]).code(0);
    verified(&desk, "ours.pub").code(0);
    // Where the snapshot cannot be put in its place there is no signature that does not fit either.
    std::fs::remove_file(desk.path("live.json")).unwrap();
    std::fs::create_dir(desk.path("live.json")).unwrap();
    std::fs::write(desk.path("live.json/inside"), "x").unwrap();
    desk.run(&["snapshot", "--out", "live.json", "--sign", "ours.key"]).code(1);
    assert!(!desk.path("live.json.minisig").exists());
}
