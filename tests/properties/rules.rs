//! What must hold of rules over live servers, against a slow reading of what the documentation says of them.

use super::config;
use super::worlds::{Room, World, document, governed_world, now};
use fleetform::model::{
    Address, DesiredServer, Limits, LiveServer, LiveState, Power, Presence, Rule, Selector, Verb,
};
use fleetform::plan::{Accepted, Change, Options, Severity, check_guards, effective, unmanaged};
use proptest::prelude::*;

/// Whether an entry of the file is about a live server, even where it cannot be told which one it means.
fn is_listed(world: &World, room: &Room, server: &LiveServer) -> bool {
    let names = &room.capabilities.names;
    let is_meant = |entry: &&DesiredServer| match &entry.id {
        Some(id) => server.id.as_ref().is_some_and(|own| names.id_case.same(own.as_str(), id.as_str())),
        None => server.name.as_ref().is_some_and(|own| {
            let mut called = std::iter::once(&entry.address.name).chain(&entry.renamed_from);
            called.any(|name| names.case.same(name.as_str(), own.as_str()))
        }),
    };
    world
        .desired
        .iter()
        .filter(|entry| entry.address.connection.as_str() == room.name)
        .any(|entry| is_meant(&entry))
}

/// Whether a rule selects a server: `None` where nobody knows.
fn selects(rule: &Rule, room: &Room, server: &LiveServer) -> Option<bool> {
    let Some(name) = &server.name else { return Some(false) };
    let address = Address::new(room.name.into(), name.clone());
    let matches = |glob: &str| Selector::parse(glob).unwrap().matches(&address, rule.labels());
    if !rule.globs.iter().any(|glob| matches(glob)) {
        return Some(false);
    }
    let power = match (rule.power_is, server.state.expected_power()) {
        (None, _) => Some(true),
        (Some(wanted), Some(power)) => Some(wanted == power),
        (Some(_), None) => None,
    };
    let has = |tag: &str| {
        let tags = server.tags.as_deref()?;
        Some(tags.iter().any(|own| **own == *tag || tag == "env=*" && own.starts_with("env=")))
    };
    let tags = rule.tags.first().map_or(Some(true), |tag| has(tag));
    let age = match (&rule.older_than, server.created_at) {
        (None, _) => Some(true),
        (Some(age), Some(at)) => Some(at + age.duration() <= now()),
        (Some(_), None) => None,
    };
    let all = [power, tags, age];
    if all.contains(&Some(false)) {
        Some(false)
    } else {
        all.into_iter().collect::<Option<Vec<_>>>().map(|_| true)
    }
}

/// The rule that has a server: the first that selects it, unless nobody knows that of an earlier one.
fn governor<'w>(world: &'w World, room: &Room, server: &LiveServer) -> Option<&'w Rule> {
    let verdict = |rule: &&Rule| selects(rule, room, server) != Some(false);
    world.rules.iter().find(verdict).filter(|rule| selects(rule, room, server) == Some(true))
}

fn of_rule(change: &Change) -> Option<&str> {
    change.reasons.iter().find_map(|reason| reason.strip_prefix("rule "))
}

