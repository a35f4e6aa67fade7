//! What a round may carry out: the plan, less what the policy leaves to people, less what a brake holds back. Pure: the
//! instant, the ledger's history and the memory of earlier rounds are passed in, so that a restart decides the same.

use super::backoff::{Failures, failures};
use super::contest::{self, Contest};
use super::memory::Memory;
use super::past::{Effect, Effort, by_server, earlier};
use super::policy::{Share, on_drift, share};
use super::{Contested, Drift};
use crate::model::{
    Address, ConnectionName, DesiredPower, DesiredServer, Limits, OnDrift, Power, ServerId, Verb,
    WatchSettings,
};
use crate::plan::{
    Accepted, Change, Plan, Refusal, Withheld, check_guards, check_rolling, is_within, rewire_sparing,
};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// Fewer drifting servers of a connection than this are never too many at once, whatever their share.
pub const MASS_AT_LEAST: u64 = 5;

/// What a round is decided from.
pub struct Situation<'a> {
    /// The plan, with its unchanged servers listed.
    pub plan: &'a Plan,
    /// What is wanted at this instant.
    pub entries: &'a [DesiredServer],
    /// The file's `watch:`.
    pub settings: &'a WatchSettings,
    /// From one round to the next, which the command line may set.
    pub interval: Duration,
    /// The file's `limits:`.
    pub limits: &'a Limits,
    /// What the ledger says was done before.
    pub efforts: &'a [Effort],
    /// Now.
    pub now: Timestamp,
}

/// What a round does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// What is carried out, with waits that fit each other.
    pub enforce: Vec<Change>,
    /// Every server that is not as declared, by address.
    pub drift: Vec<Drift>,
    /// Servers that somebody else keeps changing, by address.
    pub contested: Vec<Contested>,
    /// Connections on which nothing is enforced, and why.
    pub stopped: BTreeMap<ConnectionName, String>,
    /// Limits that the round would exceed; then nothing is carried out.
    pub refusals: Vec<Refusal>,
}

/// Decides, and remembers what was seen.
pub fn decide(situation: &Situation<'_>, memory: &mut Memory) -> Decision {
    let entries: HashMap<&Address, &DesiredServer> =
        situation.entries.iter().map(|entry| (&entry.address, entry)).collect();
    remember(situation, &entries, memory);
    let round = Round { situation, entries, past: by_server(situation.efforts) };
    round.end_contests(memory);
    let shares: Vec<Option<Share>> =
        situation.plan.changes.iter().map(|change| round.share(change)).collect();
    let stopped = round.stopped(&shares, memory);
    let mut held: Vec<Option<Held>> = Vec::with_capacity(shares.len());
    for (change, share) in situation.plan.changes.iter().zip(&shares) {
        let enforced = share.as_ref().and_then(|share| share.enforced.as_ref());
        held.push(enforced.and_then(|part| round.held(change, part, &stopped, memory)));
    }
    let left = shares.iter().zip(&held).map(|(share, held)| match held {
        Some(_) => None,
        None => share.as_ref()?.enforced.clone(),
    });
    let (enforce, spared) = rewire_sparing(&situation.plan.changes, left.collect(), may_go);
    let spared: HashMap<Address, Address> = spared.into_iter().collect();
    let refusals = round.refusals(&enforce);
    let mut drift: Vec<Drift> = Vec::new();
    for ((change, share), held) in situation.plan.changes.iter().zip(&shares).zip(held) {
        let Some(share) = share.as_ref().filter(|share| share.on_drift != OnDrift::Ignore) else { continue };
        let held = held.or_else(|| {
            let other = spared.get(&change.address)?;
            Some(Held::because(format!("it comes after {other}, which is not put right")))
        });
        let held = held.or_else(|| {
            let refusal = refusals.first().filter(|_| share.enforced.is_some())?;
            Some(Held::because(format!("a limit forbids the whole round: {refusal}")))
        });
        drift.push(round.drift(change, share, held, memory));
    }
    drift.extend(situation.plan.withheld.iter().filter_map(|one| round.withheld(one, memory)));
    drift.sort_by(|a, b| a.address.cmp(&b.address));
    let contested = round.contested(memory);
    let enforce = if refusals.is_empty() { enforce } else { Vec::new() };
    Decision { enforce, drift, contested, stopped, refusals }
}

/// Whether what waits for a part of a change may go on without it, as for `--only`: a server that is not rebooted stays as
/// it is; on any other part it counts.
fn may_go(change: &Change, renames: bool) -> bool {
    !renames && change.does(Verb::Reboot) && !change.does(Verb::PowerOn)
}

fn remember(situation: &Situation<'_>, entries: &HashMap<&Address, &DesiredServer>, memory: &mut Memory) {
    let live = &situation.plan.live_counts;
    memory.keep_only(|address| entries.contains_key(address) || !live.contains_key(&address.connection));
    for address in &situation.plan.unchanged {
        if let Some(entry) = entries.get(address) {
            memory.as_declared(entry, situation.now);
        }
    }
    let changes = situation.plan.changes.iter().map(|change| &change.address);
    // What is withheld is due as well: when it may be done it is no news.
    let withheld = situation.plan.withheld.iter().map(|one| &one.address);
    for address in changes.chain(withheld) {
        if let Some(entry) = entries.get(address) {
            memory.not_as_declared(entry, situation.now);
        }
    }
    memory.knows(situation.plan.live_counts.keys());
}

