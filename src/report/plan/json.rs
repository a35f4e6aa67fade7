//! The plan as it is saved.

use super::PlanView;

/// Renders the document.
pub(super) fn plan_json(view: &PlanView<'_>) -> String {
    // A document has no map with other keys than text, so it cannot fail to be written.
    serde_json::to_string_pretty(view.document).unwrap_or_default() + "\n"
}
