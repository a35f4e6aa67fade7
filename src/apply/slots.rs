//! What is under way at once. `--parallelism` bounds two things: the changes, where those that may share one call of
//! the provider count as one, so that batches are as large as the provider takes them; and the calls to providers,
//! reads included, whatever they are for.

use super::{Link, Links};
use crate::model::{ConnectionName, LiveServer, Operation, ServerId};
use crate::provider::{Cursor, Error, Mark, Observation, Part, Provider, Traffic, Trail, Verdicts};
use async_trait::async_trait;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

type Key = (ConnectionName, Operation);

/// The places of one apply.
pub(super) struct Slots {
    free: Arc<Semaphore>,
    halls: Mutex<HashMap<Key, Hall>>,
}

/// Where those meet who may share a call.
#[derive(Default)]
struct Hall {
    /// The party that still takes members.
    open: Weak<Party>,
    waiting: VecDeque<oneshot::Sender<Place>>,
}

/// Changes that are under way in one slot.
struct Party {
    /// How many may still join; none from the moment in which the first has left.
    seats: Mutex<usize>,
    _slot: Option<OwnedSemaphorePermit>,
}

/// A place in a slot, until it is dropped.
pub(super) struct Place(Arc<Party>);

impl Drop for Place {
    fn drop(&mut self) {
        *locked(&self.0.seats) = 0;
    }
}

impl Party {
    fn join(self: &Arc<Self>) -> Option<Place> {
        let mut seats = locked(&self.seats);
        *seats = seats.checked_sub(1)?;
        Some(Place(Arc::clone(self)))
    }
}

impl Slots {
    pub(super) fn new(parallelism: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(parallelism.max(1))), halls: Mutex::default() }
    }

    /// Waits for a slot, or for a place in that of others that want the same on the same connection.
    pub(super) async fn enter(
        &self,
        connection: &ConnectionName,
        link: &Link,
        operation: &Operation,
    ) -> Place {
        let most = link.capabilities.batch.of(operation.verb());
        if most == 1 {
            return self.first(1).await.0;
        }
        let key = (connection.clone(), operation.clone());
        let mut granted = {
            let mut halls = locked(&self.halls);
            let hall = halls.entry(key.clone()).or_default();
            if let Some(place) = hall.open.upgrade().and_then(|party| party.join()) {
                return place;
            }
            let (sender, receiver) = oneshot::channel();
            hall.waiting.push_back(sender);
            receiver
        };
        let (place, party) = tokio::select! {
            biased;
            Ok(place) = &mut granted => return place,
            first = self.first(most) => first,
        };
        // Nobody hands a place to this one any more; somebody may have done so just now.
        granted.close();
        if let Ok(place) = granted.try_recv() {
            return place;
        }
        let mut halls = locked(&self.halls);
        let hall = halls.entry(key).or_default();
        // Those that have gone meanwhile take no place.
        hall.waiting.retain(|other| !other.is_closed());
        while !hall.waiting.is_empty()
            && let Some(place) = party.join()
            && let Some(other) = hall.waiting.pop_front()
        {
            let _ = other.send(place);
        }
        hall.open = Arc::downgrade(&party);
        place
    }

    /// A slot of one's own, in which so many find place.
    async fn first(&self, most: usize) -> (Place, Arc<Party>) {
        // The semaphore is never closed, so there always is a permit.
        let slot = Arc::clone(&self.free).acquire_owned().await.ok();
        let party = Arc::new(Party { seats: Mutex::new(most - 1), _slot: slot });
        (Place(Arc::clone(&party)), party)
    }
}

/// The same connections, with so many calls under way at once, over all of them.
pub(super) fn bounded(links: &Links, parallelism: usize) -> Links {
    let calls = Arc::new(Semaphore::new(parallelism.max(1)));
    let one = |link: &Link| {
        let provider = Arc::new(Bounded { inner: Arc::clone(&link.provider), calls: Arc::clone(&calls) });
        Link { provider, ..link.clone() }
    };
    links.iter().map(|(name, link)| (name.clone(), one(link))).collect()
}

/// A provider whose calls wait for their turn.
struct Bounded {
    inner: Arc<dyn Provider>,
    calls: Arc<Semaphore>,
}

#[async_trait]
impl Provider for Bounded {
    async fn list_part(&self, cursor: &Cursor) -> Result<Part, Error> {
        let _turn = self.calls.acquire().await;
        self.inner.list_part(cursor).await
    }

    async fn get(&self, id: &ServerId) -> Result<Option<LiveServer>, Error> {
        let _turn = self.calls.acquire().await;
        self.inner.get(id).await
    }

    async fn mark(&self, id: &ServerId, operation: &Operation) -> Result<Option<Mark>, Error> {
        let _turn = self.calls.acquire().await;
        self.inner.mark(id, operation).await
    }

    async fn send(&self, operation: &Operation, ids: &[ServerId]) -> Result<Verdicts, Error> {
        let _turn = self.calls.acquire().await;
        self.inner.send(operation, ids).await
    }

    async fn observe(&self, trail: Trail<'_>) -> Result<Observation, Error> {
        let _turn = self.calls.acquire().await;
        self.inner.observe(trail).await
    }

    fn traffic(&self) -> Traffic {
        self.inner.traffic()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
