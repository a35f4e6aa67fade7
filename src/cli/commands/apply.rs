//! `apply`: plans (or takes a saved plan), asks, executes, waits until live state agrees.

use super::approved::{self, Verdict};
use super::undo::{self, Undo};
use super::{approval, plan as plan_command, saved};
use crate::apply::{ApplySummary, ChangeOutcome, ChangeResult, Limits, Links, Moved, check_fresh, execute};
use crate::cli::args::{ApplyArgs, Format, Global};
use crate::cli::exit::{self, Failure, code};
use crate::cli::fetch::{self, Reading};
use crate::cli::io::Io;
use crate::cli::progress::Progress;
use crate::cli::session::{Session, paths};
use crate::cli::stop::{Signals, block_on};
use crate::ledger::{IntentLog, Journal, Retention, compact_if_due};
use crate::model::ConnectionName;
use crate::plan::{Change, FORMAT_VERSION, PlanDocument, Refusal, Summary};
use crate::report::{ApplyDocument, PlanView, apply_text, plan_text};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

pub(in crate::cli) fn run(global: &Global, args: &ApplyArgs, io: &mut Io<'_>) -> Result<u8, Failure> {
    let document = args.plan.as_deref().map(saved::read).transpose()?;
    if let Some(document) = &document {
        refuse_what_cannot_be_honoured(document, args, global)?;
    }
    let session = match &document {
        // The plan says which files it came from; -f says where they are by now.
        Some(document) if global.file.is_empty() => {
            let files: Vec<PathBuf> = document.fleet.iter().map(|file| PathBuf::from(&file.path)).collect();
            Session::open_files(&files, global, io)?
        }
        _ => Session::open_files(&paths(global), global, io)?,
    };
    session.check_targets(&args.shape.target)?;
    if let Some(document) = &document {
        if document.options.undo {
            undo::respect_protection(&session, document)?;
        } else {
            saved::same_files(document, &session.fleet)?;
        }
        args.approved.as_deref().map_or(Ok(()), |approved| approved::is_this(approved, document))?;
    }
    block_on(async {
        let signals = Signals::listen()?;
        let journal = open_journal(&session, args, io, &signals).await?;
        let work = Work { global, args, session: &session, journal: &journal, signals: &signals };
        match document {
            Some(document) => work.saved(document, io).await,
            None => work.fresh(io).await,
        }
    })
}

fn refuse_what_cannot_be_honoured(
    document: &PlanDocument,
    args: &ApplyArgs,
    global: &Global,
) -> Result<(), Failure> {
    for (given, flag) in [
        (args.shape.allow_missing, "--allow-missing"),
        (args.shape.reboot_unknown, "--reboot-unknown"),
        (args.shape.settle_timeout.is_some(), "--settle-timeout"),
    ] {
        if given {
            return Err(Failure::usage(format!(
                "{flag} shapes a plan; this one is saved already: give it to `plan`"
            )));
        }
    }
    match (document.options.simulated, global.simulate.is_some()) {
        (true, false) => {
            Err(Failure::usage("this plan was made with --simulate: it can only be applied with it"))
        }
        (false, true) => Err(Failure::usage("this plan was made without --simulate: it cannot be rehearsed")),
        _ => Ok(()),
    }
}

async fn open_journal(
    session: &Session,
    args: &ApplyArgs,
    io: &mut Io<'_>,
    signals: &Signals,
) -> Result<Journal, Failure> {
    let lock = session.lock("apply", args.lock_timeout, signals).await?;
    for warning in crate::ledger::read(&session.ledger).map(|replay| replay.warnings).unwrap_or_default() {
        io.warn(&warning);
    }
    // A journal that has grown large is made smaller first; that it cannot be is no reason not to apply.
    if let Err(error) = compact_if_due(&session.ledger, &lock, Retention::default(), Timestamp::now()) {
        io.warn(&format!("it could not be compacted: {error}"));
    }
    Journal::open(&session.ledger, lock, Timestamp::now())
        .map_err(|error| Failure::problem(error.to_string()))
}

struct Work<'a> {
    global: &'a Global,
    args: &'a ApplyArgs,
    session: &'a Session,
    journal: &'a Journal,
    signals: &'a Signals,
}

