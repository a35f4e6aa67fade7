//! `after:` and `availability:`: selectors that mean entries of this very fleet, so that they can be checked here.

use super::Decoder;
use super::keys::{AVAILABILITY_KEYS, AvailabilityKey};
use crate::config::diagnostic::{Diagnostic, quote};
use crate::config::findings::Findings;
use crate::config::suggest::did_you_mean;
use crate::config::yaml::{Content, Node};
use crate::model::{After, Availability, Bound, DesiredServer, Edge, Location, Roster, Selector, Succession};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// A selector with its place and how many characters it takes there.
#[derive(Clone, PartialEq)]
pub(super) struct Placed {
    pub(super) selector: Selector,
    location: Location,
    width: u32,
}

/// One `after:` and the servers that have it.
pub(super) struct GivenAfter {
    /// What it says.
    pub(super) items: Vec<Placed>,
    /// Whose it is, by their place in the fleet.
    pub(super) servers: Range<usize>,
}

/// All `availability:` so far.
#[derive(Default)]
pub(super) struct GivenAvailability {
    rules: Vec<(Placed, Bound)>,
}

impl GivenAvailability {
    /// The rules alone, in the order of the files.
    pub(super) fn rules(self) -> Vec<Availability> {
        let rule = |(placed, min_on): (Placed, Bound)| Availability {
            select: placed.selector,
            min_on,
            location: placed.location,
        };
        self.rules.into_iter().map(rule).collect()
    }
}

/// The items as a server carries them.
pub(super) fn carried(items: &[Placed]) -> std::sync::Arc<[After]> {
    let after = |item: &Placed| After { selector: item.selector.clone(), location: item.location.clone() };
    items.iter().map(after).collect()
}

impl Decoder<'_> {
    /// `after:`, a selector or a list of them.
    pub(super) fn after(&mut self, node: &Node<'_>) -> Vec<Placed> {
        match &node.content {
            Content::List(items) => items.iter().filter_map(|item| self.selector(item, "after")).collect(),
            _ => self.selector(node, "after").into_iter().collect(),
        }
    }

    pub(super) fn selector(&mut self, node: &Node<'_>, what: &str) -> Option<Placed> {
        let text = self.text(node, what)?;
        let Ok(selector) = Selector::parse(text) else {
            let message = format!("{what} cannot be {}", quote(text));
            let cure = "write a name, a glob such as east/web-*, or label:tier=web";
            self.report(node.span, Diagnostic::error("bad_selector", message).cure(cure));
            return None;
        };
        Some(Placed { selector, location: self.place(node.span), width: node.span.width() })
    }

    /// `availability:`, a list of rules.
    pub(super) fn availability(&mut self, node: &Node<'_>, into: &mut GivenAvailability) {
        match &node.content {
            Content::List(items) => items.iter().for_each(|item| self.rule(item, into)),
            _ if node.is_null() => {}
            _ => self.wrong_type(node, "availability", "a list (- select: …)"),
        }
    }

    fn rule(&mut self, node: &Node<'_>, into: &mut GivenAvailability) {
        let Some(fields) = self.fields(node, &AVAILABILITY_KEYS, "a rule of availability") else { return };
        let (select, min_on) =
            (fields.value(AvailabilityKey::Select as usize), fields.value(AvailabilityKey::MinOn as usize));
        for (given, key) in [(select, "select"), (min_on, "min_on")] {
            if given.is_none() && !fields.partial {
                let message = format!("the rule has no {key}");
                let cure = "write - { select: \"label:tier=web\", min_on: 2 }";
                self.report(node.span, Diagnostic::error("bad_availability", message).cure(cure));
            }
        }
        let placed = select.and_then(|node| self.selector(node, "select"));
        let min_on = min_on.and_then(|node| self.min_on(node));
        into.rules.extend(placed.zip(min_on));
    }

    fn min_on(&mut self, node: &Node<'_>) -> Option<Bound> {
        let text = self.text(node, "min_on")?;
        let bound = Bound::parse(text).filter(|_| text.starts_with(|c: char| c.is_ascii_digit()));
        let bound = bound.filter(|bound| bound.demands(u64::MAX) > 0);
        if bound.is_none() {
            let message = format!(
                "min_on must be a number or a percentage up to 100%, above zero, not {}",
                quote(text)
            );
            self.report(node.span, Diagnostic::error("bad_availability", message).cure("write 2 or 75%"));
        }
        bound
    }
}

