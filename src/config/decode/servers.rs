//! `servers:`: one entry of the list becomes one or more desired servers, defaults filled in.

use super::defaults::Defaults;
use super::fields::Fields;
use super::keys::ServerKey;
use super::names::Names;
use super::order::{GivenAfter, carried};
use super::rollouts::{GivenRollout, of_server};
use super::schedules::GivenSchedules;
use super::words::{REBOOT_WORDS, SHUTDOWN_WORDS, STATE_WORDS};
use super::{Decoder, SERVER_KEYS};
use crate::config::diagnostic::{Diagnostic, quote};
use crate::config::suggest::did_you_mean;
use crate::config::yaml::{Content, Entry, Node};
use crate::model::{
    Address, ConnectionName, DesiredPower, DesiredServer, Labels, Location, NameRules, PowerSchedule,
};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// How many keys an entry may have.
const KEYS: usize = SERVER_KEYS.len();

/// The most servers in all files together.
const MAX_SERVERS: usize = 1_000_000;

/// A connection that servers may refer to.
pub(super) struct Known {
    /// Its name.
    pub(super) name: ConnectionName,
    /// How its provider compares names; `None` where its type is not known.
    pub(super) rules: Option<NameRules>,
}

/// The connections, found by name.
#[derive(Default)]
pub(super) struct KnownConnections {
    /// In the order in which they were read.
    pub(super) list: Vec<Known>,
    by_text: HashMap<String, usize>,
}

impl KnownConnections {
    /// Adds one.
    pub(super) fn add(&mut self, known: Known) {
        self.by_text.insert(known.name.as_str().to_owned(), self.list.len());
        self.list.push(known);
    }

    /// Its index in the list.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.by_text.get(name).copied()
    }

    /// All names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|known| known.name.as_str())
    }
}

/// An entry that is about to become servers.
struct Expanded<'e, 'a> {
    node: &'e Node<'a>,
    connection: usize,
    template: DesiredServer,
    /// Whether the entry itself says when its servers are healthy.
    has_check: bool,
}

/// Turns entries into servers.
pub(super) struct Servers<'c, 'n, 'a> {
    known: &'c KnownConnections,
    defaults: &'c Defaults,
    rollouts: &'c [GivenRollout],
    schedules: &'c GivenSchedules,
    default_connection: Option<usize>,
    default_labels: Labels,
    /// The connections or defaults are not known in full, so a missing one is no finding.
    doubtful: bool,
    /// Stands for the connection until it is known.
    nowhere: ConnectionName,
    /// Labels of the last entry that had some: neighbours often have the same.
    last_labels: Option<(&'n [Entry<'a>], Labels)>,
    /// The servers so far.
    pub(super) list: Vec<DesiredServer>,
    /// For each server the index of its connection.
    pub(super) connections: Vec<usize>,
    /// Every `after:`.
    pub(super) after: Vec<GivenAfter>,
    /// An entry could not be used: servers are missing here.
    pub(super) lost: bool,
    full: bool,
}

impl<'c, 'n, 'a> Servers<'c, 'n, 'a> {
    /// Begins with no servers.
    pub(super) fn new(
        known: &'c KnownConnections,
        defaults: &'c Defaults,
        rollouts: &'c [GivenRollout],
        schedules: &'c GivenSchedules,
        doubtful: bool,
    ) -> Self {
        let default = defaults.provider.as_ref();
        Self {
            known,
            defaults,
            rollouts,
            schedules,
            default_connection: default.and_then(|(name, _)| known.find(name)),
            default_labels: defaults.labels(),
            doubtful,
            nowhere: ConnectionName::from(""),
            last_labels: None,
            list: Vec::new(),
            connections: Vec::new(),
            after: Vec::new(),
            lost: false,
            full: false,
        }
    }

    /// Makes room, so that a long list is not moved about.
    pub(super) fn reserve(&mut self, entries: usize) {
        self.list.reserve(entries);
        self.connections.reserve(entries);
    }

