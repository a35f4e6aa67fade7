//! What came of each change. The lists add up to the plan.

use crate::model::{Address, ConnectionName, EvidenceLevel, ServerId, Verb};
use crate::plan::{Change, Wave};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What came of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeOutcome {
    /// The provider's evidence shows it.
    Done,
    /// It was tried and did not work.
    Failed,
    /// It was sent and nobody can tell what came of it.
    Unresolved,
    /// Nothing of it, or not all of it, was started.
    NotStarted,
}

impl ChangeOutcome {
    /// For people.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unresolved => "unresolved",
            Self::NotStarted => "not started",
        }
    }
}

/// What a health check said of a server that was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It passed.
    Healthy,
    /// It never passed in its time; the change has failed, and what it did is done.
    Unhealthy,
    /// The run was interrupted before it passed.
    Unknown,
}

/// One change and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ChangeResult {
    /// The server.
    pub address: Address,
    /// Its connection.
    pub provider: ConnectionName,
    /// Its id.
    pub id: ServerId,
    /// What was to be done.
    pub actions: Vec<Verb>,
    /// What came of it.
    pub outcome: ChangeOutcome,
    /// How that is known, or what went wrong.
    pub detail: String,
    /// Whether anything of this apply made it so; false where it was so before, or nothing is known to be done.
    #[serde(default)]
    pub changed: bool,
    /// How many of its steps are done; not told to anybody, for whoever takes them back.
    #[serde(skip)]
    pub steps_done: usize,
    /// How strong the evidence is that it is done: the weakest of its calls. Missing where it is not known to be done,
    /// or only the ledger says so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub evidence: Option<EvidenceLevel>,
    /// What its health check said, where it has one that was asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub health: Option<Health>,
    /// From its first call to its end.
    pub seconds: f64,
}

impl ChangeResult {
    /// The result of a change.
    pub fn of(change: &Change, outcome: ChangeOutcome, detail: impl Into<String>, took: Duration) -> Self {
        Self {
            address: change.address.clone(),
            provider: change.provider.clone(),
            id: change.id.clone(),
            actions: change.actions.clone(),
            outcome,
            detail: detail.into(),
            changed: false,
            steps_done: 0,
            evidence: None,
            health: None,
            seconds: took.as_secs_f64(),
        }
    }
}

/// The numbers at the end of an apply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ApplySummary {
    /// Shown by evidence.
    pub done: u64,
    /// Tried and failed.
    pub failed: u64,
    /// Sent, outcome unknown.
    pub unresolved: u64,
    /// Not started.
    pub not_started: u64,
}

impl ApplySummary {
    /// Counts.
    pub fn of(results: &[ChangeResult]) -> Self {
        let mut summary = Self::default();
        for result in results {
            summary.add(result.outcome);
        }
        summary
    }

    /// Counts one more.
    pub fn add(&mut self, outcome: ChangeOutcome) {
        *match outcome {
            ChangeOutcome::Done => &mut self.done,
            ChangeOutcome::Failed => &mut self.failed,
            ChangeOutcome::Unresolved => &mut self.unresolved,
            ChangeOutcome::NotStarted => &mut self.not_started,
        } += 1;
    }
}

/// Something happened during an apply.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A step of a change begins.
    Started {
        /// The change.
        change: &'a Change,
        /// Its step, from 0.
        step: usize,
    },
    /// A change has come to its end.
    Finished {
        /// What came of it.
        result: &'a ChangeResult,
    },
    /// A wave of a rollout has come to its end, and the next one waits.
    Pause {
        /// The next one.
        wave: &'a Wave,
        /// For how long from now on.
        left: Duration,
    },
    /// Something worth telling that is no end: a fallback, a wait.
    Note {
        /// The server.
        address: &'a Address,
        /// What.
        text: String,
        /// Since the step began.
        elapsed: Duration,
    },
}

/// Who is told.
pub trait Observer: Send + Sync {
    /// Called as things happen; must not block.
    fn event(&self, event: &Event<'_>);
}

impl Observer for () {
    fn event(&self, _: &Event<'_>) {}
}
