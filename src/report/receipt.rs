//! The receipt of an apply, read again: as text it lists every change of the plan with what came of it, and how that
//! is known.

use super::apply::{ApplyDocument, counts, results_text};
use super::paint::{Paint, safe};
use crate::apply::ApplySummary;
use crate::plan::FORMAT_VERSION;
use std::fmt::Write;

impl ApplyDocument {
    /// Reads a receipt; `None` where the bytes are something else, a saved plan perhaps.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it: another version, not whole, or it does not add up.
    pub fn read(bytes: &[u8]) -> Option<Result<Self, String>> {
        let value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
        let has = |key| value.get(key).is_some();
        if !has("results") || has("changes") {
            return None;
        }
        let version = value.get("format_version").and_then(|version| version.as_str()).unwrap_or("none");
        if version.split('.').next() != FORMAT_VERSION.split('.').next() {
            let text = format!("its format version is {version}, this program reads {FORMAT_VERSION}");
            return Some(Err(text));
        }
        Some(whole(value))
    }
}

fn whole(value: serde_json::Value) -> Result<ApplyDocument, String> {
    let document: ApplyDocument =
        serde_json::from_value(value).map_err(|error| format!("it is no receipt: {error}"))?;
    if document.summary != ApplySummary::of(&document.results) {
        return Err("its numbers do not add up to its results: it was edited or damaged".into());
    }
    Ok(document)
}

/// The receipt as text.
pub fn receipt_text(document: &ApplyDocument, paint: Paint) -> String {
    let mut out = String::new();
    let mut line = |label: &str, text: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{label:<9}{}", safe(text));
    };
    line("Run", &document.run);
    line("Plan", &document.digest);
    if let Some(whole) = &document.narrowed_from {
        line("Part of", whole);
    }
    let total = document.results.len();
    let changes = if total == 1 { "1 change" } else { "changes" };
    let number = if total == 1 { String::new() } else { format!("{total} ") };
    line("Changes", &format!("{number}{changes}: {}", counts(&document.results)));
    if !document.problems.is_empty() {
        line("Problems", &format!("{}: nothing was done to those servers", document.problems.len()));
    }
    line("Exit", &document.exit_code.to_string());
    if let Some(path) = &document.undo {
        line("Undo", &format!("fleetform apply {path}"));
    }
    if !document.results.is_empty() {
        out.push('\n');
        out.push_str(&results_text(&document.results, paint, |_| true));
    }
    if !document.not_undoable.is_empty() {
        let _ = writeln!(out, "{}", paint.bold("Cannot be taken back:"));
        for one in &document.not_undoable {
            let _ = writeln!(out, "  {}: {}", safe(&one.address.to_string()), safe(&one.message));
        }
    }
    out
}