    /// Decodes one entry of the list.
    pub(super) fn add(&mut self, decoder: &mut Decoder<'_>, node: &'n Node<'a>) {
        let before = self.list.len();
        self.decode(decoder, node);
        self.lost |= self.list.len() == before;
    }

    fn decode(&mut self, decoder: &mut Decoder<'_>, node: &'n Node<'a>) {
        if let Content::Scalar(text) = &node.content {
            let message = "a server must be a mapping, this is a single value";
            let cure = format!("write - name: {}", quote(text).trim_matches('"'));
            decoder.report(node.span, Diagnostic::error("wrong_type", message).cure(cure));
            return;
        }
        let Some(fields) = decoder.fields(node, &SERVER_KEYS, "a server") else { return };
        let names = new_names(decoder, node, &fields);
        let connection = self.connection(decoder, node, &fields);
        let mut template = self.template(decoder, node, &fields);
        let after = fields.value(ServerKey::After as usize).map(|node| decoder.after(node));
        template.after = after.as_deref().map(carried).unwrap_or_default();
        let first = self.list.len();
        let old_names =
            fields.value(ServerKey::RenamedFrom as usize).and_then(|n| decoder.names(n, "renamed_from"));
        let Some(names) = names else { return };
        let paired = pair(decoder, &fields, &names, old_names.as_ref());
        if let (Some(connection), true) = (connection, paired) {
            let has_check = fields.value(ServerKey::HealthyWhen as usize).is_some();
            let entry = Expanded { node, connection, template, has_check };
            self.expand(decoder, entry, &names, old_names.as_ref());
        }
        let servers = first..self.list.len();
        self.after.extend(after.map(|items| GivenAfter { items, servers }));
    }

    fn connection(
        &self,
        decoder: &mut Decoder<'_>,
        node: &Node<'_>,
        fields: &Fields<'n, 'a, KEYS>,
    ) -> Option<usize> {
        let Some(given) = fields.value(ServerKey::Provider as usize) else {
            if self.defaults.provider.is_none() && !self.doubtful && !fields.partial {
                let cure = "write provider: here or under defaults:";
                let diagnostic =
                    Diagnostic::error("no_provider", "the server does not say its provider").cure(cure);
                decoder.report(node.span, diagnostic);
            }
            return self.default_connection;
        };
        let name = decoder.text(given, "provider")?;
        let found = self.known.find(name);
        if found.is_none() && !self.doubtful {
            decoder.report(given.span, unresolved(name, self.known));
        }
        found
    }

    /// Everything of an entry but names and connection, as a server without them.
    fn template(
        &mut self,
        decoder: &mut Decoder<'_>,
        node: &Node<'_>,
        fields: &Fields<'n, 'a, KEYS>,
    ) -> DesiredServer {
        let value = |key: ServerKey| fields.value(key as usize);
        let defaults = self.defaults;
        let id = value(ServerKey::Id).and_then(|node| decoder.id(node));
        let presence = value(ServerKey::State).and_then(|node| decoder.word(node, "state", &STATE_WORDS));
        let (power, schedule) = self.power(decoder, value(ServerKey::Power));
        let shutdown = or_default(value(ServerKey::Shutdown), defaults.shutdown.as_ref(), |node| {
            decoder.word(node, "shutdown", &SHUTDOWN_WORDS)
        });
        let grace = self.defaults.grace(decoder, value(ServerKey::Grace), shutdown.unwrap_or_default());
        let reboot = or_default(value(ServerKey::Reboot), defaults.reboot.as_ref(), |node| {
            decoder.word(node, "reboot", &REBOOT_WORDS)
        });
        let require_evidence = self.defaults.required_evidence(decoder, value(ServerKey::RequireEvidence));
        let rebooted_since =
            or_default(value(ServerKey::RebootedSince), defaults.rebooted_since.as_ref(), |node| {
                decoder.instant(node, "rebooted_since")
            });
        let healthy_when = match value(ServerKey::HealthyWhen) {
            Some(node) => decoder.health_check(node).flatten(),
            None => defaults.healthy_when.as_ref().and_then(|(check, _)| check.clone()),
        };
        let protect = or_default(value(ServerKey::Protect), defaults.protect.as_ref(), |node| {
            decoder.boolean(node, "protect")
        });
        let labels = self.labels(decoder, value(ServerKey::Labels));
        if let Some(check) = &healthy_when {
            decoder.labels_of_check(value(ServerKey::HealthyWhen).unwrap_or(node), check, &labels);
        }
        DesiredServer {
            address: Address::new(self.nowhere.clone(), "".into()),
            id: id.map(Into::into),
            renamed_from: None,
            presence: presence.unwrap_or_default(),
            power,
            schedule,
            shutdown: shutdown.unwrap_or_default(),
            grace,
            reboot: reboot.unwrap_or_default(),
            require_evidence,
            rebooted_since,
            healthy_when,
            rollout: None,
            protect: protect.unwrap_or_default(),
            labels,
            after: Arc::default(),
            rule: None,
            location: decoder.place(node.span),
        }
    }

