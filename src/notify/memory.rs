//! What was told already. In one run every server is told once for each kind and plan; after a restart a plan that was
//! told lately is not told again. What has ended is forgotten, so that it is told when it happens again.

use super::gather::Notice;
use crate::model::NoticeKind;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The most that is remembered from run to run.
const MOST: usize = 1000;

/// Servers of all notices of this run that are remembered; each takes 8 bytes and the room of a set.
const MOST_SERVERS: usize = 250_000;

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// What was told to whom: a receiver, a kind and a plan, as a hash.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Key {
    kind: String,
    hash: String,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    key: Key,
    at: Timestamp,
}

/// The file beside the ledger. Losing it means that something is told twice.
#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    told: Vec<Kept>,
}

pub(super) struct Memory {
    path: Option<PathBuf>,
    keep: Duration,
    /// Taken by their receivers, in this run or an earlier one.
    told: HashMap<Key, Timestamp>,
    /// Those of them that an earlier run has told.
    earlier: HashSet<Key>,
    /// Handed on in this run, with hashes of the servers.
    handed_on: HashMap<Key, HashSet<u64>>,
    /// Their keys, oldest first.
    order: VecDeque<Key>,
}

impl Memory {
    /// Reads what earlier runs have told. What cannot be read is as good as nothing.
    pub(super) fn open(path: Option<PathBuf>, keep: Duration, now: Timestamp) -> Self {
        let kept = path.as_deref().map(read).unwrap_or_default();
        let mut told: HashMap<Key, Timestamp> = kept.into_iter().map(|one| (one.key, one.at)).collect();
        told.retain(|_, at| is_recent(*at, now, keep));
        let earlier = told.keys().cloned().collect();
        Self { path, keep, told, earlier, handed_on: HashMap::new(), order: VecDeque::new() }
    }

    /// What of a notice is news to a receiver, which is named by its place and URL; `None` where nothing is.
    pub(super) fn news(&mut self, receiver: &str, notice: &Notice, now: Timestamp) -> Option<(Key, Notice)> {
        let key = key(receiver, notice);
        let recently = self.told.get(&key).is_some_and(|at| is_recent(*at, now, self.keep));
        let told_earlier = recently && self.earlier.contains(&key);
        if !self.handed_on.contains_key(&key) {
            self.make_room(notice.servers.len());
            self.order.push_back(key.clone());
        }
        let seen = self.handed_on.entry(key.clone()).or_default();
        let mut notice = notice.clone();
        if notice.servers.is_empty() {
            let new = seen.insert(0);
            return (new && !told_earlier).then_some((key, notice));
        }
        notice.servers.retain(|one| seen.insert(short_hash(&one.address.to_string())));
        (!notice.servers.is_empty() && !told_earlier).then_some((key, notice))
    }

    /// Forgets the oldest of this run: a watcher runs for months.
    fn make_room(&mut self, servers: usize) {
        let mut all: usize = self.handed_on.values().map(HashSet::len).sum();
        while self.order.len() >= MOST || (all + servers > MOST_SERVERS && !self.order.is_empty()) {
            let Some(oldest) = self.order.pop_front() else { return };
            all -= self.handed_on.remove(&oldest).map_or(0, |seen| seen.len());
        }
    }

    /// Forgets what a kind of notice makes past: what was corrected may drift again.
    pub(super) fn forget_what_ended(&mut self, kind: NoticeKind) {
        let ended = ended_by(kind);
        let stays = |key: &Key| !ended.iter().any(|kind| kind.word() == key.kind);
        let before = self.told.len();
        self.told.retain(|key, _| stays(key));
        self.handed_on.retain(|key, _| stays(key));
        self.order.retain(|key| stays(key));
        self.earlier.retain(|key| stays(key));
        if self.told.len() < before {
            self.save();
        }
    }

    /// A receiver has taken it. What has ended meanwhile is not remembered.
    pub(super) fn taken(&mut self, key: Key, now: Timestamp) {
        if !self.handed_on.contains_key(&key) {
            return;
        }
        self.told.insert(key, now);
        self.told.retain(|_, at| is_recent(*at, now, self.keep));
        if self.told.len() > MOST {
            let mut times: Vec<Timestamp> = self.told.values().copied().collect();
            times.sort_unstable();
            let oldest = times[times.len() - MOST];
            self.told.retain(|_, at| *at >= oldest);
        }
        self.save();
    }

    /// Best effort: a full disk must not keep anything from being told.
    fn save(&self) {
        let Some(path) = &self.path else { return };
        let mut told: Vec<Kept> =
            self.told.iter().map(|(key, at)| Kept { key: key.clone(), at: *at }).collect();
        told.sort_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)));
        if let Err(error) = write(path, &File { version: 1, told }) {
            tracing::warn!(
                "what was notified cannot be remembered: {error}; it may be told again after a restart"
            );
        }
    }
}

/// Replaces the file as a whole: whoever dies in between leaves the old one.
fn write(path: &Path, file: &File) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let next = path.with_extension("json.new");
    std::fs::write(&next, serde_json::to_vec(file)?)?;
    std::fs::rename(&next, path)
}

fn read(path: &Path) -> Vec<Kept> {
    let small = std::fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() <= MAX_FILE);
    if !small {
        return Vec::new();
    }
    let file = std::fs::read(path).ok().and_then(|bytes| serde_json::from_slice::<File>(&bytes).ok());
    file.filter(|file| file.version == 1).map(|file| file.told).unwrap_or_default()
}

fn is_recent(at: Timestamp, now: Timestamp, keep: Duration) -> bool {
    // A clock that was set back must not silence anything for longer.
    Duration::try_from(now.duration_since(at)).is_ok_and(|age| age < keep)
}

/// The URL is in the hash alone: the file tells nobody where notices go.
fn key(receiver: &str, notice: &Notice) -> Key {
    let about = match (&notice.digest, notice.servers.is_empty()) {
        (Some(digest), false) => digest.clone(),
        // Servers without a plan are their own reason; what is about none is its words.
        (None, false) => String::new(),
        (digest, true) => {
            let connection = notice.connection.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{} {connection} {}", digest.as_deref().unwrap_or_default(), notice.message)
        }
    };
    let mut hash = Sha256::new();
    for part in [receiver, notice.kind.word(), &about] {
        hash.update(format!("{} {part}\n", part.len()));
    }
    let hash = hash.finalize().iter().take(16).fold(String::new(), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    });
    Key { kind: notice.kind.word().into(), hash }
}

fn short_hash(text: &str) -> u64 {
    let digest = Sha256::digest(text);
    digest.iter().take(8).fold(0, |all, byte| (all << 8) | u64::from(*byte))
}

fn ended_by(kind: NoticeKind) -> &'static [NoticeKind] {
    use NoticeKind as K;
    match kind {
        K::Drift => &[K::DriftEnded, K::Corrected],
        K::DriftEnded | K::Corrected => &[K::Drift, K::Failed, K::Refused],
        K::Failed | K::Refused | K::Note => &[],
        K::Contested => &[K::ContestEnded],
        K::ContestEnded => &[K::Contested],
        K::Stopped => &[K::Resumed],
        K::Resumed => &[K::Stopped],
        K::ConnectionLost => &[K::ConnectionBack],
        K::ConnectionBack => &[K::ConnectionLost],
        K::FileRejected => &[K::FileReloaded],
        K::FileReloaded => &[K::FileRejected],
        K::LeaderGained => &[K::LeaderLost],
        K::LeaderLost => &[K::LeaderGained],
        K::Problem => &[K::ProblemEnded],
        K::ProblemEnded => &[K::Problem],
    }
}
