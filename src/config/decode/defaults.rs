//! `defaults:` of all files together; two files that disagree are told so.

use super::Decoder;
use super::health::Check;
use super::keys::DefaultKey;
use super::scalars::PowerWish;
use super::words::{EVIDENCE_WORDS, REBOOT_WORDS, SHUTDOWN_WORDS};
use super::{DEFAULT_KEYS, fields::Fields};
use crate::config::diagnostic::{Diagnostic, quote};
use crate::config::findings::Findings;
use crate::config::yaml::{Node, Span};
use crate::model::{
    EvidenceLevel, GivenBy, Grace, Labels, Location, Period, RebootStyle, RequiredEvidence, Shutdown,
};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A value and the place that gave it.
pub(super) type Given<T> = Option<(T, Location)>;

/// Values for servers that do not say.
#[derive(Default)]
pub(super) struct Defaults {
    /// The connection.
    pub(super) provider: Given<String>,
    /// The power.
    pub(super) power: Given<PowerWish>,
    /// How to stop.
    pub(super) shutdown: Given<Shutdown>,
    /// How long guests are given to shut down.
    pub(super) grace: Given<Period>,
    /// How to reboot.
    pub(super) reboot: Given<RebootStyle>,
    /// What must show that a reboot has happened.
    pub(super) require_evidence: Given<EvidenceLevel>,
    /// Reboot unless rebooted after this.
    pub(super) rebooted_since: Given<Timestamp>,
    /// When servers count as healthy.
    pub(super) healthy_when: Given<Check>,
    /// Whether servers are protected.
    pub(super) protect: Given<bool>,
    /// Labels, each with its place.
    labels: BTreeMap<String, (String, Location)>,
}

impl Defaults {
    /// A grace beside a way to stop that has no use for it.
    pub(super) fn check_grace(&self, findings: &mut Findings) {
        if let (Some((_, place)), Some((shutdown, beside))) = (&self.grace, &self.shutdown)
            && *shutdown != Shutdown::GracefulThenHard
        {
            let finding = grace_without_fallback(*shutdown).at(place.clone());
            findings.push(finding.related("shutdown is given here", beside.clone()));
        }
    }

    /// Only where the plug may be pulled after a while; a default simply means nothing elsewhere.
    pub(super) fn grace(
        &self,
        decoder: &mut Decoder<'_>,
        node: Option<&Node<'_>>,
        shutdown: Shutdown,
    ) -> Option<Grace> {
        let falls_back = shutdown == Shutdown::GracefulThenHard;
        let Some(node) = node else {
            let default = self.grace.as_ref().filter(|_| falls_back)?;
            return Some(Grace { period: default.0, given_by: GivenBy::Defaults });
        };
        let period = decoder.period(node, "grace")?;
        if !falls_back {
            decoder.report(node.span, grace_without_fallback(shutdown));
        }
        Some(Grace { period, given_by: GivenBy::Entry })
    }

    /// What `require_evidence` says in an entry or a rule, or here.
    pub(super) fn required_evidence(
        &self,
        decoder: &mut Decoder<'_>,
        node: Option<&Node<'_>>,
    ) -> Option<RequiredEvidence> {
        let Some(node) = node else {
            let (level, _) = self.require_evidence.as_ref()?;
            return Some(RequiredEvidence { level: *level, given_by: GivenBy::Defaults });
        };
        let level = decoder.word(node, "require_evidence", &EVIDENCE_WORDS)?;
        Some(RequiredEvidence { level, given_by: GivenBy::Entry })
    }

    /// The labels that every server has.
    pub(super) fn labels(&self) -> Labels {
        Arc::new(self.labels.iter().map(|(key, (value, _))| (key.clone(), value.clone())).collect())
    }
}

