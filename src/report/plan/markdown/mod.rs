//! The plan for a pull request's comment: the verdict first, what is dangerous always visible, the rest folded, never
//! longer than the service takes. What does not fit is counted, and where all of it is, is said.

mod escape;
mod items;
mod limit;

use super::PlanView;
use super::origin::notes;
use super::verdict::verdict;
use super::words::{Piece, grouped};
pub(in crate::report) use escape::code;
use escape::{code_of, prose};
use items::{Class, Item, items};
pub use limit::MaxLength;
use limit::length;
use std::fmt::Write;

/// Above a table's rows.
const TABLE: &str = "| Action | Server | Change | Why |\n| --- | --- | --- | --- |\n";

/// The most characters of a path or a selector in the frame, which is never cut.
const SHORT: usize = 100;

/// Renders the comment.
pub(super) fn plan_markdown(view: &PlanView<'_>) -> String {
    let items = items(view);
    let mut comment = Comment { view, items: &items, lines: Vec::new() };
    // Room for every heading and, where something is cut, for the longest list of what is missing.
    let room = view.max_length.units().saturating_sub(comment.frame_length());
    let room_if_cut = room.saturating_sub(length(&comment.missing()));
    let (mut sum, mut fits_if_cut) = (0, 0);
    for item in &items {
        let line = item.line();
        sum += length(&line);
        if sum > room {
            comment.lines.truncate(fits_if_cut);
            break;
        }
        comment.lines.push(line);
        fits_if_cut += usize::from(sum <= room_if_cut);
    }
    comment.text()
}

/// A comment with the first so many of its items.
struct Comment<'a> {
    view: &'a PlanView<'a>,
    items: &'a [Item<'a>],
    lines: Vec<String>,
}

impl Comment<'_> {
    fn text(&self) -> String {
        let mut out = self.head();
        out.push_str(&self.missing());
        self.section(&mut out, "\n### Refused\n\n", "", |class| class == Class::Refusal);
        self.section(&mut out, &format!("\n### Dangerous\n\n{TABLE}"), "", is_dangerous);
        self.section(&mut out, "\n### Problems\n\n", "", is_problem);
        self.section(&mut out, "\n### Waiting\n\n", "", is_standstill);
        let (open, close) = self.fold();
        self.section(&mut out, &open, close, |class| class == Class::Other);
        out.push_str(&self.foot());
        out
    }

    /// The length of all that is there beside the items, with every heading.
    fn frame_length(&self) -> usize {
        let (open, close) = self.fold();
        let headings = "\n### Refused\n\n\n### Dangerous\n\n\n### Problems\n\n\n### Waiting\n\n";
        [&self.head(), headings, TABLE, &open, close, &self.foot()].into_iter().map(length).sum()
    }

    fn head(&self) -> String {
        let mut out = format!("**{}**\n", verdict(self.view.document));
        for note in notes(self.view.document) {
            let words: String = note
                .iter()
                .map(|piece| match piece {
                    Piece::Prose(text) => prose(text),
                    Piece::Name(text) => code_of(text, SHORT),
                })
                .collect();
            // Writing to a String cannot fail.
            let _ = writeln!(out, "\n{words}");
        }
        out
    }

    /// How many of what are left out, and where they are.
    fn missing(&self) -> String {
        let counts: Vec<String> = Class::ALL
            .into_iter()
            .filter_map(|class| {
                let of = |items: &[Item<'_>]| items.iter().filter(|item| item.class == class).count();
                let (missing, all) = (of(&self.items[self.lines.len()..]), of(self.items));
                let noun = class.noun(all);
                (missing > 0).then(|| format!("{} of {} {noun}", grouped(missing), grouped(all)))
            })
            .collect();
        if counts.is_empty() {
            return String::new();
        }
        let place = self.view.artifact.map_or_else(
            || "`fleetform plan --out PATH` saves all of it".to_owned(),
            |path| format!("all of it is in {}", code_of(path, SHORT)),
        );
        format!(
            "\n**Cut to {} characters.** Not shown: {}; {place}, digest {}.\n",
            self.view.max_length,
            counts.join(", "),
            code_of(&self.view.document.digest, SHORT)
        )
    }

    fn section(&self, out: &mut String, open: &str, close: &str, wanted: impl Fn(Class) -> bool) {
        let mut lines = self.items.iter().zip(&self.lines).filter(|(item, _)| wanted(item.class)).peekable();
        if lines.peek().is_none() {
            return;
        }
        out.push_str(open);
        lines.for_each(|(_, line)| out.push_str(line));
        out.push_str(close);
    }

    /// What folds the harmless changes away, where that can be done.
    fn fold(&self) -> (String, &'static str) {
        let count = self.items.iter().filter(|item| item.class == Class::Other).count();
        let title = format!("{} {}", grouped(count), Class::Other.noun(count));
        if self.view.max_length.folds() {
            (format!("\n<details>\n<summary>{title}</summary>\n\n{TABLE}"), "\n</details>\n")
        } else {
            (format!("\n### {title}\n\n{TABLE}"), "")
        }
    }

    fn foot(&self) -> String {
        let document = self.view.document;
        let (digest, version) =
            (code_of(&document.digest, SHORT), code_of(&document.fleetform_version, SHORT));
        format!("\nDigest {digest}, planned at {} by fleetform {version}.\n", document.created_at)
    }
}

fn is_dangerous(class: Class) -> bool {
    matches!(class, Class::Change(_))
}

fn is_standstill(class: Class) -> bool {
    matches!(class, Class::Waiting | Class::Held)
}

fn is_problem(class: Class) -> bool {
    matches!(class, Class::Error | Class::Warning)
}
