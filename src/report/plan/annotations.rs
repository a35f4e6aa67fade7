//! Problems and mistakes as GitHub's workflow commands, which show them on the lines of a pull request.
//! <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>

use crate::config::{Diagnostic, Severity as FileSeverity};
use crate::model::Location;
use crate::plan::{Problem, Severity};
use crate::report::paint::misleads;
use std::fmt::Write;

/// A line per problem.
pub fn problem_annotations(problems: &[Problem]) -> String {
    let mut out = String::new();
    for problem in problems {
        let title = format!("{} {}", problem.code, problem.address);
        let is_error = problem.severity == Severity::Error;
        let cause = problem.cause.map_or_else(String::new, |cause| format!("; from {}", cause.source()));
        let message = format!("{}{cause}", problem.message);
        annotation(&mut out, is_error, problem.location.as_ref(), &title, &message);
    }
    out
}

/// A line per mistake in a fleet file.
pub fn mistake_annotations(mistakes: &[Diagnostic]) -> String {
    let mut out = String::new();
    for mistake in mistakes {
        let is_error = mistake.severity == FileSeverity::Error;
        let cure = mistake.cure.as_ref().map_or_else(String::new, |cure| format!("; {cure}"));
        let message = format!("{}{cure}", mistake.message);
        annotation(&mut out, is_error, mistake.location.as_ref(), mistake.code, &message);
    }
    out
}

fn annotation(out: &mut String, is_error: bool, at: Option<&Location>, title: &str, message: &str) {
    out.push_str(if is_error { "::error " } else { "::warning " });
    if let Some(at) = at {
        // Writing to a String cannot fail, here and below.
        let _ = write!(out, "file={},line={},col={},", escaped(&at.file, true), at.line, at.column);
    }
    let _ = writeln!(out, "title={}::{}", escaped(title, true), escaped(message, false));
}

/// A value (or a property, where a colon and a comma mean something as well) by GitHub's rules.
fn escaped(text: &str, is_property: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '%' => out.push_str("%25"),
            '\r' => out.push_str("%0D"),
            '\n' => out.push_str("%0A"),
            ':' if is_property => out.push_str("%3A"),
            ',' if is_property => out.push_str("%2C"),
            c if misleads(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
