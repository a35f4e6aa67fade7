//! The verdict: the same words for the same numbers, so that it can be looked for. All of them are the program's own.

use crate::model::Verb;
use crate::plan::PlanDocument;
use std::fmt::Write;

/// One line: what would be done, what stays, what stands in the way.
pub fn verdict(document: &PlanDocument) -> String {
    let summary = &document.summary;
    let order = [Verb::PowerOn, Verb::PowerOff, Verb::Suspend, Verb::Reboot, Verb::Rename, Verb::Delete];
    let counts: Vec<String> = order
        .iter()
        .filter(|verb| summary.of(**verb) > 0)
        .map(|verb| format!("{} {verb}", summary.of(*verb)))
        .collect();
    let mut text = match (document.changes.is_empty(), summary.problems) {
        (false, _) => format!("Plan: {}.", counts.join(", ")),
        (true, 0) => "No changes.".to_owned(),
        (true, _) => "Nothing can be planned.".to_owned(),
    };
    // Writing to a String cannot fail.
    let _ = write!(text, " {} unchanged, {} unmanaged", summary.unchanged, summary.unmanaged);
    if summary.left_out > 0 {
        let _ = write!(text, ", {} left out", summary.left_out);
    }
    if summary.withheld > 0 {
        let _ = write!(text, ", {} waiting", summary.withheld);
    }
    for (count, word) in [(summary.problems, "problem"), (summary.warnings, "warning")] {
        if count > 0 {
            let _ = write!(text, ", {count} {word}{}", if count == 1 { "" } else { "s" });
        }
    }
    text.push('.');
    text
}
