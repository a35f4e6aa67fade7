//! What every command that reads a fleet begins with: the files, the simulator if asked for, open connections.

use super::args::{Global, Shape};
use super::exit::{Failure, code};
use super::io::Io;
use super::run::Run;
use super::stop::Signals;
use crate::apply::{Link, Links};
use crate::config::{self, Connection, Diagnostic, Fleet, Loaded, Mode};
use crate::http::{Clients, Limits, Meter, Permit, Traffic};
use crate::ledger::{Author, Lock, LockError, Terms};
use crate::model::{Address, ConnectionName, Selector, SettingKind, Settings};
use crate::plan::{Inputs, Target, effective};
use crate::provider::Scrubbed;
use crate::providers::{self, Opening, Registration};
use crate::simulator::{Options, Origin, Running, Simulator, World};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// The default fleet file.
pub(super) const FLEET_FILE: &str = "fleet.yaml";

/// The default world file.
pub(super) const WORLD_FILE: &str = "world.yaml";

/// A fleet that has been read.
pub(super) struct Session {
    pub(super) fleet: Fleet,
    /// Where the ledger lies. A rehearsal has one of its own: what happened to simulated servers says nothing of
    /// real ones.
    pub(super) ledger: PathBuf,
    pub(super) simulator: Option<Running>,
    /// Of simulated servers, whether or not the simulator runs.
    simulated: bool,
    /// Of the ledger's lock, once it was taken, or of whoever takes it from time to time: changes need it.
    permit: OnceLock<Permit>,
    traffic: Counts,
}

/// What was sent on each connection, however often it was opened.
#[derive(Default)]
pub(super) struct Counts(Mutex<BTreeMap<ConnectionName, Meter>>);

impl Counts {
    /// The counts of a connection.
    pub(super) fn of(&self, name: &ConnectionName) -> Meter {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(name.clone()).or_default().clone()
    }
}

impl Session {
    /// Reads the fleet files given, or the default one.
    pub(super) fn open(global: &Global, io: &mut Io<'_>) -> Result<Self, Failure> {
        Self::open_files(&paths(global), global, io)
    }

    /// Reads these files; starts the simulator where asked for.
    pub(super) fn open_files(paths: &[PathBuf], global: &Global, io: &mut Io<'_>) -> Result<Self, Failure> {
        Self::of(config::load(paths, &providers::specs(), mode(global)), global, io)
    }

    /// What has been read, or what is wrong with it.
    pub(super) fn of(
        loaded: Result<Loaded, Vec<Diagnostic>>,
        global: &Global,
        io: &mut Io<'_>,
    ) -> Result<Self, Failure> {
        let fleet = said(loaded, global, io)?;
        let Some(world) = &global.simulate else {
            let ledger = fleet.ledger.clone();
            let (permit, traffic) = (OnceLock::new(), Counts::default());
            return Ok(Self { fleet, ledger, simulator: None, simulated: false, permit, traffic });
        };
        let ledger = rehearsed(&fleet.ledger);
        let simulator = start_simulator(&fleet, world.as_deref(), &ledger, io)?;
        let (permit, traffic) = (OnceLock::new(), Counts::default());
        Ok(Self { fleet, ledger, simulator: Some(simulator), simulated: true, permit, traffic })
    }

    /// Reads the fleet files, and connects to nothing: what is live is known already, of a simulated world or of the
    /// real one.
    pub(super) fn offline(global: &Global, simulated: bool, io: &mut Io<'_>) -> Result<Self, Failure> {
        let loaded = config::load(&paths(global), &providers::specs(), Mode { simulated });
        let fleet = said(loaded, global, io)?;
        let ledger = if simulated { rehearsed(&fleet.ledger) } else { fleet.ledger.clone() };
        let (permit, traffic) = (OnceLock::new(), Counts::default());
        Ok(Self { fleet, ledger, simulator: None, simulated, permit, traffic })
    }

    /// Reads the fleet files for what they say by themselves: nothing of a connection is needed.
    pub(super) fn of_file_alone(global: &Global, io: &mut Io<'_>) -> Result<Self, Failure> {
        let loaded = config::load(&paths(global), &providers::specs(), Mode { simulated: true });
        let fleet = said(loaded, global, io)?;
        let ledger = fleet.ledger.clone();
        let (permit, traffic) = (OnceLock::new(), Counts::default());
        Ok(Self { fleet, ledger, simulator: None, simulated: true, permit, traffic })
    }

