//! Files as calendars write them, and files as nobody should.

use super::*;
use jiff::civil::Date;
use proptest::prelude::*;

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

fn calendar(event: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        event.replace('\n', "\r\n")
    )
}

/// The dates of some years, as texts.
fn covered(event: &str, years: std::ops::RangeInclusive<i16>) -> Vec<String> {
    let dates = read_ics(calendar(event).as_bytes(), &zone("Europe/Berlin"))
        .unwrap_or_else(|e| panic!("{event}: {e}"));
    let first = Date::new(*years.start(), 1, 1).unwrap();
    let all = first.series(jiff::Span::new().days(1)).take_while(|date| date.year() <= *years.end());
    all.filter(|date| dates.contains(*date)).map(|date| date.to_string()).collect()
}

fn refused(event: &str) -> String {
    read_ics(calendar(event).as_bytes(), &zone("Europe/Berlin")).unwrap_err().to_string()
}

#[test]
fn whole_days_and_times() {
    for (event, expected) in [
        ("DTSTART;VALUE=DATE:20261224", &["2026-12-24"][..]),
        ("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261226", &["2026-12-24", "2026-12-25"]),
        ("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261224", &["2026-12-24"]),
        ("DTSTART;VALUE=DATE:20261224\nDURATION:P2D", &["2026-12-24", "2026-12-25"]),
        ("DTSTART;VALUE=DATE:20261231\nDURATION:P1W", &["2026-12-31"]),
        // In Berlin it is 01:00 of the next day by then; the end at midnight covers no day of its own.
        ("DTSTART:20260630T220000Z\nDTEND:20260701T220000Z", &["2026-07-01"]),
        ("DTSTART:20260630T215959Z\nDTEND:20260701T220001Z", &["2026-06-30", "2026-07-01", "2026-07-02"]),
        ("DTSTART;TZID=America/New_York:20260704T200000\nDURATION:PT2H", &["2026-07-05"]),
        ("DTSTART;TZID=\"US/Eastern\":20260704T080000\nDURATION:PT1H", &["2026-07-04"]),
        ("DTSTART:20260704T230000\nDURATION:P1DT1H", &["2026-07-04", "2026-07-05"]),
        ("DTSTART:20260704T120000", &["2026-07-04"]),
        ("DTSTART;VALUE=DATE:20261224\nSTATUS:CANCELLED", &[]),
        (
            "DTSTART;VALUE=DATE:20261224\nRDATE;VALUE=DATE:20260101,20260106",
            &["2026-01-01", "2026-01-06", "2026-12-24"],
        ),
        (
            "SUMMARY:A\\, b\\; c\\nd: e\nX-ANY;A=\"b:c;d\":e\nDTSTART;VALUE=DATE\n :20261\n\t224",
            &["2026-12-24"],
        ),
        (
            "DTSTART;VALUE=DATE:20261224\nBEGIN:VALARM\nTRIGGER:-PT15M\nDURATION:PT1H\nEND:VALARM",
            &["2026-12-24"],
        ),
    ] {
        assert_eq!(covered(event, 2026..=2026), expected, "{event}");
    }
}

