//! Exit codes, and what the program says when it fails.

use super::io::Io;
use crate::apply::{ChangeOutcome, ChangeResult};
use crate::config::Diagnostic;
use crate::plan::{Code, Problem, Severity};
use crate::provider::Error;
use crate::report::{diagnostics, safe};

/// The exit codes of the contract; no other is ever returned.
pub mod code {
    /// Done, or nothing to do.
    pub const DONE: u8 = 0;
    /// Something that somebody must fix.
    pub const PROBLEM: u8 = 1;
    /// Changes are pending (`--detailed-exitcode`).
    pub const PENDING: u8 = 2;
    /// Some changes failed or are unresolved.
    pub const FAILED: u8 = 3;
    /// Refused by a guard, a protection, or for want of `--allow-delete`.
    pub const REFUSED: u8 = 4;
    /// The file or live state moved since the plan was saved.
    pub const STALE: u8 = 5;
    /// Try again later.
    pub const LATER: u8 = 6;
    /// Wrong usage.
    pub const USAGE: u8 = 64;
    /// Interrupted.
    pub const INTERRUPTED: u8 = 130;
}

/// Why a command came to nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// Mistakes in files, with their places.
    Diagnostics(Vec<Diagnostic>),
    /// Anything else: the exit code and what to say.
    Message(u8, String),
    /// Interrupted before anything was executed.
    Interrupted,
}

impl Failure {
    pub(super) fn problem(text: impl Into<String>) -> Self {
        Self::Message(code::PROBLEM, text.into())
    }

    pub(super) fn usage(text: impl Into<String>) -> Self {
        Self::Message(code::USAGE, text.into())
    }

    /// A failed call to a provider, outside of any plan.
    pub(super) fn provider(connection: &str, error: &Error) -> Self {
        let code = if error.is_transient() { code::LATER } else { code::PROBLEM };
        Self::Message(code, format!("{connection}: {error}"))
    }

    pub(super) fn code(&self) -> u8 {
        match self {
            Self::Diagnostics(_) => code::PROBLEM,
            Self::Message(code, _) => *code,
            Self::Interrupted => code::INTERRUPTED,
        }
    }

    /// For people, in one line.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Diagnostics(_) => "what was read has mistakes".into(),
            Self::Message(_, text) => text.clone(),
            Self::Interrupted => "interrupted".into(),
        }
    }

    pub(super) fn report(self, io: &mut Io<'_>) -> u8 {
        match &self {
            Self::Diagnostics(all) => show(all, io),
            Self::Message(_, text) => {
                // Paths and arguments are data: nothing of them moves a cursor.
                let lines: Vec<String> = text.split('\n').map(safe).collect();
                io.error(&lines.join("\n"));
            }
            Self::Interrupted => io.say("Interrupted; nothing was executed."),
        }
        self.code()
    }
}

/// Shows mistakes and where to read more about them.
pub(super) fn show(mistakes: &[Diagnostic], io: &mut Io<'_>) {
    let text = diagnostics::render(mistakes, io.colour_err());
    io.say(text.trim_end());
    if let Some(more) = diagnostics::more(mistakes) {
        io.mention(&format!("\n{more}"));
    }
}

/// The exit code for the problems of a plan; `None` where none of them makes it fail. What somebody must fix
/// comes before what may pass, and that before what the file itself forbids.
pub(super) fn of_problems(problems: &[Problem]) -> Option<u8> {
    let codes: Vec<Code> =
        problems.iter().filter(|p| p.severity == Severity::Error).map(|p| p.code).collect();
    if codes.is_empty() {
        return None;
    }
    let only = |allowed: &[Code]| codes.iter().all(|code| allowed.contains(code));
    Some(match () {
        () if only(&[Code::Protected]) => code::REFUSED,
        () if only(&[Code::Unreachable, Code::Protected]) => code::LATER,
        () => code::PROBLEM,
    })
}

/// The exit code for the end of an apply.
pub(super) fn of_results(results: &[ChangeResult], interrupted: bool) -> u8 {
    if interrupted {
        return code::INTERRUPTED;
    }
    let all_done = results.iter().all(|result| result.outcome == ChangeOutcome::Done);
    if all_done { code::DONE } else { code::FAILED }
}
