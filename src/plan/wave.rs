//! Which wave of its rollout a change belongs to. No change waits for one of a later wave: waves are filled in the
//! order in which changes wait for each other, and what still would is moved back.

use super::change::Change;
use crate::model::{Address, DesiredServer, Period, Rollout, Verb};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The wave of a change, with the rollout's terms: what was reviewed is what holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Wave {
    /// Which of the fleet's rollouts, from 1.
    pub rollout: u64,
    /// The servers of the rollout: its selector, or `all servers`.
    pub servers: String,
    /// The declared sizes of its waves: `1, 10%, rest`.
    pub sizes: String,
    /// The wave, from 1. It begins when all changes of the rollout's earlier waves have come to their end.
    pub number: u64,
    /// How many waves there are.
    pub of: u64,
    /// Between the end of a wave and the beginning of the next.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pause: Option<Period>,
    /// With so many failures nothing further of the rollout is started.
    pub stop_after_failures: u64,
}

impl Wave {
    /// Whether two waves are of rollouts with the same terms.
    pub(super) fn same_terms(&self, other: &Self) -> bool {
        (&self.servers, &self.sizes, self.pause, self.stop_after_failures)
            == (&other.servers, &other.sizes, other.pause, other.stop_after_failures)
    }
}

/// Gives the changes, which are sorted by address, their waves.
pub(super) fn assign(changes: &mut [Change], desired: &[DesiredServer]) {
    let of: HashMap<&Address, &Rollout> =
        desired.iter().filter_map(|entry| Some((&entry.address, entry.rollout.as_deref()?))).collect();
    if of.is_empty() {
        return;
    }
    let waits = Waits::of(changes);
    let mut members: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    let mut rollouts: Vec<Option<&Rollout>> = vec![None; changes.len()];
    for at in waits.order() {
        // A rename alone interrupts nothing.
        let gated = changes[at].actions.iter().any(|verb| *verb != Verb::Rename);
        if let Some(rollout) = of.get(&changes[at].address).filter(|_| gated) {
            rollouts[at] = Some(rollout);
            members.entry(rollout.number).or_default().push(at);
        }
    }
    let mut levels = vec![0usize; changes.len()];
    for all in members.values() {
        fill(all, &rollouts, &mut levels);
    }
    waits.raise(&mut levels);
    number(changes, &rollouts, &levels);
}

/// Cuts the members of a rollout into its waves.
fn fill(members: &[usize], rollouts: &[Option<&Rollout>], levels: &mut [usize]) {
    let Some(rollout) = members.first().and_then(|at| rollouts[*at]) else { return };
    let mut rest = members;
    let sizes = rollout.waves.iter().map(|size| size.of(members.len())).chain([usize::MAX]);
    for (level, size) in sizes.enumerate() {
        let (wave, later) = rest.split_at(size.min(rest.len()));
        for at in wave {
            levels[*at] = level + 1;
        }
        rest = later;
    }
}

/// Writes the waves down. Numbers that nobody has are closed up, over all rollouts alike: of two changes the later one
/// stays the later one.
fn number(changes: &mut [Change], rollouts: &[Option<&Rollout>], levels: &[usize]) {
    let gated = || rollouts.iter().zip(levels).filter_map(|(rollout, level)| Some(((*rollout)?, *level)));
    let used: BTreeSet<usize> = gated().map(|(_, level)| level).collect();
    let numbers: BTreeMap<usize, u64> = used.into_iter().zip(1..).collect();
    let mut last: BTreeMap<u64, u64> = BTreeMap::new();
    for (rollout, level) in gated() {
        let most = last.entry(rollout.number).or_default();
        *most = (*most).max(numbers[&level]);
    }
    for ((change, rollout), level) in changes.iter_mut().zip(rollouts).zip(levels) {
        change.wave = rollout.map(|rollout| Wave {
            rollout: rollout.number,
            servers: rollout.servers(),
            sizes: rollout.sizes(),
            number: numbers[level],
            of: last[&rollout.number],
            pause: rollout.pause,
            stop_after_failures: rollout.stop_after_failures,
        });
    }
}

/// Which change waits for which others, by their places.
struct Waits {
    before: Vec<BTreeSet<usize>>,
    after: Vec<BTreeSet<usize>>,
}

