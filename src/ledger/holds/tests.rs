//! Whatever happens to the file at whatever byte, what is read is what was said, or it is told that it may not be.

use super::write::change;
use super::*;
use crate::ledger::Author;
use crate::ledger::scan::Flaw;
use crate::model::{HoldTo, Selector};
use jiff::{SignedDuration, Timestamp};
use std::fs;
use std::io;

fn at(hours: i64) -> Timestamp {
    let base: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
    base + SignedDuration::from_hours(hours)
}

fn alice() -> Author {
    Author::here("hold", Some("alice".into()))
}

fn order(hours: i64) -> HoldOrder {
    HoldOrder { until: at(hours), reason: "a disk is swapped".into() }
}

fn put_hold(folder: &Path, now: i64, selector: &str, to: HoldTo, until: i64) -> Hold {
    let by = alice();
    let selector = Selector::parse(selector).unwrap();
    hold(folder, &Said { by: &by, at: at(now) }, &selector, to, &order(until)).unwrap()
}

fn said(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let by = alice();
    let selector = Selector::parse("east/*").unwrap();
    let order = HoldOrder { until: at(1), reason: text.into() };
    hold(folder.path(), &Said { by: &by, at: at(0) }, &selector, HoldTo::On, &order)
        .map_or_else(|error| error.to_string(), |hold| hold.reason)
}

#[test]
fn what_is_said_is_read_and_what_is_taken_back_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert_eq!(read_holds(folder).unwrap(), Holds::default());
    let first = put_hold(folder, 0, "east/*", HoldTo::Off, 4);
    let second = put_hold(folder, 1, "east/web-1", HoldTo::AsIs, 5);
    let by = alice();
    let frozen = freeze(folder, &Said { by: &by, at: at(1) }, &order(3)).unwrap();
    let all = read_holds(folder).unwrap();
    assert_eq!((all.holds, all.freeze), (vec![first.clone(), second.clone()], Some(frozen.clone())));
    let said = Said { by: &by, at: at(2) };
    assert_eq!(release(folder, &said, "east/web-*").unwrap().ended, []);
    assert_eq!(release(folder, &said, "east/*").unwrap().ended, [first]);
    assert_eq!(thaw(folder, &said).unwrap(), Some(frozen));
    assert_eq!(thaw(folder, &said).unwrap(), None);
    let all = read_holds(folder).unwrap();
    assert_eq!((all.holds, all.freeze), (vec![second.clone()], None));
    assert_eq!(release(folder, &said, &second.id).unwrap().ended, [second]);
    let what: Vec<String> = past_holds(folder).unwrap().into_iter().map(|past| past.what).collect();
    assert_eq!(what, ["hold off", "hold as-is", "freeze", "release", "thaw", "release"]);
    assert!(crate::ledger::verify(folder).unwrap().hold_findings.is_empty());
}

#[test]
fn an_end_must_come_and_not_too_late_and_a_reason_must_be_readable() {
    let folder = tempfile::tempdir().unwrap();
    let by = alice();
    let try_until = |hours: i64| {
        freeze(folder.path(), &Said { by: &by, at: at(0) }, &order(hours)).map_err(|error| error.to_string())
    };
    assert!(try_until(0).unwrap_err().contains("has passed already"));
    assert!(try_until(-1).unwrap_err().contains("has passed already"));
    assert!(try_until(24 * 90 + 1).unwrap_err().contains("more than 90 days away"));
    assert!(!folder.path().join(FILE_NAME).exists());
    assert!(try_until(24 * 90).is_ok());
    assert!(said("").contains("is empty"));
    assert!(said(" \t ").contains("is empty"));
    assert!(said(&"x".repeat(201)).contains("201 characters"));
    for bad in ["a\nb", "\u{1b}[2J", "x\u{202e}y", "\u{200b}x", "a\u{9b}b"] {
        assert!(said(bad).contains("cannot be seen"), "{bad:?}");
    }
    assert_eq!(said(" schöne Grüße 日本 "), "schöne Grüße 日本");
}

#[test]
fn every_changed_byte_is_named_and_nothing_is_recorded_over_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    put_hold(folder, 0, "east/*", HoldTo::Off, 4);
    put_hold(folder, 0, "west/*", HoldTo::On, 4);
    let path = folder.join(FILE_NAME);
    let whole = fs::read(&path).unwrap();
    for place in 0..whole.len() {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        fs::write(&path, &changed).unwrap();
        let read = read_holds(folder).unwrap();
        if place + 1 == whole.len() {
            // The last line's end: the line is not whole any more.
            assert!(read.damage.is_some() || !read.warnings.is_empty(), "byte {place}");
            continue;
        }
        let line = 1 + String::from_utf8_lossy(&whole[..place]).matches('\n').count();
        let damage = read.damage.unwrap_or_else(|| panic!("byte {place} is not seen"));
        assert!(damage.starts_with(&format!("line {line} of ")), "byte {place}: {damage}");
        let by = alice();
        let refused = freeze(folder, &Said { by: &by, at: at(1) }, &order(2)).unwrap_err();
        assert!(refused.to_string().contains("nothing was recorded"), "{refused}");
        assert_eq!(fs::read(&path).unwrap(), changed);
    }
    fs::write(&path, [&whole[..40], b"X", &whole[41..]].concat()).unwrap();
    let (found, kept) = crate::ledger::repair_holds(folder, at(2)).unwrap();
    assert_eq!(found.first().map(|found| (found.line, found.flaw)), Some((1, Flaw::Damaged)));
    assert!(folder.join(kept.unwrap()).exists());
    let read = read_holds(folder).unwrap();
    assert_eq!((read.holds.len(), read.damage), (2, None));
    assert_eq!(crate::ledger::repair_holds(folder, at(2)).unwrap(), (Vec::new(), None));
}

