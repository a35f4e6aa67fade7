//! Random fleets, live worlds and ledgers. Names and ids come from small pools, so that servers meet: that is
//! where a planner goes wrong.

use fleetform::model::{
    Address, After, Age, Availability, BatchLimits, Bound, Capabilities, CaseRule, ConnectionName, Denial,
    DesiredPower, DesiredServer, EvidenceLevel, Freeze, Hold, HoldTo, LedgerFacts, LiveServer, LiveState,
    Location, NameRules, OffSupport, Power, Presence, RebootStyle, RebootSupport, Rule, Selector, Settles,
    Shutdown, Unresolved, Verb,
};
use fleetform::plan::{
    ConnectionLive, FleetFile, Inputs, Options, Plan, PlanDocument, PlanOptionsRecord, ReadFailure, plan,
};
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// The instant of every plan.
pub(crate) fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// Everything there is, in any case; only a part of it is needed for one world.
const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "A", "web/1", "{x}"];

/// Everything that a provider could do, with names in any case.
pub(crate) static EVERYTHING: Capabilities = Capabilities {
    power_on: true,
    off: OffSupport::Both,
    suspend: true,
    off_when_suspended: OffSupport::HardOnly,
    reboot: RebootSupport::Both,
    reboot_evidence: EvidenceLevel::JobFinished,
    rename: true,
    delete: true,
    reports_power: true,
    tags: true,
    created_at: true,
    names: NameRules {
        case: CaseRule::Insensitive,
        id_case: CaseRule::Insensitive,
        min_chars: 1,
        max_chars: 20,
        allows: |c| c.is_ascii_graphic(),
        described: "visible ASCII",
    },
    batch: BatchLimits { power: 1, delete: 1 },
    default_in_flight: 1,
    usual_delay: Duration::from_secs(1),
    first_look: Capabilities::NOTHING.first_look,
};

/// One connection with its servers, or none where it could not be read.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    pub(crate) name: &'static str,
    pub(crate) type_name: &'static str,
    pub(crate) capabilities: &'static Capabilities,
    pub(crate) servers: Option<Vec<LiveServer>>,
}

/// All that a plan depends on, as values that can be changed.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) rooms: Vec<Room>,
    pub(crate) desired: Vec<DesiredServer>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) availability: Vec<Availability>,
    pub(crate) ledger: LedgerFacts,
    pub(crate) options: Options,
}

impl World {
    pub(crate) fn plan(&self) -> Plan {
        self.with_inputs(plan)
    }

    pub(crate) fn document(&self) -> PlanDocument {
        document(self.plan())
    }

    pub(crate) fn with_inputs<T>(&self, look: impl FnOnce(&Inputs<'_>) -> T) -> T {
        let live: Vec<ConnectionLive<'_>> = self.rooms.iter().map(Room::live).collect();
        look(&Inputs {
            desired: &self.desired,
            rules: &self.rules,
            availability: &self.availability,
            windows: &[],
            live: &live,
            ledger: &self.ledger,
            now: now(),
            options: &self.options,
        })
    }

    pub(crate) fn room(&self, name: &ConnectionName) -> &Room {
        self.rooms.iter().find(|room| room.name == name.as_str()).unwrap()
    }

    pub(crate) fn room_mut(&mut self, name: &ConnectionName) -> &mut Room {
        self.rooms.iter_mut().find(|room| room.name == name.as_str()).unwrap()
    }

    pub(crate) fn selected(&self) -> impl Iterator<Item = &DesiredServer> {
        self.desired.iter().filter(|entry| self.options.selects(entry))
    }

    pub(crate) fn entry(&self, address: &Address) -> &DesiredServer {
        self.desired.iter().find(|entry| entry.address == *address).unwrap()
    }
}

/// A plan, dressed for the file.
pub(crate) fn document(plan: Plan) -> PlanDocument {
    let files = vec![FleetFile { path: "fleet.yaml".into(), sha256: "00".into(), calendar: false }];
    PlanDocument::new(plan, files, PlanOptionsRecord::default(), now())
}

impl Room {
    pub(crate) fn live(&self) -> ConnectionLive<'static> {
        let failure = || ReadFailure { message: "cut off".into(), transient: true };
        ConnectionLive {
            name: self.name.into(),
            type_name: self.type_name,
            capabilities: self.capabilities,
            servers: self.servers.clone().ok_or_else(failure),
        }
    }
}

