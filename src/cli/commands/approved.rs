//! `apply --approved`: what was reviewed is what may happen. The approved plan is named by its digest, as every format
//! shows it, or by the file it was saved in.

use super::saved;
use crate::apply::Moved;
use crate::cli::exit::{Failure, code};
use crate::plan::{Approval, PlanDocument, compare_with_approved};
use std::fs;
use std::path::{Path, PathBuf};

/// Below the ledger: the plans that were shown, so that a digest alone is enough to compare with one.
const FOLDER: &str = "plans";

/// So many of them are kept.
const KEPT: usize = 50;

/// What an approval says of a plan made afresh.
pub(super) enum Verdict {
    /// It may be carried out; what to say about it.
    Covered(Option<String>),
    /// It may not, because of these.
    Beyond(Vec<Moved>),
}

/// Remembers a plan that was shown. Where that cannot be done, a digest alone will approve less: no reason to fail.
pub(super) fn remember(ledger: &Path, document: &PlanDocument) {
    if document.options.at.is_some() {
        // Of another instant: what was seen then approves nothing now.
        return;
    }
    let folder = ledger.join(FOLDER);
    let written = fs::create_dir_all(&folder)
        .map_err(|error| Failure::problem(error.to_string()))
        .and_then(|()| saved::write(&place(ledger, &document.digest), document));
    if written.is_err() {
        tracing::info!("the plan could not be kept for a later --approved");
        return;
    }
    saved::keep_newest(&folder, KEPT);
}

/// Compares a fresh plan with the approved one.
pub(super) fn judge(approved: &str, fresh: &PlanDocument, ledger: &Path) -> Result<Verdict, Failure> {
    let known = match read(approved)? {
        Named::Plan(plan) => plan,
        Named::Digest(digest) => match saved::read(&place(ledger, &digest)) {
            Ok(plan) => Box::new(plan),
            Err(_) if digest == fresh.digest => return Ok(Verdict::Covered(None)),
            Err(_) => return Err(unknown(&digest, fresh)),
        },
    };
    saved::not_expired(&known)?;
    if let Some(at) = known.options.at {
        return Err(Failure::usage(format!(
            "the approved plan is of another instant, {at} (--at): it approves nothing"
        )));
    }
    Ok(match compare_with_approved(&known, fresh) {
        Approval::Same => Verdict::Covered(None),
        Approval::Part(less) => {
            let servers = if less.len() == 1 { "server needs" } else { "servers need" };
            let text =
                format!("A part of what was approved: {} {servers} less by now, or nothing.", less.len());
            Verdict::Covered(Some(text))
        }
        Approval::Beyond(all) => Verdict::Beyond(
            all.into_iter().map(|it| Moved { address: it.address, message: it.message }).collect(),
        ),
    })
}

/// Whether a saved plan is the approved one.
pub(super) fn is_this(approved: &str, saved: &PlanDocument) -> Result<(), Failure> {
    let digest = match read(approved)? {
        Named::Plan(plan) => plan.digest,
        Named::Digest(digest) => digest,
    };
    if digest == saved.digest {
        return Ok(());
    }
    let text = format!("{digest} was approved, this plan is {}; nothing was executed", saved.digest);
    Err(Failure::Message(code::STALE, text))
}

enum Named {
    Plan(Box<PlanDocument>),
    Digest(String),
}

fn read(approved: &str) -> Result<Named, Failure> {
    let hex = approved.strip_prefix("sha256:").unwrap_or(approved);
    if hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(Named::Digest(format!("sha256:{}", hex.to_ascii_lowercase())));
    }
    if Path::new(approved).is_file() {
        return saved::read(Path::new(approved)).map(|plan| Named::Plan(Box::new(plan)));
    }
    let text =
        format!("--approved {approved} is neither a digest (sha256: and 64 hex digits) nor a saved plan");
    Err(Failure::usage(text))
}

fn place(ledger: &Path, digest: &str) -> PathBuf {
    ledger.join(FOLDER).join(format!("{}.json", digest.trim_start_matches("sha256:")))
}

fn unknown(digest: &str, fresh: &PlanDocument) -> Failure {
    let text = format!(
        "{digest} was approved, and by now the plan is {}; the approved plan is not kept here, so nobody can say \
         whether this one is a part of it: give its file, --approved plan.json; nothing was executed",
        fresh.digest
    );
    Failure::Message(code::STALE, text)
}
