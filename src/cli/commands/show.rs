//! `show`: renders a saved plan.

use super::saved;
use crate::cli::args::{Format, Global, ShowArgs};
use crate::cli::exit::{Failure, code};
use crate::cli::io::Io;
use crate::report::{PlanView, plan_text};

pub(in crate::cli) fn run(global: &Global, args: &ShowArgs, io: &mut Io<'_>) -> Result<u8, Failure> {
    let document = saved::read(&args.plan)?;
    match global.format {
        Format::Json => io.print_json(&document),
        Format::Text => {
            io.print(&plan_text(&PlanView { paint: io.paint(), ..PlanView::new(&document, &[]) }));
        }
    }
    Ok(code::DONE)
}