/// Any world: one room for each provider type, and one for a provider that can do everything.
pub(crate) fn world() -> impl Strategy<Value = World> {
    let specs = fleetform::providers::specs();
    let mut kinds: Vec<(&'static str, &'static Capabilities)> =
        specs.iter().map(|spec| (spec.type_name, &spec.capabilities)).collect();
    kinds.push(("everything", &EVERYTHING));
    let rooms: Vec<_> = kinds.into_iter().map(|(name, can)| room(name, can).boxed()).collect();
    (rooms, ledger(), options(), vec(rule(), 0..3)).prop_map(|(rooms, ledger, options, availability)| {
        let (rooms, desired): (Vec<Room>, Vec<Vec<DesiredServer>>) = rooms.into_iter().unzip();
        World { rooms, desired: desired.concat(), rules: Vec::new(), availability, ledger, options }
    })
}

fn room(
    name: &'static str,
    capabilities: &'static Capabilities,
) -> impl Strategy<Value = (Room, Vec<DesiredServer>)> {
    let servers = prop_oneof![
        9 => vec(live_server(), 0..7).prop_map(|all| Some(numbered(all))),
        1 => Just(None),
    ];
    (servers, vec(entry(name), 0..6)).prop_map(move |(servers, entries)| {
        let room = Room { name, type_name: name, capabilities, servers };
        (room, without_duplicates(entries, &capabilities.names))
    })
}

/// Ids as a provider gives them: each once, missing now and then.
fn numbered(servers: Vec<(bool, LiveServer)>) -> Vec<LiveServer> {
    let number = |(at, (has_id, server)): (usize, (bool, LiveServer))| LiveServer {
        id: has_id.then(|| format!("{at}").into()),
        ..server
    };
    servers.into_iter().enumerate().map(number).collect()
}

/// What providers say of servers beside names.
const TAGS: [&str; 3] = ["env=dev", "env=prod", "keep"];

fn live_server() -> impl Strategy<Value = (bool, LiveServer)> {
    let name = weighted(0.97, prop::sample::select(&NAMES[..]));
    let denial =
        prop::sample::select(&Verb::ALL[..]).prop_map(|verb| Denial { verb, why: "it is locked".into() });
    let booted = weighted(0.3, instant());
    let told = (weighted(0.7, instant()), weighted(0.8, prop::sample::subsequence(&TAGS[..], 0..3)));
    (prop::bool::weighted(0.93), name, state(), booted, vec(denial, 0..2), prop::bool::weighted(0.1), told)
        .prop_map(|(has_id, name, state, booted_at, denials, is_denied, (created_at, tags))| {
            let tags = tags.map(|tags| tags.into_iter().map(Into::into).collect());
            let denials = if is_denied { denials } else { Vec::new() };
            (
                has_id,
                LiveServer {
                    id: None,
                    name: name.map(Into::into),
                    state,
                    booted_at,
                    created_at,
                    tags,
                    denials,
                },
            )
        })
}

fn state() -> impl Strategy<Value = LiveState> {
    let power = || prop::sample::select(vec![Power::On, Power::Off, Power::Suspended]);
    let moving = |into| LiveState::Transition { word: "MOVING".into(), into };
    prop_oneof![
        8 => prop_oneof![5 => Just(Power::On), 4 => Just(Power::Off), 1 => Just(Power::Suspended)]
            .prop_map(LiveState::Settled),
        1 => power().prop_map(move |power| moving(Some(Settles::Power(power)))),
        1 => prop_oneof![Just(Some(Settles::Gone)), Just(None)].prop_map(moving),
        1 => prop_oneof![Just(LiveState::NotReported), Just(LiveState::Unrecognised("ODD".into()))],
    ]
}

/// An instant in the past, most of the time.
fn instant() -> impl Strategy<Value = Timestamp> {
    (0..12i64).prop_map(|days| now() - jiff::Span::new().hours(24 * (days - 1)))
}