/// The finding for a grace that nothing ends.
pub(super) fn grace_without_fallback(shutdown: Shutdown) -> Diagnostic {
    let (word, why) = match shutdown {
        Shutdown::Hard => ("hard", "pulls the plug at once"),
        _ => ("graceful", "never pulls the plug"),
    };
    let message = format!("grace is the time until the plug is pulled, and shutdown: {word} {why}");
    Diagnostic::error("grace_without_fallback", message)
        .cure("write shutdown: graceful-then-hard, or remove grace")
}

/// Decodes one `defaults:` into what the other files gave.
pub(super) fn defaults(decoder: &mut Decoder<'_>, node: &Node<'_>, into: &mut Defaults) {
    let Some(fields) = decoder.fields(node, &DEFAULT_KEYS, "defaults") else { return };
    let value = |key: DefaultKey| fields.value(key as usize);
    if let Some(node) = value(DefaultKey::Provider) {
        let read = decoder.text(node, "provider").map(str::to_owned);
        decoder.agree(&mut into.provider, read, node.span, "provider");
    }
    if let Some(node) = value(DefaultKey::Power) {
        let read = decoder.power_wish(node);
        decoder.agree(&mut into.power, read, node.span, "power");
    }
    if let Some(node) = value(DefaultKey::Shutdown) {
        let read = decoder.word(node, "shutdown", &SHUTDOWN_WORDS);
        decoder.agree(&mut into.shutdown, read, node.span, "shutdown");
    }
    if let Some(node) = value(DefaultKey::Grace) {
        let read = decoder.period(node, "grace");
        decoder.agree(&mut into.grace, read, node.span, "grace");
    }
    if let Some(node) = value(DefaultKey::Reboot) {
        let read = decoder.word(node, "reboot", &REBOOT_WORDS);
        decoder.agree(&mut into.reboot, read, node.span, "reboot");
    }
    if let Some(node) = value(DefaultKey::RequireEvidence) {
        let read = decoder.word(node, "require_evidence", &EVIDENCE_WORDS);
        decoder.agree(&mut into.require_evidence, read, node.span, "require_evidence");
    }
    if let Some(node) = value(DefaultKey::RebootedSince) {
        let read = decoder.instant(node, "rebooted_since");
        decoder.agree(&mut into.rebooted_since, read, node.span, "rebooted_since");
    }
    if let Some(node) = value(DefaultKey::HealthyWhen) {
        let read = decoder.health_check(node);
        decoder.agree(&mut into.healthy_when, read, node.span, "healthy_when");
    }
    if let Some(node) = value(DefaultKey::Protect) {
        let read = decoder.boolean(node, "protect");
        decoder.agree(&mut into.protect, read, node.span, "protect");
    }
    default_labels(decoder, &fields, into);
}

fn default_labels(
    decoder: &mut Decoder<'_>,
    fields: &Fields<'_, '_, { DEFAULT_KEYS.len() }>,
    into: &mut Defaults,
) {
    let Some(node) = fields.value(DefaultKey::Labels as usize) else { return };
    let Some(entries) = decoder.mapping(node, "labels") else { return };
    for entry in entries {
        let Some(value) = decoder.label(entry) else { continue };
        let mut slot = into.labels.remove(&*entry.key);
        let what = format!("label {}", quote(&entry.key));
        decoder.agree(&mut slot, Some(value.to_owned()), entry.value.span, &what);
        into.labels.extend(slot.map(|given| (entry.key.to_string(), given)));
    }
}

impl Decoder<'_> {
    /// Takes a value unless another file gave a different one.
    pub(super) fn agree<T: PartialEq>(
        &mut self,
        slot: &mut Given<T>,
        value: Option<T>,
        span: Span,
        what: &str,
    ) {
        let Some(value) = value else { return };
        let place = self.place(span);
        match slot {
            None => *slot = Some((value, place)),
            Some((before, _)) if *before == value => {}
            Some((_, first)) => {
                let message = format!("{what} is given here and differently in another place");
                let diagnostic = Diagnostic::error("conflicting_values", message)
                    .related("given before here", first.clone())
                    .cure("keep one of the two: it holds for all files together");
                self.report(span, diagnostic);
            }
        }
    }
}
