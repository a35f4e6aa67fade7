//! `plan`: shows what would change.

use super::{approved, saved, view};
use crate::cli::args::{Global, Guards, PlanArgs, Shape};
use crate::cli::events::{Stream, streamed};
use crate::cli::exit::{self, Failure, code};
use crate::cli::fetch::{self, Planned};
use crate::cli::io::Io;
use crate::cli::run::Run;
use crate::cli::session::{Session, targets};
use crate::cli::stop::{Signals, block_on};
use crate::cli::{base, early, offline};
use crate::config;
use crate::ledger::history;
use crate::model::Limits;
use crate::plan::{Accepted, Earlier, PlanDocument, Refusal, check_guards, check_rolling};
use crate::report::{mistake_annotations, problem_annotations};
use crate::watch;
use jiff::Timestamp;
use std::time::Duration;

pub(in crate::cli) fn run(global: &Global, args: &PlanArgs, io: &mut Io<'_>) -> Result<u8, Failure> {
    view::check(global, &args.comment)?;
    let run = Run::begin();
    let begin = run.told("plan", None, global);
    let planned =
        streamed(args.events.as_ref(), begin, &run, io, |events, io| planned(global, args, events, io));
    if let (Err(Failure::Diagnostics(mistakes)), true) = (&planned, annotates()) {
        io.mention_lines(&mistake_annotations(mistakes));
    }
    planned
}

/// Whether the lines of a pull request are to show what is wrong with them.
fn annotates() -> bool {
    config::process_env("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}

fn planned(global: &Global, args: &PlanArgs, events: &Stream, io: &mut Io<'_>) -> Result<u8, Failure> {
    let shape = Shape { list_unchanged: global.verbose > 0, ..args.shape.clone() };
    let (session, mut planned) = match &args.live.live {
        Some(snapshot) => offline::planned(snapshot, &args.live, &shape, global, io)?,
        None => from_providers(global, &shape, io)?,
    };
    let base = match &args.base {
        Some(name) => base::compare(name, global, &session, &mut planned, io)?,
        None => None,
    };
    // That deletes need a flag at apply is no news to a reviewer, who sees them; a bound that is exceeded is.
    // A snapshot stands for the ledger too, and what was done within the last hours it does not tell.
    let earlier = if args.live.live.is_some() { Vec::new() } else { earlier(&session)? };
    let mut refusals = refusals(&planned.plan, &session.fleet.limits, &args.guards, &earlier);
    refusals.retain(|refusal| refusal.limit.is_some());
    let expires_at = args.expires.map(|time| expiry(planned.now, time)).transpose()?;
    let document = PlanDocument { expires_at, base, refusals, ..document(&session, &planned) };
    if let Some(path) = &args.out {
        saved::write(path, &document)?;
    }
    approved::remember(&session.ledger, &document);
    events.plan(&document);
    view::print(&document, args.out.as_deref(), global, &args.comment, io);
    if annotates() {
        io.mention_lines(&problem_annotations(&document.problems));
    }
    if let Some(path) = &args.out {
        io.mention(&format!("Saved as {path} ({digest}).", path = path.display(), digest = document.digest));
    }
    Ok(match exit::of_problems(&document.problems) {
        Some(code) => code,
        None if args.detailed_exitcode && !document.changes.is_empty() => code::PENDING,
        None => code::DONE,
    })
}

fn expiry(now: Timestamp, time: Duration) -> Result<Timestamp, Failure> {
    now.checked_add(time).map_err(|_| Failure::usage("--expires is further away than a calendar reaches"))
}

/// Reads the fleet and its live servers, and plans.
pub(super) fn from_providers(
    global: &Global,
    shape: &Shape,
    io: &mut Io<'_>,
) -> Result<(Session, Planned<'static>), Failure> {
    block_on(async {
        let signals = Signals::listen()?;
        let work = async {
            let (session, reading) = early::open(global, shape, io).await?;
            session.check_selectors(shape)?;
            let replay = fetch::read_ledger(&session, io)?;
            let planned = fetch::planned(&session, shape, reading, replay, io).await?;
            Ok((session, planned))
        };
        signals.unless_interrupted(work).await
    })
}

/// The plan as a document.
pub(in crate::cli) fn document(session: &Session, planned: &Planned<'_>) -> PlanDocument {
    let options = saved::options_record(&planned.options, session.is_simulated());
    let plan = planned.plan.clone();
    let document = PlanDocument {
        snapshot: planned.snapshot.clone(),
        ..PlanDocument::new(plan, saved::fleet_files(&session.fleet), options, planned.now)
    };
    document.leading_to(targets(&session.fleet))
}

/// The guards of the file and of the command line together: all of them hold.
pub(super) fn refusals(
    plan: &crate::plan::Plan,
    limits: &Limits,
    guards: &Guards,
    earlier: &[Earlier],
) -> Vec<Refusal> {
    let with = |a: &[crate::model::Bound], b: &[crate::model::Bound]| [a, b].concat();
    let limits = Limits {
        max_changes: with(&limits.max_changes, &guards.max_changes),
        max_power_offs: with(&limits.max_power_offs, &guards.max_power_offs),
        max_deletes: with(&limits.max_deletes, &guards.max_deletes),
        rolling: limits.rolling.clone(),
    };
    let accepted: Accepted = guards.accept.iter().copied().collect();
    let mut refusals = check_guards(plan, &limits, &accepted, guards.allow_delete);
    refusals.extend(check_rolling(plan, &limits.rolling, &accepted, earlier, Timestamp::now()));
    refusals
}

/// What was done before, where a bound of the file counts it.
pub(super) fn earlier(session: &Session) -> Result<Vec<Earlier>, Failure> {
    if session.fleet.limits.rolling.is_empty() {
        return Ok(Vec::new());
    }
    let history = history(&session.ledger).map_err(|error| Failure::problem(error.to_string()))?;
    Ok(watch::earlier(&watch::efforts(&history.past)))
}
