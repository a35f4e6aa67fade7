//! What must hold for any bytes: no panic, an end in bounded time, and what is read, written and read again is the
//! same. One function per reader; the targets of libFuzzer and the bounded test of the normal suite (`tests/fuzz.rs`)
//! both call these.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a broken promise is a panic here")]

mod wire;

pub use wire::wire;

use fleetform::config::{Mode, load_texts, read_as_json};
use fleetform::ledger::{self, IntentLog, Journal, Lock, Outcome};
use fleetform::model::{Address, ConnectionName, DesiredServer, Location, Operation, RebootKind, ServerId};
use fleetform::plan::PlanDocument;
use fleetform::providers::specs;
use fleetform::report::{PlanView, plan_text};
use std::time::Duration;

/// A fleet file: what is read without mistakes means the same when it is written as JSON, which is YAML too.
pub fn fleet(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let loaded = load_texts(&[("fleet.yaml", &text)], &specs(), Mode { simulated: true });
    if let Err(findings) = &loaded {
        assert!(!findings.is_empty(), "it is refused without a word");
    }
    let Ok(value) = read_as_json("fleet.yaml", &text) else {
        assert!(loaded.is_err(), "it is a fleet and no YAML");
        return;
    };
    let Ok(loaded) = loaded else { return };
    let again = load_texts(&[("fleet.yaml", &value.to_string())], &specs(), Mode { simulated: true });
    let again = again.unwrap_or_else(|findings| panic!("as JSON it is refused: {value}: {findings:?}"));
    assert_eq!(placeless(loaded.fleet.servers), placeless(again.fleet.servers), "{value}");
    assert_eq!(loaded.fleet.limits, again.fleet.limits, "{value}");
}

fn placeless(servers: Vec<DesiredServer>) -> Vec<DesiredServer> {
    let nowhere = Location { file: "".into(), line: 1, column: 1 };
    servers.into_iter().map(|server| DesiredServer { location: nowhere.clone(), ..server }).collect()
}

/// A ledger: whatever is in it, reading it changes nothing, and what is recorded after it is found again beside all
/// that was found before.
pub fn ledger(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    std::fs::write(&path, bytes).unwrap();
    let before = ledger::read(folder.path());
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "reading it changed it");
    let Ok(before) = before else { return };
    let lock = Lock::take(folder.path(), Duration::ZERO).unwrap();
    let Ok(journal) = Journal::open(folder.path(), lock, jiff::Timestamp::UNIX_EPOCH) else { return };
    let (address, id) = (Address::new(ConnectionName::from("fuzz"), "fuzz".into()), ServerId::from("fuzz"));
    let reboot = Operation::Reboot { method: RebootKind::Hard };
    // A ledger that is full of numbers may have none left; then nothing is sent.
    let Ok(seq) = journal.intend(&address, &id, &reboot, None, None) else { return };
    let key = (address.connection.clone(), id.clone());
    let open = ledger::read(folder.path()).unwrap();
    assert!(open.facts.unresolved.contains_key(&key), "the intent is not found again");
    for known in before.facts.unresolved.keys() {
        assert!(open.facts.unresolved.contains_key(known), "{known:?} was open and is not any more");
    }
    journal.conclude(seq, Outcome::Done, None, "fuzz").unwrap();
    drop(journal);
    let after = ledger::read(folder.path()).unwrap();
    assert!(after.facts.boots.contains_key(&key) && !after.facts.unresolved.contains_key(&key));
    for known in before.facts.boots.keys() {
        assert!(after.facts.boots.contains_key(known), "a reboot of {known:?} was known and is not any more");
    }
}

/// A saved plan: what is read is the same after it is written, and can be shown.
pub fn plan(bytes: &[u8]) {
    let Ok(document) = PlanDocument::read(bytes) else { return };
    let written = serde_json::to_vec(&document).unwrap();
    let again = PlanDocument::read(&written).unwrap_or_else(|error| panic!("its own words: {error}"));
    assert_eq!(serde_json::to_vec(&again).unwrap(), written);
    let refusals = document.refusals.clone();
    assert!(!plan_text(&PlanView::new(&document, &refusals)).is_empty());
}

/// A snapshot: what is read is the same after it is written.
pub fn snapshot(bytes: &[u8]) {
    let Ok(snapshot) = fleetform::snapshot::read(bytes) else { return };
    let written = serde_json::to_vec(&snapshot).unwrap();
    assert_eq!(fleetform::snapshot::read(&written), Ok(snapshot));
}
