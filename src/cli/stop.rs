//! The runtime, and Ctrl-C: the first one starts nothing new, the second leaves at once. SIGTERM counts as Ctrl-C.

use super::exit::{Failure, code};
use std::future::Future;
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
}

impl Signals {
    /// Begins to listen. From then on the second signal ends the process: what was sent is in the journal.
    pub(super) fn listen() -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::problem(format!("signals cannot be caught: {error}"));
        let (sender, stop) = watch::channel(false);
        let mut next = Source::new().map_err(failed)?;
        tokio::spawn(async move {
            next.wait().await;
            // The receiver lives as long as the command.
            let _ = sender.send(true);
            next.wait().await;
            leave();
        });
        Ok(Self { stop })
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
        // An error means that nobody can send any more: then wait for ever, as nothing will come.
        if self.stop.clone().wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[allow(clippy::exit, reason = "the second Ctrl-C means: now. Everything sent is on disk in the journal")]
fn leave() -> ! {
    std::process::exit(i32::from(code::INTERRUPTED))
}

#[cfg(unix)]
struct Source {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Source {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Source;

#[cfg(not(unix))]
impl Source {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn wait(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
