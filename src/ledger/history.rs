//! What was sent, when, by whom, and what came of it. Survives damaged records: it tells what is left.

use super::journal::JournalError;
use super::record::{Entry, Outcome, Run};
use super::replay::{bytes, lines, tell, warnings_of};
use crate::model::{Address, ConnectionName, EvidenceLevel, OffKind, Operation, RebootKind, ServerId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::HashMap;
use std::path::Path;

/// What came of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PastOutcome {
    /// The provider's evidence, or a person, says that it has happened.
    Done,
    /// It certainly had no effect.
    NoEffect,
    /// It was taken, and failed or did not come to its end in time.
    Failed,
    /// Nobody can tell.
    Unresolved,
    /// Its end was not recorded: it is under way, or its run died.
    Open,
}

impl PastOutcome {
    /// For people.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Done => Outcome::Done.phrase(),
            Self::NoEffect => Outcome::NoEffect.phrase(),
            Self::Failed => Outcome::Failed.phrase(),
            Self::Unresolved => Outcome::Unresolved.phrase(),
            Self::Open => "open",
        }
    }
}

impl From<Option<Outcome>> for PastOutcome {
    fn from(outcome: Option<Outcome>) -> Self {
        match outcome {
            Some(Outcome::Done) => Self::Done,
            Some(Outcome::NoEffect) => Self::NoEffect,
            Some(Outcome::Failed) => Self::Failed,
            Some(Outcome::Unresolved) => Self::Unresolved,
            None => Self::Open,
        }
    }
}

/// A call, or a person's word on one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Past {
    /// When it was sent or said.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// The server, by the address it had then.
    pub address: Address,
    /// The connection.
    pub provider: ConnectionName,
    /// The server's id.
    pub id: ServerId,
    /// What, for people: `reboot (soft)`, `resolve --done`.
    pub what: String,
    /// The call; null where a person spoke.
    pub operation: Option<Operation>,
    /// What came of it.
    pub outcome: PastOutcome,
    /// When that was recorded.
    #[schemars(with = "Option<String>")]
    pub ended_at: Option<Timestamp>,
    /// How that is known.
    pub evidence: Option<String>,
    /// How strong that evidence is, where it was recorded.
    pub level: Option<EvidenceLevel>,
    /// The run that sent or said it; null in records of format 1.
    pub by: Option<Run>,
}

/// The history of a ledger.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// In the order of the journal, latest last.
    pub past: Vec<Past>,
    /// What is damaged.
    pub warnings: Vec<String>,
}

/// Reads the history. Takes no lock.
///
/// # Errors
/// The file exists and cannot be read, or a later program wrote it.
pub fn history(folder: &Path) -> Result<History, JournalError> {
    let bytes = bytes(folder)?.unwrap_or_default();
    let scan = lines(folder, &bytes)?;
    let told = tell(&scan);
    let mut runs: HashMap<&str, &Run> = HashMap::new();
    let mut ends = HashMap::new();
    for line in &scan.whole {
        match &line.entry {
            Entry::Run(run) => drop(runs.insert(&run.run, run)),
            Entry::Conclusion(end) => drop(ends.insert(end.intent, end)),
            _ => {}
        }
    }
    let by = |run: &Option<String>| runs.get(run.as_deref()?).map(|run| (*run).clone());
    let mut past = Vec::new();
    for line in &scan.whole {
        match &line.entry {
            Entry::Intent(intent) => {
                let end = ends.get(&intent.seq);
                let outcome = told.stories.get(&intent.seq).and_then(|story| story.outcome);
                past.push(Past {
                    at: intent.at,
                    address: intent.address.clone(),
                    provider: intent.provider.clone(),
                    id: intent.id.clone(),
                    what: phrase(&intent.operation),
                    operation: Some(intent.operation.clone()),
                    outcome: outcome.into(),
                    ended_at: end.map(|end| end.at),
                    evidence: end.map(|end| end.evidence.clone()),
                    level: end.and_then(|end| end.level),
                    by: by(&intent.run),
                });
            }
            Entry::Resolved { at, provider, id, address, done, run, .. } => past.push(Past {
                at: *at,
                address: address.clone(),
                provider: provider.clone(),
                id: id.clone(),
                what: if *done { "resolve --done" } else { "resolve --not-done" }.to_owned(),
                operation: None,
                outcome: PastOutcome::Done,
                ended_at: Some(*at),
                evidence: Some("said by a person".into()),
                level: None,
                by: by(run),
            }),
            _ => {}
        }
    }
    Ok(History { past, warnings: warnings_of(folder, &scan) })
}

fn phrase(operation: &Operation) -> String {
    let verb = operation.verb().phrase();
    match operation {
        Operation::PowerOff { method: OffKind::Hard } | Operation::Reboot { method: RebootKind::Hard } => {
            format!("{verb} (hard)")
        }
        Operation::PowerOff { method: OffKind::Graceful } => format!("{verb} (graceful)"),
        Operation::Reboot { method: RebootKind::Soft } => format!("{verb} (soft)"),
        Operation::Rename { to } => format!("{verb} to {to}"),
        Operation::Resume => "resume".into(),
        _ => verb.into(),
    }
}
