//! A provider's own record of an accepted call.

use super::Moment;
use serde::{Deserialize, Serialize};

/// A job. Its state is a function of the clock, so that nothing has to run for it to move on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SimJob {
    /// Its number; later jobs have higher ones.
    pub id: u64,
    /// The id of the server it is about.
    pub server: String,
    /// The name that server had when the job was made.
    pub name: String,
    /// The provider's name of the command.
    pub command: String,
    /// When it was made.
    pub created: Moment,
    /// When work on it began, or begins.
    pub started: Moment,
    /// When it ends; `None` for never.
    pub ends: Option<Moment>,
    /// Why it fails, if it does.
    pub failure: Option<String>,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobStage {
    /// Not begun.
    Queued,
    /// Begun.
    Processing,
    /// Ended with its effect.
    Succeeded,
    /// Ended without.
    Failed,
}

impl SimJob {
    /// The stages it has been through, with the instant each began, oldest first.
    pub fn history(&self, now: Moment) -> Vec<(JobStage, Moment)> {
        let last = if self.failure.is_some() { JobStage::Failed } else { JobStage::Succeeded };
        let mut stages = vec![(JobStage::Queued, self.created)];
        if self.started <= now {
            stages.push((JobStage::Processing, self.started));
        }
        if let Some(ends) = self.ends.filter(|ends| *ends <= now) {
            stages.push((last, ends));
        }
        stages
    }

    /// How far it is.
    pub fn stage(&self, now: Moment) -> JobStage {
        self.history(now).last().map_or(JobStage::Queued, |(stage, _)| *stage)
    }
}
