//! The plan as text: as short as it can be, and complete; what is dangerous comes first.

use super::PlanView;
use super::danger::by_danger;
use super::origin::notes;
use super::standstill::{actions, freeze_sentence, hold_words};
use super::verdict::verdict;
use super::words::{Deed, Piece, call, deeds, severity, telling_id, terms};
use crate::model::{Freeze, Verb};
use crate::plan::{Cause, Change, HoldInForce, PlanDocument, Problem, Severity};
use crate::report::paint::{Paint, safe};

/// Renders changes, problems, refusals and, on the last line, the verdict.
pub fn plan_text(view: &PlanView<'_>) -> String {
    let (document, paint) = (view.document, view.paint);
    let mut out = String::new();
    for (_, change) in by_danger(&document.changes) {
        change_text(&mut out, change, paint);
        if view.verbose {
            more_text(&mut out, change, paint);
        }
    }
    if !document.changes.is_empty() {
        out.push('\n');
    }
    let problems = problems_text(&document.problems, paint);
    if !problems.is_empty() {
        out.push_str(&problems);
        out.push('\n');
    }
    standstill_text(&mut out, document, paint);
    for refusal in view.refusals {
        line(&mut out, &format!("{} {}", paint.red("refused:"), safe(&refusal.to_string())));
    }
    if !view.refusals.is_empty() {
        out.push('\n');
    }
    if view.verbose {
        unchanged_text(&mut out, document, paint);
    }
    // That it is a rehearsal, whoever asked for one at this terminal knows.
    let rest = notes(document);
    let mut rest = &rest[usize::from(document.options.simulated)..];
    if let (Some(_), Some((freeze, others))) = (&document.freeze, rest.split_first()) {
        line(&mut out, &paint.bold(&words(freeze)));
        rest = others;
    }
    for note in rest {
        line(&mut out, &paint.dim(&words(note)));
    }
    if !document.changes.is_empty() {
        line(&mut out, &paint.dim(&format!("Digest: {}", safe(&document.digest))));
    }
    line(&mut out, &paint.bold(&verdict(document)));
    out
}

/// Problems alone, one a line.
pub fn problems_text(problems: &[Problem], paint: Paint) -> String {
    let mut out = String::new();
    for problem in problems {
        let word = format!("{}[{}]", severity(problem), problem.code);
        let word = match problem.severity {
            Severity::Error => paint.red(&word),
            Severity::Warning => paint.yellow(&word),
        };
        let place = problem
            .location
            .as_ref()
            .map_or_else(String::new, |at| paint.dim(&format!("  ({})", safe(&at.to_string()))));
        let cause = from(problem.cause, paint);
        let (address, message) = (safe(&problem.address.to_string()), safe(&problem.message));
        line(&mut out, &format!("{word} {address}: {message}{place}{cause}"));
    }
    out
}

/// What waits and who is held, one a line.
fn standstill_text(out: &mut String, document: &PlanDocument, paint: Paint) {
    let before = out.len();
    for one in &document.withheld {
        let word = paint.yellow("waiting:");
        let place = one.location.as_ref().map_or_else(String::new, |at| format!("  ({at})"));
        let (address, message) = (safe(&one.address.to_string()), safe(&one.message));
        let place = paint.dim(&safe(&place));
        line(out, &format!("{word} {address}: {}; {message}{place}", actions(one)));
    }
    out.push_str(&held_text(&document.holds, paint));
    if out.len() > before {
        out.push('\n');
    }
}

/// Holds alone, one a line.
pub fn held_text(holds: &[HoldInForce], paint: Paint) -> String {
    let mut out = String::new();
    for held in holds {
        line(&mut out, &format!("{} {}", paint.yellow("held:"), words(&hold_words(held))));
    }
    out
}

/// A freeze alone, on a line; nothing without one.
pub fn frozen_text(freeze: Option<&Freeze>, paint: Paint) -> String {
    freeze.map_or_else(String::new, |freeze| {
        format!("{}\n", paint.bold(&paint.red(&words(&freeze_sentence(freeze)))))
    })
}

fn change_text(out: &mut String, change: &Change, paint: Paint) {
    let id = telling_id(change).map_or_else(String::new, |id| paint.dim(&format!("  (id {})", safe(id))));
    let cause = from(change.cause, paint);
    line(out, &format!("{}{id}{cause}", paint.bold(&safe(&change.address.to_string()))));
    for deed in deeds(change) {
        deed_text(out, &deed, paint);
    }
    for (label, pieces) in terms(change) {
        line(out, &format!("    {label:<7} {}", words(&pieces)));
    }
}

fn deed_text(out: &mut String, deed: &Deed<'_>, paint: Paint) {
    let words = words(&deed.pieces);
    let label = deed.label;
    line(
        out,
        &match deed.verb {
            Verb::Delete => format!("  {} ({words})", paint.red(&format!("- {label} "))),
            _ => format!("  {} {label:<7} {words}", paint.yellow("~")),
        },
    );
}

fn words(pieces: &[Piece<'_>]) -> String {
    pieces.iter().map(|piece| safe(piece.as_str())).collect()
}

/// Why it is done, and the calls.
fn more_text(out: &mut String, change: &Change, paint: Paint) {
    let place = change.location.as_ref().map_or_else(String::new, |at| format!(" ({at})"));
    let why = format!("{}{place}", change.reasons.join(", "));
    line(out, &paint.dim(&format!("    why     {}", safe(&why))));
    for step in &change.steps {
        let after = step.grace.map_or_else(String::new, |grace| format!(" after {grace}"));
        let hard =
            step.fallback.as_ref().map_or_else(String::new, |other| format!(", else {}{after}", call(other)));
        let text = format!("{}{hard}", call(&step.operation));
        line(out, &paint.dim(&format!("    call    {}", safe(&text))));
    }
}

/// Where it comes from, beside a base.
fn from(cause: Option<Cause>, paint: Paint) -> String {
    cause.map_or_else(String::new, |cause| paint.bold(&format!("  [{}]", cause.phrase())))
}

fn unchanged_text(out: &mut String, document: &PlanDocument, paint: Paint) {
    for address in &document.unchanged {
        line(out, &paint.dim(&format!("= {}", safe(&address.to_string()))));
    }
    if !document.unchanged.is_empty() {
        out.push('\n');
    } else if document.summary.unchanged > 0 {
        let text = "This plan lists no unchanged servers: it was saved without -v.";
        line(out, &format!("{}\n", paint.dim(text)));
    }
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}
