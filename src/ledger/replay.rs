//! Reads the journal: what the planner must know, and what was under way when a run died.

use super::journal::{FILE_NAME, JournalError, VERSION};
use super::record::{Entry, Intent, Outcome};
use crate::model::{LedgerFacts, ServerKey, Unresolved, Verb};
use jiff::Timestamp;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

/// An intent whose outcome is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenIntent {
    /// What was about to be sent.
    pub intent: Intent,
    /// Whether a run already found that nobody can tell (else the run died before it could).
    pub unresolved: bool,
    /// What the provider handed out when it took the call; `None` where nobody knows whether it did.
    pub accepted: Option<Ticket>,
}

/// The provider's handle of a call that it took, where it gave one.
pub type Ticket = Option<String>;

/// A call in the journal, with all that follows it.
struct Story {
    intent: Intent,
    accepted: Option<Ticket>,
    outcome: Option<Outcome>,
}

/// A journal that has been read.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    /// What the planner must know. One-shot changes of unknown outcome are among `unresolved`.
    pub facts: LedgerFacts,
    /// The same changes with all that is known of them, to look for evidence with.
    pub open: Vec<OpenIntent>,
    /// Calls that live state will tell of, that the provider took and keeps a record of, and that were not seen
    /// ending: the last one of each server.
    pub under_way: Vec<OpenIntent>,
    /// Said once to the user: damaged or cut-off records.
    pub warnings: Vec<String>,
    /// The number of the next record.
    pub next_seq: u64,
    /// The length of the file up to the last whole record, where something follows it.
    pub(super) whole_bytes: Option<u64>,
}

/// Reads the journal in a ledger's folder; an empty one where there is none. Takes no lock.
///
/// # Errors
/// The file exists and cannot be read, or a later program wrote it.
pub fn read(folder: &Path) -> Result<Replay, JournalError> {
    let path = folder.join(FILE_NAME);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Replay { next_seq: 1, ..Replay::default() });
        }
        Err(error) => return Err(JournalError { path, what: error.to_string() }),
    };
    let mut replay = Replay { next_seq: 1, ..Replay::default() };
    let mut intents: HashMap<u64, Story> = HashMap::new();
    let mut hole = false;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    if whole < bytes.len() {
        replay.whole_bytes = Some(whole as u64);
        replay.warnings.push(format!(
            "the last record of {} was cut off, by a crash most likely; it is dropped",
            path.display()
        ));
    }
    for (number, line) in bytes[..whole].split(|byte| *byte == b'\n').enumerate() {
        if line.is_empty() {
            continue;
        }
        match serde_json::from_slice(line) {
            Ok(Entry::Born { version, .. }) if version > VERSION => {
                let what = format!("its format version is {version}, this program reads {VERSION}");
                return Err(JournalError { path, what });
            }
            Ok(entry) => {
                if std::mem::take(&mut hole) {
                    // A reboot may have been recorded where the hole is: all is known only from here on.
                    replay.facts.born = Some(written_at(&entry));
                }
                take(&mut replay, &mut intents, entry);
            }
            Err(_) => {
                hole = true;
                replay.facts.born = None;
                replay.warnings.push(format!(
                    "line {} of {} is damaged and left out: a reboot recorded there is not known any more",
                    number + 1,
                    path.display()
                ));
            }
        }
    }
    finish(&mut replay, intents);
    Ok(replay)
}

fn take(replay: &mut Replay, intents: &mut HashMap<u64, Story>, entry: Entry) {
    match entry {
        Entry::Born { at, .. } => {
            replay.facts.born.get_or_insert(at);
        }
        Entry::Intent(intent) => {
            replay.next_seq = replay.next_seq.max(intent.seq.saturating_add(1));
            intents.insert(intent.seq, Story { intent, accepted: None, outcome: None });
        }
        Entry::Conclusion(conclusion) => {
            replay.next_seq = replay.next_seq.max(conclusion.intent.saturating_add(1));
            if let Some(story) = intents.get_mut(&conclusion.intent) {
                story.outcome = Some(conclusion.outcome);
            }
        }
        Entry::Accepted { intent, ticket, .. } => {
            replay.next_seq = replay.next_seq.max(intent.saturating_add(1));
            if let Some(story) = intents.get_mut(&intent) {
                story.accepted = Some(ticket);
            }
        }
        Entry::Resolved { at, provider, id, done, .. } => {
            let mut one_shot_was_open = false;
            for Story { intent, outcome, .. } in intents.values_mut() {
                let open = matches!(outcome, None | Some(Outcome::Unresolved));
                if open && intent.provider == provider && intent.id == id {
                    one_shot_was_open |= intent.operation.verb().is_one_shot();
                    if intent.operation.verb() == Verb::Reboot && !done {
                        let key = (provider.clone(), id.clone());
                        boot(&mut replay.facts.not_rebooted, key, intent.at);
                    }
                    *outcome = Some(if done { Outcome::Done } else { Outcome::NoEffect });
                }
            }
            // Said of a server with nothing to settle, it means: this server has been rebooted, as of now.
            if done && !one_shot_was_open {
                boot(&mut replay.facts.boots, (provider, id), at);
            }
        }
    }
}

/// When a record was made.
fn written_at(entry: &Entry) -> Timestamp {
    match entry {
        Entry::Born { at, .. } | Entry::Accepted { at, .. } | Entry::Resolved { at, .. } => *at,
        Entry::Intent(intent) => intent.at,
        Entry::Conclusion(conclusion) => conclusion.at,
    }
}

fn finish(replay: &mut Replay, intents: HashMap<u64, Story>) {
    let mut intents: Vec<_> = intents.into_values().collect();
    intents.sort_by_key(|story| story.intent.seq);
    let mut last: HashMap<ServerKey, Option<OpenIntent>> = HashMap::new();
    for Story { intent, accepted, outcome } in intents {
        let key = (intent.provider.clone(), intent.id.clone());
        let verb = intent.operation.verb();
        let on_record = outcome.is_none() && !verb.is_one_shot() && matches!(accepted, Some(Some(_)));
        let open = || OpenIntent { unresolved: false, accepted: accepted.clone(), intent: intent.clone() };
        last.insert(key.clone(), on_record.then(open));
        match outcome {
            // From when it was sent: the boot itself came after that.
            Some(Outcome::Done) if intent.operation.boots() => {
                boot(&mut replay.facts.boots, key, intent.at);
            }
            None | Some(Outcome::Unresolved) if verb.is_one_shot() => {
                let open = Unresolved { address: intent.address.clone(), verb, sent_at: intent.at };
                replay.facts.unresolved.insert(key, open);
                replay.open.push(OpenIntent { unresolved: outcome.is_some(), accepted, intent });
            }
            // Anything else shows in live state.
            _ => {}
        }
    }
    replay.under_way = last.into_values().flatten().collect();
    replay.under_way.sort_by_key(|open| open.intent.seq);
}

/// Keeps the latest instant of a server.
fn boot(boots: &mut HashMap<ServerKey, Timestamp>, key: ServerKey, at: Timestamp) {
    let latest = boots.entry(key).or_insert(at);
    *latest = (*latest).max(at);
}
