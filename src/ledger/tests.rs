//! Random histories, damaged at every byte, repaired and compacted: nothing is known afterwards that was not before,
//! and whoever is killed in the midst of it leaves a whole journal.

use super::compact::{Retention, compact, compact_watched};
use super::journal::{FILE_NAME, Journal};
use super::lock::Lock;
use super::record::{Conclusion, Entry, Intent, Outcome};
use super::repair::{repair, repair_watched, verify};
use super::replay::{Replay, lines, read, tell, warnings_of};
use super::rewrite::Draft;
use crate::model::{Address, LedgerFacts, OffKind, Operation, RebootKind, ServerKey, Verb};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

/// Something that happens: to which server, what, and after how many hours.
#[derive(Clone, Copy, Debug)]
struct Happening {
    server: u8,
    kind: u8,
    outcome: u8,
    hours: u16,
}

fn happenings(most: usize) -> impl Strategy<Value = Vec<Happening>> {
    let one = (0..3u8, 0..10u8, 0..6u8, 0..200u16).prop_map(|(server, kind, outcome, hours)| Happening {
        server,
        kind,
        outcome,
        hours,
    });
    proptest::collection::vec(one, 1..most)
}

fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

/// The records of a history, as the program would write them.
fn records(history: &[Happening], sealed: bool) -> Vec<Entry> {
    let mut now = start();
    let mut entries = vec![Entry::Born { version: if sealed { 2 } else { 1 }, at: now }];
    let mut open: HashMap<u8, Vec<(u64, bool)>> = HashMap::new();
    let mut seq = 0;
    for it in history {
        now = now.checked_add(SignedDuration::from_hours(i64::from(it.hours) + 1)).unwrap();
        let address = Address::new("c".into(), format!("s{}", it.server).as_str().into());
        let id = format!("{}", it.server);
        let operation = match it.kind {
            0..=2 => Operation::Reboot { method: RebootKind::Hard },
            3 => Operation::PowerOn,
            4 => Operation::PowerOff { method: OffKind::Hard },
            5 => Operation::Delete,
            6 => Operation::Rename { to: "x".into() },
            _ => {
                let all = open.remove(&it.server).unwrap_or_default();
                let settles = all.iter().filter(|(_, one_shot)| *one_shot).map(|(seq, _)| *seq).collect();
                entries.push(Entry::Resolved {
                    at: now,
                    provider: "c".into(),
                    id: id.as_str().into(),
                    address,
                    done: it.outcome % 2 == 0,
                    settles: sealed.then_some(settles),
                    run: None,
                });
                continue;
            }
        };
        seq += 1;
        let one_shot = operation.verb().is_one_shot();
        entries.push(Entry::Intent(Intent {
            seq,
            at: now,
            provider: "c".into(),
            address,
            id: id.as_str().into(),
            operation,
            mark: None,
            require_evidence: None,
            run: None,
        }));
        if it.outcome != 5 {
            let ticket = (it.outcome != 4).then(|| format!("job-{seq}"));
            entries.push(Entry::Accepted { intent: seq, at: now, ticket });
        }
        let outcome = match it.outcome {
            0 | 1 => Outcome::Done,
            2 => Outcome::NoEffect,
            3 => Outcome::Unresolved,
            _ => {
                open.entry(it.server).or_default().push((seq, one_shot));
                continue;
            }
        };
        if outcome == Outcome::Unresolved {
            open.entry(it.server).or_default().push((seq, one_shot));
        }
        let evidence = "seen \"so\"".to_owned();
        entries.push(Entry::Conclusion(Conclusion {
            intent: seq,
            at: now,
            outcome,
            evidence,
            level: None,
            run: None,
        }));
    }
    entries
}

fn journal(history: &[Happening], sealed: bool) -> Vec<u8> {
    let mut draft = Draft::new();
    for entry in records(history, sealed) {
        if sealed {
            draft.write(&entry).unwrap();
        } else {
            draft.bytes.extend(serde_json::to_vec(&entry).unwrap());
            draft.bytes.push(b'\n');
        }
    }
    draft.bytes
}

