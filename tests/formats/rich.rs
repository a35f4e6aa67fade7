//! One plan with everything, and the pieces to make others from.

use fleetform::model::{Address, Location, OffKind, Operation, Power, RebootKind, Verb};
use fleetform::plan::{
    BaseRecord, Cause, Change, Code, Facts, FleetFile, GuardName, Plan, PlanDocument, PlanOptionsRecord,
    Problem, Refusal, Severity, Step, StepRef, Summary,
};
use fleetform::report::{PlanFormat, PlanView, render_plan};
use jiff::Timestamp;

pub(crate) const OFF: OffKind = OffKind::Graceful;

pub(crate) fn facts(name: &str, power: impl Into<Option<Power>>) -> Facts {
    Facts { name: name.into(), power: power.into() }
}

pub(crate) fn address(connection: &str, name: &str) -> Address {
    Address::new(connection.into(), name.into())
}

pub(crate) fn at(line: u32) -> Location {
    Location { file: "fleet.yaml".into(), line, column: 5 }
}

/// A change as the planner makes it of these steps.
pub(crate) fn change(
    address: Address,
    id: &str,
    before: Facts,
    after: Option<Facts>,
    steps: Vec<Step>,
) -> Change {
    let mut actions: Vec<Verb> = steps.iter().map(|step| step.operation.verb()).collect();
    actions.dedup();
    if actions.contains(&Verb::PowerOff) {
        // A server that is resumed only to be stopped is powered off.
        actions.retain(|verb| *verb != Verb::PowerOn);
    }
    let line = 10 + u32::try_from(address.name.as_str().len()).unwrap();
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
        location: Some(at(line)),
    }
}

fn rename(to: &str) -> Step {
    Step::new(Operation::Rename { to: to.into() })
}

fn off(method: OffKind) -> Operation {
    Operation::PowerOff { method }
}

fn reboot(method: RebootKind) -> Operation {
    Operation::Reboot { method }
}

fn noted(operation: Operation, note: &str) -> Step {
    Step { note: Some(note.into()), ..Step::new(operation) }
}

fn changes() -> Vec<Change> {
    use Power::{Off, On, Suspended};
    let since: Timestamp = "2026-11-20T02:00:00Z".parse().unwrap();
    let plain = |connection: &str, name: &str, id: &str, before: Power, after: Power, steps: Vec<Step>| {
        change(address(connection, name), id, facts(name, before), Some(facts(name, after)), steps)
    };
    let waits = |other: &str, step| vec![StepRef { address: address("flex", other), step }];
    let or_hard = |operation, hard| Step { fallback: Some(hard), ..Step::new(operation) };
    let awake = noted(off(OFF), "resumed first: openstack does not stop a suspended server");
    vec![
        plain("east", "WEB-03", "web-03", Off, On, vec![Step::new(Operation::PowerOn)]),
        Change {
            rebooted_since: Some(since),
            ..plain(
                "east",
                "cache-a",
                "11",
                On,
                On,
                vec![or_hard(reboot(RebootKind::Soft), reboot(RebootKind::Hard))],
            )
        },
        Change {
            rebooted_since: Some(since),
            ..plain(
                "east",
                "cache-b",
                "12",
                On,
                On,
                vec![noted(reboot(RebootKind::Hard), "hard: gogrid cannot reboot softly")],
            )
        },
        change(
            address("east", "legacy"),
            "203924",
            facts("legacy", On),
            None,
            vec![Step::new(Operation::Delete)],
        ),
        plain("east", "nap", "15", On, Suspended, vec![Step::new(Operation::Suspend)]),
        plain("east", "sleeper", "16", Suspended, Off, vec![Step::new(Operation::Resume), awake]),
        change(
            address("flex", "a"),
            "1",
            facts("b", On),
            Some(facts("a", On)),
            vec![rename("swap-310f3bea"), Step { after: waits("b", 0), ..rename("a") }],
        ),
        change(
            address("flex", "b"),
            "2",
            facts("a", On),
            Some(facts("b", On)),
            vec![Step { after: waits("a", 0), ..rename("b") }],
        ),
        plain(
            "flex",
            "batch-1",
            "200003",
            On,
            Off,
            vec![noted(off(OffKind::Hard), "hard: gogrid cannot shut down gracefully")],
        ),
        change(
            address("flex", "old"),
            "203925",
            facts("called-otherwise", None),
            None,
            vec![Step::new(Operation::Delete)],
        ),
        change(
            address("flex", "report-2"),
            "123",
            facts("reports", On),
            Some(facts("report-2", Off)),
            vec![rename("report-2"), or_hard(off(OFF), off(OffKind::Hard))],
        ),
    ]
}

