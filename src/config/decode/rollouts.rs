//! `rollout:`: in which waves the servers of a selector are started and interrupted.

use super::Decoder;
use super::ROLLOUT_KEYS;
use super::health::Check;
use super::keys::RolloutKey;
use crate::config::diagnostic::{Diagnostic, quote};
use crate::config::findings::Findings;
use crate::config::yaml::{Content, Node};
use crate::model::{
    Address, GovernedRollout, HealthCheck, Labels, Location, Rollout, Rule, Selector, WaveSize,
};
use std::cell::Cell;
use std::sync::Arc;

/// The most waves of a rollout.
const MAX_WAVES: usize = 100;

/// A rollout and what its servers are checked with.
pub(super) struct GivenRollout {
    /// What is declared.
    pub(super) rollout: Arc<Rollout>,
    /// The check of its servers; outer `None` where it says nothing of one.
    pub(super) healthy_when: Option<Check>,
    location: Location,
    is_used: Cell<bool>,
}

/// The first rollout that means a server, if any.
pub(super) fn of_server<'r>(
    rollouts: &'r [GivenRollout],
    address: &Address,
    labels: &Labels,
) -> Option<&'r GivenRollout> {
    let means = |given: &&GivenRollout| {
        given.rollout.select.as_ref().is_none_or(|select| select.matches(address, labels))
    };
    rollouts.iter().find(means).inspect(|given| given.is_used.set(true))
}

/// The rollouts as servers of rules take them.
pub(super) fn governed(rollouts: &[GivenRollout]) -> Arc<[GovernedRollout]> {
    let governed = |given: &GivenRollout| GovernedRollout {
        rollout: Arc::clone(&given.rollout),
        healthy_when: given.healthy_when.clone(),
    };
    rollouts.iter().map(governed).collect()
}

/// The checks that servers of a rule may get from a rollout.
pub(super) fn checks_met<'r>(
    rollouts: &'r [GivenRollout],
    rule: &Rule,
) -> impl Iterator<Item = &'r HealthCheck> {
    let meets = |given: &&GivenRollout| given.may_mean(rule);
    rollouts.iter().filter(meets).filter_map(|given| given.healthy_when.as_ref()?.as_deref())
}

impl GivenRollout {
    /// Whether it may mean a server of the rule.
    fn may_mean(&self, rule: &Rule) -> bool {
        self.rollout.select.as_ref().is_none_or(|select| rule.meets(select).next().is_some())
    }
}

/// A rollout without servers is a typing error that would let all of them go at once. Which servers rules have is
/// not known here.
pub(super) fn report_unused(rollouts: &[GivenRollout], rules: &[Rule], findings: &mut Findings) {
    let may_be_used = |given: &GivenRollout| rules.iter().any(|rule| given.may_mean(rule));
    for given in rollouts.iter().filter(|given| !given.is_used.get() && !may_be_used(given)) {
        let message = format!("the rollout of {} means no server", given.rollout.servers());
        let cure = "correct select, or put it before a rollout that means its servers already";
        findings.push(Diagnostic::error("unused_rollout", message).at(given.location.clone()).cure(cure));
    }
}

impl Decoder<'_> {
    /// One rollout or a list of them, numbered on from those of other files.
    pub(super) fn rollouts(&mut self, node: &Node<'_>, into: &mut Vec<GivenRollout>) {
        match &node.content {
            Content::List(items) => items.iter().for_each(|item| self.one_rollout(item, into)),
            _ if node.is_null() => {}
            _ => self.one_rollout(node, into),
        }
    }

    fn one_rollout(&mut self, node: &Node<'_>, into: &mut Vec<GivenRollout>) {
        let Some(fields) = self.fields(node, &ROLLOUT_KEYS, "rollout") else { return };
        let value = |key: RolloutKey| fields.value(key as usize);
        let select = value(RolloutKey::Select).map(|node| self.rollout_selector(node));
        let pause = value(RolloutKey::Pause).and_then(|node| self.period(node, "pause"));
        let stop = value(RolloutKey::StopAfterFailures);
        let stop = stop.and_then(|node| self.count(node, "stop_after_failures", 1, 1_000_000)).unwrap_or(1);
        let healthy_when = value(RolloutKey::HealthyWhen).and_then(|node| self.health_check(node));
        let waves = match value(RolloutKey::Waves) {
            Some(node) => self.waves(node),
            None if fields.partial => None,
            None => {
                let message = "the rollout does not say its waves";
                self.report(
                    node.span,
                    Diagnostic::error(BAD_ROLLOUT, message).cure("write waves: [1, 10%, rest]"),
                );
                None
            }
        };
        let (Some(waves), true) = (waves, select.as_ref().is_none_or(Option::is_some)) else { return };
        let rollout = Rollout {
            number: into.len() as u64 + 1,
            select: select.flatten(),
            waves,
            pause,
            stop_after_failures: stop as u64,
        };
        let (rollout, location) = (Arc::new(rollout), self.place(node.span));
        into.push(GivenRollout { rollout, healthy_when, location, is_used: Cell::new(false) });
    }

    fn rollout_selector(&mut self, node: &Node<'_>) -> Option<Selector> {
        let text = self.text(node, "select")?;
        let read = Selector::parse(text);
        if let Err(error) = &read {
            let cure = "write a glob such as east/web-*, or label:tier=web";
            self.report(node.span, Diagnostic::error("bad_selector", error.to_string()).cure(cure));
        }
        read.ok()
    }

    fn waves(&mut self, node: &Node<'_>) -> Option<Vec<WaveSize>> {
        let cure = "write numbers, percentages and, as the last one, rest: [1, 10%, rest]";
        let Content::List(items) = &node.content else {
            self.report(node.span, Diagnostic::error(BAD_ROLLOUT, "waves must be a list").cure(cure));
            return None;
        };
        if items.is_empty() || items.len() > MAX_WAVES {
            let message = format!("waves must be 1 to {MAX_WAVES}");
            self.report(node.span, Diagnostic::error(BAD_ROLLOUT, message).cure(cure));
            return None;
        }
        let mut waves = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let text = self.text(item, "a wave")?;
            let size = WaveSize::parse(text).filter(|size| *size != WaveSize::Rest || at + 1 == items.len());
            if size.is_none() {
                let message = format!("a wave cannot be {} here", quote(text));
                self.report(item.span, Diagnostic::error(BAD_ROLLOUT, message).cure(cure));
            }
            waves.extend(size);
        }
        (waves.len() == items.len()).then_some(waves)
    }
}

/// The code of a rollout that cannot be read.
const BAD_ROLLOUT: &str = "bad_rollout";
