//! A plan against one that was approved: what was reviewed is what may happen. A fresh plan may do less, because
//! some of it is done by now; it may do nothing else, to nobody else.

use super::change::{Call, Change, Facts, Step};
use super::document::PlanDocument;
use crate::model::{Address, Operation};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What a fresh plan is beside an approved one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Approval {
    /// It does the same.
    Same,
    /// It does a part of it: these servers need nothing any more, or less.
    Part(Vec<Address>),
    /// It does something that was not approved.
    Beyond(Vec<Deviation>),
}

/// One difference between an approved plan and a fresh one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Deviation {
    /// The server.
    pub address: Address,
    /// What was approved and what would be done, for people.
    pub message: String,
}

/// Compares a fresh plan with an approved one: what is done, to whom, and where.
pub fn compare(approved: &PlanDocument, fresh: &PlanDocument) -> Approval {
    let leads_elsewhere = |change: &&Change| {
        fresh.connections.get(&change.provider) != approved.connections.get(&change.provider)
    };
    let elsewhere: Vec<Deviation> = fresh
        .changes
        .iter()
        .filter(leads_elsewhere)
        .map(|change| Deviation {
            address: change.address.clone(),
            message: format!("the connection {} leads elsewhere than what was approved", change.provider),
        })
        .collect();
    if elsewhere.is_empty() {
        compare_changes(&approved.changes, &fresh.changes)
    } else {
        Approval::Beyond(elsewhere)
    }
}

fn compare_changes(approved: &[Change], fresh: &[Change]) -> Approval {
    let known: BTreeMap<&Address, &Change> =
        approved.iter().map(|change| (&change.address, change)).collect();
    let planned: BTreeMap<&Address, &Change> = fresh.iter().map(|change| (&change.address, change)).collect();
    let deviations: Vec<Deviation> = planned
        .iter()
        .filter_map(|(address, change)| {
            let message = match known.get(address) {
                None => format!("{} was not approved", doing(change)),
                Some(old) => goes_beyond(old, change)?,
            };
            Some(Deviation { address: (*address).clone(), message })
        })
        .collect();
    if !deviations.is_empty() {
        return Approval::Beyond(deviations);
    }
    let is_less = |(address, old): (&&Address, &&Change)| match planned.get(*address) {
        Some(new) => (!same(old, new)).then(|| (*address).clone()),
        None => Some((*address).clone()),
    };
    match known.iter().filter_map(is_less).collect::<Vec<_>>() {
        less if less.is_empty() => Approval::Same,
        less => Approval::Part(less),
    }
}

/// Whether two changes of a server do the same to the same server.
fn same(old: &Change, new: &Change) -> bool {
    (&old.id, &old.provider, &old.before, &old.after, &old.steps, &old.rebooted_since)
        == (&new.id, &new.provider, &new.before, &new.after, &new.steps, &new.rebooted_since)
}

/// How a change does more than the approved one of that server, or something else; `None` where it does not.
fn goes_beyond(old: &Change, new: &Change) -> Option<String> {
    if (&old.id, &old.provider) != (&new.id, &new.provider) {
        return Some(format!(
            "the server with id {} was approved; this is the one with id {}",
            old.id, new.id
        ));
    }
    if !is_on_the_way(old, new) {
        return Some(format!("it was to be found {} and is {}", found(&old.before), found(&new.before)));
    }
    if old.after != new.after {
        return Some(format!("{} was approved, {} would be done", ending(old), ending(new)));
    }
    if new.rebooted_since.is_some() && new.rebooted_since != old.rebooted_since {
        return Some("another instant since which it must have been rebooted was approved".into());
    }
    if let Some(wave) = &old.wave
        && !new.wave.as_ref().is_some_and(|other| wave.same_terms(other))
    {
        return Some(format!("a rollout in waves ({}) was approved, with other terms", wave.sizes));
    }
    // Each call at most as often as it was approved, with no other way to fall back to and no less grace.
    let mut left: Vec<Call<'_>> = calls(old).collect();
    for call in calls(new) {
        match left.iter().position(|approved| *approved == call) {
            Some(at) => drop(left.remove(at)),
            None if calling(old) == calling(new) => {
                return Some(format!("{} was approved, and would be done in another way", calling(old)));
            }
            None => return Some(format!("{} was approved; {} would be done", calling(old), calling(new))),
        }
    }
    None
}

