//! The words of a change, the same in every format. What comes from a file or a provider is kept apart from the
//! program's own words: each format escapes it in its own way.

use crate::model::{CaseRule, EvidenceLevel, OffKind, Operation, Power, Probe, RebootKind, Verb};
use crate::plan::{Change, Problem, Severity, Step, StepRef};
use std::borrow::Cow;
use std::fmt::Write;

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Words, mostly the program's own; a provider's may be among them.
    Prose(Cow<'a, str>),
    /// A name, an address or an id.
    Name(Cow<'a, str>),
}

impl Piece<'_> {
    /// The words, not yet escaped.
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Prose(text) | Self::Name(text) => text,
        }
    }
}

/// One thing that is done to a server.
#[derive(Clone, Debug)]
pub(super) struct Deed<'a> {
    /// What.
    pub(super) verb: Verb,
    /// In a word of at most six letters: `name`, `power`, `reboot`, `delete`.
    pub(super) label: &'static str,
    /// From what to what, and why otherwise than declared.
    pub(super) pieces: Vec<Piece<'a>>,
}

fn prose<'a>(text: impl Into<Cow<'a, str>>) -> Piece<'a> {
    Piece::Prose(text.into())
}

fn name(text: &str) -> Piece<'_> {
    Piece::Name(text.into())
}

/// The id, where it says more than the name does.
pub(super) fn telling_id(change: &Change) -> Option<&str> {
    let says_nothing = CaseRule::Insensitive.same(change.id.as_str(), change.before.name.as_str());
    (!says_nothing).then(|| change.id.as_str())
}

/// What is done, in the order in which it is done.
pub(super) fn deeds(change: &Change) -> Vec<Deed<'_>> {
    if change.does(Verb::Delete) {
        let mut pieces = deleted(change);
        pieces.extend(waits("; after ", "", change.steps.iter()));
        return vec![Deed { verb: Verb::Delete, label: "delete", pieces }];
    }
    let mut deeds = Vec::new();
    if change.does(Verb::Rename) {
        deeds.push(Deed { verb: Verb::Rename, label: "name", pieces: renamed(change) });
    }
    for verb in [Verb::PowerOn, Verb::PowerOff, Verb::Suspend] {
        if let Some(step) = change.step(verb).filter(|_| change.does(verb)) {
            let after = change.after.as_ref().and_then(|after| after.power);
            let (before, after) = (power_word(change.before.power), power_word(after));
            let mut pieces = vec![prose(format!("{before} -> {after}"))];
            pieces.extend(note(step));
            pieces.extend(waits("  (after ", ")", on_the_way(change, verb)));
            pieces.extend(grace(step).map(|grace| prose(format!(" ({grace})"))));
            deeds.push(Deed { verb, label: "power", pieces });
        }
    }
    if let Some(step) = change.step(Verb::Reboot) {
        let since = change.rebooted_since.map_or_else(String::new, |since| format!("not since {since}"));
        let mut pieces = vec![prose(since)];
        pieces.extend(note(step));
        pieces.extend(waits("  (after ", ")", on_the_way(change, Verb::Reboot)));
        deeds.push(Deed { verb: Verb::Reboot, label: "reboot", pieces });
    }
    deeds
}

fn deleted(change: &Change) -> Vec<Piece<'_>> {
    let state =
        change.before.power.map_or_else(|| "power not reported".to_owned(), |power| format!("is {power}"));
    // What is deleted is the live server, whatever the file calls it.
    if change.before.name == change.address.name {
        return vec![prose(state)];
    }
    vec![prose("is called "), name(change.before.name.as_str()), prose(format!(", {state}"))]
}

/// All names on the way, and what the rename waits for, where that is another change.
fn renamed(change: &Change) -> Vec<Piece<'_>> {
    let mut pieces = vec![name(change.before.name.as_str())];
    for step in &change.steps {
        if let Operation::Rename { to } = &step.operation {
            pieces.extend([prose(" -> "), name(to.as_str())]);
        }
    }
    let renames = change.steps.iter().filter(|step| step.operation.verb() == Verb::Rename);
    pieces.extend(waits("  (after ", ")", renames));
    pieces
}

/// So many of those that are waited for are named.
const MOST_NAMED: usize = 5;

/// The steps that belong to a power change or a reboot: a server that is stopped may be resumed first.
fn on_the_way(change: &Change, verb: Verb) -> impl Iterator<Item = &Step> {
    let is_shown = move |step: &&Step| {
        let own = step.operation.verb();
        own == verb || own == Verb::PowerOn && !change.does(Verb::PowerOn)
    };
    change.steps.iter().filter(is_shown)
}

/// What these steps wait for, between two words; nothing where they wait for nothing.
fn waits<'a>(
    open: &'static str,
    close: &'static str,
    steps: impl Iterator<Item = &'a Step>,
) -> Vec<Piece<'a>> {
    let others: Vec<&StepRef> = steps.flat_map(|step| &step.after).collect();
    let mut pieces = Vec::new();
    for (at, other) in others.iter().take(named(others.len())).enumerate() {
        pieces.push(prose(if at == 0 { open } else { ", " }));
        pieces.push(Piece::Name(other.address.to_string().into()));
    }
    match others.len() - named(others.len()) {
        0 => {}
        more => pieces.push(prose(format!(" and {more} more"))),
    }
    if !others.is_empty() && !close.is_empty() {
        pieces.push(prose(close));
    }
    pieces
}