/// Why a server is not put right in this round.
struct Held {
    why: String,
    next_try: Option<Timestamp>,
}

impl Held {
    fn because(why: String) -> Self {
        Self { why, next_try: None }
    }
}

struct Round<'a> {
    situation: &'a Situation<'a>,
    entries: HashMap<&'a Address, &'a DesiredServer>,
    past: HashMap<crate::model::ServerKey, Vec<&'a Effort>>,
}

impl Round<'_> {
    /// What the policy says; `None` for a server that no entry means.
    fn share(&self, change: &Change) -> Option<Share> {
        let entry = self.entries.get(&change.address)?;
        Some(share(&self.situation.settings.policy, change, &entry.labels))
    }

    fn efforts(&self, connection: &ConnectionName, id: &ServerId) -> &[&Effort] {
        let key = (connection.clone(), id.clone());
        self.past.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Connections of which too many servers have drifted at once. Counted are servers whose drift is enforced, and of
    /// these only such as were as declared before, or of which nothing is known: what a schedule or the file has just
    /// asked for is no drift.
    fn stopped(&self, shares: &[Option<Share>], memory: &Memory) -> BTreeMap<ConnectionName, String> {
        let Some(most) = self.situation.settings.mass_drift else { return BTreeMap::new() };
        let mut counts: BTreeMap<&ConnectionName, (u64, u64)> = BTreeMap::new();
        let policy = &self.situation.settings.policy;
        for address in &self.situation.plan.unchanged {
            let Some(entry) = self.entries.get(address).filter(|entry| entry.power != DesiredPower::Any)
            else {
                continue;
            };
            let is_enforced = [Verb::PowerOn, Verb::PowerOff]
                .into_iter()
                .any(|verb| on_drift(policy, address, &entry.labels, verb) == OnDrift::Enforce);
            counts.entry(&address.connection).or_default().1 += u64::from(is_enforced);
        }
        for (change, share) in self.situation.plan.changes.iter().zip(shares) {
            let Some(part) = share.as_ref().and_then(|share| share.enforced.as_ref()) else { continue };
            let asked_for = memory.standing(&change.address).is_some_and(|standing| standing.announced);
            let drifted = !asked_for && part.actions.iter().any(|verb| *verb != Verb::Reboot);
            let (drifting, all) = counts.entry(&change.provider).or_default();
            *drifting += u64::from(drifted);
            *all += 1;
        }
        let too_many = counts.into_iter().filter(|(_, (drifting, all))| {
            *drifting >= MASS_AT_LEAST
                && drifting.saturating_mul(10_000) > all.saturating_mul(u64::from(most))
        });
        too_many.map(|(name, (drifting, all))| (name.clone(), mass_message(drifting, all, most))).collect()
    }

    /// Why the part of a change that is enforced is not carried out now, if so.
    fn held(
        &self,
        change: &Change,
        part: &Change,
        stopped: &BTreeMap<ConnectionName, String>,
        memory: &mut Memory,
    ) -> Option<Held> {
        let Situation { settings, now, .. } = self.situation;
        if stopped.contains_key(&change.provider) {
            let why = format!("too many servers of {} have drifted at once", change.provider);
            return Some(Held::because(why));
        }
        let efforts = self.efforts(&change.provider, &change.id);
        let address = &change.address;
        let effects = effects(part);
        let corrections = effects.iter().map(|it| contest::corrections(efforts, it, settings.budget, *now));
        let corrections = corrections.max().unwrap_or(0);
        if !memory.contested().contains_key(address) && corrections >= settings.budget.count {
            let undone_at = memory.standing(address).and_then(|it| it.drifting_since).unwrap_or(*now);
            let (id, since) = (change.id.clone(), *now);
            memory.contest(address, Contest { id, since, corrections, undone_at, calm_since: None });
        }
        if memory.contested().contains_key(address) {
            return Some(Held::because("contested: it was put right too often".into()));
        }
        let of_ledger = effects.iter().filter_map(|effect| failures(efforts, effect));
        let of_ledger = of_ledger.max_by_key(|failures| failures.last);
        let own = memory.standing(address).and_then(|standing| standing.failures);
        let failures = Failures::most(of_ledger, own)?;
        let next_try = failures.next_try(self.situation.interval);
        let times = if failures.count == 1 { "once".into() } else { format!("{} times", failures.count) };
        (next_try > *now).then(|| Held {
            why: format!("it failed {times}; tried again at {next_try:.0}"),
            next_try: Some(next_try),
        })
    }

    /// The file's guards, as in an apply: a round beyond one does nothing. That deletes are bounded was checked with
    /// the file.
    fn refusals(&self, enforce: &[Change]) -> Vec<Refusal> {
        let Situation { plan, limits, efforts, now, .. } = self.situation;
        if enforce.is_empty() {
            return Vec::new();
        }
        let part =
            Plan { changes: enforce.to_vec(), live_counts: plan.live_counts.clone(), ..Plan::default() };
        let nothing = Accepted::new();
        let mut refusals = check_guards(&part, limits, &nothing, false);
        refusals.extend(check_rolling(&part, &limits.rolling, &nothing, &earlier(efforts), *now));
        refusals
    }

    fn drift(&self, change: &Change, share: &Share, held: Option<Held>, memory: &Memory) -> Drift {
        let standing = memory.standing(&change.address);
        let (held_back, next_try_at) = held.map_or((None, None), |held| (Some(held.why), held.next_try));
        Drift {
            address: change.address.clone(),
            actions: change.actions.clone(),
            words: words(change),
            reasons: change.reasons.clone(),
            since: standing.and_then(|it| it.drifting_since).unwrap_or(self.situation.now),
            on_drift: share.on_drift,
            held_back,
            next_try_at,
        }
    }

    /// What is due and may not be done now; nothing where nobody wants to hear of it.
    fn withheld(&self, one: &Withheld, memory: &Memory) -> Option<Drift> {
        let labels = &self.entries.get(&one.address)?.labels;
        let policy = &self.situation.settings.policy;
        let on_drift = one.actions.iter().map(|verb| on_drift(policy, &one.address, labels, *verb)).min();
        let on_drift = on_drift.filter(|on_drift| *on_drift != OnDrift::Ignore)?;
        let words: Vec<&str> = one.actions.iter().map(|verb| verb.phrase()).collect();
        Some(Drift {
            address: one.address.clone(),
            actions: one.actions.clone(),
            words: words.join(", "),
            reasons: Vec::new(),
            since: memory
                .standing(&one.address)
                .and_then(|it| it.drifting_since)
                .unwrap_or(self.situation.now),
            on_drift,
            held_back: Some(one.message.clone()),
            next_try_at: one.until,
        })
    }

    /// Ends what has been calm for long enough, or what a person has put right.
    fn end_contests(&self, memory: &mut Memory) {
        let Situation { settings, now, .. } = self.situation;
        let per = settings.budget.per.duration();
        let is_over = |address: &Address, contest: &Contest| {
            contest.calm_since.is_some_and(|calm| !is_within(calm, per, *now))
                || contest::was_taken_in_hand(self.efforts(&address.connection, &contest.id), contest.since)
        };
        let over = memory.contested().iter().filter(|(address, contest)| is_over(address, contest));
        let over: Vec<Address> = over.map(|(address, _)| address.clone()).collect();
        for address in &over {
            memory.end_contest(address);
        }
    }

    /// Tells who is contested.
    fn contested(&self, memory: &Memory) -> Vec<Contested> {
        let Situation { settings, plan, .. } = self.situation;
        let told = memory.contested().iter().map(|(address, contest)| {
            let change = plan.changes.iter().find(|change| change.address == *address);
            let efforts = self.efforts(&address.connection, &contest.id);
            let reasons = change.map_or(&[][..], |change| &change.reasons);
            Contested {
                address: address.clone(),
                since: contest.since,
                corrections: contest.corrections,
                undone_at: Some(contest.undone_at),
                message: contest::message(address, contest, settings.budget, efforts, reasons),
            }
        });
        told.collect()
    }
}