/// Whether a server is as it was when it was approved, or as far as the approved change would have brought it.
fn is_on_the_way(old: &Change, new: &Change) -> bool {
    if old.before == new.before {
        return true;
    }
    let Some(after) = &old.after else { return false };
    let names = old.steps.iter().filter_map(|step| match &step.operation {
        Operation::Rename { to } => Some(to),
        _ => None,
    });
    let has_name =
        [&old.before.name, &after.name].into_iter().chain(names).any(|name| *name == new.before.name);
    has_name && [old.before.power, after.power].contains(&new.before.power)
}

fn found(facts: &Facts) -> String {
    match facts.power {
        Some(power) => format!("{power} and called {}", facts.name),
        None => format!("called {}", facts.name),
    }
}

fn calls(change: &Change) -> impl Iterator<Item = Call<'_>> {
    change.steps.iter().map(Step::call)
}

fn doing(change: &Change) -> String {
    change.actions.iter().map(|verb| verb.phrase()).collect::<Vec<_>>().join(", ")
}

/// The calls, where the actions alone would read alike.
fn calling(change: &Change) -> String {
    let call = |call: Call<'_>| {
        let mut words = call.operation.to_string();
        if let Some(fallback) = call.fallback {
            // Writing to a String cannot fail, here and below.
            let _ = write!(words, ", else {fallback}");
        }
        if let Some(grace) = call.grace {
            let _ = write!(words, " after {grace}");
        }
        words.push_str(if call.healthy_when.is_some() { ", with a health check" } else { "" });
        if let Some(level) = call.require_evidence {
            let _ = write!(words, ", with evidence {}", level.word());
        }
        words
    };
    calls(change).map(call).collect::<Vec<_>>().join("; ")
}

