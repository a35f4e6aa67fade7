//! Reads the journal: what the planner must know, and what was under way when a run died.

use super::holds::{FILE_NAME as HOLDS_FILE, read_holds};
use super::journal::{FILE_NAME, JournalError};
use super::record::{Entry, Intent, Outcome};
use super::scan::{Finding, Flaw, Scan, TooNew, VERSION, Whole, scan};
use crate::model::{LedgerFacts, ServerKey, Unresolved, Verb};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::Path;

/// Findings that are told one by one; of the others only how many there are.
const TOLD: usize = 5;

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
pub(super) struct Story {
    pub(super) intent: Intent,
    pub(super) accepted: Option<Ticket>,
    pub(super) outcome: Option<Outcome>,
    /// Where in the journal it stands: its own record and all that are about it.
    pub(super) places: Vec<usize>,
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
    /// Said once to the user: damaged or cut-off records, and what they cost.
    pub warnings: Vec<String>,
    /// What is wrong with the holds: what people said there is not known, so nothing may be done.
    pub holds_damaged: Option<String>,
    /// The number of the next record.
    pub next_seq: u64,
    /// The highest fencing token on record.
    pub token: u64,
    /// The latest instant on record.
    pub(super) latest: Option<Timestamp>,
}

/// The replay of a journal with what a rewrite must know: which records make the facts.
pub(super) struct Told {
    pub(super) replay: Replay,
    pub(super) stories: BTreeMap<u64, Story>,
    /// The records that the boots and the reboots that did not happen are known by.
    pub(super) sources: HashMap<(ServerKey, Source), (Timestamp, usize)>,
}

/// What a record is the source of.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Source {
    Boot,
    NotRebooted,
}

/// The bytes of the journal in a folder; `None` where there is none.
pub(super) fn bytes(folder: &Path) -> Result<Option<Vec<u8>>, JournalError> {
    let path = folder.join(FILE_NAME);
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(JournalError { path, what: error.to_string() }),
    }
}

/// What tells whether a journal and the holds beside it are those that were read: `None` for what is not there.
pub type Mark = [Option<(u64, std::time::SystemTime)>; 2];

/// The mark of what is in a ledger's folder, without reading it. Records are only ever added, or all of them replaced.
pub fn mark(folder: &Path) -> Mark {
    [FILE_NAME, HOLDS_FILE].map(|name| {
        let data = fs::metadata(folder.join(name)).ok()?;
        Some((data.len(), data.modified().ok()?))
    })
}

/// The lines of a journal.
pub(super) fn lines<'b>(folder: &Path, bytes: &'b [u8]) -> Result<Scan<'b>, JournalError> {
    scan(bytes).map_err(|TooNew(version)| JournalError {
        path: folder.join(FILE_NAME),
        what: format!("its format version is {version}, this program reads {VERSION} and earlier ones"),
    })
}

/// Reads the journal in a ledger's folder; an empty one where there is none. Takes no lock.
///
/// # Errors
/// The file exists and cannot be read, or a later program wrote it.
pub fn read(folder: &Path) -> Result<Replay, JournalError> {
    let bytes = bytes(folder)?.unwrap_or_default();
    let scan = lines(folder, &bytes)?;
    let mut replay = tell(&scan).replay;
    replay.warnings = warnings_of(folder, &scan);
    let said = read_holds(folder)?;
    replay.facts.holds = said.holds;
    replay.facts.freeze = said.freeze;
    replay.warnings.extend(said.warnings);
    replay.warnings.extend(said.damage.clone());
    replay.holds_damaged = said.damage;
    Ok(replay)
}

