//! The comment, read back by a Markdown parser that is not ours.

use crate::arbitrary::documents;
use crate::rich::{document, hostile_too, large, rich, shown};
use fleetform::plan::{PlanDocument, PlanOptionsRecord};
use fleetform::report::{MaxLength, PlanFormat, PlanView, render_plan};
use proptest::prelude::*;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// The invisible character that breaks references.
const JOINER: char = '\u{2060}';

/// A row of one of the tables.
#[derive(Debug, Default)]
pub(crate) struct Row {
    pub(crate) address: String,
    cells: usize,
}

/// What a parser finds in a comment.
#[derive(Debug, Default)]
pub(crate) struct Comment {
    pub(crate) rows: Vec<Row>,
    items: usize,
    html: String,
    headings: Vec<String>,
    /// Text outside of code, piece by piece as the parser joins it.
    prose: Vec<String>,
    /// All code, to the letter.
    codes: Vec<String>,
    strange: Vec<String>,
}

impl Comment {
    pub(crate) fn read(text: &str) -> Self {
        let mut comment = Self::default();
        let (mut in_head, mut in_heading) = (false, false);
        for event in pulldown_cmark::TextMergeStream::new(Parser::new_ext(text, Options::all())) {
            match event {
                Event::Start(Tag::TableHead) => in_head = true,
                Event::End(TagEnd::TableHead) => in_head = false,
                Event::Start(Tag::TableRow) => comment.rows.push(Row::default()),
                Event::Start(Tag::TableCell) if !in_head => comment.rows.last_mut().unwrap().cells += 1,
                Event::Start(Tag::Heading { level, .. }) => {
                    assert_eq!(level, HeadingLevel::H3);
                    in_heading = true;
                    comment.headings.push(String::new());
                }
                Event::End(TagEnd::Heading(_)) => in_heading = false,
                Event::Start(Tag::Item) => comment.items += 1,
                Event::Text(text) if in_heading => comment.headings.last_mut().unwrap().push_str(&text),
                Event::Text(text) => comment.prose.push(text.into_string()),
                Event::Code(code) => {
                    comment.codes.push(code.replace(JOINER, ""));
                    let row = comment.rows.last_mut();
                    if let Some(row) = row.filter(|row| row.cells == 2 && row.address.is_empty()) {
                        row.address = code.replace(JOINER, "");
                    }
                }
                Event::Html(html) | Event::InlineHtml(html) => comment.html.push_str(&html),
                Event::Start(
                    Tag::Paragraph
                    | Tag::Table(_)
                    | Tag::TableCell
                    | Tag::List(None)
                    | Tag::Strong
                    | Tag::HtmlBlock,
                )
                | Event::End(_)
                | Event::SoftBreak => {}
                other => comment.strange.push(format!("{other:?}")),
            }
        }
        comment
    }

    /// Nothing but what the program itself writes.
    fn assert_harmless(&self, text: &str) {
        assert!(self.strange.is_empty(), "{:?} in {text}", self.strange);
        let own = ["Refused", "Dangerous", "Problems", "Waiting"];
        for heading in &self.headings {
            assert!(
                own.contains(&&**heading)
                    || heading.ends_with(" other changes")
                    || heading == "1 other change"
            );
        }
        let tags: Vec<&str> =
            self.html.split_inclusive('>').map(str::trim).filter(|tag| !tag.is_empty()).collect();
        match tags[..] {
            [] | ["<details>", "<summary>", _, "</details>"] => {}
            _ => panic!("{tags:?} in {text}"),
        }
        for row in &self.rows {
            assert_eq!(row.cells, 4, "{row:?} in {text}");
        }
        for prose in &self.prose {
            assert!(!refers(prose), "{prose:?} in {text}");
        }
    }
}

/// Whether a service would make a link of a part of this after Markdown is done.
fn refers(prose: &str) -> bool {
    let lower = prose.to_lowercase();
    let mut pairs = prose.chars().zip(prose.chars().skip(1));
    lower.contains("www.")
        || lower.contains("://")
        || pairs.any(|(a, b)| matches!(a, '@' | '#' | '!' | '~' | '%' | '&' | '$') && b.is_alphanumeric())
}

