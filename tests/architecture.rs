//! The arrows between the rooms, read from the source: who may use whom, which words belong to one room alone, and
//! how long a file may be. A failure prints the line.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::fs;
use std::path::{Path, PathBuf};

/// Which rooms a room may use, itself aside. `cli` may use everything; a provider's folder has rules of its own.
const ARROWS: &[(&str, &[&str])] = &[
    ("calendar", &[]),
    ("model", &["calendar"]),
    ("config", &["model", "calendar"]),
    ("diff", &["model"]),
    ("provider", &["model"]),
    ("plan", &["model", "diff", "calendar"]),
    ("http", &["provider"]),
    ("health", &["model", "config"]),
    ("forge", &["provider", "http"]),
    ("ledger", &["model"]),
    ("apply", &["model", "plan", "provider", "ledger", "health"]),
    ("snapshot", &["model", "plan"]),
    ("report", &["model", "calendar", "config", "diff", "plan", "ledger", "apply", "watch"]),
    ("serve", &["watch", "report"]),
    ("notify", &["model", "config", "watch", "provider", "http", "report"]),
    ("simulator", &["model"]),
    ("watch", &["model", "plan", "ledger"]),
];

/// What the registry may use: it opens providers and lends their faces to the simulator.
const REGISTRY: &[&str] = &["model", "provider", "http", "simulator"];

/// What a provider's folder may use.
const PROVIDER: &[&str] = &["model", "provider", "http"];

/// The only part of the registry that a provider may name.
const OPENING: &str = "providers::Opening";

/// Words that belong to one room, and that room.
const OWNED: &[(&str, &str)] = &[("saphyr_parser", "config"), ("clap", "cli")];

/// Files that show a user how to write a provider's type.
const MAY_NAME_PROVIDERS: &str = "cli/commands/init/";

const MOST_LINES: usize = 600;
const MOST_LINES_OF_NINE_IN_TEN: usize = 400;

/// A source file below `src/`.
struct Source {
    /// Its path below `src/`, with slashes.
    path: String,
    text: String,
}

impl Source {
    fn room(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }

    fn is_rust(&self) -> bool {
        Path::new(&self.path).extension().is_some_and(|extension| extension == "rs")
    }

    /// Its lines of code with their numbers, comments and blanks left out.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(at, line)| (at + 1, line));
        lines.filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with("//"))
    }

    fn place(&self, line: usize, text: &str) -> String {
        format!("src/{}:{line}: {}", self.path, text.trim())
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn sources() -> Vec<Source> {
    let folder = root().join("src");
    files_below(&folder)
        .into_iter()
        .filter_map(|path| {
            let below = path.strip_prefix(&folder).unwrap().to_string_lossy().replace('\\', "/");
            fs::read_to_string(&path).ok().map(|text| Source { path: below, text })
        })
        .collect()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

/// Everything that a file names from the crate's root, as `room::Item`, with its line.
fn uses(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in source.code() {
        for (at, _) in line.match_indices("crate::") {
            // `$crate::` in a macro is the same crate; `my_crate::` is not.
            let is_part_of_a_word = line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            if !is_part_of_a_word {
                found.push((number, path_at(&line[at + "crate::".len()..])));
            }
        }
        let supers = line.matches("super::").count();
        // `super` as often as the file is deep leads to the crate's root.
        let depth = source.path.trim_end_matches("/mod.rs").split('/').count();
        if line.contains(&"super::".repeat(depth)) && supers >= depth {
            let rest = line.rsplit("super::").next().unwrap_or_default();
            found.push((number, path_at(rest)));
        }
    }
    found
}

/// The path at the beginning of a text: `plan::Step` of `plan::Step, …`.
fn path_at(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '{')).collect()
}

/// Why a file may not use a path, if so.
fn forbidden(source: &Source, used: &str) -> Option<String> {
    let to = used.split("::").next().unwrap_or_default();
    let from = source.room();
    if to.starts_with('{') {
        return Some("one `use` for each room, please: arrows are read line by line".into());
    }
    if to == from && from != "providers" {
        return None;
    }
    let allowed: &[&str] = match from {
        "cli" => return None,
        "main.rs" => &["cli"],
        "lib.rs" => &[],
        "providers" => return forbidden_to_provider(source, to, used),
        _ => ARROWS.iter().find(|(room, _)| *room == from).map(|(_, may)| *may)?,
    };
    (!allowed.contains(&to)).then(|| format!("{from} may use {allowed:?}, not {to}"))
}

fn forbidden_to_provider(source: &Source, to: &str, used: &str) -> Option<String> {
    let parts: Vec<&str> = source.path.split('/').collect();
    if parts.len() == 2 {
        return (!REGISTRY.contains(&to)).then(|| format!("the registry may use {REGISTRY:?}, not {to}"));
    }
    let (own, file) = (parts[1], parts[2].trim_end_matches(".rs"));
    let is_own = used == format!("providers::{own}") || used.starts_with(&format!("providers::{own}::"));
    let may =
        PROVIDER.contains(&to) || used == OPENING || is_own || (to == "simulator" && file == "simulator");
    (!may).then(|| {
        format!("providers/{own} may use {PROVIDER:?}, {OPENING}, and the simulator in its own face")
    })
}

