//! What a round may do, decided without a clock and without a provider.

use fleetform::ledger::{Past, PastOutcome, Run};
use fleetform::model::{
    Address, Bound, DesiredPower, DesiredServer, DriftRule, LedgerFacts, LimitKind, Limits, LiveServer,
    LiveState, Location, OffKind, OnDrift, Operation, Power, Presence, RebootStyle, Rolling, Selector,
    Shutdown, Verb, WatchSettings,
};
use fleetform::plan::{ConnectionLive, Inputs, Options, Plan, plan};
use fleetform::providers::find;
use fleetform::watch::{Decision, Effort, Memory, Situation, decide, efforts};
use jiff::Timestamp;
use std::sync::Arc;

/// A fleet on one connection whose servers are known by their names.
struct Stage {
    entries: Vec<DesiredServer>,
    live: Vec<LiveServer>,
    settings: WatchSettings,
    limits: Limits,
    past: Vec<Past>,
    memory: Memory,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

fn location() -> Location {
    Location { file: "fleet.yaml".into(), line: 1, column: 1 }
}

fn address(n: usize) -> Address {
    Address::new("c".into(), format!("s{n:02}").into())
}

/// So many servers that should be on.
pub(crate) fn entries(servers: usize) -> Vec<DesiredServer> {
    let entry = |n| DesiredServer {
        address: address(n),
        id: None,
        renamed_from: None,
        presence: Presence::Present,
        power: DesiredPower::On,
        schedule: None,
        shutdown: Shutdown::GracefulThenHard,
        grace: None,
        healthy_when: None,
        rollout: None,
        reboot: RebootStyle::SoftThenHard,
        require_evidence: None,
        rebooted_since: None,
        protect: false,
        labels: Arc::default(),
        after: Arc::default(),
        rule: None,
        location: location(),
    };
    (0..servers).map(entry).collect()
}

impl Stage {
    fn new(servers: usize) -> Self {
        let live = |n| LiveServer::new(n_id(n), format!("s{n:02}"), LiveState::Settled(Power::On));
        Self {
            entries: entries(servers),
            live: (0..servers).map(live).collect(),
            settings: WatchSettings::default(),
            limits: Limits::default(),
            past: Vec::new(),
            memory: Memory::default(),
        }
    }

    fn turn(&mut self, servers: impl IntoIterator<Item = usize>, power: Power) {
        servers.into_iter().for_each(|n| self.live[n].state = LiveState::Settled(power));
    }

    fn plan(&self, now: Timestamp) -> Plan {
        let row = find("hostway").unwrap();
        let live = [ConnectionLive {
            name: "c".into(),
            type_name: row.spec.type_name,
            capabilities: &row.spec.capabilities,
            servers: Ok(self.live.clone()),
        }];
        let options = Options { list_unchanged: true, ..Options::default() };
        let ledger = LedgerFacts::default();
        let inputs = Inputs {
            desired: &self.entries,
            rules: &[],
            availability: &[],
            windows: &[],
            live: &live,
            ledger: &ledger,
            now,
            options: &options,
        };
        plan(&inputs)
    }

    fn round(&mut self, seconds: i64) -> Decision {
        let (now, plan) = (at(seconds), self.plan(at(seconds)));
        let efforts: Vec<Effort> = efforts(&self.past);
        let situation = Situation {
            plan: &plan,
            entries: &self.entries,
            settings: &self.settings,
            interval: self.settings.interval.duration(),
            limits: &self.limits,
            efforts: &efforts,
            now,
        };
        decide(&situation, &mut self.memory)
    }

    /// Takes down that a change was carried out.
    fn did(&mut self, n: usize, operation: Operation, seconds: i64, command: &str, outcome: PastOutcome) {
        let run = Run {
            run: command.into(),
            at: at(seconds),
            user: "ada".into(),
            host: "desk".into(),
            pid: 1,
            program: "0".into(),
            command: command.into(),
            token: 1,
            plan: None,
        };
        self.past.push(Past {
            at: at(seconds),
            address: address(n),
            provider: "c".into(),
            id: n_id(n).as_str().into(),
            what: "x".into(),
            operation: Some(operation),
            outcome,
            ended_at: Some(at(seconds)),
            evidence: None,
            level: None,
            by: Some(run),
        });
    }

