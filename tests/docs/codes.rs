//! `docs/codes.md` held against the program: every code has one section, every section a code, every example the
//! effect that it is shown for. The codes of mistakes in files are read from the source, where they are written.

use fleetform::config::{Diagnostic, Mode, load_texts};
use fleetform::plan::{Code, GuardName};
use fleetform::providers::specs;
use fleetform::report::{Explanation, explanations};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Groups of codes that a file is refused with.
const GROUPS_OF_FILES: [&str; 2] = ["Fleet file", "Connections and settings"];

/// The longest first sentence that fits into a line of the list.
const MAX_SUMMARY: usize = 54;

fn files_below(folder: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, extensions, found);
        } else if path.extension().is_some_and(|it| extensions.iter().any(|wanted| it == *wanted)) {
            found.push(path);
        }
    }
}

fn texts_below(folder: &str, extensions: &[&str]) -> Vec<(PathBuf, String)> {
    let mut paths = Vec::new();
    files_below(&super::root().join(folder), extensions, &mut paths);
    paths.sort();
    paths.into_iter().filter_map(|path| fs::read_to_string(&path).ok().map(|text| (path, text))).collect()
}

/// Source files as (path, text), comments and unit tests left out.
fn sources() -> Vec<(String, String)> {
    let code = |text: &str| {
        let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        lines.fold(String::new(), |all, line| all + line + "\n")
    };
    texts_below("src", &["rs"])
        .into_iter()
        .map(|(path, text)| (path.to_string_lossy().replace('\\', "/"), code(&text)))
        .collect()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What stands after every occurrence of a text that is not the end of a longer word.
fn after<'t>(text: &'t str, what: &'t str) -> impl Iterator<Item = (usize, &'t str)> {
    text.match_indices(what)
        .filter(|(at, _)| !text[..*at].ends_with(is_word))
        .map(move |(at, _)| (at, &text[at + what.len()..]))
}

/// What is given for a code.
#[derive(Debug, PartialEq)]
enum Given {
    Code(String),
    /// A field of that name; its values stand where it is set.
    Field,
    Unknown(String),
}

/// Reads what is given: a text, a constant with a text, or a field called `code`.
fn given(argument: &str, all: &[(String, String)]) -> Given {
    let argument = argument.trim_start();
    if let Some(text) = argument.strip_prefix('"') {
        return Given::Code(text.split('"').next().unwrap_or_default().to_owned());
    }
    let end = argument.find(|c: char| !is_word(c) && !matches!(c, '.' | ':')).unwrap_or(argument.len());
    let name = &argument[..end];
    if name.rsplit_once('.').is_some_and(|(_, field)| field == "code") {
        return Given::Field;
    }
    let last = name.rsplit("::").next().unwrap_or_default();
    let value = all.iter().find_map(|(_, text)| {
        let declared = format!("const {last}:");
        let (_, rest) = after(text, &declared).next()?;
        let (kind, value) = rest.split_once(';')?.0.split_once('=')?;
        let text = value.trim().strip_prefix('"')?.strip_suffix('"')?;
        kind.trim_end().ends_with("str").then(|| text.to_owned())
    });
    value.map_or_else(|| Given::Unknown(argument.chars().take(40).collect()), Given::Code)
}

/// The codes of diagnostics in the source, and the places where none can be made out.
fn diagnostic_codes(all: &[(String, String)]) -> (BTreeSet<String>, Vec<String>) {
    let (mut codes, mut unclear) = (BTreeSet::new(), Vec::new());
    for (path, text) in all {
        let mut take = |given: Given| match given {
            Given::Code(code) => drop(codes.insert(code)),
            Given::Field => {}
            Given::Unknown(what) => unclear.push(format!("{path}: {what}")),
        };
        for call in ["Diagnostic::error", "Diagnostic::warning"] {
            for (at, rest) in after(text, call) {
                if let Some(argument) = rest.trim_start().strip_prefix('(') {
                    take(given(argument, all));
                    continue;
                }
                // Not called but given a name: `let note = if … { Diagnostic::error } …; note("code", …)`.
                let name = text[..at].rsplit("let ").next().unwrap_or_default();
                let name: String = name.chars().take_while(|c| is_word(*c)).collect();
                let calls = format!("{name}(");
                let mut later = after(&text[at..], &calls).peekable();
                if later.peek().is_none() {
                    take(Given::Unknown(format!("{call} as {name:?}, which is never called")));
                }
                later.for_each(|(_, argument)| take(given(argument, all)));
            }
        }
        // Codes that travel in a field: of a bad URL, of the kinds of duplicates.
        for (_, value) in after(text, "code:").filter(|_| path.contains("/src/config/")) {
            let value = value.trim_start();
            if value.starts_with('"') || value.starts_with(|c: char| c.is_ascii_uppercase()) {
                take(given(value, all));
            }
        }
    }
    (codes, unclear)
}

