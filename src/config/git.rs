//! Fleet files as they were in a revision, read with the user's own git: its settings, its credentials, its rules
//! about whose repositories to trust.

use super::files::is_fleet_name;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

/// A file as it was.
pub(super) struct Blob {
    /// `REVISION:PATH`.
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// Why a revision could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum GitError {
    /// There is no such revision here.
    #[error("git knows no revision {revision} in {folder}: {said}")]
    Unknown { revision: String, folder: String, said: String },
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

/// Git in a folder.
struct Git<'a> {
    folder: &'a Path,
}

/// The fleet files that a path stands for in a revision, by name; none where it was not there. `REVISION...` means the
/// last common ancestor with what is checked out.
pub(super) fn blobs(revision: &str, path: &Path) -> Result<Vec<Blob>, GitError> {
    let is_folder = path.is_dir();
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let git = Git { folder: if is_folder { path } else { parent } };
    let commit = git.commit(revision)?;
    // `ls-tree` takes paths, relative to where it runs, never patterns.
    let name = path.file_name().filter(|_| !is_folder).map(|name| name.to_string_lossy());
    let listed = git.run(&["ls-tree", "-z", &commit, "--", name.as_deref().unwrap_or("./")])?;
    let mut blobs = Vec::new();
    for entry in listed.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
        let entry = String::from_utf8_lossy(entry);
        let Some((about, name)) = entry.split_once('\t') else { continue };
        let mut about = about.split(' ');
        let (Some(mode), Some(kind), Some(object)) = (about.next(), about.next(), about.next()) else {
            continue;
        };
        if kind != "blob" || (is_folder && !is_fleet_name(Path::new(name))) {
            continue;
        }
        let shown = git.folder.join(name);
        if mode == "120000" {
            let text =
                format!("{} is a symbolic link in {revision}; name the file itself with -f", shown.display());
            return Err(GitError::Failed(text));
        }
        let bytes = git.run(&["cat-file", "blob", object])?;
        blobs.push(Blob { name: format!("{revision}:{}", shown.display()), bytes });
    }
    blobs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(blobs)
}

impl Git<'_> {
    fn commit(&self, revision: &str) -> Result<String, GitError> {
        let single = revision.strip_suffix("...");
        let name = format!("{}^{{commit}}", single.unwrap_or(revision));
        let commit = self.first_line(revision, &["rev-parse", "--verify", "--end-of-options", &name])?;
        match single {
            Some(_) => self.first_line(revision, &["merge-base", &commit, "HEAD"]),
            None => Ok(commit),
        }
    }

    fn first_line(&self, revision: &str, args: &[&str]) -> Result<String, GitError> {
        let said = match self.output(args)? {
            Ok(out) => return Ok(String::from_utf8_lossy(&out).trim().to_owned()),
            Err(said) if said.is_empty() => "it has no common ancestor with HEAD here".to_owned(),
            Err(said) => said,
        };
        let folder = self.folder.display().to_string();
        Err(GitError::Unknown { revision: revision.to_owned(), folder, said })
    }

    fn run(&self, args: &[&str]) -> Result<Vec<u8>, GitError> {
        self.output(args)?.map_err(|said| {
            GitError::Failed(format!("git {} failed in {}: {said}", args[0], self.folder.display()))
        })
    }

    /// What git wrote, or what it said on stderr when it failed.
    fn output(&self, args: &[&str]) -> Result<Result<Vec<u8>, String>, GitError> {
        let mut command = Command::new("git");
        command.current_dir(self.folder).args(args).stdin(Stdio::null());
        command.env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0").env("GIT_TERMINAL_PROMPT", "0");
        // A hook's variables are about the repository of the hook, and relative to another folder.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
            command.env_remove(name);
        }
        let output = command.output().map_err(|error| {
            GitError::Failed(match error.kind() {
                ErrorKind::NotFound => {
                    "git is not installed here; give --base the path of a file instead".to_owned()
                }
                _ => format!("git cannot be started in {}: {error}", self.folder.display()),
            })
        })?;
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().next().unwrap_or_default().trim_start_matches("fatal: ").to_owned();
        Ok(if output.status.success() { Ok(output.stdout) } else { Err(said) })
    }
}
