//! `availability:`. What interrupts the servers of a group is dealt into lanes, and in a lane each one waits for the
//! one before it to be done. There is a lane for each server that is on beyond those that must be, and one more for
//! each start, which stands at its head. A stop ends its lane.
//!
//! Why that holds in every state: of a lane at most one server is away at any time, because whatever fails, is under
//! way or has stopped a server for good is the last of its lane that was begun. A lane with a start has brought one up
//! before. So at least as many are on as were at first, less the lanes without a start: that is `min_on`. Where fewer
//! were on at first, as many starts as are missing come before all that interrupts.

use super::parts::{Kind, Parts, Standing};
use super::{Refused, Waits, all_after, problem};
use crate::model::{Availability, Roster};
use crate::plan::change::Change;
use crate::plan::problem::Code;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// One group and its bound.
pub(super) struct Rule<'a> {
    given: &'a Availability,
    members: Vec<usize>,
    min_on: usize,
}

/// A lane: how many have been dealt into it, whether a start is at its head, its number, and its last part. The first
/// of these is taken first.
type Lane = Reverse<(usize, bool, usize, Option<usize>)>;

/// A group at the beginning, and what is to be done to it; each list in the total order.
struct Deal {
    on: usize,
    /// Of which nobody knows.
    unknown: usize,
    starts: Vec<usize>,
    reboots: Vec<usize>,
    stops: Vec<usize>,
}

impl<'a> Rule<'a> {
    pub(super) fn new(given: &'a Availability, roster: &Roster<'_>) -> Self {
        let members = roster.members(&given.select);
        let min_on = given.min_on.demands(members.len() as u64);
        Self { given, members, min_on: usize::try_from(min_on).unwrap_or(usize::MAX) }
    }

    /// Adds the waits that keep the bound; or says which parts cannot be.
    pub(super) fn deal(
        &self,
        parts: &Parts<'_>,
        changes: &[Change],
        waits: &mut Waits,
    ) -> Result<(), Vec<Refused>> {
        let deal = self.look(parts);
        let refuse = |part: usize, text: String| {
            let change = &changes[parts.list[part].change];
            Refused {
                change: parts.list[part].change,
                problem: problem(change, Code::Availability, text),
                behind: None,
            }
        };
        let free = deal.on.saturating_sub(self.min_on);
        let lacking = self.min_on.saturating_sub(deal.on);
        if deal.stops.len() > free + deal.starts.len().saturating_sub(lacking) {
            let text = |part: usize| self.too_many_stops(&deal, parts, changes, part);
            return Err(deal.stops.iter().map(|&part| refuse(part, text(part))).collect());
        }
        if deal.reboots.len() + deal.stops.len() <= free {
            return Ok(());
        }
        let (fillers, openers) = deal.starts.split_at(lacking.min(deal.starts.len()));
        let mut lanes: BinaryHeap<Lane> = (0..free).map(|number| Reverse((0, false, number, None))).collect();
        let mut openers = openers.iter().copied().enumerate().peekable();
        // Those at the head of a lane that a start opened.
        let mut heads = Vec::new();
        let mut refused = Vec::new();
        for &part in deal.reboots.iter().chain(&deal.stops) {
            while let Some((number, start)) = openers.next_if(|(_, start)| *start < part) {
                lanes.push(Reverse((0, true, free + number, Some(start))));
            }
            let Some(Reverse((dealt, opened, number, last))) = lanes.pop() else {
                let started = deal.starts.iter().filter(|start| **start < part).count();
                refused.push(refuse(part, self.no_slack(&deal, parts, changes, (part, started))));
                continue;
            };
            waits[part].extend(last);
            if dealt == 0 && opened {
                heads.push(part);
            }
            if parts.list[part].kind == Kind::Reboot {
                lanes.push(Reverse((dealt + 1, opened, number, Some(part))));
            }
        }
        all_after(&heads, fillers, waits);
        if refused.is_empty() { Ok(()) } else { Err(refused) }
    }

    fn look(&self, parts: &Parts<'_>) -> Deal {
        let standing = |member: &&usize| parts.standings[**member];
        let is_on = |member: &&usize| *standing(member) == Standing::On;
        let is_off = |member: &&usize| matches!(standing(member), Standing::Off(_));
        let on = self.members.iter().filter(is_on).count();
        let of = |kind: Kind| {
            // What is not on for certain takes nothing away, whatever is done to it.
            let counts = |member: &&usize| (kind == Kind::Start) != is_on(member);
            let all = self.members.iter().filter(counts).filter_map(|&member| parts.of[member]);
            let mut all: Vec<usize> = all.filter(|&part| parts.list[part].kind == kind).collect();
            all.sort_unstable();
            all
        };
        Deal {
            on,
            unknown: self.members.len() - on - self.members.iter().filter(is_off).count(),
            starts: of(Kind::Start),
            reboots: of(Kind::Reboot),
            stops: of(Kind::Stop),
        }
    }

    fn needs(&self, deal: &Deal, started: usize) -> String {
        let are = |count: usize| if count == 1 { "1 is".to_owned() } else { format!("{count} are") };
        let unknown = match deal.unknown {
            0 => String::new(),
            some => format!(" ({} not known to be)", are(some)),
        };
        let starts = match started {
            0 => String::new(),
            some => format!(", {} started before", are(some)),
        };
        format!(
            "{} needs {} on ({}): {}{unknown}{starts}",
            self.given.select,
            self.min_on,
            self.given.location,
            are(deal.on)
        )
    }

    fn no_slack(
        &self,
        deal: &Deal,
        parts: &Parts<'_>,
        changes: &[Change],
        (part, started): (usize, usize),
    ) -> String {
        let change = &changes[parts.list[part].change];
        let left = (deal.on + started).saturating_sub(1);
        let cure = if deal.starts.len() > started {
            "servers that are started later come after it: start them first, with --only power_on"
        } else {
            "have one more on first, or lower min_on"
        };
        let doing = doing(parts.list[part].kind, change);
        format!("{}, and {doing} {} would leave {left}; {cure}", self.needs(deal, started), change.address)
    }

    fn too_many_stops(&self, deal: &Deal, parts: &Parts<'_>, changes: &[Change], part: usize) -> String {
        let change = &changes[parts.list[part].change];
        let left = (deal.on + deal.starts.len()).saturating_sub(deal.stops.len());
        let what = match deal.stops.len() {
            1 => format!("{} {}", doing(Kind::Stop, change), change.address),
            some => format!("taking {some} of them down, {} among them,", change.address),
        };
        let needs = self.needs(deal, deal.starts.len());
        format!("{needs}, and {what} would leave {left}; leave more of them on, or lower min_on")
    }
}

fn doing(kind: Kind, change: &Change) -> &'static str {
    match (kind, change.steps.last().map(|step| step.operation.verb())) {
        (Kind::Reboot, _) => "rebooting",
        (_, Some(crate::model::Verb::Delete)) => "deleting",
        (_, Some(crate::model::Verb::Suspend)) => "suspending",
        _ => "powering off",
    }
}
