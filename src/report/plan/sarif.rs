//! Problems and dangerous changes as SARIF 2.1.0, on the lines of YAML that cause them, for code scanning.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use super::PlanView;
use super::age::age;
use super::danger::{Danger, by_danger};
use super::origin::notes;
use super::verdict::verdict;
use super::words::{Piece, action, deeds, terms};
use crate::model::{Location, Verb};
use crate::plan::{Cause, Change, PlanDocument, Problem, Severity};
use crate::report::paint::safe;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What a path keeps as it is in a URI.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A result, before its rule's place in the list of rules is known.
struct Finding<'a> {
    rule: String,
    about: String,
    level: &'static str,
    /// What the finding is, wherever in the file it stands: its fingerprint is taken of this.
    subject: String,
    message: String,
    cause: Option<Cause>,
    at: Option<&'a Location>,
}

/// Renders one run. Errors come before dangerous changes, the worst first, and these before warnings: readers of
/// SARIF that take only so many results take the first.
pub(super) fn plan_sarif(view: &PlanView<'_>) -> String {
    let document = view.document;
    let of = |severity| document.problems.iter().filter(move |problem| problem.severity == severity);
    let mut findings: Vec<Finding<'_>> = of(Severity::Error).map(of_problem).collect();
    let dangerous = by_danger(&document.changes).into_iter().filter(|(danger, _)| danger.is_dangerous());
    findings.extend(dangerous.map(|(danger, change)| of_change(danger, change)));
    findings.extend(of(Severity::Warning).map(of_problem));
    let rules: BTreeMap<&str, &str> =
        findings.iter().map(|finding| (&*finding.rule, &*finding.about)).collect();
    let places: HashMap<&str, usize> = rules.keys().enumerate().map(|(at, rule)| (*rule, at)).collect();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let results: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let print = fingerprint(finding);
            let times = seen.entry(print.clone()).or_default();
            *times += 1;
            result(finding, places.get(&*finding.rule), &format!("{print}:{times}"), document)
        })
        .collect();
    let rules: Vec<Value> =
        rules.iter().map(|(id, about)| json!({ "id": id, "shortDescription": { "text": about } })).collect();
    let mut log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "fleetform",
                "semanticVersion": document.fleetform_version,
                "rules": rules,
            }},
            "automationDetails": { "id": "fleetform/plan/" },
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": {
                "digest": document.digest,
                "verdict": verdict(document),
                "summary": document.summary,
                "refusals": view.refusals,
                // Nothing to mend on a line: what waits is no result.
                "withheld": document.withheld,
                "holds": document.holds,
                "notes": notes(document).iter().map(|note| sentence(note)).collect::<Vec<_>>(),
            },
        }],
    });
    if let (Some(snapshot), Some(age)) = (&document.snapshot, age(document)) {
        let record = json!({ "record": snapshot, "ageSeconds": age.as_secs() });
        log["runs"][0]["properties"]["snapshot"] = record;
    }
    // A `Value` cannot fail to be written.
    serde_json::to_string_pretty(&log).unwrap_or_default() + "\n"
}

fn of_problem(problem: &Problem) -> Finding<'_> {
    let level = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    Finding {
        rule: problem.code.as_str().to_owned(),
        about: format!("A problem of the plan: {}", problem.code),
        level,
        subject: problem.address.to_string(),
        message: format!("{}: {}{}", problem.address, problem.message, from(problem.cause)),
        cause: problem.cause,
        at: problem.location.as_ref(),
    }
}

fn of_change(danger: Danger, change: &Change) -> Finding<'_> {
    let (rule, about) = match worst(change) {
        Verb::Delete => ("planned_delete", "The plan deletes a server"),
        Verb::PowerOff => ("planned_power_off", "The plan powers a server off"),
        Verb::Suspend => ("planned_suspend", "The plan suspends a server"),
        _ => ("planned_reboot", "The plan reboots a server"),
    };
    let actions: Vec<_> = change.actions.iter().map(|verb| action(change, *verb)).collect();
    let mut message = format!("{} (id {}): {}", change.address, change.id, actions.join(", "));
    for deed in deeds(change) {
        let words: String = deed
            .pieces
            .iter()
            .map(|piece| match piece {
                Piece::Prose(text) | Piece::Name(text) => &**text,
            })
            .collect();
        // Writing to a String cannot fail.
        let label = if deed.verb == Verb::Delete { "it" } else { deed.label };
        let _ = write!(message, "; {label} {}", words.trim());
    }
    for (label, pieces) in terms(change) {
        let words: String = pieces.iter().map(Piece::as_str).collect();
        let _ = write!(message, "; {label}: {words}");
    }
    message.push_str(&from(change.cause));
    Finding {
        rule: rule.to_owned(),
        about: about.to_owned(),
        level: if danger == Danger::Reboots { "note" } else { "warning" },
        subject: change.address.to_string(),
        message,
        cause: change.cause,
        at: change.location.as_ref(),
    }
}

/// Where it comes from, beside a base.
fn from(cause: Option<Cause>) -> String {
    cause.map_or_else(String::new, |cause| format!("; from {}", cause.source()))
}

fn worst(change: &Change) -> Verb {
    let worst_first = [Verb::Delete, Verb::PowerOff, Verb::Suspend];
    worst_first.into_iter().find(|verb| change.does(*verb)).unwrap_or(Verb::Reboot)
}

fn result(finding: &Finding<'_>, place: Option<&usize>, print: &str, document: &PlanDocument) -> Value {
    let mut properties = json!({ "subject": finding.subject });
    if let Some(cause) = finding.cause {
        properties["cause"] = json!(cause);
    }
    json!({
        "ruleId": finding.rule,
        "ruleIndex": place,
        "level": finding.level,
        "message": { "text": literal(&finding.message) },
        "locations": [location(finding.at, document)],
        // The first is the one that GitHub reads.
        "properties": properties,
        "partialFingerprints": { "primaryLocationLineHash": print, "fleetform/v1": print },
    })
}

fn sentence(pieces: &[Piece<'_>]) -> String {
    let words = pieces.iter().map(|piece| match piece {
        Piece::Prose(text) | Piece::Name(text) => safe(text),
    });
    words.collect()
}

/// Code scanning wants a place for everything: what has none is shown at the top of the first fleet file.
fn location(at: Option<&Location>, document: &PlanDocument) -> Value {
    let file =
        at.map(|at| &*at.file).or(document.fleet.first().map(|file| &*file.path)).unwrap_or("fleet.yaml");
    let (line, column) = at.map_or((1, 1), |at| (at.line, at.column));
    let path = utf8_percent_encode(file, PATH).to_string();
    let artifact = if path.starts_with('/') {
        json!({ "uri": format!("file://{path}") })
    } else {
        json!({ "uri": path, "uriBaseId": "%SRCROOT%" })
    };
    let region = json!({ "startLine": line.max(1), "startColumn": column.max(1) });
    json!({ "physicalLocation": { "artifactLocation": artifact, "region": region } })
}

/// Stays the same while the finding does, wherever its line moves to.
fn fingerprint(finding: &Finding<'_>) -> String {
    let hash = Sha256::digest(format!("{}\n{}", finding.rule, finding.subject));
    hash.iter().take(8).fold(String::new(), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// A text without placeholders (3.11.5) and without links (3.11.6).
fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in safe(text).chars() {
        match c {
            '{' => out.push_str("{{"),
            '}' => out.push_str("}}"),
            '[' | ']' | '\\' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}
