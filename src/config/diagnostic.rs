//! A mistake (or a doubt) in what a person wrote: where it stands, what is wrong, what to do about it.

use crate::model::Location;
use serde::Serialize;
use std::fmt;

/// Whether the program can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used; somebody should look at this.
    Warning,
}

/// A source line, short enough to be shown and with its secrets masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Excerpt {
    /// The line, or the part of it around the mistake.
    pub text: String,
    /// Characters of `text` before the mistake.
    pub caret: usize,
    /// Characters of `text` that the mistake spans; at least 1.
    pub length: usize,
}

/// Another place that has to do with a mistake, such as the first of two equal names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Related {
    /// What is there.
    pub message: String,
    /// The place.
    pub location: Location,
    /// Its line, where the text is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<Excerpt>,
    #[serde(skip)]
    pub(super) width: u32,
}

/// One mistake or doubt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// For programs; `snake_case`, never changed once published.
    pub code: &'static str,
    /// Whether the program can go on.
    pub severity: Severity,
    /// What is wrong: one sentence without a full stop. Never holds the value of a secret.
    pub message: String,
    /// Where; missing where no file is to blame.
    pub location: Option<Location>,
    /// The line at that place, where the text is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<Excerpt>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
    /// Other places that have to do with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
    #[serde(skip)]
    pub(super) width: u32,
}

/// A width that reaches to the end of the line.
pub(super) const TO_LINE_END: u32 = u32::MAX;

impl Diagnostic {
    /// A mistake.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message.into())
    }

    /// A doubt.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message.into())
    }

    fn new(code: &'static str, severity: Severity, message: String) -> Self {
        Self {
            code,
            severity,
            message,
            location: None,
            excerpt: None,
            cure: None,
            related: Vec::new(),
            width: TO_LINE_END,
        }
    }

    /// With its place.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.location = Some(location);
        self
    }

    /// With what to do about it.
    #[must_use]
    pub fn cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = Some(cure.into());
        self
    }

    /// With another place that has to do with it.
    #[must_use]
    pub fn related(mut self, message: impl Into<String>, location: Location) -> Self {
        let message = message.into();
        self.related.push(Related { message, location, excerpt: None, width: 1 });
        self
    }

    /// With the number of characters that the other place added last spans.
    #[must_use]
    pub(super) fn related_width(mut self, width: u32) -> Self {
        if let Some(last) = self.related.last_mut() {
            last.width = width;
        }
        self
    }

    /// With the number of characters under the caret.
    #[must_use]
    pub(super) fn width(mut self, width: u32) -> Self {
        self.width = width;
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(location) = &self.location {
            write!(f, "{location}: ")?;
        }
        f.write_str(&self.message)?;
        self.cure.as_ref().map_or(Ok(()), |cure| write!(f, " ({cure})"))
    }
}

/// How much of a person's own text a message repeats, in characters.
const MAX_QUOTED: usize = 60;

/// A person's text in quotes, control characters escaped, shortened: fit for a message.
pub(super) fn quote(text: &str) -> String {
    match text.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}