    fn corrected(&mut self, n: usize, seconds: i64) {
        self.did(n, Operation::PowerOn, seconds, "watch", PastOutcome::Done);
    }
}

fn n_id(n: usize) -> String {
    format!("id-{n}")
}

fn names(decision: &Decision) -> Vec<String> {
    decision.enforce.iter().map(|change| change.address.name.to_string()).collect()
}

fn held(decision: &Decision, n: usize) -> String {
    let drift = decision.drift.iter().find(|drift| drift.address == address(n)).unwrap();
    drift.held_back.clone().unwrap_or_default()
}

fn rule(select: &str, verbs: &[Verb], on_drift: OnDrift) -> DriftRule {
    DriftRule {
        select: Selector::parse(select).unwrap(),
        verbs: verbs.to_vec(),
        on_drift,
        location: location(),
    }
}

#[test]
fn the_first_rule_that_means_a_server_and_a_verb_counts() {
    let mut stage = Stage::new(6);
    stage.turn(0..4, Power::Off);
    stage.settings.policy = vec![
        rule("s00", &[Verb::PowerOff], OnDrift::Ignore),
        rule("s01", &[], OnDrift::Report),
        rule("s02", &[], OnDrift::Ignore),
        rule("*", &[Verb::Delete], OnDrift::Report),
    ];
    let decision = stage.round(0);
    assert_eq!(names(&decision), ["s00", "s03"]);
    let told: Vec<_> =
        decision.drift.iter().map(|one| (one.address.name.to_string(), one.on_drift)).collect();
    let expected = [("s00", OnDrift::Enforce), ("s01", OnDrift::Report), ("s03", OnDrift::Enforce)];
    assert_eq!(told, expected.map(|(name, what)| (name.to_owned(), what)));
}

#[test]
fn a_delete_is_enforced_only_where_the_file_names_it() {
    let mut stage = Stage::new(2);
    stage.entries.iter_mut().for_each(|entry| entry.presence = Presence::Absent);
    stage.limits.rolling = vec![Rolling::parse(LimitKind::Deletes, "1 per 24h").unwrap()];
    assert!(names(&stage.round(0)).is_empty());
    stage.settings.policy = vec![rule("*", &[], OnDrift::Enforce)];
    assert!(names(&stage.round(1)).is_empty(), "a rule about everything is none about deletes");
    stage.settings.policy = vec![rule("s01", &[Verb::Delete], OnDrift::Enforce)];
    assert_eq!(names(&stage.round(2)), ["s01"]);
}

#[test]
fn the_power_of_a_server_is_put_right_where_its_name_is_left_alone() {
    let mut stage = Stage::new(1);
    stage.entries[0].id = Some("id-0".into());
    stage.live[0] = LiveServer::new("id-0", "other", LiveState::Settled(Power::Off));
    let decision = stage.round(0);
    assert_eq!(decision.enforce[0].actions, [Verb::PowerOn]);
    assert_eq!(decision.enforce[0].steps.len(), 1);
    assert_eq!(decision.drift[0].actions, [Verb::Rename, Verb::PowerOn]);
    assert_eq!(decision.drift[0].words, "name other -> s00, power off -> on");
}

#[test]
fn what_comes_after_a_server_that_is_not_started_is_not_started_either() {
    let mut stage = Stage::new(3);
    stage.turn(0..3, Power::Off);
    let after = |n: usize| {
        [fleetform::model::After {
            selector: Selector::parse(&format!("s{n:02}")).unwrap(),
            location: location(),
        }]
        .into()
    };
    stage.entries[1].after = after(0);
    stage.entries[2].after = after(1);
    assert_eq!(names(&stage.round(0)), ["s00", "s01", "s02"]);
    stage.settings.policy = vec![rule("s00", &[], OnDrift::Report)];
    let decision = stage.round(1);
    assert!(names(&decision).is_empty());
    assert_eq!(held(&decision, 1), "it comes after c/s00, which is not put right");
    assert_eq!(held(&decision, 2), "it comes after c/s01, which is not put right");
}

#[test]
fn three_corrections_within_the_hour_make_a_server_contested_until_it_was_calm_for_an_hour() {
    let mut stage = Stage::new(3);
    for n in 0..3 {
        stage.turn([1], Power::Off);
        assert_eq!(names(&stage.round(n * 100)), ["s01"]);
        stage.corrected(1, n * 100 + 1);
        stage.turn([1], Power::On);
        assert!(stage.round(n * 100 + 60).contested.is_empty());
    }
    stage.turn([1], Power::Off);
    let decision = stage.round(300);
    assert_eq!((names(&decision).len(), decision.contested.len()), (0, 1));
    let message = &decision.contested[0].message;
    assert!(
        message.contains("put right 3 times within 1h") && message.contains("apply --target c/s01"),
        "{message}"
    );
    assert_eq!(decision.contested[0].undone_at, Some(at(300)));
    // The hour slides on, and it stays contested: who changes it has had the last word.
    assert_eq!(stage.round(9_000).contested.len(), 1);
    // So it does after a restart.
    stage.memory = Memory::read(&stage.memory.bytes()).unwrap();
    assert_eq!(stage.round(9_100).contested.len(), 1);
    stage.turn([1], Power::On);
    assert_eq!(stage.round(9_200).contested.len(), 1, "not calm for long enough");
    stage.turn([1], Power::Off);
    assert_eq!(stage.round(9_300).contested[0].undone_at, Some(at(9_300)), "undone once more");
    stage.turn([1], Power::On);
    stage.round(9_400);
    assert_eq!(stage.round(9_400 + 3_599).contested.len(), 1);
    assert!(stage.round(9_400 + 3_600).contested.is_empty());
    stage.turn([1], Power::Off);
    assert_eq!(names(&stage.round(14_000)), ["s01"]);
}

#[test]
fn the_ledger_alone_is_enough_to_leave_a_contested_server_alone() {
    let mut stage = Stage::new(3);
    (0..3).for_each(|n| stage.corrected(1, n * 100));
    stage.turn([1], Power::Off);
    assert_eq!(stage.round(400).contested.len(), 1);
    // Corrections of another state, and those of long ago, are none of this one.
    let mut stage = Stage::new(3);
    stage.corrected(1, -4_000);
    stage.did(1, Operation::PowerOff { method: OffKind::Hard }, 0, "watch", PastOutcome::Done);
    stage.corrected(1, 100);
    stage.corrected(1, 200);
    stage.turn([1], Power::Off);
    assert_eq!(names(&stage.round(300)), ["s01"], "the first was a change of mind");
    stage.corrected(1, 310);
    stage.corrected(1, 320);
    assert_eq!(stage.round(400).contested.len(), 1);
}

#[test]
fn a_contest_ends_when_a_person_puts_the_server_right_or_the_file_wants_something_else() {
    let contested = || {
        let mut stage = Stage::new(3);
        (0..3).for_each(|n| stage.corrected(1, n * 100));
        stage.turn([1], Power::Off);
        assert_eq!(stage.round(400).contested.len(), 1);
        stage
    };
    let mut stage = contested();
    stage.did(1, Operation::PowerOn, 500, "apply", PastOutcome::Done);
    let decision = stage.round(600);
    assert_eq!((names(&decision).len(), decision.contested.len()), (1, 0));
    let mut stage = contested();
    stage.entries[1].power = DesiredPower::Off;
    assert!(stage.round(600).contested.is_empty());
    let mut stage = contested();
    stage.entries[1].power = DesiredPower::Off;
    stage.turn([1], Power::On);
    assert_eq!((names(&stage.round(600)).len(), stage.round(601).contested.len()), (1, 0));
}

#[test]
fn who_else_changed_it_is_said() {
    let mut stage = Stage::new(3);
    stage.did(1, Operation::PowerOff { method: OffKind::Hard }, -10, "apply", PastOutcome::Done);
    (0..4).for_each(|n| stage.corrected(1, n * 100));
    stage.turn([1], Power::Off);
    let message = stage.round(400).contested[0].message.clone();
    assert!(message.contains("run apply (apply by ada on desk) did a power off at"), "{message}");
}

#[test]
fn failures_double_the_wait_and_the_ledger_remembers_them() {
    let mut stage = Stage::new(3);
    stage.turn([1], Power::Off);
    assert_eq!(names(&stage.round(0)), ["s01"]);
    stage.did(1, Operation::PowerOn, 0, "watch", PastOutcome::Failed);
    stage.did(1, Operation::PowerOn, 60, "watch", PastOutcome::NoEffect);
    let decision = stage.round(120);
    assert!(names(&decision).is_empty());
    assert_eq!(decision.drift[0].next_try_at, Some(at(180)));
    assert!(held(&decision, 1).contains("failed 2 times"));
    assert_eq!(names(&stage.round(180)), ["s01"]);
    // What was never sent is known to this run alone.
    stage.memory.failed(&address(1), at(180));
    stage.memory.failed(&address(1), at(240));
    stage.memory.failed(&address(1), at(300));
    assert_eq!(stage.round(301).drift[0].next_try_at, Some(at(540)));
    // A success wipes the slate.
    stage.turn([1], Power::On);
    stage.corrected(1, 550);
    stage.round(560);
    stage.turn([1], Power::Off);
    assert_eq!(names(&stage.round(600)), ["s01"]);
}

#[test]
fn a_guest_that_was_asked_in_vain_and_then_switched_off_is_one_effort() {
    let mut stage = Stage::new(1);
    let off = |method| Operation::PowerOff { method };
    stage.did(0, off(OffKind::Graceful), 0, "watch", PastOutcome::Failed);
    stage.did(0, off(OffKind::Hard), 9, "watch", PastOutcome::Done);
    stage.did(0, off(OffKind::Hard), 20, "watch", PastOutcome::NoEffect);
    let all = efforts(&stage.past);
    assert_eq!(all.len(), 2);
    assert_eq!((all[0].at, all[0].outcome), (at(0), PastOutcome::Done));
    assert_eq!(fleetform::watch::earlier(&all).len(), 1);
}

#[test]
fn a_mass_drift_counts_what_was_as_declared_before_or_is_not_known() {
    let mut stage = Stage::new(20);
    assert!(stage.round(0).drift.is_empty());
    stage.turn(0..6, Power::Off);
    assert_eq!(names(&stage.round(60)).len(), 6, "30 % is not more than 30 %");
    stage.turn(0..7, Power::Off);
    let decision = stage.round(120);
    assert_eq!((names(&decision).len(), decision.stopped.len(), decision.drift.len()), (0, 1, 7));
    assert_eq!(held(&decision, 0), "too many servers of c have drifted at once");
    assert_eq!(stage.round(9_000).stopped.len(), 1, "it does not wear off");
    stage.turn([6], Power::On);
    assert_eq!(names(&stage.round(9_060)).len(), 6);
    // Nothing is known of a server that is seen for the first time on a connection that is.
    let mut stage = Stage::new(20);
    stage.turn(0..7, Power::Off);
    assert_eq!(stage.round(0).stopped.len(), 1);
    stage.settings.mass_drift = None;
    assert_eq!(names(&stage.round(60)).len(), 7);
}

#[test]
fn what_was_asked_for_is_no_drift_until_it_has_been_reached() {
    let mut stage = Stage::new(20);
    stage.round(0);
    // At seven the schedule wants eight of them off.
    stage.entries[..8].iter_mut().for_each(|entry| entry.power = DesiredPower::Off);
    let decision = stage.round(60);
    assert_eq!((names(&decision).len(), decision.stopped.len()), (8, 0));
    // A restart in between does not make a drift of it.
    stage.memory = Memory::read(&stage.memory.bytes()).unwrap();
    assert_eq!(names(&stage.round(70)).len(), 8);
    stage.turn(0..8, Power::Off);
    assert!(stage.round(120).drift.is_empty());
    stage.turn(0..8, Power::On);
    assert_eq!(stage.round(180).stopped.len(), 1, "now it is one");
}

#[test]
fn a_small_fleet_is_never_stopped_for_its_share() {
    let mut stage = Stage::new(5);
    stage.turn(0..4, Power::Off);
    assert_eq!(names(&stage.round(0)).len(), 4);
    stage.turn(0..5, Power::Off);
    assert_eq!(stage.round(60).stopped.len(), 1);
}

#[test]
fn servers_that_are_only_reported_do_not_stop_those_that_are_enforced() {
    let mut stage = Stage::new(20);
    stage.round(0);
    stage.settings.policy = vec![rule("s0*", &[], OnDrift::Report)];
    stage.turn(0..11, Power::Off);
    let decision = stage.round(60);
    assert_eq!((names(&decision), decision.stopped.len()), (vec!["s10".to_owned()], 0));
}

#[test]
fn a_round_beyond_a_limit_does_nothing_at_all() {
    let mut stage = Stage::new(20);
    stage.limits.max_changes = vec![Bound::Count(2)];
    stage.turn(0..3, Power::Off);
    let decision = stage.round(0);
    assert_eq!((names(&decision).len(), decision.refusals.len()), (0, 1));
    assert!(held(&decision, 0).starts_with("a limit forbids the whole round: 3 changes, and at most 2"));
    stage.turn([2], Power::On);
    assert_eq!(names(&stage.round(60)).len(), 2);
    stage.limits.rolling = vec![Rolling::parse(LimitKind::Changes, "3 per 1h").unwrap()];
    stage.corrected(9, 50);
    stage.did(8, Operation::PowerOn, 55, "apply", PastOutcome::Done);
    assert_eq!(stage.round(120).refusals[0].already, Some(2));
    assert_eq!(names(&stage.round(50 + 3_600)).len(), 2, "the hour has passed for the first of them");
}

#[test]
fn what_is_remembered_stays_small_and_foreign_files_are_passed_over() {
    let mut stage = Stage::new(20);
    stage.turn(0..3, Power::Off);
    stage.round(0);
    let first = stage.memory.bytes();
    for n in 1..50 {
        stage.round(n);
    }
    assert_eq!(stage.memory.bytes(), first, "nothing new was learnt");
    assert_eq!(Memory::read(&first).unwrap().bytes(), first);
    stage.entries.truncate(2);
    stage.round(60);
    assert!(stage.memory.bytes().len() < first.len() / 3);
    assert!(Memory::read(b"{}").is_none() && Memory::read(b"\xff").is_none());
    assert!(Memory::read(br#"{"version":2,"known":[],"servers":{},"contested":{}}"#).is_none());
}
