//! Who of several watchers on one ledger acts. The leader holds a lease of its own, below the ledger, for as long as it runs;
//! the ledger's lock itself it takes only while it puts something right, so that a person's `apply` is never kept out for
//! longer than that.

use crate::http;
use crate::ledger::{Author, Lock, LockError, Permit, Terms};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Below the ledger.
const FOLDER: &str = "watch";

/// How long one wait for the lease is, unless it is a long one: then a holder must be watched for longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two tries where the lease's file cannot be used.
const PAUSE: Duration = Duration::from_secs(5);

/// What is asked right before every change: both the lease of the leader and the lock of the ledger must be held still.
#[derive(Clone, Default)]
pub(super) struct Pass(Arc<Mutex<Permits>>);

#[derive(Default)]
struct Permits {
    lead: Option<Permit>,
    ledger: Option<Permit>,
}

impl Pass {
    pub(super) fn check(&self) -> Result<(), String> {
        let permits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(lead), Some(ledger)) = (&permits.lead, &permits.ledger) else {
            return Err("this watcher is not the leader, or puts nothing right at present".into());
        };
        lead.check().map_err(|why| format!("as the leader: {why}"))?;
        ledger.check()
    }

    pub(super) fn for_ledger(&self, permit: Option<Permit>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).ledger = permit;
    }

    fn for_lead(&self, permit: Option<Permit>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).lead = permit;
    }

    /// For connections.
    pub(super) fn permit(&self) -> http::Permit {
        let pass = self.clone();
        Arc::new(move || pass.check())
    }
}

/// A watcher's place among others.
pub(super) struct Seat {
    folder: PathBuf,
    author: Author,
    terms: Terms,
    pass: Pass,
    lease: Option<Lock>,
    /// Who leads, as far as known.
    holder: String,
    news: Option<UnboundedReceiver<News>>,
    over: Arc<AtomicBool>,
}

enum News {
    Held(String),
    Taken(Box<Lock>),
    Failed(String),
}

/// What has changed about a seat.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It leads now.
    Gained,
    /// It leads no more.
    Lost(String),
    /// Somebody else leads.
    Standby,
    /// The lease cannot be used.
    Trouble(String),
}

impl Seat {
    /// Takes the lease if it is free.
    pub(super) fn take(ledger: &Path, author: Author, lease: Duration, pass: Pass) -> Result<Self, String> {
        let folder = ledger.join(FOLDER);
        // Whoever takes over watches the silent holder for a sixth of the lease; together they are no longer than it.
        let terms = Terms { lease: lease * 5 / 6 };
        let (lease, holder) = match Lock::take_as(&folder, Duration::ZERO, &author, terms) {
            Ok(lock) => (Some(lock), String::new()),
            Err(LockError::Held { holder, .. }) => (None, name(holder.as_deref())),
            Err(error @ LockError::Io { .. }) => return Err(error.to_string()),
        };
        pass.for_lead(lease.as_ref().map(Lock::permit));
        let over = Arc::new(AtomicBool::new(false));
        let mut seat = Self { folder, author, terms, pass, lease, holder, news: None, over };
        if seat.lease.is_none() {
            seat.contend();
        }
        Ok(seat)
    }

    pub(super) fn leads(&self) -> bool {
        self.lease.is_some()
    }

    pub(super) fn holder(&self) -> &str {
        &self.holder
    }

    pub(super) fn terms(&self) -> Terms {
        self.terms
    }

    /// Looks at the lease, and at what the contender has found since.
    pub(super) fn look(&mut self) -> Vec<Turn> {
        let mut turns = Vec::new();
        if let Some(lease) = &self.lease
            && let Err(why) = lease.permit().check()
        {
            self.pass.for_lead(None);
            self.lease = None;
            turns.push(Turn::Lost(why));
            self.contend();
        }
        while let Some(Ok(news)) = self.news.as_mut().map(UnboundedReceiver::try_recv) {
            turns.push(self.take_in(news));
        }
        turns
    }

    /// Returns when something has changed for somebody who waits for the lease; never for the leader.
    pub(super) async fn changed(&mut self) -> Turn {
        let news = match &mut self.news {
            Some(news) => news.recv().await,
            None => None,
        };
        match news {
            Some(news) => self.take_in(news),
            None => std::future::pending().await,
        }
    }

    fn take_in(&mut self, news: News) -> Turn {
        match news {
            News::Held(holder) => {
                self.holder = holder;
                Turn::Standby
            }
            News::Taken(lock) => {
                self.pass.for_lead(Some(lock.permit()));
                self.lease = Some(*lock);
                self.news = None;
                Turn::Gained
            }
            News::Failed(why) => Turn::Trouble(why),
        }
    }

    /// Waits for the lease on a thread of its own, which ends with the process or when it is got.
    fn contend(&mut self) {
        let (tell, news) = unbounded_channel();
        self.news = Some(news);
        let contender = Contender {
            folder: self.folder.clone(),
            author: self.author.clone(),
            terms: self.terms,
            over: Arc::clone(&self.over),
            told: self.holder.clone(),
        };
        std::thread::spawn(move || contender.run(&tell));
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        self.pass.for_lead(None);
    }
}

struct Contender {
    folder: PathBuf,
    author: Author,
    terms: Terms,
    over: Arc<AtomicBool>,
    told: String,
}

impl Contender {
    fn run(mut self, tell: &UnboundedSender<News>) {
        // First of all who has it.
        let mut patience = Duration::ZERO;
        while !self.over.load(Ordering::SeqCst) && !tell.is_closed() {
            match Lock::take_as(&self.folder, patience, &self.author, self.terms) {
                Ok(lock) => {
                    // Where nobody listens any more it is given back at once.
                    let _ = tell.send(News::Taken(Box::new(lock)));
                    return;
                }
                Err(LockError::Held { holder, .. }) => {
                    let holder = name(holder.as_deref());
                    if holder != self.told {
                        self.told.clone_from(&holder);
                        let _ = tell.send(News::Held(holder));
                    }
                }
                Err(error @ LockError::Io { .. }) => {
                    let _ = tell.send(News::Failed(error.to_string()));
                    std::thread::sleep(PAUSE);
                }
            }
            patience = PATIENCE.max(self.terms.lease / 2);
        }
    }
}

fn name(holder: Option<&crate::ledger::Holder>) -> String {
    holder.map_or_else(|| "another process".into(), ToString::to_string)
}
