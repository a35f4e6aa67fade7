//! The stream of events of a `plan` or an `apply`: one line of JSON each, for programs that follow a run. Versioned
//! like the plan. Who reads it must pass over kinds and fields that it does not know.

use super::paint::misleads;
use crate::apply::{ApplySummary, ChangeResult, Moved};
use crate::model::{Address, ConnectionName, Location, ServerId, Verb};
use crate::plan::{Change, FleetFile, PlanDocument, Problem, Refusal, Summary, Withheld};
use jiff::Timestamp;
use serde::Serialize;
use std::io;

/// The version of the format. The number before the dot changes when a reader of the old one would be misled.
const VERSION: &str = "1.0";

/// One line of the stream.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct EventLine {
    /// The version of the stream's format, `1.0`; on every line, so that each can be read alone.
    pub format_version: String,
    /// Its number, from 1 and without gaps.
    pub seq: u64,
    /// When it happened; not when it was written.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub event: StreamEvent,
}

/// What happened. After `begin` and, where a plan was made, `plan` with one `change_planned` per change, an apply tells
/// what it does; there is one `change_finished` per change of the plan in every apply that comes to its `end`, also
/// where nothing was executed. A stream without `end` is of a run that was killed or still goes on: of a change that was
/// started and not finished nobody knows from the stream what came of it; the ledger does.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StreamEvent {
    /// The first line.
    Begin(Begin),
    /// What is planned. Its changes follow, then its problems, then what waits.
    Plan(Planned),
    /// A change of the plan.
    ChangePlanned(ChangePlanned),
    /// A problem of the plan.
    Problem(Problem),
    /// What is due and waits for time or people.
    Withheld(Withheld),
    /// A change begins: its first call is about to be made.
    ChangeStarted(ChangeStarted),
    /// A call of a change begins.
    StepStarted(StepStarted),
    /// A wave of a rollout has come to its end, and the next one waits.
    WavePaused(WavePaused),
    /// Something worth telling that is no end: a fallback, a wait, an answer that was lost.
    Note(Note),
    /// What came of a change.
    ChangeFinished(ChangeResult),
    /// Ctrl-C or SIGTERM: nothing new is started, what is in flight is followed to its end.
    Interrupted {},
    /// Nothing was executed: problems, a guard or a protection forbid it.
    Refused(Refused),
    /// Nothing was executed: the file or live state moved, or the plan goes beyond what was approved.
    Stale(Stale),
    /// Nothing was executed: an error.
    Failed(Failed),
    /// Events that were lost because the disk was full or the stream's reader too slow; told as soon as there was
    /// room. What became of the changes is told by the receipt.
    Dropped {
        /// How many since the last line of this kind.
        count: u64,
    },
    /// The last line.
    End(End),
}

/// Which run it is.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Begin {
    /// `plan` or `apply`.
    pub command: String,
    /// The program's version.
    pub fleetform_version: String,
    /// The run's id; random.
    pub run: String,
    /// Its process.
    pub pid: u32,
    /// The fleet files and folders, as they were given; empty where a saved plan names them.
    pub files: Vec<String>,
    /// The saved plan that is applied.
    pub saved_plan: Option<String>,
    /// Whether it runs against the simulator.
    pub simulated: bool,
}

/// The plan in numbers.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Planned {
    /// Over what it does and on what.
    pub digest: String,
    /// The files it was made from.
    pub fleet: Vec<FleetFile>,
    /// Servers that change: so many lines `change_planned` follow.
    pub changes: u64,
    /// Its numbers by action.
    pub summary: Summary,
}

/// A change that is planned.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ChangePlanned {
    /// The server.
    pub address: Address,
    /// Its connection.
    pub provider: ConnectionName,
    /// Its id.
    pub id: ServerId,
    /// What would be done, in order.
    pub actions: Vec<Verb>,
}

/// A change that begins.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ChangeStarted {
    /// The server.
    pub address: Address,
    /// Its connection.
    pub provider: ConnectionName,
    /// Its id.
    pub id: ServerId,
    /// What will be done, in order.
    pub actions: Vec<Verb>,
    /// The calls that do it, for people: `rename to b`, `power off (graceful)`.
    pub calls: Vec<String>,
}

