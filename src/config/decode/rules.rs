//! `rules:`: what is wanted of live servers that no entry lists. A rule wants only what it says itself: of `defaults:`
//! it takes how things are done, what is protected and the labels, never a power or a reboot.

use super::defaults::Defaults;
use super::fields::Fields;
use super::keys::RuleKey;
use super::rollouts::{self, GivenRollout};
use super::scalars::PowerWish;
use super::schedules::GivenSchedules;
use super::servers::{KnownConnections, unresolved};
use super::words::{POWER_IS_WORDS, REBOOT_WORDS, SHUTDOWN_WORDS, STATE_WORDS};
use super::{Decoder, RULE_KEYS};
use crate::config::diagnostic::{Diagnostic, quote};
use crate::config::suggest::did_you_mean;
use crate::config::yaml::{Content, Entry, Node};
use crate::model::{
    Address, Age, ConnectionName, DesiredPower, DesiredServer, GovernedRollout, Labels, PowerSchedule,
    Presence, Rule,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The most rules of all files together: each is held against every live server.
const MAX_RULES: usize = 10_000;

/// The most globs, tags or connections of one rule.
const MAX_ITEMS: usize = 1_000;

/// The code of a rule that cannot be read.
const BAD_RULE: &str = "bad_rule";

type Given<'n, 'a> = Fields<'n, 'a, { RULE_KEYS.len() }>;

/// Turns items of `rules:` into rules.
pub(super) struct Rules<'c> {
    pub(super) known: &'c KnownConnections,
    pub(super) defaults: &'c Defaults,
    pub(super) rollouts: &'c [GivenRollout],
    pub(super) schedules: &'c GivenSchedules,
    /// Whether deletes are bounded.
    pub(super) bounds_deletes: bool,
    /// The connections, defaults or limits are not known in full, so a missing one is no finding.
    pub(super) doubtful: bool,
    governed: Arc<[GovernedRollout]>,
    names: HashMap<Arc<str>, crate::model::Location>,
    /// The rules so far.
    pub(super) list: Vec<Rule>,
    /// A rule could not be used.
    pub(super) lost: bool,
}

impl<'c> Rules<'c> {
    pub(super) fn new(
        known: &'c KnownConnections,
        defaults: &'c Defaults,
        rollouts: &'c [GivenRollout],
        schedules: &'c GivenSchedules,
        bounds_deletes: bool,
        doubtful: bool,
    ) -> Self {
        let governed = rollouts::governed(rollouts);
        let (names, list) = (HashMap::new(), Vec::new());
        Self {
            known,
            defaults,
            rollouts,
            schedules,
            bounds_deletes,
            doubtful,
            governed,
            names,
            list,
            lost: false,
        }
    }

    /// Decodes one rule.
    pub(super) fn add(&mut self, decoder: &mut Decoder<'_>, node: &Node<'_>) {
        match self.decode(decoder, node) {
            Some(rule) => self.list.push(rule),
            None => self.lost = true,
        }
    }

    fn decode(&mut self, decoder: &mut Decoder<'_>, node: &Node<'_>) -> Option<Rule> {
        if self.list.len() == MAX_RULES {
            let message = format!("there are more than {MAX_RULES} rules up to here");
            decoder.report(
                node.span,
                Diagnostic::error(BAD_RULE, message).cure("let one rule have several globs"),
            );
            return None;
        }
        let fields = decoder.fields(node, &RULE_KEYS, "a rule")?;
        let value = |key: RuleKey| fields.value(key as usize);
        let globs = read(value(RuleKey::Match), |node| decoder.globs(node))?;
        let tags = read(value(RuleKey::Tag), |node| decoder.tags(node))?;
        let power_is = read(value(RuleKey::PowerIs), |node| decoder.word(node, "power_is", &POWER_IS_WORDS))?;
        let older_than = read(value(RuleKey::OlderThan), |node| decoder.age(node))?;
        let providers = read(value(RuleKey::Provider), |node| self.providers(decoder, node))?;
        let selects = globs.is_some() || tags.is_some() || providers.is_some() || power_is.is_some();
        if !selects && !fields.partial {
            let cure = "write match: \"dev/*\", or match: \"*\" where every live server is meant";
            let message = "the rule does not say which live servers it selects";
            decoder.report(node.span, Diagnostic::error(BAD_RULE, message).cure(cure));
            return None;
        }
        let wish = self.wish(decoder, node, &fields);
        self.deletes(decoder, node, &fields, &wish, older_than.is_some());
        let (globs, tags) = (globs.unwrap_or_default(), tags.unwrap_or_default());
        let name = self.name(decoder, &fields, || described(&globs, &tags, providers.as_ref()));
        let has_check = value(RuleKey::HealthyWhen).is_some();
        let mut rule = Rule {
            name: name?,
            globs,
            connections: BTreeSet::new(),
            power_is,
            tags,
            older_than,
            wish,
            has_check,
            rollouts: Arc::clone(&self.governed),
        };
        rule.connections = self.connections(&rule, providers);
        if rule.connections.is_empty() && !self.doubtful {
            let node = value(RuleKey::Match).unwrap_or(node);
            decoder.report(node.span, self.nowhere(&rule));
            return None;
        }
        if !has_check {
            for check in rollouts::checks_met(self.rollouts, &rule) {
                decoder.labels_of_check(node, check, rule.labels());
            }
        }
        Some(rule)
    }

