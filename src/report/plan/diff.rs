//! The plan as a unified diff of live YAML against desired YAML: one file per connection with the servers that
//! change, in the fleet file's words. `patch` takes it; any viewer of diffs colours it.

use super::PlanView;
use super::origin::notes;
use super::standstill::{actions, hold_words};
use super::verdict::verdict;
use super::words::{Piece, action, remarks, severity};
use crate::model::Verb;
use crate::plan::{Cause, Change, Facts};
use crate::report::paint::safe;
use crate::report::yaml::{quoted, scalar};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Lines around a difference, as everywhere.
const CONTEXT: usize = 3;

/// What a file name shows as it is.
const FILE_NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// Renders verdict, digest, problems and refusals as comments, then the diff.
pub(super) fn plan_diff(view: &PlanView<'_>) -> String {
    let document = view.document;
    let mut out = format!("# {}\n# digest {}\n", verdict(document), safe(&document.digest));
    for note in notes(document) {
        let words = note.iter().map(|piece| match piece {
            Piece::Prose(text) | Piece::Name(text) => safe(text),
        });
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(out, "# {}", words.collect::<String>());
    }
    for problem in &document.problems {
        let place = problem.location.as_ref().map_or_else(String::new, |at| format!("  ({at})"));
        let word = severity(problem);
        let (at, cause) = (&problem.address, from(problem.cause));
        let text = format!("{word}[{}] {at}: {}{place}{cause}", problem.code, problem.message);
        let _ = writeln!(out, "# {}", safe(&text));
    }
    for one in &document.withheld {
        let place = one.location.as_ref().map_or_else(String::new, |at| format!("  ({at})"));
        let text = format!("waiting: {}: {}; {}{place}", one.address, actions(one), one.message);
        let _ = writeln!(out, "# {}", safe(&text));
    }
    for held in &document.holds {
        let words: String = hold_words(held).iter().map(|piece| safe(piece.as_str())).collect();
        let _ = writeln!(out, "# held: {words}");
    }
    for refusal in view.refusals {
        let _ = writeln!(out, "# refused: {}", safe(&refusal.to_string()));
    }
    let mut files: BTreeMap<&str, Sides> = BTreeMap::new();
    for change in &document.changes {
        files.entry(change.provider.as_str()).or_default().push(change);
    }
    for (connection, sides) in files {
        sides.write(&mut out, connection);
    }
    out
}

/// One file, live and desired, and how the one becomes the other.
#[derive(Default)]
struct Sides {
    live: Vec<String>,
    desired: Vec<String>,
    ops: Vec<DiffOp>,
}

impl Sides {
    /// Servers are compared one by one: it is known which belong together, and a large plan stays quick.
    fn push(&mut self, change: &Change) {
        let (live, desired) = entry(change);
        for op in capture_diff_slices(Algorithm::Myers, &live, &desired) {
            self.op(op);
        }
        self.live.extend(live);
        self.desired.extend(desired);
    }

    /// Moves an operation to where its lines are in the whole file; what is equal on both sides of a seam is one.
    fn op(&mut self, op: DiffOp) {
        let (old, new) = (self.live.len() + op.old_range().start, self.desired.len() + op.new_range().start);
        let (old_len, new_len) = (op.old_range().len(), op.new_range().len());
        let moved = match op {
            DiffOp::Equal { len, .. } => {
                if let Some(DiffOp::Equal { len: before, .. }) = self.ops.last_mut() {
                    *before += len;
                    return;
                }
                DiffOp::Equal { old_index: old, new_index: new, len }
            }
            DiffOp::Delete { .. } => DiffOp::Delete { old_index: old, old_len, new_index: new },
            DiffOp::Insert { .. } => DiffOp::Insert { old_index: old, new_index: new, new_len },
            DiffOp::Replace { .. } => DiffOp::Replace { old_index: old, old_len, new_index: new, new_len },
        };
        self.ops.push(moved);
    }

    fn write(self, out: &mut String, connection: &str) {
        let name = utf8_percent_encode(connection, FILE_NAME);
        for (at, group) in group_diff_ops(self.ops, CONTEXT).into_iter().enumerate() {
            if at == 0 {
                let _ = write!(out, "--- live/{name}.yaml\n+++ desired/{name}.yaml\n");
            }
            let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
            let old = range(first.old_range().start, last.old_range().end);
            let new = range(first.new_range().start, last.new_range().end);
            let _ = writeln!(out, "@@ -{old} +{new} @@");
            for op in &group {
                if let DiffOp::Equal { .. } = op {
                    lines(out, ' ', &self.live[op.old_range()]);
                } else {
                    lines(out, '-', &self.live[op.old_range()]);
                    lines(out, '+', &self.desired[op.new_range()]);
                }
            }
        }
    }
}

/// Where it comes from, beside a base.
fn from(cause: Option<Cause>) -> String {
    cause.map_or_else(String::new, |cause| format!("  [{}]", cause.phrase()))
}

/// A range as a hunk's header has it: counted from 1, and of nothing the line before.
fn range(from: usize, to: usize) -> String {
    let len = to - from;
    format!("{},{len}", if len == 0 { from } else { from + 1 })
}

fn lines(out: &mut String, mark: char, lines: &[String]) {
    for line in lines {
        out.push(mark);
        out.push_str(line);
        out.push('\n');
    }
}

/// A server as live YAML and as desired YAML, under a comment that says what is done.
fn entry(change: &Change) -> (Vec<String>, Vec<String>) {
    let actions: Vec<_> = change.actions.iter().map(|verb| action(change, *verb)).collect();
    let (actions, cause) = (actions.join(", "), from(change.cause));
    let heading = format!("# {}: {actions}{}{cause}", change.address, remarks(change));
    let heading = safe(&heading);
    let side = |facts: &Facts| {
        let mut lines = vec![
            heading.clone(),
            format!("- id: {}", scalar(change.id.as_str())),
            format!("  name: {}", scalar(facts.name.as_str())),
        ];
        lines.extend(facts.power.map(|power| format!("  power: {power}")));
        lines
    };
    let live = side(&change.before);
    let mut desired = change.after.as_ref().map_or_else(|| vec![heading.clone()], side);
    if change.does(Verb::Reboot) && change.after.is_some() {
        let since = change.rebooted_since.map_or_else(|| quoted("now"), |since| since.to_string());
        desired.push(format!("  rebooted_since: {since}"));
    }
    (live, desired)
}