/// Replays the lines.
pub(super) fn tell(scan: &Scan<'_>) -> Told {
    let replay = Replay { next_seq: 1, ..Replay::default() };
    let mut told = Told { replay, stories: BTreeMap::new(), sources: HashMap::new() };
    let mut latest: Option<Timestamp> = None;
    let mut hole = false;
    for (place, line) in scan.whole.iter().enumerate() {
        let written_at = line.entry.written_at();
        let is_hole = matches!(line.entry, Entry::Repaired { .. });
        if (hole || line.after_hole) && !is_hole {
            // A reboot may have been recorded where the hole is: all is known only from here on. A clock that was
            // set back does not make it earlier than what is known already.
            told.replay.facts.born = Some(latest.map_or(written_at, |latest| latest.max(written_at)));
        }
        told.take(place, line, hole);
        hole = is_hole;
        if !is_hole && !matches!(line.entry, Entry::Compacted { .. }) {
            latest = latest.max(Some(written_at));
        }
    }
    if hole || scan.ends_in_hole {
        told.replay.facts.born = None;
    }
    told.replay.latest = latest;
    told.finish();
    told
}

impl Told {
    fn take(&mut self, place: usize, line: &Whole<'_>, after_repair: bool) {
        let next_seq = &mut self.replay.next_seq;
        match &line.entry {
            Entry::Born { at, .. } => {
                self.replay.facts.born.get_or_insert(*at);
            }
            Entry::Run(run) => self.replay.token = self.replay.token.max(run.token),
            Entry::Repaired { .. } => {}
            Entry::Compacted { next_seq: next, token, .. } => {
                *next_seq = (*next_seq).max(*next);
                self.replay.token = self.replay.token.max(*token);
            }
            Entry::Intent(intent) => {
                *next_seq = (*next_seq).max(intent.seq.saturating_add(1));
                let story =
                    Story { intent: intent.clone(), accepted: None, outcome: None, places: vec![place] };
                self.stories.insert(intent.seq, story);
            }
            Entry::Conclusion(conclusion) => {
                *next_seq = (*next_seq).max(conclusion.intent.saturating_add(1));
                if let Some(story) = self.stories.get_mut(&conclusion.intent) {
                    story.outcome = Some(conclusion.outcome);
                    story.places.push(place);
                }
            }
            Entry::Accepted { intent, ticket, .. } => {
                *next_seq = (*next_seq).max(intent.saturating_add(1));
                if let Some(story) = self.stories.get_mut(intent) {
                    story.accepted = Some(ticket.clone());
                    story.places.push(place);
                }
            }
            Entry::Resolved { at, provider, id, done, settles, .. } => {
                let key = (provider.clone(), id.clone());
                let one_shot_was_open = self.resolve(place, &key, *at, *done, settles.as_deref());
                let says_boot = match settles {
                    Some(settles) => settles.is_empty(),
                    // Where lines are missing right before, what it settled may be among them.
                    None => !one_shot_was_open && !line.after_hole && !after_repair,
                };
                // Said of a server with nothing to settle, it means: this server has been rebooted, as of now.
                if *done && says_boot {
                    self.source(key, Source::Boot, *at, place);
                }
            }
        }
    }

    /// Settles what is open of a server; whether a one-shot change was.
    fn resolve(
        &mut self,
        place: usize,
        key: &ServerKey,
        at: Timestamp,
        done: bool,
        settles: Option<&[u64]>,
    ) -> bool {
        let mut one_shot_was_open = false;
        let mut not_rebooted = Vec::new();
        for (seq, story) in &mut self.stories {
            let intent = &story.intent;
            let open = matches!(story.outcome, None | Some(Outcome::Unresolved));
            // Nobody can have spoken of what was sent later: such lines were moved.
            let meant = settles.map_or(intent.at <= at, |settles| settles.contains(seq));
            if open && meant && intent.provider == key.0 && intent.id == key.1 {
                one_shot_was_open |= intent.operation.verb().is_one_shot();
                if intent.operation.verb() == Verb::Reboot && !done {
                    not_rebooted.push((intent.at, story.places[0]));
                }
                story.outcome = Some(if done { Outcome::Done } else { Outcome::NoEffect });
                story.places.push(place);
            }
        }
        for (at, place) in not_rebooted {
            self.source(key.clone(), Source::NotRebooted, at, place);
        }
        one_shot_was_open
    }

