//! The plan as text: as short as it can be, and complete; what is dangerous comes first.

use super::PlanView;
use super::age::age_sentence;
use super::danger::by_danger;
use super::verdict::verdict;
use super::words::{Deed, Piece, call, deeds, severity, telling_id};
use crate::model::Verb;
use crate::plan::{Change, Problem, Severity};
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
    for refusal in view.refusals {
        line(&mut out, &format!("{} {}", paint.red("refused:"), safe(&refusal.to_string())));
    }
    if !view.refusals.is_empty() {
        out.push('\n');
    }
    if view.verbose && document.summary.unchanged > 0 {
        let text =
            "Unchanged servers are counted in a plan and not listed: `fleetform status` lists every server.";
        line(&mut out, &format!("{}\n", paint.dim(text)));
    }
    if let Some(sentence) = age_sentence(document) {
        line(&mut out, &words(&sentence));
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
        let (address, message) = (safe(&problem.address.to_string()), safe(&problem.message));
        line(&mut out, &format!("{word} {address}: {message}{place}"));
    }
    out
}

fn change_text(out: &mut String, change: &Change, paint: Paint) {
    let id = telling_id(change).map_or_else(String::new, |id| paint.dim(&format!("  (id {})", safe(id))));
    line(out, &format!("{}{id}", paint.bold(&safe(&change.address.to_string()))));
    for deed in deeds(change) {
        deed_text(out, &deed, paint);
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
        let hard = step.fallback.as_ref().map_or_else(String::new, |other| format!(", else {}", call(other)));
        let text = format!("{}{hard}", call(&step.operation));
        line(out, &paint.dim(&format!("    call    {}", safe(&text))));
    }
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}