fn entry(connection: &'static str) -> impl Strategy<Value = DesiredServer> {
    let name = || prop::sample::select(&NAMES[..]);
    let binding = (name(), weighted(0.4, 0..8u8), weighted(0.25, name()));
    let power = prop::sample::select(vec![
        DesiredPower::On,
        DesiredPower::On,
        DesiredPower::Off,
        DesiredPower::Off,
        DesiredPower::Any,
        DesiredPower::Suspended,
    ]);
    let absent = prop::bool::weighted(0.15);
    let shutdown = prop::sample::select(vec![
        Shutdown::GracefulThenHard,
        Shutdown::GracefulThenHard,
        Shutdown::Graceful,
        Shutdown::Hard,
    ]);
    let reboot = prop::sample::select(vec![
        RebootStyle::SoftThenHard,
        RebootStyle::SoftThenHard,
        RebootStyle::Soft,
        RebootStyle::Hard,
    ]);
    let ways = (power, absent, shutdown, reboot, weighted(0.3, instant()), prop::bool::weighted(0.15));
    let after = prop_oneof![3 => Just(Vec::new()), 1 => vec(selector(), 1..3)];
    (binding, ways, (prop::sample::select(vec!["web", "db"]), after), 1..500u32).prop_map(
        move |(
            (name, id, renamed_from),
            (power, absent, shutdown, reboot, rebooted_since, protect),
            (tier, after),
            line,
        )| {
            DesiredServer {
                address: Address::new(connection.into(), name.into()),
                id: id.map(|id| id.to_string().into()),
                renamed_from: renamed_from.map(Into::into),
                presence: if absent { Presence::Absent } else { Presence::Present },
                power,
                schedule: None,
                shutdown,
                grace: None,
                require_evidence: None,
                healthy_when: None,
                rollout: None,
                reboot,
                rebooted_since,
                protect,
                labels: Arc::new(BTreeMap::from([("tier".into(), tier.into())])),
                after: after.into_iter().map(|selector| After { selector, location: place(line) }).collect(),
                rule: None,
                location: place(line),
            }
        },
    )
}

fn place(line: u32) -> Location {
    Location { file: "fleet.yaml".into(), line, column: 5 }
}

/// Any selector: such as lead in circles, and such as mean nobody, as well.
fn selector() -> impl Strategy<Value = Selector> {
    const TEXTS: [&str; 10] =
        ["a", "b", "c", "d", "e", "?", "hostway/*", "everything/a", "openstack/?", "label:tier=db"];
    prop::sample::select(&TEXTS[..]).prop_map(|text| Selector::parse(text).unwrap())
}

fn rule() -> impl Strategy<Value = Availability> {
    let min_on = prop_oneof![(1..5u64).prop_map(Bound::Count), (1..10_000u32).prop_map(Bound::Percent)];
    (selector(), min_on).prop_map(|(select, min_on)| Availability { select, min_on, location: place(1) })
}

/// What the fleet file refuses never reaches the planner.
fn without_duplicates(entries: Vec<DesiredServer>, rules: &NameRules) -> Vec<DesiredServer> {
    let (mut names, mut ids, mut old) = (HashSet::new(), HashSet::new(), HashSet::new());
    let key = |text: &str| rules.case.key(text).into_owned();
    let mut kept = Vec::new();
    for mut entry in entries {
        if !names.insert(key(entry.address.name.as_str())) {
            continue;
        }
        entry.id = entry.id.filter(|id| ids.insert(id.clone()));
        entry.renamed_from = entry.renamed_from.filter(|name| old.insert(key(name.as_str())));
        kept.push(entry);
    }
    kept
}