/// Names that somebody gave a server to see what happens.
pub(crate) const HOSTILE: &[&str] = &[
    "</script><img src=x onerror=alert(1)>",
    "<!-- <b>bold</b>",
    "</code></td></tr></table><h1>owned</h1>",
    "\" onmouseover=\"alert(1)",
    "a|b\\|c\\\\|d|",
    "`code` ``two`` ```",
    "`",
    "\\",
    "\\`",
    "[link](https://evil.example/)",
    "![image](https://evil.example/x.png)",
    "<https://evil.example>",
    "https://evil.example/path",
    "WWW.evil.example",
    "mail@evil.example",
    "@octocat and @org/team",
    "x#12 !7 ~label %1 $3 &4",
    "# heading",
    "- [ ] task",
    "***bold*** ~~gone~~ __x__",
    "a\nb\r\n# c",
    "\u{202e}txt.exe\u{2066}",
    "\u{1b}[2J\u{9b}1m\u{7f}",
    "::error file=x::owned",
    "{0} {{1}}",
    "&amp;&lt;script&gt;",
    "'; DROP TABLE servers; --",
    "-->",
    "|---|---|",
    "{x}: [y, &z, *z] # no",
    "  blank  ",
    "日本語 🌈",
];

/// Servers with those names: each third is deleted, renamed to the next, or stopped.
fn hostile() -> Vec<Change> {
    let next = |at: usize| HOSTILE[(at + 1) % HOSTILE.len()];
    let one = |at: usize, name: &str| {
        let to = address("flex", name);
        let id = format!("h-{at}");
        match at % 3 {
            0 => change(to, &id, facts(next(at), Power::On), None, vec![Step::new(Operation::Delete)]),
            1 => {
                change(to, &id, facts(next(at), Power::On), Some(facts(name, Power::On)), vec![rename(name)])
            }
            _ => change(
                to,
                name,
                facts(name, Power::On),
                Some(facts(name, Power::Off)),
                vec![noted(off(OffKind::Hard), next(at))],
            ),
        }
    };
    HOSTILE.iter().enumerate().map(|(at, name)| one(at, name)).collect()
}

fn problems(hostile: bool) -> Vec<Problem> {
    let problem = |code, severity, address, message: &str, location| Problem {
        code,
        severity,
        address,
        message: message.into(),
        location,
        cause: None,
    };
    let mut all = vec![
        problem(
            Code::Unreachable,
            Severity::Error,
            address("east", "*"),
            "page 2 of the list: HTTP 502 from https://api.example.org/servers; nothing is planned for 2 servers of east",
            None,
        ),
        problem(
            Code::MissingServer,
            Severity::Error,
            address("flex", "web-09"),
            "there is no live server with this name; did you mean web-08?",
            Some(at(17)),
        ),
        problem(
            Code::RebootInFuture,
            Severity::Warning,
            address("flex", "z"),
            "rebooted_since 2027-01-01T00:00:00Z lies in the future; it is rebooted once that instant has passed",
            Some(at(42)),
        ),
    ];
    if hostile {
        all.extend(HOSTILE.iter().map(|text| {
            let place = Location { file: format!("dir/{text}").into(), line: 3, column: 1 };
            problem(Code::NameTaken, Severity::Error, address("flex", text), text, Some(place))
        }));
    }
    all
}

