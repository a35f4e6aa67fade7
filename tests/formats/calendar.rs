//! The calendar of schedules: what is on the page, in a browser as well, and nothing that a name could do.

use crate::browser::opened;
use fleetform::calendar::{Dates, Hours, Schedule, Sense, State, Times, Zone};
use fleetform::config::{Mode, load_texts};
use fleetform::model::{DesiredServer, PowerSchedule};
use fleetform::plan::{Calendar, calendar};
use fleetform::providers;
use fleetform::report::{CalendarFormat, render_calendar};
use std::sync::Arc;

const FLEET: &str = "version: 1\nproviders:\n  cloud: { type: openstack }\ndefaults: { provider: cloud }\nschedules:\n  \
    office: { zone: Europe/Berlin, on: 'Mon-Fri 08:00-19:00', except: 2026-12-24..2027-01-01 }\n  \
    nights: { zone: America/New_York, off: '20:00-06:00', otherwise: any }\n\
    servers:\n  - { name: 'web-{01..20}', power: { schedule: office } }\n  - { name: batch, power: { schedule: nights } }\n  \
    - { name: own, power: on }\n";

fn servers() -> Vec<DesiredServer> {
    load_texts(&[("fleet.yaml", FLEET)], &providers::specs(), Mode { simulated: true }).unwrap().fleet.servers
}

fn between(servers: &[DesiredServer], from: &str, until: &str) -> Calendar {
    calendar((servers, &[]), |_| true, (from.parse().unwrap(), until.parse().unwrap()))
}

fn december() -> Calendar {
    between(&servers(), "2026-12-21T00:00:00Z", "2027-01-05T00:00:00Z")
}

#[test]
fn every_format_has_every_change() {
    let calendar = december();
    let all: Vec<&str> =
        calendar.schedules.iter().flat_map(|one| &one.changes).map(|change| change.local.as_str()).collect();
    assert_eq!(all.len(), 30 + 8, "{all:#?}");
    for format in [CalendarFormat::Text, CalendarFormat::Markdown, CalendarFormat::Html] {
        let text = render_calendar(format, &calendar);
        for when in &all {
            assert!(text.contains(when), "{format:?}: {when}");
        }
        for part in ["office", "nights", "cloud/web-01", "12 more", "left alone", "1 server has no schedule"]
        {
            assert!(text.contains(part), "{format:?}: {part}\n{text}");
        }
        assert!(!text.contains("web-20"), "{format:?} names all servers");
    }
    insta::assert_snapshot!("calendar", render_calendar(CalendarFormat::Text, &calendar));
}

#[test]
fn the_timeline_adds_up_and_stands_in_a_browser() {
    let calendar = december();
    let page = render_calendar(CalendarFormat::Html, &calendar);
    for foreign in ["://", "src=", "href=", "url(", "@import", "unsafe", " style=", " onclick", "<script"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    for bar in page.split("<svg").skip(1) {
        let bar = bar.split_once("</svg>").unwrap().0;
        let widths = bar
            .split(" width=\"")
            .skip(1)
            .map(|rest| rest.split_once('"').unwrap().0.parse::<f64>().unwrap());
        let sum: f64 = widths.sum();
        assert!((sum - 10_000.0).abs() < 1.0, "{sum}");
    }
    // Without a browser the rest is left out, as with the page of a plan.
    let Some(dom) = opened(&page, "") else { return };
    let count = |what: &str| dom.text().matches(what).count();
    assert_eq!((count("<svg"), count("<rect ")), (2, 38 + 2));
    assert_eq!(count("<tr>"), 2 * 2 + 38);
}

#[test]
fn long_times_are_cut_and_say_so() {
    let calendar = between(&servers(), "1970-01-01T00:00:00Z", "2199-12-31T00:00:00Z");
    for one in &calendar.schedules {
        assert_eq!(one.changes.len(), 2_000);
        assert!(one.left_out_from.is_some_and(|from| from > one.changes[1_999].at));
    }
    for format in [CalendarFormat::Text, CalendarFormat::Markdown, CalendarFormat::Html] {
        assert!(render_calendar(format, &calendar).contains("left out"), "{format:?}");
    }
}

#[test]
fn names_do_nothing_but_be_shown() {
    let mut all = servers();
    let name = "<script>alert(1)</script>`|\u{202e}";
    let times = Times::of_week(["08:00-09:00"]).unwrap();
    let hours = Hours { zone: Zone::parse("UTC").unwrap(), times, except: Dates::default() };
    let schedule = Schedule { hours, sense: Sense::On, otherwise: State::Off };
    let location = all[0].location.clone();
    all[0].schedule = Some(Arc::new(PowerSchedule { name: name.into(), schedule, location }));
    all[0].address.name = name.into();
    let calendar = between(&all, "2026-12-21T00:00:00Z", "2026-12-23T00:00:00Z");
    let page = render_calendar(CalendarFormat::Html, &calendar);
    assert!(!page.contains("<script") && !page.contains('\u{202e}'));
    let text = render_calendar(CalendarFormat::Text, &calendar);
    assert!(!text.contains('\u{202e}'));
    let markdown = render_calendar(CalendarFormat::Markdown, &calendar);
    assert!(markdown.contains("``<script>"), "{markdown}");
}
