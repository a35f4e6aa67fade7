//! Golden plans: a fleet file and a live world in, the plan as text and as JSON out. Each case is a folder under
//! `tests/golden`; its first line says what it shows. `BLESS=1 cargo test --test golden` writes the expected files
//! anew: read what it wrote.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use fleetform::config::{Mode, load_texts};
use fleetform::model::{
    Address, ConnectionName, Denial, Freeze, Hold, LedgerFacts, LiveServer, LiveState, Power, Selector,
    ServerId, Settles, Unresolved, Verb,
};
use fleetform::plan::{
    Accepted, ConnectionLive, FleetFile, Inputs, Options, PlanDocument, PlanOptionsRecord, ReadFailure,
    check_guards, plan,
};
use fleetform::providers;
use fleetform::report::{PlanView, diagnostics, plan_text};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The instant for which every case is planned.
const NOW: &str = "2026-11-21T12:00:00Z";

#[test]
fn every_case_gives_the_plan_that_was_reviewed() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = Vec::new();
    let cases = cases();
    assert!(cases.len() >= 30, "only {} cases were found", cases.len());
    for folder in &cases {
        let (text, json) = made(folder);
        for (name, made) in [("plan.txt", text), ("plan.json", json)] {
            let path = folder.join(name);
            if bless {
                fs::write(&path, &made).unwrap();
            } else if fs::read_to_string(&path).unwrap_or_default() != made {
                wrong.push(format!("--- {} should be ---\n{made}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{} files differ; BLESS=1 writes them", wrong.join("\n"), wrong.len());
}

#[test]
fn every_case_is_the_same_when_all_lists_are_reversed() {
    for folder in cases() {
        let case = Case::read(&folder);
        let forwards = case.document(false);
        let backwards = case.document(true);
        assert_eq!(
            serde_json::to_string_pretty(&forwards).unwrap(),
            serde_json::to_string_pretty(&backwards).unwrap(),
            "{}",
            folder.display()
        );
    }
}

#[test]
fn every_plan_reads_back_as_it_was_written() {
    for folder in cases() {
        let document = Case::read(&folder).document(false);
        let bytes = serde_json::to_vec(&document).unwrap();
        assert_eq!(PlanDocument::read(&bytes).unwrap(), document, "{}", folder.display());
    }
}

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut folders: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

fn made(folder: &Path) -> (String, String) {
    let case = Case::read(folder);
    let document = case.document(false);
    let refusals = check_guards(
        &document.clone().into_plan(),
        &case.fleet.limits,
        &case.options.accept,
        case.options.allow_delete,
    );
    let text = plan_text(&PlanView::new(&document, &refusals));
    let mut json = serde_json::to_value(&document).unwrap();
    json["fleetform_version"] = "[version]".into();
    (text, serde_json::to_string_pretty(&json).unwrap() + "\n")
}

struct Case {
    fleet: fleetform::config::Fleet,
    live: BTreeMap<String, GivenLive>,
    ledger: LedgerFacts,
    options: GivenOptions,
}

impl Case {
    fn read(folder: &Path) -> Self {
        let text = |name: &str| fs::read_to_string(folder.join(name)).ok();
        let fleet = text("fleet.yaml").unwrap();
        assert!(fleet.starts_with("# "), "{} does not say what it shows", folder.display());
        let loaded = load_texts(&[("fleet.yaml", &fleet)], &providers::specs(), Mode { simulated: true });
        let fleet = loaded.unwrap_or_else(|found| panic!("{}", diagnostics::render(&found, false))).fleet;
        let ledger: GivenLedger = parsed(folder, text("ledger.json"));
        Self {
            fleet,
            live: parsed(folder, text("live.json")),
            ledger: ledger.facts(),
            options: parsed(folder, text("options.json")),
        }
    }

    fn document(&self, reversed: bool) -> PlanDocument {
        let now: Timestamp = NOW.parse().unwrap();
        let mut live: Vec<ConnectionLive<'_>> =
            self.live.iter().map(|(name, given)| given.connection(name, &self.fleet)).collect();
        let mut desired = self.fleet.servers.clone();
        if reversed {
            live.reverse();
            live.iter_mut().filter_map(|c| c.servers.as_mut().ok()).for_each(|servers| servers.reverse());
            desired.reverse();
        }
        let options = Options {
            targets: self.options.targets.iter().map(|text| Selector::parse(text).unwrap()).collect(),
            allow_missing: self.options.allow_missing,
            reboot_unknown: self.options.reboot_unknown,
            ..Options::default()
        };
        let inputs = Inputs {
            desired: &desired,
            rules: &self.fleet.rules,
            availability: &self.fleet.availability,
            windows: &self.fleet.windows,
            live: &live,
            ledger: &self.ledger,
            now,
            options: &options,
        };
        let files = self.fleet.files.iter();
        let files = files
            .map(|f| FleetFile { path: f.path.to_string(), sha256: f.sha256.clone(), calendar: f.calendar })
            .collect();
        let record = PlanOptionsRecord {
            targets: self.options.targets.clone(),
            allow_missing: options.allow_missing,
            reboot_unknown: options.reboot_unknown,
            simulated: true,
            ..PlanOptionsRecord::default()
        };
        PlanDocument::new(plan(&inputs), files, record, now)
    }
}

fn parsed<T: Default + for<'de> Deserialize<'de>>(folder: &Path, text: Option<String>) -> T {
    let Some(text) = text else { return T::default() };
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
}

/// A connection in `live.json`: its servers, or why they could not be read.
#[derive(Deserialize)]
#[serde(untagged)]
enum GivenLive {
    Read { servers: Vec<GivenServer> },
    Failed { failure: String, transient: bool },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenServer {
    id: Option<String>,
    name: Option<String>,
    state: GivenState,
    booted_at: Option<Timestamp>,
    created_at: Option<Timestamp>,
    tags: Option<Vec<Box<str>>>,
    #[serde(default)]
    denials: Vec<GivenDenial>,
}

#[derive(Deserialize)]
struct GivenDenial {
    verb: Verb,
    why: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum GivenState {
    Settled(Power),
    Transition { transition: String, into: Option<GivenEnd> },
    Unrecognised { unrecognised: String },
    NotReported { not_reported: bool },
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum GivenEnd {
    On,
    Off,
    Gone,
}

impl GivenLive {
    fn connection(&self, name: &str, fleet: &fleetform::config::Fleet) -> ConnectionLive<'static> {
        let name = ConnectionName::from(name);
        let spec = providers::find(&fleet.connections[&name].type_name).unwrap().spec;
        let servers = match self {
            Self::Read { servers } => Ok(servers.iter().map(GivenServer::live).collect()),
            Self::Failed { failure, transient } => {
                Err(ReadFailure { message: failure.clone(), transient: *transient })
            }
        };
        ConnectionLive { name, type_name: spec.type_name, capabilities: &spec.capabilities, servers }
    }
}

impl GivenServer {
    fn live(&self) -> LiveServer {
        let state = match &self.state {
            GivenState::Settled(power) => LiveState::Settled(*power),
            GivenState::NotReported { not_reported } => {
                assert!(not_reported);
                LiveState::NotReported
            }
            GivenState::Unrecognised { unrecognised } => {
                LiveState::Unrecognised(unrecognised.as_str().into())
            }
            GivenState::Transition { transition, into } => LiveState::Transition {
                word: transition.as_str().into(),
                into: into.map(|end| match end {
                    GivenEnd::On => Settles::Power(Power::On),
                    GivenEnd::Off => Settles::Power(Power::Off),
                    GivenEnd::Gone => Settles::Gone,
                }),
            },
        };
        LiveServer {
            id: self.id.as_deref().map(Into::into),
            name: self.name.as_deref().map(Into::into),
            state,
            booted_at: self.booted_at,
            created_at: self.created_at,
            tags: self.tags.clone().map(Into::into),
            denials: self
                .denials
                .iter()
                .map(|denial| Denial { verb: denial.verb, why: denial.why.as_str().into() })
                .collect(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenLedger {
    born: Option<Timestamp>,
    boots: Vec<GivenBoot>,
    unresolved: Vec<GivenUnresolved>,
    #[serde(default)]
    holds: Vec<Hold>,
    #[serde(default)]
    freeze: Option<Freeze>,
}

#[derive(Deserialize)]
struct GivenBoot {
    provider: ConnectionName,
    id: ServerId,
    at: Timestamp,
}

#[derive(Deserialize)]
struct GivenUnresolved {
    provider: ConnectionName,
    id: ServerId,
    address: Address,
    verb: Verb,
    sent_at: Timestamp,
}

impl GivenLedger {
    fn facts(self) -> LedgerFacts {
        let open = |u: GivenUnresolved| {
            let change = Unresolved { address: u.address, verb: u.verb, sent_at: u.sent_at };
            ((u.provider, u.id), change)
        };
        LedgerFacts {
            not_rebooted: std::collections::HashMap::new(),
            born: self.born,
            boots: self.boots.into_iter().map(|boot| ((boot.provider, boot.id), boot.at)).collect(),
            unresolved: self.unresolved.into_iter().map(open).collect(),
            holds: self.holds,
            freeze: self.freeze,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct GivenOptions {
    targets: Vec<String>,
    allow_missing: bool,
    reboot_unknown: bool,
    allow_delete: bool,
    accept: Accepted,
}
