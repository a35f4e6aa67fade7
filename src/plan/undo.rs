//! The plan that takes back what an apply did: names and power as they were. What cannot be taken back is listed.
//! It is a plan like any other: the state before is what is desired, the state after is what is live.

use super::change::{Change, Facts};
use super::inputs::{ConnectionLive, Inputs, Options};
use super::planner::{Plan, plan};
use crate::model::{
    Address, Capabilities, ConnectionName, DesiredPower, DesiredServer, Labels, LedgerFacts, LiveServer,
    LiveState, Location, Power, Presence, RebootStyle, Shutdown, Verb,
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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

/// The reverse of changes that were done. `kinds` knows their connections.
pub fn undo(
    done: &[&Change],
    kinds: &BTreeMap<ConnectionName, Kind>,
    now: Timestamp,
) -> (Plan, Vec<NotUndoable>) {
    let mut stays = Vec::new();
    let mut desired = Vec::new();
    let mut live: BTreeMap<&ConnectionName, Vec<LiveServer>> = BTreeMap::new();
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
        live.entry(&change.provider).or_default().push(there(change, after));
    }
    let connections: Vec<ConnectionLive<'_>> = live
        .into_iter()
        .filter_map(|(name, servers)| {
            let (type_name, capabilities) = *kinds.get(name)?;
            Some(ConnectionLive { name: name.clone(), type_name, capabilities, servers: Ok(servers) })
        })
        .collect();
    let (ledger, options) = (LedgerFacts::default(), Options::default());
    let inputs = Inputs {
        desired: &desired,
        availability: &[],
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
        healthy_when: None,
        rollout: None,
        reboot: RebootStyle::default(),
        rebooted_since: None,
        protect: false,
        labels: Labels::default(),
        after: std::sync::Arc::default(),
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
        let (plan, stays) = undo(&all, &kinds, Timestamp::UNIX_EPOCH);
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
}
