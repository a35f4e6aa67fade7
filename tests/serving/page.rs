//! The page as text: what it holds, what it must not, and how long it gets.

use super::fixture::{hostile, large, now, quiet, rich, told};
use fleetform::report::{Served, page_policy, status_page};
use fleetform::watch::{HoldStatus, Status};
use jiff::SignedDuration;

pub(crate) fn page(status: &Status) -> String {
    status_page(Served { status, notifications: &told() }, now())
}

fn title(page: &str) -> &str {
    page.split_once("<title>").unwrap().1.split_once(" · ").unwrap().0
}

#[test]
fn the_first_sentence_is_the_worst_that_is_so() {
    let mut status = quiet();
    assert_eq!(title(&page(&status)), "Everything is as declared");
    status.drift = rich().drift[..1].to_vec();
    assert_eq!(title(&page(&status)), "1 server is not as declared");
    status.drift = large(4_321).drift;
    assert_eq!(title(&page(&status)), "4,321 servers are not as declared");
    status.contested = rich().contested;
    assert_eq!(title(&page(&status)), "1 server changed by somebody else, again and again");
    status.connections = rich().connections;
    assert_eq!(title(&page(&status)), "1 of 5 connections cannot be read");
    status.last_round = None;
    assert_eq!(title(&page(&status)), "The first round has not ended yet");
}

#[test]
fn what_is_out_of_the_ordinary_is_said_on_top() {
    let head = |status: &Status| page(status).split_once("</header>").unwrap().0.to_owned();
    assert!(!head(&quiet()).contains("<li class"));
    let mut status = rich();
    status.holds.push(HoldStatus { what: "freeze".into(), selector: "*".into(), ..status.holds[0].clone() });
    status.last_round.as_mut().unwrap().trouble = Some("max_power_offs: 7 of 5".into());
    let shown = head(&status);
    for words in [
        "File rejected",
        "unknown key",
        "Frozen</b> by alice",
        "Nothing is put right</b> on <code>nova",
        "max_power_offs: 7 of 5",
    ] {
        assert!(shown.contains(words), "{words}\n{shown}");
    }
    let mut late = quiet();
    late.last_round.as_mut().unwrap().began_at = now() - SignedDuration::from_secs(200);
    assert!(head(&late).contains("Late:"));
}

#[test]
fn nothing_is_fetched_and_nothing_runs() {
    let page = page(&rich());
    for foreign in ["<script", "src=", "url(", "@import", " style=", " onclick", "http://", "https://www"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    let hrefs: Vec<&str> =
        page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(hrefs.iter().all(|href| ["data:,", "/status.json", "/metrics"].contains(href)), "{hrefs:?}");
    let policy = page_policy();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"),
        "{policy}"
    );
}

#[test]
fn thousands_are_cut_with_a_count() {
    let few = page(&large(200));
    assert!(!few.contains("not shown here"));
    let many = page(&large(50_000));
    assert!(many.contains("49,800 more rows not shown here"));
    assert!(many.len() < few.len() + 1_000, "{} {}", many.len(), few.len());
    let mut long = rich();
    long.contested[0].message = "word ".repeat(100_000);
    assert!(page(&long).len() < 100_000);
}

#[test]
fn no_name_is_anything_but_shown() {
    let page = page(&hostile());
    for broken in ["<script", "<img", "<!channel", "\u{202e}", "onerror=alert(1)>"] {
        assert!(!page.contains(broken), "{broken}");
    }
    assert!(page.contains("&lt;script&gt;"));
}
