//! Starting, telling and stopping: one thread with a runtime of its own, fed by what the board tells.

use super::deliver::Target;
use super::gather::gather;
use super::memory::Memory;
use crate::config::Receiver;
use crate::http::Hook;
use crate::watch::{Board, Happening, NotificationStatus, Occasion, Role, Watcher};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::broadcast::{Receiver as Happenings, error::RecvError};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How often and how long things are tried.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// What happens within this time of the first is told together.
    pub gather: Duration,
    /// From the first attempt to the second; each wait is about twice the one before.
    pub first_delay: Duration,
    /// The longest wait between two attempts, unless the receiver asks for more.
    pub longest_delay: Duration,
    /// Attempts at one notice, the first included.
    pub attempts: usize,
    /// One attempt, answer included.
    pub timeout: Duration,
    /// Notices that wait for one receiver.
    pub queue: usize,
    /// For so long the same is not told again after a restart.
    pub remember: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            gather: Duration::from_secs(1),
            first_delay: Duration::from_secs(1),
            longest_delay: Duration::from_mins(2),
            attempts: 12,
            timeout: Duration::from_secs(10),
            queue: 256,
            remember: Duration::from_hours(6),
        }
    }
}

/// Whom to tell, and as whom.
#[derive(Clone, Debug)]
pub struct NotifyOptions {
    /// The receivers, in the order of the file.
    pub receivers: Vec<Receiver>,
    /// Who tells it.
    pub watcher: Watcher,
    /// Against the simulator.
    pub simulated: bool,
    /// Where what was told is remembered: a file in the ledger's folder.
    pub memory: Option<PathBuf>,
    /// How often and how long.
    pub pace: Pace,
}

/// Why nobody is told.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// A receiver cannot be posted to.
    #[error("notify[{0}]: {1}")]
    Receiver(usize, crate::provider::Error),
    /// The thread could not be started.
    #[error("nobody can be notified: {0}")]
    Thread(std::io::Error),
}

/// Happenings that are gathered at most before they are told.
const MOST_GATHERED: usize = 20_000;

/// Tells until it is finished or dropped.
pub struct Notifier {
    targets: Arc<Vec<Arc<Target>>>,
    stop: watch::Sender<Option<Duration>>,
    thread: Option<JoinHandle<()>>,
}

impl Notifier {
    /// Begins to tell what happens from now on.
    pub fn start(options: NotifyOptions, board: &Board) -> Result<Self, NotifyError> {
        let happenings = board.happenings();
        let mut targets = Vec::new();
        for (number, receiver) in options.receivers.into_iter().enumerate() {
            let hook = Hook::new(&receiver.url).map_err(|error| NotifyError::Receiver(number, error))?;
            let target =
                Target::new(number, receiver, hook, options.watcher.clone(), options.simulated, options.pace);
            targets.push(Arc::new(target));
        }
        let targets = Arc::new(targets);
        let (stop, stopped) = watch::channel(None);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(NotifyError::Thread)?;
        let memory = Memory::open(options.memory, options.pace.remember, Timestamp::now());
        let work = Work {
            board: board.clone(),
            targets: Arc::clone(&targets),
            memory: Arc::new(Mutex::new(memory)),
            run: options.watcher.run,
            pace: options.pace,
            told: 0,
        };
        let body = move || runtime.block_on(work.run(happenings, stopped));
        let thread = std::thread::Builder::new().name("notify".into()).spawn(body);
        Ok(Self { targets, stop, thread: Some(thread.map_err(NotifyError::Thread)?) })
    }

    /// How the receivers fare, in the order of the file.
    pub fn status(&self) -> Vec<NotificationStatus> {
        self.targets.iter().map(|target| target.status()).collect()
    }

    /// The same, for whoever outlives this.
    pub fn status_source(&self) -> Arc<dyn Fn() -> Vec<NotificationStatus> + Send + Sync> {
        let targets = Arc::clone(&self.targets);
        Arc::new(move || targets.iter().map(|target| target.status()).collect())
    }

    /// Tells what has happened so far, and gives that this much time. What is left is lost.
    pub fn finish(mut self, patience: Duration) {
        self.end(patience);
    }

    fn end(&mut self, patience: Duration) {
        self.stop.send_replace(Some(patience));
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::warn!("the thread that notifies died");
        }
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.end(Duration::ZERO);
        }
    }
}

struct Work {
    board: Board,
    targets: Arc<Vec<Arc<Target>>>,
    memory: Arc<Mutex<Memory>>,
    run: String,
    pace: Pace,
    /// Notices so far, for their ids.
    told: u64,
}

impl Work {
    async fn run(
        mut self,
        mut happenings: Happenings<Happening>,
        mut stop: watch::Receiver<Option<Duration>>,
    ) {
        let mut senders = JoinSet::new();
        for target in self.targets.iter() {
            senders.spawn(Arc::clone(target).work(Arc::clone(&self.memory)));
        }
        let mut gathered: Vec<Happening> = Vec::new();
        let mut due: Option<Instant> = None;
        loop {
            // Without anything gathered there is nothing to wait for.
            let pause = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                _ = stop.wait_for(Option::is_some) => break,
                heard = happenings.recv() => match heard {
                    Ok(happening) => {
                        gathered.push(happening);
                        due.get_or_insert_with(|| Instant::now() + self.pace.gather);
                        if gathered.len() >= MOST_GATHERED {
                            due = Some(Instant::now());
                        }
                    }
                    Err(RecvError::Lagged(missed)) => {
                        self.targets.iter().for_each(|target| target.count_missed(missed));
                    }
                    // This holds the board, so it is never gone; if it were, there is nothing more to hear.
                    Err(RecvError::Closed) => break,
                },
                () = pause => {}
            }
            if due.is_some_and(|due| due <= Instant::now()) {
                self.tell(std::mem::take(&mut gathered));
                due = None;
            }
        }
        while let Ok(happening) = happenings.try_recv() {
            gathered.push(happening);
        }
        self.tell(gathered);
        // Closed without a word is waited for as well: the one who started this says how long.
        let patience = match stop.wait_for(Option::is_some).await {
            Ok(patience) => patience.unwrap_or_default(),
            Err(_) => Duration::ZERO,
        };
        let all_sent = async {
            while !self.targets.iter().all(|target| target.is_idle()) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        // What is not sent by then is lost, as after a crash; the next run tells what still is so.
        let _ = tokio::time::timeout(patience, all_sent).await;
        senders.shutdown().await;
    }

    fn tell(&mut self, mut happenings: Vec<Happening>) {
        // Two watchers of one ledger see the same: the one that leads tells it.
        if matches!(self.board.latest().role, Role::Standby { .. }) {
            let own = [Occasion::LeaderGained, Occasion::LeaderLost];
            happenings.retain(|happening| own.contains(&happening.occasion));
        }
        for notice in gather(happenings) {
            self.told += 1;
            let now = Timestamp::now();
            self.memory().forget_what_ended(notice.kind);
            for (number, target) in self.targets.iter().enumerate() {
                if !target.wants(&notice) {
                    continue;
                }
                // Two receivers may have one URL, and want different things.
                let name = format!("{number} {}", target.receiver.url.expose_secret());
                let news = self.memory().news(&name, &notice, now);
                match news {
                    Some((key, notice)) => target.push(key, format!("{}-{}", self.run, self.told), notice),
                    None => target.count_repeated(),
                }
            }
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
