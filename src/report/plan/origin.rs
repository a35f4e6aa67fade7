//! What a plan was made from and how far it reaches, in sentences: the same in every format that people read.

use super::age::age_sentence;
use super::standstill::freeze_sentence;
use super::words::Piece;
use crate::model::Probe;
use crate::plan::{BaseRecord, Cause, PlanDocument, Wave};
use std::collections::{BTreeMap, BTreeSet};

/// The most selectors or servers that one sentence names.
const NAMED: usize = 3;

/// A sentence, in pieces, so that each format escapes names in its own way.
pub(super) type Sentence<'a> = Vec<Piece<'a>>;

/// What a reader must know beside the changes: whether it is a rehearsal, what was left out, what comes from where, until
/// when it may be taken.
pub(super) fn notes(document: &PlanDocument) -> Vec<Sentence<'_>> {
    let mut notes = Vec::new();
    if document.options.simulated {
        notes.push(vec![prose("A rehearsal: made against the simulator.")]);
    }
    notes.extend(document.freeze.as_ref().map(freeze_sentence));
    if let Some(at) = document.options.at {
        let text = format!("What would be wanted at {at}, from the live state of now: not to be applied.");
        notes.push(vec![prose(text)]);
    }
    notes.extend(age_sentence(document));
    notes.extend(reach(document));
    notes.extend(document.base.as_ref().map(|base| beside(document, base)));
    notes.extend(document.base.as_ref().and_then(elsewhere));
    notes.extend(document.base.as_ref().and_then(no_longer));
    if !document.not_undoable.is_empty() {
        let stays = &document.not_undoable;
        let names = listed(stays.iter().map(|one| one.address.to_string().into()), stays.len());
        notes.push(sentence("Deleted, rebooted or suspended, which cannot be taken back: ", names));
    }
    notes.extend(programs(document));
    notes.extend(rollouts(document));
    if let Some(end) = document.expires_at {
        notes.push(vec![prose(format!("To be applied before {end}."))]);
    }
    notes
}

fn prose<'a>(text: impl Into<std::borrow::Cow<'a, str>>) -> Piece<'a> {
    Piece::Prose(text.into())
}

fn reach(document: &PlanDocument) -> Vec<Sentence<'_>> {
    let options = &document.options;
    let mut notes = Vec::new();
    for (words, selectors) in
        [("Only servers like ", &options.targets), ("No servers like ", &options.excludes)]
    {
        if !selectors.is_empty() {
            let names = listed(selectors.iter().map(|one| one.as_str().into()), selectors.len());
            notes.push(sentence(words, names));
        }
    }
    if !options.only.is_empty() {
        let words: Vec<&str> = options.only.iter().map(|verb| verb.phrase()).collect();
        let text = match document.summary.left_out {
            0 => format!("Only these actions: {}.", words.join(", ")),
            1 => format!("Only these actions: {}; 1 server needs another one.", words.join(", ")),
            more => format!("Only these actions: {}; {more} servers need others.", words.join(", ")),
        };
        notes.push(vec![prose(text)]);
    }
    notes
}

/// What an apply would run on the machine that it runs on: a reviewer must not have to look for it.
fn programs(document: &PlanDocument) -> Option<Sentence<'_>> {
    let steps = document.changes.iter().flat_map(|change| &change.steps);
    let runs: BTreeSet<&str> = steps
        .filter_map(|step| match &step.healthy_when.as_ref()?.probe {
            Probe::Exec(words) => words.first().map(String::as_str),
            _ => None,
        })
        .collect();
    let names = listed(runs.iter().map(|program| (*program).into()), runs.len());
    (!runs.is_empty()).then(|| sentence("Health checks run programs where this is applied: ", names))
}

/// The terms of each rollout.
fn rollouts(document: &PlanDocument) -> Vec<Sentence<'_>> {
    let waves = document.changes.iter().filter_map(|change| change.wave.as_ref());
    let all: BTreeMap<u64, &Wave> = waves.map(|wave| (wave.rollout, wave)).collect();
    let told = |wave: &&'_ Wave| {
        let pause = wave.pause.map_or_else(String::new, |pause| format!(", {pause} between them"));
        let failures = wave.stop_after_failures;
        let noun = if failures == 1 { "failure" } else { "failures" };
        format!(" in {} waves ({}){pause}, stopped after {failures} {noun}.", wave.of, wave.sizes)
    };
    all.values()
        .map(|wave| {
            let words = told(wave);
            vec![prose("Rolled out: "), Piece::Name(wave.servers.as_str().into()), prose(words)]
        })
        .collect()
}

/// How many changes and problems come from where.
fn beside<'a>(document: &PlanDocument, base: &'a BaseRecord) -> Sentence<'a> {
    let of = |wanted: Cause| {
        let changes = document.changes.iter().filter(|change| change.cause == Some(wanted)).count();
        let problems = document.problems.iter().filter(|problem| problem.cause == Some(wanted)).count();
        let counts: Vec<String> = [(changes, "change"), (problems, "problem")]
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, noun)| format!("{count} {noun}{}", if count == 1 { "" } else { "s" }))
            .collect();
        (!counts.is_empty()).then(|| format!("{} from {}", counts.join(" and "), wanted.source()))
    };
    let parts: Vec<String> =
        [Cause::ThisChange, Cause::Both, Cause::Drift].into_iter().filter_map(of).collect();
    let text = if parts.is_empty() { "nothing is planned".to_owned() } else { parts.join(", ") };
    vec![prose("Beside "), Piece::Name(base.name.as_str().into()), prose(format!(": {text}."))]
}

/// Credentials and calls that go elsewhere than before: what a reviewer must not miss.
fn elsewhere(base: &BaseRecord) -> Option<Sentence<'_>> {
    if base.fleet.is_empty() {
        return Some(vec![prose("The base has none of these fleet files: all of it is this change.")]);
    }
    let moved = &base.connections;
    let names = listed(moved.iter().map(|name| name.as_str().into()), moved.len());
    (!moved.is_empty())
        .then(|| sentence("Connections that are new, or lead elsewhere than in the base: ", names))
}

fn no_longer(base: &BaseRecord) -> Option<Sentence<'_>> {
    let gone = &base.no_longer_planned;
    let names = listed(gone.iter().map(|address| address.to_string().into()), gone.len());
    (!gone.is_empty()).then(|| sentence("No longer planned: ", names))
}

fn sentence<'a>(words: &'static str, rest: Sentence<'a>) -> Sentence<'a> {
    let mut pieces = vec![prose(words)];
    pieces.extend(rest);
    pieces.push(prose("."));
    pieces
}

fn listed<'a>(names: impl Iterator<Item = std::borrow::Cow<'a, str>>, count: usize) -> Sentence<'a> {
    let mut pieces = Vec::new();
    for (at, name) in names.take(NAMED).enumerate() {
        if at > 0 {
            pieces.push(prose(", "));
        }
        pieces.push(Piece::Name(name));
    }
    if count > NAMED {
        pieces.push(prose(format!(" and {} more", super::words::grouped(count - NAMED))));
    }
    pieces
}
