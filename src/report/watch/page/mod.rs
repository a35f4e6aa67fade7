//! The watcher's page: one file, nothing fetched, no script; the browser reads it again by itself. Long lists are cut
//! with a count, so that it stays a page however much is wrong.

mod cells;
mod sections;
mod verdict;

use super::Served;
use crate::report::hypertext::{push, text};
use crate::watch::Role;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cells::{count, since};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The media type of [`status_page`].
pub const PAGE_TYPE: &str = "text/html; charset=utf-8";

const STYLE: &str = include_str!("page.css");

/// How often the browser reads it again, in seconds.
const REFRESH: u32 = 15;

/// The `Content-Security-Policy` under which the page is served: its own style, and an icon that is empty.
pub fn page_policy() -> String {
    format!(
        "default-src 'none'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        STANDARD.encode(Sha256::digest(STYLE))
    )
}

/// Renders the page as it is at an instant.
pub fn status_page(served: Served<'_>, now: Timestamp) -> String {
    let mut out = String::with_capacity(32 * 1024);
    head(&mut out, served, now);
    out.push_str("<main>\n");
    tiles(&mut out, served, now);
    sections::all(&mut out, served, now);
    out.push_str("</main>\n");
    foot(&mut out, served);
    out
}

fn head(out: &mut String, served: Served<'_>, now: Timestamp) {
    let status = served.status;
    let verdict = verdict::verdict(status, now);
    // Writing to a String cannot fail, here and below.
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta http-equiv=\"refresh\" content=\"{REFRESH}\">\n<link rel=\"icon\" href=\"data:,\">\n\
         <title>{} · fleetform watch</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <header class=\"{}\">\n<p class=\"brand\">fleetform watch{}</p>\n<h1>{}</h1>\n<p class=\"facts\">",
        text(&verdict.words),
        verdict.mood.class(),
        if status.simulated { " <span class=\"chip\">simulated</span>" } else { "" },
        text(&verdict.words),
    );
    let (role, meaning) = match &status.role {
        Role::Observer => ("observer", "reports, changes nothing".to_owned()),
        Role::Leader => ("leader", "puts drift right".to_owned()),
        Role::Standby { holder } => ("standby", format!("the leader is {holder}")),
    };
    let _ = write!(out, "<span class=\"chip\">{role}</span> {}", text(&meaning));
    if let Some(round) = &status.last_round {
        let _ = write!(
            out,
            " · round {} began {} and took {:.1} s",
            count(round.number),
            since(round.began_at, now),
            round.took
        );
    }
    let _ = write!(out, " · every {} s", status.interval);
    out.push_str("</p>\n");
    if !verdict.notices.is_empty() {
        out.push_str("<ul class=\"notices\">\n");
        for notice in &verdict.notices {
            let _ = writeln!(out, "<li class=\"{}\">{}</li>", notice.mood.class(), notice.html);
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</header>\n");
}

/// The numbers that are read first.
fn tiles(out: &mut String, served: Served<'_>, now: Timestamp) {
    let status = served.status;
    let servers = |state: Option<&str>| -> u64 {
        let counts = status.connections.iter().flat_map(|connection| &connection.servers);
        counts.filter(|one| state.is_none_or(|state| one.state == state)).map(|one| one.count).sum()
    };
    let (all, on, off) = (servers(None), servers(Some("on")), servers(Some("off")));
    let oldest = status.drift.iter().map(|drift| drift.since).min();
    let failed: u64 =
        status.corrections.iter().filter(|one| one.outcome != "done").map(|one| one.count).sum();
    let done: u64 = status.corrections.iter().filter(|one| one.outcome == "done").map(|one| one.count).sum();
    let holds = status.holds.len();
    out.push_str("<section aria-labelledby=\"fleet\">\n<h2 id=\"fleet\" class=\"heard\">Fleet</h2>\n<dl class=\"tiles\">\n");
    let tile = |out: &mut String, class: &str, name: &str, number: u64, more: &str| {
        let class = if number == 0 { "" } else { class };
        let _ = writeln!(
            out,
            "<div class=\"{class}\"><dt>{name}</dt><dd><b>{}</b> <span>{more}</span></dd></div>",
            count(number)
        );
    };
    let by_state = format!("{} on, {} off, {} other", count(on), count(off), count(all - on - off));
    tile(out, "", "Servers", all, &by_state);
    let oldest = oldest.map_or_else(|| "as declared".into(), |at| format!("oldest {}", since(at, now)));
    tile(out, "warn", "Drift", status.drift.len() as u64, &oldest);
    tile(out, "bad", "Contested", status.contested.len() as u64, "changed by somebody else");
    tile(out, "warn", "Problems", status.problems.len() as u64, "in the last plan");
    tile(out, "held", "Holds", holds as u64, "in force");
    let failed = if failed == 0 { "none failed".into() } else { format!("{} failed", count(failed)) };
    tile(out, "", "Corrected", done, &format!("since the start, {failed}"));
    out.push_str("</dl>\n</section>\n");
}

fn foot(out: &mut String, served: Served<'_>) {
    let status = served.status;
    let watcher = &status.watcher;
    let _ = write!(
        out,
        "<footer>\n<p>As of <time datetime=\"{at}\">{at}</time>; this page reads itself again every {REFRESH} s. \
         Also as <a href=\"/status.json\">status.json</a> and <a href=\"/metrics\">metrics</a>.</p>\n<p>fleetform ",
        at = status.at.round(jiff::Unit::Second).unwrap_or(status.at),
    );
    push(out, &status.fleetform_version);
    out.push_str(", run ");
    push(out, &watcher.run);
    out.push_str(", started by ");
    push(out, &format!("{}@{} (process {})", watcher.user, watcher.host, watcher.pid));
    out.push_str("</p>\n</footer>\n</body>\n</html>\n");
}
