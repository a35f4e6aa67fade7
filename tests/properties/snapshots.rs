//! A plan from a snapshot is the plan of the moment at which it was taken.

use super::worlds::{World, document, governed_world, now, world};
use super::{config, shuffled};
use fleetform::model::{ConnectionName, ServerId};
use fleetform::plan::{Code, ConnectionLive, Inputs, Options, Plan, plan};
use fleetform::snapshot::{Moment, Snapshot, Taken, make, read, take};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

type AbsentIds = BTreeMap<ConnectionName, BTreeSet<ServerId>>;

/// The ids that a run asks for: those that selected entries name and no list shows.
fn asked_for(world: &World) -> AbsentIds {
    let mut asked = AbsentIds::new();
    for entry in world.selected() {
        let (Some(id), Some(servers)) = (&entry.id, &world.room(&entry.address.connection).servers) else {
            continue;
        };
        if servers.iter().all(|server| server.id.as_ref() != Some(id)) {
            asked.entry(entry.address.connection.clone()).or_default().insert(id.clone());
        }
    }
    asked
}

fn taken(world: &World, absent_ids: &AbsentIds) -> Snapshot {
    let live: Vec<ConnectionLive<'_>> = world.rooms.iter().map(super::worlds::Room::live).collect();
    let targets = world.options.targets.iter().map(ToString::to_string).collect();
    make(&Moment {
        taken_at: now(),
        simulated: false,
        targets,
        live: &live,
        absent_ids,
        ledger: &world.ledger,
    })
}

/// Written, read, and planned from.
fn planned(world: &World, snapshot: &Snapshot) -> Plan {
    let bytes = serde_json::to_vec_pretty(snapshot).unwrap();
    let again = read(&bytes).unwrap();
    assert_eq!(&again, snapshot);
    let wanted = world.rooms.iter().map(|room| (room.name.into(), room.type_name, room.capabilities));
    let Taken { live, absent_ids, ledger } = take(again, wanted);
    let options = Options { absent_ids: Some(absent_ids), ..world.options.clone() };
    plan(&Inputs {
        desired: &world.desired,
        rules: &world.rules,
        availability: &world.availability,
        windows: &[],
        live: &live,
        ledger: &ledger,
        now: now(),
        options: &options,
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_plan_from_a_snapshot_is_the_plan_of_that_moment(world in governed_world()) {
        let stored = planned(&world, &taken(&world, &asked_for(&world)));
        let (live, stored) = (document(world.plan()), document(stored));
        prop_assert_eq!(&live.digest, &stored.digest);
        prop_assert_eq!(live, stored);
    }

    #[test]
    fn the_order_of_lists_does_not_show_in_a_snapshot(world in governed_world(), seed in any::<u64>()) {
        let asked = asked_for(&world);
        let expected = taken(&world, &asked);
        let shuffled = taken(&shuffled(world, seed), &asked);
        prop_assert_eq!(serde_json::to_string(&expected).unwrap(), serde_json::to_string(&shuffled).unwrap());
    }

    #[test]
    fn an_id_that_was_not_asked_for_is_never_called_absent(world in world()) {
        let plan = planned(&world, &taken(&world, &AbsentIds::new()));
        for (connection, ids) in asked_for(&world) {
            for entry in world.selected().filter(|entry| entry.address.connection == connection) {
                let Some(id) = entry.id.as_ref().filter(|id| ids.contains(*id)) else { continue };
                let told = plan.problems.iter().any(|p| p.address == entry.address && p.code == Code::Unreadable);
                prop_assert!(told, "{id} of {}: {:#?}", entry.address, plan.problems);
            }
        }
    }
}
