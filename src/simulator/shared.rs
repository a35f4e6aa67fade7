//! What the simulator's thread and its owner both hold: the world under one lock, and the lines into it.

use super::state::State;
use super::{Face, persist};
use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, watch};

/// Everything that the serving thread and its owner share.
pub(super) struct Shared {
    state: Mutex<State>,
    pub(super) lines: Vec<Line>,
    pub(super) stop: watch::Sender<bool>,
    pub(super) keep: Option<Keeping>,
}

/// Where a connection is served.
pub(super) struct Line {
    pub(super) connection: String,
    pub(super) base: String,
    pub(super) face: &'static dyn Face,
    pub(super) in_flight: AtomicUsize,
}

/// How the world is kept on disk.
pub(super) struct Keeping {
    pub(super) path: PathBuf,
    pub(super) source: String,
    /// Wakes the writer.
    pub(super) changed: Notify,
    /// The revision that is on disk.
    pub(super) written: watch::Sender<u64>,
}

impl Shared {
    pub(super) fn new(state: State, lines: Vec<Line>, keep: Option<Keeping>) -> Self {
        Self { state: Mutex::new(state), lines, stop: watch::Sender::new(false), keep }
    }

    /// The world. A thread that died while holding it leaves it whole enough to go on.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The line whose base the path begins with, and the rest of the path.
    pub(super) fn line<'a>(&self, path: &'a str) -> Option<(&Line, &'a str)> {
        self.lines.iter().find_map(|line| {
            let rest = path.strip_prefix(line.base.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then_some((line, rest))
        })
    }

    /// Writes the world if it has changed since, and says which revision is on disk now.
    pub(super) fn save(&self, force: bool) -> Result<(), super::Error> {
        let Some(keep) = &self.keep else { return Ok(()) };
        let (bytes, revision) = {
            let state = self.state();
            let revision = state.revision();
            if !force && *keep.written.borrow() == revision {
                return Ok(());
            }
            (persist::bytes(&state, &keep.source), revision)
        };
        persist::write(&keep.path, &bytes)?;
        keep.written.send_replace(revision);
        Ok(())
    }
}