/// Checks what selectors mean once all servers are known. `incomplete` says that some may be missing: then nothing is
/// said of a selector that means none.
pub(super) fn check(
    servers: &[DesiredServer],
    given: &[GivenAfter],
    availability: &GivenAvailability,
    incomplete: bool,
    findings: &mut Findings,
) {
    let roster = Roster::new(servers);
    for (rule, min_on) in &availability.rules {
        let members = roster.members(&rule.selector).len() as u64;
        if members == 0 {
            if !incomplete {
                findings.push(unmatched(rule, servers));
            }
        } else if min_on.demands(members) > members && !incomplete {
            let have = if members == 1 { "1 server".into() } else { format!("{members} servers") };
            let message = format!("min_on is {min_on}, and {} means {have}", rule.selector);
            let cure = "lower min_on, or select more servers";
            findings.push(at(Diagnostic::error("bad_availability", message).cure(cure), rule));
        }
    }
    let Some(succession) = Succession::of(servers, &roster) else { return };
    let members: HashMap<&Selector, &[usize]> =
        succession.groups.iter().map(|group| (&group.selector, &group.members[..])).collect();
    for after in given {
        for item in &after.items {
            let members = members.get(&item.selector).copied().unwrap_or_default();
            if members.is_empty() && !incomplete && !after.servers.is_empty() {
                findings.push(unmatched(item, servers));
            }
            let own = members.partition_point(|&member| member < after.servers.start);
            if let Some(&own) = members.get(own).filter(|&&own| own < after.servers.end) {
                let name = &servers[own].address;
                let message = format!("{name} would come after itself: {} means it as well", item.selector);
                let cure = "write a selector that does not mean the server itself";
                findings.push(at(Diagnostic::error("after_cycle", message).cure(cure), item));
            }
        }
    }
    let widths: HashMap<&Location, u32> =
        given.iter().flat_map(|after| &after.items).map(|item| (&item.location, item.width)).collect();
    for cycle in succession.cycles().iter().filter(|cycle| cycle.len() > 1) {
        findings.push(circular(cycle, &succession, servers, &widths));
    }
}

fn at(diagnostic: Diagnostic, placed: &Placed) -> Diagnostic {
    diagnostic.at(placed.location.clone()).width(placed.width)
}

fn circular(
    cycle: &[Edge],
    succession: &Succession,
    servers: &[DesiredServer],
    widths: &HashMap<&Location, u32>,
) -> Diagnostic {
    const SHOWN: usize = 6;
    let place = |edge: &Edge| {
        let selector = &succession.groups[edge.group].selector;
        let after = servers[edge.follower].after.iter().find(|after| after.selector == *selector);
        let location = after.map_or(&servers[edge.follower].location, |after| &after.location);
        (location.clone(), widths.get(location).copied().unwrap_or(1))
    };
    let name = |at: usize| servers[at].address.to_string();
    let mut names: Vec<String> = cycle.iter().take(SHOWN).map(|edge| name(edge.follower)).collect();
    if cycle.len() > SHOWN {
        names.push("…".into());
    }
    names.extend(cycle.first().map(|edge| name(edge.follower)));
    let message = format!("servers come after each other in a circle: {}", names.join(" after "));
    let mut finding = Diagnostic::error("after_cycle", message).cure("remove one of these selectors");
    for (at, edge) in cycle.iter().enumerate() {
        let (location, width) = place(edge);
        finding = if at == 0 {
            finding.at(location).width(width)
        } else {
            let what = format!("{} comes after {}", name(edge.follower), name(edge.member));
            finding.related(what, location).related_width(width)
        };
    }
    finding
}

/// The finding for a selector that means nobody.
pub(super) fn unmatched(item: &Placed, servers: &[DesiredServer]) -> Diagnostic {
    let message = format!("{} means no server of the fleet", quote(&item.selector.to_string()));
    let near = match &item.selector {
        Selector::Address(glob) if glob.contains('/') => {
            let all: Vec<String> = servers.iter().map(|server| server.address.to_string()).collect();
            did_you_mean(&plain(glob), all.iter().map(String::as_str))
        }
        Selector::Address(glob) => {
            did_you_mean(&plain(glob), servers.iter().map(|server| server.address.name.as_str()))
        }
        Selector::Label { .. } => {
            let mut seen = HashSet::new();
            let all: Vec<String> = servers
                .iter()
                .flat_map(|server| server.labels.iter())
                .filter(|label| seen.insert(*label))
                .map(|(key, value)| format!("label:{key}={value}"))
                .collect();
            did_you_mean(&item.selector.to_string(), all.iter().map(String::as_str))
        }
    };
    let cure = near.unwrap_or_else(|| "write the name of a listed server, a glob, or label:KEY=VALUE".into());
    at(Diagnostic::error("unmatched_selector", message).cure(cure), item)
}

fn plain(glob: &str) -> String {
    glob.replace(['*', '?'], "")
}
