//! One writer at a time on one ledger. The lock is the operating system's, so it is free as soon as its holder is
//! gone, however it went. Beside it the holder has a lease, for the case that it is stopped and not gone: it gives
//! signs of life, and whoever finds none for long replaces the lock's file by its own, with a higher token. The one
//! that was stopped looks before everything that it writes or sends, and finds that the file is not its own any more.

use super::author::Author;
use super::journal::make_folder;
use super::lease::{Holder, Terms};
use jiff::Timestamp;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Between two looks at a lock that is held.
const LOOK: Duration = Duration::from_millis(100);

/// How long others are waited for who write their sign of life or look at the lock: moments, unless one is stopped
/// in the midst of it.
const TURN: Duration = Duration::from_secs(10);

/// Why the lock was not got.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("the ledger {path} is in use{}", held(.holder.as_deref(), *.terms))]
    Held {
        /// The ledger's folder.
        path: PathBuf,
        /// Who, as far as it said.
        holder: Option<Box<Holder>>,
        /// After how long it may be taken over.
        terms: Terms,
    },
    /// The folder or the file cannot be made or opened.
    #[error("the ledger {path} cannot be used: {what}")]
    Io {
        /// The ledger's folder.
        path: PathBuf,
        /// What happened.
        what: String,
    },
}

fn held(holder: Option<&Holder>, terms: Terms) -> String {
    let Some(holder) = holder else { return "; --lock-timeout 10m waits for it".into() };
    match holder.silence(Timestamp::now()) {
        Some(silence) if silence >= terms.lease => format!(
            " by {holder}, which gave no sign of life for {} s and may be stopped; --lock-timeout {}s takes the \
             ledger over from it",
            silence.as_secs(),
            terms.watch().as_secs() + 5
        ),
        _ => format!(" by {holder}; --lock-timeout 10m waits for it"),
    }
}

/// The lock on a ledger, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    lease: Arc<Lease>,
    author: Author,
    /// Dropped to end the signs of life.
    stop: Option<Sender<()>>,
    beating: Option<JoinHandle<()>>,
}

