//! What must hold of every plan, whatever the fleet, the live world and the ledger. 1,000 worlds for each property;
//! 100,000 with `FLEETFORM_LONG=1`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

#[path = "properties/carried_out.rs"]
mod carried_out;
#[path = "properties/interleavings.rs"]
mod interleavings;
#[path = "properties/order.rs"]
mod order;
#[path = "properties/rules.rs"]
mod rules;
#[path = "properties/snapshots.rs"]
mod snapshots;
#[path = "properties/worlds.rs"]
mod worlds;

use carried_out::{carried_out, place};
use fleetform::model::{
    Address, Capabilities, HoldTo, LedgerFacts, LiveState, Operation, RebootKind, RebootSupport, Selector,
    Verb,
};
use fleetform::plan::{
    Cause, Change, Code, Plan, PlanDocument, Problem, Severity, Step, attribute, unmanaged,
};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;
use std::collections::BTreeMap;
use worlds::{World, document, now, world};

pub(crate) fn config() -> ProptestConfig {
    let cases = if std::env::var_os("FLEETFORM_LONG").is_some() { 100_000 } else { 1_000 };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_plan_carried_out_leaves_nothing_to_do_for_the_servers_it_changed(
        world in world(),
        picks in prop::collection::vec(any::<u16>(), 1..40),
    ) {
        let plan = world.plan();
        let after = carried_out(&world, &plan, &picks).map_err(TestCaseError::fail)?;
        let again = after.plan();
        for change in &plan.changes {
            let left = again.changes.iter().find(|other| other.address == change.address);
            prop_assert!(left.is_none(), "{left:#?} is left of {change:#?}");
        }
    }

    #[test]
    fn nothing_is_done_to_unselected_unmanaged_or_protected_servers(world in world()) {
        let plan = world.plan();
        let strangers = world.with_inputs(unmanaged);
        for change in &plan.changes {
            let entry = world.entry(&change.address);
            prop_assert!(world.options.selects(entry), "{} is not selected", change.address);
            if entry.protect {
                prop_assert!(change.steps.iter().all(|step| !step.operation.verb().is_disruptive()), "{change:#?}");
            }
            let theirs = strangers.iter().filter(|(name, _)| *name == change.provider).flat_map(|(_, all)| all);
            prop_assert!(theirs.clone().all(|server| server.id.as_ref() != Some(&change.id)), "{change:#?}");
        }
        let mut ids: Vec<_> = plan.changes.iter().map(|change| (&change.provider, &change.id)).collect();
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), plan.changes.len(), "two changes on one server");
    }

    #[test]
    fn the_order_of_lists_does_not_show(world in world(), seed in any::<u64>()) {
        let expected = serde_json::to_string(&world.document()).unwrap();
        let made = serde_json::to_string(&shuffled(world, seed).document()).unwrap();
        prop_assert_eq!(expected, made);
    }

    #[test]
    fn every_selected_entry_is_counted_once(world in world()) {
        let plan = world.plan();
        let (mut unchanged, mut errors) = (0, 0);
        for entry in world.selected() {
            let changed = plan.changes.iter().filter(|change| change.address == entry.address).count();
            let failed = plan
                .problems
                .iter()
                .filter(|p| p.address == entry.address && p.severity == Severity::Error)
                .count();
            // A hold that its server cannot follow is a warning as well.
            let mild = [Code::MissingServer, Code::PredecessorDown];
            let is_missing = plan.problems.iter().any(|p| {
                p.address == entry.address && p.severity == Severity::Warning && mild.contains(&p.code)
            });
            let is_readable = world.room(&entry.address.connection).servers.is_some();
            prop_assert!(changed + failed + usize::from(is_missing) <= 1, "{} has several ends", entry.address);
            prop_assert!(is_readable || changed + failed + usize::from(is_missing) == 0);
            let waits = plan.withheld.iter().any(|one| one.address == entry.address);
            unchanged += u64::from(is_readable && changed + failed == 0 && !is_missing && !waits);
            errors += failed as u64;
        }
        let unread = plan.problems.iter().filter(|p| p.address.name.as_str() == "*").count() as u64;
        prop_assert_eq!(plan.summary.unchanged, unchanged);
        prop_assert_eq!(plan.summary.problems, errors + unread);
        prop_assert_eq!(plan.summary.problems + plan.summary.warnings, plan.problems.len() as u64);
        for verb in Verb::ALL {
            let count = plan.changes.iter().filter(|change| change.actions.contains(&verb)).count() as u64;
            prop_assert_eq!(plan.summary.of(verb), count);
        }
    }

    #[test]
    fn holds_that_are_over_change_nothing(world in world()) {
        let without = World { ledger: LedgerFacts { holds: Vec::new(), freeze: None, ..world.ledger.clone() }, ..world.clone() };
        let mut over = world;
        over.ledger.holds.iter_mut().for_each(|hold| hold.until = now());
        over.ledger.freeze.iter_mut().for_each(|freeze| freeze.until = now());
        prop_assert_eq!(over.plan(), without.plan());
    }

    /// Neither a hold nor a freeze makes a plan fail that would not fail without it, but for groups that would have too
    /// few servers on; what waits is told, and nothing of it is done.
    #[test]
    fn what_is_held_is_left_alone_and_breaks_no_plan(world in world()) {
        let plan = world.plan();
        let without = World { ledger: LedgerFacts { holds: Vec::new(), freeze: None, ..world.ledger.clone() }, ..world.clone() };
        let without = without.plan();
        let frozen = world.ledger.freeze.as_ref().is_some_and(|freeze| freeze.is_in_force(now()));
        prop_assert!(!frozen || plan.changes.is_empty(), "{:#?}", plan.changes);
        prop_assert_eq!(plan.freeze.is_some(), frozen);
        for entry in &world.desired {
            let holds = world.ledger.holds.iter().rev();
            let mut holds = holds.filter(|hold| hold.is_in_force(now()) && hold.selector.matches(&entry.address, &entry.labels));
            let Some(hold) = holds.next() else { continue };
            let Some(change) = plan.changes.iter().find(|change| change.address == entry.address) else { continue };
            prop_assert!(hold.to != HoldTo::AsIs, "{change:#?}");
            prop_assert!(!change.does(Verb::Reboot) && !change.does(Verb::Delete), "{change:#?}");
            prop_assert!(change.steps.iter().all(|step| !matches!(step.operation.verb(), Verb::Reboot | Verb::Delete)));
            if change.reasons.iter().any(|reason| reason.starts_with("hold by alice until ")) {
                prop_assert_eq!(change.after.as_ref().unwrap().power, hold.to.power());
            }
        }
        for one in &plan.withheld {
            prop_assert!(!one.actions.is_empty() && world.options.selects(world.entry(&one.address)), "{one:#?}");
            let change = plan.changes.iter().find(|change| change.address == one.address);
            prop_assert!(change.is_none_or(|change| one.actions.iter().all(|verb| !change.does(*verb))), "{one:#?} {change:#?}");
        }
        let can_be_new = [Code::Availability, Code::OrderCycle];
        let fails = |plan: &Plan| plan.problems.iter().any(|p| p.severity == Severity::Error && !can_be_new.contains(&p.code));
        prop_assert!(!fails(&plan) || fails(&without), "{:#?}", plan.problems);
    }

    #[test]
    fn nothing_is_planned_where_nothing_could_be_read(world in world()) {
        let plan = world.plan();
        for room in world.rooms.iter().filter(|room| room.servers.is_none()) {
            prop_assert!(plan.changes.iter().all(|change| change.provider.as_str() != room.name));
            let is_asked = world.selected().any(|entry| entry.address.connection.as_str() == room.name);
            let is_told = plan.problems.iter().any(|p| {
                p.code == Code::Unreachable && p.address.to_string() == format!("{}/*", room.name)
            });
            prop_assert_eq!(is_asked, is_told);
        }
    }

    #[test]
    fn no_step_is_planned_that_the_provider_or_the_server_denies(world in world()) {
        for change in &world.plan().changes {
            let room = world.room(&change.provider);
            let servers = room.servers.as_ref().unwrap();
            let live = &servers[place(servers, &change.id).unwrap()];
            prop_assert!(!matches!(live.state, LiveState::Unrecognised(_)), "{change:#?}");
            prop_assert!(!matches!(live.state, LiveState::Transition { into: None, .. }), "{change:#?}");
            prop_assert!(!live.state.is_going_away(), "{change:#?}");
            for step in &change.steps {
                prop_assert!(step_fits(room.capabilities, step), "{step:#?}");
                prop_assert!(live.denial(step.operation.verb()).is_none(), "{step:#?}");
            }
            // A server that is resumed only to be stopped is stopped.
            let stops = change.does(Verb::PowerOff);
            let told = change.steps.iter().filter(|step| !(stops && step.operation == Operation::Resume));
            let verbs: Vec<Verb> = told.map(|step| step.operation.verb()).collect();
            let mut distinct = verbs.clone();
            distinct.dedup();
            prop_assert_eq!(&distinct, &change.actions);
            prop_assert!(!distinct.contains(&Verb::Delete) || distinct.len() == 1);
            prop_assert!(distinct.iter().skip(1).all(|verb| *verb != Verb::Rename));
        }
    }

    #[test]
    fn nothing_is_done_while_an_earlier_change_is_unresolved(world in world()) {
        for change in &world.plan().changes {
            let key = (change.provider.clone(), change.id.clone());
            prop_assert!(!world.ledger.unresolved.contains_key(&key), "{change:#?}");
        }
    }

    #[test]
    fn targets_only_narrow(world in world()) {
        let narrow = world.plan();
        let mut all = world.clone();
        all.options.targets.clear();
        let full = all.plan();
        // What waits for others, and whether a group can spare a server, depends on who else is selected.
        let ordered = |plan: &Plan, address: &Address| {
            let codes = [Code::NameTaken, Code::Availability, Code::PredecessorDown, Code::OrderCycle];
            plan.problems.iter().any(|p| p.address == *address && codes.contains(&p.code))
        };
        let has = |plan: &Plan, change: &Change| {
            let calls = |change: &Change| change.steps.iter().map(|step| step.operation.clone()).collect::<Vec<_>>();
            plan.changes.iter().any(|c| c.id == change.id && c.provider == change.provider && calls(c) == calls(change))
        };
        for change in &narrow.changes {
            let is_there = has(&full, change) || ordered(&full, &change.address);
            prop_assert!(is_there, "only under the target: {change:#?}");
        }
        for change in full.changes.iter().filter(|c| world.options.selects(world.entry(&c.address))) {
            let is_told = has(&narrow, change) || ordered(&narrow, &change.address);
            prop_assert!(is_told, "lost under the target: {change:#?}");
        }
        prop_assert_eq!(narrow.summary.unmanaged, full.summary.unmanaged);
    }

    #[test]
    fn exclusions_and_kinds_of_action_only_narrow(
        world in world(),
        only in prop::sample::subsequence(Verb::ALL.to_vec(), 1..4),
        which in any::<Index>(),
    ) {
        let full = world.plan();
        let mut part = world.clone();
        part.options.only.clone_from(&only);
        if !world.desired.is_empty() {
            let one = &world.desired[which.index(world.desired.len())].address;
            part.options.excludes = vec![Selector::parse(&one.to_string()).unwrap()];
        }
        let narrow = part.plan();
        // A change that cannot be had as a whole, for its name, may be had in part; and one that has no place in the
        // order of all may have one in that of some.
        let no_name = |p: &&Problem| {
            matches!(
                p.code,
                Code::NameTaken
                    | Code::InvalidName
                    | Code::PredecessorDown
                    | Code::Availability
                    | Code::OrderCycle
            )
        };
        let nameless: Vec<&Address> = full.problems.iter().filter(no_name).map(|p| &p.address).collect();
        for change in &narrow.changes {
            prop_assert!(part.options.selects(part.entry(&change.address)), "excluded: {change:#?}");
            prop_assert!(change.actions.iter().all(|verb| only.contains(verb)), "{change:#?}");
            let whole = full.changes.iter().find(|other| other.address == change.address);
            // One that waits as a whole, for its name or for another server, may be had in part as well.
            let waits = full.withheld.iter().any(|one| one.address == change.address);
            let is_part = whole.map_or(waits || nameless.contains(&&change.address), |whole| {
                whole.id == change.id
                    && whole.before == change.before
                    && change.actions.iter().all(|verb| whole.does(*verb))
            });
            prop_assert!(is_part, "{change:#?} is no part of {whole:#?}");
        }
        // Every server that needs something is changed in full, told of, counted as left out, or excluded.
        let mut wanting: BTreeMap<&Address, Vec<Verb>> = BTreeMap::new();
        let changes = full.changes.iter().map(|change| (&change.address, &change.actions));
        for (address, actions) in changes.chain(full.withheld.iter().map(|one| (&one.address, &one.actions))) {
            if part.options.selects(part.entry(address)) {
                wanting.entry(address).or_default().extend(actions);
            }
        }
        let less = wanting.values().filter(|actions| !actions.iter().all(|verb| only.contains(verb))).count();
        let most = less + nameless.len();
        prop_assert!((less as u64..=most as u64).contains(&narrow.summary.left_out), "{less} to {most}: {narrow:#?}");
    }

    #[test]
    fn what_the_base_leads_to_as_well_is_drift_and_the_rest_is_not(world in world(), which in any::<Index>()) {
        let plan = world.plan();
        let attributed = |base: &Plan| {
            let mut plan = plan.clone();
            let gone = attribute(&mut plan, base);
            let causes = plan.changes.iter().map(|change| change.cause);
            (gone.len(), causes.chain(plan.problems.iter().map(|problem| problem.cause)).collect::<Vec<_>>())
        };
        let (gone, causes) = attributed(&plan);
        prop_assert!(gone == 0 && causes.iter().all(|cause| *cause == Some(Cause::Drift)));
        let (gone, causes) = attributed(&Plan::default());
        prop_assert!(gone == 0 && causes.iter().all(|cause| *cause == Some(Cause::ThisChange)));
        // The base without one entry: of the changes, that entry's alone can come from this change.
        if !plan.changes.is_empty() {
            let one = &plan.changes[which.index(plan.changes.len())];
            let mut base = plan.clone();
            base.changes.retain(|change| change.address != one.address);
            let (_, causes) = attributed(&base);
            let new = plan.changes.iter().zip(causes).filter(|(_, cause)| *cause == Some(Cause::ThisChange));
            prop_assert_eq!(new.map(|(change, _)| &change.address).collect::<Vec<_>>(), vec![&one.address]);
        }
    }

    #[test]
    fn the_digest_is_about_what_is_done_and_not_about_where_it_is_written(
        world in world(),
        which in any::<Index>(),
        line in 1000..2000u32,
    ) {
        let plan = world.plan();
        let mut moved = world.clone();
        moved.desired.iter_mut().for_each(|entry| entry.location.line += line);
        prop_assert_eq!(document(plan.clone()).digest, document(moved.plan()).digest);
        for other in altered(&plan, which) {
            prop_assert_ne!(document(plan.clone()).digest, document(other).digest);
        }
    }

    #[test]
    fn a_saved_plan_reads_back_and_an_altered_change_is_refused(world in world(), which in any::<Index>()) {
        let document = world.document();
        let bytes = serde_json::to_vec(&document).unwrap();
        let read = PlanDocument::read(&bytes).map_err(TestCaseError::fail)?;
        prop_assert_eq!(&read, &document);
        let mut json: Value = serde_json::from_slice(&bytes).unwrap();
        let mut leaves = Vec::new();
        leaves_of(&json["changes"], "/changes", &mut leaves);
        if !leaves.is_empty() {
            let path = which.get(&leaves);
            flip(json.pointer_mut(path).unwrap());
            let read = PlanDocument::read(&serde_json::to_vec(&json).unwrap());
            prop_assert!(read.is_err(), "{path} was altered and nobody saw it");
        }
    }
}