impl Waits {
    fn of(changes: &[Change]) -> Self {
        let places: HashMap<&Address, usize> =
            changes.iter().enumerate().map(|(at, change)| (&change.address, at)).collect();
        let mut waits = Self {
            before: vec![BTreeSet::new(); changes.len()],
            after: vec![BTreeSet::new(); changes.len()],
        };
        for (at, change) in changes.iter().enumerate() {
            for other in change.steps.iter().flat_map(|step| &step.after) {
                if let Some(&before) = places.get(&other.address).filter(|before| **before != at) {
                    waits.before[at].insert(before);
                    waits.after[before].insert(at);
                }
            }
        }
        waits
    }

    /// All changes, each after those that it waits for. In a circle (two names that are exchanged step by step) the
    /// first of its members begins.
    fn order(&self) -> Vec<usize> {
        let mut open: Vec<usize> = self.before.iter().map(BTreeSet::len).collect();
        let mut ready: BTreeSet<usize> = (0..open.len()).filter(|at| open[*at] == 0).collect();
        let mut left: BTreeSet<usize> = (0..open.len()).collect();
        let mut order = Vec::with_capacity(open.len());
        while let Some(at) = ready.pop_first().or_else(|| left.first().copied()) {
            if !left.remove(&at) {
                continue;
            }
            order.push(at);
            for &next in &self.after[at] {
                open[next] = open[next].saturating_sub(1);
                if open[next] == 0 && left.contains(&next) {
                    ready.insert(next);
                }
            }
        }
        order
    }