impl Lock {
    /// Takes the lock for this process, waiting at most `patience` for its holder. Blocks the thread.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn take(folder: &Path, patience: Duration) -> Result<Self, LockError> {
        Self::take_as(folder, patience, &Author::here("use", None), Terms::default())
    }

    /// Takes the lock, waiting at most `patience` for its holder. A holder that gives no sign of life for longer than
    /// its lease, and gives none while it is watched, is replaced. Blocks the thread.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn take_as(
        folder: &Path,
        patience: Duration,
        author: &Author,
        terms: Terms,
    ) -> Result<Self, LockError> {
        let failed = |error: io::Error| LockError::Io { path: folder.into(), what: error.to_string() };
        make_folder(folder).map_err(failed)?;
        let open = || Lease::open(folder, author, terms);
        // A patience beyond what a clock can count is endless.
        let deadline = Instant::now().checked_add(patience);
        let mut suspect: Option<(Holder, Instant)> = None;
        let mut chances = 5;
        loop {
            let holder = match open().and_then(Lease::try_take).map_err(failed)? {
                Attempt::Taken(lease) => return Ok(Self::begin(lease, author)),
                Attempt::Moved => continue,
                Attempt::Held(holder) => holder,
            };
            // Another command may keep other terms: nobody is replaced by shorter ones than its own.
            let judged = holder.as_ref().map_or(terms, |holder| holder.terms(terms));
            let silent = holder.as_ref().filter(|holder| {
                holder.silence(Timestamp::now()).is_some_and(|silence| silence >= judged.lease)
            });
            match (silent, &suspect) {
                (Some(silent), Some((seen, since))) if seen == silent => {
                    if since.elapsed() >= judged.watch()
                        && let Some(lease) =
                            open().and_then(|lease| lease.take_over(silent)).map_err(failed)?
                    {
                        return Ok(Self::begin(lease, author));
                    }
                }
                (silent, _) => suspect = silent.map(|silent| (silent.clone(), Instant::now())),
            }
            if deadline.is_some_and(|end| Instant::now() >= end) {
                // It has the lock since a moment ago, and is about to write who it is.
                if holder.is_none() && chances > 0 {
                    chances -= 1;
                    std::thread::sleep(LOOK);
                    continue;
                }
                let holder = holder.map(Box::new);
                return Err(LockError::Held { path: folder.into(), holder, terms: judged });
            }
            std::thread::sleep(LOOK.min(terms.beat()));
        }
    }

    /// Gives signs of life from now on.
    fn begin(lease: Lease, author: &Author) -> Self {
        let lease = Arc::new(lease);
        let (stop, stopped) = channel();
        let beating = Arc::clone(&lease);
        let beat = lease.terms.beat();
        let beating = std::thread::spawn(move || {
            while stopped.recv_timeout(beat) == Err(RecvTimeoutError::Timeout) {
                beating.renew();
            }
        });
        Self { lease, author: author.clone(), stop: Some(stop), beating: Some(beating) }
    }

    /// Who holds it.
    pub fn author(&self) -> &Author {
        &self.author
    }

    /// Its fencing token.
    pub fn token(&self) -> u64 {
        locked(&self.lease.holder).token
    }

    /// Sees to it that the token is higher than this one: the lock's file may have been lost.
    pub(super) fn outrank(&self, token: u64) {
        if self.token() <= token {
            locked(&self.lease.holder).token = token.saturating_add(1);
            self.lease.renew();
        }
    }

    /// Keeps others from taking over while something is written.
    ///
    /// # Errors
    /// Another process has the lock by now.
    pub(super) fn turn(&self) -> Result<Turn<'_>, String> {
        self.lease.turn_of_holder()
    }

    /// What tells right before a call whether it may still be sent.
    pub fn permit(&self) -> Permit {
        Permit(Arc::clone(&self.lease))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(beating) = self.beating.take() {
            let _ = beating.join();
        }
        self.lease.release();
    }
}

/// Whether the holder of a lock still holds it. Outlives the lock: then it holds nothing.
#[derive(Clone, Debug)]
pub struct Permit(Arc<Lease>);

