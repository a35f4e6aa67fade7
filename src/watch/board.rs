//! Where a watcher puts what it knows, for whoever wants to show it: the latest [`Status`], and what has happened. Nobody
//! who reads can hold the watcher up.

use super::{Happening, Status};
use std::sync::Arc;
use tokio::sync::{broadcast, watch};

/// So many happenings wait for a reader; a slower one is told how many it missed.
const KEPT: usize = 1024;

/// A handle; clones share what they show.
#[derive(Clone, Debug)]
pub struct Board {
    latest: Arc<watch::Sender<Arc<Status>>>,
    happenings: broadcast::Sender<Happening>,
}

/// Waits for what is published.
#[derive(Debug)]
pub struct Reader(watch::Receiver<Arc<Status>>);

impl Board {
    /// Shows this until something else is published.
    pub fn new(first: Status) -> Self {
        Self {
            latest: Arc::new(watch::Sender::new(Arc::new(first))),
            happenings: broadcast::Sender::new(KEPT),
        }
    }

    /// Replaces what is shown.
    pub fn publish(&self, status: Status) {
        self.latest.send_replace(Arc::new(status));
    }

    /// What is shown.
    pub fn latest(&self) -> Arc<Status> {
        Arc::clone(&self.latest.borrow())
    }

    /// Somebody who wants to know of everything that is published from now on.
    pub fn reader(&self) -> Reader {
        Reader(self.latest.subscribe())
    }

    /// Tells whoever listens; nobody may.
    pub fn tell(&self, happening: Happening) {
        // An error means that nobody listens.
        let _ = self.happenings.send(happening);
    }

    /// Everything that happens from now on.
    pub fn happenings(&self) -> broadcast::Receiver<Happening> {
        self.happenings.subscribe()
    }
}

impl Reader {
    /// The next status that is published; those in between are passed over. `None` once nothing more can come.
    pub async fn next(&mut self) -> Option<Arc<Status>> {
        self.0.changed().await.ok()?;
        Some(Arc::clone(&self.0.borrow_and_update()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::{FileStatus, Occasion, Role, STATUS_VERSION, Watcher};
    use jiff::Timestamp;

    fn status(rounds: u64) -> Status {
        let at = Timestamp::UNIX_EPOCH;
        Status {
            format_version: STATUS_VERSION.into(),
            fleetform_version: "0".into(),
            watcher: Watcher { run: "r".into(), user: "u".into(), host: "h".into(), pid: 1 },
            started_at: at,
            at,
            role: Role::Observer,
            simulated: false,
            interval: 60.0,
            rounds,
            last_round: None,
            last_success_at: None,
            file: FileStatus { fleet: Vec::new(), loaded_at: at, rejected: None, rejected_at: None },
            connections: Vec::new(),
            drift: Vec::new(),
            contested: Vec::new(),
            problems: Vec::new(),
            holds: Vec::new(),
            upcoming: Vec::new(),
            recent: Vec::new(),
            corrections: Vec::new(),
        }
    }

    #[tokio::test]
    async fn every_handle_shows_the_latest_and_readers_are_woken() {
        let board = Board::new(status(0));
        let other = board.clone();
        let (mut reader, mut heard) = (other.reader(), other.happenings());
        board.publish(status(1));
        board.publish(status(2));
        assert_eq!((other.latest().rounds, reader.next().await.map(|s| s.rounds)), (2, Some(2)));
        let note = Happening::new(Timestamp::UNIX_EPOCH, Occasion::Note, "hello");
        board.tell(note.clone());
        assert_eq!(heard.recv().await.unwrap(), note);
        drop((board, other));
        assert_eq!(reader.next().await.map(|s| s.rounds), None);
    }
}
