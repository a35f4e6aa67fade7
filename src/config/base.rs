//! The fleet that a change is reviewed against: files of a git revision, or files beside the present ones.

use super::diagnostic::Diagnostic;
use super::fleet::Fleet;
use super::git::{self, GitError};
use super::load::{self, Loaded, Mode};
use crate::model::ProviderSpec;
use std::path::{Path, PathBuf};

/// The fleet that a change is reviewed against.
#[derive(Clone, Debug)]
pub enum Base {
    /// As it was.
    Fleet(Box<Fleet>),
    /// The revision has none of the files: all of them are new.
    Absent,
    /// It had mistakes.
    Broken(Vec<Diagnostic>),
}

/// Reads the base `name`: the fleet file or directory of that path, or the present `paths` as they were in that git
/// revision. What is spelled like a path (`./old`, `old/`, `old.yaml`) is one; a revision comes before a path that is
/// called the same. `REVISION...` is the last common ancestor of the revision and what is checked out.
///
/// # Errors
/// A sentence: there is neither such a revision nor such a path, or git failed.
pub fn load_base(
    name: &str,
    paths: &[PathBuf],
    specs: &[&'static ProviderSpec],
    mode: Mode,
) -> Result<Base, String> {
    let path = Path::new(name);
    if is_spelled_as_path(name) {
        if !path.exists() {
            return Err(format!("there is no file {name} to compare with"));
        }
        return Ok(of(load::load(&[path.to_path_buf()], specs, mode)));
    }
    let mut texts = Vec::new();
    for file in paths {
        match git::blobs(name, file) {
            Ok(blobs) => texts.extend(blobs.into_iter().map(|blob| (blob.name, blob.bytes))),
            Err(GitError::Unknown { .. }) if path.exists() => {
                return Ok(of(load::load(&[path.to_path_buf()], specs, mode)));
            }
            Err(error @ GitError::Unknown { .. }) => {
                return Err(format!(
                    "{error}; fetch it first (a pipeline's checkout is often shallow: `git fetch origin BRANCH`), or give \
                     the path of a file"
                ));
            }
            Err(error) => return Err(error.to_string()),
        }
    }
    if texts.is_empty() {
        return Ok(Base::Absent);
    }
    Ok(of(load::load_bytes(texts, name, specs, mode)))
}

fn is_spelled_as_path(name: &str) -> bool {
    let path = Path::new(name);
    let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    let begins = ["/", "./", "../"].iter().any(|start| name.starts_with(start));
    is_yaml || begins || name.ends_with('/')
}

fn of(loaded: Result<Loaded, Vec<Diagnostic>>) -> Base {
    match loaded {
        Ok(loaded) => Base::Fleet(Box::new(loaded.fleet)),
        Err(mistakes) => Base::Broken(mistakes),
    }
}
