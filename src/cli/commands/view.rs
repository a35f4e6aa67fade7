//! A plan in the format asked for: the same for a plan just made and for a saved one.

use crate::cli::args::{Comment, Format, Global};
use crate::cli::exit::Failure;
use crate::cli::io::Io;
use crate::plan::PlanDocument;
use crate::report::{PlanFormat, PlanView, render_plan};
use std::path::Path;

/// Refuses what would be without effect.
pub(super) fn check(global: &Global, comment: &Comment) -> Result<(), Failure> {
    if comment.max_length.is_some() && global.format != Format::Markdown {
        return Err(Failure::usage("--max-length is of a comment: it goes with --format markdown"));
    }
    Ok(())
}

/// Prints the plan; `saved` is the file that holds all of it.
pub(super) fn print(
    document: &PlanDocument,
    saved: Option<&Path>,
    global: &Global,
    comment: &Comment,
    io: &mut Io<'_>,
) {
    let format = match global.format {
        Format::Text => PlanFormat::Text,
        Format::Json => PlanFormat::Json,
        Format::Markdown => PlanFormat::Markdown,
        Format::Diff => PlanFormat::Diff,
        Format::Html => PlanFormat::Html,
        Format::Sarif => PlanFormat::Sarif,
    };
    let artifact = saved.map(|path| path.to_string_lossy());
    let view = PlanView {
        verbose: global.verbose > 0,
        paint: io.paint(),
        max_length: comment.max_length.unwrap_or_default(),
        artifact: artifact.as_deref(),
        ..PlanView::new(document, &document.refusals)
    };
    io.print(&render_plan(format, &view));
}
