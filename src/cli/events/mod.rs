//! `--events`: tells programs what a run does, beside what people are told. An observer only: whatever happens to the
//! stream, the run goes on.

mod target;
mod writer;

pub(super) use target::Target;

use super::exit::{Failure, code};
use super::io::Io;
use super::run::Run;
use crate::apply::{ApplySummary, ChangeOutcome, ChangeResult, Event, Moved};
use crate::model::Address;
use crate::plan::{PlanDocument, Refusal};
use crate::report::events::{
    Begin, ChangePlanned, ChangeStarted, End, Failed, Mistake, Note, Planned, Refused, Stale, StepStarted,
    StreamEvent, WavePaused,
};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use writer::Writer;

/// How long the end of the stream is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The same after a Ctrl-C: somebody wants to go.
const SHORT_PATIENCE: Duration = Duration::from_millis(500);

/// What a stream is told of, from its beginning to its end.
pub(super) struct Stream {
    inner: Option<Inner>,
}

struct Inner {
    writer: Writer,
    began: Timestamp,
    /// Whether the command carries changes out, or only plans them.
    carries_out: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    changes: u64,
    /// Changes of which nobody has said yet what came of them, as they would have to be told if nobody ever did.
    open: BTreeMap<Address, ChangeResult>,
    summary: ApplySummary,
}

/// Runs a command under a stream, where one is wanted: opened before anything else happens, ended with its exit code.
pub(super) fn streamed(
    target: Option<&Target>,
    begin: Begin,
    run: &Run,
    io: &mut Io<'_>,
    work: impl FnOnce(&Stream, &mut Io<'_>) -> Result<u8, Failure>,
) -> Result<u8, Failure> {
    let Some(target) = target else { return work(&Stream { inner: None }, io) };
    let carries_out = begin.command == "apply";
    let writer = Writer::start(target)?;
    let stream =
        Stream { inner: Some(Inner { writer, began: run.began, carries_out, state: Mutex::default() }) };
    stream.tell(|| StreamEvent::Begin(begin));
    let ended = work(&stream, io);
    if let Some(warning) = stream.end(&ended) {
        io.warn(&warning);
    }
    ended
}

impl Stream {
    fn tell(&self, event: impl FnOnce() -> StreamEvent) {
        if let Some(inner) = &self.inner {
            inner.writer.push(event());
        }
    }

    /// What is planned.
    pub(super) fn plan(&self, document: &PlanDocument) {
        let Some(inner) = &self.inner else { return };
        inner.writer.push(StreamEvent::Plan(Planned::of(document)));
        for change in &document.changes {
            inner.writer.push(StreamEvent::ChangePlanned(ChangePlanned::of(change)));
        }
        for problem in &document.problems {
            inner.writer.push(StreamEvent::Problem(problem.clone()));
        }
        for withheld in &document.withheld {
            inner.writer.push(StreamEvent::Withheld(withheld.clone()));
        }
        let mut state = inner.state();
        state.changes = document.changes.len() as u64;
        if inner.carries_out {
            let open = |change| ChangeResult::of(change, ChangeOutcome::NotStarted, "", Duration::ZERO);
            state.open =
                document.changes.iter().map(|change| (change.address.clone(), open(change))).collect();
        }
    }

    /// Why the plan may not be applied.
    pub(super) fn refused(&self, message: &str, refusals: &[Refusal]) {
        let refused = || Refused { message: message.into(), refusals: refusals.to_vec() };
        self.tell(|| StreamEvent::Refused(refused()));
    }

    /// What moved since the plan was made, or goes beyond what was approved.
    pub(super) fn stale(&self, message: &str, moved: &[Moved]) {
        self.tell(|| StreamEvent::Stale(Stale { message: message.into(), moved: moved.to_vec() }));
    }

    /// Nothing new is started.
    pub(super) fn interrupted(&self) {
        self.tell(|| StreamEvent::Interrupted {});
    }

    /// What an apply does.
    pub(super) fn event(&self, event: &Event<'_>) {
        let Some(inner) = &self.inner else { return };
        match event {
            Event::Started { change, step } => {
                if *step == 0 {
                    inner.writer.push(StreamEvent::ChangeStarted(ChangeStarted::of(change)));
                }
                if let Some(started) = StepStarted::of(change, *step) {
                    inner.writer.push(StreamEvent::StepStarted(started));
                }
            }
            Event::Pause { wave, left } => inner.writer.push(StreamEvent::WavePaused(WavePaused {
                rollout: wave.rollout,
                servers: wave.servers.clone(),
                wave: wave.number,
                of: wave.of,
                seconds: left.as_secs_f64(),
            })),
            Event::Note { address, text, .. } => {
                let address = (*address).clone();
                inner.writer.push(StreamEvent::Note(Note { address, text: text.clone() }));
            }
            Event::Finished { result } => inner.finished(result),
        }
    }

    /// What came of changes; those that were told already are passed over.
    pub(super) fn results(&self, results: &[ChangeResult]) {
        let Some(inner) = &self.inner else { return };
        for result in results {
            inner.finished(result);
        }
    }

    /// What went wrong with the stream itself, once.
    pub(super) fn trouble(&self) -> Option<String> {
        self.inner.as_ref()?.writer.trouble()
    }

    /// Ends it; what there is to say about that.
    fn end(self, ended: &Result<u8, Failure>) -> Option<String> {
        let inner = self.inner?;
        let exit_code = match ended {
            Ok(code) => *code,
            Err(failure) => {
                inner.writer.push(told(failure));
                failure.code()
            }
        };
        let why = match ended {
            Err(Failure::Interrupted) => "interrupted before anything was executed",
            _ => "nothing was executed",
        };
        let open: Vec<ChangeResult> = inner.state().open.values().cloned().collect();
        for result in open {
            inner.finished(&ChangeResult { detail: why.into(), ..result });
        }
        let (changes, summary) = {
            let state = inner.state();
            (state.changes, inner.carries_out.then_some(state.summary))
        };
        let seconds = Timestamp::now().duration_since(inner.began).as_secs_f64();
        inner.writer.push(StreamEvent::End(End { exit_code, changes, summary, seconds }));
        inner.writer.finish(if exit_code == code::INTERRUPTED { SHORT_PATIENCE } else { PATIENCE })
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finished(&self, result: &ChangeResult) {
        let mut state = self.state();
        if state.open.remove(&result.address).is_some() {
            state.summary.add(result.outcome);
            self.writer.push(StreamEvent::ChangeFinished(result.clone()));
        }
    }
}

/// Why nothing was executed.
fn told(failure: &Failure) -> StreamEvent {
    match failure {
        Failure::Interrupted => StreamEvent::Interrupted {},
        Failure::Message(code::STALE, message) => {
            StreamEvent::Stale(Stale { message: message.clone(), moved: Vec::new() })
        }
        Failure::Message(code::REFUSED, message) => {
            StreamEvent::Refused(Refused { message: message.clone(), refusals: Vec::new() })
        }
        Failure::Message(_, message) => {
            StreamEvent::Failed(Failed { message: message.clone(), mistakes: Vec::new() })
        }
        Failure::Diagnostics(all) => {
            let mistakes = all.iter().map(|one| Mistake {
                code: one.code.into(),
                message: one.message.clone(),
                location: one.location.clone(),
            });
            StreamEvent::Failed(Failed { message: failure.text(), mistakes: mistakes.collect() })
        }
    }
}
