//! What is told of rules: counts and a few names. However many servers there are, there is one line for each kind of
//! thing that can be said of a rule.

use super::judge::Unknown;
use crate::model::{Address, ConnectionName, DesiredPower, Presence, Rule};
use crate::plan::inputs::Inputs;
use crate::plan::problem::{Code, Problem, Severity};
use std::collections::{BTreeMap, BTreeSet};

/// So many servers are named.
const SHOWN: usize = 3;

/// A number of servers and the first few of them, by address: what came first is up to the provider.
#[derive(Clone, Default)]
struct Few {
    count: u64,
    first: Vec<String>,
}

impl Few {
    fn add(&mut self, address: &str) {
        self.count += 1;
        let at = self.first.partition_point(|other| other.as_str() <= address);
        if at < SHOWN {
            self.first.insert(at, address.to_owned());
            self.first.truncate(SHOWN);
        }
    }
}

impl Few {
    /// The word that fits the number.
    fn word(&self, one: &'static str, more: &'static str) -> &'static str {
        if self.count == 1 { one } else { more }
    }
}

impl std::fmt::Display for Few {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let more = if self.count > self.first.len() as u64 { ", …" } else { "" };
        let noun = if self.count == 1 { "server" } else { "servers" };
        write!(f, "{} {noun} ({}{more})", self.count, self.first.join(", "))
    }
}

/// Why a server that a rule selects, or may select, is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum LeftOut {
    /// It cannot be told whether the rule selects it.
    Unknown(Unknown),
    /// Its name is another live server's too, or that of an entry of another server.
    Namesake,
    /// It has no id yet.
    WithoutId,
    /// Its state is not recognised.
    Unrecognised,
    /// It is in transition and nobody knows where that ends.
    Moving,
}

/// What became of the servers that a rule selects.
#[derive(Clone, Default)]
struct Count {
    /// It selects so many, whoever governs them.
    live: u64,
    /// It governs so many, or leaves them out itself.
    own: u64,
    by_entries: u64,
    /// Taken by earlier rules, by their place.
    by_rules: BTreeMap<usize, u64>,
    /// Of these, those of which the other rule wants something else.
    conflicts: BTreeMap<usize, Few>,
    /// Selected perhaps; it made no difference.
    perhaps: u64,
    left_out: BTreeMap<LeftOut, LeftOuts>,
}

/// Servers that are left out for one reason.
#[derive(Clone, Default)]
struct LeftOuts {
    few: Few,
    /// Their provider types.
    types: BTreeSet<&'static str>,
}

/// What is told of each rule.
pub(super) struct Tallies<'a> {
    rules: &'a [Rule],
    counts: Vec<Count>,
}

impl<'a> Tallies<'a> {
    pub(super) fn new(rules: &'a [Rule]) -> Self {
        Self { rules, counts: vec![Count::default(); rules.len()] }
    }

    /// An entry of the file means a server that the rule selects.
    pub(super) fn taken_by_entry(&mut self, rule: usize) {
        self.counts[rule].live += 1;
        self.counts[rule].by_entries += 1;
    }

    /// The rule decides about a server.
    pub(super) fn own(&mut self, rule: usize) {
        self.counts[rule].live += 1;
        self.counts[rule].own += 1;
    }

    /// An earlier rule has taken a server that the rule selects.
    pub(super) fn taken_by_rule(&mut self, rule: usize, winner: usize, address: &str) {
        let contradicts = contradict(&self.rules[winner], &self.rules[rule]);
        let count = &mut self.counts[rule];
        count.live += 1;
        *count.by_rules.entry(winner).or_default() += 1;
        if contradicts {
            count.conflicts.entry(winner).or_default().add(address);
        }
    }

    /// A server is left out.
    pub(super) fn left_out(&mut self, rule: usize, why: LeftOut, address: &str, type_name: &'static str) {
        let left_out = self.counts[rule].left_out.entry(why).or_default();
        left_out.few.add(address);
        left_out.types.insert(type_name);
    }

    /// Nobody knows whether the rule selects a server that is not its anyway.
    pub(super) fn perhaps(&mut self, rule: usize) {
        self.counts[rule].perhaps += 1;
    }

    /// Everything that there is to say, by rule. Of a rule as a whole something can be said only where all of its
    /// connections were read, and nothing was narrowed down.
    pub(super) fn problems(self, inputs: &Inputs<'_>) -> Vec<Problem> {
        let options = inputs.options;
        let is_whole = options.targets.is_empty() && options.excludes.is_empty();
        let mut problems = Vec::new();
        for (rule, count) in self.rules.iter().zip(&self.counts) {
            problems.extend(count.left_out.iter().map(|(why, all)| left_out(rule, *why, all)));
            let is_read = |name: &ConnectionName| {
                inputs.live.iter().any(|live| live.name == *name && live.servers.is_ok())
            };
            if !is_whole || !rule.connections.iter().all(is_read) {
                continue;
            }
            problems.extend(self.whole(rule, count));
            problems.extend(
                count.conflicts.iter().map(|(winner, few)| conflict(&self.rules[*winner], rule, few)),
            );
        }
        problems
    }

