//! Journals of format 1 are read and go on as format 2, which older programs refuse; every record says by whom.

use super::{BORN, DONE, SENT, TAKEN, address, at, file, id, intend, key, open};
use fleetform::ledger::{
    Author, EvidenceLevel, IntentLog, Journal, Lock, Outcome, PastOutcome, Terms, history, read, verify,
};
use fleetform::model::Operation;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::time::Duration;

fn records(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file(folder)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn kinds(folder: &Path) -> Vec<String> {
    records(folder).iter().map(|record| record["kind"].as_str().unwrap().to_owned()).collect()
}

/// What a program that knows format 1 alone makes of a file: it refuses a higher version wherever it stands.
fn version_that_an_old_program_sees(folder: &Path) -> u64 {
    let versions = records(folder).into_iter().filter(|record| record["kind"] == "born");
    versions.map(|record| record["version"].as_u64().unwrap()).max().unwrap()
}

#[test]
fn a_journal_of_format_1_is_read_and_goes_on_as_format_2_from_the_next_record_on() {
    let folder = tempfile::tempdir().unwrap();
    let old = format!("{BORN}\n{SENT}\n{TAKEN}\n{DONE}\n");
    fs::write(file(folder.path()), &old).unwrap();
    assert_eq!((verify(folder.path()).unwrap().version, verify(folder.path()).unwrap().records), (1, 4));
    let before = read(folder.path()).unwrap();
    let journal = open(folder.path());
    assert_eq!(fs::read_to_string(file(folder.path())).unwrap(), old, "nothing is written for nothing");
    assert_eq!(version_that_an_old_program_sees(folder.path()), 1);
    intend(&journal, &Operation::Delete);
    assert_eq!(kinds(folder.path())[4..], ["born", "run", "intent"]);
    assert_eq!(version_that_an_old_program_sees(folder.path()), 2);
    let after = read(folder.path()).unwrap();
    assert!(fs::read_to_string(file(folder.path())).unwrap().starts_with(&old));
    assert_eq!((after.facts.born, &after.facts.boots), (before.facts.born, &before.facts.boots));
    assert_eq!((after.open.len(), after.open[0].intent.seq, after.warnings.len()), (1, 2, 0));
    let verdict = verify(folder.path()).unwrap();
    assert_eq!((verdict.version, verdict.records, verdict.findings.len()), (2, 7, 0));
}

#[test]
fn what_was_changed_in_format_1_after_format_2_began_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(file(folder.path()), format!("{BORN}\n{SENT}\n{DONE}\n")).unwrap();
    intend(&open(folder.path()), &Operation::Delete);
    let text = fs::read_to_string(file(folder.path())).unwrap();
    fs::write(file(folder.path()), text.replacen("\"17\"", "\"18\"", 1)).unwrap();
    let found = verify(folder.path()).unwrap().findings;
    assert_eq!(found.iter().map(|found| found.line).collect::<Vec<_>>(), [4]);
    assert!(read(folder.path()).unwrap().warnings[0].contains("ledger repair"));
}

#[test]
fn every_run_that_writes_says_who_it_is_and_its_records_name_it() {
    let folder = tempfile::tempdir().unwrap();
    let author = Author::here("apply", Some("ada".into()));
    let take = || Lock::take_as(folder.path(), Duration::ZERO, &author, Terms::default()).unwrap();
    drop(Journal::open(folder.path(), take(), at("2026-11-01T00:00:00Z")).unwrap());
    assert_eq!(kinds(folder.path()), ["born"], "who writes nothing is no run");
    let journal = Journal::open(folder.path(), take(), at("2026-11-02T00:00:00Z")).unwrap();
    let first = intend(&journal, &Operation::PowerOn);
    journal.carries_out("sha256:abc");
    journal.conclude(first, Outcome::Done, Some(EvidenceLevel::Observed), "live state is on").unwrap();
    journal.resolve("flex".into(), id(), address(), true).unwrap();
    let all = records(folder.path());
    assert_eq!(kinds(folder.path()), ["born", "run", "intent", "run", "conclusion", "resolved"]);
    let run = &all[3];
    assert_eq!((run["user"].as_str(), run["command"].as_str()), (Some("ada"), Some("apply")));
    assert_eq!(
        (run["plan"].as_str(), run["pid"].as_u64()),
        (Some("sha256:abc"), Some(std::process::id().into()))
    );
    assert_eq!(run["program"], env!("CARGO_PKG_VERSION"));
    assert!(!run["host"].as_str().unwrap().is_empty());
    for record in [&all[1], &all[2], &all[4], &all[5]] {
        assert_eq!(record["run"], run["run"], "{record}");
    }
    let past = history(folder.path()).unwrap().past;
    assert_eq!(
        (past.len(), past[0].outcome, past[0].level),
        (2, PastOutcome::Done, Some(EvidenceLevel::Observed))
    );
    assert!(past.iter().all(|past| past.by.as_ref().is_some_and(|by| by.user == "ada")));
    assert_eq!(past[1].what, "resolve --done");
}

#[test]
fn the_token_grows_with_every_holder_also_where_the_lock_file_was_lost() {
    let folder = tempfile::tempdir().unwrap();
    let mut tokens = Vec::new();
    for round in 0..4 {
        let lock = Lock::take(folder.path(), Duration::ZERO).unwrap();
        let journal = Journal::open(folder.path(), lock, at("2026-11-01T00:00:00Z")).unwrap();
        let seq = intend(&journal, &Operation::PowerOn);
        journal.conclude(seq, Outcome::Done, None, "seen").unwrap();
        tokens.push(records(folder.path()).iter().filter_map(|r| r["token"].as_u64()).next_back().unwrap());
        drop(journal);
        if round == 1 {
            fs::remove_file(folder.path().join("lock")).unwrap();
        }
    }
    assert!(tokens.is_sorted_by(|a, b| a < b), "{tokens:?}");
}

#[test]
fn a_history_survives_damaged_records() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(file(folder.path()), format!("{BORN}\n{SENT}\nnonsense\n{DONE}\n")).unwrap();
    let history = history(folder.path()).unwrap();
    assert_eq!((history.past.len(), history.warnings.len()), (1, 1));
    assert_eq!(
        (history.past[0].outcome, history.past[0].at),
        (PastOutcome::Done, at("2026-11-20T02:00:00Z"))
    );
    assert!(!read(folder.path()).unwrap().facts.unresolved.contains_key(&key()));
}
