//! The fleet files of a watcher: read again when their bytes have changed, and kept as they were while new ones are wrong.

use crate::config::{self, Diagnostic, Loaded, Mode, SourceFile};
use crate::providers;
use std::path::PathBuf;

/// The files that are watched.
pub(super) struct Files {
    paths: Vec<PathBuf>,
    mode: Mode,
    /// What was last looked at, right or wrong; `None` where it could not be read.
    seen: Option<Vec<SourceFile>>,
}

/// What a look at the files has found.
pub(super) enum Look {
    /// They are as they were.
    Same,
    /// They have changed and are right.
    New(Box<Loaded>),
    /// They have changed and are wrong.
    Wrong(Vec<Diagnostic>),
}

impl Files {
    /// Files that have been read already.
    pub(super) fn new(paths: Vec<PathBuf>, mode: Mode, files: &[SourceFile]) -> Self {
        Self { paths, mode, seen: Some(files.to_vec()) }
    }

    /// Looks whether they have changed.
    pub(super) fn look(&mut self) -> Look {
        let now = config::fingerprint(&self.paths);
        if now == self.seen {
            return Look::Same;
        }
        self.seen = now;
        match config::load(&self.paths, &providers::specs(), self.mode) {
            Ok(loaded) => {
                // They may have changed again meanwhile; what counts is what was loaded.
                self.seen = Some(loaded.fleet.files.clone());
                Look::New(Box::new(loaded))
            }
            Err(mistakes) => Look::Wrong(mistakes),
        }
    }
}