    fn whole(&self, rule: &Rule, count: &Count) -> Option<Problem> {
        if count.live == 0 && count.perhaps == 0 && count.left_out.is_empty() {
            let text = "the rule selects no live server; correct what it selects by, or remove it once it has done its \
                        work";
            return Some(warning(rule, Code::RuleUnmatched, text.into()));
        }
        if count.own > 0 || count.live == 0 {
            return None;
        }
        let entries =
            (count.by_entries > 0).then(|| format!("entries of the file have {}", count.by_entries));
        let earlier = count.by_rules.iter();
        let earlier =
            earlier.map(|(rule, number)| format!("the rule {} has {number}", self.rules[*rule].name));
        let takers: Vec<String> = entries.into_iter().chain(earlier).take(SHOWN + 1).collect();
        let text = format!(
            "the rule governs none of what it selects ({}): {}; put it before them, or remove it",
            if count.live == 1 { "1 live server".to_owned() } else { format!("{} live servers", count.live) },
            takers.join(", ")
        );
        Some(warning(rule, Code::RuleShadowed, text))
    }
}

/// Whether two rules cannot both have what they want of a server.
fn contradict(one: &Rule, other: &Rule) -> bool {
    let (one, other) = (&one.wish, &other.wish);
    if one.presence == Presence::Absent || other.presence == Presence::Absent {
        return one.presence != other.presence;
    }
    let wants = |power| power != DesiredPower::Any;
    wants(one.power) && wants(other.power) && one.power != other.power
}

fn conflict(winner: &Rule, rule: &Rule, few: &Few) -> Problem {
    let text = format!(
        "the rule wants {} and the earlier rule {} ({}) wants {} of {few}; the earlier one holds",
        wish(rule),
        winner.name,
        winner.location(),
        wish(winner),
    );
    warning(rule, Code::RuleConflict, text)
}

fn wish(rule: &Rule) -> String {
    if rule.wish.presence == Presence::Absent {
        "absent".into()
    } else {
        format!("power {}", rule.wish.power)
    }
}

fn left_out(rule: &Rule, why: LeftOut, all: &LeftOuts) -> Problem {
    let few = &all.few;
    let silent = |what: &str, key: &str| {
        let types: Vec<&str> = all.types.iter().copied().collect();
        let text = format!(
            "the rule selects by {key}, and {} never tells {what}, as of {few}; name in provider: the connections that \
             the rule is for",
            types.join(" or "),
        );
        Problem { severity: Severity::Error, ..warning(rule, Code::Unsupported, text) }
    };
    let unknown = |what: &str| {
        let text = format!("nobody knows whether the rule selects {few}: {what}; nothing is done there");
        warning(rule, Code::RuleUndecided, text)
    };
    let (is, has) = (few.word("is", "are"), few.word("has", "have"));
    let (code, text) = match why {
        LeftOut::Unknown(Unknown::NoTags) => return silent("tags", "tag"),
        LeftOut::Unknown(Unknown::NoAge) => return silent("when a server was created", "older_than"),
        LeftOut::Unknown(Unknown::NoPower) => return silent("a power state", "power_is"),
        LeftOut::Unknown(Unknown::Tags) => return unknown("the tags are not told"),
        LeftOut::Unknown(Unknown::Age) => return unknown("when it was created is not told"),
        LeftOut::Unknown(Unknown::Power) => return unknown("the power is not known at present"),
        LeftOut::Namesake => (
            Code::AmbiguousName,
            format!(
                "{few} {has} the name of another server or entry; nothing is done there; list by `id:` what is meant"
            ),
        ),
        LeftOut::WithoutId => (
            Code::InTransition,
            format!("{few} {has} no id yet, and nothing can be asked of a server without one"),
        ),
        LeftOut::Unrecognised => (
            Code::UnrecognisedState,
            format!("{few} {is} in a state that is not known; nothing is done there"),
        ),
        LeftOut::Moving => (
            Code::InTransition,
            format!("{few} {is} in transition, and the provider does not say how that ends"),
        ),
    };
    warning(rule, code, text)
}

/// A rule has no address of its own: no connection is called `*`.
fn warning(rule: &Rule, code: Code, message: String) -> Problem {
    Problem {
        code,
        severity: Severity::Warning,
        address: Address::new("*".into(), (*rule.name).into()),
        message,
        location: Some(rule.location().clone()),
        cause: None,
    }
}