/// Every text that a type without fields may be in JSON: its variants.
fn variants<T: schemars::JsonSchema>() -> BTreeSet<String> {
    fn collect(value: &serde_json::Value, into: &mut BTreeSet<String>) {
        match value {
            serde_json::Value::Object(map) => {
                into.extend(map.get("const").and_then(|word| word.as_str()).map(str::to_owned));
                let words = map.get("enum").and_then(|words| words.as_array());
                into.extend(words.into_iter().flatten().filter_map(|word| word.as_str()).map(str::to_owned));
                map.values().for_each(|value| collect(value, into));
            }
            serde_json::Value::Array(list) => list.iter().for_each(|value| collect(value, into)),
            _ => {}
        }
    }
    let mut words = BTreeSet::new();
    collect(&serde_json::to_value(schemars::schema_for!(T)).unwrap(), &mut words);
    words
}

fn exit_codes(all: &[(String, String)]) -> BTreeSet<String> {
    let (_, text) = all.iter().find(|(path, _)| path.ends_with("/src/cli/exit.rs")).unwrap();
    let numbers = after(text, "pub const ").filter_map(|(_, rest)| {
        let (kind, value) = rest.split_once(';')?.0.split_once('=')?;
        kind.trim_end().ends_with(": u8").then(|| format!("exit-{}", value.trim()))
    });
    numbers.collect()
}

fn in_groups(all: &[Explanation], groups: &[&str]) -> BTreeSet<String> {
    all.iter().filter(|one| groups.contains(&one.group)).map(|one| one.code.to_owned()).collect()
}

#[test]
fn every_code_has_a_section_and_every_section_a_code() {
    let sections = explanations();
    let mut seen = BTreeSet::new();
    let doubled: Vec<&str> = sections.iter().map(|one| one.code).filter(|code| !seen.insert(*code)).collect();
    assert!(doubled.is_empty(), "documented twice: {doubled:?}");

    let sources = sources();
    let (diagnostics, unclear) = diagnostic_codes(&sources);
    assert!(unclear.is_empty(), "the code that is given here is neither a text nor a constant: {unclear:#?}");
    let guards = GuardName::ALL.iter().map(|guard| guard.word().to_owned()).collect();
    assert_eq!(variants::<GuardName>(), guards);
    let numbers = exit_codes(&sources);
    let sarif = sources.iter().find(|(path, _)| path.ends_with("report/plan/sarif.rs")).unwrap();
    let rules: BTreeSet<String> =
        sarif.1.split('"').filter(|word| word.starts_with("planned_")).map(str::to_owned).collect();
    assert!(!diagnostics.is_empty() && !numbers.is_empty(), "{diagnostics:?} {numbers:?}");
    let mut in_known_groups = 0;
    for (groups, codes) in [
        (&GROUPS_OF_FILES[..], diagnostics),
        (&["Problems of a plan"], variants::<Code>()),
        (&["Dangerous changes"], rules),
        (&["Guards"], guards),
        (&["Exit codes"], numbers),
    ] {
        let documented = in_groups(&sections, groups);
        let missing: Vec<&String> = codes.difference(&documented).collect();
        let surplus: Vec<&String> = documented.difference(&codes).collect();
        assert!(missing.is_empty(), "docs/codes.md has no section under {groups:?} for {missing:?}");
        assert!(
            surplus.is_empty(),
            "docs/codes.md explains under {groups:?} what does not exist: {surplus:?}"
        );
        in_known_groups += documented.len();
    }
    assert_eq!(in_known_groups, sections.len(), "a section stands under a heading of its own");
}

