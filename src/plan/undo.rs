//! The plan that takes back what an apply did: names and power as they were. What cannot be taken back is listed.
//! It is a plan like any other: the state before is what is desired, the state after is what is live.

use super::around::Around;
use super::change::{Change, Facts};
use super::inputs::{ConnectionLive, Inputs, Options};
use super::planner::{Plan, plan};
use super::summary::Summary;
use crate::model::{
    Address, Capabilities, ConnectionName, DesiredPower, DesiredServer, Labels, LedgerFacts, LiveServer,
    LiveState, Location, Power, Presence, RebootStyle, Shutdown, Verb,
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Why the changes of an undo plan are made.
const REASON: &str = "undo";

/// A change that cannot be taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotUndoable {
    /// The server.
    pub address: Address,
    /// What was done and why it stays.
    pub message: String,
}

/// What is known of a connection whose changes are to be taken back: its type and what it can do.
pub type Kind = (&'static str, &'static Capabilities);

/// The reverse of changes that were done, in the order that the fleet around them asks for. `kinds` knows the
/// connections of all of it.
pub fn undo(
    done: &[&Change],
    around: &Around<'_>,
    kinds: &BTreeMap<ConnectionName, Kind>,
    now: Timestamp,
) -> (Plan, Vec<NotUndoable>) {
    let mut stays = Vec::new();
    let mut desired = Vec::new();
    let mut undone: Vec<&Change> = Vec::new();
    let mut live: BTreeMap<ConnectionName, Vec<LiveServer>> = BTreeMap::new();
    for change in done {
        let mut keep = |message: String| stays.push(NotUndoable { address: change.address.clone(), message });
        for verb in [Verb::Delete, Verb::Reboot].into_iter().filter(|verb| change.does(*verb)) {
            keep(format!("a {verb} cannot be taken back"));
        }
        let Some(after) = &change.after else { continue };
        if (change.before.power, after.power) == (Some(Power::Suspended), Some(Power::Off)) {
            keep("it was suspended, and what ran on it then is gone".into());
            desired.push(wanted(change, &Facts { power: None, ..change.before.clone() }));
        } else {
            desired.push(wanted(change, &change.before));
        }
        undone.push(change);
        live.entry(change.provider.clone()).or_default().push(there(change, after));
    }
    let addresses: BTreeSet<Address> = desired.iter().map(|entry| entry.address.clone()).collect();
    let surroundings = around.surround(&mut desired, &undone);
    for (connection, server) in surroundings.live {
        live.entry(connection).or_default().push(server);
    }
    let connections: Vec<ConnectionLive<'_>> = live
        .into_iter()
        .filter_map(|(name, servers)| {
            let (type_name, capabilities) = *kinds.get(&name)?;
            Some(ConnectionLive { name, type_name, capabilities, servers: Ok(servers) })
        })
        .collect();
    let (ledger, options) = (LedgerFacts::default(), Options::default());
    let inputs = Inputs {
        desired: &desired,
        rules: &[],
        availability: &surroundings.availability,
        windows: &[],
        live: &connections,
        ledger: &ledger,
        now,
        options: &options,
    };
    let mut plan = plan(&inputs);
    for change in &mut plan.changes {
        change.reasons = vec![REASON.into()];
    }
    // Of the others nothing is known but what was taken for granted.
    plan.problems.retain(|problem| addresses.contains(&problem.address));
    plan.summary = Summary::count(&plan.changes, &plan.problems, 0, 0);
    stays.extend(
        plan.problems.iter().map(|problem| NotUndoable {
            address: problem.address.clone(),
            message: problem.message.clone(),
        }),
    );
    (plan, stays)
}

fn wanted(change: &Change, before: &Facts) -> DesiredServer {
    let nowhere = || Location { file: "".into(), line: 0, column: 0 };
    DesiredServer {
        address: Address::new(change.provider.clone(), before.name.clone()),
        id: Some(change.id.clone()),
        renamed_from: None,
        presence: Presence::Present,
        power: match before.power {
            Some(Power::On) => DesiredPower::On,
            Some(Power::Off) => DesiredPower::Off,
            Some(Power::Suspended) => DesiredPower::Suspended,
            None => DesiredPower::Any,
        },
        schedule: None,
        shutdown: Shutdown::default(),
        grace: None,
        require_evidence: None,
        healthy_when: None,
        rollout: None,
        reboot: RebootStyle::default(),
        rebooted_since: None,
        protect: false,
        labels: Labels::default(),
        after: std::sync::Arc::default(),
        rule: None,
        location: change.location.clone().unwrap_or_else(nowhere),
    }
}