    pub(super) fn is_simulated(&self) -> bool {
        self.simulated
    }

    /// Opens connections; nothing is sent yet. Their settings are resolved only now.
    pub(super) fn links<'n>(
        &self,
        names: impl IntoIterator<Item = &'n ConnectionName>,
    ) -> Result<Links, Failure> {
        let connections = names.into_iter().filter_map(|name| self.fleet.connections.get(name));
        links(connections, self.permit.get(), Some(&self.traffic), |connection, row| match &self.simulator {
            None => config::resolve(connection, row.spec, &config::process_env),
            Some(simulator) => Ok(simulated_settings(simulator, connection)),
        })
    }

    /// What was sent on a connection so far.
    pub(super) fn traffic(&self, name: &ConnectionName) -> Traffic {
        self.traffic.of(name).traffic()
    }

    /// Takes the ledger's lock for a command, waiting at most `patience` for its holder. Connections that are opened
    /// afterwards send changes only while it is held.
    pub(super) async fn lock(
        &self,
        (command, run): (&str, Option<&Run>),
        patience: Duration,
        signals: &Signals,
    ) -> Result<Lock, Failure> {
        let folder = self.ledger.clone();
        let here = Author::here(command, user());
        // One name of a run in its events, its receipt and the history.
        let author = Author { run: run.map_or(here.run, |run| run.id.clone()), ..here };
        let take = move || Lock::take_as(&folder, patience, &author, Terms::default());
        let waiting = tokio::task::spawn_blocking(take);
        let taken = async { waiting.await.map_err(|error| Failure::problem(error.to_string())) };
        let lock = signals.unless_interrupted(taken).await?.map_err(|error| match error {
            LockError::Held { .. } => Failure::Message(code::LATER, error.to_string()),
            LockError::Io { .. } => Failure::problem(error.to_string()),
        })?;
        let permit = lock.permit();
        self.permit.get_or_init(|| Arc::new(move || permit.check()));
        Ok(lock)
    }

    /// Connections that are opened afterwards ask this before they send a change.
    pub(super) fn permitted_by(&self, permit: Permit) {
        self.permit.get_or_init(|| permit);
    }

    /// Where the ledger of other fleet files would lie.
    pub(super) fn ledger_of(&self, fleet: &Fleet) -> PathBuf {
        if self.simulated { rehearsed(&fleet.ledger) } else { fleet.ledger.clone() }
    }

    /// The same with other fleet files: the simulator and the permit stay, connections have to be opened anew.
    pub(super) fn take_over(&mut self, fleet: Fleet) {
        self.fleet = fleet;
    }

    /// Every selector must mean something: a typing error must never read as "no changes". What it may mean of the
    /// servers of rules is looked at once they are known.
    pub(super) fn check_selectors(&self, shape: &Shape) -> Result<(), Failure> {
        let may_be_governed =
            |selector: &Selector| self.fleet.rules.iter().any(|rule| rule.meets(selector).next().is_some());
        match self.unlisted(shape).find(|(_, selector)| !may_be_governed(selector)) {
            None => Ok(()),
            Some((flag, selector)) => {
                let near = self.near(selector);
                Err(Failure::usage(format!("{flag} {selector} matches no server of the file{near}")))
            }
        }
    }

    /// The same once the live servers are known. Where one of them could not be read, nobody knows; that is a problem
    /// of the plan.
    pub(super) fn check_governed(&self, shape: &Shape, inputs: &Inputs<'_>) -> Result<(), Failure> {
        let unlisted: Vec<(&str, &Selector)> = self.unlisted(shape).collect();
        if unlisted.is_empty() || inputs.live.iter().any(|live| live.servers.is_err()) {
            return Ok(());
        }
        let desired = effective(inputs);
        for (flag, selector) in unlisted {
            if !desired.iter().any(|entry| selector.matches(&entry.address, &entry.labels)) {
                let near = near(selector, desired.iter().map(|entry| &entry.address));
                return Err(Failure::usage(format!(
                    "{flag} {selector} matches no server of the file, and none that its rules govern{near}"
                )));
            }
        }
        Ok(())
    }

    /// Who speaks, for the ledger.
    #[allow(clippy::unused_self, reason = "it is the session's author")]
    pub(super) fn author(&self, command: &str) -> Author {
        Author::here(command, user())
    }

    pub(super) fn near(&self, target: &Selector) -> String {
        near(target, self.fleet.servers.iter().map(|entry| &entry.address))
    }

    /// The selectors that mean no entry of the file.
    pub(super) fn unlisted<'s>(
        &'s self,
        shape: &'s Shape,
    ) -> impl Iterator<Item = (&'static str, &'s Selector)> {
        let targets = shape.target.iter().map(|target| ("--target", target));
        let excludes = shape.exclude.iter().map(|exclude| ("--exclude", exclude));
        let is_listed = |selector: &Selector| {
            self.fleet.servers.iter().any(|entry| selector.matches(&entry.address, &entry.labels))
        };
        targets.chain(excludes).filter(move |(_, selector)| !is_listed(selector))
    }
}

