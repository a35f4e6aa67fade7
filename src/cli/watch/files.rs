//! The fleet files of a watcher: read again when their bytes have changed, and kept as they were while new ones are wrong.

use crate::config::{self, Diagnostic, Loaded, Mode, SourceFile};
use crate::providers;
use std::path::PathBuf;
use std::time::Duration;

/// Between two looks at files that have changed; they count once they are the same in both.
const PAUSE: Duration = Duration::from_millis(400);

/// So often at most: a file that never rests is taken as it is.
const MOST_LOOKS: usize = 5;

/// The files that are watched.
pub(super) struct Files {
    paths: Vec<PathBuf>,
    mode: Mode,
    /// What is in force.
    loaded: Vec<SourceFile>,
    /// What is wrong with what is there by now, which is therefore not in force.
    wrong: Vec<Diagnostic>,
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
        Self { paths, mode, loaded: files.to_vec(), wrong: Vec::new() }
    }

    /// Looks whether they have changed. Wrong ones are read each time: what is wrong may be in another file that they
    /// name.
    pub(super) fn look(&mut self) -> Look {
        let mut now = config::fingerprint(&self.paths, &self.loaded);
        if now.as_deref() == Some(&self.loaded[..]) && self.wrong.is_empty() {
            return Look::Same;
        }
        // Whoever writes in place, or several files one after another, is still at it as long as the bytes change: half a
        // file may lack the very lines that forbid something.
        for _ in 0..MOST_LOOKS {
            std::thread::sleep(PAUSE);
            let again = config::fingerprint(&self.paths, &self.loaded);
            if again == now {
                break;
            }
            now = again;
        }
        match config::load(&self.paths, &providers::specs(), self.mode) {
            Ok(loaded) => {
                self.loaded.clone_from(&loaded.fleet.files);
                self.wrong.clear();
                Look::New(Box::new(loaded))
            }
            Err(mistakes) if mistakes == self.wrong => Look::Same,
            Err(mistakes) => {
                self.wrong.clone_from(&mistakes);
                Look::Wrong(mistakes)
            }
        }
    }
}
