//! Where the program writes to: data to stdout, everything else to stderr. A reader that went away is no error; a full
//! disk is one.

use crate::report::Paint;
use std::io::{ErrorKind, IsTerminal, Write};

/// The program's ends. Handed in, so that tests can hold them.
pub struct Io<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    out_is_terminal: bool,
    err_is_terminal: bool,
    in_is_terminal: bool,
    colour: bool,
    quiet: bool,
    /// Why not all of the data could be written.
    lost: Option<String>,
}

impl<'a> Io<'a> {
    /// The process's own.
    pub fn of_process(out: &'a mut dyn Write, err: &'a mut dyn Write) -> Self {
        Self {
            out,
            err,
            out_is_terminal: std::io::stdout().is_terminal(),
            err_is_terminal: std::io::stderr().is_terminal(),
            in_is_terminal: std::io::stdin().is_terminal(),
            colour: true,
            quiet: false,
            lost: None,
        }
    }

    /// The same, with another end for talk.
    pub(super) fn talking_to<'b>(&'b mut self, err: &'b mut dyn Write) -> Io<'b> {
        Io {
            out: &mut *self.out,
            err,
            out_is_terminal: self.out_is_terminal,
            err_is_terminal: self.err_is_terminal,
            in_is_terminal: self.in_is_terminal,
            colour: self.colour,
            quiet: self.quiet,
            lost: None,
        }
    }

    pub(super) fn settle_colour(&mut self, no_color: bool) {
        let unwanted = crate::config::process_env("NO_COLOR").is_some_and(|value| !value.is_empty());
        self.colour = !no_color && !unwanted;
    }

    pub(super) fn be_quiet(&mut self, quiet: bool) {
        self.quiet = quiet;
    }

    pub(super) fn colour_out(&self) -> bool {
        self.colour && self.out_is_terminal
    }

    pub(super) fn colour_err(&self) -> bool {
        self.colour && self.err_is_terminal
    }

    pub(super) fn paint(&self) -> Paint {
        Paint { on: self.colour_out() }
    }

    pub(super) fn can_ask(&self) -> bool {
        self.in_is_terminal
    }

    pub(super) fn shows_bars(&self) -> bool {
        self.err_is_terminal && !self.quiet
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Data.
    pub(super) fn print(&mut self, text: &str) {
        match self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()) {
            // Nobody is left to be told when the reader is gone; what the exit code says stays true.
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            Err(error) => self.lost = Some(error.to_string()),
        }
    }

    /// Why not all of the data could be written, if so.
    pub(super) fn lost(&self) -> Option<String> {
        self.lost.clone()
    }

    /// Data as JSON, one document.
    pub(super) fn print_json(&mut self, value: &impl serde::Serialize) {
        let text = serde_json::to_string_pretty(value).unwrap_or_default();
        self.print(&text);
        self.print("\n");
    }

    /// Talk.
    pub(super) fn say(&mut self, text: &str) {
        let _ = writeln!(self.err, "{text}");
    }

    /// Talk that `-q` silences.
    pub(super) fn mention(&mut self, text: &str) {
        if !self.quiet {
            self.say(text);
        }
    }

    /// Lines of talk that `-q` silences.
    pub(super) fn mention_lines(&mut self, text: &str) {
        if !text.is_empty() {
            self.mention(text.trim_end_matches('\n'));
        }
    }

    /// An error that has no place in a file.
    pub(super) fn error(&mut self, text: &str) {
        let word = Paint { on: self.colour_err() }.red("error:");
        self.say(&format!("{word} {text}"));
    }

    /// A warning that has no place in a file.
    pub(super) fn warn(&mut self, text: &str) {
        let word = Paint { on: self.colour_err() }.yellow("warning:");
        self.say(&format!("{word} {text}"));
    }

    /// A question, without a line's end.
    pub(super) fn prompt(&mut self, question: &str) {
        let _ = write!(self.err, "{question}").and_then(|()| self.err.flush());
    }
}