fn replayed(bytes: &[u8]) -> Replay {
    let scan = lines(Path::new("."), bytes).unwrap();
    Replay { warnings: warnings_of(Path::new("."), &scan), ..tell(&scan).replay }
}

/// What the planner makes of the facts: whether it takes for known that a server was not rebooted since an instant.
fn knows_not(facts: &LedgerFacts, key: &ServerKey, since: Timestamp) -> bool {
    if facts.unresolved.contains_key(key) || facts.boots.get(key).is_some_and(|boot| *boot >= since) {
        return false;
    }
    let known = [&facts.boots, &facts.not_rebooted].into_iter().filter_map(|known| known.get(key)).max();
    let unbroken = known.is_some_and(|boot| facts.born.is_some_and(|born| born <= *boot));
    unbroken || facts.born.is_some_and(|born| born < since)
}

/// Less is known, and nothing else.
fn assert_safe(whole: &LedgerFacts, damaged: &LedgerFacts, what: &str) {
    for (key, boot) in &damaged.boots {
        assert!(whole.boots.get(key).is_some_and(|known| known >= boot), "{what}: a boot was made up");
    }
    let keys = (0..3).map(|server: u8| ("c".into(), server.to_string().as_str().into()));
    for key in keys.collect::<Vec<ServerKey>>() {
        for since in whole.boots.get(&key).into_iter().chain(
            whole.unresolved.get(&key).filter(|open| open.verb == Verb::Reboot).map(|open| &open.sent_at),
        ) {
            assert!(!knows_not(damaged, &key, *since), "{what}: a reboot of {key:?} would be sent again");
        }
    }
}

fn same(a: &Replay, b: &Replay) {
    assert_eq!(a.facts, b.facts);
    assert_eq!((&a.open, &a.under_way, a.next_seq), (&b.open, &b.under_way, b.next_seq));
}

fn in_folder(bytes: &[u8]) -> (tempfile::TempDir, Lock) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(FILE_NAME), bytes).unwrap();
    let lock = Lock::take(folder.path(), Duration::ZERO).unwrap();
    (folder, lock)
}

/// Repairs, and finds the same known as before, and nothing wrong any more.
fn assert_repaired(bytes: &[u8]) {
    let (folder, lock) = in_folder(bytes);
    let before = read(folder.path()).unwrap();
    let done = repair(folder.path(), &lock, later()).unwrap();
    let after = read(folder.path()).unwrap();
    same(&before, &after);
    assert!(after.warnings.is_empty() && verify(folder.path()).unwrap().findings.is_empty());
    let original = done.original.unwrap();
    assert_eq!(fs::read(folder.path().join(&original)).unwrap(), bytes);
    let text = fs::read(folder.path().join(FILE_NAME)).unwrap();
    assert_eq!(repair(folder.path(), &lock, later()).unwrap().original, None);
    assert_eq!(fs::read(folder.path().join(FILE_NAME)).unwrap(), text, "once is enough");
}

fn later() -> Timestamp {
    "2027-12-01T00:00:00Z".parse().unwrap()
}

