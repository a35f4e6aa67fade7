//! Credentials planted in every secret field of every provider, for every way of giving them, and searched in
//! everything that the program writes: output, logs, plans, undo, receipts, events, snapshots, the ledger.

use crate::stand::Stand;
use crate::table::Job;
use fleetform::model::{SettingKind, SettingSpec};
use fleetform::providers::{REGISTRY, Registration};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;

/// What stands in a planted credential however it is escaped, and in the base64 of it at every alignment.
const MARK: &str = "Canary7Qz";
const IN_BASE64: [&str; 3] = ["Q2FuYXJ5N1F6", "NhbmFyeTdRe", "DYW5hcnk3UX"];

/// Every command that reads credentials, in every form in which it talks.
const COMMANDS: &[&[&str]] = &[
    &["validate", "-vv"],
    &["providers", "-vv"],
    &["plan", "-vv", "--out", "plan.json", "--events", "plan-events.jsonl"],
    &["plan", "-vv", "--log-format", "json", "--format", "markdown"],
    &["status", "-vv", "--format", "json"],
    &["snapshot", "-vv", "--out", "snapshot.json"],
    &["import", "-vv"],
    &["apply", "-vv", "--auto-approve", "--allow-delete", "--partial", "--events", "events.jsonl"],
    &["apply", "-vv", "--log-format", "json", "--auto-approve", "--allow-delete", "--partial"],
    &["plan", "-vv", "--format", "html"],
    &["plan", "-vv", "--format", "sarif"],
];

/// The credentials that work, and what the program makes of them, in a whole apply with its files.
pub(crate) fn jobs(row: &'static Registration) -> Vec<Job> {
    let search = move || {
        let mut stand = Stand::new(row);
        let mut known = Vec::new();
        for setting in row.spec.settings.iter().filter(|setting| setting.kind == SettingKind::Secret) {
            known.extend(stand.running.endpoint("c").unwrap().settings.get(setting.name).cloned());
        }
        assert!(!known.is_empty(), "there is a secret to look for");
        let mut texts = Vec::new();
        for args in COMMANDS {
            let ran = stand.run(args);
            texts.push((args.join(" "), format!("{}{}", ran.out, ran.err)));
        }
        texts.extend(files(stand.folder()));
        let undo = row.spec.capabilities.power_on.then_some("undo");
        for expected in
            undo.into_iter().chain(["receipts", "journal", "plan.json", "snapshot.json", "events.jsonl"])
        {
            assert!(texts.iter().any(|(whence, _)| whence.contains(expected)), "no {expected} was written");
        }
        assert!(texts.iter().any(|(_, text)| text.contains("call=")), "calls are logged");
        // Tokens, signatures and encoded pairs, as they went over the wire.
        known.extend(stand.gate.passes());
        for (whence, text) in &texts {
            for secret in known.iter().filter(|secret| text.contains(secret.as_str())) {
                stand.harm.details.push(format!("{secret} is in {whence}"));
            }
        }
        stand.converge()
    };
    vec![Job::new("credentials searched in everything written", row.spec.type_name, search)]
}

/// Every file below a folder but the fleet file and what it names.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("fleet.yaml") && !path.ends_with("planted") {
                let bytes = std::fs::read(&path).unwrap();
                found.push((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
    }
    found
}

/// The settings with which a connection can be opened, one set for every way of giving credentials.
fn ways(row: &Registration) -> Vec<Vec<&'static str>> {
    let required: Vec<&str> = row.spec.settings.iter().filter(|s| s.required).map(|s| s.name).collect();
    let credentials = row.spec.choices.iter().find(|choice| choice.what == "credentials");
    let Some(choice) = credentials else { return vec![required] };
    let with = |names: &[&'static str], more: &[&'static str]| [&required[..], names, more].concat();
    let secrets = |names: &[&'static str]| -> Vec<&'static str> {
        let is_secret = |name: &&&str| setting(row, name).kind == SettingKind::Secret;
        names.iter().filter(is_secret).copied().collect()
    };
    choice.ways.iter().map(|way| with(way.needs, &secrets(way.may))).collect()
}

fn setting(row: &Registration, name: &str) -> &'static SettingSpec {
    row.spec.settings.iter().find(|setting| setting.name == name).unwrap()
}

/// How a credential gets into the fleet file.
#[derive(Clone, Copy, Debug)]
enum Source {
    Literal,
    Environment,
    File,
    Conventional,
}

