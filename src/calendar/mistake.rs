//! What is wrong with a text that a person wrote, and what to write instead.

/// A mistake: one sentence without a full stop, and its cure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({cure})")]
pub struct Mistake {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub cure: String,
}

impl Mistake {
    pub(super) fn new(message: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { message: message.into(), cure: cure.into() }
    }
}

/// How much of a person's own text a message repeats, in characters.
const MAX_QUOTED: usize = 40;

/// A person's text in quotes, control characters escaped, shortened: fit for a message.
pub(super) fn quote(text: &str) -> String {
    match text.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}
