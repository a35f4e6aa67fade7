//! The ledger on a real disk: what is written is there, what is damaged is told, what is open stays open, and one
//! process at a time has it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

#[path = "ledger/formats.rs"]
mod formats;
#[path = "ledger/lease.rs"]
mod lease;
#[path = "rig/mod.rs"]
mod rig;

use fleetform::ledger::{IntentLog, Journal, Lock, LockError, Outcome, Replay, read};
use fleetform::model::{Address, ConnectionName, Operation, RebootKind, ServerId, ServerKey, Verb};
use jiff::Timestamp;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const REBOOT: Operation = Operation::Reboot { method: RebootKind::Hard };

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn address() -> Address {
    Address::parse("flex/web").unwrap()
}

fn id() -> ServerId {
    "17".into()
}

fn key() -> ServerKey {
    (ConnectionName::from("flex"), id())
}

fn file(folder: &Path) -> PathBuf {
    folder.join("journal.jsonl")
}

fn open(folder: &Path) -> Journal {
    let lock = Lock::take(folder, Duration::ZERO).unwrap();
    Journal::open(folder, lock, at("2026-11-01T00:00:00Z")).unwrap()
}

fn intend(journal: &Journal, operation: &Operation) -> u64 {
    journal.intend(&address(), &id(), operation, None, None).unwrap()
}

/// A journal of lines written by hand, so that their instants are known.
fn replayed(lines: &[&str]) -> Replay {
    let folder = tempfile::tempdir().unwrap();
    fs::write(file(folder.path()), lines.join("\n") + "\n").unwrap();
    read(folder.path()).unwrap()
}

const BORN: &str = r#"{"kind":"born","version":1,"at":"2026-11-01T00:00:00Z"}"#;
const SENT: &str = r#"{"kind":"intent","seq":1,"at":"2026-11-20T02:00:00Z","provider":"flex","address":"flex/web","id":"17","operation":{"verb":"reboot","method":"hard"}}"#;
const TAKEN: &str = r#"{"kind":"accepted","intent":1,"at":"2026-11-20T02:00:01Z","ticket":"job-9"}"#;
const DONE: &str =
    r#"{"kind":"conclusion","intent":1,"at":"2026-11-20T02:01:00Z","outcome":"done","evidence":"job 9"}"#;
const NOBODY_KNOWS: &str =
    r#"{"kind":"conclusion","intent":1,"at":"2026-11-20T02:01:00Z","outcome":"unresolved","evidence":"-"}"#;

#[test]
fn a_folder_without_a_journal_is_an_empty_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let replay = read(&folder.path().join("never-made")).unwrap();
    assert_eq!(replay.facts.born, None);
    assert!(replay.open.is_empty() && replay.warnings.is_empty());
}

#[test]
fn an_intent_is_in_the_file_before_the_call_returns() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let seq = intend(&journal, &REBOOT);
    let text = fs::read_to_string(file(folder.path())).unwrap();
    let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert!(text.ends_with('\n'));
    assert_eq!((last["kind"].as_str(), last["seq"].as_u64()), (Some("intent"), Some(seq)));
    assert_eq!(last["operation"]["verb"], "reboot");
    assert_eq!(last["id"], "17");
}

#[test]
fn a_reboot_counts_as_done_once_it_was_concluded_and_from_when_it_was_sent() {
    let replay = replayed(&[BORN, SENT, TAKEN, DONE]);
    assert_eq!(replay.facts.born, Some(at("2026-11-01T00:00:00Z")));
    assert_eq!(replay.facts.boots.get(&key()), Some(&at("2026-11-20T02:00:00Z")));
    assert!(replay.facts.unresolved.is_empty() && replay.open.is_empty() && replay.warnings.is_empty());
}

