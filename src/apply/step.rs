//! One step of a change: re-read, record, send, follow.

use super::Link;
use super::batch::Seat;
use super::executor::{Executor, Waited};
use super::follow::{Pace, follow};
use super::grace::Way;
use super::judge::{Judgement, Watch, readable};
use super::outcome::Event;
use crate::ledger::{EvidenceLevel, Outcome};
use crate::model::{Address, LiveServer, LiveState, Operation, Period, Power, ServerId, ServerName, Verb};
use crate::plan::Step;
use crate::provider::{Effect, Error, ErrorKind, Mark, Receipt, Trail};
use tokio::time::Instant;

/// How often one step may be sent when evidence shows that it never arrived.
const MAX_SENDS: usize = 3;

/// How a step ended.
#[derive(Debug)]
pub(super) enum StepEnd {
    /// It is done; how that is known, and how strong that evidence is.
    Done(String, EvidenceLevel),
    /// It was so before anything of ours could have made it so.
    Already(String),
    /// It did not work.
    Failed(String),
    /// Nobody can tell.
    Unresolved(String),
    /// Nothing of it has any effect: the run was interrupted, or lost the ledger's lock, while it waited.
    NotStarted(String),
}

/// What came of one call.
pub(super) enum CallEnd {
    Step(StepEnd),
    /// The provider refused it; it had no effect.
    Refused(Error),
    /// It was taken and came to nothing.
    CameToNothing(String),
    /// It was taken and goes on longer than it may: the next run finds it in the journal, not ended.
    StillRunning(String),
}

/// The server that a step is about.
pub(super) struct Subject<'a> {
    pub(super) address: &'a Address,
    pub(super) id: &'a ServerId,
    /// Its name by now.
    pub(super) name: &'a ServerName,
    pub(super) link: &'a Link,
}