impl Permit {
    /// Looks at the lock's file; nothing is written.
    ///
    /// # Errors
    /// The lock has passed on, or this process was stopped for so long that it may be passing on now.
    pub fn check(&self) -> Result<(), String> {
        if !self.0.is_current() {
            return Err(self.0.passed_on());
        }
        if locked(&self.0.holder).released {
            return Err("this process has given the ledger's lock back".into());
        }
        if locked(&self.0.alive).elapsed() >= self.0.terms.lease {
            return Err("this process was stopped for longer than its lease on the ledger lasts".into());
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Lease {
    folder: PathBuf,
    file: File,
    holder: Mutex<Holder>,
    machine: String,
    terms: Terms,
    /// Held by whoever writes to the lock's file or, as its holder, to the journal.
    turn: Mutex<File>,
    /// When the last sign of life was given.
    alive: Mutex<Instant>,
}

enum Attempt {
    Taken(Lease),
    Held(Option<Holder>),
    /// Somebody replaced the file meanwhile.
    Moved,
}

/// Nobody else writes until it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'l>(MutexGuard<'l, File>);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

impl Lease {
    fn open(folder: &Path, author: &Author, terms: Terms) -> io::Result<Self> {
        let open = |name| {
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(folder.join(name))
        };
        Ok(Self {
            folder: folder.into(),
            file: open("lock")?,
            holder: Mutex::new(Holder::new(author, 0, Timestamp::now())),
            machine: author.machine.clone(),
            terms,
            turn: Mutex::new(open("lock.turn")?),
            alive: Mutex::new(Instant::now()),
        })
    }

    fn path(&self) -> PathBuf {
        self.folder.join("lock")
    }

    fn try_take(self) -> io::Result<Attempt> {
        match self.file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Attempt::Held(Holder::read(&self.file))),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let Ok(turn) = self.turn() else { return Ok(Attempt::Held(Holder::read(&self.file))) };
        if !self.is_current() {
            return Ok(Attempt::Moved);
        }
        let before = Holder::read(&self.file);
        if let Some(before) = &before
            && !before.released
            && !before.machine.is_empty()
            && before.machine != self.machine
        {
            // On a folder that machines share the system's lock may be each machine's own.
            return Ok(Attempt::Held(Some(before.clone())));
        }
        self.write_first(&self.file, before.map_or(0, |before| before.token))?;
        drop(turn);
        Ok(Attempt::Taken(self))
    }

    /// Replaces the file of a holder that is still as it was seen; `None` where it is not.
    fn take_over(mut self, seen: &Holder) -> io::Result<Option<Self>> {
        let next = self.folder.join("lock.next");
        let file = {
            let Ok(_turn) = self.turn() else { return Ok(None) };
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&next)?;
            let is_as_seen =
                File::open(self.path()).is_ok_and(|now| Holder::read(&now).as_ref() == Some(seen));
            if !is_as_seen || file.try_lock().is_err() {
                return Ok(None);
            }
            self.write_first(&file, seen.token)?;
            fs::rename(&next, self.path())?;
            file
        };
        File::open(&self.folder)?.sync_all()?;
        self.file = file;
        Ok(Some(self))
    }

    fn write_first(&self, file: &File, token_before: u64) -> io::Result<()> {
        let mut holder = locked(&self.holder);
        let now = Timestamp::now();
        (holder.token, holder.since, holder.heartbeat) = (token_before.saturating_add(1), now, Some(now));
        holder.lease_ms = u64::try_from(self.terms.lease.as_millis()).unwrap_or(u64::MAX);
        *locked(&self.alive) = Instant::now();
        // That it cannot be written does not make the system's lock less held; but nobody must be able to replace a
        // holder by what an earlier one left there.
        holder.write(file)?;
        file.sync_all()
    }

    /// Gives a sign of life. Where that does not work the lease runs out, and nothing is sent any more.
    fn renew(&self) {
        let begun = Instant::now();
        let Ok(_turn) = self.turn_of_holder() else { return };
        let mut holder = locked(&self.holder);
        holder.heartbeat = Some(Timestamp::now());
        if holder.write(&self.file).is_ok() {
            *locked(&self.alive) = begun;
        }
    }

    fn release(&self) {
        let Ok(_turn) = self.turn_of_holder() else { return };
        let mut holder = locked(&self.holder);
        holder.released = true;
        let _ = holder.write(&self.file);
        let _ = self.file.unlock();
    }

    fn turn_of_holder(&self) -> Result<Turn<'_>, String> {
        let turn = self.turn()?;
        if self.is_current() { Ok(turn) } else { Err(self.passed_on()) }
    }

    fn turn(&self) -> Result<Turn<'_>, String> {
        let begun = Instant::now();
        let file = locked(&self.turn);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Turn(file)),
                Err(TryLockError::WouldBlock) if begun.elapsed() < TURN => {
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err("another process is stopped while it looks at the lock".into());
                }
                Err(TryLockError::Error(error)) => return Err(error.to_string()),
            }
        }
    }

    /// Whether the lock's file is the one that this process opened.
    #[cfg(unix)]
    fn is_current(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        let place = |data: fs::Metadata| (data.dev(), data.ino());
        let own = self.file.metadata().map(place);
        own.is_ok() && own.ok() == fs::metadata(self.path()).map(place).ok()
    }

    /// Whether the lock's file says so: a file that is open is not replaced here.
    #[cfg(not(unix))]
    fn is_current(&self) -> bool {
        self.path().exists()
    }

    fn passed_on(&self) -> String {
        let now = File::open(self.path()).ok().and_then(|file| Holder::read(&file));
        let own = locked(&self.holder);
        match now {
            Some(now) if !now.is(&own) => {
                format!("this process was stopped, and the ledger has passed on to {now}")
            }
            _ => "the ledger's lock file was removed or replaced while this process held it".into(),
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
