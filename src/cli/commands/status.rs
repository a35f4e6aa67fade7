//! `status`: the live servers against the file, one line each.

use crate::cli::args::{Format, Global, Shape, StatusArgs};
use crate::cli::exit::{self, Failure, code};
use crate::cli::io::Io;
use crate::report::{frozen_text, held_text, problems_text, status_rows, status_text};
use std::time::Duration;

pub(in crate::cli) fn run(global: &Global, args: &StatusArgs, io: &mut Io<'_>) -> Result<u8, Failure> {
    // Nobody waits for a status: what is in transition is shown as that.
    let shape =
        Shape { target: args.target.clone(), settle_timeout: Some(Duration::ZERO), ..Shape::default() };
    let (session, planned) = super::plan::from_providers(global, &shape, io)?;
    let rows = status_rows(&planned.inputs(&session), &planned.plan);
    if global.format == Format::Json {
        io.print_json(&serde_json::json!({
            "format_version": crate::plan::FORMAT_VERSION,
            "servers": rows,
            "unmanaged": planned.plan.summary.unmanaged,
            "problems": planned.plan.problems,
            "withheld": planned.plan.withheld,
            "holds": planned.plan.holds,
            "freeze": planned.plan.freeze,
        }));
    } else {
        let plan = &planned.plan;
        io.print(&frozen_text(plan.freeze.as_ref(), io.paint()));
        io.print(&held_text(&plan.holds, io.paint()));
        if plan.freeze.is_some() || !plan.holds.is_empty() {
            io.print("\n");
        }
        io.print(&status_text(&rows, &planned.plan, io.paint()));
        let problems = problems_text(&planned.plan.problems, io.paint());
        if !problems.is_empty() {
            io.print(&format!("\n{problems}"));
        }
    }
    Ok(exit::of_problems(&planned.plan.problems).unwrap_or(code::DONE))
}