#[test]
fn only_reboots_and_power_ons_that_were_done_count_as_boots() {
    let operations = [
        (r#"{"verb":"reboot","method":"hard"}"#, true),
        (r#"{"verb":"power_on"}"#, true),
        (r#"{"verb":"power_off","method":"hard"}"#, false),
        (r#"{"verb":"suspend"}"#, false),
        (r#"{"verb":"rename","to":"x"}"#, false),
        (r#"{"verb":"delete"}"#, false),
    ];
    for (operation, boots) in operations {
        for outcome in ["done", "no_effect", "failed", "unresolved"] {
            let sent = SENT.replace(r#"{"verb":"reboot","method":"hard"}"#, operation);
            let end = DONE.replace("\"done\"", &format!("\"{outcome}\""));
            let replay = replayed(&[BORN, &sent, &end]);
            let expected = boots && outcome == "done";
            assert_eq!(replay.facts.boots.contains_key(&key()), expected, "{operation} {outcome}");
        }
    }
}

#[test]
fn only_one_shot_changes_without_a_known_end_stay_open() {
    for (operation, verb) in [
        (r#"{"verb":"reboot","method":"hard"}"#, Some(Verb::Reboot)),
        (r#"{"verb":"delete"}"#, Some(Verb::Delete)),
        (r#"{"verb":"power_on"}"#, None),
        (r#"{"verb":"power_off","method":"hard"}"#, None),
        (r#"{"verb":"rename","to":"x"}"#, None),
    ] {
        let sent = SENT.replace(r#"{"verb":"reboot","method":"hard"}"#, operation);
        for (lines, was_judged) in [(vec![BORN, &sent], false), (vec![BORN, &sent, NOBODY_KNOWS], true)] {
            let replay = replayed(&lines);
            assert_eq!(replay.facts.unresolved.get(&key()).map(|open| open.verb), verb, "{operation}");
            assert_eq!(replay.open.first().map(|open| open.unresolved), verb.map(|_| was_judged));
        }
        for outcome in ["done", "no_effect", "failed"] {
            let end = DONE.replace("\"done\"", &format!("\"{outcome}\""));
            let replay = replayed(&[BORN, &sent, &end]);
            assert!(replay.facts.unresolved.is_empty() && replay.open.is_empty(), "{operation} {outcome}");
        }
    }
}

#[test]
fn an_open_change_knows_whether_it_was_accepted_and_its_ticket() {
    let not_known = replayed(&[BORN, SENT]);
    assert_eq!(not_known.open[0].accepted, None);
    let with_ticket = replayed(&[BORN, SENT, TAKEN]);
    assert_eq!(with_ticket.open[0].accepted, Some(Some("job-9".into())));
    let without = TAKEN.replace(r#","ticket":"job-9""#, "");
    assert_eq!(replayed(&[BORN, SENT, &without]).open[0].accepted, Some(None));
}

#[test]
fn a_person_settles_what_nobody_could_see() {
    let resolved = |done: bool| {
        format!(
            r#"{{"kind":"resolved","at":"2026-11-21T09:00:00Z","provider":"flex","id":"17","address":"flex/web","done":{done}}}"#
        )
    };
    let done = replayed(&[BORN, SENT, NOBODY_KNOWS, &resolved(true)]);
    assert!(done.facts.unresolved.is_empty());
    assert_eq!(done.facts.boots.get(&key()), Some(&at("2026-11-20T02:00:00Z")), "it was that reboot");
    let not_done = replayed(&[BORN, SENT, NOBODY_KNOWS, &resolved(false)]);
    assert!(not_done.facts.unresolved.is_empty() && not_done.facts.boots.is_empty());
    let said_of_nothing = replayed(&[BORN, &resolved(true)]);
    assert_eq!(said_of_nothing.facts.boots.get(&key()), Some(&at("2026-11-21T09:00:00Z")));
    let of_a_delete = SENT.replace(r#"{"verb":"reboot","method":"hard"}"#, r#"{"verb":"delete"}"#);
    let delete = replayed(&[BORN, &of_a_delete, &resolved(true)]);
    assert!(delete.facts.boots.is_empty(), "a delete is no reboot");
    let sent_afterwards = replayed(&[BORN, &resolved(false), SENT]);
    assert!(sent_afterwards.facts.unresolved.contains_key(&key()), "nobody spoke of this one");
}

#[test]
fn what_was_written_is_read_back_and_numbers_go_on_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let mut seqs = Vec::new();
    for _ in 0..3 {
        let journal = open(folder.path());
        for _ in 0..2 {
            let seq = intend(&journal, &REBOOT);
            journal.accepted(seq, Some("job-1")).unwrap();
            journal.conclude(seq, Outcome::Done, None, "seen").unwrap();
            seqs.push(seq);
        }
    }
    let mut distinct = seqs.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct, seqs, "numbers grow and none is given twice");
    let replay = read(folder.path()).unwrap();
    assert!(replay.next_seq > *seqs.last().unwrap());
    assert!(replay.open.is_empty() && replay.warnings.is_empty());
    assert_eq!(replay.facts.born, Some(at("2026-11-01T00:00:00Z")), "it is born once");
    let text = fs::read_to_string(file(folder.path())).unwrap();
    assert_eq!(text.matches("\"born\"").count(), 1);
}

#[test]
fn a_conclusion_of_one_run_settles_the_intent_of_an_earlier_one() {
    let folder = tempfile::tempdir().unwrap();
    let seq = intend(&open(folder.path()), &Operation::Delete);
    assert_eq!(read(folder.path()).unwrap().open.len(), 1);
    open(folder.path()).conclude(seq, Outcome::Done, None, "it is gone").unwrap();
    assert!(read(folder.path()).unwrap().open.is_empty());
}

#[test]
fn resolving_writes_what_replay_understands() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    intend(&journal, &REBOOT);
    journal.resolve("flex".into(), id(), address(), false).unwrap();
    let replay = read(folder.path()).unwrap();
    assert!(replay.facts.unresolved.is_empty() && replay.facts.boots.is_empty());
}

#[test]
fn a_last_record_torn_at_any_byte_is_dropped_and_the_next_one_stands_on_its_own() {
    let whole = format!("{BORN}\n{SENT}\n");
    for cut in 1..=DONE.len() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(file(folder.path()), format!("{whole}{}", &DONE[..cut])).unwrap();
        let replay = read(folder.path()).unwrap();
        assert_eq!(replay.warnings.len(), 1, "cut at {cut}");
        assert!(replay.facts.unresolved.contains_key(&key()), "cut at {cut}: its end was never recorded");
        assert_eq!(replay.facts.born, Some(at("2026-11-01T00:00:00Z")), "cut at {cut}");
        let journal = open(folder.path());
        assert_eq!(fs::read_to_string(file(folder.path())).unwrap(), whole, "cut at {cut}");
        journal.conclude(1, Outcome::Done, None, "seen now").unwrap();
        let replay = read(folder.path()).unwrap();
        assert!(replay.warnings.is_empty() && replay.open.is_empty(), "cut at {cut}");
    }
}

#[test]
fn a_journal_torn_in_its_first_record_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(file(folder.path()), &BORN[..20]).unwrap();
    drop(open(folder.path()));
    let replay = read(folder.path()).unwrap();
    assert!(replay.warnings.is_empty());
    assert_eq!(replay.facts.born, Some(at("2026-11-01T00:00:00Z")));
}

#[test]
fn a_damaged_line_is_told_and_the_ledger_claims_no_knowledge_from_before_it() {
    for damaged in [&DONE[..30], "\u{0}\u{0}\u{0}", "{}", r#"{"kind":"from-the-future"}"#] {
        let replay = replayed(&[BORN, SENT, damaged, TAKEN]);
        assert_eq!(replay.warnings.len(), 1, "{damaged}");
        assert!(replay.warnings[0].contains("line 3"), "{}", replay.warnings[0]);
        assert!(replay.facts.unresolved.contains_key(&key()), "what is whole still counts");
        assert_eq!(replay.facts.born, Some(at("2026-11-20T02:00:01Z")), "known from the next record on");
    }
}

#[test]
fn after_a_damaged_end_a_ledger_is_born_again() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(file(folder.path()), format!("{BORN}\n{SENT}\n{}\n", &DONE[..30])).unwrap();
    assert_eq!(read(folder.path()).unwrap().facts.born, None);
    let lock = Lock::take(folder.path(), Duration::ZERO).unwrap();
    drop(Journal::open(folder.path(), lock, at("2026-11-21T00:00:00Z")).unwrap());
    assert_eq!(read(folder.path()).unwrap().facts.born, Some(at("2026-11-21T00:00:00Z")));
}

#[test]
fn a_number_seen_in_any_record_is_not_given_again() {
    let lost_intent = DONE.replace("\"intent\":1", "\"intent\":41");
    assert_eq!(replayed(&[BORN, "damaged", &lost_intent]).next_seq, 42);
    let lost_intent = TAKEN.replace("\"intent\":1", "\"intent\":41");
    assert_eq!(replayed(&[BORN, "damaged", &lost_intent]).next_seq, 42);
}

#[test]
fn a_journal_of_a_later_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(file(folder.path()), BORN.replace("\"version\":1", "\"version\":3") + "\n").unwrap();
    let error = read(folder.path()).unwrap_err().to_string();
    assert!(error.contains("version is 3"), "{error}");
}

#[test]
fn a_lock_that_is_held_is_refused_with_its_holder_and_free_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let held = Lock::take(folder.path(), Duration::ZERO).unwrap();
    let error = Lock::take(folder.path(), Duration::from_millis(1)).unwrap_err();
    let LockError::Held { holder: Some(holder), .. } = &error else { panic!("{error}") };
    assert_eq!(holder.pid, std::process::id());
    assert!(error.to_string().contains(&format!("by process {}", holder.pid)), "{error}");
    drop(held);
    Lock::take(folder.path(), Duration::ZERO).unwrap();
}

#[test]
fn a_lock_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let held = Lock::take(folder.path(), Duration::ZERO).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let path = folder.path().to_owned();
    let waiting = std::thread::spawn(move || {
        tell.send(()).unwrap();
        // Longer than any clock counts: it means "as long as it takes".
        Lock::take(&path, Duration::MAX).map(drop)
    });
    told.recv().unwrap();
    drop(held);
    waiting.join().unwrap().unwrap();
}

#[test]
fn a_lock_is_free_as_soon_as_its_holder_died() {
    let folder = tempfile::tempdir().unwrap();
    let mut holder = holder_process(folder.path());
    let error = Lock::take(folder.path(), Duration::ZERO).unwrap_err().to_string();
    assert!(error.contains(&format!("by process {}", holder.id())), "{error}");
    holder.kill().unwrap();
    holder.wait().unwrap();
    Lock::take(folder.path(), Duration::ZERO).unwrap();
}

/// Names the folder that a copy of this test program must lock.
const HOLD: &str = "FLEETFORM_TEST_HOLD";

/// This test program once more, as a process that holds the lock until it is killed.
fn holder_process(folder: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "the_holder_of_a_lock_holds_it_until_it_is_killed"])
        .env(HOLD, folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let held = lines.map_while(Result::ok).any(|line| line.contains("held"));
    assert!(held, "the other process did not get the lock");
    child
}

/// Run by [`holder_process`]; by itself it checks that a lock can be taken twice in a row.
#[test]
fn the_holder_of_a_lock_holds_it_until_it_is_killed() {
    let Some(folder) = std::env::var_os(HOLD) else {
        let folder = tempfile::tempdir().unwrap();
        drop(Lock::take(folder.path(), Duration::ZERO).unwrap());
        Lock::take(folder.path(), Duration::ZERO).unwrap();
        return;
    };
    let _lock = Lock::take(Path::new(&folder), Duration::ZERO).unwrap();
    println!("\nheld");
    // Until the other end is closed, at the latest.
    let _ = std::io::stdin().lines().next();
}

#[test]
fn a_record_with_the_highest_number_there_is_can_be_read_and_nothing_is_sent_after_it() {
    let highest = SENT.replace("\"seq\":1", &format!("\"seq\":{}", u64::MAX));
    let folder = tempfile::tempdir().unwrap();
    fs::write(file(folder.path()), format!("{BORN}\n{highest}\n")).unwrap();
    assert!(read(folder.path()).unwrap().facts.unresolved.contains_key(&key()));
    let refused = open(folder.path()).intend(&address(), &id(), &REBOOT, None, None).unwrap_err();
    assert!(refused.to_string().contains("highest number"), "{refused}");
}
