//! Reads a whole listing from its parts, side by side, and refuses to return less than all of it.

use super::{Cursor, Error, ErrorKind, Part, Provider};
use crate::model::{CaseRule, LiveServer};
use foldhash::{HashSet, HashSetExt};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

/// How often a listing that changes under our hands is read before we give up.
const MAX_READS: usize = 4;

/// Parts asked for in one listing before it is taken for an endless one.
const MAX_PARTS: usize = 100_000;

/// Why a listing could not be read in full.
pub type ListFailure = Error;

/// Reads all servers of a connection. Parts are fetched side by side, `in_flight` at a time; servers that two
/// parts show (rows move while we read) are kept once, compared by id under `id_case`.
///
/// # Errors
/// The first error of any part; or [`ErrorKind::Garbage`] when the parts never agree on how many servers there are.
pub async fn list_all(
    provider: &dyn Provider,
    id_case: CaseRule,
    in_flight: usize,
) -> Result<Vec<LiveServer>, ListFailure> {
    let mut last = String::new();
    for _ in 0..MAX_READS {
        match read_once(provider, id_case, in_flight.max(1)).await? {
            Reading::Whole(servers) => return Ok(servers),
            Reading::Inconsistent(why) => last = why,
        }
    }
    Err(Error::new(
        ErrorKind::Garbage,
        format!("the list of servers was not complete in {MAX_READS} readings: {last}"),
    )
    .with_hint("it is not taken for a shorter list; try again when the provider is at rest"))
}

enum Reading {
    Whole(Vec<LiveServer>),
    Inconsistent(String),
}

async fn read_once(provider: &dyn Provider, id_case: CaseRule, in_flight: usize) -> Result<Reading, Error> {
    let mut waiting = vec![Cursor::Start];
    let mut asked: HashSet<Cursor> = HashSet::from_iter([Cursor::Start]);
    let mut under_way = FuturesUnordered::new();
    let mut servers: Vec<LiveServer> = Vec::new();
    let mut seen: HashSet<Box<str>> = HashSet::new();
    let mut total: Option<u64> = None;
    loop {
        while under_way.len() < in_flight {
            let Some(cursor) = waiting.pop() else { break };
            under_way.push(async move { provider.list_part(&cursor).await });
        }
        let Some(part) = under_way.next().await else { break };
        let Part { servers: found, next, total: claimed } = match part {
            Ok(part) => part,
            Err(error) if error.kind == ErrorKind::ListMoved => {
                return Ok(Reading::Inconsistent(error.message));
            }
            Err(error) => return Err(error),
        };
        for server in found {
            let fresh = server.id.as_ref().is_none_or(|id| seen.insert(id_case.key(id.as_str()).into()));
            if fresh {
                servers.push(server);
            }
        }
        // Reversed, because the last one waiting is asked next: pages are then read in their order.
        waiting.extend(
            next.into_iter()
                .filter(|cursor| asked.insert(cursor.clone()))
                .collect::<Vec<_>>()
                .into_iter()
                .rev(),
        );
        if asked.len() > MAX_PARTS {
            return Err(Error::new(
                ErrorKind::Garbage,
                format!("the list of servers has more than {MAX_PARTS} parts"),
            ));
        }
        match (total, claimed) {
            (Some(before), Some(now)) if before != now => {
                return Ok(Reading::Inconsistent(format!("it said {before} servers, then {now}")));
            }
            (_, claimed) => total = claimed.or(total),
        }
    }
    match total {
        Some(total) if total != servers.len() as u64 => {
            Ok(Reading::Inconsistent(format!("it said {total} servers and showed {}", servers.len())))
        }
        _ => Ok(Reading::Whole(servers)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{LiveState, Operation, Power, ServerId};
    use crate::provider::Verdicts;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Two pages, of which the second is gone so many times.
    struct Moving {
        gone: AtomicUsize,
        starts: AtomicUsize,
    }

    #[async_trait::async_trait]
    impl Provider for Moving {
        async fn list_part(&self, cursor: &Cursor) -> Result<Part, Error> {
            let server = |id: &str| LiveServer::new(id, id, LiveState::Settled(Power::On));
            let start = *cursor == Cursor::Start;
            self.starts.fetch_add(usize::from(start), Ordering::SeqCst);
            if start {
                let next = vec![Cursor::At("second".into())];
                return Ok(Part { servers: vec![server("a")], next, total: None });
            }
            let again = |left: usize| left.checked_sub(1);
            match self.gone.fetch_update(Ordering::SeqCst, Ordering::SeqCst, again) {
                Ok(_) => Err(Error::new(ErrorKind::ListMoved, "the page is gone")),
                Err(_) => Ok(Part { servers: vec![server("b")], ..Part::default() }),
            }
        }

        async fn get(&self, _: &ServerId) -> Result<Option<LiveServer>, Error> {
            Ok(None)
        }

        async fn send(&self, _: &Operation, _: &[ServerId]) -> Result<Verdicts, Error> {
            Ok(Vec::new())
        }
    }

    #[tokio::test]
    async fn a_list_that_moves_is_read_from_its_start_and_not_for_ever() {
        for (gone, starts, whole) in [(0, 1, true), (1, 2, true), (3, 4, true), (4, 4, false)] {
            let moving = Moving { gone: gone.into(), starts: 0.into() };
            let read = list_all(&moving, CaseRule::Exact, 2).await;
            assert_eq!(moving.starts.into_inner(), starts);
            match read {
                Ok(servers) => assert!(whole && servers.len() == 2),
                Err(error) => assert!(!whole && error.message.contains("the page is gone"), "{error}"),
            }
        }
    }
}
