//! What people read: the text forms as snapshots, the import as a round trip, and nothing in any of them that
//! could move a terminal's cursor.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

#[path = "report/names.rs"]
mod names;

use fleetform::apply::{ChangeOutcome, ChangeResult};
use fleetform::config::{Fleet, Mode, load_texts};
use fleetform::model::{
    Address, BatchLimits, Capabilities, CaseRule, Denial, EvidenceLevel, LedgerFacts, LiveServer, LiveState,
    Location, NameRules, OffSupport, Operation, Power, ProviderSpec, RebootKind, RebootSupport, SettingKind,
    SettingSpec, Settles, Verb,
};
use fleetform::plan::{
    Change, Code, ConnectionLive, Facts, GuardName, Inputs, Options, Plan, PlanDocument, PlanOptionsRecord,
    Problem, Refusal, Severity, Step, StepRef, Summary, plan, unmanaged,
};
use fleetform::providers;
use fleetform::report::{
    Paint, PlanView, apply_text, diagnostics, import_yaml, plan_text, problems_text, provider_rows,
    providers_text, status_rows, status_text,
};
use jiff::Timestamp;
use proptest::prelude::*;
use std::time::Duration;

const PLAIN: Paint = Paint { on: false };

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn facts(name: &str, power: impl Into<Option<Power>>) -> Facts {
    Facts { name: name.into(), power: power.into() }
}

fn change(at: &str, id: &str, before: Facts, after: Option<Facts>, steps: Vec<Step>) -> Change {
    let address = address(at);
    let mut actions: Vec<Verb> = steps.iter().map(|step| step.operation.verb()).collect();
    actions.dedup();
    Change {
        provider: address.connection.clone(),
        address,
        id: id.into(),
        actions,
        before,
        after,
        reasons: vec!["declared".into()],
        wave: None,
        cause: None,
        rebooted_since: None,
        steps,
        location: None,
    }
}

fn rename(to: &str) -> Step {
    Step::new(Operation::Rename { to: to.into() })
}

fn problem(code: Code, severity: Severity, at: &str, message: &str, line: Option<u32>) -> Problem {
    let location = line.map(|line| Location { file: "fleet.yaml".into(), line, column: 5 });
    Problem { code, severity, address: address(at), message: message.into(), location, cause: None }
}

/// One of everything that a plan can hold.
fn everything() -> Vec<Change> {
    let hard = fleetform::model::OffKind::Hard;
    let (on, off) = (Power::On, Power::Off);
    let after_b = vec![StepRef { address: address("flex/b"), step: 0 }];
    let since: Timestamp = "2026-11-20T02:00:00Z".parse().unwrap();
    let reboot = Step::new(Operation::Reboot { method: RebootKind::Soft });
    let off_hard = Step {
        note: Some("hard: grid cannot shut down gracefully".into()),
        ..Step::new(Operation::PowerOff { method: hard })
    };
    vec![
        change(
            "east/WEB-03",
            "web-03",
            facts("WEB-03", off),
            Some(facts("WEB-03", on)),
            vec![Step::new(Operation::PowerOn)],
        ),
        change(
            "flex/a",
            "2",
            facts("b", on),
            Some(facts("a", Power::Suspended)),
            vec![
                rename("swap-310f3bea"),
                Step { after: after_b, ..rename("a") },
                Step::new(Operation::Suspend),
            ],
        ),
        Change {
            rebooted_since: Some(since),
            ..change("flex/b", "1", facts("a", None), Some(facts("b", None)), vec![rename("b"), reboot])
        },
        change("grid/legacy", "203924", facts("legacy", on), None, vec![Step::new(Operation::Delete)]),
        change(
            "grid/old",
            "203925",
            facts("called-otherwise", None),
            None,
            vec![Step::new(Operation::Delete)],
        ),
        change("grid/web", "203926", facts("web", on), Some(facts("web", off)), vec![off_hard]),
    ]
}

fn two_problems() -> Vec<Problem> {
    vec![
        problem(
            Code::Unreachable,
            Severity::Error,
            "east/*",
            "cut off; nothing is planned for 2 servers of east",
            None,
        ),
        problem(
            Code::RebootInFuture,
            Severity::Warning,
            "flex/z",
            "rebooted_since lies in the future",
            Some(17),
        ),
    ]
}

