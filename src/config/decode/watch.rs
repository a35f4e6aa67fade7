//! `watch:`: how the loop that enforces is run, and what it does about which drift.

use super::Decoder;
use super::keys::{DRIFT_KEYS, DriftKey, WATCH_KEYS, WatchKey};
use super::order::{Placed, unmatched};
use super::words::DRIFT_WORDS;
use crate::config::diagnostic::{Diagnostic, quote};
use crate::config::findings::Findings;
use crate::config::yaml::{Content, Node};
use crate::model::{
    Bound, Budget, DesiredServer, DriftRule, LimitKind, Limits, Location, OnDrift, Period, Roster, Rule,
    Selector, Verb, WatchSettings,
};

/// The code of a setting that cannot be read.
const BAD_WATCH: &str = "bad_watch";

/// The shortest interval: below it a round would not be over before the next.
const SHORTEST: Period = Period::from_secs(1);

/// What a file says of the loop.
#[derive(Clone, PartialEq, Default)]
pub(super) struct GivenWatch {
    settings: WatchSettings,
    selectors: Vec<Placed>,
}

impl GivenWatch {
    /// The settings alone.
    pub(super) fn settings(self) -> WatchSettings {
        self.settings
    }

    /// Checks what can be known only now: whom selectors mean, and that deletes are bounded. `incomplete` says that
    /// servers may be missing.
    pub(super) fn check(
        &self,
        (servers, rules): (&[DesiredServer], &[Rule]),
        limits: &Limits,
        incomplete: bool,
        findings: &mut Findings,
    ) {
        let roster = Roster::new(servers);
        let may_be_governed =
            |select: &Selector| rules.iter().any(|rule| rule.meets(select).next().is_some());
        let is_unknown =
            |one: &&Placed| roster.members(&one.selector).is_empty() && !may_be_governed(&one.selector);
        let unknown = self.selectors.iter().filter(is_unknown);
        if !incomplete {
            unknown.for_each(|one| findings.push(unmatched(one, servers)));
        }
        let bounded =
            !limits.max_deletes.is_empty() || limits.rolling.iter().any(|one| one.kind == LimitKind::Deletes);
        for rule in &self.settings.policy {
            if rule.on_drift == OnDrift::Enforce && rule.verbs.contains(&Verb::Delete) && !bounded {
                let message = "deletes are enforced here without a bound";
                let cure = "write how many may be deleted: limits: { max_deletes: 1 per 24h }";
                findings.push(Diagnostic::error(BAD_WATCH, message).at(rule.location.clone()).cure(cure));
            }
        }
    }
}

impl Decoder<'_> {
    /// The section. What cannot be read keeps its default; the findings see to it that nobody uses that.
    pub(super) fn watch(&mut self, node: &Node<'_>) -> GivenWatch {
        let mut given = GivenWatch::default();
        let Some(fields) = self.fields(node, &WATCH_KEYS, "watch") else { return given };
        let value = |key: WatchKey| fields.value(key as usize);
        let settings = &mut given.settings;
        for (key, name, slot) in [
            (WatchKey::Interval, "interval", &mut settings.interval),
            (WatchKey::Lease, "lease", &mut settings.lease),
        ] {
            let read = value(key).and_then(|node| self.at_least_a_second(node, name));
            *slot = read.unwrap_or(*slot);
        }
        if let Some(node) = value(WatchKey::Budget) {
            settings.budget = self.budget(node).unwrap_or(settings.budget);
        }
        if let Some(node) = value(WatchKey::MassDrift) {
            settings.mass_drift = self.mass_drift(node).unwrap_or(settings.mass_drift);
        }
        match value(WatchKey::Policy) {
            Some(Node { content: Content::List(items), .. }) => {
                for item in items {
                    if let Some((rule, placed)) = self.drift_rule(item) {
                        given.settings.policy.push(rule);
                        given.selectors.push(placed);
                    }
                }
            }
            Some(node) if !node.is_null() => self.wrong_type(node, "policy", "a list (- select: …)"),
            _ => {}
        }
        given
    }

    fn at_least_a_second(&mut self, node: &Node<'_>, what: &str) -> Option<Period> {
        let period = self.period(node, what)?;
        if period < SHORTEST {
            let message = format!("{what} must be at least {SHORTEST}, not {period}");
            self.report(node.span, Diagnostic::error(BAD_WATCH, message).cure("write 30s, 1m or 5m"));
            return None;
        }
        Some(period)
    }

    fn budget(&mut self, node: &Node<'_>) -> Option<Budget> {
        let text = self.text(node, "budget")?;
        let read = text.split_once(" per ").and_then(|(count, per)| {
            let count = Some(count.trim()).filter(|count| count.bytes().all(|b| b.is_ascii_digit()));
            Some(Budget { count: count?.parse().ok()?, per: Period::parse(per.trim())? })
        });
        let read = read.filter(|budget| budget.count > 0);
        if read.is_none() {
            let message = format!("budget must be a number above zero per a time, not {}", quote(text));
            self.report(node.span, Diagnostic::error(BAD_WATCH, message).cure("write 3 per 1h"));
        }
        read
    }

    #[allow(clippy::option_option, reason = "unreadable, switched off, a share")]
    fn mass_drift(&mut self, node: &Node<'_>) -> Option<Option<u32>> {
        let text = self.text(node, "mass_drift")?;
        // What a writer of YAML 1.1 makes of off.
        if matches!(text, "off" | "false") {
            return Some(None);
        }
        let bound = Bound::parse(text).filter(|_| text.starts_with(|c: char| c.is_ascii_digit()));
        if let Some(Bound::Percent(share)) = bound {
            return Some(Some(share));
        }
        let message = format!("mass_drift must be a percentage up to 100%, or off, not {}", quote(text));
        self.report(node.span, Diagnostic::error(BAD_WATCH, message).cure("write 30%"));
        None
    }

    fn drift_rule(&mut self, node: &Node<'_>) -> Option<(DriftRule, Placed)> {
        let fields = self.fields(node, &DRIFT_KEYS, "a rule of policy")?;
        let value = |key: DriftKey| fields.value(key as usize);
        let (select, on_drift) = (value(DriftKey::Select), value(DriftKey::OnDrift));
        for (given, key) in [(select, "select"), (on_drift, "on_drift")] {
            if given.is_none() && !fields.partial {
                let message = format!("the rule has no {key}");
                let cure = "write - { select: \"label:tier=web\", on_drift: report }";
                self.report(node.span, Diagnostic::error(BAD_WATCH, message).cure(cure));
            }
        }
        let placed = select.and_then(|node| self.selector(node, "select"));
        let on_drift = on_drift.and_then(|node| self.word(node, "on_drift", &DRIFT_WORDS));
        let verbs = value(DriftKey::Verbs).map_or(Some(Vec::new()), |node| {
            self.verbs(node, |message| Diagnostic::error(BAD_WATCH, message))
        });
        let (placed, on_drift, verbs) = (placed?, on_drift?, verbs?);
        let location: Location = self.place(node.span);
        Some((DriftRule { select: placed.selector.clone(), verbs, on_drift, location }, placed))
    }
}