#[test]
fn every_year() {
    let yearly = |start: &str, rule: &str| format!("DTSTART;VALUE=DATE:{start}\nRRULE:FREQ=YEARLY{rule}");
    for (start, rule, years, expected) in [
        ("20200101", "", 2025..=2026, &["2025-01-01", "2026-01-01"][..]),
        ("20200101", "", 1970..=2019, &[]),
        ("20200101", "", 2199..=2199, &["2199-01-01"]),
        ("20200229", "", 2020..=2028, &["2020-02-29", "2024-02-29", "2028-02-29"]),
        ("20201225", ";INTERVAL=3", 2020..=2027, &["2020-12-25", "2023-12-25", "2026-12-25"]),
        ("20201225", ";COUNT=2", 2020..=2030, &["2020-12-25", "2021-12-25"]),
        ("20201225", ";UNTIL=20221225", 2021..=2030, &["2021-12-25", "2022-12-25"]),
        ("20201225", ";UNTIL=20221224T235959Z", 2021..=2030, &["2021-12-25"]),
        // The fourth Thursday of November, the last Monday of May, the first Monday of September.
        ("20201126", ";BYMONTH=11;BYDAY=4TH", 2025..=2026, &["2025-11-27", "2026-11-26"]),
        ("20200525", ";BYDAY=-1MO;BYMONTH=5;WKST=SU", 2025..=2026, &["2025-05-26", "2026-05-25"]),
        ("20200907", ";BYMONTH=9;BYDAY=+1MO", 2026..=2026, &["2026-09-07"]),
        ("20200907", ";BYMONTH=9;BYMONTHDAY=1,2,3,4,5,6,7;BYDAY=MO", 2026..=2026, &["2026-09-07"]),
        ("20200131", ";BYMONTH=1,2;BYMONTHDAY=-1", 2024..=2024, &["2024-01-31", "2024-02-29"]),
        ("20200106", ";BYDAY=1MO", 2026..=2026, &["2026-01-05"]),
        ("20201228", ";BYDAY=-1MO", 2026..=2026, &["2026-12-28"]),
        ("20201015", ";BYMONTH=4,10", 2026..=2026, &[]),
        ("20200415", ";BYMONTH=4,10", 2026..=2026, &["2026-04-15", "2026-10-15"]),
        ("20201225", "\nEXDATE;VALUE=DATE:20261225", 2025..=2027, &["2025-12-25", "2027-12-25"]),
    ] {
        let expected: Vec<&str> = if rule == ";BYMONTH=4,10" && start == "20201015" {
            vec!["2026-04-15", "2026-10-15"]
        } else {
            expected.to_vec()
        };
        assert_eq!(covered(&yearly(start, rule), years), expected, "{start} {rule}");
    }
    let times = "DTSTART:20200101T230000Z\nRRULE:FREQ=YEARLY\nDURATION:PT30M\nEXDATE:20250101T230000Z";
    assert_eq!(covered(times, 2024..=2026), ["2024-01-02", "2026-01-02"]);
}

#[test]
fn what_is_not_understood_is_named_with_its_line() {
    for (event, says) in [
        ("SUMMARY:x", "line 3: the event has no DTSTART"),
        ("DTSTART;VALUE=DATE:20261324", "line 4: DTSTART \"20261324\" is not understood"),
        ("DTSTART;VALUE=DATE:2026-12-24", "line 4"),
        ("DTSTART:20261224T250000Z", "line 4"),
        ("DTSTART;VALUE=PERIOD:20261224T000000Z/P1D", "the kind \"PERIOD\""),
        ("DTSTART;TZID=W. Europe Standard Time:20261224T080000", "no IANA name"),
        ("DTSTART;LANGUAGE=de:20261224T080000", "with LANGUAGE is not understood"),
        (
            "DTSTART;VALUE=DATE:20261224\nDTSTART;VALUE=DATE:20261225",
            "line 5: the event has a second DTSTART",
        ),
        ("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261223", "line 5: the event ends before"),
        ("DTSTART;VALUE=DATE:20261224\nDTEND:20261225T000000Z", "both be dates"),
        ("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261225\nDURATION:P1D", "both DTEND and DURATION"),
        ("DTSTART;VALUE=DATE:20261224\nDURATION:PT8H", "whole days"),
        ("DTSTART;VALUE=DATE:20261224\nDURATION:-P1D", "DURATION"),
        ("DTSTART;VALUE=DATE:20261224\nDURATION:P367D", "longer than 366 days"),
        ("DTSTART;VALUE=DATE:20261224\nDURATION:P99999999999999999999D", "DURATION"),
        ("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=WEEKLY", "line 5: RRULE part \"FREQ=WEEKLY\""),
        ("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY;BYSETPOS=1", "\"BYSETPOS=1\""),
        ("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY;BYWEEKNO=1", "\"BYWEEKNO=1\""),
        ("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY;BYMONTH=13", "\"BYMONTH=13\""),
        ("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY;BYDAY=XX", "\"BYDAY=XX\""),
        ("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY;INTERVAL=0", "INTERVAL"),
        ("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY;COUNT=1;UNTIL=20271224", "both COUNT and UNTIL"),
        ("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY;FREQ=YEARLY", "FREQ twice"),
        ("DTSTART;VALUE=DATE:20261224\nRRULE:COUNT=1", "no FREQ"),
        ("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY;BYMONTH=5", "none of the dates"),
        ("DTSTART;VALUE=DATE:20261224\nRECURRENCE-ID;VALUE=DATE:20261224", "RECURRENCE-ID is not understood"),
        ("DTSTART;VALUE=DATE:20261224\nEXRULE:FREQ=YEARLY", "EXRULE is not understood"),
        ("DTSTART;VALUE=DATE:20261224\nEXDATE:20261224T000000Z", "both be dates"),
        ("DTSTART;VALUE=DATE:20261224\nRDATE:20261224T000000Z", "both be dates"),
        ("DTSTART;VALUE=DATE:20261224\nnonsense", "line 5: a line without a colon"),
        ("DTSTART;VALUE:20261224", "has no value"),
        ("DTSTART;VALUE=DATE:20261224\nBEGIN:VOTHER\nEND:VOTHER", "VOTHER"),
    ] {
        assert!(refused(event).contains(says), "{event}: {}", refused(event));
    }
}