fn near<'a>(target: &Selector, addresses: impl Iterator<Item = &'a Address>) -> String {
    let Selector::Address(glob) = target else { return String::new() };
    near_addresses(&glob.replace(['*', '?'], ""), addresses)
}

/// The fleet, its warnings said.
fn said(loaded: Result<Loaded, Vec<Diagnostic>>, global: &Global, io: &mut Io<'_>) -> Result<Fleet, Failure> {
    io.be_quiet(global.quiet);
    let loaded = loaded.map_err(Failure::Diagnostics)?;
    if !loaded.warnings.is_empty() {
        let text = crate::report::diagnostics::render(&loaded.warnings, io.colour_err());
        io.mention(text.trim_end());
    }
    Ok(loaded.fleet)
}

/// Where the connections of a fleet lead to.
pub(super) fn targets(fleet: &Fleet) -> BTreeMap<ConnectionName, Target> {
    let target = |connection: &Connection| {
        let settings = providers::find(&connection.type_name).map_or(&[][..], |row| row.spec.settings);
        let is_secret =
            |name: &str| settings.iter().any(|one| one.name == name && one.kind == SettingKind::Secret);
        Target { type_name: connection.type_name.clone(), settings: connection.fingerprint(is_secret) }
    };
    fleet.connections.iter().map(|(name, connection)| (name.clone(), target(connection))).collect()
}

/// Up to three addresses close to what was asked for, as half a sentence.
pub(super) fn near_addresses<'a>(wanted: &str, all: impl Iterator<Item = &'a Address>) -> String {
    const BOUND: usize = 20_000;
    let score = |address: &Address| {
        let whole = strsim::jaro_winkler(wanted, &address.to_string());
        whole.max(strsim::jaro_winkler(wanted, address.name.as_str()))
    };
    let mut close: Vec<(f64, String)> =
        all.take(BOUND).map(|a| (score(a), a.to_string())).filter(|(score, _)| *score > 0.8).collect();
    close.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let names: Vec<String> = close.into_iter().take(3).map(|(_, name)| name).collect();
    if names.is_empty() { String::new() } else { format!("; did you mean {}?", names.join(", ")) }
}

/// The fleet files given, or the default one.
pub(super) fn paths(global: &Global) -> Vec<PathBuf> {
    if global.file.is_empty() { vec![PathBuf::from(FLEET_FILE)] } else { global.file.clone() }
}

/// Where the ledger of a rehearsal lies.
fn rehearsed(ledger: &Path) -> PathBuf {
    ledger.join("simulated")
}

/// Who runs the program, where the environment says so.
pub(super) fn user() -> Option<String> {
    ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(config::process_env)
}

/// The folder of the first fleet file.
fn folder(fleet: &Fleet) -> PathBuf {
    let first = fleet.files.first().map(|file| Path::new(&*file.path));
    first.and_then(Path::parent).map_or_else(PathBuf::new, Path::to_owned)
}

/// What the contract's `--simulate` means for the reading of files.
pub(super) fn mode(global: &Global) -> Mode {
    Mode { simulated: global.simulate.is_some() }
}

