//! The calendar as one self-contained page: a bar of time for each schedule, and its changes as a table. Nothing is
//! fetched and no script runs.

use super::{left_out, meaning, named, notes, servers, verdict};
use crate::calendar::State;
use crate::plan::{Calendar, ScheduleCalendar};
use crate::report::hypertext::{code, text};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use std::fmt::Write;

const STYLE: &str = include_str!("page.css");

/// The width of a bar in its own units; the browser stretches it.
const WIDTH: f64 = 10_000.0;

/// So many marks are below a bar, its ends included.
const MARKS: i64 = 8;

pub(super) fn calendar_html(calendar: &Calendar) -> String {
    let mut out = String::with_capacity(16_384);
    let print = STANDARD.encode(Sha256::digest(STYLE));
    // Writing to a String cannot fail, here and below.
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{print}'; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>fleetform schedules</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header>\n\
         <h1>fleetform schedules</h1>\n<p class=\"verdict\">{}</p>\n</header>\n<main>\n\
         <p class=\"note\">From {} until {}.</p>\n",
        text(&verdict(calendar)),
        calendar.from,
        calendar.until
    );
    for note in notes(calendar) {
        let _ = writeln!(out, "<p class=\"note\">{}</p>", text(&note));
    }
    if !calendar.schedules.is_empty() {
        out.push_str(
            "<ul class=\"key\"><li><span class=\"on\"></span>on</li><li><span class=\"off\"></span>off</li>\
             <li><span class=\"any\"></span>left alone</li></ul>\n",
        );
    }
    for one in &calendar.schedules {
        schedule(&mut out, one, (calendar.from, calendar.until));
    }
    out.push_str("</main>\n<footer>\n");
    for file in &calendar.fleet {
        let _ = writeln!(out, "<p>Made from {}, sha256 {}</p>", code(&file.path), code(&file.sha256));
    }
    out.push_str("</footer>\n</body>\n</html>\n");
    out
}

fn schedule(out: &mut String, one: &ScheduleCalendar, range: (Timestamp, Timestamp)) {
    let (names, more) = named(&one.servers);
    let names: Vec<String> = names.iter().map(|name| code(name)).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let _ = write!(
        out,
        "<section>\n<h2>{} ({})</h2>\n<p class=\"note\">{}: {}{more}</p>\n",
        code(&one.name),
        text(&one.zone),
        servers(one.servers.len()),
        names.join(", ")
    );
    bar(out, one, range);
    scale(out, &one.zone, range);
    let _ = write!(
        out,
        "<details>\n<summary>{} changes</summary>\n<table>\n<thead><tr><th scope=\"col\">When</th>\
         <th scope=\"col\">Power</th></tr></thead>\n<tbody>\n<tr><td>at first</td><td>{}</td></tr>\n",
        one.changes.len(),
        meaning(one.at_first)
    );
    for change in &one.changes {
        let _ = writeln!(out, "<tr><td>{}</td><td>{}</td></tr>", text(&change.local), meaning(change.power));
    }
    out.push_str("</tbody>\n</table>\n</details>\n");
    if let Some(words) = left_out(one) {
        let _ = writeln!(out, "<p class=\"note\">{}.</p>", text(&words));
    }
    out.push_str("</section>\n");
}

/// One rectangle for each stretch of time, with what it means when it is pointed at.
fn bar(out: &mut String, one: &ScheduleCalendar, (from, until): (Timestamp, Timestamp)) {
    let at = |instant: Timestamp| WIDTH * share(instant, from, until);
    let end = one.left_out_from.unwrap_or(until);
    let label = format!("{}: {} changes", one.name, one.changes.len());
    let _ = writeln!(
        out,
        "<svg viewBox=\"0 0 {WIDTH} 100\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">",
        text(&label)
    );
    let mut begins = (from, one.at_first, "at first".to_owned());
    let ends = one.changes.iter().map(|change| Some((change.at, change.power, change.local.clone())));
    for next in ends.chain([None]) {
        let stop = next.as_ref().map_or(end, |(at, _, _)| *at);
        let (left, right) = (at(begins.0), at(stop));
        // Off is half as high: colours are not all that tells the two apart.
        let (top, height) = if begins.1 == State::On { (0, 100) } else { (50, 50) };
        let _ = writeln!(
            out,
            "<rect class=\"{}\" x=\"{left:.2}\" y=\"{top}\" width=\"{:.2}\" height=\"{height}\"><title>{} from {}</title></rect>",
            begins.1.word(),
            (right - left).max(0.0),
            meaning(begins.1),
            text(&begins.2)
        );
        match next {
            Some(next) => begins = next,
            None => break,
        }
    }
    let _ = write!(out, "<line x1=\"0\" y1=\"100\" x2=\"{WIDTH}\" y2=\"100\"/>\n</svg>\n");
}

/// Marks at equal distances, on the wall clock of the zone.
fn scale(out: &mut String, zone: &str, (from, until): (Timestamp, Timestamp)) {
    let rules = crate::calendar::Zone::parse(zone).map_or(TimeZone::UTC, |zone| zone.rules().clone());
    let span = until.as_second() - from.as_second();
    let form = if span > 14 * 86_400 { "%Y-%m-%d" } else { "%a %m-%d %H:%M" };
    out.push_str("<ul class=\"scale\">");
    for mark in 0..MARKS {
        let second = from.as_second() + span / (MARKS - 1) * mark;
        if let Ok(at) = Timestamp::from_second(second.min(until.as_second())) {
            let _ = write!(out, "<li>{}</li>", at.to_zoned(rules.clone()).strftime(form));
        }
    }
    out.push_str("</ul>\n");
}

#[allow(clippy::cast_precision_loss, reason = "seconds of two centuries are exact")]
fn share(at: Timestamp, from: Timestamp, until: Timestamp) -> f64 {
    let whole = (until.as_second() - from.as_second()).max(1) as f64;
    (at.as_second() - from.as_second()) as f64 / whole
}