    fn name(
        &mut self,
        decoder: &mut Decoder<'_>,
        fields: &Given<'_, '_>,
        described: impl FnOnce() -> String,
    ) -> Option<Arc<str>> {
        let Some(node) = fields.value(RuleKey::Name as usize) else { return Some(described().into()) };
        let text = decoder.text(node, "name")?;
        if text.is_empty() || text.len() > 200 || text.chars().any(char::is_control) {
            let message = format!("the name of a rule cannot be {}", quote(text));
            decoder.report(node.span, Diagnostic::error(BAD_RULE, message).cure("write a word or a few"));
            return None;
        }
        let name: Arc<str> = text.into();
        let place = decoder.place(node.span);
        if let Some(first) = self.names.get(&name) {
            let message = format!("there are two rules with the name {}", quote(text));
            let finding =
                Diagnostic::error("duplicate_rule", message).related("the first is here", first.clone());
            decoder.report(node.span, finding.cure("give each rule a name of its own, or none"));
            return None;
        }
        self.names.insert(Arc::clone(&name), place);
        Some(name)
    }

    fn providers(&self, decoder: &mut Decoder<'_>, node: &Node<'_>) -> Option<BTreeSet<ConnectionName>> {
        let mut found = BTreeSet::new();
        for (node, text) in decoder.texts(node, "provider")? {
            if self.known.find(text).is_some() {
                found.insert(ConnectionName::from(text));
            } else if !self.doubtful {
                decoder.report(node.span, unresolved(text, self.known));
                return None;
            }
        }
        Some(found)
    }

    /// The connections of the fleet on which the rule can select a server.
    fn connections(
        &self,
        rule: &Rule,
        providers: Option<BTreeSet<ConnectionName>>,
    ) -> BTreeSet<ConnectionName> {
        let all = || self.known.names().map(ConnectionName::from).collect();
        let mut connections: BTreeSet<ConnectionName> = providers.unwrap_or_else(all);
        connections.retain(|name| rule.can_match_on(name.as_str()));
        connections
    }

    fn nowhere(&self, rule: &Rule) -> Diagnostic {
        let message = format!("the rule {} can match on no connection", quote(&rule.name));
        let mut begins = rule.globs.iter().filter_map(|glob| Some(glob.split_once('/')?.0));
        let near = begins.find_map(|text| did_you_mean(text, self.known.names()));
        let cure = near.unwrap_or_else(|| "write CONNECTION/GLOB, with a connection of providers:".into());
        Diagnostic::error(BAD_RULE, message).cure(cure)
    }

