//! The end of an apply: what was done, what failed and why, what was not started.

use super::paint::{Paint, safe};
use crate::apply::{ApplySummary, ChangeOutcome, ChangeResult, Moved};
use crate::model::{EvidenceLevel, Verb};
use crate::plan::{NotUndoable, PlanOptionsRecord, Problem, Refusal, Summary};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// What `apply --format json` prints, and what it leaves as its receipt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ApplyDocument {
    /// The format's version, `1.0`.
    pub format_version: String,
    /// The run, as its events and the ledger's history name it.
    pub run: String,
    /// The plan's digest.
    pub digest: String,
    /// The digest of the saved plan that this one is a part of.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub narrowed_from: Option<String>,
    /// How the plan was made and narrowed.
    pub options: PlanOptionsRecord,
    /// The plan's numbers.
    pub plan: Summary,
    /// The plan's problems.
    pub problems: Vec<Problem>,
    /// Guards that the plan exceeds; then nothing was executed.
    pub refusals: Vec<Refusal>,
    /// Servers that moved since the plan was saved, or changes beyond what was approved; then nothing was executed.
    pub moved: Vec<Moved>,
    /// One result per change of the plan.
    pub results: Vec<ChangeResult>,
    /// Their numbers; they add up to the plan.
    pub summary: ApplySummary,
    /// The saved plan that takes back what was done, as far as that can be done.
    pub undo: Option<String>,
    /// What was done and cannot be taken back.
    pub not_undoable: Vec<NotUndoable>,
    /// The exit code of the program.
    pub exit_code: u8,
}

/// The report as text, for whoever has waited for it.
pub fn apply_text(results: &[ChangeResult], paint: Paint) -> String {
    // That live state shows it goes without saying.
    let mut out = results_text(results, paint, |level| level != EvidenceLevel::Observed);
    // Writing to a String cannot fail.
    let _ = writeln!(out, "\n{}", paint.bold(&format!("Apply: {}.", counts(results))));
    out
}

/// Every result, by what came of it; of what is done also how strong the evidence is, where that is worth telling.
pub(super) fn results_text(
    results: &[ChangeResult],
    paint: Paint,
    is_telling: impl Fn(EvidenceLevel) -> bool,
) -> String {
    let mut out = String::new();
    for outcome in
        [ChangeOutcome::Done, ChangeOutcome::Failed, ChangeOutcome::Unresolved, ChangeOutcome::NotStarted]
    {
        let of_kind: Vec<_> = results.iter().filter(|result| result.outcome == outcome).collect();
        if of_kind.is_empty() {
            continue;
        }
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}", paint.bold(&heading(outcome)));
        for result in of_kind {
            let actions: Vec<&str> = result.actions.iter().map(|verb| Verb::phrase(*verb)).collect();
            let word = match outcome {
                ChangeOutcome::Done => paint.green("ok"),
                ChangeOutcome::NotStarted => paint.dim("--"),
                _ => paint.red("!!"),
            };
            let (address, detail) = (safe(&result.address.to_string()), safe(&result.detail));
            let evidence = result.evidence.filter(|level| is_telling(*level));
            let evidence =
                evidence.map_or_else(String::new, |level| format!("  [evidence: {}]", level.word()));
            let _ = writeln!(out, "  {word} {address}  {}: {detail}{evidence}", actions.join(", "));
            if outcome == ChangeOutcome::Unresolved {
                let _ = writeln!(
                    out,
                    "     look at it, then: fleetform resolve {} --done (or --not-done)",
                    safe(&result.address.shell_word())
                );
            }
        }
    }
    out
}

/// How many came to what: `3 done, 1 failed`.
pub(super) fn counts(results: &[ChangeResult]) -> String {
    let summary = ApplySummary::of(results);
    let mut counts = vec![format!("{} done", summary.done)];
    for (count, word) in
        [(summary.failed, "failed"), (summary.unresolved, "unresolved"), (summary.not_started, "not started")]
    {
        if count > 0 {
            counts.push(format!("{count} {word}"));
        }
    }
    counts.join(", ")
}

fn heading(outcome: ChangeOutcome) -> String {
    let phrase = outcome.phrase();
    let mut letters = phrase.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}:", first.to_uppercase(), letters.as_str()))
}