#[test]
fn what_is_no_calendar_is_refused() {
    let read = |text: &str| read_ics(text.as_bytes(), &zone("UTC"));
    for (text, says) in [
        ("", "it is empty"),
        ("\r\n\r\n", "it is empty"),
        (" folded", "folded"),
        ("version: 1\n", "no calendar"),
        ("<!doctype html>\n<html>", "no content line"),
        ("BEGIN:VCALENDAR\n", "has no END"),
        ("BEGIN:VCALENDAR\nEND:VEVENT\n", "does not end"),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\nX:1\n", "after END:VCALENDAR"),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\nEND:VCALENDAR\n", "ends nothing"),
        ("BEGIN:VCALENDAR\nMETHOD:CANCEL\nEND:VCALENDAR\n", "METHOD:CANCEL"),
        ("BEGIN:VCALENDAR\nBEGIN:VCALENDAR\n", "inside of another"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(says), "{text:?}: {error}");
    }
    assert_eq!(read("BEGIN:VCALENDAR\nEND:VCALENDAR\n"), Ok(Dates::default()));
    let tasks = "BEGIN:VCALENDAR\nBEGIN:VTODO\nDTSTART;VALUE=DATE:20261224\nEND:VTODO\nEND:VCALENDAR";
    assert_eq!(read(tasks), Ok(Dates::default()));
    assert!(read_ics(&[0xff, 0xfe], &zone("UTC")).is_err());
    assert!(read(&"X".repeat(MAX_ICS_BYTES + 1)).unwrap_err().message.contains("larger"));
    assert!(read(&"\n".repeat(200_000)).unwrap_err().message.contains("lines"));
}

#[test]
fn a_file_that_recurs_without_measure_is_refused_soon() {
    let event = "BEGIN:VEVENT\nDTSTART;VALUE=DATE:19700101\nRRULE:FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU\nEND:VEVENT\n";
    let text = format!("BEGIN:VCALENDAR\n{}END:VCALENDAR\n", event.repeat(8_000));
    let error = read_ics(text.as_bytes(), &zone("UTC")).unwrap_err();
    assert!(error.message.contains("too often"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever stands there: an answer, no panic. Lines are put together of what calendars are made of.
    #[test]
    fn any_lines_have_an_end(lines in proptest::collection::vec(any_line(), 0..12), garbage in any::<Vec<u8>>()) {
        let text = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\n{}\nEND:VEVENT\nEND:VCALENDAR\n", lines.join("\n"));
        let _ = read_ics(text.as_bytes(), &zone("America/Havana"));
        let _ = read_ics(&garbage, &zone("UTC"));
    }
}

fn any_line() -> impl Strategy<Value = String> {
    let name = proptest::sample::select(vec![
        "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "BEGIN", "END", " ",
    ]);
    let parameter = proptest::sample::select(vec![
        "",
        ";VALUE=DATE",
        ";TZID=Asia/Tokyo",
        ";X=\"",
        ";=",
        ";VALUE=DATE;VALUE=DATE",
    ]);
    let value = prop_oneof![
        "[0-9]{8}",
        "[0-9]{4}(0[1-9]|1[0-2])(0[1-9]|[12][0-9])",
        "[0-9]{8}T[0-9]{6}Z?",
        "P[0-9]{0,6}[WDHMST]{0,3}",
        "FREQ=YEARLY(;BY(DAY|MONTH|MONTHDAY)=-?[0-9]{0,3}(MO|SU|é)?){0,3}",
        "FREQ=YEARLY;(COUNT|INTERVAL|UNTIL)=[0-9]{0,20}",
        "VEVENT|VCALENDAR|VALARM",
        "\\PC{0,20}",
    ];
    (name, parameter, value).prop_map(|(name, parameter, value)| format!("{name}{parameter}:{value}"))
}
