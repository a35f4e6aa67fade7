//! Colour, on a terminal that wants it. No meaning is carried by colour alone.

/// Whether to colour.
#[derive(Clone, Copy, Debug, Default)]
pub struct Paint {
    /// Colour is wanted.
    pub on: bool,
}

impl Paint {
    fn dress(self, code: &str, text: &str) -> String {
        if self.on && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Something new or good.
    pub fn green(self, text: &str) -> String {
        self.dress("32", text)
    }

    /// Something that changes.
    pub fn yellow(self, text: &str) -> String {
        self.dress("33", text)
    }

    /// Something that destroys or failed.
    pub fn red(self, text: &str) -> String {
        self.dress("31", text)
    }

    /// What the eye should find.
    pub fn bold(self, text: &str) -> String {
        self.dress("1", text)
    }

    /// What the eye may skip.
    pub fn dim(self, text: &str) -> String {
        self.dress("2", text)
    }
}

/// A text from a provider or a file on one line: control characters would move the cursor or forge a line, and
/// marks of writing direction would show a name as another one.
pub fn safe(text: &str) -> String {
    if !text.chars().any(misleads) {
        return text.to_owned();
    }
    text.chars().map(|c| if misleads(c) { '\u{fffd}' } else { c }).collect()
}

/// Whether a character changes how the text around it is shown.
pub(super) fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