    /// Moves a change to the latest wave of those that it waits for, also through others. Then every wait is for an
    /// equal wave or an earlier one, so that waits of waves and waits of steps together have no circle: in one, all
    /// waves would be equal, and it would be a circle of steps alone.
    fn raise(&self, levels: &mut [usize]) {
        let mut due: BTreeSet<usize> = (0..levels.len()).collect();
        while let Some(at) = due.pop_first() {
            for &next in &self.after[at] {
                if levels[next] < levels[at] {
                    levels[next] = levels[at];
                    due.insert(next);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Bound, DesiredPower, Labels, Location, OffKind, Operation, Presence, RebootStyle, Shutdown, WaveSize,
    };
    use crate::plan::{Facts, Step, StepRef};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn address(at: usize) -> Address {
        Address::new("east".into(), format!("s{at:02}").into())
    }

    fn change(at: usize, steps: usize) -> Change {
        let off = Operation::PowerOff { method: OffKind::Hard };
        let facts = Facts { name: address(at).name, power: None };
        Change {
            address: address(at),
            provider: "east".into(),
            id: at.to_string().into(),
            actions: vec![off.verb()],
            before: facts.clone(),
            after: Some(facts),
            reasons: Vec::new(),
            wave: None,
            cause: None,
            rebooted_since: None,
            steps: vec![Step::new(off); steps],
            location: None,
        }
    }

    fn entry(at: usize, rollout: Option<Arc<Rollout>>) -> DesiredServer {
        DesiredServer {
            address: address(at),
            id: None,
            renamed_from: None,
            presence: Presence::Present,
            power: DesiredPower::Off,
            schedule: None,
            shutdown: Shutdown::Hard,
            grace: None,
            require_evidence: None,
            reboot: RebootStyle::Hard,
            rebooted_since: None,
            healthy_when: None,
            rollout,
            protect: false,
            after: std::sync::Arc::default(),
            labels: Labels::default(),
            rule: None,
            location: Location { file: "f".into(), line: 1, column: 1 },
        }
    }

    fn rollout(number: u64, waves: &[WaveSize]) -> Arc<Rollout> {
        Arc::new(Rollout { number, select: None, waves: waves.to_vec(), pause: None, stop_after_failures: 1 })
    }

    fn numbers(changes: &[Change]) -> Vec<u64> {
        changes.iter().map(|change| change.wave.as_ref().map_or(0, |wave| wave.number)).collect()
    }

    /// Does step after step whatever may be done, as apply does; what is never reached is returned.
    fn stuck(changes: &[Change]) -> Vec<Address> {
        let mut done: BTreeMap<&Address, usize> = changes.iter().map(|c| (&c.address, 0)).collect();
        loop {
            let is_over = |change: &Change| done[&change.address] == change.steps.len();
            let may_begin = |wave: &Wave| {
                let earlier = |other: &Wave| other.rollout == wave.rollout && other.number < wave.number;
                changes.iter().all(|c| !c.wave.as_ref().is_some_and(earlier) || is_over(c))
            };
            let next = changes.iter().find(|change| {
                let gate = change.wave.as_ref().is_none_or(may_begin);
                let step = change.steps.get(done[&change.address]);
                gate && step
                    .is_some_and(|step| step.after.iter().all(|other| done[&other.address] > other.step))
            });
            let Some(change) = next else {
                let left = changes.iter().filter(|change| !is_over(change));
                return left.map(|change| change.address.clone()).collect();
            };
            *done.entry(&change.address).or_default() += 1;
        }
    }

    const ONE: WaveSize = WaveSize::Some(Bound::Count(1));
    const TENTH: WaveSize = WaveSize::Some(Bound::Percent(1_000));

    fn planned(count: usize, waves: &[WaveSize], waits: &[(usize, usize)]) -> Vec<Change> {
        let mut changes: Vec<Change> = (0..count).map(|at| change(at, 1)).collect();
        for &(at, before) in waits {
            changes[at].steps[0].after.push(StepRef { address: address(before), step: 0 });
        }
        let rollout = rollout(1, waves);
        let desired: Vec<_> = (0..count).map(|at| entry(at, Some(Arc::clone(&rollout)))).collect();
        assign(&mut changes, &desired);
        changes
    }

    #[test]
    fn waves_are_filled_by_address_and_the_rest_is_one_more() {
        let changes = planned(12, &[ONE, TENTH], &[]);
        assert_eq!(numbers(&changes), [1, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3]);
        assert!(changes.iter().all(|change| change.wave.as_ref().unwrap().of == 3));
        assert_eq!(numbers(&planned(1, &[ONE, TENTH, WaveSize::Rest], &[])), [1]);
    }

    #[test]
    fn what_is_waited_for_comes_first_and_the_first_wave_stays_as_small() {
        assert_eq!(numbers(&planned(4, &[ONE, WaveSize::Rest], &[(0, 3), (1, 3), (2, 3)])), [2, 2, 2, 1]);
    }

    #[test]
    fn a_rename_alone_waits_for_no_wave() {
        let mut changes = vec![change(0, 1), change(1, 1)];
        changes[0].actions = vec![Verb::Rename];
        let rollout = rollout(1, &[ONE]);
        assign(&mut changes, &[entry(0, Some(Arc::clone(&rollout))), entry(1, Some(rollout))]);
        assert_eq!(numbers(&changes), [0, 1]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        /// Steps wait for steps that come before them in some order, so that there is no circle of steps; among changes
        /// there may be some.
        #[test]
        fn no_change_ever_waits_for_a_later_wave(
            steps in prop::collection::vec(1..3usize, 1..12),
            ranks in prop::collection::vec(any::<u32>(), 24),
            waits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..24),
            members in prop::collection::vec(0..4u64, 12),
            sizes in prop::collection::vec(prop::collection::vec(1..4u64, 1..4), 3),
        ) {
            let mut changes: Vec<Change> = steps.iter().enumerate().map(|(at, count)| change(at, *count)).collect();
            let places: Vec<(usize, usize)> =
                steps.iter().enumerate().flat_map(|(at, count)| (0..*count).map(move |step| (at, step))).collect();
            // The second step of a change comes after the first.
            let rank = |(at, step): (usize, usize)| (u64::from(ranks[2 * at].min(ranks[2 * at + 1]))
                + if step == 1 { u64::from(ranks[2 * at].abs_diff(ranks[2 * at + 1])) + 1 } else { 0 }, at, step);
            for (one, other) in &waits {
                let (one, other) = (places[one.index(places.len())], places[other.index(places.len())]);
                let (before, after) = if rank(one) < rank(other) { (one, other) } else { (other, one) };
                if before.0 != after.0 {
                    let step = StepRef { address: address(before.0), step: before.1 };
                    changes[after.0].steps[after.1].after.push(step);
                }
            }
            prop_assert!(stuck(&changes).is_empty(), "without waves it can be done");
            let rollouts: Vec<_> = sizes.iter().zip(1..).map(|(sizes, number)| {
                let sizes: Vec<_> = sizes.iter().map(|size| WaveSize::Some(Bound::Count(*size))).collect();
                rollout(number, &sizes)
            }).collect();
            let of = |at: usize| usize::try_from(members[at]).unwrap().checked_sub(1).map(|n| Arc::clone(&rollouts[n]));
            let desired: Vec<_> = (0..changes.len()).map(|at| entry(at, of(at))).collect();
            assign(&mut changes, &desired);
            prop_assert!(stuck(&changes).is_empty(), "{:?}: {:?}", numbers(&changes), stuck(&changes));
            for (at, change) in changes.iter().enumerate() {
                prop_assert_eq!(change.wave.as_ref().map_or(0, |wave| wave.rollout), members[at]);
            }
        }
    }
}
