//! The gates of rollouts: a wave begins when those before it have come to their end, few enough of their changes
//! failed, and the pause has passed.

use super::executor::Executor;
use super::outcome::{ChangeOutcome, Event};
use crate::plan::{Change, Wave};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// The rollouts of one apply, by number.
pub(super) struct Rollouts<'a>(BTreeMap<u64, (&'a Wave, watch::Sender<State>)>);

#[derive(Default)]
struct State {
    /// Changes that have not come to their end, by wave.
    open: BTreeMap<u64, usize>,
    failures: u64,
    /// When the last change of a wave came to its end.
    ends: BTreeMap<u64, Instant>,
    /// Waves whose pause has been told.
    told: BTreeSet<u64>,
}

impl State {
    fn is_open_before(&self, wave: u64) -> bool {
        self.open.range(..wave).any(|(_, count)| *count > 0)
    }
}

impl<'a> Rollouts<'a> {
    pub(super) fn of(changes: &'a [Change]) -> Self {
        let mut all = BTreeMap::new();
        for wave in changes.iter().filter_map(|change| change.wave.as_ref()) {
            let (_, state) =
                all.entry(wave.rollout).or_insert_with(|| (wave, watch::Sender::new(State::default())));
            state.send_modify(|state| *state.open.entry(wave.number).or_default() += 1);
        }
        Self(all)
    }

    /// A change has come to its end.
    pub(super) fn ended(&self, wave: &Wave, outcome: ChangeOutcome) {
        let Some((_, state)) = self.0.get(&wave.rollout) else { return };
        state.send_modify(|state| {
            if let Some(open) = state.open.get_mut(&wave.number) {
                *open = open.saturating_sub(1);
            }
            state.failures += u64::from(matches!(outcome, ChangeOutcome::Failed | ChangeOutcome::Unresolved));
            if outcome != ChangeOutcome::NotStarted {
                state.ends.insert(wave.number, Instant::now());
            }
        });
    }

    /// Why nothing more of the rollout is started, if so.
    pub(super) fn stopped(&self, wave: &Wave) -> Option<String> {
        let (_, state) = self.0.get(&wave.rollout)?;
        let failures = state.borrow().failures;
        let changes = if failures == 1 { "1 change".to_owned() } else { format!("{failures} changes") };
        (failures >= wave.stop_after_failures)
            .then(|| format!("the rollout of {} was stopped: {changes} failed", wave.servers))
    }
}

impl Executor<'_> {
    /// Waits until the wave of a change may begin; an error says why it never will.
    pub(super) async fn gate(&self, wave: &Wave) -> Result<(), String> {
        let Some((_, state)) = self.rollouts.0.get(&wave.rollout) else { return Ok(()) };
        let mut changes = state.subscribe();
        let is_over =
            |state: &State| !state.is_open_before(wave.number) || state.failures >= wave.stop_after_failures;
        tokio::select! {
            biased;
            why = self.stopped() => return Err(why),
            // The sender lives as long as the executor.
            _ = changes.wait_for(is_over) => {}
        }
        self.rollouts.stopped(wave).map_or(Ok(()), Err)?;
        let end = state.borrow().ends.range(..wave.number).map(|(_, end)| *end).max();
        let (Some(pause), Some(end)) = (wave.pause, end) else { return Ok(()) };
        // The pause is counted from the end of the wave before; those of this wave all come here at that moment.
        let until = self.pause_until(wave, state, end + pause.duration());
        tokio::select! {
            biased;
            why = self.stopped() => Err(why),
            () = tokio::time::sleep_until(until) => Ok(()),
        }
    }

    /// Tells of a pause, once.
    fn pause_until(&self, wave: &Wave, state: &watch::Sender<State>, until: Instant) -> Instant {
        let left = until.saturating_duration_since(Instant::now());
        let mut is_new = false;
        state.send_if_modified(|state| {
            is_new = state.told.insert(wave.number);
            false
        });
        if is_new && left > Duration::ZERO {
            self.observer.event(&Event::Pause { wave, left });
        }
        until
    }
}
