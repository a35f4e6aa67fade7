//! All formats say the same.

use crate::arbitrary::documents;
use crate::rich::{hostile_too, large, rendered, rich, shown};
use fleetform::plan::{Cause, PlanDocument, Summary};
use fleetform::report::{Danger, PlanFormat, PlanView, render_plan, verdict};
use proptest::prelude::*;
use serde_json::Value;

#[test]
fn one_rich_plan_in_every_format() {
    let document = rich();
    for (name, format) in [
        ("text", PlanFormat::Text),
        ("json", PlanFormat::Json),
        ("markdown", PlanFormat::Markdown),
        ("diff", PlanFormat::Diff),
        ("sarif", PlanFormat::Sarif),
    ] {
        insta::assert_snapshot!(name, rendered(format, &document));
    }
    let html = rendered(PlanFormat::Html, &document);
    let (_, body) = html.split_once("<body>").unwrap();
    let (body, _) = body.split_once("<script>").unwrap();
    insta::assert_snapshot!("html", body);
}

#[test]
fn the_verbose_text_says_why_and_how() {
    let document = rich();
    let view = PlanView { verbose: true, ..PlanView::new(&document, &document.refusals) };
    insta::assert_snapshot!("text_verbose", render_plan(PlanFormat::Text, &view));
}

#[test]
fn hostile_names_in_the_formats_that_people_read() {
    let document = hostile_too();
    insta::assert_snapshot!("hostile_markdown", rendered(PlanFormat::Markdown, &document));
    insta::assert_snapshot!("hostile_diff", rendered(PlanFormat::Diff, &document));
}

/// The addresses that a rendering shows as changed, in its order.
fn addresses(format: PlanFormat, text: &str) -> Vec<String> {
    match format {
        PlanFormat::Text => text
            .lines()
            .take_while(|line| !line.is_empty())
            .filter(|line| !line.starts_with("  "))
            .map(|line| line.split("  (id ").next().unwrap())
            .map(|line| line.split("  [").next().unwrap().to_owned())
            .collect(),
        PlanFormat::Json => {
            let plan: Value = serde_json::from_str(text).unwrap();
            let of = |change: &Value| shown(change["address"].as_str().unwrap());
            plan["changes"].as_array().unwrap().iter().map(of).collect()
        }
        PlanFormat::Markdown => {
            crate::markdown::Comment::read(text).rows.into_iter().map(|row| row.address).collect()
        }
        PlanFormat::Diff => crate::diff::headings(text),
        PlanFormat::Html => text
            .split("<th scope=\"row\" role=\"rowheader\"><code>")
            .skip(1)
            .map(|rest| unescaped(rest.split("</code>").next().unwrap()))
            .collect(),
        PlanFormat::Sarif => {
            let log: Value = serde_json::from_str(text).unwrap();
            let results = log["runs"][0]["results"].as_array().unwrap().iter();
            results
                .filter(|result| result["ruleId"].as_str().unwrap().starts_with("planned_"))
                .map(|result| shown(result["properties"]["subject"].as_str().unwrap()))
                .collect()
        }
    }
}

/// Where each change and each problem comes from is in every format, and as often.
#[test]
fn causes_are_told_in_every_format() {
    let document = rich();
    for cause in [Cause::ThisChange, Cause::Drift, Cause::Both] {
        let changes = document.changes.iter().filter(|change| change.cause == Some(cause));
        let problems = document.problems.iter().filter(|problem| problem.cause == Some(cause)).count();
        let dangerous = changes.clone().filter(|change| Danger::of(change).is_dangerous()).count();
        let phrase = cause.phrase();
        for (format, mark, expected) in [
            (PlanFormat::Text, format!("  [{phrase}]\n"), changes.clone().count() + problems),
            (PlanFormat::Markdown, format!("**{phrase}**"), changes.clone().count() + problems),
            (PlanFormat::Html, format!("<b>{phrase}</b>"), changes.clone().count() + problems),
            (PlanFormat::Diff, format!("  [{phrase}]\n"), changes.clone().count() + problems),
            (PlanFormat::Sarif, format!("; from {}\"", cause.source()), dangerous + problems),
            (
                PlanFormat::Json,
                format!("\"cause\": {}", serde_json::json!(cause)),
                changes.count() + problems,
            ),
        ] {
            let text = rendered(format, &document);
            assert_eq!(text.matches(&mark).count(), expected, "{format:?}: {mark}");
        }
    }
}