fn retention() -> Retention {
    Retention { records: 10, age: Duration::from_hours(24 * 700), recent: 4 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn compacting_changes_nothing_that_is_known(history in happenings(40), sealed in any::<bool>(), recent in 0..30usize) {
        let (folder, lock) = in_folder(&journal(&history, sealed));
        let before = read(folder.path()).unwrap();
        compact(folder.path(), &lock, Retention { recent, ..retention() }, later()).unwrap();
        let after = read(folder.path()).unwrap();
        same(&before, &after);
        prop_assert!(verify(folder.path()).unwrap().findings.is_empty());
        compact(folder.path(), &lock, Retention { recent: 0, ..retention() }, later()).unwrap();
        same(&before, &read(folder.path()).unwrap());
    }

    #[test]
    fn lines_that_are_removed_swapped_or_put_in_are_named_and_make_nothing_known(
        history in happenings(12), at in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(), how in 0..3,
    ) {
        let bytes = journal(&history, true);
        let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let (from, to) = (at.index(lines.len()), to.index(lines.len()));
        match how {
            0 => drop(lines.remove(from)),
            1 => lines.swap(from, to),
            _ => lines.insert(to, lines[from]),
        }
        let changed = lines.concat();
        // The end alone may be missing without a trace in the rest.
        let seen = changed != bytes && !bytes.starts_with(&changed);
        let (whole, damaged) = (replayed(&bytes), replayed(&changed));
        prop_assert_eq!(seen, !damaged.warnings.is_empty());
        if seen {
            assert_safe(&whole.facts, &damaged.facts, "lines");
            assert_repaired(&changed);
        }
    }
}

#[test]
fn every_flipped_byte_and_every_cut_of_a_journal_makes_nothing_known() {
    let history: Vec<Happening> =
        [(0, 0, 0), (1, 0, 3), (0, 0, 4), (1, 7, 1), (2, 7, 0), (0, 0, 5), (2, 0, 1)]
            .into_iter()
            .map(|(server, kind, outcome)| Happening { server, kind, outcome, hours: 5 })
            .collect();
    let bytes = journal(&history, true);
    let whole = replayed(&bytes);
    let last = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for at in 0..bytes.len() {
        for flip in [1, 4, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            let replay = replayed(&damaged);
            // The end of the last line is nothing that anybody needs.
            assert_eq!(replay.warnings.is_empty(), at == bytes.len() - 1, "byte {at}");
            assert_safe(&whole.facts, &replay.facts, &format!("byte {at} ^ {flip}"));
        }
        if at % 23 == 0 && at < last {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_repaired(&damaged);
        }
    }
    for cut in last..bytes.len() {
        let (folder, lock) = in_folder(&bytes[..cut]);
        let replay = read(folder.path()).unwrap();
        let without_last = replayed(&bytes[..last]);
        let expected = if cut == bytes.len() - 1 { &whole } else { &without_last };
        same(expected, &replay);
        assert_eq!(replay.warnings.is_empty(), cut == last || cut == bytes.len() - 1, "cut at {cut}");
        drop(Journal::open(folder.path(), lock, later()).unwrap());
        assert!(verify(folder.path()).unwrap().findings.is_empty(), "cut at {cut}: the next writer mends it");
        same(expected, &read(folder.path()).unwrap());
    }
}

#[test]
fn whoever_is_killed_while_a_journal_is_replaced_leaves_the_old_one_or_the_new_one() {
    let history: Vec<Happening> =
        (0..30).map(|n| Happening { server: n % 3, kind: n % 9, outcome: n % 6, hours: 9 }).collect();
    let bytes = journal(&history, true);
    let mut damaged = bytes.clone();
    damaged[bytes.len() / 2] ^= 1;
    for (original, is_repair) in [(&bytes, false), (&damaged, true)] {
        let mut seen = 0;
        for killed_after in 0.. {
            let (folder, lock) = in_folder(original);
            let before = read(folder.path()).unwrap();
            let mut steps = 0;
            let mut step = |_: &'static str| {
                steps += 1;
                if steps > killed_after { Err(io::Error::other("killed")) } else { Ok(()) }
            };
            let died = if is_repair {
                repair_watched(folder.path(), &lock, later(), &mut step).is_err()
            } else {
                compact_watched(folder.path(), &lock, retention(), later(), &mut step).is_err()
            };
            same(&before, &read(folder.path()).unwrap());
            let now = fs::read(folder.path().join(FILE_NAME)).unwrap();
            let is_new = verify(folder.path()).unwrap().findings.is_empty();
            assert!(now == *original || is_new, "after step {killed_after}");
            // Whoever comes next finishes it, and keeps the damaged one once.
            if is_repair {
                repair(folder.path(), &lock, later()).unwrap();
                assert_eq!(kept(folder.path()), 1, "after step {killed_after}");
            } else {
                compact(folder.path(), &lock, retention(), later()).unwrap();
            }
            same(&before, &read(folder.path()).unwrap());
            seen = killed_after;
            if !died {
                break;
            }
        }
        assert_eq!(seen, if is_repair { 6 } else { 3 });
    }
}

/// How many damaged journals are kept in a folder.
fn kept(folder: &Path) -> usize {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    names.filter(|name| name.split_once(".damaged-").is_some_and(|(_, at)| !at.contains("new"))).count()
}
