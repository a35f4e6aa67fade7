//! All files together: which top-level key does what, and what must agree between files.

use super::connections::Rules;
use super::defaults::{Defaults, Given, defaults};
use super::keys::TopKey;
use super::limits::{GivenLimits, limits};
use super::order::{self, GivenAvailability};
use super::rollouts::{self, GivenRollout};
use super::rules;
use super::scalars::PowerWish;
use super::schedules::{GivenSchedules, unresolved_schedule};
use super::servers::{Known, KnownConnections, Servers, unresolved};
use super::watch::GivenWatch;
use super::windows::GivenWindows;
use super::{Decoder, TOP_KEYS, duplicates};
use crate::config::Mode;
use crate::config::diagnostic::{Diagnostic, quote};
use crate::config::findings::Findings;
use crate::config::fleet::{Connection, Fleet, NotifyTarget, SourceFile};
use crate::config::source::Source;
use crate::config::yaml::{Content, Node, Part, Reading};
use crate::model::{ConnectionName, Location, ProviderSpec};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

/// A file that was read, as far as it could be.
pub(in crate::config) struct Document<'a> {
    /// The text.
    pub(in crate::config) source: &'a Source,
    /// Its tree.
    pub(in crate::config) reading: Reading<'a>,
}

/// Makes a fleet of all files. `doubtful` says that a file could not be read at all. What is wrong goes to
/// `findings`; the fleet is only good if nothing did.
pub(in crate::config) fn collect(
    documents: &[Document<'_>],
    specs: &[&'static ProviderSpec],
    mode: Mode,
    doubtful: bool,
    findings: &mut Findings,
) -> Fleet {
    let mut all = Collected { doubtful, ..Collected::default() };
    let mut lists = Lists::default();
    for document in documents {
        all.document(document, specs, mode, findings, &mut lists);
    }
    all.check_version(documents, findings);
    all.check_default_provider(findings);
    all.check_default_schedule(findings);
    all.defaults.check_grace(findings);
    let mut servers = Servers::new(&all.known, &all.defaults, &all.rollouts, &all.schedules, all.doubtful);
    servers.reserve(lists.servers.iter().map(|(_, items)| items.len()).sum());
    for (file, items) in &lists.servers {
        let mut decoder = Decoder { file, findings };
        items.iter().for_each(|node| servers.add(&mut decoder, node));
    }
    let Servers { list: servers, connections, after, lost, .. } = servers;
    duplicates::report(&servers, &connections, &all.known, findings);
    let mut rules = rules::Rules::new(
        &all.known,
        &all.defaults,
        &all.rollouts,
        &all.schedules,
        all.limits.bounds_deletes(),
        all.doubtful,
    );
    for (file, items) in &lists.rules {
        let mut decoder = Decoder { file, findings };
        items.iter().for_each(|node| rules.add(&mut decoder, node));
    }
    let rules::Rules { list: rules, lost: rules_lost, .. } = rules;
    let incomplete =
        lost || rules_lost || all.doubtful || documents.iter().any(|d| !d.reading.broken.is_empty());
    order::check((&servers, &rules), &after, &all.availability, incomplete, findings);
    let limits = all.limits.limits();
    let watch = all.watch.map(|(watch, _)| watch).unwrap_or_default();
    watch.check((&servers, &rules), &limits, incomplete, findings);
    if !all.doubtful && !findings.has_errors() {
        rollouts::report_unused(&all.rollouts, &rules, findings);
        all.schedules.report_unused(findings);
    }
    if !incomplete {
        order::check_selectors(&all.windows.selectors, (&servers, &rules), findings);
    }
    let beside = |document: &Document<'_>| document.source.folder().join(DEFAULT_LEDGER);
    let default_ledger = documents.first().map_or_else(|| DEFAULT_LEDGER.into(), beside);
    let files = documents.iter().map(|document| file(document.source));
    Fleet {
        connections: all.connections,
        servers,
        rules,
        limits,
        watch: watch.settings(),
        availability: all.availability.rules(),
        windows: all.windows.list,
        notify: all.notify,
        ledger: all.ledger.map_or(default_ledger, |(path, _)| path),
        files: files.chain(all.schedules.holidays.files).collect(),
    }
}

/// Where the ledger lies when no file says.
const DEFAULT_LEDGER: &str = ".fleetform";

fn file(source: &Source) -> SourceFile {
    SourceFile { path: Arc::clone(&source.name), sha256: source.sha256.clone(), calendar: false }
}

/// A list of one file.
type List<'n, 'a> = (&'n Arc<str>, &'n [Node<'a>]);

/// What is decoded once everything else of all files is known.
#[derive(Default)]
struct Lists<'n, 'a> {
    servers: Vec<List<'n, 'a>>,
    rules: Vec<List<'n, 'a>>,
}

#[derive(Default)]
struct Collected {
    version_given: bool,
    connections: BTreeMap<ConnectionName, Connection>,
    known: KnownConnections,
    declared: HashMap<String, Location>,
    defaults: Defaults,
    limits: GivenLimits,
    availability: GivenAvailability,
    rollouts: Vec<GivenRollout>,
    schedules: GivenSchedules,
    windows: GivenWindows,
    notify: Vec<NotifyTarget>,
    watch: Given<GivenWatch>,
    ledger: Given<PathBuf>,
    /// Connections or defaults may stand in a part that could not be read.
    doubtful: bool,
}

impl Collected {
    fn document<'n, 'a>(
        &mut self,
        document: &'n Document<'a>,
        specs: &[&'static ProviderSpec],
        mode: Mode,
        findings: &mut Findings,
        lists: &mut Lists<'n, 'a>,
    ) {
        let file = &document.source.name;
        let folder = document.source.folder();
        let rules = Rules { specs, mode, folder: &folder, source: document.source };
        let mut decoder = Decoder { file, findings };
        let broken = &document.reading.broken;
        self.doubtful |= broken.iter().any(|section| *section != SERVERS);
        self.version_given |= !broken.is_empty();
        if document.reading.parts.is_empty() && broken.is_empty() {
            self.version_given = true;
            decoder.empty_file();
        }
        for part in &document.reading.parts {
            match part {
                Part::Document(root) => self.part(&mut decoder, (file, root), rules, lists),
                Part::Items(SERVERS, Node { content: Content::List(items), .. }) => {
                    lists.servers.push((file, items));
                }
                Part::Items(..) => {}
            }
        }
    }

    fn part<'n, 'a>(
        &mut self,
        decoder: &mut Decoder<'_>,
        (file, root): (&'n Arc<str>, &'n Node<'a>),
        rules: Rules<'_>,
        lists: &mut Lists<'n, 'a>,
    ) {
        if root.is_null() {
            self.version_given = true;
            decoder.empty_file();
            return;
        }
        let Some(fields) = decoder.fields(root, &TOP_KEYS, "a fleet file") else {
            self.doubtful = true;
            return;
        };
        let value = |key: TopKey| fields.value(key as usize);
        if let Some(node) = value(TopKey::Version) {
            self.version_given = true;
            decoder.version(node);
        }
        if let Some(node) = value(TopKey::Providers) {
            self.providers(decoder, node, rules);
        }
        if let Some(node) = value(TopKey::Defaults) {
            defaults(decoder, node, &mut self.defaults);
        }
        if let Some(node) = value(TopKey::Limits) {
            limits(decoder, node, &mut self.limits);
        }
        if let Some(node) = value(TopKey::Availability) {
            decoder.availability(node, &mut self.availability);
        }
        if let Some(node) = value(TopKey::Rollout) {
            decoder.rollouts(node, &mut self.rollouts);
        }
        if let Some(node) = value(TopKey::Schedules) {
            decoder.schedules(node, rules.source, &mut self.schedules);
        }
        if let Some(node) = value(TopKey::Windows) {
            decoder.windows(node, rules.source, &mut self.schedules.holidays, &mut self.windows);
        }
        if let Some(node) = value(TopKey::Notify) {
            decoder.notify(node, &mut self.notify);
        }
        if let Some(node) = value(TopKey::Watch) {
            let watch = Some(decoder.watch(node));
            decoder.agree(&mut self.watch, watch, node.span, "watch");
        }
        if let Some(node) = value(TopKey::Ledger) {
            let path = decoder.path(node, "ledger").map(|path| rules.folder.join(path));
            decoder.agree(&mut self.ledger, path, node.span, "ledger");
        }
        match value(TopKey::Rules) {
            Some(Node { content: Content::List(items), .. }) => lists.rules.push((file, items)),
            Some(node) if !node.is_null() => decoder.wrong_type(node, "rules", "a list (- match: …)"),
            _ => {}
        }
        match value(TopKey::Servers) {
            Some(Node { content: Content::List(items), .. }) => lists.servers.push((file, items)),
            Some(node) if !node.is_null() => decoder.wrong_type(node, "servers", "a list (- name: …)"),
            _ => {}
        }
    }

    fn providers(&mut self, decoder: &mut Decoder<'_>, node: &Node<'_>, rules: Rules<'_>) {
        if node.is_null() {
            return;
        }
        let Some(entries) = decoder.mapping(node, "providers") else {
            self.doubtful = true;
            return;
        };
        for entry in entries {
            let place = decoder.place(entry.key_span);
            if let Some(first) = self.declared.get(&*entry.key) {
                let message = format!("the connection {} is declared twice", quote(&entry.key));
                let diagnostic = Diagnostic::error("duplicate_provider", message)
                    .related("declared first here", first.clone())
                    .cure("keep one of the two, or give them different names");
                decoder.report(entry.key_span, diagnostic);
                continue;
            }
            self.declared.insert(entry.key.to_string(), place);
            let found = decoder.connection(entry, rules);
            let rules = found.as_ref().map(|(_, spec)| spec.capabilities.names);
            self.known.add(Known { name: ConnectionName::from(&*entry.key), rules });
            if let Some((connection, _)) = found {
                self.connections.insert(connection.name.clone(), connection);
            }
        }
    }

    fn check_version(&self, documents: &[Document<'_>], findings: &mut Findings) {
        let Some(first) = documents.first() else { return };
        if !self.version_given && !self.doubtful {
            let place = Location { file: Arc::clone(&first.source.name), line: 1, column: 1 };
            let diagnostic =
                Diagnostic::error("missing_version", "the version of the file's format is missing");
            findings.push(diagnostic.at(place).cure("write version: 1 at the top"));
        }
    }

    fn check_default_provider(&self, findings: &mut Findings) {
        if let Some((name, place)) = &self.defaults.provider
            && self.known.find(name).is_none()
            && !self.doubtful
        {
            findings.push(unresolved(name, &self.known).at(place.clone()));
        }
    }
}

impl Collected {
    fn check_default_schedule(&self, findings: &mut Findings) {
        if let Some((PowerWish::Schedule(name), place)) = &self.defaults.power
            && let Err(cure) = self.schedules.find(name)
            && !self.doubtful
        {
            findings.push(unresolved_schedule(name, cure).at(place.clone()));
        }
    }
}

/// The key whose list can be read on after a break.
const SERVERS: &str = "servers";

impl Decoder<'_> {
    fn version(&mut self, node: &Node<'_>) {
        let Some(text) = self.text(node, "version") else { return };
        if text != "1" {
            let message =
                format!("version {} of the file's format is not known to this program", quote(text));
            self.report(
                node.span,
                Diagnostic::error("unsupported_version", message).cure("write version: 1"),
            );
        }
    }

    fn empty_file(&mut self) {
        let place = Location { file: Arc::clone(self.file), line: 1, column: 1 };
        let cure = "fleetform init writes a starter file";
        self.findings.push(Diagnostic::error("empty_file", "the file holds nothing").at(place).cure(cure));
    }
}
