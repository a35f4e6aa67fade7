//! The runtime, and Ctrl-C: the first one starts nothing new, the second leaves at once. SIGTERM counts as Ctrl-C, and so
//! does SIGHUP, unless whoever started the program had it ignored.

use super::exit::{Failure, code};
use std::future::Future;
use std::time::Duration;
use tokio::sync::watch;

/// Runs a command's asynchronous part. One thread: the work is waiting.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::problem(format!("no runtime: {error}")))?
        .block_on(work)
}

/// The signals of this run.
pub(super) struct Signals {
    stop: watch::Receiver<bool>,
    leave: watch::Receiver<bool>,
}

impl Signals {
    /// Begins to listen. From the second signal on the process ends within a second: what was sent is in the journal.
    pub(super) fn listen() -> Result<Self, Failure> {
        Self::listen_to(Source::new().map_err(uncaught)?)
    }

    /// For a program that stays: SIGHUP asks it to read its files again, and is counted.
    pub(super) fn of_daemon() -> Result<(Self, watch::Receiver<u64>), Failure> {
        let (sender, reloads) = watch::channel(0);
        let mut hang_ups = HangUps::new().map_err(uncaught)?;
        tokio::spawn(async move {
            loop {
                hang_ups.wait().await;
                sender.send_modify(|count| *count += 1);
            }
        });
        Ok((Self::listen_to(Source::of_daemon().map_err(uncaught)?)?, reloads))
    }

    fn listen_to(mut next: Source) -> Result<Self, Failure> {
        let (sender, stop) = watch::channel(false);
        let (last, leave) = watch::channel(false);
        tokio::spawn(async move {
            next.wait().await;
            // The receiver lives as long as the command.
            let _ = sender.send(true);
            next.wait().await;
            // Whatever the command does now, and should it hang in doing so.
            std::thread::spawn(|| {
                std::thread::sleep(PATIENCE);
                leave_now();
            });
            let _ = last.send(true);
            if last.is_closed() {
                leave_now();
            }
            std::future::pending::<()>().await;
        });
        Ok(Self { stop, leave })
    }

    /// What the executor looks at before it starts anything.
    pub(super) fn flag(&self) -> watch::Receiver<bool> {
        self.stop.clone()
    }

    pub(super) fn came(&self) -> bool {
        *self.stop.borrow()
    }

    /// Does something that may be dropped half way: reading, waiting, asking nobody.
    pub(super) async fn unless_interrupted<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let mut stop = self.stop.clone();
        tokio::select! {
            done = work => done,
            _ = stop.wait_for(|stop| *stop) => Err(Failure::Interrupted),
        }
    }

    /// Returns when the first signal comes.
    pub(super) async fn wait(&self) {
        came(self.stop.clone()).await;
    }

    /// Returns when the second signal comes. Less than a second is left then.
    pub(super) async fn again(&self) {
        came(self.leave.clone()).await;
    }
}

fn uncaught(error: std::io::Error) -> Failure {
    Failure::problem(format!("signals cannot be caught: {error}"))
}

async fn came(mut signal: watch::Receiver<bool>) {
    // An error means that nobody can send any more: then wait for ever, as nothing will come.
    if signal.wait_for(|came| *came).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// How long a command has for its last words.
const PATIENCE: Duration = Duration::from_millis(800);

#[allow(clippy::exit, reason = "the second Ctrl-C means: now. Everything sent is on disk in the journal")]
fn leave_now() -> ! {
    std::process::exit(i32::from(code::INTERRUPTED))
}

#[cfg(unix)]
struct Source {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Source {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let hang_up = (!ignores_hang_ups()).then(|| signal(SignalKind::hangup())).transpose()?;
        Ok(Self { hang_up, ..Self::of_daemon()? })
    }

    fn of_daemon() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: None,
        })
    }

    async fn wait(&mut self) {
        let hung_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hung_up => {}
        }
    }
}

/// SIGHUP alone.
#[cfg(unix)]
struct HangUps(tokio::signal::unix::Signal);

#[cfg(unix)]
impl HangUps {
    fn new() -> std::io::Result<Self> {
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).map(Self)
    }

    async fn wait(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(not(unix))]
struct HangUps;

#[cfg(not(unix))]
impl HangUps {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn wait(&mut self) {
        std::future::pending::<()>().await;
    }
}

/// Whether the program was started so as to outlive its terminal, as by `nohup`. Where the system does not tell, it was
/// not.
#[cfg(unix)]
fn ignores_hang_ups() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    // Signals are counted from 1, and SIGHUP is the first.
    mask & 1 == 1
}

#[cfg(not(unix))]
struct Source;

#[cfg(not(unix))]
impl Source {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    fn of_daemon() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn wait(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