fn live<'w>(world: &'w World, change: &Change) -> (&'w Room, &'w LiveServer) {
    let room = world.room(&change.provider);
    let servers = room.servers.as_ref().unwrap();
    (room, servers.iter().find(|server| server.id.as_ref() == Some(&change.id)).unwrap())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn entries_win_over_rules_and_the_first_rule_over_the_others(world in governed_world()) {
        let plan = world.plan();
        for change in &plan.changes {
            let (room, server) = live(&world, change);
            match of_rule(change) {
                Some(name) => {
                    prop_assert!(!is_listed(&world, room, server), "{change:#?}");
                    let rule = governor(&world, room, server);
                    prop_assert_eq!(rule.map(|rule| &*rule.name), Some(name), "{:#?}", change);
                }
                None => prop_assert!(is_listed(&world, room, server), "{change:#?}"),
            }
        }
    }

    #[test]
    fn a_rule_never_renames_and_never_deletes_without_a_known_age(world in governed_world()) {
        let plan = world.plan();
        for change in plan.changes.iter().filter(|change| of_rule(change).is_some()) {
            let (_, server) = live(&world, change);
            prop_assert!(!change.does(Verb::Rename), "{change:#?}");
            prop_assert_eq!(Some(&change.address.name), server.name.as_ref());
            let rule = world.rules.iter().find(|rule| Some(&*rule.name) == of_rule(change)).unwrap();
            if change.does(Verb::Delete) {
                let age = rule.older_than.as_ref().expect("a delete by a rule without an age");
                prop_assert!(age.is_reached(server.created_at.unwrap(), now()));
                prop_assert!(!rule.wish.protect && rule.wish.presence == Presence::Absent);
                let refused = check_guards(&plan, &Limits::default(), &Accepted::default(), false);
                prop_assert!(!refused.is_empty(), "deletes without a bound");
            }
            let stops = change.actions.iter().any(|verb| verb.is_disruptive());
            prop_assert!(!(rule.wish.protect && stops), "{change:#?}");
        }
    }

    #[test]
    fn every_server_that_a_rule_has_is_governed_once(world in governed_world()) {
        let world = World { options: Options::default(), ..world };
        let entries = world.with_inputs(|inputs| effective(inputs).into_owned());
        let plan = world.plan();
        let made = entries.iter().filter(|entry| entry.rule.is_some()).count() as u64;
        prop_assert_eq!(plan.summary.governed, made);
        let unlisted: u64 = world.with_inputs(|inputs| {
            let without = fleetform::plan::Inputs { rules: &[], ..*inputs };
            unmanaged(&without).iter().map(|(_, servers)| servers.len() as u64).sum()
        });
        prop_assert_eq!(plan.summary.unmanaged + plan.summary.governed, unlisted);
        for room in &world.rooms {
            for server in room.servers.iter().flatten() {
                let here = |entry: &&DesiredServer| {
                    entry.rule.is_some()
                        && entry.address.connection.as_str() == room.name
                        && entry.id.is_some()
                        && entry.id == server.id
                };
                let own: Vec<&DesiredServer> = entries.iter().filter(here).collect();
                let rule = governor(&world, room, server).filter(|_| !is_listed(&world, room, server));
                let is_alone = |name: &str| {
                    let case = room.capabilities.names.case;
                    let same = |other: &str| case.same(name, other);
                    let twins = room.servers.iter().flatten().filter_map(|one| one.name.as_ref());
                    let declared = world.desired.iter().filter(|e| e.address.connection.as_str() == room.name);
                    twins.filter(|other| same(other.as_str())).count() == 1
                        && declared.filter(|e| same(e.address.name.as_str())).count() == 0
                };
                let is_plain = matches!(server.state, LiveState::Settled(_)) && server.id.is_some();
                let sound = rule.filter(|rule| rule.wish.presence == Presence::Present || rule.older_than.is_some());
                match (sound, &server.name) {
                    (Some(rule), Some(name)) if is_plain && is_alone(name.as_str()) => {
                        prop_assert_eq!(own.len(), 1);
                        prop_assert_eq!(own[0].rule.as_deref(), Some(&*rule.name));
                    }
                    (None, _) => prop_assert!(own.is_empty()),
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn what_is_the_matter_with_a_governed_server_is_a_warning(world in governed_world()) {
        let plan = world.plan();
        let entries = world.with_inputs(|inputs| effective(inputs).into_owned());
        for problem in plan.problems.iter().filter(|problem| problem.severity == Severity::Error) {
            use fleetform::plan::Code;
            let Some(entry) = entries.iter().find(|entry| entry.address == problem.address) else { continue };
            let of_server = [Code::InTransition, Code::UnrecognisedState, Code::AmbiguousName, Code::MissingServer];
            prop_assert!(entry.rule.is_none() || !of_server.contains(&problem.code), "{problem:#?}");
        }
    }

    #[test]
    fn the_order_of_live_servers_means_nothing_to_rules(world in governed_world(), seed in any::<u64>()) {
        let shuffled = super::shuffled(world.clone(), seed);
        prop_assert_eq!(
            serde_json::to_string(&document(world.plan())).unwrap(),
            serde_json::to_string(&document(shuffled.plan())).unwrap()
        );
    }

    #[test]
    fn no_rule_makes_a_server_do_what_its_rule_does_not_say(world in governed_world()) {
        for change in &world.plan().changes {
            let Some(name) = of_rule(change) else { continue };
            // A hold beats a rule.
            if change.reasons.iter().any(|reason| reason.starts_with("hold by ")) {
                continue;
            }
            let rule = world.rules.iter().find(|rule| &*rule.name == name).unwrap();
            let after = change.after.as_ref().and_then(|after| after.power);
            match rule.wish.power.wanted() {
                Some(wanted) if change.after.is_some() => prop_assert_eq!(after, Some(wanted)),
                _ => prop_assert!(!change.does(Verb::PowerOff) && !change.does(Verb::PowerOn)),
            }
            prop_assert!(change.before.power != Some(Power::On) || !change.does(Verb::PowerOn));
        }
    }
}