    /// The power of an entry, or of the defaults; a schedule is looked up by its name.
    fn power(
        &self,
        decoder: &mut Decoder<'_>,
        node: Option<&Node<'_>>,
    ) -> (DesiredPower, Option<Arc<PowerSchedule>>) {
        let read = node.map(|node| decoder.power_wish(node));
        let default = || self.defaults.power.as_ref().map(|(wish, _)| wish.clone());
        self.schedules.wished(decoder, read.unwrap_or_else(default), node, self.doubtful)
    }

    fn labels(&mut self, decoder: &mut Decoder<'_>, node: Option<&'n Node<'a>>) -> Labels {
        let Some(entries) = node.and_then(|node| decoder.mapping(node, "labels")) else {
            return Arc::clone(&self.default_labels);
        };
        if let Some((last, labels)) = &self.last_labels
            && same_entries(last, entries)
        {
            return Arc::clone(labels);
        }
        let mut labels: BTreeMap<String, String> = (*self.default_labels).clone();
        let mut sound = true;
        for entry in entries {
            match decoder.label(entry) {
                Some(value) => drop(labels.insert(entry.key.to_string(), value.to_owned())),
                None => sound = false,
            }
        }
        let labels = Arc::new(labels);
        self.last_labels = sound.then(|| (entries, Arc::clone(&labels)));
        labels
    }

    fn expand(
        &mut self,
        decoder: &mut Decoder<'_>,
        entry: Expanded<'_, '_>,
        names: &Names<'_>,
        old_names: Option<&Names<'_>>,
    ) {
        let Expanded { node, connection, mut template, has_check } = entry;
        if self.list.len() + names.len() > MAX_SERVERS {
            if !std::mem::replace(&mut self.full, true) {
                let message = format!("there are more than {MAX_SERVERS} servers up to here");
                let finding = Diagnostic::error("too_many_servers", message).at(template.location);
                decoder.findings.push(finding.cure("split the fleet: one run can look after so many"));
            }
            return;
        }
        let Some(known) = self.known.list.get(connection) else { return };
        template.address.connection = known.name.clone();
        let first = self.list.len();
        for index in 1..names.len() {
            let mut server = template.clone();
            name(&mut server, index - 1, names, old_names);
            self.list.push(server);
        }
        name(&mut template, names.len().saturating_sub(1), names, old_names);
        self.list.push(template);
        self.connections.resize(self.list.len(), connection);
        if !self.rollouts.is_empty() {
            self.roll_out(decoder, first, node, has_check);
        }
    }

    /// Finds the rollouts of the servers from `first` on, and gives those that do not say their own check its check.
    fn roll_out(&mut self, decoder: &mut Decoder<'_>, first: usize, node: &Node<'_>, has_check: bool) {
        for server in self.list.iter_mut().skip(first) {
            let Some(given) = of_server(self.rollouts, &server.address, &server.labels) else { continue };
            server.rollout = Some(Arc::clone(&given.rollout));
            if let (Some(check), false) = (&given.healthy_when, has_check) {
                server.healthy_when.clone_from(check);
            }
            if let Some(check) = &server.healthy_when {
                decoder.labels_of_check(node, check, &server.labels);
            }
        }
    }
}

