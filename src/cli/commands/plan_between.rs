//! `plan --between`: the calendar of what schedules will want. Of the file alone: no credentials, no network, no ledger.

use super::saved;
use crate::cli::args::{Format, Global, PlanArgs};
use crate::cli::exit::{Failure, code};
use crate::cli::fetch;
use crate::cli::io::Io;
use crate::cli::session::Session;
use crate::plan::calendar;
use crate::report::{CalendarFormat, render_calendar};
use jiff::Timestamp;

pub(super) fn run(
    (from, until): (Timestamp, Timestamp),
    global: &Global,
    args: &PlanArgs,
    io: &mut Io<'_>,
) -> Result<u8, Failure> {
    refuse_what_means_nothing(global, args)?;
    if from >= until {
        return Err(Failure::usage(format!(
            "--between {from} {until}: the second instant must come after the first"
        )));
    }
    let session = Session::of_file_alone(global, io)?;
    session.check_selectors(&args.shape)?;
    let options = fetch::options(&args.shape);
    let fleet = &session.fleet;
    // Which live servers a rule has only the providers know: without a selector all of them are meant.
    let is_narrowed = !options.targets.is_empty() || !options.excludes.is_empty();
    let rules = if is_narrowed { &[][..] } else { &fleet.rules };
    let mut calendar = calendar((&fleet.servers, rules), |entry| options.selects(entry), (from, until));
    calendar.fleet = saved::fleet_files(&session.fleet);
    calendar.has_windows = !session.fleet.windows.is_empty();
    match global.format {
        Format::Json => io.print_json(&calendar),
        Format::Markdown => io.print(&render_calendar(CalendarFormat::Markdown, &calendar)),
        Format::Html => io.print(&render_calendar(CalendarFormat::Html, &calendar)),
        _ => io.print(&render_calendar(CalendarFormat::Text, &calendar)),
    }
    Ok(code::DONE)
}

fn refuse_what_means_nothing(global: &Global, args: &PlanArgs) -> Result<(), Failure> {
    let shape = &args.shape;
    let guards = &args.guards;
    let has_guards = guards.allow_delete
        || !guards.accept.is_empty()
        || [&guards.max_changes, &guards.max_power_offs, &guards.max_deletes]
            .iter()
            .any(|bounds| !bounds.is_empty());
    for (given, flag) in [
        (args.live.live.is_some(), "--live"),
        (args.base.is_some(), "--base"),
        (args.out.is_some(), "--out"),
        (args.expires.is_some(), "--expires"),
        (args.at.is_some(), "--at"),
        (args.events.is_some(), "--events"),
        (args.detailed_exitcode, "--detailed-exitcode"),
        (args.comment.max_length.is_some(), "--max-length"),
        (!shape.only.is_empty(), "--only"),
        (shape.allow_missing, "--allow-missing"),
        (shape.reboot_unknown, "--reboot-unknown"),
        (shape.settle_timeout.is_some(), "--settle-timeout"),
        (has_guards, "a guard"),
    ] {
        if given {
            return Err(Failure::usage(format!(
                "--between shows what schedules will want, of the file alone: {flag} is about a plan"
            )));
        }
    }
    if matches!(global.format, Format::Diff | Format::Sarif) {
        return Err(Failure::usage("--between goes with --format text, markdown, html or json"));
    }
    Ok(())
}