#[test]
fn every_arrow_between_rooms_is_allowed() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.is_rust()) {
        for (line, used) in uses(source) {
            let text = source.text.lines().nth(line - 1).unwrap_or_default();
            wrong.extend(
                forbidden(source, &used).map(|why| format!("{}\n    {why}", source.place(line, text))),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_has_its_rules() {
    for source in sources().iter().filter(|source| source.path.contains('/')) {
        let room = source.room();
        let known = matches!(room, "cli" | "providers") || ARROWS.iter().any(|(known, _)| *known == room);
        assert!(known, "src/{} is in a room that ARROWS does not know", source.path);
    }
}

#[test]
fn a_forbidden_arrow_is_seen() {
    let seen = |path: &str, line: &str| {
        let source = Source { path: path.into(), text: line.into() };
        uses(&source).iter().any(|(_, used)| forbidden(&source, used).is_some())
    };
    for (path, line) in [
        ("model/power.rs", "use crate::plan::Step;"),
        ("plan/order.rs", "    let now = crate::cli::now();"),
        ("plan/order.rs", "use super::super::ledger::Entry;"),
        ("diff/mod.rs", "use super::config::Fleet;"),
        ("report/mod.rs", "use crate::{model::Power, simulator::World};"),
        ("providers/one/mod.rs", "use crate::providers::two::SPEC;"),
        ("providers/one/mod.rs", "use crate::providers::REGISTRY;"),
        ("providers/one/mod.rs", "use super::super::plan::Plan;"),
        ("providers/one/convert.rs", "use crate::simulator::Face;"),
        ("providers/mod.rs", "use crate::plan::Plan;"),
        ("apply/step.rs", "use crate::providers::find;"),
    ] {
        assert!(seen(path, line), "{path}: {line}");
    }
    for (path, line) in [
        ("plan/order.rs", "use crate::diff::LiveIndex;"),
        ("plan/order.rs", "use super::change::Change;"),
        ("plan/order.rs", "// see crate::cli::now"),
        ("providers/one/mod.rs", "use crate::providers::Opening;"),
        ("providers/one/simulator.rs", "use crate::simulator::Face;"),
        ("providers/one/simulator/views.rs", "use crate::simulator::Face;"),
        ("providers/one/simulator/views.rs", "use crate::providers::one::simulator::Page;"),
        ("cli/fetch.rs", "use crate::providers::find;"),
    ] {
        assert!(!seen(path, line), "{path}: {line}");
    }
}

#[test]
fn no_provider_is_named_outside_of_its_folder_and_the_registry() {
    let names: Vec<&str> = fleetform::providers::specs().iter().map(|spec| spec.type_name).collect();
    let mut wrong = Vec::new();
    for source in sources() {
        let own =
            source.path.strip_prefix("providers/").and_then(|rest| rest.split('/').next()).unwrap_or("");
        let is_prose = !own.is_empty() && !source.is_rust();
        if source.path.starts_with(MAY_NAME_PROVIDERS) || own == "mod.rs" || is_prose {
            continue;
        }
        // A comment may give an example; code must not know it.
        for (number, line) in source.code() {
            let lower = line.to_lowercase();
            let foreign = |name: &&&str| own.replace('_', "-") != **name && lower.contains(**name);
            let found = names.iter().find(foreign);
            wrong.extend(found.map(|name| format!("{}\n    names {name}", source.place(number, line))));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn words_that_belong_to_one_room_stay_in_it() {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.is_rust()) {
        for &(word, _) in OWNED.iter().filter(|(_, room)| *room != source.room()) {
            for (line, text) in source.code() {
                let alone = text.match_indices(word).any(|(at, _)| {
                    let after = &text[at + word.len()..];
                    !is_word(text[..at].chars().next_back())
                        && (after.starts_with("::") || !is_word(after.chars().next()))
                });
                wrong.extend(alone.then(|| source.place(line, text)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_stay_short() {
    let lines = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        (text.lines().count(), path)
    };
    let mut all: Vec<(usize, PathBuf)> = ["src", "tests"]
        .iter()
        .flat_map(|folder| files_below(&root().join(folder)))
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(lines)
        .collect();
    all.sort();
    let long: Vec<_> = all.iter().filter(|(lines, _)| *lines > MOST_LINES).collect();
    assert!(long.is_empty(), "longer than {MOST_LINES} lines: {long:#?}");
    let tenth = all.len() * 9 / 10;
    assert!(
        all[tenth].0 <= MOST_LINES_OF_NINE_IN_TEN,
        "more than a tenth of the files is longer than {MOST_LINES_OF_NINE_IN_TEN} lines: {:#?}",
        &all[tenth..]
    );
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<String> = sources()
        .into_iter()
        .filter(|source| source.is_rust() && !source.text.starts_with("//!"))
        .map(|source| source.path)
        .collect();
    assert!(silent.is_empty(), "no //! on top: {silent:#?}");
}
