//! The diff, as `patch` sees it.

use crate::arbitrary::documents;
use crate::rich::{document, hostile_too, large, rendered, rich};
use fleetform::plan::PlanDocument;
use fleetform::report::PlanFormat;
use proptest::prelude::*;
use std::process::Command;

/// One file of a diff: its name, and both sides.
#[derive(Debug, Default)]
struct File {
    name: String,
    live: String,
    desired: String,
}

/// Reads a diff strictly: headers, ranges that add up, hunks in order. Of a plan in which every change changes
/// something, one hunk holds all of a file, so both sides can be told from it.
fn files(diff: &str) -> Vec<File> {
    let mut files: Vec<File> = Vec::new();
    let mut lines = diff.lines().peekable();
    while lines.next_if(|line| line.starts_with("# ")).is_some() {}
    while let Some(line) = lines.next() {
        let name =
            line.strip_prefix("--- live/").unwrap_or_else(|| panic!("{line:?} begins no file: {diff}"));
        assert_eq!(lines.next(), Some(&*format!("+++ desired/{name}")));
        let mut file = File { name: name.to_owned(), ..File::default() };
        let (mut old_at, mut new_at) = (1, 1);
        while let Some(header) = lines.next_if(|line| line.starts_with("@@ ")) {
            let ranges = header.strip_prefix("@@ -").and_then(|rest| rest.strip_suffix(" @@")).unwrap();
            let (old, new) = ranges.split_once(" +").unwrap();
            let numbers = |range: &str| {
                let (from, len) = range.split_once(',').unwrap();
                (from.parse::<usize>().unwrap(), len.parse::<usize>().unwrap())
            };
            let ((old_from, mut old_len), (new_from, mut new_len)) = (numbers(old), numbers(new));
            let (old_begin, new_begin) =
                (old_from + usize::from(old_len == 0), new_from + usize::from(new_len == 0));
            assert!(old_begin >= old_at && old_begin - old_at == new_begin - new_at, "{header} in {diff}");
            (old_at, new_at) = (old_begin, new_begin);
            while old_len + new_len > 0 {
                let line = lines.next().unwrap_or_else(|| panic!("the hunk ends early: {diff}"));
                let (mark, text) = line.split_at(1);
                if mark != "+" {
                    file.live.extend([text, "\n"]);
                    old_len -= 1;
                    old_at += 1;
                }
                if mark != "-" {
                    file.desired.extend([text, "\n"]);
                    new_len -= 1;
                    new_at += 1;
                }
                assert!(matches!(mark, " " | "+" | "-"), "{line:?}");
            }
        }
        assert!(!file.live.is_empty(), "a file without hunks: {diff}");
        files.push(file);
    }
    files
}

/// The addresses in the comments above the servers.
pub(crate) fn headings(diff: &str) -> Vec<String> {
    let verbs = ["rename", "power on", "power off", "suspend", "reboot", "delete"];
    let of = |line: &str| {
        let rest = line.strip_prefix("# ")?;
        let ends = verbs.iter().filter_map(|verb| rest.find(&format!(": {verb}")));
        Some(rest[..ends.min().expect("a heading has a verb")].to_owned())
    };
    files(diff).iter().flat_map(|file| file.live.lines().filter_map(of).collect::<Vec<_>>()).collect()
}

/// The servers of a side, as a YAML reader sees them: id, name, power.
fn servers(yaml: &str) -> Vec<(String, String, Option<String>)> {
    let read = fleetform::config::read_as_json("side.yaml", yaml)
        .unwrap_or_else(|found| panic!("{found:?}\n{yaml}"));
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Bool(on) => Some(if *on { "on" } else { "off" }.to_owned()),
        _ => None,
    };
    let entries = read.as_array().cloned().unwrap_or_default();
    entries
        .iter()
        .map(|entry| (text(&entry["id"]).unwrap(), text(&entry["name"]).unwrap(), text(&entry["power"])))
        .collect()
}

#[test]
fn both_sides_are_yaml_that_says_what_the_plan_says() {
    let document = hostile_too();
    let files = files(&rendered(PlanFormat::Diff, &document));
    assert_eq!(files.iter().map(|file| &*file.name).collect::<Vec<_>>(), ["east.yaml", "flex.yaml"]);
    for file in files {
        let connection = file.name.trim_end_matches(".yaml");
        let here = || document.changes.iter().filter(|change| change.provider.as_str() == connection);
        let said = |id: &fleetform::model::ServerId, facts: &fleetform::plan::Facts| {
            (id.to_string(), facts.name.to_string(), facts.power.map(|power| power.to_string()))
        };
        let live: Vec<_> = here().map(|change| said(&change.id, &change.before)).collect();
        let desired: Vec<_> =
            here().filter_map(|change| change.after.as_ref().map(|after| said(&change.id, after))).collect();
        assert_eq!(servers(&file.live), live);
        assert_eq!(servers(&file.desired), desired);
    }
}

/// Lets the real program make desired out of live; says nothing where it is not installed.
fn patched(document: &PlanDocument) {
    let diff = rendered(PlanFormat::Diff, document);
    let files = files(&diff);
    let folder = tempfile::tempdir().unwrap();
    for file in &files {
        std::fs::write(folder.path().join(&file.name), &file.live).unwrap();
    }
    std::fs::write(folder.path().join("plan.diff"), &diff).unwrap();
    let ran = Command::new("patch")
        .current_dir(folder.path())
        .args(["-p1", "--fuzz=0", "-i", "plan.diff"])
        .output();
    let Ok(ran) = ran else { return };
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{said}\n{diff}");
    for word in ["fuzz", "offset", "FAILED"] {
        assert!(!said.contains(word), "{said}\n{diff}");
    }
    for file in &files {
        assert_eq!(std::fs::read_to_string(folder.path().join(&file.name)).unwrap(), file.desired);
    }
}

#[test]
fn patch_makes_desired_out_of_live() {
    for document in [rich(), hostile_too(), large(500)] {
        patched(&document);
    }
    let deletes = rich().changes.into_iter().filter(|change| change.after.is_none()).collect();
    patched(&document(deletes, Vec::new(), Vec::new()));
}

#[test]
fn a_plan_without_changes_is_comments_alone() {
    let text = rendered(PlanFormat::Diff, &document(Vec::new(), Vec::new(), Vec::new()));
    assert!(text.lines().all(|line| line.starts_with("# ")), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_diff_adds_up(document in documents()) {
        let diff = rendered(PlanFormat::Diff, &document);
        files(&diff);
        prop_assert!(!diff.chars().any(|c| c.is_control() && c != '\n'), "{diff:?}");
    }
}