#[test]
fn codes_are_found_in_the_source_however_they_are_given() {
    let source = |text: &str| vec![("/src/config/x.rs".to_owned(), text.to_owned())];
    let text = r#"
        const NAMED: &str = "named";
        const KINDS: [Kind; 1] = [Kind { code: "in_a_field", what: "x" }];
        let a = Diagnostic::error("plain", m);
        let b = Diagnostic::warning(
            "on_a_line_of_its_own", m);
        let c = Diagnostic::error(super::NAMED, m);
        let d = Diagnostic::error(kind.code, m);
        let note = if bad { Diagnostic::error } else { Diagnostic::warning };
        note("by_another_name", m);
    "#;
    let (codes, unclear) = diagnostic_codes(&source(text));
    let expected = ["by_another_name", "in_a_field", "named", "on_a_line_of_its_own", "plain"];
    assert_eq!(codes.iter().collect::<Vec<_>>(), expected);
    assert!(unclear.is_empty(), "{unclear:?}");
    for text in [
        "Diagnostic::error(code, m)",
        "Diagnostic::error(&format!(\"x\"), m)",
        "Diagnostic::error(UNKNOWN, m)",
        "let f = Diagnostic::error;",
    ] {
        assert_eq!(diagnostic_codes(&source(text)).1.len(), 1, "{text}");
    }
}

#[test]
fn every_code_in_a_transcript_is_documented() {
    let known: BTreeSet<&str> = explanations().iter().map(|one| one.code).collect();
    let mut seen = 0;
    for (path, text) in texts_below("tests", &["txt", "trycmd", "snap", "md"]) {
        for level in ["error[", "warning["] {
            for (_, rest) in after(&text, level) {
                let code = rest.split(']').next().unwrap_or_default();
                assert!(known.contains(code), "{}: {level}{code}] is not documented", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "only {seen} codes were seen in transcripts");
}

#[test]
fn every_section_says_what_to_do_and_fits_a_terminal() {
    for Explanation { code, summary, text, .. } in explanations() {
        let cure = text.split("\n\nWhat to do: ").nth(1).unwrap_or_default();
        assert!(cure.len() > 20, "{code} does not say what to do");
        assert!(!summary.is_empty() && summary.len() <= MAX_SUMMARY, "{code}: the first sentence: {summary}");
        assert!(!text.contains("**") && !text.contains("```"), "{code}: Markdown is left: {text}");
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{code}: {line}");
        }
    }
}

/// The examples of a section, each with the word above it.
fn examples(text: &str) -> Vec<(bool, String)> {
    let mut found: Vec<(bool, String)> = Vec::new();
    let mut above = "";
    for line in text.lines().filter(|line| !line.is_empty()) {
        match (line.strip_prefix("    "), above) {
            (Some(code), "Wrong:" | "Right:") => found.push((above == "Wrong:", format!("{code}\n"))),
            (Some(code), _) => {
                let (_, example) = found.last_mut().unwrap();
                *example = format!("{example}{code}\n");
            }
            (None, _) => {}
        }
        above = line;
    }
    found
}

/// An example with what it leaves out: the version, a connection, and servers on it.
fn whole(example: &str) -> String {
    let has = |key: &str| example.lines().any(|line| line.starts_with(key));
    let mut text = String::new();
    if !has("version:") {
        text.push_str("version: 1\n");
    }
    if !has("providers:") {
        text.push_str("providers: { flex: { type: hostway, endpoint: https://api.example.org } }\n");
        if !has("defaults:") && !example.contains("provider:") {
            text.push_str("defaults: { provider: flex }\n");
        }
    }
    text + example
}

fn codes_of(text: &str) -> Vec<&'static str> {
    let found = match load_texts(&[("example.yaml", text)], &specs(), Mode { simulated: false }) {
        Ok(loaded) => loaded.warnings,
        Err(found) => found,
    };
    found.iter().map(|one: &Diagnostic| one.code).collect()
}

#[test]
fn every_example_has_the_effect_it_is_shown_for() {
    let mut shown = 0;
    for one in explanations() {
        for (wrong, example) in examples(&one.text) {
            shown += 1;
            let codes = codes_of(&whole(&example));
            // What is wrong only beside live servers is a good file.
            if wrong && GROUPS_OF_FILES.contains(&one.group) {
                let only = codes.iter().all(|code| *code == one.code);
                assert!(!codes.is_empty() && only, "{}: wrong gives {codes:?}:\n{example}", one.code);
            } else {
                assert!(codes.is_empty(), "{}: this gives {codes:?}:\n{example}", one.code);
            }
        }
    }
    assert!(shown > 50, "only {shown} examples were found");
}