fn refusals() -> Vec<Refusal> {
    let refusal = |guard, planned, limit: &str, provider: Option<&str>, flag: &str| Refusal {
        guard,
        planned,
        already: None,
        limit: Some(limit.to_owned()),
        provider: provider.map(Into::into),
        flag: flag.into(),
    };
    vec![
        refusal(GuardName::Changes, 11, "5", None, "--accept changes=11"),
        refusal(GuardName::Deletes, 1, "12.50%", Some("east"), "--accept deletes=2"),
    ]
}

pub(crate) fn document(
    mut changes: Vec<Change>,
    problems: Vec<Problem>,
    refusals: Vec<Refusal>,
) -> PlanDocument {
    changes.sort_by(|a, b| a.address.cmp(&b.address));
    let summary = Summary::count(&changes, &problems, 37, 12);
    let plan = Plan { changes, problems, summary, ..Plan::default() };
    let fleet = vec![FleetFile { path: "fleet.yaml".into(), sha256: "0123abcd".repeat(8) }];
    let made =
        PlanDocument::new(plan, fleet, PlanOptionsRecord::default(), "2026-11-21T12:00:00Z".parse().unwrap());
    PlanDocument { refusals, fleetform_version: "0.0.0".into(), ..made }
}

/// Two connections, a rename, a swap, a hard fallback, deletes, reboots, a suspended server, problems, refusals.
pub(crate) fn rich() -> PlanDocument {
    beside(document(changes(), problems(false), refusals()), "origin/main")
}

/// A plan beside a base, with a cause for everything, narrowed and with an end.
fn beside(mut document: PlanDocument, base: &str) -> PlanDocument {
    let causes = [Cause::ThisChange, Cause::Drift, Cause::Both];
    for (at, change) in document.changes.iter_mut().enumerate() {
        change.cause = Some(causes[at % 3]);
    }
    for (at, problem) in document.problems.iter_mut().enumerate() {
        problem.cause = Some(causes[at % 2]);
    }
    let gone = ["web-9", base, "web-7", "web-8"].map(|name| address("east", name));
    document.base = Some(BaseRecord {
        name: base.into(),
        fleet: document.fleet.clone(),
        connections: vec!["east".into(), base.into()],
        no_longer_planned: gone.into(),
    });
    document.options.excludes = vec![base.to_owned(), "label:tier=db".into()];
    document.expires_at = Some("2026-11-21T14:00:00Z".parse().unwrap());
    document.unchanged = vec![address("east", "web-1"), address("east", base)];
    document
}

/// The same with everything hostile beside it.
pub(crate) fn hostile_too() -> PlanDocument {
    let all = document(changes().into_iter().chain(hostile()).collect(), problems(true), refusals());
    beside(all, &HOSTILE.concat())
}

/// Ten thousand changes, one in ten dangerous.
pub(crate) fn large(count: usize) -> PlanDocument {
    let one = |at: usize| {
        let name = format!("web-{at:05}");
        let connection = if at.is_multiple_of(2) { "east" } else { "flex" };
        let (before, after, step) = match at % 10 {
            0 => (Power::On, Power::Off, Step::new(off(OFF))),
            _ => (Power::Off, Power::On, Step::new(Operation::PowerOn)),
        };
        let id = format!("id-{at}");
        change(address(connection, &name), &id, facts(&name, before), Some(facts(&name, after)), vec![step])
    };
    document((0..count).map(one).collect(), problems(false), Vec::new())
}

pub(crate) fn rendered(format: PlanFormat, document: &PlanDocument) -> String {
    let view = PlanView { artifact: Some("plan.json"), ..PlanView::new(document, &document.refusals) };
    render_plan(format, &view)
}

/// A text as every format shows it: nothing that moves a cursor or turns the writing round.
pub(crate) fn shown(text: &str) -> String {
    let misleads = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().map(|c| if misleads(c) { '\u{fffd}' } else { c }).collect()
}