fn there(change: &Change, after: &Facts) -> LiveServer {
    let state = after.power.map_or(LiveState::NotReported, LiveState::Settled);
    LiveServer::new(change.id.clone(), after.name.clone(), state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{OffKind, OffSupport, Operation, RebootKind, RebootSupport};
    use crate::plan::Step;

    static CAN: Capabilities = Capabilities {
        power_on: true,
        off: OffSupport::Both,
        suspend: true,
        reboot: RebootSupport::Both,
        rename: true,
        delete: true,
        ..Capabilities::NOTHING
    };

    fn change(
        id: &str,
        before: (&str, Power),
        after: Option<(&str, Power)>,
        operations: &[Operation],
    ) -> Change {
        let facts = |(name, power): (&str, Power)| Facts { name: name.into(), power: Some(power) };
        let address = Address::new("east".into(), after.unwrap_or(before).0.into());
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
            steps: operations.iter().cloned().map(Step::new).collect(),
            location: None,
        }
    }

    fn undone(done: &[Change]) -> (Vec<String>, Vec<String>) {
        let kinds = BTreeMap::from([("east".into(), ("cloud", &CAN))]);
        let all: Vec<&Change> = done.iter().collect();
        let (plan, stays) = undo(&all, &Around::default(), &kinds, Timestamp::UNIX_EPOCH);
        let told = |change: &Change| {
            let steps: Vec<String> =
                change.steps.iter().map(|step| format!("{:?}", step.operation)).collect();
            assert_eq!(change.reasons, ["undo"]);
            format!("{} {}", change.address, steps.join(" "))
        };
        let stays = stays.into_iter().map(|stay| format!("{}: {}", stay.address, stay.message));
        (plan.changes.iter().map(told).collect(), stays.collect())
    }

    const OFF: Operation = Operation::PowerOff { method: OffKind::Hard };

    #[test]
    fn names_and_power_go_back() {
        let rename = |to: &str| Operation::Rename { to: to.into() };
        let (changes, stays) = undone(&[
            change("1", ("a", Power::On), Some(("a", Power::Off)), &[OFF]),
            change("2", ("old", Power::Off), Some(("new", Power::On)), &[rename("new"), Operation::PowerOn]),
        ]);
        assert_eq!(changes[0], "east/a PowerOn");
        assert!(changes[1].starts_with("east/old Rename") && changes[1].contains("PowerOff"), "{changes:?}");
        assert!(stays.is_empty());
    }

    #[test]
    fn a_swap_is_swapped_back_through_a_name_that_nobody_has() {
        let rename = |to: &str| Operation::Rename { to: to.into() };
        let (changes, stays) = undone(&[
            change("1", ("a", Power::On), Some(("b", Power::On)), &[rename("b")]),
            change("2", ("b", Power::On), Some(("a", Power::On)), &[rename("a")]),
        ]);
        assert_eq!(changes.len(), 2);
        assert_eq!(
            changes.iter().map(|change| change.matches("Rename").count()).sum::<usize>(),
            3,
            "{changes:?}"
        );
        assert!(stays.is_empty());
    }

    #[test]
    fn what_cannot_be_taken_back_is_said() {
        let reboot = Operation::Reboot { method: RebootKind::Hard };
        let (changes, stays) = undone(&[
            change("1", ("a", Power::On), None, &[Operation::Delete]),
            change("2", ("b", Power::On), Some(("b", Power::On)), &[reboot]),
            change("3", ("c", Power::Suspended), Some(("c", Power::Off)), &[OFF]),
        ]);
        assert_eq!(changes, Vec::<String>::new());
        assert_eq!(
            stays,
            [
                "east/a: a delete cannot be taken back",
                "east/b: a reboot cannot be taken back",
                "east/c: it was suspended, and what ran on it then is gone"
            ]
        );
    }

    /// What each change of the undo waits for: `a: b, c`.
    fn waits(done: &[Change], around: &Around<'_>) -> Vec<String> {
        let kinds = BTreeMap::from([("east".into(), ("cloud", &CAN))]);
        let (plan, stays) = undo(&done.iter().collect::<Vec<_>>(), around, &kinds, Timestamp::UNIX_EPOCH);
        assert!(stays.is_empty(), "{stays:?}");
        let told = |change: &Change| {
            let after: BTreeSet<&str> = change
                .steps
                .iter()
                .flat_map(|step| &step.after)
                .map(|other| other.address.name.as_str())
                .collect();
            format!("{}: {}", change.address.name, after.into_iter().collect::<Vec<_>>().join(", "))
        };
        plan.changes.iter().map(told).collect()
    }

    fn entry(name: &str, power: DesiredPower, after: &[&str]) -> DesiredServer {
        let facts = Facts { name: name.into(), power: None };
        let location = Location { file: "fleet.yaml".into(), line: 1, column: 1 };
        let after = after.iter().map(|text| crate::model::After {
            selector: crate::model::Selector::parse(text).unwrap(),
            location: location.clone(),
        });
        let plain = wanted(&change("1", (name, Power::On), None, &[]), &facts);
        DesiredServer { id: None, power, after: after.collect(), ..plain }
    }

    #[test]
    fn what_was_started_in_an_order_is_stopped_in_its_reverse() {
        let entries = [
            entry("db", DesiredPower::On, &[]),
            entry("app", DesiredPower::On, &["db"]),
            entry("web", DesiredPower::On, &["app"]),
        ];
        let around = Around { entries: &entries, ..Around::default() };
        let on = |id: &str, name: &str| {
            change(id, (name, Power::Off), Some((name, Power::On)), &[Operation::PowerOn])
        };
        let done = [on("1", "db"), on("2", "app"), on("3", "web")];
        assert_eq!(waits(&done, &around), ["app: web", "db: app", "web: "]);
        // The one in the middle was on before and stays on.
        assert_eq!(waits(&[done[0].clone(), done[2].clone()], &around), ["db: web", "web: "]);
    }

    #[test]
    fn what_was_stopped_is_started_in_order_also_under_the_name_from_before() {
        let entries = [entry("db-new", DesiredPower::Off, &[]), entry("web", DesiredPower::Off, &["db-new"])];
        let around = Around { entries: &entries, ..Around::default() };
        let rename = Operation::Rename { to: "db-new".into() };
        let done = [
            change("1", ("db-old", Power::On), Some(("db-new", Power::Off)), &[rename, OFF]),
            change("2", ("web", Power::On), Some(("web", Power::Off)), &[OFF]),
        ];
        assert_eq!(waits(&done, &around), ["db-old: ", "web: db-old"]);
    }

    #[test]
    fn a_group_never_has_fewer_on_than_before_and_than_the_file_says() {
        let select = || crate::model::Selector::parse("web-*").unwrap();
        let rule = |min_on| crate::model::Availability {
            select: select(),
            min_on: crate::model::Bound::Count(min_on),
            location: Location { file: "fleet.yaml".into(), line: 9, column: 1 },
        };
        // The apply has put one in the place of the other: it is put back before the other goes.
        let entries = [
            entry("web-1", DesiredPower::Off, &[]),
            entry("web-2", DesiredPower::On, &[]),
            entry("web-3", DesiredPower::On, &[]),
        ];
        let done = [
            change("1", ("web-1", Power::On), Some(("web-1", Power::Off)), &[OFF]),
            change("2", ("web-2", Power::Off), Some(("web-2", Power::On)), &[Operation::PowerOn]),
        ];
        let around = |availability: &'static [crate::model::Availability], in_doubt: &'static [Address]| {
            Around { entries: Box::leak(Box::new(entries.clone())), availability, in_doubt }
        };
        let two = Vec::leak(vec![rule(2)]);
        assert_eq!(waits(&done, &around(two, &[])), ["web-1: ", "web-2: web-1"]);
        let one = Vec::leak(vec![rule(1)]);
        assert_eq!(waits(&done, &around(one, &[])), ["web-1: ", "web-2: "]);
        // Of the third nobody knows: it does not count.
        let third = Vec::leak(vec![Address::new("east".into(), "web-3".into())]);
        assert_eq!(waits(&done, &around(one, third)), ["web-1: ", "web-2: web-1"]);
        // Before the apply fewer were on than the file asks for: back to that, and not below.
        let all = Vec::leak(vec![rule(3)]);
        assert_eq!(waits(&done, &around(all, &[])), ["web-1: ", "web-2: web-1"]);
    }
}
