//! The ledger's history, for people and programs.

use super::paint::{Paint, safe};
use crate::ledger::{Past, PastHold, PastOutcome};
use crate::plan::FORMAT_VERSION;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::Write;

/// What `history --format json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct HistoryDocument {
    /// The version of this format.
    pub format_version: String,
    /// Latest last.
    pub history: Vec<Past>,
    /// What was said about holds and freezes, latest last.
    pub holds: Vec<PastHold>,
}

impl HistoryDocument {
    /// The document of some history.
    pub fn new(history: Vec<Past>, holds: Vec<PastHold>) -> Self {
        Self { format_version: FORMAT_VERSION.into(), history, holds }
    }
}

/// Two lines for each: what was said, of whom and until when; why and by whom.
pub fn past_holds_text(holds: &[PastHold], paint: Paint) -> String {
    let mut text = String::new();
    for past in holds {
        let of =
            past.selector.as_ref().map_or_else(|| "*".to_owned(), |selector| safe(&selector.to_string()));
        let until = past.until.map_or_else(String::new, |until| format!(" until {until}"));
        let _ = writeln!(text, "{:.0}  {}  {}{until}", past.at, paint.bold(&of), past.what);
        let id = past.id.as_ref().map(|id| format!("id {}", safe(id)));
        let by = format!("by {} on {}", safe(&past.by), safe(&past.host));
        let reason = past.reason.as_deref().map(safe);
        let detail: Vec<String> = reason.into_iter().chain([by]).chain(id).collect();
        let _ = writeln!(text, "    {}", paint.dim(&detail.join("; ")));
    }
    text
}

/// Two lines for each: what and what came of it; how that is known and by whom.
pub fn history_text(history: &[Past], paint: Paint) -> String {
    let mut text = String::new();
    for past in history {
        let outcome = match past.outcome {
            PastOutcome::Done => paint.green(past.outcome.phrase()),
            PastOutcome::NoEffect => past.outcome.phrase().to_owned(),
            PastOutcome::Failed | PastOutcome::Unresolved | PastOutcome::Open => {
                paint.red(past.outcome.phrase())
            }
        };
        let address = past.address.to_string();
        let _ = writeln!(
            text,
            "{:.0}  {}  {}: {outcome}",
            past.at,
            paint.bold(&safe(&address)),
            safe(&past.what)
        );
        let mut detail = Vec::new();
        if let Some(level) = past.level {
            detail.push(level.phrase().to_owned());
        }
        detail.extend(past.evidence.as_deref().map(safe));
        if let Some(by) = &past.by {
            detail.push(format!(
                "by {} on {}, {} (run {})",
                safe(&by.user),
                safe(&by.host),
                safe(&by.command),
                safe(&by.run)
            ));
        }
        if !detail.is_empty() {
            let _ = writeln!(text, "    {}", paint.dim(&detail.join("; ")));
        }
    }
    text
}