#[test]
fn a_credential_that_is_planted_anywhere_is_found_nowhere() {
    let mut planted = 0;
    for (at, row) in REGISTRY.iter().enumerate() {
        for (way, names) in ways(row).into_iter().enumerate() {
            let all = [Source::Literal, Source::Environment, Source::File, Source::Conventional];
            let taken = if crate::is_long() { &all[..] } else { &all[(at + way) % 4..=(at + way) % 4] };
            for source in taken {
                planted += plant(row, &names, *source);
            }
        }
    }
    let secrets = REGISTRY.iter().flat_map(|row| row.spec.settings).filter(|s| s.kind == SettingKind::Secret);
    assert!(planted >= secrets.count(), "every secret field was planted");
}

/// Runs every command with planted credentials against a provider that refuses them, and searches.
fn plant(row: &'static Registration, names: &[&'static str], source: Source) -> usize {
    let stand = Stand::new(row);
    let mut variables = Vec::new();
    let mut count = 0;
    let given = &stand.running.endpoint("c").unwrap().settings;
    let (inner, outer) = (stand.running.address().to_string(), stand.gate.address.to_string());
    let mut text = format!("version: 1\nproviders:\n  c:\n    type: {}\n", row.spec.type_name);
    let addresses = row.spec.settings.iter().filter(|s| s.kind == SettingKind::Url).map(|s| s.name);
    let mut all: Vec<&str> = addresses.filter(|name| given.contains_key(*name)).collect();
    all.extend(names.iter().filter(|name| setting(row, name).kind != SettingKind::Url));
    let may = row.spec.choices.iter().flat_map(|choice| choice.ways);
    let may = may.filter(|way| names.iter().all(|name| way.has(name))).flat_map(|way| way.may);
    all.extend(may.chain(&["region"]).filter(|name| given.contains_key(**name)));
    all.sort_unstable();
    all.dedup();
    for name in all {
        let spec = setting(row, name);
        let value = if spec.kind == SettingKind::Secret {
            count += 1;
            // What must be escaped in JSON, YAML, URLs and shells, and what base64 may make of it.
            let value = format!("{MARK}-{name}+/=\"%&\\ü");
            match source {
                Source::Literal => Value::from(value).to_string(),
                Source::Environment => {
                    variables.push((format!("PLANTED_{name}"), value));
                    format!("${{env:PLANTED_{name}}}")
                }
                Source::File => {
                    std::fs::create_dir_all(stand.path(name)).unwrap();
                    std::fs::write(stand.path(name).join("planted"), value).unwrap();
                    format!("${{file:{name}/planted}}")
                }
                Source::Conventional => {
                    variables.push((spec.env.unwrap().to_owned(), value));
                    continue;
                }
            }
        } else {
            let value = given.get(name).map_or("someone".to_owned(), |value| value.replace(&inner, &outer));
            Value::from(value).to_string()
        };
        let _ = writeln!(text, "    {name}: {value}");
    }
    let _ = writeln!(text, "servers:\n  - {{ provider: c, name: s-00, power: any }}");
    std::fs::write(stand.path("fleet.yaml"), &text).unwrap();
    let mut texts = Vec::new();
    for args in COMMANDS {
        let output = stand.command(args, None).envs(variables.clone()).output().unwrap();
        let out = [output.stdout, output.stderr].concat();
        texts.push((args.join(" "), String::from_utf8_lossy(&out).into_owned()));
    }
    // The carets of a mistake show the line it is in.
    let broken = text.replace("    type:", "    tpye: x\n    type:");
    std::fs::write(stand.path("fleet.yaml"), broken).unwrap();
    let output = stand.command(&["validate"], None).envs(variables).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    texts.push(("a mistake".into(), String::from_utf8_lossy(&output.stderr).into_owned()));
    texts.extend(files(stand.folder()));
    assert!(
        stand.gate.counts().0 > 0,
        "{} {names:?} {source:?}: nobody was asked: {texts:?}",
        row.spec.type_name
    );
    for (whence, text) in texts {
        for trace in [MARK].iter().chain(&IN_BASE64) {
            let place = format!("{} {names:?} {source:?}", row.spec.type_name);
            assert!(!text.contains(trace), "{place}: {trace} is in {whence}: {text}");
        }
    }
    count
}
