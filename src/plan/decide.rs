//! What one bound server needs: compares what is declared with what is there, and picks the calls.

use super::change::{Change, Facts, Step};
use super::inputs::Options;
use super::problem::{Code, Problem, Severity};
use crate::model::{
    Capabilities, DesiredPower, DesiredServer, EvidenceLevel, GivenBy, Grace, LedgerFacts, LiveServer,
    LiveState, OffKind, OffSupport, Operation, Power, Presence, RebootKind, RebootStyle, RebootSupport,
    ServerId, Shutdown, Verb,
};
use jiff::Timestamp;

/// What the decision on one server depends on.
pub(super) struct Case<'a> {
    pub(super) desired: &'a DesiredServer,
    pub(super) live: &'a LiveServer,
    pub(super) type_name: &'a str,
    pub(super) capabilities: &'a Capabilities,
    pub(super) ledger: &'a LedgerFacts,
    pub(super) now: Timestamp,
    pub(super) options: &'a Options,
}

/// The decision on one server. An error leaves the server out; warnings do not.
#[derive(Default)]
pub(super) struct Decision {
    pub(super) change: Option<Change>,
    pub(super) problems: Vec<Problem>,
    /// One of the problems leaves the server out.
    pub(super) is_refused: bool,
}

impl Decision {
    /// Whether it is known not to be there.
    pub(super) fn is_missing(&self) -> bool {
        self.problems.iter().any(|problem| problem.code == Code::MissingServer)
    }
}

type Verdict<T> = Result<T, Problem>;