/// How many of so many are named: all, where only one would be left.
fn named(count: usize) -> usize {
    if count <= MOST_NAMED + 1 { count } else { MOST_NAMED }
}

fn note(step: &Step) -> Option<Piece<'_>> {
    step.note.as_ref().map(|note| prose(format!(" ({note})")))
}

/// Under which terms a change is made: what must pass before it is done, and when it may begin.
pub(super) fn terms(change: &Change) -> Vec<(&'static str, Vec<Piece<'_>>)> {
    let check = change.steps.iter().find_map(|step| step.healthy_when.as_ref());
    let health = check.map(|check| {
        let kind = match &check.probe {
            Probe::Tcp(_) => "tcp ",
            Probe::Http(_) => "http ",
            Probe::Exec(_) => "runs ",
        };
        let mut pieces = vec![prose(kind)];
        for (at, text) in check.probe.texts().iter().enumerate() {
            pieces.extend((at > 0).then(|| prose(" ")));
            pieces.push(name(text));
        }
        pieces.push(prose(format!(" within {}", check.within)));
        ("health", pieces)
    });
    let wave = change.wave.as_ref().map(|wave| {
        ("wave", vec![prose(format!("{} of {} of ", wave.number, wave.of)), name(&wave.servers)])
    });
    let required = change.steps.iter().find_map(|step| step.require_evidence);
    let done = required.map(|level| ("done", vec![prose(shown_by(level))]));
    health.into_iter().chain(wave).chain(done).collect()
}

/// When a reboot counts as done, where the file says so.
fn shown_by(level: EvidenceLevel) -> &'static str {
    match level {
        EvidenceLevel::Accepted => "as soon as the provider has accepted it",
        EvidenceLevel::JobFinished => "only when the provider's job has finished",
        EvidenceLevel::Observed => "only when it was seen restarting and is back",
        EvidenceLevel::BootTime => "only when its boot time has moved",
    }
}

/// What comes when the grace has passed, where the plan says how long that is.
fn grace(step: &Step) -> Option<String> {
    let (fallback, grace) = (step.fallback.as_ref()?, step.grace?);
    Some(format!("else {} after {grace}", call(fallback)))
}

fn power_word(power: Option<Power>) -> &'static str {
    power.map_or("not reported", Power::word)
}

/// The action for a heading or a cell: `power off`, or `power off (hard)`.
pub(super) fn action(change: &Change, verb: Verb) -> Cow<'static, str> {
    let hard = change.steps.iter().any(|step| step.operation.verb() == verb && is_hard(&step.operation));
    if hard { format!("{} (hard)", verb.phrase()).into() } else { verb.phrase().into() }
}

fn is_hard(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::PowerOff { method: OffKind::Hard } | Operation::Reboot { method: RebootKind::Hard }
    )
}

/// What is special about the change: the way that a name takes, what it waits for, what is done otherwise than
/// declared. Begins with `; ` unless there is nothing.
pub(super) fn remarks(change: &Change) -> String {
    let mut out = String::new();
    let mut names = change.steps.iter().filter_map(|step| match &step.operation {
        Operation::Rename { to } => Some(to),
        _ => None,
    });
    let last = names.next_back();
    for name in names.filter(|name| Some(*name) != last) {
        // Writing to a String cannot fail, here and below.
        let _ = write!(out, "; through {name}");
    }
    for step in &change.steps {
        for other in step.after.iter().take(named(step.after.len())) {
            let _ = write!(out, "; after {}", other.address);
        }
        if step.after.len() > named(step.after.len()) {
            let _ = write!(out, " and {} more", step.after.len() - named(step.after.len()));
        }
        for more in step.note.clone().into_iter().chain(grace(step)) {
            let _ = write!(out, "; {more}");
        }
    }
    for (label, pieces) in terms(change) {
        let words: String = pieces.iter().map(Piece::as_str).collect();
        let _ = write!(out, "; {label}: {words}");
    }
    out
}

/// A call in words: `power off (graceful)`.
pub(super) fn call(operation: &Operation) -> String {
    let verb = operation.verb();
    match operation {
        Operation::Resume => "resume".into(),
        Operation::Rename { to } => format!("rename to {to}"),
        Operation::PowerOff { method: OffKind::Graceful } => format!("{verb} (graceful)"),
        Operation::Reboot { method: RebootKind::Soft } => format!("{verb} (soft)"),
        _ if is_hard(operation) => format!("{verb} (hard)"),
        _ => verb.phrase().into(),
    }
}

/// The word for how bad a problem is.
pub(super) fn severity(problem: &Problem) -> &'static str {
    match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// `65536` as `65,536`.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
