//! Calls that name several servers: steps that want the same of different servers share one, up to the provider's
//! limit. A batch that is refused as a whole is sent again in halves until the culprit is alone.

use super::Link;
use crate::model::{ConnectionName, Operation, ServerId};
use crate::provider::{Effect, Error, ErrorKind, Provider, Receipt};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How long a batch waits for company that has said it is coming, since the last one came: as long as one after the
/// other comes, because they are read first and not many at once, it does not leave half empty.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often is looked whether anybody is still coming. Also the time in which others may say so.
const TICK: Duration = Duration::from_millis(10);

type Verdict = Result<Receipt, Error>;

/// Where calls of one run wait for company.
#[derive(Default)]
pub(super) struct Batches {
    trays: Mutex<HashMap<(ConnectionName, Operation), Arc<Tray>>>,
}

impl Batches {
    /// Says that a call is coming. Whoever waits for company waits for it, until it is sent or given up.
    pub(super) fn announce(&self, connection: &ConnectionName, link: &Link, operation: &Operation) -> Seat {
        let limit = link.capabilities.batch.of(operation.verb());
        let new = || {
            Arc::new(Tray {
                provider: Arc::clone(&link.provider),
                operation: operation.clone(),
                limit,
                state: Mutex::default(),
            })
        };
        let tray = if limit == 1 {
            new()
        } else {
            let key = (connection.clone(), operation.clone());
            Arc::clone(locked(&self.trays).entry(key).or_insert_with(new))
        };
        locked(&tray.state).coming += 1;
        Seat { tray, is_coming: true }
    }
}

/// The calls of one kind on one connection.
struct Tray {
    provider: Arc<dyn Provider>,
    operation: Operation,
    limit: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Announced, and neither sent nor given up.
    coming: usize,
    waiting: Vec<Waiting>,
    /// When the last of them came.
    last: Option<Instant>,
    /// Batches that have left: tells whoever watches over one that it is gone.
    departed: u64,
}

struct Waiting {
    id: ServerId,
    verdict: oneshot::Sender<Verdict>,
}

/// An announced call.
pub(super) struct Seat {
    tray: Arc<Tray>,
    is_coming: bool,
}

impl Seat {
    /// Sends the call, together with others where the provider has batches, and returns what was said of this
    /// server.
    pub(super) async fn send(mut self, id: &ServerId) -> Verdict {
        let (sender, receiver) = oneshot::channel();
        self.step_aside();
        self.tray.board(Waiting { id: id.clone(), verdict: sender });
        let lost = || Error::new(ErrorKind::Garbage, "the provider gave no verdict").maybe_effective();
        receiver.await.unwrap_or_else(|_| Err(lost()))
    }
}

impl Seat {
    /// It will be a while: nobody waits for this call any more. It may still be sent.
    pub(super) fn step_aside(&mut self) {
        if std::mem::take(&mut self.is_coming) {
            locked(&self.tray.state).coming -= 1;
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.step_aside();
    }
}

impl Tray {
    /// Takes in a call. A full batch leaves at once; the first of a new one sees to it that it leaves.
    fn board(self: &Arc<Self>, waiting: Waiting) {
        let mut state = locked(&self.state);
        state.last = Some(Instant::now());
        state.waiting.push(waiting);
        if state.waiting.len() >= self.limit {
            self.depart(&mut state);
        } else if state.waiting.len() == 1 {
            tokio::spawn(Arc::clone(self).depart_in_time(state.departed));
        }
    }

    /// Sends the batch when nobody else is coming, or patience is at its end.
    async fn depart_in_time(self: Arc<Self>, departed: u64) {
        loop {
            tokio::time::sleep(TICK).await;
            let mut state = locked(&self.state);
            if state.departed != departed {
                return;
            }
            if state.coming == 0 || state.last.is_none_or(|last| last.elapsed() >= PATIENCE) {
                return self.depart(&mut state);
            }
        }
    }

    fn depart(self: &Arc<Self>, state: &mut State) {
        let batch = std::mem::take(&mut state.waiting);
        state.departed += 1;
        let tray = Arc::clone(self);
        tokio::spawn(async move { tray.carry(batch).await });
    }

    /// Sends a batch, and its halves where it is refused as a whole.
    async fn carry(&self, batch: Vec<Waiting>) {
        let mut parts = vec![batch];
        while let Some(mut part) = parts.pop() {
            let ids: Vec<ServerId> = part.iter().map(|waiting| waiting.id.clone()).collect();
            match self.provider.send(&self.operation, &ids).await {
                // Too few verdicts leave somebody without: the sender is dropped, and that reads as a lost answer.
                Ok(verdicts) => {
                    part.into_iter().zip(verdicts).for_each(|(waiting, verdict)| tell(waiting, verdict));
                }
                Err(error) if part.len() > 1 && is_refusal(&error) => {
                    tracing::info!(servers = part.len(), %error, "the batch was refused; sending its halves");
                    if self.operation.verb().is_one_shot() {
                        part = self.without_touched(part, &error).await;
                    }
                    let half = part.split_off(part.len() / 2);
                    parts.extend([half, part].into_iter().filter(|part| !part.is_empty()));
                }
                Err(error) => part.into_iter().for_each(|waiting| tell(waiting, Err(error.clone()))),
            }
        }
    }

    /// Leaves out the servers at which something is happening although the batch was refused: to them the call may
    /// have got through, and what must not be done twice is not sent twice.
    async fn without_touched(&self, part: Vec<Waiting>, error: &Error) -> Vec<Waiting> {
        let looks = part.into_iter().map(|waiting| async {
            let live = self.provider.get(&waiting.id).await;
            let at_rest = matches!(&live, Ok(Some(live)) if !live.state.is_transition());
            (waiting, at_rest)
        });
        let mut untouched = Vec::new();
        for (waiting, at_rest) in futures_util::future::join_all(looks).await {
            if at_rest {
                untouched.push(waiting);
            } else {
                tell(waiting, Err(error.clone().maybe_effective()));
            }
        }
        untouched
    }
}

/// Whoever waited may have been given up meanwhile.
fn tell(waiting: Waiting, verdict: Verdict) {
    let _ = waiting.verdict.send(verdict);
}

/// Whether the call was understood and not carried out, for a reason that one server alone may give.
fn is_refusal(error: &Error) -> bool {
    error.effect == Effect::None
        && matches!(error.kind, ErrorKind::Refused | ErrorKind::NotFound | ErrorKind::Busy)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