fn ending(change: &Change) -> String {
    match &change.after {
        None => "delete".into(),
        Some(after) => match after.power {
            Some(power) => format!("{} ({} and {power})", doing(change), after.name),
            None => format!("{} ({})", doing(change), after.name),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{OffKind, Operation, Period, Power};

    fn change(
        name: &str,
        id: &str,
        before: Power,
        after: Option<Power>,
        operations: Vec<Operation>,
    ) -> Change {
        let facts = |power| Facts { name: name.into(), power: Some(power) };
        let address = Address::new("east".into(), name.into());
        Change {
            provider: address.connection.clone(),
            address,
            id: id.into(),
            actions: operations.iter().map(Operation::verb).collect(),
            before: facts(before),
            after: after.map(facts),
            reasons: vec!["declared".into()],
            wave: None,
            cause: None,
            rebooted_since: None,
            steps: operations.into_iter().map(Step::new).collect(),
            location: None,
        }
    }

    fn off(name: &str) -> Change {
        let hard = Operation::PowerOff { method: OffKind::Hard };
        change(name, name, Power::On, Some(Power::Off), vec![hard])
    }

    fn on(name: &str) -> Change {
        change(name, name, Power::Off, Some(Power::On), vec![Operation::PowerOn])
    }

    fn told(approved: &[Change], fresh: &[Change]) -> String {
        match compare_changes(approved, fresh) {
            Approval::Same => "same".into(),
            Approval::Part(less) => less.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            Approval::Beyond(all) => all.into_iter().map(|d| d.message).collect::<Vec<_>>().join("; "),
        }
    }

    #[test]
    fn the_same_and_less_are_covered_and_more_is_not() {
        assert_eq!(told(&[off("a"), on("b")], &[on("b"), off("a")]), "same");
        assert_eq!(told(&[off("a"), on("b")], &[on("b")]), "east/a");
        assert_eq!(told(&[off("a")], &[]), "east/a");
        assert_eq!(told(&[], &[off("a")]), "power off was not approved");
        assert_eq!(told(&[off("a")], &[off("a"), on("b")]), "power on was not approved");
    }

    #[test]
    fn another_server_under_the_same_name_was_not_approved() {
        let other = Change { id: "9".into(), ..off("a") };
        assert!(told(&[off("a")], &[other]).contains("id 9"));
    }

    #[test]
    fn another_end_or_another_way_was_not_approved() {
        assert!(told(&[on("a")], &[off("a")]).contains("would be done"));
        let delete = change("a", "a", Power::On, None, vec![Operation::Delete]);
        assert!(told(&[off("a")], std::slice::from_ref(&delete)).contains("delete would be done"));
        assert!(told(&[delete], &[off("a")]).contains("delete was approved"));
        let graceful = Operation::PowerOff { method: OffKind::Graceful };
        let soft = change("a", "a", Power::On, Some(Power::Off), vec![graceful.clone()]);
        assert!(
            told(std::slice::from_ref(&soft), &[off("a")]).contains("would be done"),
            "a hard way instead of a soft one"
        );
        let mut falls_back = soft.clone();
        falls_back.steps[0].fallback = Some(Operation::PowerOff { method: OffKind::Hard });
        assert!(
            told(&[soft], std::slice::from_ref(&falls_back)).contains("would be done"),
            "a fallback is a way too"
        );
        let mut patient = falls_back.clone();
        patient.steps[0].grace = Period::parse("10m");
        assert!(
            told(&[patient], &[falls_back]).contains("would be done"),
            "without the grace that was approved"
        );
    }

    #[test]
    fn a_server_that_is_otherwise_by_now_was_not_approved() {
        let delete = |power| change("a", "a", power, None, vec![Operation::Delete]);
        let said = told(&[delete(Power::Off)], &[delete(Power::On)]);
        assert_eq!(said, "it was to be found off and called a and is on and called a");
        let rename = |from: &str| {
            let mut change =
                change("b", "1", Power::On, Some(Power::On), vec![Operation::Rename { to: "b".into() }]);
            change.before.name = from.into();
            change
        };
        assert_eq!(told(&[rename("a")], &[rename("a")]), "same");
        assert!(told(&[rename("a")], &[rename("prod")]).contains("is on and called prod"));
    }

    #[test]
    fn another_place_was_not_approved() {
        let document = |settings: &str| {
            let plan = crate::plan::Plan { changes: vec![off("a")], ..Default::default() };
            let target = crate::plan::Target { type_name: "some".into(), settings: settings.into() };
            PlanDocument::new(
                plan,
                Vec::new(),
                crate::plan::PlanOptionsRecord::default(),
                jiff::Timestamp::UNIX_EPOCH,
            )
            .leading_to([("east".into(), target.clone()), ("west".into(), target)].into())
        };
        let (here, there) = (document("1"), document("2"));
        assert_eq!(here.connections.len(), 1, "only those that it uses");
        assert_ne!(here.digest, there.digest);
        assert_eq!(compare(&here, &here), Approval::Same);
        assert!(
            matches!(compare(&here, &there), Approval::Beyond(all) if all[0].message.contains("elsewhere"))
        );
    }

    #[test]
    fn half_of_a_server_s_change_may_be_done() {
        let rename = Operation::Rename { to: "a".into() };
        let both = change("a", "1", Power::Off, Some(Power::On), vec![rename, Operation::PowerOn]);
        let half = change("a", "1", Power::Off, Some(Power::On), vec![Operation::PowerOn]);
        assert_eq!(told(std::slice::from_ref(&both), std::slice::from_ref(&half)), "east/a");
        assert!(told(&[half], &[both]).contains("would be done"));
    }
}
