//! Mistakes as text: code, message, place, the source line with a caret, the cure.

use crate::config::{Diagnostic, Excerpt, Severity};
use crate::model::Location;
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

/// Findings shown in full; of the others the count is told.
const MAX_SHOWN: usize = 50;

/// Renders findings, the first of them in full. Ends with a line break unless there are none.
pub fn render(diagnostics: &[Diagnostic], colour: bool) -> String {
    // Hyperlinks to error codes lead nowhere here, so that colours are all that `styled` adds.
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut text = String::new();
    for diagnostic in diagnostics.iter().take(MAX_SHOWN) {
        text.push_str(&renderer.render(&groups(diagnostic)));
        text.push_str("\n\n");
    }
    if let Some(more) = diagnostics.len().checked_sub(MAX_SHOWN).filter(|more| *more > 0) {
        text = format!("{text}and {more} more\n\n");
    }
    text.pop();
    text
}

fn groups(diagnostic: &Diagnostic) -> Vec<Group<'_>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(&diagnostic.message).id(diagnostic.code));
    if let Some(location) = &diagnostic.location {
        group = place(group, location, diagnostic.excerpt.as_ref(), AnnotationKind::Primary);
    }
    if let Some(cure) = &diagnostic.cure {
        group = group.element(Level::HELP.message(cure));
    }
    let mut groups = vec![group];
    for related in &diagnostic.related {
        let group = Group::with_title(Level::NOTE.secondary_title(&related.message));
        groups.push(place(group, &related.location, related.excerpt.as_ref(), AnnotationKind::Primary));
    }
    groups
}

/// Adds `--> file:line:column` and the source line. The place is given apart from the line, because the line may
/// have been cut.
fn place<'d>(
    group: Group<'d>,
    location: &'d Location,
    excerpt: Option<&'d Excerpt>,
    kind: AnnotationKind,
) -> Group<'d> {
    let number = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    let origin =
        Origin::path(&*location.file).line(number(location.line)).char_column(number(location.column));
    let group = group.element(origin);
    let Some(excerpt) = excerpt else { return group };
    let snippet = Snippet::source(excerpt.text.as_str())
        .line_start(number(location.line))
        .annotation(annotation(excerpt, kind));
    group.element(snippet)
}

fn annotation<'d>(excerpt: &Excerpt, kind: AnnotationKind) -> Annotation<'d> {
    let byte = |chars: usize| excerpt.text.char_indices().nth(chars).map_or(excerpt.text.len(), |(at, _)| at);
    kind.span(byte(excerpt.caret)..byte(excerpt.caret + excerpt.length))
}