fn refusals() -> Vec<Refusal> {
    let refusal = |guard, planned, limit: Option<&str>, provider: Option<&str>, flag: &str| Refusal {
        guard,
        planned,
        already: None,
        limit: limit.map(str::to_owned),
        provider: provider.map(Into::into),
        flag: flag.into(),
    };
    vec![
        refusal(GuardName::Changes, 6, Some("5"), None, "--accept changes=6"),
        refusal(GuardName::PowerOffs, 1, Some("12.50%"), Some("grid"), "--accept power_offs=1"),
        refusal(GuardName::Deletes, 2, None, None, "--allow-delete"),
    ]
}

fn document(changes: Vec<Change>, problems: Vec<Problem>, unchanged: u64, unmanaged: u64) -> PlanDocument {
    let summary = Summary::count(&changes, &problems, unchanged, unmanaged);
    let plan = Plan { changes, problems, summary, ..Plan::default() };
    PlanDocument::new(plan, Vec::new(), PlanOptionsRecord::default(), Timestamp::UNIX_EPOCH)
}

#[test]
fn a_plan_with_everything() {
    let (changes, problems) = (everything(), two_problems());
    let document = document(changes, problems, 37, 12);
    insta::assert_snapshot!("plan", plan_text(&PlanView::new(&document, &refusals())));
}

#[test]
fn colour_adds_nothing_but_colour() {
    let (changes, problems) = (everything(), two_problems());
    let (document, refusals) = (document(changes, problems, 37, 12), refusals());
    let text = |on| plan_text(&PlanView { paint: Paint { on }, ..PlanView::new(&document, &refusals) });
    let coloured = text(true);
    assert!(coloured.contains("\x1b["));
    let mut bare = String::new();
    for (at, part) in coloured.split("\x1b[").enumerate() {
        bare.push_str(if at == 0 { part } else { part.split_once('m').unwrap().1 });
    }
    assert_eq!(bare, text(false));
}

#[test]
fn a_plan_without_changes() {
    let text = plan_text(&PlanView::new(&document(Vec::new(), Vec::new(), 40, 0), &[]));
    assert_eq!(text, "No changes. 40 unchanged, 0 unmanaged.\n");
}

#[test]
fn a_plan_of_problems_alone_does_not_say_no_changes() {
    let text = plan_text(&PlanView::new(&document(Vec::new(), two_problems(), 0, 3), &[]));
    insta::assert_snapshot!("problems", text);
}

#[test]
fn an_apply_report_with_all_four_lists() {
    let result = |at: &str, actions: &[Verb], outcome, detail: &str| ChangeResult {
        address: address(at),
        provider: "flex".into(),
        id: "1".into(),
        actions: actions.to_vec(),
        outcome,
        detail: detail.into(),
        changed: true,
        steps_done: 0,
        evidence: None,
        health: None,
        seconds: 1.5,
    };
    let results = [
        result("flex/b", &[Verb::Rename, Verb::PowerOff], ChangeOutcome::Done, "it is called b; it is off"),
        result("flex/c", &[Verb::Reboot], ChangeOutcome::Unresolved, "reboot (hard): the answer was lost"),
        result("flex/d", &[Verb::Delete], ChangeOutcome::Failed, "delete: refused: locked"),
        result("flex/e", &[Verb::PowerOn], ChangeOutcome::NotStarted, "interrupted"),
        result("flex/f", &[Verb::PowerOn], ChangeOutcome::Done, "it was so already"),
    ];
    insta::assert_snapshot!("apply", apply_text(&results, PLAIN));
    assert_eq!(apply_text(&[], PLAIN), "\nApply: 0 done.\n");
}

fn fleet(texts: &[(&str, &str)]) -> Fleet {
    let loaded = load_texts(texts, &providers::specs(), Mode { simulated: true });
    loaded.unwrap_or_else(|found| panic!("{}", diagnostics::render(&found, false))).fleet
}