fn name(server: &mut DesiredServer, index: usize, names: &Names<'_>, old_names: Option<&Names<'_>>) {
    server.address.name = names.get(index).unwrap_or_default().into();
    server.renamed_from = old_names.and_then(|old| old.get(index)).map(Into::into);
}

/// The value of an entry where it has one, else the default.
fn or_default<'n, 'a, T: Copy>(
    node: Option<&'n Node<'a>>,
    default: Option<&(T, Location)>,
    read: impl FnOnce(&'n Node<'a>) -> Option<T>,
) -> Option<T> {
    match node {
        Some(node) => read(node),
        None => default.map(|(value, _)| *value),
    }
}

fn new_names<'n>(
    decoder: &mut Decoder<'_>,
    node: &Node<'_>,
    fields: &Fields<'n, '_, KEYS>,
) -> Option<Names<'n>> {
    let name = fields.value(ServerKey::Name as usize);
    if name.is_none() && !fields.partial {
        let cure = "write name: with the name it should have";
        decoder.report(node.span, Diagnostic::error("missing_name", "the server has no name").cure(cure));
    }
    decoder.names(name?, "name")
}

/// The finding for a name that no connection has.
pub(super) fn unresolved(name: &str, known: &KnownConnections) -> Diagnostic {
    let message = format!("there is no connection {} under providers", quote(name));
    let cure = did_you_mean(name, known.names()).unwrap_or_else(|| "add it under providers:".into());
    Diagnostic::error("unresolved_provider", message).cure(cure)
}

/// Checks that what binds one server is not given for several, and that old names match new ones.
fn pair(
    decoder: &mut Decoder<'_>,
    fields: &Fields<'_, '_, KEYS>,
    names: &Names<'_>,
    old_names: Option<&Names<'_>>,
) -> bool {
    let mut sound = true;
    if let Some(id) = fields.value(ServerKey::Id as usize)
        && names.len() != 1
    {
        let message = format!("one id is given for {} servers", names.len());
        let cure = "write one entry for each server that has an id";
        decoder.report(id.span, Diagnostic::error("id_for_several", message).cure(cure));
        sound = false;
    }
    if let (Some(old), Some(node)) = (old_names, fields.value(ServerKey::RenamedFrom as usize))
        && old.len() != names.len()
    {
        let message = format!("{} old names are given for {} new ones", old.len(), names.len());
        let cure = "name and renamed_from must expand to equally many names: they are paired in their order";
        decoder.report(node.span, Diagnostic::error("renamed_from_count", message).cure(cure));
        sound = false;
    }
    if let (Some(old), Some(node)) = (old_names, fields.value(ServerKey::RenamedFrom as usize))
        && (0..names.len()).any(|index| old.get(index) == names.get(index))
    {
        let diagnostic = Diagnostic::error("renamed_from_itself", "the old name is the new name");
        decoder.report(node.span, diagnostic.cure("remove renamed_from: the rename has happened"));
        sound = false;
    }
    sound
}

fn same_entries(a: &[Entry<'_>], b: &[Entry<'_>]) -> bool {
    fn text<'t>(node: &'t Node<'_>) -> Option<&'t str> {
        match &node.content {
            Content::Scalar(text) if !node.is_null() => Some(text),
            _ => None,
        }
    }
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(a, b)| a.key == b.key && text(&a.value).is_some_and(|t| text(&b.value) == Some(t)))
}

impl Decoder<'_> {
    /// The value of a label.
    pub(super) fn label<'n>(&mut self, entry: &'n Entry<'_>) -> Option<&'n str> {
        let what = format!("label {}", quote(&entry.key));
        let text = self.text(&entry.value, &what)?;
        if text.chars().any(char::is_control) {
            let message = format!("{what} holds a control character");
            self.report(entry.value.span, Diagnostic::error("bad_label", message));
            return None;
        }
        Some(text)
    }
}