/// Opens connections with the settings that `settle` finds for them; all mistakes are told at once.
pub(super) fn links<'c>(
    connections: impl IntoIterator<Item = &'c Connection>,
    permit: Option<&Permit>,
    counts: Option<&Counts>,
    settle: impl Fn(&Connection, &Registration) -> Result<Settings, Vec<Diagnostic>>,
) -> Result<Links, Failure> {
    let mut clients: BTreeMap<Option<PathBuf>, Clients> = BTreeMap::new();
    let mut links = Links::new();
    let mut mistakes = Vec::new();
    for connection in connections {
        let name = &connection.name;
        let row = providers::find(&connection.type_name)
            .ok_or_else(|| Failure::problem(format!("{name}: no provider type {}", connection.type_name)))?;
        match settle(connection, row) {
            Ok(settings) => {
                let clients = clients
                    .entry(connection.ca_file.clone())
                    .or_insert_with(|| permitted(Clients::new(connection.ca_file.clone()), permit));
                let meter = counts.map(|counts| counts.of(name)).unwrap_or_default();
                links.insert(name.clone(), link(connection, row, &settings, (clients, meter))?);
            }
            Err(found) => mistakes.extend(found),
        }
    }
    if mistakes.is_empty() { Ok(links) } else { Err(Failure::Diagnostics(mistakes)) }
}

fn permitted(clients: Clients, permit: Option<&Permit>) -> Clients {
    match permit.cloned() {
        Some(permit) => clients.permitted_by(permit),
        None => clients,
    }
}

fn simulated_settings(simulator: &Running, connection: &Connection) -> Settings {
    let mut settings = Settings::default();
    for (name, value) in simulator.endpoint(connection.name.as_str()).into_iter().flat_map(|e| &e.settings) {
        settings.set(name.clone(), value.clone());
    }
    settings
}

fn link(
    connection: &Connection,
    row: &Registration,
    settings: &Settings,
    (clients, meter): (&Clients, Meter),
) -> Result<Link, Failure> {
    let capabilities = &row.spec.capabilities;
    let limits = Limits {
        in_flight: connection.max_in_flight.unwrap_or(capabilities.default_in_flight),
        per_second: connection.rate_limit,
        timeout: connection.timeouts.request,
    };
    let clients = clients.limited(limits, meter.clone());
    let provider = (row.open)(&Opening { settings, limits, clients: &clients }).map_err(|error| {
        Failure::problem(format!("{}: {}: {error}", connection.location, connection.name))
    })?;
    let secrets = row.spec.settings.iter().filter(|setting| setting.kind == SettingKind::Secret);
    let secrets = secrets.filter_map(|setting| settings.get(setting.name).map(SecretString::from));
    let provider = Arc::new(Scrubbed::new(provider, secrets).counted(meter));
    Ok(Link { provider, type_name: row.spec.type_name, capabilities, settle: connection.timeouts.settle })
}

fn start_simulator(
    fleet: &Fleet,
    world: Option<&Path>,
    ledger: &Path,
    io: &mut Io<'_>,
) -> Result<Running, Failure> {
    let path = world.map_or_else(|| folder(fleet).join(WORLD_FILE), Path::to_owned);
    let failed = |error: crate::simulator::Error| Failure::problem(format!("{}: {error}", path.display()));
    let connections = fleet.connections.values().map(|c| (c.name.as_str(), c.type_name.as_str()));
    let world = read_world(&path)?.with_connections(connections).map_err(failed)?;
    std::fs::create_dir_all(ledger)
        .map_err(|error| Failure::problem(format!("{}: {error}", ledger.display())))?;
    let options = Options { persist: Some(ledger.join("world.json")), ..Options::default() };
    let running = Simulator::start(&world, &providers::faces(), options).map_err(failed)?;
    match running.origin() {
        Origin::Begun | Origin::Continued => {}
        Origin::SourceChanged => {
            io.mention(&format!("{} has changed: the simulated world begins anew.", path.display()));
        }
        Origin::Unreadable => io.warn("the simulated world that was kept cannot be read: it begins anew"),
    }
    Ok(running)
}

/// Reads a world file.
pub(super) fn read_world(path: &Path) -> Result<World, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::problem(format!(
            "the simulator's world {shown} cannot be read: {error}; `fleetform init` writes one, --simulate=PATH names another"
        ))
    })?;
    let value = config::read_as_json(&shown.to_string(), &text).map_err(Failure::Diagnostics)?;
    World::from_value(value).map_err(|error| Failure::problem(format!("{shown}: {error}")))
}