    /// What the rule wants, as an entry without name and id.
    fn wish(&self, decoder: &mut Decoder<'_>, node: &Node<'_>, fields: &Given<'_, '_>) -> DesiredServer {
        let value = |key: RuleKey| fields.value(key as usize);
        let defaults = self.defaults;
        let presence = value(RuleKey::State).and_then(|node| decoder.word(node, "state", &STATE_WORDS));
        let (power, schedule) = self.power(decoder, value(RuleKey::Power), value(RuleKey::Schedule));
        let shutdown = match value(RuleKey::Shutdown) {
            Some(node) => decoder.word(node, "shutdown", &SHUTDOWN_WORDS),
            None => defaults.shutdown.as_ref().map(|(given, _)| *given),
        };
        let shutdown = shutdown.unwrap_or_default();
        let reboot = match value(RuleKey::Reboot) {
            Some(node) => decoder.word(node, "reboot", &REBOOT_WORDS),
            None => defaults.reboot.as_ref().map(|(given, _)| *given),
        };
        let since = value(RuleKey::RebootedSince).and_then(|node| decoder.instant(node, "rebooted_since"));
        let require_evidence = defaults.required_evidence(decoder, value(RuleKey::RequireEvidence));
        let protect = match value(RuleKey::Protect) {
            Some(node) => decoder.boolean(node, "protect"),
            None => defaults.protect.as_ref().map(|(given, _)| *given),
        };
        let labels = self.labels(decoder, value(RuleKey::Labels));
        let healthy_when = match value(RuleKey::HealthyWhen) {
            Some(node) => decoder.health_check(node).flatten(),
            None => defaults.healthy_when.as_ref().and_then(|(check, _)| check.clone()),
        };
        if let Some(check) = &healthy_when {
            decoder.labels_of_check(value(RuleKey::HealthyWhen).unwrap_or(node), check, &labels);
        }
        let wants = [
            RuleKey::Schedule,
            RuleKey::State,
            RuleKey::Power,
            RuleKey::RebootedSince,
            RuleKey::Protect,
            RuleKey::Labels,
        ];
        // A key that is not known may have been meant to say it.
        let is_known = |entry: &Entry<'_>| RULE_KEYS.iter().any(|key| key.name == entry.key);
        let is_whole = matches!(&node.content, Content::Map(entries) if entries.iter().all(is_known));
        if wants.into_iter().all(|key| value(key).is_none()) && is_whole && !fields.partial {
            let message = "the rule does not say what it wants";
            let cure = "write power:, protect:, rebooted_since:, labels: or state: absent with older_than:";
            decoder.report(node.span, Diagnostic::error(BAD_RULE, message).cure(cure));
        }
        DesiredServer {
            address: Address::new("".into(), "".into()),
            id: None,
            renamed_from: None,
            presence: presence.unwrap_or_default(),
            power,
            schedule,
            shutdown,
            grace: defaults.grace(decoder, value(RuleKey::Grace), shutdown),
            reboot: reboot.unwrap_or_default(),
            require_evidence,
            rebooted_since: since,
            healthy_when,
            rollout: None,
            protect: protect.unwrap_or_default(),
            labels,
            after: Arc::default(),
            rule: None,
            location: decoder.place(node.span),
        }
    }

    /// `power`, or `schedule` for short; not both.
    fn power(
        &self,
        decoder: &mut Decoder<'_>,
        power: Option<&Node<'_>>,
        schedule: Option<&Node<'_>>,
    ) -> (DesiredPower, Option<Arc<PowerSchedule>>) {
        let wish = match (power, schedule) {
            (Some(_), Some(node)) => {
                let message = "the rule says power and schedule";
                let cure = "keep one of the two; schedule: NAME is short for power: { schedule: NAME }";
                decoder.report(node.span, Diagnostic::error(BAD_RULE, message).cure(cure));
                None
            }
            (Some(node), None) => decoder.power_wish(node),
            (None, Some(node)) => {
                decoder.text(node, "schedule").map(|name| PowerWish::Schedule(name.to_owned()))
            }
            (None, None) => None,
        };
        self.schedules.wished(decoder, wish, power.or(schedule), self.doubtful)
    }

    fn labels(&self, decoder: &mut Decoder<'_>, node: Option<&Node<'_>>) -> Labels {
        let mut labels: BTreeMap<String, String> = (*self.defaults.labels()).clone();
        for entry in node.and_then(|node| decoder.mapping(node, "labels")).unwrap_or_default() {
            if let Some(value) = decoder.label(entry) {
                labels.insert(entry.key.to_string(), value.to_owned());
            }
        }
        Arc::new(labels)
    }

