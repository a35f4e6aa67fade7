//! The plan as a unified diff of live YAML against desired YAML: one file per connection with the servers that
//! change, in the fleet file's words. `patch` takes it; any viewer of diffs colours it.

use super::PlanView;
use super::age::age_sentence;
use super::verdict::verdict;
use super::words::{Piece, action, remarks, severity};
use crate::model::Verb;
use crate::plan::{Change, Facts};
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
    if let Some(sentence) = age_sentence(document) {
        let words: String = sentence.iter().map(Piece::as_str).collect();
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(out, "# {}", safe(&words));
    }
    for problem in &document.problems {
        let place = problem.location.as_ref().map_or_else(String::new, |at| format!("  ({at})"));
        let word = severity(problem);
        let text = format!("{word}[{}] {}: {}{place}", problem.code, problem.address, problem.message);
        let _ = writeln!(out, "# {}", safe(&text));
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
    let heading = format!("# {}: {}{}", change.address, actions.join(", "), remarks(change));
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