impl Executor<'_> {
    /// Carries out one step; with its fallback where the first way does not work.
    pub(super) async fn step(&self, subject: &Subject<'_>, step: &Step) -> StepEnd {
        let way = Way {
            operation: &step.operation,
            has_fallback: step.fallback.is_some(),
            grace: step.grace.map(Period::duration),
            require: step.require_evidence,
        };
        let first = self.call(subject, way).await;
        let (why, fallback) = match (first, &step.fallback) {
            (CallEnd::Step(end), _) => return end,
            (CallEnd::Refused(error), None) => return StepEnd::Failed(error.to_string()),
            (CallEnd::StillRunning(why), _) | (CallEnd::CameToNothing(why), None) => {
                return StepEnd::Failed(why);
            }
            (CallEnd::Refused(error), Some(fallback)) => (error.to_string(), fallback),
            (CallEnd::CameToNothing(why), Some(fallback)) => (why, fallback),
        };
        if let Some(halted) = self.halted() {
            // It is a call of its own, and the one that does harm.
            return StepEnd::Failed(format!("{why}; {halted}, so {fallback} was not sent"));
        }
        self.note(subject.address, format!("{why}; now {fallback}"));
        match self.call(subject, Way::last(fallback, step.require_evidence)).await {
            CallEnd::Step(StepEnd::Done(how, level)) => {
                StepEnd::Done(format!("{how}, by {fallback} after: {why}"), level)
            }
            // The first way was sent as well, and may still come: who reads of the second alone would not know.
            CallEnd::Step(StepEnd::Failed(then))
            | CallEnd::CameToNothing(then)
            | CallEnd::StillRunning(then) => StepEnd::Failed(format!("{why}; then {fallback}: {then}")),
            CallEnd::Step(end) => end,
            CallEnd::Refused(error) => StepEnd::Failed(format!("{why}; then {fallback}: {error}")),
        }
    }

    async fn call(&self, subject: &Subject<'_>, way: Way<'_>) -> CallEnd {
        let operation = way.operation;
        let deadline = Instant::now() + subject.link.settle;
        // One pace for all waiting: a server that is busy for long is asked ever less often.
        let mut pace = Pace::until(deadline);
        let mut sends = 0;
        loop {
            let mut seat = self.batches.announce(&subject.address.connection, subject.link, operation);
            if operation.verb().is_disruptive()
                && let Err(end) = self.look_first(subject, operation, &mut pace, &mut seat).await
            {
                return CallEnd::Step(end);
            }
            sends += 1;
            match self.send_once(subject, way, seat).await {
                // With an earlier answer lost it may well be that call that made it so.
                SendEnd::Call(CallEnd::Step(StepEnd::Already(how))) if sends > 1 => {
                    return CallEnd::Step(StepEnd::Done(how, EvidenceLevel::Observed));
                }
                // An earlier answer was lost: what is refused now is refused because of that call, most likely.
                SendEnd::Call(CallEnd::Refused(error)) if sends > 1 => {
                    self.note(subject.address, format!("refused after a lost answer, waiting: {error}"));
                    if let Err(end) = self.until_at_rest(subject, operation, &mut pace, &error).await {
                        return end;
                    }
                }
                SendEnd::Call(end) => return end,
                SendEnd::Busy(error) => {
                    self.note(subject.address, format!("busy, waiting: {error}"));
                    if let Err(end) = self.until_at_rest(subject, operation, &mut pace, &error).await {
                        return end;
                    }
                }
                SendEnd::NeverArrived(why) => {
                    if let Some(halted) = self.halted() {
                        return CallEnd::Step(StepEnd::NotStarted(format!("{halted}; {why}")));
                    }
                    if sends < MAX_SENDS && Instant::now() < deadline {
                        self.note(subject.address, format!("{why}: sending it again"));
                        continue;
                    }
                    return CallEnd::Step(StepEnd::Failed(format!(
                        "sent {sends} times without effect: {why}"
                    )));
                }
            }
        }
    }

    /// Reads the server once more right before a call that interrupts or destroys: it must still be the one that
    /// was planned for, in a state in which the call means what was reviewed.
    async fn look_first(
        &self,
        subject: &Subject<'_>,
        operation: &Operation,
        pace: &mut Pace,
        seat: &mut Seat,
    ) -> Result<(), StepEnd> {
        loop {
            let live = match subject.link.provider.get(subject.id).await {
                Ok(Some(live)) => live,
                Ok(None) if *operation == Operation::Delete => {
                    return Err(StepEnd::Already("it is gone already".into()));
                }
                Ok(None) => {
                    return Err(StepEnd::Failed(
                        "the server does not exist any more; nothing was sent".into(),
                    ));
                }
                Err(error) => {
                    return Err(StepEnd::Failed(format!(
                        "it could not be read right before; nothing was sent: {error}"
                    )));
                }
            };
            same_server(subject, &live)?;
            match (&live.state, operation.verb()) {
                (LiveState::Settled(Power::Off), Verb::PowerOff)
                | (LiveState::Settled(Power::Suspended), Verb::Suspend) => {
                    return Err(StepEnd::Already(format!("it is {} already", live.state)));
                }
                (LiveState::Settled(Power::Off | Power::Suspended), Verb::Reboot) => {
                    return Err(StepEnd::Failed(format!("it is {} by now; nothing was sent", live.state)));
                }
                (LiveState::Unrecognised(_), _) => {
                    return Err(StepEnd::Failed(format!("its state is {}; nothing was sent", live.state)));
                }
                (LiveState::Transition { .. }, Verb::Delete) if live.state.is_going_away() => return Ok(()),
                (LiveState::Transition { .. }, _) => {
                    seat.step_aside();
                    match self.wait(pace).await {
                        Waited::LookAgain => {}
                        Waited::TimeUp => {
                            let text = format!("it is still {}; nothing was sent", live.state);
                            return Err(StepEnd::Failed(text));
                        }
                        Waited::Stopped(why) => {
                            return Err(StepEnd::NotStarted(format!("{why} while it was {}", live.state)));
                        }
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    async fn send_once(&self, subject: &Subject<'_>, way: Way<'_>, place: Seat) -> SendEnd {
        let operation = way.operation;
        let provider = &subject.link.provider;
        let mark = match provider.mark(subject.id, operation).await {
            Ok(mark) => mark,
            Err(error) => {
                let text = format!("its records could not be read before; nothing was sent: {error}");
                return SendEnd::Call(CallEnd::Step(StepEnd::Failed(text)));
            }
        };
        let mark_text = mark.as_ref().map(|mark| mark.0.as_str());
        let require = way.require.filter(|_| operation.verb() == Verb::Reboot);
        let intent = match self.log.intend(subject.address, subject.id, operation, mark_text, require) {
            Ok(intent) => intent,
            Err(error) => {
                let end = self.lost_lock().map_or_else(
                    || StepEnd::Failed(format!("it could not be recorded, so it was not sent: {error}")),
                    StepEnd::NotStarted,
                );
                return SendEnd::Call(CallEnd::Step(end));
            }
        };
        let verdict = place.send(subject.id).await;
        let sent = Sent { way, mark: mark.as_ref() };
        let end = match verdict {
            Ok(receipt) => {
                // Of other calls live state tells, unless the provider shows them in its records alone.
                if operation.verb().is_one_shot() || receipt.ticket.is_some() {
                    self.taken(subject.address, intent, receipt.ticket.as_deref());
                }
                match self.followed(subject, &sent, intent, Some(&receipt)).await {
                    SendEnd::Call(CallEnd::Step(StepEnd::Done(how, _))) if receipt.already => {
                        SendEnd::Call(CallEnd::Step(StepEnd::Already(how)))
                    }
                    end => end,
                }
            }
            Err(error) if error.effect == Effect::Unknown => {
                self.note(subject.address, format!("the answer was lost, looking for the effect: {error}"));
                self.followed(subject, &sent, intent, None).await
            }
            Err(error) if error.kind == ErrorKind::Busy => SendEnd::Busy(error),
            Err(error) => self.refused(subject, &sent, error).await,
        };
        self.conclude(subject.address, intent, operation, &end);
        end
    }

    async fn followed(
        &self,
        subject: &Subject<'_>,
        sent: &Sent<'_>,
        intent: u64,
        receipt: Option<&Receipt>,
    ) -> SendEnd {
        let case = subject.link.capabilities.names.case;
        let same_name = |a: &ServerName, b: &ServerName| case.same(a.as_str(), b.as_str());
        let settle = subject.link.settle;
        let operation = sent.way.operation;
        let limit = sent.way.limit(settle);
        let begun = Instant::now();
        let delay = subject.link.capabilities.usual_delay;
        let mut watch =
            Watch::new(operation, &same_name, receipt.is_some(), delay, limit).requiring(sent.way.require);
        let trail = Trail { id: subject.id, operation, receipt, mark: sent.mark };
        let judgement = match watch.at_once() {
            Some(how) => Judgement::Done(how),
            None => follow(subject.link, trail, &mut watch, limit).await,
        };
        if receipt.is_none() && matches!(judgement, Judgement::Unknown(_)) && watch.was_taken() {
            // The answer was lost and the server was seen moving: who looks later need not ask whether it arrived.
            self.taken(subject.address, intent, None);
        }
        // Only what the next run finds by its record is left open. Of a one-shot call the end is written down, whatever
        // it is: an open one is a question to a person.
        let has_record = receipt.is_some_and(|receipt| receipt.ticket.is_some());
        let is_left_open = has_record && !sent.way.has_fallback && !operation.verb().is_one_shot();
        match judgement {
            Judgement::Done(how) => {
                let level = watch.level().unwrap_or(EvidenceLevel::Accepted);
                SendEnd::Call(CallEnd::Step(StepEnd::Done(how, level)))
            }
            Judgement::Failed(why) if watch.is_running() && is_left_open => {
                SendEnd::Call(CallEnd::StillRunning(format!("{why}, and the provider is still at it")))
            }
            Judgement::Failed(why) => SendEnd::Call(match sent.way.grace {
                Some(grace) => self.through_grace(subject, grace, begun, why).await,
                None => CallEnd::CameToNothing(why),
            }),
            Judgement::NeverArrived(why) => SendEnd::NeverArrived(why),
            Judgement::Unknown(why) => SendEnd::Call(CallEnd::Step(StepEnd::Unresolved(why))),
            Judgement::Wait => {
                SendEnd::Call(CallEnd::CameToNothing(format!("no end in {}", readable(limit))))
            }
        }
    }

    /// Records that a one-shot call arrived. Not durable is no reason to stop: the intent is, and the next run would
    /// ask a person.
    fn taken(&self, address: &Address, intent: u64, ticket: Option<&str>) {
        if let Err(error) = self.log.accepted(intent, ticket) {
            self.note(address, format!("that it was accepted could not be recorded: {error}"));
        }
    }

    /// A refusal is not the last word: the wanted state may hold already, or the server may be busy.
    async fn refused(&self, subject: &Subject<'_>, sent: &Sent<'_>, error: Error) -> SendEnd {
        // Whoever has lost the lock is refused by our own side, as the last thing before it would have been sent.
        if error.kind == ErrorKind::Forbidden
            && let Some(why) = self.lost_lock()
        {
            return SendEnd::Call(CallEnd::Step(StepEnd::NotStarted(why)));
        }
        if !matches!(error.kind, ErrorKind::Refused | ErrorKind::NotFound) {
            return SendEnd::Call(CallEnd::Step(StepEnd::Failed(error.to_string())));
        }
        let case = subject.link.capabilities.names.case;
        match (subject.link.provider.get(subject.id).await, sent.way.operation) {
            (Ok(None), Operation::Delete) => {
                SendEnd::Call(CallEnd::Step(seen("the provider says that it is gone")))
            }
            (Ok(Some(live)), operation) if holds(&live, operation, &|a, b| case.same(a, b)) => {
                SendEnd::Call(CallEnd::Step(StepEnd::Already("it was so already".into())))
            }
            (Ok(Some(live)), _) if live.state.is_transition() => SendEnd::Busy(error),
            _ => SendEnd::Call(CallEnd::Refused(error)),
        }
    }

    /// Waits for another operation to end. A change that somebody else made meanwhile may be all that was wanted.
    async fn until_at_rest(
        &self,
        subject: &Subject<'_>,
        operation: &Operation,
        pace: &mut Pace,
        busy: &Error,
    ) -> Result<(), CallEnd> {
        let case = subject.link.capabilities.names.case;
        loop {
            match self.wait(pace).await {
                Waited::LookAgain => {}
                // Being busy is no answer to the call: it is no reason for the harder way.
                Waited::TimeUp => {
                    return Err(CallEnd::Step(StepEnd::Failed(format!("it stayed busy: {busy}"))));
                }
                Waited::Stopped(why) => {
                    return Err(CallEnd::Step(StepEnd::NotStarted(format!("{why} while it was busy"))));
                }
            }
            match subject.link.provider.get(subject.id).await {
                Ok(Some(live)) if holds(&live, operation, &|a, b| case.same(a, b)) => {
                    return Err(CallEnd::Step(seen("it was so already")));
                }
                Ok(None) if *operation == Operation::Delete => {
                    return Err(CallEnd::Step(seen("the provider says that it is gone")));
                }
                Ok(None) => {
                    return Err(CallEnd::Step(StepEnd::Failed("the server does not exist any more".into())));
                }
                Ok(Some(live)) if !live.state.is_transition() => return Ok(()),
                Ok(Some(_)) => {}
                Err(error) if !matches!(error.kind, ErrorKind::Auth | ErrorKind::Forbidden) => {}
                Err(error) => return Err(CallEnd::Step(StepEnd::Failed(error.to_string()))),
            }
        }
    }

    fn conclude(&self, address: &Address, intent: u64, operation: &Operation, end: &SendEnd) {
        let level = match end {
            SendEnd::Call(CallEnd::Step(StepEnd::Done(_, level))) => Some(*level),
            _ => None,
        };
        let (outcome, evidence) = match end {
            SendEnd::Call(CallEnd::StillRunning(_)) => return,
            SendEnd::Call(CallEnd::Step(StepEnd::Done(how, _))) => (Outcome::Done, how.clone()),
            // Nothing of ours made it so: it is no boot of ours either.
            SendEnd::Call(CallEnd::Step(StepEnd::Already(how))) => (Outcome::NoEffect, how.clone()),
            SendEnd::Call(CallEnd::Step(StepEnd::Unresolved(why))) => (Outcome::Unresolved, why.clone()),
            SendEnd::Call(CallEnd::CameToNothing(why)) => (Outcome::Failed, why.clone()),
            SendEnd::Call(CallEnd::Step(StepEnd::Failed(why) | StepEnd::NotStarted(why)))
            | SendEnd::NeverArrived(why) => (Outcome::NoEffect, why.clone()),
            SendEnd::Call(CallEnd::Refused(error)) | SendEnd::Busy(error) => {
                (Outcome::NoEffect, error.to_string())
            }
        };
        if let Err(error) = self.log.conclude(intent, outcome, level, &evidence) {
            // The next run finds the intent open and looks for evidence itself.
            self.note(address, format!("the end of {operation} could not be recorded: {error}"));
        }
    }

    pub(super) fn note(&self, address: &Address, text: String) {
        self.observer.event(&Event::Note { address, text, elapsed: self.started.elapsed() });
    }
}

/// Done, as live state shows.
pub(super) fn seen(how: &str) -> StepEnd {
    StepEnd::Done(how.into(), EvidenceLevel::Observed)
}

/// It must still be the server that was planned for.
fn same_server(subject: &Subject<'_>, live: &LiveServer) -> Result<(), StepEnd> {
    let case = subject.link.capabilities.names.case;
    match &live.name {
        Some(name) if case.same(name.as_str(), subject.name.as_str()) => Ok(()),
        // Nameless, on a provider that renames nothing: its id is all that tells which one it is.
        None if !subject.link.capabilities.rename => Ok(()),
        name => {
            let name = name.as_ref().map_or("nothing", |name| name.as_str());
            let text =
                format!("id {} is called {name} by now, not {}; nothing was sent", subject.id, subject.name);
            Err(StepEnd::Failed(text))
        }
    }
}

struct Sent<'a> {
    way: Way<'a>,
    mark: Option<&'a Mark>,
}

enum SendEnd {
    Call(CallEnd),
    Busy(Error),
    NeverArrived(String),
}

/// Whether the server already is as the operation wants it. Never true of a reboot.
pub(super) fn holds(live: &LiveServer, operation: &Operation, same: &dyn Fn(&str, &str) -> bool) -> bool {
    let power = live.state.settled_power();
    match operation {
        Operation::PowerOn | Operation::Resume => power == Some(Power::On),
        Operation::PowerOff { .. } => power == Some(Power::Off),
        Operation::Suspend => power == Some(Power::Suspended),
        Operation::Rename { to } => live.name.as_ref().is_some_and(|name| same(name.as_str(), to.as_str())),
        Operation::Reboot { .. } | Operation::Delete => false,
    }
}