impl Work<'_> {
    /// Plans and carries it out.
    async fn fresh(&self, io: &mut Io<'_>) -> Result<u8, Failure> {
        let shape = &self.args.shape;
        let replay = self.replay()?;
        // The ledger's lock comes first here, so nothing was listed while the file was read.
        let reading = fetch::planned(self.session, shape, Reading::default(), replay, io);
        let planned = self.signals.unless_interrupted(reading).await?;
        for found in &planned.recovered {
            let (seq, outcome) = (found.open.intent.seq, found.outcome);
            let recorded = self.journal.conclude(seq, outcome, found.level, &found.evidence);
            recorded.map_err(|error| Failure::problem(error.to_string()))?;
        }
        let document = plan_command::document(self.session, &planned);
        self.show_plan(&document, io);
        if let Some(code) = self.refuse(&document, io) {
            return Ok(code);
        }
        if let Some(approved) = &self.args.approved {
            match approved::judge(approved, &document, &self.session.ledger)? {
                Verdict::Covered(note) => note.iter().for_each(|note| io.mention(note)),
                Verdict::Beyond(deviations) => {
                    let why = "the plan goes beyond what was approved; nothing was executed";
                    return Ok(self.stale(&document, deviations, why, io));
                }
            }
        }
        self.carry_out(&document, &document.changes, &planned.links, io).await
    }

    /// Takes a saved plan, checks it against the world, and carries it out.
    async fn saved(&self, mut document: PlanDocument, io: &mut Io<'_>) -> Result<u8, Failure> {
        self.narrow(&mut document)?;
        self.show_plan(&document, io);
        if let Some(code) = self.refuse(&document, io) {
            return Ok(code);
        }
        let used: BTreeSet<ConnectionName> =
            document.changes.iter().map(|change| change.provider.clone()).collect();
        let links = self.session.links(&used)?;
        let replay = self.replay()?;
        let reading = async {
            check_fresh(&document.changes, &links, &replay.facts).await.map_err(|error| {
                Failure::provider("the plan could not be checked against live state", &error)
            })
        };
        let fresh = self.signals.unless_interrupted(reading).await?;
        let mut moved = fresh.moved;
        moved.extend(document.changes.iter().filter_map(|change| {
            let key = (change.provider.clone(), change.id.clone());
            let open = replay.facts.unresolved.get(&key)?;
            let message =
                format!("the outcome of a {} is unresolved; settle it with `fleetform resolve`", open.verb);
            Some(Moved { address: change.address.clone(), message })
        }));
        if !moved.is_empty() {
            let why = "the plan is stale: these servers moved since it was saved; nothing was executed";
            return Ok(self.stale(&document, moved, why, io));
        }
        let already: BTreeSet<usize> = fresh.already.into_iter().collect();
        let due: Vec<Change> = document
            .changes
            .iter()
            .enumerate()
            .filter(|(at, _)| !already.contains(at))
            .map(|(_, change)| without_done_dependencies(change, &document.changes, &already))
            .collect();
        self.carry_out(&document, &due, &links, io).await
    }

    fn replay(&self) -> Result<crate::ledger::Replay, Failure> {
        crate::ledger::read(&self.session.ledger).map_err(|error| Failure::problem(error.to_string()))
    }

    /// `--target` narrows a saved plan; what it waits for must then stay in it.
    fn narrow(&self, document: &mut PlanDocument) -> Result<(), Failure> {
        let targets = &self.args.shape.target;
        if targets.is_empty() {
            return Ok(());
        }
        let labels = |address: &crate::model::Address| {
            self.session
                .fleet
                .servers
                .iter()
                .find(|entry| entry.address == *address)
                .map(|entry| entry.labels.clone())
        };
        let selected = |address: &crate::model::Address| {
            let labels = labels(address).unwrap_or_default();
            targets.iter().any(|target| target.matches(address, &labels))
        };
        document.changes.retain(|change| selected(&change.address));
        let kept: BTreeSet<_> = document.changes.iter().map(|change| &change.address).collect();
        for change in &document.changes {
            let waits_for = change.steps.iter().flat_map(|step| &step.after);
            if let Some(other) = waits_for.map(|other| &other.address).find(|other| !kept.contains(other)) {
                // Half of a swap would leave a server under its temporary name.
                let text = format!("{} comes after {other}, which --target leaves out", change.address);
                return Err(Failure::usage(text));
            }
        }
        document
            .problems
            .retain(|problem| problem.address.name.as_str() == "*" || selected(&problem.address));
        let (unchanged, unmanaged) = (document.summary.unchanged, document.summary.unmanaged);
        document.summary = Summary::count(&document.changes, &document.problems, unchanged, unmanaged);
        Ok(())
    }

    fn show_plan(&self, document: &PlanDocument, io: &mut Io<'_>) {
        if self.global.format == Format::Text {
            let refusals = self.refusals(document);
            io.print(&plan_text(&PlanView {
                paint: io.paint(),
                verbose: self.global.verbose > 0,
                ..PlanView::new(document, &refusals)
            }));
        }
    }

    fn refusals(&self, document: &PlanDocument) -> Vec<Refusal> {
        let plan = document.clone().into_plan();
        plan_command::refusals(&plan, &self.session.fleet.limits, &self.args.guards)
    }

    /// Whether a problem or a guard forbids this plan.
    fn refuse(&self, document: &PlanDocument, io: &mut Io<'_>) -> Option<u8> {
        let refusals = self.refusals(document);
        let by_problems = exit::of_problems(&document.problems)
            .filter(|_| !self.args.partial || document.changes.is_empty());
        let code = match (by_problems, refusals.is_empty()) {
            (Some(code), _) => code,
            (None, false) => code::REFUSED,
            (None, true) => return None,
        };
        let why = match by_problems {
            Some(_) if document.changes.is_empty() => "There is nothing to apply beside the problems.",
            Some(_) => "Nothing was executed: solve the problems, or leave those servers out with --partial.",
            None => "Nothing was executed.",
        };
        io.mention(why);
        let results = not_started(&document.changes, "refused");
        self.print_report(
            document,
            Reported { refusals, results: &results, ..Reported::default() },
            code,
            io,
        );
        Some(code)
    }

    fn stale(&self, document: &PlanDocument, moved: Vec<Moved>, why: &str, io: &mut Io<'_>) -> u8 {
        io.error(why);
        for moved in &moved {
            io.say(&format!("  {}: {}", moved.address, moved.message));
        }
        let results = not_started(&document.changes, "the plan is stale");
        self.print_report(
            document,
            Reported { moved, results: &results, ..Reported::default() },
            code::STALE,
            io,
        );
        code::STALE
    }

    async fn carry_out(
        &self,
        document: &PlanDocument,
        due: &[Change],
        links: &Links,
        io: &mut Io<'_>,
    ) -> Result<u8, Failure> {
        if due.is_empty() {
            let results = already_done(&document.changes, due);
            if self.global.format == Format::Text && !results.is_empty() {
                io.print(&format!("\n{}", apply_text(&results, io.paint())));
            }
            self.print_report(
                document,
                Reported { results: &results, ..Reported::default() },
                code::DONE,
                io,
            );
            return Ok(code::DONE);
        }
        if !self.args.auto_approve && self.args.approved.is_none() {
            approval::ask(due.len(), io, self.signals).await?;
        }
        let progress = Progress::new(due.len(), io);
        let limits = Limits { parallelism: self.global.parallelism };
        self.journal.carries_out(&document.digest);
        let work = execute(due, links, self.journal, &progress, limits, self.signals.flag());
        tokio::pin!(work);
        let results = tokio::select! {
            results = &mut work => results,
            () = self.signals.wait() => {
                io.say("Interrupted: nothing new is started; what is in flight is followed to its end. Again to leave at once.");
                work.await
            }
        };
        progress.finish();
        let mut all = already_done(&document.changes, due);
        all.extend(results);
        all.sort_by(|a, b| a.address.cmp(&b.address));
        let code = exit::of_results(&all, self.signals.came());
        if self.global.format == Format::Text {
            io.print(&format!("\n{}", apply_text(&all, io.paint())));
        }
        let left = undo::write(self.session, due, &all, links);
        if let Some(path) = &left.path {
            io.mention(&format!("To take it back: fleetform apply {}", path.display()));
        }
        self.print_report(
            document,
            Reported { results: &all, undo: Some(left), ..Reported::default() },
            code,
            io,
        );
        Ok(code)
    }

    fn print_report(&self, document: &PlanDocument, reported: Reported<'_>, exit_code: u8, io: &mut Io<'_>) {
        if self.global.format != Format::Json {
            return;
        }
        let undo = reported.undo.unwrap_or(Undo { path: None, stays: Vec::new() });
        io.print_json(&ApplyDocument {
            format_version: FORMAT_VERSION.into(),
            digest: document.digest.clone(),
            plan: document.summary,
            problems: document.problems.clone(),
            refusals: reported.refusals,
            moved: reported.moved,
            results: reported.results.to_vec(),
            summary: ApplySummary::of(reported.results),
            undo: undo.path.map(|path| path.display().to_string()),
            not_undoable: undo.stays,
            exit_code,
        });
    }
}

/// What an apply came to.
#[derive(Default)]
struct Reported<'r> {
    refusals: Vec<Refusal>,
    moved: Vec<Moved>,
    results: &'r [ChangeResult],
    undo: Option<Undo>,
}

/// A step that waits for something that is done already waits for nothing.
fn without_done_dependencies(change: &Change, all: &[Change], already: &BTreeSet<usize>) -> Change {
    let mut change = change.clone();
    for step in &mut change.steps {
        step.after.retain(|other| !already.iter().any(|at| all[*at].address == other.address));
    }
    change
}

fn not_started(changes: &[Change], why: &str) -> Vec<ChangeResult> {
    changes
        .iter()
        .map(|change| ChangeResult::of(change, ChangeOutcome::NotStarted, why, Duration::ZERO))
        .collect()
}

/// Results for the changes of the plan that are not due, because they were there already.
fn already_done(all: &[Change], due: &[Change]) -> Vec<ChangeResult> {
    let due: BTreeSet<_> = due.iter().map(|change| &change.address).collect();
    let done = all.iter().filter(|change| !due.contains(&change.address));
    done.map(|change| ChangeResult::of(change, ChangeOutcome::Done, "it was so already", Duration::ZERO))
        .collect()
}