/// What waits and who is held is in every format, and no change by that.
#[test]
fn what_waits_and_who_is_held_is_told_in_every_format() {
    let document = rich();
    for (format, marks) in [
        (
            PlanFormat::Text,
            [
                "waiting: east/night-1: reboot; waiting for window nights  (fleet.yaml:23:5)\n",
                "waiting: east/swap-disk: rename, power off; held as-is by alice until 2026-11-21T20:00:00Z: alice",
                "held: east/* on by alice until 2026-11-21T20:00:00Z (alice); 7 servers, 1 of which later holds have; id",
                "Frozen by alice until 2026-11-21T20:00:00Z: alice. Nothing is done to any server.\n",
            ],
        ),
        (
            PlanFormat::Markdown,
            [
                "### Waiting\n\n- waiting: `east/night-1`: reboot; waiting for window nights (`fleet.yaml:23`)\n",
                "- waiting: `east/swap-disk`: rename, power off; held as-is by alice",
                "- held: `east/*` on by `alice` until",
                "\nFrozen by `alice` until",
            ],
        ),
        (
            PlanFormat::Diff,
            [
                "# waiting: east/night-1: reboot; waiting for window nights  (fleet.yaml:23:5)\n",
                "# waiting: east/swap-disk: rename, power off; held as-is by alice",
                "# held: east/* on by alice until",
                "# Frozen by alice until",
            ],
        ),
        (
            PlanFormat::Html,
            [
                "<li class=\"waiting\"><code>east/night-1</code>: reboot; waiting for window nights <code>fleet.yaml:23</code></li>",
                "<li class=\"waiting\"><code>east/swap-disk</code>: rename, power off; held as-is by alice",
                "<li class=\"held\"><b>held</b> <code>east/*</code> on by <code>alice</code> until",
                "<p class=\"note\">Frozen by <code>alice</code> until",
            ],
        ),
        (PlanFormat::Json, ["\"withheld\": [", "\"by\": \"window\"", "\"holds\": [", "\"freeze\": {"]),
        (
            PlanFormat::Sarif,
            ["\"withheld\": [", "\"by\": \"window\"", "\"holds\": [", "\"Frozen by alice until"],
        ),
    ] {
        let text = rendered(format, &document);
        for mark in marks {
            assert_eq!(text.matches(mark).count(), 1, "{format:?}: {mark}\n{text}");
        }
    }
    assert!(verdict(&document).contains(", 2 waiting,"), "{}", verdict(&document));
    let nothing = PlanDocument { changes: Vec::new(), problems: Vec::new(), ..document };
    let summary = Summary { withheld: 2, ..Summary::count(&[], &[], 37, 12) };
    let nothing = PlanDocument { summary, ..nothing };
    assert_eq!(verdict(&nothing), "No changes. 37 unchanged, 12 unmanaged, 2 waiting.");
}

fn unescaped(html: &str) -> String {
    html.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

fn held_side_by_side(document: &PlanDocument) {
    let says = verdict(document);
    for format in PlanFormat::ALL {
        let text = rendered(format, document);
        let dangerous_only = format == PlanFormat::Sarif;
        let mut expected: Vec<String> = document
            .changes
            .iter()
            .filter(|change| !dangerous_only || Danger::of(change).is_dangerous())
            .map(|change| shown(&change.address.to_string()))
            .collect();
        let mut found = addresses(format, &text);
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{format:?}");
        let verdict_of = match format {
            PlanFormat::Text => text.lines().last().unwrap().to_owned(),
            PlanFormat::Markdown => text.lines().next().unwrap().trim_matches('*').to_owned(),
            PlanFormat::Diff => text.lines().next().unwrap().trim_start_matches("# ").to_owned(),
            PlanFormat::Html => {
                let rest = text.split_once("<p class=\"verdict\">").unwrap().1;
                rest.split_once("</p>").unwrap().0.to_owned()
            }
            PlanFormat::Sarif => {
                let log: Value = serde_json::from_str(&text).unwrap();
                let run = &log["runs"][0];
                assert_eq!(run["properties"]["summary"], serde_json::to_value(document.summary).unwrap());
                run["properties"]["verdict"].as_str().unwrap().to_owned()
            }
            PlanFormat::Json => {
                let plan: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(plan["summary"], serde_json::to_value(document.summary).unwrap());
                continue;
            }
        };
        assert_eq!(verdict_of, says, "{format:?}");
        if format != PlanFormat::Text {
            assert!(text.contains(&document.digest), "{format:?} names the digest");
        }
    }
}

#[test]
fn every_change_is_once_in_every_format_and_the_counts_agree() {
    held_side_by_side(&rich());
    held_side_by_side(&hostile_too());
    held_side_by_side(&large(200));
}

#[test]
fn the_text_and_the_page_begin_with_what_is_dangerous() {
    let document = hostile_too();
    let rank = |address: &String| {
        let change = document.changes.iter().find(|change| shown(&change.address.to_string()) == *address);
        Danger::of(change.unwrap())
    };
    for format in [PlanFormat::Text, PlanFormat::Html, PlanFormat::Markdown] {
        let ranks: Vec<Danger> = addresses(format, &rendered(format, &document)).iter().map(rank).collect();
        assert!(ranks.is_sorted(), "{format:?}: {ranks:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rendering_twice_gives_the_same_bytes_and_never_panics(document in documents()) {
        for format in PlanFormat::ALL {
            let once = rendered(format, &document);
            prop_assert_eq!(&once, &rendered(format, &document.clone()));
            prop_assert!(once.ends_with('\n'));
        }
    }
}