fn mass_message(drifting: u64, all: u64, most: u32) -> String {
    let share = drifting * 100 / all.max(1);
    let most = crate::model::Bound::Percent(most);
    format!(
        "{drifting} of {all} servers ({share}%) are not as declared at once, more than {most}: somebody may be doing \
         maintenance, or the provider's answer is wrong. Nothing is enforced there until fewer are; `fleetform apply` puts \
         them right, and watch.mass_drift in the file moves the bound"
    )
}

/// What the part of a change makes of its server.
fn effects(part: &Change) -> Vec<Effect> {
    let power = |after: Option<Power>| after.map(Effect::Power);
    let effect = |verb: &Verb| match verb {
        Verb::Rename => part.after.as_ref().map(|after| Effect::Name(after.name.clone())),
        Verb::Reboot => Some(Effect::Rebooted),
        Verb::Delete => Some(Effect::Gone),
        Verb::PowerOn | Verb::PowerOff | Verb::Suspend => power(part.after.as_ref()?.power),
    };
    part.actions.iter().filter_map(effect).collect()
}

/// The change in words: `power off -> on, name a -> b`.
fn words(change: &Change) -> String {
    let before = &change.before;
    let said = change.actions.iter().map(|verb| match (verb, &change.after) {
        (Verb::Rename, Some(after)) => format!("name {} -> {}", before.name, after.name),
        (Verb::PowerOn | Verb::PowerOff | Verb::Suspend, Some(after)) => {
            let word = |power: Option<Power>| power.map_or("not reported", Power::word);
            format!("power {} -> {}", word(before.power), word(after.power))
        }
        (verb, _) => verb.phrase().to_owned(),
    });
    let mut said: Vec<String> = said.collect();
    said.dedup();
    said.join(", ")
}
