//! What code scanning reads.

use crate::arbitrary::documents;
use crate::rich::{hostile_too, rendered, rich};
use fleetform::plan::{PlanDocument, Severity};
use fleetform::report::{Danger, PlanFormat, mistake_annotations, problem_annotations};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::HashSet;

fn log(document: &PlanDocument) -> Value {
    serde_json::from_str(&rendered(PlanFormat::Sarif, document)).unwrap()
}

/// What the standard and GitHub's reader of it require of the parts that are used.
fn assert_well_formed(document: &PlanDocument) {
    let log = log(document);
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().unwrap().ends_with("sarif-schema-2.1.0.json"));
    let [run] = log["runs"].as_array().unwrap().as_slice() else { panic!("one run") };
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "fleetform");
    let rules: Vec<&str> =
        driver["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert!(rules.iter().collect::<HashSet<_>>().len() == rules.len(), "{rules:?}");
    let results = run["results"].as_array().unwrap();
    let dangerous = document.changes.iter().filter(|change| Danger::of(change).is_dangerous()).count();
    assert_eq!(results.len(), dangerous + document.problems.len());
    let mut prints = HashSet::new();
    for result in results {
        let rule = result["ruleIndex"].as_u64().and_then(|at| rules.get(usize::try_from(at).unwrap()));
        assert_eq!(rule.copied(), result["ruleId"].as_str(), "{result}");
        assert!(matches!(result["level"].as_str(), Some("error" | "warning" | "note")), "{result}");
        let message = result["message"]["text"].as_str().unwrap();
        assert!(!message.is_empty() && !message.chars().any(char::is_control), "{result}");
        let bare = message
            .replace("\\\\", "")
            .replace("\\[", "")
            .replace("\\]", "")
            .replace("{{", "")
            .replace("}}", "");
        assert!(!bare.contains(['{', '}', '[', ']', '\\']), "{message}");
        let [location] = result["locations"].as_array().unwrap().as_slice() else { panic!("{result}") };
        let place = &location["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"/-_.~%:".contains(&b);
        assert!(uri.bytes().all(allowed), "{uri}");
        assert!(
            place["region"]["startLine"].as_u64() >= Some(1)
                && place["region"]["startColumn"].as_u64() >= Some(1)
        );
        let print = result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap();
        assert!(prints.insert(print.to_owned()), "{print} twice");
    }
}

#[test]
fn it_is_well_formed_and_on_the_lines_that_cause_it() {
    let document = rich();
    assert_well_formed(&document);
    assert_well_formed(&hostile_too());
    let log = log(&document);
    let results = log["runs"][0]["results"].as_array().unwrap();
    let found = |subject: &str| {
        results
            .iter()
            .find(|result| result["properties"]["subject"] == subject)
            .unwrap_or_else(|| panic!("{subject}"))
    };
    let line = |subject| &found(subject)["locations"][0]["physicalLocation"]["region"]["startLine"];
    assert_eq!((found("flex/web-09")["level"].as_str(), line("flex/web-09")), (Some("error"), &17.into()));
    assert_eq!(found("east/legacy")["ruleId"], "planned_delete");
    assert_eq!(found("east/cache-a")["level"], "note");
    let errors = document.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    assert!(results[..errors].iter().all(|result| result["level"] == "error"), "errors come first");
}

#[test]
fn fingerprints_stay_when_lines_move() {
    let prints = |document: &PlanDocument| -> Vec<String> {
        let log = log(document);
        let results = log["runs"][0]["results"].as_array().unwrap().iter();
        results
            .map(|result| result["partialFingerprints"]["fleetform/v1"].as_str().unwrap().to_owned())
            .collect()
    };
    let document = rich();
    let mut moved = document.clone();
    for at in moved.changes.iter_mut().filter_map(|change| change.location.as_mut()) {
        at.line += 7;
    }
    for at in moved.problems.iter_mut().filter_map(|problem| problem.location.as_mut()) {
        at.line += 7;
    }
    assert_eq!(prints(&document), prints(&moved));
}

#[test]
fn annotations_are_escaped_by_githubs_rules() {
    let mut document = rich();
    document.problems[1].message = "100% sure:\r\n::error::forged, really".into();
    document.problems[1].location.as_mut().unwrap().file = "a,b:c%.yaml".into();
    insta::assert_snapshot!("annotations", problem_annotations(&document.problems));
    let specs = fleetform::providers::specs();
    let mode = fleetform::config::Mode { simulated: true };
    let mistakes =
        fleetform::config::load_texts(&[("fleet.yaml", "version: 1\nservres: []\n")], &specs, mode)
            .unwrap_err();
    insta::assert_snapshot!("annotations_of_mistakes", mistake_annotations(&mistakes));
    for text in [problem_annotations(&hostile_too().problems), mistake_annotations(&mistakes)] {
        assert!(
            text.lines().all(|line| line.starts_with("::error ") || line.starts_with("::warning ")),
            "{text}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_plan_is_well_formed(document in documents()) {
        assert_well_formed(&document);
    }
}
