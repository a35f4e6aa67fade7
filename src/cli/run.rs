//! One run of the program: how its stream of events and its receipt are told from those of others.

use super::args::Global;
use super::session::paths;
use crate::report::events::Begin;
use jiff::Timestamp;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;

/// A run.
pub(super) struct Run {
    /// 16 hex digits; random.
    pub(super) id: String,
    pub(super) began: Timestamp,
}

impl Run {
    pub(super) fn begin() -> Self {
        // Seeded by the system: in containers that start alike, time and process id are alike too.
        let random = RandomState::new().build_hasher().finish();
        Self { id: format!("{random:016x}"), began: Timestamp::now() }
    }

    /// What its stream of events begins with.
    pub(super) fn told(&self, command: &str, saved_plan: Option<&Path>, global: &Global) -> Begin {
        // Without -f a saved plan says where its files are.
        let files = if saved_plan.is_some() && global.file.is_empty() { Vec::new() } else { paths(global) };
        Begin {
            command: command.into(),
            fleetform_version: env!("CARGO_PKG_VERSION").into(),
            run: self.id.clone(),
            pid: std::process::id(),
            files: files.iter().map(|path| path.display().to_string()).collect(),
            saved_plan: saved_plan.map(|path| path.display().to_string()),
            simulated: global.simulate.is_some(),
        }
    }
}
