//! What a comment is filled with, in classes: the first class is cut last.

use super::escape::{cell, code, prose, sentence};
use crate::model::{Location, Verb};
use crate::plan::{Cause, Change, HoldInForce, Problem, Refusal, Severity, Withheld};
use crate::report::plan::PlanView;
use crate::report::plan::danger::{Danger, by_danger};
use crate::report::plan::standstill::{actions, hold_words};
use crate::report::plan::words::{Piece, action, deeds, severity, telling_id, terms};

/// What a line is about, in the order in which lines are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Refusal,
    Change(Danger),
    Error,
    Warning,
    Waiting,
    Held,
    Other,
}

impl Class {
    /// All of them, from what is cut last to what is cut first.
    pub(super) const ALL: [Self; 9] = [
        Self::Refusal,
        Self::Change(Danger::Deletes),
        Self::Change(Danger::Stops),
        Self::Change(Danger::Reboots),
        Self::Error,
        Self::Warning,
        Self::Waiting,
        Self::Held,
        Self::Other,
    ];

    /// What a number of them is called.
    pub(super) fn noun(self, count: usize) -> &'static str {
        let (one, many) = match self {
            Self::Refusal => ("refusal", "refusals"),
            Self::Change(Danger::Deletes) => ("delete", "deletes"),
            Self::Change(Danger::Stops) => {
                ("power-off, suspend or hard reboot", "power-offs, suspends and hard reboots")
            }
            Self::Change(Danger::Reboots) => ("reboot", "reboots"),
            Self::Error => ("problem", "problems"),
            Self::Warning => ("warning", "warnings"),
            Self::Waiting => ("waiting server", "waiting servers"),
            Self::Held => ("hold", "holds"),
            Self::Change(Danger::Calm) | Self::Other => ("other change", "other changes"),
        };
        if count == 1 { one } else { many }
    }
}

/// One line of the comment, not yet written.
pub(super) struct Item<'a> {
    pub(super) class: Class,
    about: About<'a>,
}

enum About<'a> {
    Refusal(&'a Refusal),
    Change(&'a Change),
    Problem(&'a Problem),
    Withheld(&'a Withheld),
    Held(&'a HoldInForce),
}

impl Item<'_> {
    /// The line.
    pub(super) fn line(&self) -> String {
        match self.about {
            About::Refusal(refusal) => refused(refusal),
            About::Change(change) => row(change),
            About::Problem(problem) => told(problem),
            About::Withheld(withheld) => waits(withheld),
            About::Held(held) => {
                let words: String = hold_words(held).iter().map(listed).collect();
                format!("- held: {words}\n")
            }
        }
    }
}

/// Everything that there is to show, from what is cut last to what is cut first.
pub(super) fn items<'a>(view: &PlanView<'a>) -> Vec<Item<'a>> {
    let document = view.document;
    let item = |class, about| Item { class, about };
    let refusals = view.refusals.iter().map(|refusal| item(Class::Refusal, About::Refusal(refusal)));
    let changes = by_danger(&document.changes).into_iter().map(|(danger, change)| {
        let class = if danger.is_dangerous() { Class::Change(danger) } else { Class::Other };
        item(class, About::Change(change))
    });
    let problems = document.problems.iter().map(|problem| {
        let class = match problem.severity {
            Severity::Error => Class::Error,
            Severity::Warning => Class::Warning,
        };
        item(class, About::Problem(problem))
    });
    let withheld = document.withheld.iter().map(|one| item(Class::Waiting, About::Withheld(one)));
    let held = document.holds.iter().map(|held| item(Class::Held, About::Held(held)));
    let mut items: Vec<Item<'a>> =
        refusals.chain(changes).chain(problems).chain(withheld).chain(held).collect();
    items.sort_by_key(|item| item.class);
    items
}

fn refused(refusal: &Refusal) -> String {
    format!("- refused: {}\n", prose(&refusal.to_string()))
}

fn told(problem: &Problem) -> String {
    let place = problem.location.as_ref().map_or_else(String::new, |at| format!(" ({})", code(&place(at))));
    let address = code(&problem.address.to_string());
    let cause = from(problem.cause).map_or_else(String::new, |cause| format!(" - {cause}"));
    format!(
        "- **{}** `{}` {address}: {}{place}{cause}\n",
        severity(problem),
        problem.code,
        sentence(&problem.message)
    )
}

fn waits(withheld: &Withheld) -> String {
    let at = withheld.location.as_ref().map_or_else(String::new, |at| format!(" ({})", code(&place(at))));
    let (address, message) = (code(&withheld.address.to_string()), sentence(&withheld.message));
    format!("- waiting: {address}: {}; {message}{at}\n", actions(withheld))
}

/// A piece outside of a table.
fn listed(piece: &Piece<'_>) -> String {
    match piece {
        Piece::Prose(text) => prose(text),
        Piece::Name(text) => code(text),
    }
}

fn place(at: &Location) -> String {
    format!("{}:{}", at.file, at.line)
}

/// A row of a table: what is done, to which server, from what to what, why.
fn row(change: &Change) -> String {
    let actions: Vec<String> =
        change.actions.iter().map(|verb| format!("**{}**", prose(&action(change, *verb)))).collect();
    let id = telling_id(change).map_or_else(String::new, |id| format!(" (id {})", cell(id)));
    let mut words: Vec<String> = deeds(change)
        .iter()
        .map(|deed| {
            let words: String = deed.pieces.iter().map(piece).collect();
            // That it is a delete, the first cell says.
            if deed.verb == Verb::Delete { words } else { format!("{}: {}", deed.label, words.trim()) }
        })
        .collect();
    for (label, pieces) in terms(change) {
        words.push(format!("{label}: {}", pieces.iter().map(piece).collect::<String>()));
    }
    let reasons: Vec<String> =
        from(change.cause).into_iter().chain(change.reasons.iter().map(|reason| prose(reason))).collect();
    let place = change.location.as_ref().map_or_else(String::new, |at| format!(" {}", cell(&place(at))));
    let address = cell(&change.address.to_string());
    let (actions, words, reasons) = (actions.join(", "), words.join("; "), reasons.join(", "));
    format!("| {actions} | {address}{id} | {words} | {reasons}{place} |\n")
}

/// Where it comes from, beside a base.
fn from(cause: Option<Cause>) -> Option<String> {
    cause.map(|cause| format!("**{}**", cause.phrase()))
}

fn piece(piece: &Piece<'_>) -> String {
    match piece {
        Piece::Prose(text) => prose(&text.replace(" -> ", " → ")),
        Piece::Name(text) => cell(text),
    }
}
