//! Who held, released, froze and thawed, and when.

use super::record::HoldEntry as Entry;
use super::scan::{bytes, scan};
use crate::ledger::journal::JournalError;
use crate::model::{Selector, glob_matches};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::HashMap;
use std::path::Path;

/// Something that was said about holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PastHold {
    /// When.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// What: `hold off`, `release`, `freeze`, `thaw`.
    pub what: String,
    /// The hold.
    pub id: Option<String>,
    /// The servers of the hold; null of a freeze, which is of all.
    pub selector: Option<Selector>,
    /// The instant at which it ends by itself.
    #[schemars(with = "Option<String>")]
    pub until: Option<Timestamp>,
    /// Why.
    pub reason: Option<String>,
    /// Who said it.
    pub by: String,
    /// The machine on which it was said.
    pub host: String,
}

impl PastHold {
    /// Whether it is about servers like these: what is about all is.
    pub fn is_about(&self, wanted: &Selector) -> bool {
        match (&self.selector, wanted) {
            (Some(own), Selector::Address(glob)) => {
                let own = own.to_string();
                own == *glob || glob_matches(glob, &own) || glob_matches(&own, glob)
            }
            _ => true,
        }
    }
}

/// Reads what was said about holds, latest last. Takes no lock.
///
/// # Errors
/// The file exists and cannot be read, or a later program wrote it.
pub fn past_holds(folder: &Path) -> Result<Vec<PastHold>, JournalError> {
    let bytes = bytes(folder)?.unwrap_or_default();
    let mut selectors: HashMap<String, Selector> = HashMap::new();
    let mut all = Vec::new();
    for line in scan(folder, &bytes)?.whole {
        let none = |at, what: &str, by, host| PastHold {
            at,
            what: what.to_owned(),
            id: None,
            selector: None,
            until: None,
            reason: None,
            by,
            host,
        };
        match line.entry {
            Entry::Hold { hold, host } => {
                selectors.insert(hold.id.clone(), hold.selector.clone());
                all.push(PastHold {
                    id: Some(hold.id),
                    selector: Some(hold.selector),
                    until: Some(hold.until),
                    reason: Some(hold.reason),
                    ..none(hold.at, &format!("hold {}", hold.to), hold.by, host)
                });
            }
            Entry::Release { ids, by, at, host } => all.extend(ids.into_iter().map(|id| PastHold {
                selector: selectors.get(&id).cloned(),
                id: Some(id),
                ..none(at, "release", by.clone(), host.clone())
            })),
            Entry::Freeze { freeze, host } => all.push(PastHold {
                until: Some(freeze.until),
                reason: Some(freeze.reason),
                ..none(freeze.at, "freeze", freeze.by, host)
            }),
            Entry::Thaw { by, at, host } => all.push(none(at, "thaw", by, host)),
            Entry::Begun { .. } | Entry::Repaired { .. } => {}
        }
    }
    Ok(all)
}
