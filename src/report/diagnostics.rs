//! Mistakes as text: code, message, place, the source line with a caret, the cure.

use crate::config::{Diagnostic, Excerpt, Severity};
use crate::model::Location;
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

/// Findings shown in full; of the others the count is told.
const MAX_SHOWN: usize = 50;

/// Characters before the shown part of a line up to which that part is shown.
const MAX_CUT_OFF: usize = 10_000;

/// Renders findings, the first of them in full. Ends with a line break unless there are none.
pub fn render(diagnostics: &[Diagnostic], colour: bool) -> String {
    // Hyperlinks to error codes lead nowhere here, so that colours are all that `styled` adds.
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut text = String::new();
    for diagnostic in diagnostics.iter().take(MAX_SHOWN) {
        text.push_str(renderer.render(&groups(diagnostic)).trim_end());
        text.push_str("\n\n");
    }
    if let Some(more) = diagnostics.len().checked_sub(MAX_SHOWN).filter(|more| *more > 0) {
        text = format!("{text}and {more} more\n\n");
    }
    text.pop();
    text
}

/// Where to read more about the mistakes shown, as one line. `None` where there are only doubts: those come with
/// every run until somebody has looked at them.
pub fn more(diagnostics: &[Diagnostic]) -> Option<String> {
    let shown = diagnostics.iter().take(MAX_SHOWN);
    let mut codes = shown.filter(|one| one.severity == Severity::Error).map(|one| one.code);
    let first = codes.next()?;
    Some(match codes.find(|code| *code != first) {
        None => format!("For more: fleetform explain {first}"),
        Some(_) => format!("For more: fleetform explain CODE, for example {first}"),
    })
}

fn groups(diagnostic: &Diagnostic) -> Vec<Group<'_>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(&diagnostic.message).id(diagnostic.code));
    if let Some(location) = &diagnostic.location {
        group = place(group, location, diagnostic.excerpt.as_ref());
    }
    if let Some(cure) = &diagnostic.cure {
        group = group.element(Level::HELP.message(cure));
    }
    let mut groups = vec![group];
    for related in &diagnostic.related {
        let group = Group::with_title(Level::NOTE.secondary_title(&related.message));
        groups.push(place(group, &related.location, related.excerpt.as_ref()));
    }
    groups
}

/// Adds `--> file:line:column` and the source line.
fn place<'d>(group: Group<'d>, location: &'d Location, excerpt: Option<&'d Excerpt>) -> Group<'d> {
    let number = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    let (line, column) = (number(location.line), number(location.column));
    let Some(excerpt) = excerpt else {
        return group.element(Origin::path(&*location.file).line(line).char_column(column));
    };
    // The renderer counts the column in the text it gets: what was cut off on the left is put back as blanks,
    // which it leaves out again when it draws. Of an endless line the column is told and not drawn.
    let cut_off = column.saturating_sub(excerpt.caret + 1);
    if cut_off > MAX_CUT_OFF {
        return group.element(Origin::path(&*location.file).line(line).char_column(column));
    }
    let text = format!("{}{}", " ".repeat(cut_off), excerpt.text);
    let from = excerpt.caret + cut_off;
    let byte = |chars: usize| text.char_indices().nth(chars).map_or(text.len(), |(at, _)| at);
    let caret = AnnotationKind::Primary.span(byte(from)..byte(from + excerpt.length));
    group.element(Snippet::source(text).line_start(line).path(&*location.file).annotation(caret))
}