/// A call that begins.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct StepStarted {
    /// The server.
    pub address: Address,
    /// Its id.
    pub id: ServerId,
    /// Which of the change's calls, from 1.
    pub step: u64,
    /// The call, for people.
    pub call: String,
}

/// A pause between two waves.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct WavePaused {
    /// Which of the fleet's rollouts, from 1.
    pub rollout: u64,
    /// Its servers: a selector, or `all servers`.
    pub servers: String,
    /// The wave that begins after the pause, from 1.
    pub wave: u64,
    /// How many waves there are.
    pub of: u64,
    /// How long the pause is from now on.
    pub seconds: f64,
}

/// Something worth telling.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Note {
    /// The server.
    pub address: Address,
    /// What, for people.
    pub text: String,
}

/// Why a plan may not be applied.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Refused {
    /// For people.
    pub message: String,
    /// The guards that it exceeds.
    pub refusals: Vec<Refusal>,
}

/// Why a plan is out of date.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Stale {
    /// For people.
    pub message: String,
    /// The servers that moved, or go beyond what was approved.
    pub moved: Vec<Moved>,
}

/// What went wrong before anything was executed.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Failed {
    /// For people.
    pub message: String,
    /// Mistakes in files, where those are the reason.
    pub mistakes: Vec<Mistake>,
}

/// A mistake in a file.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Mistake {
    /// As `fleetform explain` takes it.
    pub code: String,
    /// For people.
    pub message: String,
    /// Where.
    pub location: Option<Location>,
}

/// How the run ended.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct End {
    /// The exit code of the program.
    pub exit_code: u8,
    /// Changes of the plan; 0 where none was made.
    pub changes: u64,
    /// What became of them; they add up to `changes`. `null` for `plan`, which carries nothing out.
    pub summary: Option<ApplySummary>,
    /// Since `begin`.
    pub seconds: f64,
}

impl Planned {
    /// The numbers of a plan.
    pub fn of(document: &PlanDocument) -> Self {
        Self {
            digest: document.digest.clone(),
            fleet: document.fleet.clone(),
            changes: document.changes.len() as u64,
            summary: document.summary,
        }
    }
}

impl ChangePlanned {
    /// A change of a plan.
    pub fn of(change: &Change) -> Self {
        Self {
            address: change.address.clone(),
            provider: change.provider.clone(),
            id: change.id.clone(),
            actions: change.actions.clone(),
        }
    }
}

impl ChangeStarted {
    /// The beginning of a change.
    pub fn of(change: &Change) -> Self {
        Self {
            address: change.address.clone(),
            provider: change.provider.clone(),
            id: change.id.clone(),
            actions: change.actions.clone(),
            calls: change.steps.iter().map(|step| step.operation.to_string()).collect(),
        }
    }
}

impl StepStarted {
    /// The beginning of a change's step, counted from 0; `None` where it has no such step.
    pub fn of(change: &Change, step: usize) -> Option<Self> {
        let call = change.steps.get(step)?.operation.to_string();
        Some(Self { address: change.address.clone(), id: change.id.clone(), step: step as u64 + 1, call })
    }
}

/// What every stream begins with, as far as it is the same for all: a file that begins otherwise holds something else.
pub const FIRST_BYTES: &str = "{\"format_version\":\"1.0\",\"seq\":1,\"at\":";

/// The line with its line feed.
///
/// # Errors
/// Nothing in an event can fail to serialise; what would is told nevertheless.
pub fn event_line(seq: u64, at: Timestamp, event: StreamEvent) -> io::Result<Vec<u8>> {
    let line = EventLine { format_version: VERSION.into(), seq, at, event };
    let mut bytes = Vec::with_capacity(256);
    line.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, Harmless))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Compact JSON in which no character moves the cursor of a terminal or turns the writing around: those that JSON
/// itself does not escape are escaped as well, so that nothing is lost.
struct Harmless;

impl serde_json::ser::Formatter for Harmless {
    fn write_string_fragment<W: io::Write + ?Sized>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        let mut plain = 0;
        for (at, found) in text.char_indices().filter(|(_, c)| misleads(*c)) {
            writer.write_all(&text.as_bytes()[plain..at])?;
            // All of them lie in the first plane: one unit each.
            write!(writer, "\\u{:04x}", u32::from(found))?;
            plain = at + found.len_utf8();
        }
        writer.write_all(&text.as_bytes()[plain..])
    }
}
