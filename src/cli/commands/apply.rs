//! `apply`: plans (or takes a saved plan), asks, executes, waits until live state agrees.

use super::approved::{self, Verdict};
use super::time_gate::TimeGate;
use super::undo::{self, Undo};
use super::{approval, plan as plan_command, receipt, saved};
use crate::apply::{
    ApplySummary, Both, ChangeOutcome, ChangeResult, Gate, HoldGate, Limits, Links, Moved, Tally,
    check_fresh, execute_through,
};
use crate::cli::args::{ApplyArgs, Format, Global, Shape};
use crate::cli::events::{Stream, streamed};
use crate::cli::exit::{self, Failure, code};
use crate::cli::fetch::{self, Reading};
use crate::cli::io::Io;
use crate::cli::progress::Progress;
use crate::cli::run::Run;
use crate::cli::session::{Session, paths};
use crate::cli::stop::{Signals, block_on};
use crate::ledger::{IntentLog, Journal, Retention, compact_if_due};
use crate::model::{Address, ConnectionName, EvidenceLevel, Labels, Selector, Verb};
use crate::plan::{
    Change, Earlier, FORMAT_VERSION, HoldInForce, PlanDocument, Refusal, Wave, entries_of, narrow, overtaken,
    rewire, stopped_too_early,
};
use crate::report::{ApplyDocument, PlanView, apply_text, plan_text, safe};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::time::Duration;

pub(in crate::cli) fn run(global: &Global, args: &ApplyArgs, io: &mut Io<'_>) -> Result<u8, Failure> {
    let run = Run::begin();
    let begin = run.told("apply", args.plan.as_deref(), global);
    streamed(args.events.as_ref(), begin, &run, io, |events, io| apply(global, args, &run, events, io))
}