    fn finish(&mut self) {
        let mut last: HashMap<ServerKey, Option<OpenIntent>> = HashMap::new();
        let mut boots = Vec::new();
        let replay = &mut self.replay;
        for story in self.stories.values() {
            let Story { intent, accepted, outcome, places } = story;
            let key = (intent.provider.clone(), intent.id.clone());
            let verb = intent.operation.verb();
            let open =
                |unresolved| OpenIntent { unresolved, accepted: accepted.clone(), intent: intent.clone() };
            last.insert(key.clone(), story.is_on_record().then(|| open(false)));
            match outcome {
                // From when it was sent: the boot itself came after that.
                Some(Outcome::Done) if intent.operation.boots() => {
                    boots.push((key, intent.at, places[0]));
                }
                None | Some(Outcome::Unresolved) if verb.is_one_shot() => {
                    let settled = Unresolved { address: intent.address.clone(), verb, sent_at: intent.at };
                    replay.facts.unresolved.insert(key, settled);
                    replay.open.push(open(outcome.is_some()));
                }
                // Anything else shows in live state.
                _ => {}
            }
        }
        replay.under_way = last.into_values().flatten().collect();
        replay.under_way.sort_by_key(|open| open.intent.seq);
        for (key, at, place) in boots {
            self.source(key, Source::Boot, at, place);
        }
        for ((key, source), (at, _)) in &self.sources {
            let facts = &mut self.replay.facts;
            match source {
                Source::Boot => facts.boots.insert(key.clone(), *at),
                Source::NotRebooted => facts.not_rebooted.insert(key.clone(), *at),
            };
        }
    }

    /// Keeps the latest instant of a server.
    fn source(&mut self, key: ServerKey, source: Source, at: Timestamp, place: usize) {
        let latest = self.sources.entry((key, source)).or_insert((at, place));
        if at > latest.0 {
            *latest = (at, place);
        }
    }
}

impl Story {
    /// Whether only the provider's record tells of it: live state shows the old state until its end.
    pub(super) fn is_on_record(&self) -> bool {
        let is_one_shot = self.intent.operation.verb().is_one_shot();
        self.outcome.is_none() && !is_one_shot && matches!(self.accepted, Some(Some(_)))
    }
}

/// What is wrong, what it costs and what to do about it, for people.
pub(super) fn warnings_of(folder: &Path, scan: &Scan<'_>) -> Vec<String> {
    let path = folder.join(FILE_NAME);
    let path = path.display();
    let mut warnings = Vec::new();
    let holes: Vec<&Finding> = scan.findings.iter().filter(|found| found.flaw != Flaw::CutOff).collect();
    for found in holes.iter().take(TOLD) {
        let cost = match found.flaw {
            Flaw::Damaged | Flaw::CutOff => {
                "it is left out, and a reboot recorded there is not known any more"
            }
            Flaw::Copied => "it is left out",
            Flaw::BrokenLink | Flaw::ChangedBefore => "a reboot recorded there would not be known any more",
        };
        warnings.push(format!(
            "line {} of {path} {}; {cost}; `fleetform ledger repair` cleans it up",
            found.line, found.flaw
        ));
    }
    if let Some(more @ 1..) = holes.len().checked_sub(TOLD) {
        warnings
            .push(format!("{more} more lines of {path} are like that; `fleetform ledger verify` lists them"));
    }
    if let Some(found) = scan.findings.iter().find(|found| found.flaw == Flaw::CutOff) {
        warnings.push(format!(
            "line {} of {path}, the last one, {}; it is dropped, its call was not sent or its end is looked for",
            found.line, found.flaw
        ));
    }
    warnings
}