    /// A rule deletes what nobody listed, so it says how old that is, and the file how many that may be.
    fn deletes(
        &self,
        decoder: &mut Decoder<'_>,
        node: &Node<'_>,
        fields: &Given<'_, '_>,
        wish: &DesiredServer,
        has_age: bool,
    ) {
        if wish.presence != Presence::Absent {
            return;
        }
        let span = fields.value(RuleKey::State as usize).map_or(node.span, |node| node.span);
        let mut refuse = |message: &str, cure: &str| {
            decoder.report(span, Diagnostic::error("rule_delete", message).cure(cure));
        };
        if !has_age && fields.value(RuleKey::OlderThan as usize).is_none() && !fields.partial {
            refuse(
                "a rule deletes only servers of a known age, and this one does not say which",
                "write older_than: 30d beside state: absent",
            );
        }
        if !self.bounds_deletes && !self.doubtful {
            refuse(
                "a rule deletes only where the number of deletes is bounded, and no file bounds it",
                "write limits: { max_deletes: 5 }",
            );
        }
    }
}

/// What a rule without a name is called.
fn described(globs: &[Box<str>], tags: &[Box<str>], providers: Option<&BTreeSet<ConnectionName>>) -> String {
    let joined = |all: Vec<&str>| all.join(", ");
    match (globs, tags, providers) {
        ([_, ..], ..) => joined(globs.iter().map(|glob| &**glob).collect()),
        (_, [_, ..], _) => format!("tag {}", joined(tags.iter().map(|tag| &**tag).collect())),
        (.., Some(names)) => {
            format!("provider {}", joined(names.iter().map(ConnectionName::as_str).collect()))
        }
        _ => "power_is".into(),
    }
}

/// The value of a key that may be missing; `None` where it is there and cannot be read, which was reported.
#[allow(clippy::option_option, reason = "missing and unreadable are two things")]
fn read<'n, 'a, T>(
    node: Option<&'n Node<'a>>,
    read: impl FnOnce(&'n Node<'a>) -> Option<T>,
) -> Option<Option<T>> {
    match node {
        Some(node) => read(node).map(Some),
        None => Some(None),
    }
}

impl Decoder<'_> {
    /// A text or a list of them, each with its place.
    fn texts<'n, 'a>(&mut self, node: &'n Node<'a>, what: &str) -> Option<Vec<(&'n Node<'a>, &'n str)>> {
        let Content::List(items) = &node.content else {
            return self.text(node, what).map(|text| vec![(node, text)]);
        };
        if items.is_empty() || items.len() > MAX_ITEMS {
            let message = format!("{what} must hold 1 to {MAX_ITEMS} items");
            self.report(node.span, Diagnostic::error(BAD_RULE, message));
            return None;
        }
        items.iter().map(|item| self.text(item, what).map(|text| (item, text))).collect()
    }

    fn globs(&mut self, node: &Node<'_>) -> Option<Vec<Box<str>>> {
        let given = self.texts(node, "match")?;
        let mut globs = Vec::with_capacity(given.len());
        for (node, text) in given {
            let cure = match text {
                "" => "write a glob such as dev/* or tmp-*",
                _ if text.starts_with("label:") => {
                    "labels are given by the file, and live servers have none: select by tag: instead"
                }
                _ if text.contains(['{', '}']) => {
                    "write a list: match: [\"dev/web-*\", \"dev/db-*\"]; ? stands for a brace in a name"
                }
                _ => {
                    globs.push(text.into());
                    continue;
                }
            };
            let message = format!("match cannot be {}", quote(text));
            self.report(node.span, Diagnostic::error(BAD_RULE, message).cure(cure));
            return None;
        }
        Some(globs)
    }

    fn tags(&mut self, node: &Node<'_>) -> Option<Vec<Box<str>>> {
        let given = self.texts(node, "tag")?;
        for (node, text) in &given {
            if text.is_empty() {
                let message = "tag must not be empty";
                self.report(node.span, Diagnostic::error(BAD_RULE, message).cure("write env=dev or env=*"));
                return None;
            }
        }
        Some(given.into_iter().map(|(_, text)| text.into()).collect())
    }

    fn age(&mut self, node: &Node<'_>) -> Option<Age> {
        let text = self.text(node, "older_than")?;
        let age = Age::parse(text);
        if age.is_none() {
            let message = format!("older_than must be an age of at most 3650 days, not {}", quote(text));
            self.report(node.span, Diagnostic::error("bad_age", message).cure("write 30d, 12h, 90m or 6w"));
        }
        age
    }
}
