//! When calls reached the simulator: its own counts, looked at every few milliseconds.

use fleetform::simulator::Running;
use std::collections::BTreeMap;
use std::future::Future;
use std::time::{Duration, Instant};

/// Between two looks; what is told of a call is so much late at most, and never early.
const TICK: Duration = Duration::from_millis(5);

/// Calls in the order in which they were counted, with the time since the beginning.
pub(crate) struct Timeline(pub(crate) Vec<(Duration, String)>);

impl Timeline {
    /// When calls whose route holds a text were counted.
    pub(crate) fn of(&self, route: &str) -> Vec<Duration> {
        self.0.iter().filter(|(_, call)| call.contains(route)).map(|(at, _)| *at).collect()
    }
}

/// Does something and tells which calls came meanwhile.
pub(crate) async fn timed<T>(running: &Running, work: impl Future<Output = T>) -> (T, Timeline) {
    let counts = || -> BTreeMap<String, u64> {
        let calls = running.stats().calls.into_iter();
        calls.map(|call| (format!("{} {}", call.method, call.route), call.count)).collect()
    };
    let (begun, mut known, mut seen) = (Instant::now(), counts(), Vec::new());
    let mut look = || {
        for (call, count) in counts() {
            let before = known.insert(call.clone(), count).unwrap_or_default();
            (before..count).for_each(|_| seen.push((begun.elapsed(), call.clone())));
        }
    };
    tokio::pin!(work);
    let result = loop {
        tokio::select! {
            result = &mut work => break result,
            () = tokio::time::sleep(TICK) => look(),
        }
    };
    look();
    (result, Timeline(seen))
}