fn comment(document: &PlanDocument, max_length: MaxLength) -> String {
    let view = PlanView {
        max_length,
        artifact: Some("out/`plan`.json"),
        ..PlanView::new(document, &document.refusals)
    };
    render_plan(PlanFormat::Markdown, &view)
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[test]
fn hostile_names_are_shown_and_do_nothing() {
    let document = hostile_too();
    for limit in [MaxLength::GITHUB, MaxLength::BITBUCKET] {
        let text = comment(&document, limit);
        let read = Comment::read(&text);
        read.assert_harmless(&text);
        assert_eq!(read.rows.len(), document.changes.len());
        let waiting = document.withheld.len() + document.holds.len();
        assert_eq!(read.items, document.problems.len() + document.refusals.len() + waiting);
        for change in &document.changes {
            let address = shown(&change.address.to_string());
            assert!(read.rows.iter().any(|row| row.address == address), "{address:?} in {text}");
        }
        for problem in &document.problems {
            let place = problem.location.as_ref().map(|at| shown(&format!("{}:{}", at.file, at.line)));
            for code in [Some(shown(&problem.address.to_string())), place].into_iter().flatten() {
                assert!(read.codes.contains(&code), "{code:?} in {text}");
            }
        }
    }
}

/// What a cut comment says is missing: how many of how many of what.
fn missing(text: &str) -> Vec<(usize, usize, String)> {
    let Some((_, rest)) = text.split_once("Not shown: ") else { return Vec::new() };
    let (list, _) = rest.split_once("; all of it is in ").unwrap();
    let number = |text: &str| text.replace(',', "").parse::<usize>().unwrap();
    let mut found = Vec::new();
    let mut rest = list;
    while !rest.is_empty() {
        let (count, after) = rest.split_once(" of ").unwrap();
        let (all, after) = after.split_once(' ').unwrap();
        // A noun may hold a comma; the next number tells where it ends.
        let end = after
            .match_indices(", ")
            .map(|(at, _)| at)
            .find(|at| after[at + 2..].starts_with(|c: char| c.is_ascii_digit()));
        let noun = &after[..end.unwrap_or(after.len())];
        found.push((number(count), number(all), noun.to_owned()));
        rest = end.map_or("", |at| &after[at + 2..]);
    }
    found
}

#[test]
fn what_does_not_fit_is_cut_from_the_least_dangerous_and_counted() {
    let document = large(10_000);
    for (limit, preset) in [
        (MaxLength::GITHUB, "65,536"),
        (MaxLength::GITLAB, "1,000,000"),
        (MaxLength::BITBUCKET, "32,768"),
        (MaxLength::AZURE, "150,000"),
    ] {
        let text = comment(&document, limit);
        assert!(units(&text) <= limit.units(), "{} of {preset}", units(&text));
        let read = Comment::read(&text);
        read.assert_harmless(&text);
        let gone = missing(&text);
        let count: usize = gone.iter().map(|(missing, ..)| missing).sum();
        assert_eq!(read.rows.len() + read.items + count, 10_003, "{gone:?}");
        if count == 0 {
            continue;
        }
        assert!(text.contains(&format!("**Cut to {preset} characters.**")), "{text}");
        assert!(
            text.contains("`` out/`plan`.json ``") || text.contains("``out/`plan`.json``"),
            "names the artifact"
        );
        assert!(text.contains(&document.digest));
        assert!(units(&text) > limit.units() - 500, "it is filled: {}", units(&text));
        let last = gone.last().unwrap();
        assert_eq!((&*last.2, last.1), ("other changes", 9_000), "{gone:?}");
        for (missing, all, noun) in &gone[..gone.len() - 1] {
            assert!(missing <= all, "{noun}");
        }
        // Whatever is missing in part, everything after it is missing as a whole.
        for (missing, all, noun) in &gone[1..] {
            assert_eq!(missing, all, "{noun}: {gone:?}");
        }
    }
}

#[test]
fn what_fits_is_not_cut() {
    let document = hostile_too();
    let text = comment(&document, MaxLength::GITHUB);
    assert!(!text.contains("Not shown"), "{text}");
    let exact = MaxLength::of(units(&text)).unwrap();
    assert_eq!(comment(&document, exact), text);
    let less = MaxLength::of(units(&text) - 1).unwrap();
    let cut = comment(&document, less);
    assert!(units(&cut) < units(&text) && cut.contains("Not shown"), "{cut}");
}

#[test]
fn a_service_that_shows_html_as_text_gets_none() {
    let text = comment(&rich(), MaxLength::BITBUCKET);
    assert!(!text.contains('<'), "{text}");
    assert!(comment(&rich(), MaxLength::GITHUB).contains("<details>"));
}

#[test]
fn lengths_are_read_as_services_and_as_numbers() {
    assert_eq!(MaxLength::parse("github"), Some(MaxLength::GITHUB));
    assert_eq!(MaxLength::parse("65,536").unwrap().units(), 65_536);
    assert_eq!(MaxLength::parse("10_000").unwrap().units(), 10_000);
    for wrong in ["", "gitea", "-1", "1e9", "100"] {
        assert_eq!(MaxLength::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn a_plan_without_changes_and_a_rehearsal() {
    let options = PlanOptionsRecord {
        targets: vec!["east/*".into(), "label:a=|b".into()],
        simulated: true,
        ..Default::default()
    };
    let none = PlanDocument { options, ..document(Vec::new(), Vec::new(), Vec::new()) };
    insta::assert_snapshot!("markdown_nothing", comment(&none, MaxLength::GITHUB));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_name_at_all_does_anything_and_the_limit_always_holds(
        document in documents(),
        limit in MaxLength::LEAST..20_000,
    ) {
        let text = comment(&document, MaxLength::of(limit).unwrap());
        prop_assert!(units(&text) <= limit, "{} of {limit}: {text}", units(&text));
        let read = Comment::read(&text);
        read.assert_harmless(&text);
        let gone: usize = missing(&text).iter().map(|(missing, ..)| missing).sum();
        let waiting = document.withheld.len() + document.holds.len();
        let all = document.changes.len() + document.problems.len() + waiting;
        prop_assert_eq!(read.rows.len() + read.items + gone, all, "{}", text);
    }
}