fn ledger() -> impl Strategy<Value = LedgerFacts> {
    let names: Vec<&'static str> =
        fleetform::providers::specs().iter().map(|spec| spec.type_name).chain(["everything"]).collect();
    let key = move || {
        (prop::sample::select(names.clone()), 0..7u8).prop_map(|(c, id)| (c.into(), id.to_string().into()))
    };
    let open = (prop::sample::select(vec![Verb::Reboot, Verb::Delete]), instant());
    let open = open.prop_map(|(verb, sent_at)| Unresolved {
        address: Address::new("everything".into(), "before".into()),
        verb,
        sent_at,
    });
    let told =
        (of(instant()), vec((key(), instant()), 0..5), vec((key(), open), 0..3), prop::bool::weighted(0.2));
    (told, vec(hold(), 0..3), prop::option::weighted(0.1, end())).prop_map(
        |((born, boots, unresolved, some_open), holds, frozen)| LedgerFacts {
            not_rebooted: std::collections::HashMap::new(),
            born,
            boots: boots.into_iter().collect(),
            unresolved: if some_open { unresolved.into_iter().collect() } else { HashMap::default() },
            holds,
            freeze: frozen.map(|until| Freeze {
                by: "bob".into(),
                at: Timestamp::UNIX_EPOCH,
                until,
                reason: "no changes".into(),
            }),
        },
    )
}

/// The end of a hold: mostly yet to come, sometimes this very instant.
fn end() -> impl Strategy<Value = Timestamp> {
    prop::sample::select(vec![24, 1, 0, -24]).prop_map(|hours: i64| now() + jiff::Span::new().hours(hours))
}

/// A hold on some of the servers, in force or over.
fn hold() -> impl Strategy<Value = Hold> {
    let selector = prop::sample::select(vec!["a", "*b", "hostway/*", "everything/?", "label:tier=web", "*"]);
    (selector, prop::sample::select(HoldTo::ALL.to_vec()), end()).prop_map(|(selector, to, until)| Hold {
        id: "5a5a5a5a".into(),
        selector: Selector::parse(selector).unwrap(),
        to,
        by: "alice".into(),
        at: Timestamp::UNIX_EPOCH,
        until,
        reason: "a disk is swapped".into(),
    })
}

fn options() -> impl Strategy<Value = Options> {
    let target = prop::sample::select(vec!["a", "*b", "hostway/*", "everything/?", "label:tier=web"]);
    let targets = prop_oneof![3 => Just(Vec::new()), 1 => vec(target, 1..3)];
    (targets, any::<bool>(), any::<bool>()).prop_map(|(targets, allow_missing, reboot_unknown)| Options {
        targets: targets.into_iter().map(|text| Selector::parse(text).unwrap()).collect(),
        allow_missing,
        reboot_unknown,
        ..Options::default()
    })
}

/// Any world with rules over it.
pub(crate) fn governed_world() -> impl Strategy<Value = World> {
    (world(), vec(over_live(), 0..6)).prop_map(|(world, rules)| {
        let number = |(at, rule): (usize, Rule)| {
            let mut rule = Rule { name: format!("r{at}").into(), ..rule };
            let names = world.rooms.iter().map(|room| ConnectionName::from(room.name));
            rule.connections = names.filter(|name| rule.can_match_on(name.as_str())).collect();
            rule
        };
        World { rules: rules.into_iter().enumerate().map(number).collect(), ..world }
    })
}

/// A rule, such as no file would be taken with as well: one that deletes whatever its age.
fn over_live() -> impl Strategy<Value = Rule> {
    const GLOBS: [&str; 9] =
        ["*", "*/*", "a", "?", "hostway/*", "everything/?", "everything/*", "open*/b", "*/c"];
    let selects = (
        vec(prop::sample::select(&GLOBS[..]), 1..3),
        weighted(0.2, prop::sample::select(vec![Power::On, Power::Off])),
        weighted(0.3, prop::sample::select(vec!["env=dev", "env=*", "keep"])),
        weighted(0.4, prop::sample::select(vec!["1d", "5d", "6h"])),
    );
    (selects, entry("everything")).prop_map(|((globs, power_is, tag, age), wish)| {
        let wish = DesiredServer { renamed_from: None, id: None, after: Arc::default(), ..wish };
        Rule {
            name: "".into(),
            globs: globs.into_iter().map(Into::into).collect(),
            connections: BTreeSet::new(),
            power_is,
            tags: tag.into_iter().map(Into::into).collect(),
            older_than: age.and_then(Age::parse),
            wish,
            has_check: false,
            rollouts: Arc::from([]),
        }
    })
}
