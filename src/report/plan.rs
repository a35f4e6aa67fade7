//! The plan as text: as short as it can be, and complete.

use super::paint::{Paint, safe};
use crate::model::{CaseRule, Power, Verb};
use crate::plan::{Change, Problem, Refusal, Severity, Step, Summary};
use std::fmt::Write;

/// Renders changes, problems, refusals and the verdict, each in the order given.
pub fn plan_text(
    changes: &[Change],
    problems: &[Problem],
    refusals: &[Refusal],
    summary: &Summary,
    paint: Paint,
) -> String {
    let mut out = String::new();
    for change in changes {
        change_text(&mut out, change, paint);
    }
    if !changes.is_empty() {
        out.push('\n');
    }
    let problems = problems_text(problems, paint);
    if !problems.is_empty() {
        out.push_str(&problems);
        out.push('\n');
    }
    for refusal in refusals {
        line(&mut out, &format!("{} {}", paint.red("refused:"), safe(&refusal.to_string())));
    }
    if !refusals.is_empty() {
        out.push('\n');
    }
    line(&mut out, &paint.bold(&verdict(changes.is_empty(), summary)));
    out
}

/// Problems alone, one a line.
pub fn problems_text(problems: &[Problem], paint: Paint) -> String {
    let mut out = String::new();
    for problem in problems {
        let word = match problem.severity {
            Severity::Error => paint.red(&format!("error[{}]", problem.code)),
            Severity::Warning => paint.yellow(&format!("warning[{}]", problem.code)),
        };
        let place = problem
            .location
            .as_ref()
            .map_or_else(String::new, |at| paint.dim(&format!("  ({})", safe(&at.to_string()))));
        let (address, message) = (safe(&problem.address.to_string()), safe(&problem.message));
        line(&mut out, &format!("{word} {address}: {message}{place}"));
    }
    out
}

fn change_text(out: &mut String, change: &Change, paint: Paint) {
    let id = if CaseRule::Insensitive.same(change.id.as_str(), change.before.name.as_str()) {
        String::new()
    } else {
        paint.dim(&format!("  (id {})", safe(change.id.as_str())))
    };
    line(out, &format!("{}{id}", paint.bold(&safe(&change.address.to_string()))));
    if change.does(Verb::Delete) {
        let state =
            change.before.power.map_or_else(|| "power not reported".into(), |power| format!("is {power}"));
        // What is deleted is the live server, whatever the file calls it.
        let called = if change.before.name == change.address.name {
            String::new()
        } else {
            format!("is called {}, ", safe(change.before.name.as_str()))
        };
        line(out, &format!("  {} ({called}{state})", paint.red("- delete ")));
        return;
    }
    let mark = paint.yellow("~");
    if change.does(Verb::Rename) {
        let names: Vec<String> = std::iter::once(safe(change.before.name.as_str()))
            .chain(change.steps.iter().filter_map(|step| match &step.operation {
                crate::model::Operation::Rename { to } => Some(safe(to.as_str())),
                _ => None,
            }))
            .collect();
        line(out, &format!("  {mark} name    {}{}", names.join(" -> "), waits(change)));
    }
    for verb in [Verb::PowerOn, Verb::PowerOff, Verb::Suspend] {
        if let Some(step) = change.step(verb).filter(|_| change.does(verb)) {
            let after = change.after.as_ref().and_then(|after| after.power);
            let (before, after) = (power_word(change.before.power), power_word(after));
            line(out, &format!("  {mark} power   {before} -> {after}{}", note(step)));
        }
    }
    if let Some(step) = change.step(Verb::Reboot) {
        let since = change.rebooted_since.map_or_else(String::new, |since| format!("not since {since}"));
        line(out, &format!("  {mark} reboot  {since}{}", note(step)));
    }
}

/// What the rename waits for, where that is another change.
fn waits(change: &Change) -> String {
    let first: Vec<String> = change
        .steps
        .iter()
        .flat_map(|step| &step.after)
        .map(|other| safe(&other.address.to_string()))
        .collect();
    if first.is_empty() { String::new() } else { format!("  (after {})", first.join(", ")) }
}

fn note(step: &Step) -> String {
    step.note.as_ref().map_or_else(String::new, |note| format!(" ({})", safe(note)))
}

fn power_word(power: Option<Power>) -> &'static str {
    power.map_or("not reported", Power::word)
}

/// The last line: the same words for the same numbers, so that it can be looked for.
fn verdict(nothing: bool, summary: &Summary) -> String {
    let order = [Verb::PowerOn, Verb::PowerOff, Verb::Suspend, Verb::Reboot, Verb::Rename, Verb::Delete];
    let counts: Vec<String> = order
        .iter()
        .filter(|verb| summary.of(**verb) > 0)
        .map(|verb| format!("{} {verb}", summary.of(*verb)))
        .collect();
    let mut text = match (nothing, summary.problems) {
        (false, _) => format!("Plan: {}.", counts.join(", ")),
        (true, 0) => "No changes.".to_owned(),
        (true, _) => "Nothing can be planned.".to_owned(),
    };
    // Writing to a String cannot fail.
    let _ = write!(text, " {} unchanged, {} unmanaged", summary.unchanged, summary.unmanaged);
    for (count, word) in [(summary.problems, "problem"), (summary.warnings, "warning")] {
        if count > 0 {
            let _ = write!(text, ", {count} {word}{}", if count == 1 { "" } else { "s" });
        }
    }
    text.push('.');
    text
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}