/// All servers on one connection of the first provider type that can rename.
fn with_live<T>(fleet: &Fleet, servers: Vec<LiveServer>, look: impl FnOnce(&Inputs<'_>, &Plan) -> T) -> T {
    let spec = renaming();
    let live = [ConnectionLive {
        name: "flex".into(),
        type_name: spec.type_name,
        capabilities: &spec.capabilities,
        servers: Ok(servers),
    }];
    planned(fleet, &live, &Options { allow_missing: true, ..Options::default() }, look)
}

fn planned<T>(
    fleet: &Fleet,
    live: &[ConnectionLive<'_>],
    options: &Options,
    look: impl FnOnce(&Inputs<'_>, &Plan) -> T,
) -> T {
    let (ledger, now) = (&LedgerFacts::default(), "2026-11-21T12:00:00Z".parse().unwrap());
    let (desired, availability) = (&fleet.servers[..], &fleet.availability[..]);
    let inputs = Inputs { desired, rules: &[], availability, windows: &[], live, ledger, now, options };
    look(&inputs, &plan(&inputs))
}

fn renaming() -> &'static ProviderSpec {
    providers::specs().into_iter().find(|spec| spec.capabilities.rename).unwrap()
}

fn head() -> String {
    format!("version: 1\nproviders:\n  flex: {{ type: {} }}\n", renaming().type_name)
}

fn settled(id: &str, name: &str, power: Power) -> LiveServer {
    LiveServer::new(id, name, LiveState::Settled(power))
}

#[test]
fn a_status_table() {
    let text = head()
        + "defaults: { provider: flex }\n\
           servers:\n\
           - { name: as-declared, power: on }\n\
           - { name: new-name, renamed_from: old-name, power: off }\n\
           - { name: missing }\n\
           - { name: gone, state: absent }\n\
           - { name: unwanted, state: absent }\n\
           - { name: moving }\n";
    let servers = vec![
        settled("1", "as-declared", Power::On),
        settled("2", "old-name", Power::On),
        settled("3", "unwanted", Power::Off),
        LiveServer::new(
            "4",
            "moving",
            LiveState::Transition { word: "REBOOT".into(), into: Some(Settles::Power(Power::On)) },
        ),
        settled("5", "stranger", Power::On),
    ];
    let text = with_live(&fleet(&[("fleet.yaml", &text)]), servers, |inputs, plan| {
        status_text(&status_rows(inputs, plan), plan, PLAIN)
    });
    insta::assert_snapshot!("status", text);
}

#[test]
fn the_worst_problem_of_a_server_is_its_status() {
    let text = head()
        + "servers:\n- { provider: flex, name: kept, renamed_from: odd, rebooted_since: 2026-11-20T02:00:00Z }\n";
    let servers = vec![settled("1", "odd", Power::Off), settled("2", "stranger", Power::On)];
    with_live(&fleet(&[("fleet.yaml", &text)]), servers, |inputs, made| {
        let mut made = made.clone();
        assert_eq!(made.problems[0].severity, Severity::Warning, "{:?}", made.problems);
        made.changes.clear();
        made.problems.insert(0, problem(Code::NameTaken, Severity::Error, "flex/kept", "taken", None));
        assert_eq!(status_rows(inputs, &made)[0].status, "name_taken");
    });
}

static EXAMPLE: ProviderSpec = ProviderSpec {
    type_name: "example",
    title: "Example API v1",
    settings: &[
        SettingSpec { name: "endpoint", kind: SettingKind::Url, required: true, env: None, doc: "Base URL" },
        SettingSpec {
            name: "api_key",
            kind: SettingKind::Secret,
            required: false,
            env: Some("EXAMPLE_API_KEY"),
            doc: "API key",
        },
    ],
    synonyms: &[],
    choices: &[],
    profiles: None,
    endpoint_required: Some("its service was switched off"),
    capabilities: Capabilities {
        power_on: true,
        off: OffSupport::NotToldApart,
        suspend: false,
        off_when_suspended: OffSupport::No,
        reboot: RebootSupport::Both,
        reboot_evidence: EvidenceLevel::Accepted,
        rename: true,
        delete: false,
        reports_power: true,
        tags: true,
        created_at: false,
        names: NameRules {
            case: CaseRule::Exact,
            id_case: CaseRule::Exact,
            min_chars: 1,
            max_chars: 9,
            allows: |_| true,
            described: "anything",
        },
        batch: BatchLimits { power: 1, delete: 1 },
        default_in_flight: 1,
        usual_delay: Duration::from_secs(1),
        first_look: Duration::from_millis(150),
    },
};

#[test]
fn a_providers_table() {
    insta::assert_snapshot!("providers", providers_text(&provider_rows(&[&EXAMPLE])));
}

#[test]
fn every_registered_provider_fits_into_the_table() {
    let rows = provider_rows(&providers::specs());
    let text = providers_text(&rows);
    let mut table = text.lines();
    let column = table.next().unwrap().find("DELETE").unwrap();
    for (row, line) in rows.iter().zip(table) {
        assert!(line.starts_with(row.type_name), "{line}");
        assert_eq!(&line[column..], if row.delete { "yes" } else { "no" }, "{line}");
    }
}

/// Names that a reader of YAML, a shell or a terminal could take for something else.
const NASTY: &[&str] = &[
    "off",
    "on",
    "no",
    "y",
    "null",
    "~",
    "1e3",
    "0x1f",
    "012",
    "1_000",
    "2026-11-20",
    "3:30",
    "true",
    ".inf",
    "<<",
    "=",
    "{x}",
    "{1..3}",
    "web-{a",
    "}",
    "a,b",
    "${env:HOME}",
    "\\",
    "\\{",
    "\"",
    "'",
    "\"quoted\"",
    "#x",
    "a #b",
    "- x",
    "a: b",
    "x:",
    "?",
    "&a",
    "*a",
    "!tag",
    "!!str",
    "%YAML",
    "@x",
    "`x`",
    "[a]",
    "|",
    ">",
    "---",
    "...",
    "web/1",
    "é",
    "日本",
    "😀",
    "a b",
    "x\u{2028}y",
    "\u{202e}evil",
    "\u{feff}bom",
    "a\u{fffe}b",
    "x\u{a0}y",
];

/// Names that no entry of a fleet file can have.
const IMPOSSIBLE: &[&str] =
    &["", " x", "x ", "\t", "a\nb", "a\r\nb", "\x1b[2J", "x\u{7f}", "x\u{85}y", "x\u{9b}1m", "\0"];

fn imported(servers: &[LiveServer]) -> String {
    with_live(&fleet(&[("fleet.yaml", &(head() + "servers: []\n"))]), servers.to_vec(), |inputs, _| {
        import_yaml(&unmanaged(inputs), inputs.live)
    })
}

/// Imports, reads the result back beside the head, and plans it against the same servers: nothing may change. How
/// many servers the file then has.
fn round_trip(servers: &[LiveServer]) -> usize {
    let yaml = imported(servers);
    let fleet = fleet(&[("fleet.yaml", &head()), ("imported.yaml", &yaml)]);
    with_live(&fleet, servers.to_vec(), |_, plan| {
        assert!(plan.changes.is_empty(), "{yaml}\n{:#?}", plan.changes);
        assert!(plan.summary.problems == 0, "{yaml}\n{:#?}", plan.problems);
        assert_eq!(plan.summary.unchanged, fleet.servers.len() as u64, "{yaml}");
    });
    fleet.servers.len()
}

#[test]
fn an_import_reads_back_and_plans_to_no_change_whatever_the_names() {
    let servers: Vec<LiveServer> = NASTY
        .iter()
        .enumerate()
        .map(|(at, name)| settled(&at.to_string(), name, if at % 2 == 0 { Power::On } else { Power::Off }))
        .collect();
    assert_eq!(round_trip(&servers), NASTY.len(), "every name can be declared");
}

#[test]
fn an_import_tells_of_names_that_no_entry_can_have() {
    let long = "x".repeat(256);
    let names = IMPOSSIBLE.iter().copied().chain([long.as_str(), "possible"]);
    let servers: Vec<LiveServer> =
        names.enumerate().map(|(at, name)| settled(&format!("id-{at}"), name, Power::On)).collect();
    let yaml = imported(&servers);
    assert_eq!(yaml.matches("# left out of flex: ").count(), IMPOSSIBLE.len() + 1, "{yaml}");
    assert_eq!(round_trip(&servers), 1);
}

#[test]
fn an_import_writes_one_of_several_namesakes_bound_by_its_id() {
    let twins = ["b", "a", "c"].map(|id| settled(id, "twin", Power::On));
    let yaml = imported(&twins);
    assert!(yaml.contains("id: \"a\"") && yaml.matches("- name:").count() == 1, "{yaml}");
    assert_eq!(round_trip(&twins), 1);
    // One of two is in the file already, under this very name.
    let text = head() + "servers:\n- { name: twin, provider: flex, id: a }\n";
    let rest = with_live(&fleet(&[("fleet.yaml", &text)]), twins.to_vec(), |inputs, _| {
        import_yaml(&unmanaged(inputs), inputs.live)
    });
    fleet(&[("fleet.yaml", &text), ("imported.yaml", &rest)]);
    assert_eq!(rest.matches("# left out").count(), 2, "{rest}");
}

#[test]
fn an_import_of_every_state() {
    let denied = [Verb::PowerOn, Verb::PowerOff].map(|verb| Denial { verb, why: "it is suspended".into() });
    let servers = [
        settled("1", "on", Power::On),
        settled("2", "off", Power::Off),
        LiveServer { denials: denied.into(), ..settled("3", "suspended", Power::Suspended) },
        LiveServer::new("4", "moving", LiveState::Transition { word: "BUILD\nx: y".into(), into: None }),
        LiveServer::new("5", "silent", LiveState::NotReported),
        LiveServer { id: None, ..settled("6", "without-id", Power::On) },
        LiveServer { name: None, ..settled("7", "", Power::On) },
    ];
    insta::assert_snapshot!("import", imported(&servers));
    assert_eq!(round_trip(&servers), 6);
    assert_eq!(imported(&[]), "version: 1\nservers: []\n");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_import_of_any_names_at_all_reads_back(names in prop::collection::vec("\\PC{0,6}|.{0,4}|[a-c{},\\\\.\"' ]{0,5}", 0..6)) {
        let servers: Vec<LiveServer> =
            names.iter().enumerate().map(|(at, name)| settled(&at.to_string(), name, Power::On)).collect();
        prop_assert!(round_trip(&servers) <= servers.len());
    }
}

/// A text that would clear the screen, forge a line, and turn the rest of it round.
const EVIL: &str = "x\x1b[2J\r\nPlan: \u{202e}\u{9b}1m\u{2066}\u{2028}\x07\u{7f}y";

fn assert_harmless(what: &str, text: &str) {
    let bad = text.chars().find(|c| {
        (c.is_control() && *c != '\n') || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    });
    assert_eq!(bad, None, "{what}: {text:?}");
    assert!(!text.lines().any(|line| line.starts_with("Plan: \u{fffd}")), "{what} has a forged line: {text}");
}

#[test]
fn no_text_lets_a_control_character_through() {
    let at = format!("flex/{EVIL}");
    let steps = vec![
        rename(EVIL),
        Step { after: vec![StepRef { address: address(&at), step: 0 }], ..rename("z") },
        Step { note: Some(EVIL.into()), ..Step::new(Operation::PowerOn) },
    ];
    let mut changes = vec![
        change(&at, EVIL, facts(EVIL, Power::On), Some(facts(EVIL, Power::On)), steps),
        change("flex/x", EVIL, facts(EVIL, Power::On), None, vec![Step::new(Operation::Delete)]),
    ];
    changes[0].reasons.push(EVIL.into());
    let place = Location { file: EVIL.into(), line: 1, column: 1 };
    let problems = vec![Problem {
        location: Some(place),
        ..problem(Code::Unresolved, Severity::Error, &at, EVIL, None)
    }];
    let mut refusals = refusals();
    refusals[1].provider = Some(EVIL.into());
    assert_harmless("problems", &problems_text(&problems, PLAIN));
    let document = document(changes, problems, 0, 0);
    assert_harmless("plan", &plan_text(&PlanView::new(&document, &refusals)));
    let result = ChangeResult {
        address: address(&at),
        provider: "flex".into(),
        id: EVIL.into(),
        actions: vec![Verb::Reboot],
        outcome: ChangeOutcome::Unresolved,
        detail: EVIL.into(),
        changed: false,
        steps_done: 0,
        evidence: None,
        health: None,
        seconds: 0.0,
    };
    assert_harmless("apply", &apply_text(&[result], PLAIN));
    let evil = [
        settled("1", EVIL, Power::On),
        settled(EVIL, "a", Power::On),
        settled("2", "a", Power::On),
        LiveServer::new("3", "b", LiveState::Unrecognised(EVIL.into())),
    ];
    assert_harmless("import", &imported(&evil));
    let text = head() + "servers:\n- { name: web, provider: flex, id: '1' }\n- { name: b, provider: flex }\n";
    let status = with_live(&fleet(&[("fleet.yaml", &text)]), evil.to_vec(), |inputs, plan| {
        status_text(&status_rows(inputs, plan), plan, PLAIN)
    });
    assert_harmless("status", &status);
}