impl Case<'_> {
    pub(super) fn decide(&self) -> Decision {
        let mut warnings = Vec::new();
        match self.change(&mut warnings) {
            Ok(change) => Decision { change, problems: warnings, is_refused: false },
            Err(problem) => Decision { change: None, problems: vec![problem], is_refused: true },
        }
    }

    fn change(&self, warnings: &mut Vec<Problem>) -> Verdict<Option<Change>> {
        if self.desired.presence == Presence::Absent {
            return self.deletion();
        }
        if self.live.state.is_going_away() {
            return self.vanishing(warnings);
        }
        if self.reboot_since().is_some() {
            // Said even where no reboot is due: see `step_to`.
            self.reboot_step()?;
        }
        self.required_evidence()?;
        self.schedule_can()?;
        let rename = self.rename()?;
        let power = self.power(warnings)?;
        // Who is started or stopped needs no reboot; who goes on after a suspension has not booted by that.
        let runs_on = power.iter().all(|step| step.operation == Operation::Resume);
        let reboot = if runs_on { self.reboot(!power.is_empty(), warnings)? } else { None };
        let steps: Vec<Step> = rename.into_iter().chain(power).chain(reboot).collect();
        if steps.is_empty() {
            return Ok(None);
        }
        let id = self.id()?;
        let steps = self.checked(steps, &id);
        self.known_end()?;
        let before = self.before();
        let wanted = self.desired.power.wanted();
        let rebooted = steps.iter().any(|step| step.operation.verb() == Verb::Reboot);
        let after = Facts { name: self.name_after(&before), power: wanted.or(before.power) };
        Ok(Some(Change {
            address: self.desired.address.clone(),
            provider: self.desired.address.connection.clone(),
            id,
            actions: actions(&steps),
            before,
            after: Some(after),
            reasons: self.reasons(&steps),
            wave: None,
            cause: None,
            rebooted_since: self.desired.rebooted_since.filter(|_| rebooted),
            steps,
            location: Some(self.desired.location.clone()),
        }))
    }

    /// Why: a schedule for the power that it wants, the file for everything else.
    fn reasons(&self, steps: &[Step]) -> Vec<String> {
        let is_of_power =
            |step: &Step| matches!(step.operation.verb(), Verb::PowerOn | Verb::PowerOff | Verb::Suspend);
        let schedule = self.desired.schedule.as_ref().filter(|_| steps.iter().any(is_of_power));
        let is_of_more = schedule.is_none() || !steps.iter().all(is_of_power) || self.desired.rule.is_some();
        is_of_more
            .then(|| self.reason())
            .into_iter()
            .chain(schedule.map(|schedule| schedule.reason()))
            .collect()
    }

    /// Whatever the schedule can come to want must be possible: else it would be found out in the night.
    fn schedule_can(&self) -> Verdict<()> {
        let Some(schedule) = &self.desired.schedule else { return Ok(()) };
        for state in schedule.schedule.reachable() {
            let Some(power) = DesiredPower::from(state).wanted() else { continue };
            self.step_to(power).map_err(|problem| self.by_schedule(problem))?;
            if self.live.state == LiveState::NotReported {
                let text = format!(
                    "schedule {} wants power {power} at times; {} reports no power state",
                    schedule.name, self.type_name
                );
                return Err(self.problem(Code::Unsupported, text));
            }
            if power == Power::Off && self.desired.protect {
                let text = format!(
                    "schedule {} wants power off at times and it is protected; remove `protect: true`, or give it \
                     another power",
                    schedule.name
                );
                return Err(self.problem(Code::Protected, text));
            }
        }
        Ok(())
    }

    fn by_schedule(&self, problem: Problem) -> Problem {
        let Some(schedule) = &self.desired.schedule else { return problem };
        let message = format!("schedule {} cannot be kept: {}", schedule.name, problem.message);
        Problem { message, ..problem }
    }

    /// The check comes after the call that leaves the server running.
    fn checked(&self, mut steps: Vec<Step>, id: &ServerId) -> Vec<Step> {
        if let (Some(check), Some(last)) = (&self.desired.healthy_when, steps.last_mut())
            && matches!(last.operation.verb(), Verb::PowerOn | Verb::Reboot)
        {
            last.healthy_when = Some(check.of(&self.desired.address, id, &self.desired.labels));
        }
        steps
    }

    /// Who wants it.
    fn reason(&self) -> String {
        self.desired.rule.as_ref().map_or_else(|| "declared".into(), |rule| format!("rule {rule}"))
    }

    /// What is the matter with this one server. Whoever lists it is told; under a rule it is one of many, and holds
    /// up none of the others.
    fn of_this_server(&self, problem: Problem) -> Problem {
        let severity = if self.desired.rule.is_some() { Severity::Warning } else { problem.severity };
        Problem { severity, ..problem }
    }

    /// A declared server that is being deleted is a missing one.
    fn vanishing(&self, warnings: &mut Vec<Problem>) -> Verdict<Option<Change>> {
        let text =
            "it is being deleted (servers are never created; `state: absent` says that it should not exist)";
        let problem = self.problem(Code::MissingServer, text.into());
        if !self.options.allow_missing {
            return Err(problem);
        }
        warnings.push(Problem { severity: Severity::Warning, ..problem });
        Ok(None)
    }

    fn deletion(&self) -> Verdict<Option<Change>> {
        if self.live.state.is_going_away() {
            return Ok(None);
        }
        self.allowed(Verb::Delete, self.capabilities.delete)?;
        self.recognised()?;
        self.known_end()?;
        let id = self.id()?;
        Ok(Some(Change {
            address: self.desired.address.clone(),
            provider: self.desired.address.connection.clone(),
            id,
            actions: vec![Verb::Delete],
            before: self.before(),
            after: None,
            reasons: vec![self.reason()],
            wave: None,
            cause: None,
            rebooted_since: None,
            steps: vec![Step::new(Operation::Delete)],
            location: Some(self.desired.location.clone()),
        }))
    }

    fn rename(&self) -> Verdict<Option<Step>> {
        let wanted = &self.desired.address.name;
        let Some(live) = &self.live.name else {
            // Where nothing can be renamed, a server without a name is a nameless one: it is meant by its id.
            if !self.capabilities.rename {
                return Ok(None);
            }
            return Err(
                self.problem(Code::UnrecognisedState, "the provider does not say what it is called".into())
            );
        };
        if self.capabilities.names.case.same(live.as_str(), wanted.as_str()) {
            return Ok(None);
        }
        if !self.capabilities.rename {
            let text = format!(
                "the live server is called {live} and should be called {wanted}; {} cannot rename (it can {}): \
                 write `name: {live}`",
                self.type_name,
                self.capabilities.described()
            );
            return Err(self.problem(Code::Unsupported, text));
        }
        self.allowed(Verb::Rename, true)?;
        self.recognised()?;
        if let Some(why) = self.capabilities.names.refuses(wanted.as_str()) {
            return Err(self
                .problem(Code::InvalidName, format!("{} does not accept this name: {why}", self.type_name)));
        }
        Ok(Some(Step::new(Operation::Rename { to: wanted.clone() })))
    }

    /// The steps that bring the power to what is declared; none where it is so.
    fn power(&self, warnings: &mut Vec<Problem>) -> Verdict<Vec<Step>> {
        let Some(wanted) = self.desired.power.wanted() else {
            // Of a server that nobody listed, it is no news.
            if self.desired.rule.is_none()
                && let LiveState::Unrecognised(_) = self.live.state
            {
                warnings.extend(
                    self.recognised().err().map(|problem| Problem { severity: Severity::Warning, ..problem }),
                );
            }
            return Ok(Vec::new());
        };
        let step = self.step_to(wanted)?;
        self.recognised()?;
        if self.live.state == LiveState::NotReported {
            let text = format!("power {wanted} is declared; {} reports no power state", self.type_name);
            return Err(self.problem(Code::Unsupported, text));
        }
        let Some(power) = self.live.state.expected_power() else { return Err(self.still_moving()) };
        if power == wanted {
            return Ok(Vec::new());
        }
        if wanted == Power::Suspended && power == Power::Off {
            let text = "suspended is declared; it is off, and only a running server can be suspended".into();
            return Err(self.of_this_server(self.problem(Code::Unsupported, text)));
        }
        self.allowed(step.operation.verb(), true)?;
        if power == Power::Suspended { self.awake(step) } else { Ok(vec![step]) }
    }

    /// What a step becomes where the server is suspended: it is resumed, not started; and it is stopped by a call
    /// that works on a suspended server, or resumed before.
    fn awake(&self, step: Step) -> Verdict<Vec<Step>> {
        let resume = || {
            let asleep = "it is suspended, and nothing of the provider resumes it";
            if self.capabilities.suspend {
                Ok(Step::new(Operation::Resume))
            } else {
                Err(self.of_this_server(self.unsupported(asleep)))
            }
        };
        let works = |operation: &Operation| match operation {
            Operation::PowerOff { method } => self.capabilities.off_when_suspended.includes(*method),
            _ => true,
        };
        if step.operation == Operation::PowerOn {
            return Ok(vec![resume()?]);
        }
        if works(&step.operation) {
            return Ok(vec![step]);
        }
        if let Some(fallback) = step.fallback.as_ref().filter(|fallback| works(fallback)) {
            let note = "hard: it is suspended, and no guest runs that could shut down";
            return Ok(vec![Step { note: Some(note.into()), ..Step::new(fallback.clone()) }]);
        }
        self.allowed(Verb::PowerOn, true)?;
        let first = format!("resumed first: {} does not stop a suspended server", self.type_name);
        let note = step.note.map_or_else(|| first.clone(), |note| format!("{first}; {note}"));
        Ok(vec![resume()?, Step { note: Some(note), ..step }])
    }

    /// The call for a wanted power, whether or not it is needed: what a provider cannot do at all is said in the
    /// pull request, not in the night when it is needed.
    fn step_to(&self, wanted: Power) -> Verdict<Step> {
        let can = self.capabilities;
        match wanted {
            Power::On if can.power_on => Ok(Step::new(Operation::PowerOn)),
            Power::Suspended if can.suspend => Ok(Step::new(Operation::Suspend)),
            Power::Off if can.off != OffSupport::No => self.off_step(),
            _ => Err(self.unsupported(&format!("power {wanted} is declared"))),
        }
    }

    fn off_step(&self) -> Verdict<Step> {
        let off = |method| Operation::PowerOff { method };
        let name = self.type_name;
        let (operation, fallback, note) = match (self.capabilities.off, self.desired.shutdown) {
            (OffSupport::HardOnly, Shutdown::Graceful) => {
                return Err(self.unsupported("shutdown: graceful is declared"));
            }
            (OffSupport::GracefulOnly, Shutdown::Hard) => {
                return Err(self.unsupported("shutdown: hard is declared"));
            }
            (OffSupport::HardOnly, Shutdown::GracefulThenHard) => {
                (OffKind::Hard, None, Some(format!("hard: {name} cannot shut down gracefully")))
            }
            (OffSupport::HardOnly | OffSupport::Both, Shutdown::Hard) => {
                (OffKind::Hard, None, Some("hard".into()))
            }
            (OffSupport::Both, Shutdown::GracefulThenHard) => {
                (OffKind::Graceful, Some(off(OffKind::Hard)), None)
            }
            (OffSupport::Both | OffSupport::GracefulOnly, Shutdown::Graceful)
            | (OffSupport::GracefulOnly, Shutdown::GracefulThenHard) => (OffKind::Graceful, None, None),
            (OffSupport::NotToldApart | OffSupport::No, Shutdown::GracefulThenHard) => {
                (OffKind::NotToldApart, None, None)
            }
            (OffSupport::NotToldApart | OffSupport::No, Shutdown::Graceful | Shutdown::Hard) => {
                let note = format!("{name} has one stop call and does not say whether it is graceful");
                (OffKind::NotToldApart, None, Some(note))
            }
        };
        let step = Step { fallback, note, ..Step::new(off(operation)) };
        self.with_grace(step)
    }

    /// A grace needs two calls, one to ask and one to pull the plug. Where an entry declares one it is promised, so it
    /// must be kept; defaults also hold for providers that cannot.
    fn with_grace(&self, step: Step) -> Verdict<Step> {
        let Some(Grace { period, given_by }) = self.desired.grace else { return Ok(step) };
        if step.fallback.is_some() {
            return Ok(Step { grace: Some(period), ..step });
        }
        let why = match self.capabilities.off {
            OffSupport::HardOnly => "cannot shut down gracefully",
            OffSupport::GracefulOnly => "has no hard stop call to come after it",
            _ => "has one stop call and does not say whether it is graceful",
        };
        match given_by {
            GivenBy::Entry => {
                Err(self.unsupported(&format!("grace: {period} is declared and {} {why}", self.type_name)))
            }
            GivenBy::Defaults => {
                let note = step.note.map_or_else(
                    || format!("without grace: {} {why}", self.type_name),
                    |note| format!("{note}; without grace"),
                );
                Ok(Step { note: Some(note), ..step })
            }
        }
    }

    /// The step that reboots, if one is due. Only a running server is rebooted; a power-on counts as a reboot.
    /// `resumed`: it is suspended, and runs by the time of the reboot.
    fn reboot(&self, resumed: bool, warnings: &mut Vec<Problem>) -> Verdict<Option<Step>> {
        let Some(since) = self.reboot_since() else { return Ok(None) };
        let step = self.reboot_step()?;
        self.recognised()?;
        if since > self.now {
            let text = format!(
                "rebooted_since {since} lies in the future; it is rebooted once that instant has passed"
            );
            warnings.push(self.warning(Code::RebootInFuture, text));
            return Ok(None);
        }
        if self.booted_since(since) {
            return Ok(None);
        }
        match self.live.state.expected_power() {
            Some(Power::On) => {}
            Some(Power::Suspended) if resumed => {}
            None if self.live.state == LiveState::NotReported => {}
            None => return Err(self.still_moving()),
            Some(power) => {
                let text =
                    format!("a reboot is due since {since}; it is {power} and its power is to be left alone");
                warnings.push(self.warning(Code::RebootNotRunning, text));
                return Ok(None);
            }
        }
        self.allowed(Verb::Reboot, true)?;
        // The ledger would know of a reboot only since it was born, which is later where its records have a hole.
        let unbroken_since = |boot| self.ledger.born.is_some_and(|born| born <= boot);
        let key = (self.desired.address.connection.clone(), self.id()?);
        let boots = [&self.ledger.boots, &self.ledger.not_rebooted];
        let in_ledger = boots.into_iter().filter_map(|of| of.get(&key)).any(|at| unbroken_since(*at));
        let recorded = self.live.booted_at.is_some() || in_ledger;
        let would_know = self.ledger.born.is_some_and(|born| born < since);
        if !recorded && !would_know && !self.options.reboot_unknown {
            let text = format!(
                "nobody knows whether it was rebooted since {since}: no boot time is reported and the ledger is \
                 younger; --reboot-unknown reboots it, `fleetform resolve {} --done` says that it was",
                self.desired.address.shell_word()
            );
            return Err(self.problem(Code::RebootUnknown, text));
        }
        Ok(Some(step))
    }

    /// Since when a reboot is asked for; a server that should not run is not rebooted.
    fn reboot_since(&self) -> Option<Timestamp> {
        let runs = matches!(self.desired.power, DesiredPower::On | DesiredPower::Any);
        self.desired.rebooted_since.filter(|_| runs)
    }

    fn reboot_step(&self) -> Verdict<Step> {
        let call = |method| Operation::Reboot { method };
        let name = self.type_name;
        let (operation, fallback, note) = match (self.capabilities.reboot, self.desired.reboot) {
            (RebootSupport::No, _) => return Err(self.unsupported("a reboot is declared")),
            (RebootSupport::HardOnly, RebootStyle::Soft) => {
                return Err(self.unsupported("reboot: soft is declared"));
            }
            (RebootSupport::HardOnly, RebootStyle::SoftThenHard) => {
                (RebootKind::Hard, None, Some(format!("hard: {name} cannot reboot softly")))
            }
            (RebootSupport::HardOnly | RebootSupport::Both, RebootStyle::Hard) => {
                (RebootKind::Hard, None, Some("hard".into()))
            }
            (RebootSupport::Both, RebootStyle::Soft) => (RebootKind::Soft, None, None),
            (RebootSupport::Both, RebootStyle::SoftThenHard) => {
                (RebootKind::Soft, Some(call(RebootKind::Hard)), None)
            }
            (RebootSupport::NotToldApart, RebootStyle::SoftThenHard) => {
                (RebootKind::NotToldApart, None, None)
            }
            (RebootSupport::NotToldApart, RebootStyle::Soft | RebootStyle::Hard) => {
                let note = format!("{name} has one reboot call and does not say whether it is soft");
                (RebootKind::NotToldApart, None, Some(note))
            }
        };
        let require_evidence = self.required_evidence()?;
        Ok(Step { fallback, require_evidence, note, ..Step::new(call(operation)) })
    }

    /// The evidence that a reboot must leave. Doing with less would be a lie, whoever asked for it: an entry is told
    /// at once, and of defaults the servers that are to be rebooted are.
    fn required_evidence(&self) -> Verdict<Option<EvidenceLevel>> {
        let Some(required) = self.desired.require_evidence else { return Ok(None) };
        let given = self.capabilities.reboot_evidence;
        let is_due = required.given_by == GivenBy::Entry || self.reboot_since().is_some();
        if required.level <= given || !is_due {
            return Ok(Some(required.level));
        }
        let whose = match required.given_by {
            GivenBy::Entry => "",
            GivenBy::Defaults => " by defaults",
        };
        let (asked, name) = (required.level.word(), self.type_name);
        let text = format!(
            "require_evidence: {asked} is declared{whose}; the most that {name} shows of a reboot for certain is {}",
            given.word()
        );
        Err(self.problem(Code::Unsupported, text))
    }

    fn booted_since(&self, since: Timestamp) -> bool {
        self.live.booted_at.into_iter().chain(self.recorded_boot()).any(|boot| boot >= since)
    }

    fn recorded_boot(&self) -> Option<Timestamp> {
        let id = self.live.id.clone()?;
        self.ledger.boots.get(&(self.desired.address.connection.clone(), id)).copied()
    }

    /// Whether the verb may be done to this server: the provider can, the server can, nobody protected it.
    fn allowed(&self, verb: Verb, can: bool) -> Verdict<()> {
        if !can {
            return Err(self.unsupported(&format!("{verb} is declared")));
        }
        if self.desired.protect
            && matches!(verb, Verb::PowerOff | Verb::Suspend | Verb::Reboot | Verb::Delete)
        {
            let text = format!("{verb} is declared and it is protected; remove `protect: true` or the wish");
            return Err(self.problem(Code::Protected, text));
        }
        match self.live.denial(verb) {
            Some(why) => {
                let problem = self.problem(Code::Unsupported, format!("{verb} is declared; {why}"));
                Err(self.of_this_server(problem))
            }
            None => Ok(()),
        }
    }

    fn recognised(&self) -> Verdict<()> {
        let LiveState::Unrecognised(word) = &self.live.state else { return Ok(()) };
        let text = format!(
            "{} reports the state {word:?}, which is not known; nothing is done to it",
            self.type_name
        );
        Err(self.of_this_server(self.problem(Code::UnrecognisedState, text)))
    }

    /// A transition whose end nobody tells is waited for, not planned over.
    fn known_end(&self) -> Verdict<()> {
        match self.live.state {
            LiveState::Transition { into: None, .. } => Err(self.still_moving()),
            _ => Ok(()),
        }
    }

    fn still_moving(&self) -> Problem {
        let text = format!(
            "it is {} and the provider does not say how that ends; --settle-timeout waits longer",
            self.live.state
        );
        self.of_this_server(self.problem(Code::InTransition, text))
    }

    fn id(&self) -> Verdict<ServerId> {
        self.live.id.clone().ok_or_else(|| {
            let text = "the provider has given it no id yet, and nothing can be asked of a server without one; \
                        --settle-timeout waits longer";
            self.problem(Code::InTransition, text.into())
        })
    }

    fn before(&self) -> Facts {
        let name = self.live.name.clone().unwrap_or_else(|| self.desired.address.name.clone());
        Facts { name, power: self.live.state.expected_power() }
    }

    fn name_after(&self, before: &Facts) -> crate::model::ServerName {
        let same =
            self.capabilities.names.case.same(before.name.as_str(), self.desired.address.name.as_str());
        if same { before.name.clone() } else { self.desired.address.name.clone() }
    }

    fn unsupported(&self, asked: &str) -> Problem {
        let text = format!("{asked}; {} can {}", self.type_name, self.capabilities.described());
        self.problem(Code::Unsupported, text)
    }

    fn problem(&self, code: Code, message: String) -> Problem {
        Problem {
            code,
            severity: Severity::Error,
            address: self.desired.address.clone(),
            message,
            location: Some(self.desired.location.clone()),
            cause: None,
        }
    }

    fn warning(&self, code: Code, message: String) -> Problem {
        Problem { severity: Severity::Warning, ..self.problem(code, message) }
    }
}

/// What is done, as people read it: a server that is resumed only to be stopped is stopped.
fn actions(steps: &[Step]) -> Vec<Verb> {
    let ends_off = steps.iter().any(|step| step.operation.verb() == Verb::PowerOff);
    let on_the_way = |step: &&Step| ends_off && step.operation == Operation::Resume;
    steps.iter().filter(|step| !on_the_way(step)).map(|step| step.operation.verb()).collect()
}