/// The same world with every list in another order.
fn shuffled(mut world: World, seed: u64) -> World {
    let mut state = seed | 1;
    let mut next = move || {
        // A linear congruence is random enough to move things about.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    world.desired.sort_by_cached_key(|_| next());
    world.rooms.sort_by_cached_key(|_| next());
    for servers in world.rooms.iter_mut().filter_map(|room| room.servers.as_mut()) {
        servers.sort_by_cached_key(|_| next());
    }
    world
}

fn step_fits(can: &Capabilities, step: &Step) -> bool {
    std::iter::once(&step.operation).chain(&step.fallback).all(|operation| fits(can, operation))
}

fn fits(can: &Capabilities, operation: &Operation) -> bool {
    match operation {
        Operation::PowerOn => can.power_on,
        Operation::Suspend | Operation::Resume => can.suspend,
        Operation::Rename { to } => can.rename && can.names.refuses(to.as_str()).is_none(),
        Operation::Delete => can.delete,
        Operation::PowerOff { method } => can.off.includes(*method),
        Operation::Reboot { method } => match can.reboot {
            RebootSupport::No => false,
            RebootSupport::HardOnly => *method == RebootKind::Hard,
            RebootSupport::Both => *method != RebootKind::NotToldApart,
            RebootSupport::NotToldApart => *method == RebootKind::NotToldApart,
        },
    }
}

/// The plan with one step altered in ways that matter.
fn altered(plan: &Plan, which: Index) -> Vec<Plan> {
    if plan.changes.is_empty() {
        return Vec::new();
    }
    let at = which.index(plan.changes.len());
    let with = |alter: &dyn Fn(&mut fleetform::plan::Change)| {
        let mut other = plan.clone();
        alter(&mut other.changes[at]);
        other
    };
    let mut all = vec![
        with(&|change| drop(change.steps.pop())),
        with(&|change| change.steps.push(Step::new(Operation::Suspend))),
        with(&|change| change.steps[0].note = Some("altered".into())),
        with(&|change| change.steps[0].fallback = Some(Operation::Delete)),
        with(&|change| change.id = "another".into()),
        with(&|change| change.provider = "another".into()),
    ];
    let mut fewer = plan.clone();
    fewer.changes.remove(at);
    all.push(fewer);
    all
}

/// The paths of all values that say what is done; where it is written is left out.
fn leaves_of(value: &Value, path: &str, into: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| leaves_of(item, &format!("{path}/{at}"), into));
        }
        Value::Object(fields) => fields
            .iter()
            .filter(|(key, _)| *key != "location")
            .for_each(|(key, item)| leaves_of(item, &format!("{path}/{key}"), into)),
        _ => into.push(path.to_owned()),
    }
}

/// Another value of the same kind, as somebody would write it who wants something else to happen.
fn flip(value: &mut Value) {
    *value = match &*value {
        Value::String(text) => match text.as_str() {
            "on" => "off".into(),
            "off" => "on".into(),
            "delete" => "rename".into(),
            "rename" | "power_on" | "power_off" | "reboot" | "suspend" => "delete".into(),
            other => format!("{other}x").into(),
        },
        Value::Number(number) => (number.as_u64().unwrap_or(0) + 1).into(),
        Value::Bool(is) => (!is).into(),
        _ => "on".into(),
    };
}