#[test]
fn a_line_that_is_taken_out_or_moved_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for selector in ["a", "b", "c"] {
        put_hold(folder, 0, selector, HoldTo::Off, 4);
    }
    let path = folder.join(FILE_NAME);
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for without in 0..3 {
        let rest: Vec<&str> =
            lines.iter().enumerate().filter(|(at, _)| *at != without).map(|(_, line)| *line).collect();
        fs::write(&path, rest.join("\n") + "\n").unwrap();
        assert!(read_holds(folder).unwrap().damage.is_some(), "without line {}", without + 1);
    }
}

#[test]
fn a_last_line_that_was_cut_off_is_dropped_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let first = put_hold(folder, 0, "east/*", HoldTo::Off, 4);
    put_hold(folder, 0, "west/*", HoldTo::On, 4);
    let path = folder.join(FILE_NAME);
    let whole = fs::read(&path).unwrap();
    let from = 1 + whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap();
    for end in from + 1..whole.len() - 1 {
        fs::write(&path, &whole[..end]).unwrap();
        let read = read_holds(folder).unwrap();
        assert_eq!((read.holds, read.damage), (vec![first.clone()], None), "cut at {end}");
        assert!(read.warnings[0].contains("was cut off"), "{:?}", read.warnings);
    }
    // The next one takes its place.
    let next = put_hold(folder, 1, "north/*", HoldTo::On, 4);
    let read = read_holds(folder).unwrap();
    assert_eq!((read.holds, read.warnings), (vec![first, next], Vec::new()));
}

#[test]
fn whoever_is_killed_leaves_the_old_file_or_the_new_one() {
    for stop in ["written", "durable", "renamed"] {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let first = put_hold(folder, 0, "east/*", HoldTo::Off, 4);
        let by = alice();
        let entry = HoldEntry::Thaw { by: by.user.clone(), at: at(1), host: by.host.clone() };
        let mut killed = |done: &str| if done == stop { Err(io::Error::other("killed")) } else { Ok(()) };
        let ended = change(folder, at(1), &mut killed, |_| Ok((vec![entry], ())));
        assert!(ended.is_err(), "{stop}");
        let read = read_holds(folder).unwrap();
        assert_eq!((read.holds, read.damage), (vec![first], None), "{stop}");
        let next = put_hold(folder, 1, "west/*", HoldTo::On, 4);
        assert_eq!(read_holds(folder).unwrap().holds[1], next, "{stop}");
    }
}

#[test]
fn a_disk_that_is_full_leaves_what_was_there_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let first = put_hold(folder, 0, "east/*", HoldTo::Off, 4);
    // Its place is taken by something that cannot be written over.
    fs::create_dir(folder.join(format!("{FILE_NAME}.new"))).unwrap();
    let by = alice();
    let error = freeze(folder, &Said { by: &by, at: at(1) }, &order(2)).unwrap_err().to_string();
    assert!(error.contains("nothing was recorded"), "{error}");
    assert_eq!(read_holds(folder).unwrap().holds, [first]);
    assert_eq!(read_holds(folder).unwrap().freeze, None);
}

#[test]
fn what_two_say_at_once_is_both_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let each = |name: &'static str| {
        let folder = folder.path().to_owned();
        std::thread::spawn(move || {
            for turn in 0..25 {
                put_hold(&folder, 0, &format!("{name}-{turn}"), HoldTo::Off, 4);
            }
        })
    };
    let all = ["a", "b", "c"].map(each);
    for one in all {
        one.join().unwrap();
    }
    let read = read_holds(folder.path()).unwrap();
    assert_eq!((read.holds.len(), read.damage), (75, None));
    let ids: HashSet<&str> = read.holds.iter().map(|hold| hold.id.as_str()).collect();
    assert_eq!(ids.len(), 75);
}

#[test]
fn what_has_ended_long_ago_is_left_out_and_what_is_in_force_stays() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let day = 24;
    put_hold(folder, 0, "old/*", HoldTo::Off, day);
    let by = alice();
    put_hold(folder, 0, "released/*", HoldTo::Off, 60 * day);
    release(folder, &Said { by: &by, at: at(1) }, "released/*").unwrap();
    let long = put_hold(folder, 80 * day, "long/*", HoldTo::AsIs, 170 * day);
    freeze(folder, &Said { by: &by, at: at(80 * day) }, &order(81 * day)).unwrap();
    assert_eq!(past_holds(folder).unwrap().len(), 5);
    // 91 days after the ends of the first two: they are gone, the release stays as long as it could mean something.
    let dropped = compact(folder, at(92 * day)).unwrap();
    assert_eq!(dropped, 2);
    let read = read_holds(folder).unwrap();
    assert_eq!((read.holds, read.damage), (vec![long], None));
    assert_eq!(compact(folder, at(92 * day)).unwrap(), 0);
    assert!(read.freeze.is_some_and(|freeze| !freeze.is_in_force(at(92 * day))));
}

#[test]
fn a_later_format_is_not_guessed_at() {
    let folder = tempfile::tempdir().unwrap();
    let mut draft = crate::ledger::rewrite::Draft::new();
    draft.write(&HoldEntry::Begun { version: 2, at: at(0) }).unwrap();
    fs::write(folder.path().join(FILE_NAME), &draft.bytes).unwrap();
    let error = read_holds(folder.path()).unwrap_err().to_string();
    assert!(error.contains("format version is 2"), "{error}");
}