fn apply(
    global: &Global,
    args: &ApplyArgs,
    run: &Run,
    events: &Stream,
    io: &mut Io<'_>,
) -> Result<u8, Failure> {
    let document = args.plan.as_deref().map(saved::read).transpose()?;
    if let Some(document) = &document {
        refuse_what_cannot_be_honoured(document, args, global)?;
    }
    let session = match &document {
        // The plan says which files it came from; -f says where they are by now.
        Some(document) if global.file.is_empty() => {
            // Calendars are found through the files that name them.
            let files = document.fleet.iter().filter(|file| !file.calendar);
            let files: Vec<PathBuf> = files.map(|file| PathBuf::from(&file.path)).collect();
            Session::open_files(&files, global, io)?
        }
        _ => Session::open_files(&paths(global), global, io)?,
    };
    session.check_selectors(&args.shape)?;
    if let Some(document) = &document {
        if document.options.undo {
            undo::respect_protection(&session, document)?;
        } else {
            saved::same_files(document, &session.fleet)?;
        }
        saved::not_expired(document)?;
        args.approved.as_deref().map_or(Ok(()), |approved| approved::is_this(approved, document))?;
    }
    block_on(async {
        let signals = Signals::listen()?;
        let journal = open_journal(&session, args, run, io, &signals).await?;
        // Of this very moment: nobody else writes while the lock is held.
        let earlier = plan_command::earlier(&session)?;
        let (session, journal, signals) = (&session, &journal, &signals);
        let work = Work { global, args, session, journal, signals, run, events, earlier };
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
    if let Some(at) = document.options.at {
        return Err(Failure::usage(format!(
            "this plan says what would be wanted at {at} (--at); it is not to be applied: plan without --at"
        )));
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
    run: &Run,
    io: &mut Io<'_>,
    signals: &Signals,
) -> Result<Journal, Failure> {
    let lock = session.lock(("apply", Some(run)), args.lock_timeout, signals).await?;
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
    run: &'a Run,
    events: &'a Stream,
    /// What was done before, for the file's bounds over a time.
    earlier: Vec<Earlier>,
}

impl Work<'_> {
    /// Plans and carries it out.
    async fn fresh(&self, io: &mut Io<'_>) -> Result<u8, Failure> {
        let shape = &Shape { list_unchanged: self.global.verbose > 0, ..self.args.shape.clone() };
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
        if let Some(damage) = &planned.replay.holds_damaged {
            return Err(Failure::problem(format!("{damage}; nothing was executed")));
        }
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
        let gate = self.gate(&document.holds, &document.changes);
        self.carry_out((&document, &document.changes), &planned.links, &gate, io).await
    }

    /// Takes a saved plan, checks it against the world, and carries it out.
    async fn saved(&self, mut document: PlanDocument, io: &mut Io<'_>) -> Result<u8, Failure> {
        self.narrow(&mut document)?;
        self.show_plan(&document, io);
        if let Some(code) = self.refuse(&document, io) {
            return Ok(code);
        }
        let gate = self.gate(&[], &document.changes);
        let over: Vec<Moved> = document
            .changes
            .iter()
            .filter_map(|change| {
                Some(Moved { message: gate.outlived(change)?, address: change.address.clone() })
            })
            .collect();
        if !over.is_empty() {
            let why = "the plan is stale: holds that it was made with are over; nothing was executed";
            return Ok(self.stale(&document, over, why, io));
        }
        if let Some(code) = self.refuse_held(&document, &gate, io) {
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
        moved.extend(self.overtaken(&document, fresh.rest.iter().flatten()));
        moved.extend(document.changes.iter().filter_map(|change| {
            let key = (change.provider.clone(), change.id.clone());
            let open = replay.facts.unresolved.get(&key)?;
            let message =
                format!("the outcome of a {} is unresolved; settle it with `fleetform resolve`", open.verb);
            Some(Moved { address: change.address.clone(), message })
        }));
        let early = stopped_too_early(&document.changes, &fresh.rest).into_iter();
        moved.extend(early.map(|address| Moved {
            address: address.clone(),
            message: "it is stopped already, and the plan has something else come first: plan again".into(),
        }));
        if !moved.is_empty() {
            let why = "the plan is stale: these servers moved since it was saved; nothing was executed";
            return Ok(self.stale(&document, moved, why, io));
        }
        // What is done already needs no waiting.
        let due = rewire(&document.changes, fresh.rest, |_, _| true).map_err(Failure::problem)?;
        self.carry_out((&document, &due), &links, &gate, io).await
    }

    /// Changes that a schedule wanted when they were planned, and does not want by now.
    fn overtaken<'c>(
        &self,
        document: &PlanDocument,
        changes: impl IntoIterator<Item = &'c Change>,
    ) -> Vec<Moved> {
        if document.options.undo {
            return Vec::new();
        }
        let fleet = &self.session.fleet;
        let entries = entries_of(&document.changes, &fleet.servers, &fleet.rules);
        let all = overtaken(changes, &entries, Timestamp::now());
        all.into_iter().map(|(address, message)| Moved { address, message }).collect()
    }

    fn replay(&self) -> Result<crate::ledger::Replay, Failure> {
        crate::ledger::read(&self.session.ledger).map_err(|error| Failure::problem(error.to_string()))
    }

    /// `--target`, `--exclude` and `--only` narrow a saved plan; what it waits for must then stay in it.
    fn narrow(&self, document: &mut PlanDocument) -> Result<(), Failure> {
        let options = fetch::options(&self.args.shape);
        if options.targets.is_empty() && options.excludes.is_empty() && options.only.is_empty() {
            return Ok(());
        }
        let entries = self.session.fleet.servers.iter();
        let by_rules = document.changes.iter().filter_map(|change| {
            let rules = self.session.fleet.rules.iter();
            let mut rules = rules.filter(|rule| rule.made(&change.reasons, change.location.as_ref()));
            Some((change.address.clone(), Labels::clone(rules.next()?.labels())))
        });
        let listed = entries.map(|entry| (entry.address.clone(), Labels::clone(&entry.labels)));
        let labels: HashMap<Address, Labels> = listed.chain(by_rules).collect();
        // A typing error must never read as "no changes".
        let is_there = |selector: &Selector| labels.iter().any(|(address, of)| selector.matches(address, of));
        if let Some((flag, selector)) =
            self.session.unlisted(&self.args.shape).find(|(_, one)| !is_there(one))
        {
            return Err(Failure::usage(format!(
                "{flag} {selector} matches no server of the file, and no change of the plan"
            )));
        }
        let of = |address: &Address| labels.get(address).cloned().unwrap_or_default();
        narrow(document, &options, of).map_err(Failure::usage)
    }

    fn show_plan(&self, document: &PlanDocument, io: &mut Io<'_>) {
        self.events.plan(document);
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
        plan_command::refusals(&plan, &self.session.fleet.limits, &self.args.guards, &self.earlier)
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
        self.events.refused(why, &refusals);
        let results = not_started(&document.changes, "refused");
        self.print_report(
            document,
            Reported { refusals, results: &results, ..Reported::default() },
            code,
            io,
        );
        Some(code)
    }

    /// The holds as they are when each change starts; those that the plan was made with it obeys already.
    fn gate(&self, obeyed: &[HoldInForce], changes: &[Change]) -> HoldGate {
        let fleet = &self.session.fleet;
        let entries = entries_of(changes, &fleet.servers, &fleet.rules).into_values();
        let servers = entries.map(|entry| (entry.address, entry.labels, entry.protect));
        HoldGate::new(self.session.ledger.clone(), servers, obeyed)
    }

    /// Whether somebody held or froze, since a plan was saved, what it changes: then nothing of it is begun.
    fn refuse_held(&self, document: &PlanDocument, gate: &HoldGate, io: &mut Io<'_>) -> Option<u8> {
        let forbidden = |change: &Change| change.steps.iter().find_map(|step| gate.check(change, step).err());
        let held: Vec<(&Change, String)> =
            document.changes.iter().filter_map(|change| Some((change, forbidden(change)?))).collect();
        let (_, first) = held.first()?;
        let count = held.len();
        let why = format!(
            "{count} of the {} changes of this plan may not be made now; nothing was executed",
            document.changes.len()
        );
        io.error(&why);
        if held.iter().all(|(_, why)| why == first) {
            io.say(&format!("  all of them: {}", safe(first)));
        } else {
            for (change, why) in held.iter().take(STAYS) {
                io.say(&format!("  {}: {}", safe(&change.address.to_string()), safe(why)));
            }
            if count > STAYS {
                io.say(&format!("  and {} more", count - STAYS));
            }
        }
        self.events.refused(&why, &[]);
        let why_of: HashMap<&Address, &str> =
            held.iter().map(|(change, why)| (&change.address, why.as_str())).collect();
        let results: Vec<ChangeResult> = document
            .changes
            .iter()
            .map(|change| {
                let why = why_of.get(&change.address).copied().unwrap_or("others of the plan are held");
                ChangeResult::of(change, ChangeOutcome::NotStarted, why, Duration::ZERO)
            })
            .collect();
        self.print_report(document, Reported { results: &results, ..Reported::default() }, code::REFUSED, io);
        Some(code::REFUSED)
    }

    fn stale(&self, document: &PlanDocument, moved: Vec<Moved>, why: &str, io: &mut Io<'_>) -> u8 {
        io.error(why);
        for moved in &moved {
            io.say(&format!("  {}: {}", moved.address, moved.message));
        }
        self.events.stale(why, &moved);
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
        (document, due): (&PlanDocument, &[Change]),
        links: &Links,
        gate: &HoldGate,
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
        // Whoever was asked may have taken his time.
        let moved = self.overtaken(document, due);
        if !moved.is_empty() {
            return Ok(self.stale(document, moved, OVERTAKEN, io));
        }
        let rehearsed;
        let due = if self.session.is_simulated() {
            rehearsed = self.without_checks(due, io);
            &rehearsed[..]
        } else {
            due
        };
        let progress = Progress::new(due.len(), self.events, io);
        let limits = Limits { parallelism: self.global.parallelism };
        self.journal.carries_out(&document.digest);
        let tally = Tally::new(&progress);
        let stop = self.signals.flag();
        let by_time = TimeGate::new(&self.session.fleet, due);
        let gate = Both(gate, &by_time);
        let work = execute_through(due, links, self.journal, &tally, limits, stop, &gate);
        tokio::pin!(work);
        let mut every_second = tokio::time::interval(Duration::from_secs(1));
        let mut interrupted = false;
        let results = loop {
            tokio::select! {
                results = &mut work => break results,
                () = self.signals.again() => break tally.if_left_now(due),
                () = self.signals.wait(), if !interrupted => {
                    interrupted = true;
                    self.events.interrupted();
                    progress.aloud("Interrupted: nothing new is started; what is in flight is followed to its end. Again to leave at once.");
                }
                _ = every_second.tick() => progress.tick(),
            }
        };
        progress.finish();
        let mut all = already_done(&document.changes, due);
        all.extend(results);
        all.sort_by(|a, b| a.address.cmp(&b.address));
        let code = exit::of_results(&all, self.signals.came());
        let left = undo::write(self.session, due, &all);
        let (undo, stays) = (left.path.clone(), left.stays.clone());
        let report = report(
            self.run,
            document,
            Reported { results: &all, undo: Some(left), ..Reported::default() },
            code,
        );
        // Before anything is printed: whoever reads may be gone, or never read.
        if let Err(warning) = receipt::write(self.session, self.run, &report) {
            io.warn(&warning);
        }
        if let Some(why) = self.journal.lost() {
            io.warn(&format!("{why}; nothing more was started"));
        }
        if self.global.format == Format::Text {
            io.print(&format!("\n{}", apply_text(&all, io.paint())));
        }
        for text in stopped_rollouts(due, &all) {
            io.mention(&text);
        }
        if let Some(path) = &undo {
            io.mention(&format!("To take it back: fleetform apply {}", path.display()));
        }
        for one in stays.iter().take(STAYS) {
            io.mention(&format!("  {}: {}", one.address, one.message));
        }
        if stays.len() > STAYS {
            io.mention(&format!("  and {} more that cannot be taken back", stays.len() - STAYS));
        }
        self.print(&report, io);
        Ok(code)
    }

    /// A rehearsal asks no real host and runs no program: what a check asks for is real.
    #[allow(clippy::unused_self, reason = "it is a part of carrying out")]
    fn without_checks(&self, due: &[Change], io: &mut Io<'_>) -> Vec<Change> {
        let mut due = due.to_vec();
        let steps = due.iter_mut().flat_map(|change| &mut change.steps);
        let skipped = steps.filter_map(|step| step.healthy_when.take()).count();
        if skipped > 0 {
            let servers = if skipped == 1 { "1 server".to_owned() } else { format!("{skipped} servers") };
            io.mention(&format!("A rehearsal: the health checks of {servers} are not asked."));
        }
        due
    }

    fn print_report(&self, document: &PlanDocument, reported: Reported<'_>, exit_code: u8, io: &mut Io<'_>) {
        self.print(&report(self.run, document, reported, exit_code), io);
    }

    fn print(&self, report: &ApplyDocument, io: &mut Io<'_>) {
        self.events.results(&report.results);
        if self.global.format == Format::Json {
            io.print_json(report);
        }
    }
}

fn report(run: &Run, document: &PlanDocument, reported: Reported<'_>, exit_code: u8) -> ApplyDocument {
    let undo = reported.undo.unwrap_or(Undo { path: None, stays: Vec::new() });
    ApplyDocument {
        format_version: FORMAT_VERSION.into(),
        run: run.id.clone(),
        digest: document.digest.clone(),
        narrowed_from: document.narrowed_from.clone(),
        options: document.options.clone(),
        plan: document.summary,
        problems: document.problems.clone(),
        refusals: reported.refusals,
        moved: reported.moved,
        results: reported.results.to_vec(),
        summary: ApplySummary::of(reported.results),
        undo: undo.path.map(|path| path.display().to_string()),
        not_undoable: undo.stays,
        exit_code,
    }
}

/// Why nothing of a plan is carried out that time has overtaken.
const OVERTAKEN: &str = "the plan is stale: schedules want otherwise by now; nothing was executed";

/// So many changes that cannot be taken back are named at the end; the receipt has them all.
const STAYS: usize = 10;

/// Which rollouts were stopped, and by whom.
fn stopped_rollouts(due: &[Change], results: &[ChangeResult]) -> Vec<String> {
    let outcomes: HashMap<_, _> = results.iter().map(|result| (&result.address, result.outcome)).collect();
    let mut rollouts: BTreeMap<u64, (&Wave, Vec<&Address>, usize)> = BTreeMap::new();
    for (change, wave) in due.iter().filter_map(|change| Some((change, change.wave.as_ref()?))) {
        let (_, failed, left) = rollouts.entry(wave.rollout).or_insert_with(|| (wave, Vec::new(), 0));
        match outcomes.get(&change.address) {
            Some(ChangeOutcome::Failed | ChangeOutcome::Unresolved) => failed.push(&change.address),
            Some(ChangeOutcome::NotStarted) => *left += 1,
            _ => {}
        }
    }
    let stopped = rollouts
        .into_values()
        .filter(|(wave, failed, left)| *left > 0 && failed.len() as u64 >= wave.stop_after_failures);
    let text = |(wave, failed, left): (&Wave, Vec<&Address>, usize)| {
        let first = failed.first().map_or_else(String::new, ToString::to_string);
        let more = if failed.len() > 1 { format!(" and {} more", failed.len() - 1) } else { String::new() };
        format!("The rollout of {} was stopped: {first}{more} failed; {left} not started.", wave.servers)
    };
    stopped.map(text).collect()
}

/// What an apply came to.
#[derive(Default)]
struct Reported<'r> {
    refusals: Vec<Refusal>,
    moved: Vec<Moved>,
    results: &'r [ChangeResult],
    undo: Option<Undo>,
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
    let result = |change: &Change| {
        // Its server was read; of a reboot that says nothing, and the ledger does.
        let evidence = (!change.does(Verb::Reboot)).then_some(EvidenceLevel::Observed);
        let result = ChangeResult::of(change, ChangeOutcome::Done, "it was so already", Duration::ZERO);
        ChangeResult { evidence, ..result }
    };
    done.map(result).collect()
}
