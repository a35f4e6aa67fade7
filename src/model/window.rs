//! Windows: when which actions may run.

use super::{Address, Labels, Location, Selector, Verb};
use crate::calendar::Hours;
use jiff::{SignedDuration, Timestamp};
use std::cell::RefCell;
use std::collections::HashMap;

/// What a window says of its times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowRule {
    /// Then, and at no other time but that of another one that allows.
    Allow,
    /// Not then, whatever else allows it.
    Deny,
}

/// When some actions on some servers may run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// As messages call it.
    pub name: String,
    /// Which actions; none means all of them.
    pub verbs: Vec<Verb>,
    /// Which servers; `None` means all of them.
    pub select: Option<Selector>,
    /// Whether they may, or may not.
    pub rule: WindowRule,
    /// When.
    pub hours: Hours,
    /// The line that declares it.
    pub location: Location,
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The window that is in the way: one that denies, else the first that allows at another time.
    pub window: String,
    /// The first instant at which all of them let it run; `None` where that is more than a year away.
    pub until: Option<Timestamp>,
    /// The same on the wall clock of the window.
    pub until_local: Option<String>,
    /// The line that declares the window.
    pub location: Location,
}

/// So far ahead is looked for the next time; a window that opens later than that is said not to open.
const HORIZON: SignedDuration = SignedDuration::from_hours(366 * 24);

/// So many edges are looked at: more than a year has at one an hour.
const MOST_EDGES: usize = 10_000;

impl Window {
    /// Whether it is about such an action on such a server.
    pub fn is_about(&self, verb: Verb, address: &Address, labels: &Labels) -> bool {
        (self.verbs.is_empty() || self.verbs.contains(&verb))
            && self.select.as_ref().is_none_or(|select| select.matches(address, labels))
    }
}

/// The windows at one instant. Each is asked once whether it holds then, and each set of them once when it opens: many
/// servers wait for few windows.
pub struct Windows<'w> {
    list: &'w [Window],
    now: Timestamp,
    holds: Vec<bool>,
    openings: RefCell<HashMap<Vec<Vec<usize>>, Option<Timestamp>>>,
}

impl<'w> Windows<'w> {
    /// The windows at an instant.
    pub fn at(list: &'w [Window], now: Timestamp) -> Self {
        let holds = list.iter().map(|window| window.hours.contain(now)).collect();
        Self { list, now, holds, openings: RefCell::default() }
    }

    /// Whether an action on a server may run.
    pub fn allow(&self, verb: Verb, server: (&Address, &Labels)) -> bool {
        self.list.is_empty() || self.blocking(&self.about(verb, server)).is_none()
    }

    /// What some actions on a server wait for; `None` where all of them may run.
    pub fn waiting(&self, verbs: &[Verb], server: (&Address, &Labels)) -> Option<Waiting> {
        let groups = verbs.iter().map(|verb| self.about(*verb, server));
        let groups: Vec<Vec<usize>> = groups.filter(|group| !group.is_empty()).collect();
        let in_the_way = groups.iter().find_map(|group| self.blocking(group))?;
        let opens = || self.next_opening(&groups);
        let known = self.openings.borrow().get(&groups).copied();
        let until = known.unwrap_or_else(opens);
        self.openings.borrow_mut().insert(groups, until);
        let local = |at: Timestamp| {
            let zoned = at.to_zoned(in_the_way.hours.zone.rules().clone());
            zoned.strftime("%a %Y-%m-%d %H:%M%:z").to_string()
        };
        Some(Waiting {
            window: in_the_way.name.clone(),
            until,
            until_local: until.map(local),
            location: in_the_way.location.clone(),
        })
    }

    /// The windows that are about an action on a server, by their place in the list.
    fn about(&self, verb: Verb, (address, labels): (&Address, &Labels)) -> Vec<usize> {
        let is_about = |(at, window): (usize, &Window)| window.is_about(verb, address, labels).then_some(at);
        self.list.iter().enumerate().filter_map(is_about).collect()
    }

    fn blocking(&self, group: &[usize]) -> Option<&'w Window> {
        let windows = group.iter().filter_map(|at| Some((self.list.get(*at)?, *self.holds.get(*at)?)));
        blocking(windows)
    }

    fn next_opening(&self, groups: &[Vec<usize>]) -> Option<Timestamp> {
        let horizon = self.now.checked_add(HORIZON).unwrap_or(Timestamp::MAX);
        let mut used: Vec<&Window> = groups.iter().flatten().filter_map(|at| self.list.get(*at)).collect();
        used.dedup_by(|a, b| std::ptr::eq(*a, *b));
        let mut at = self.now;
        for _ in 0..MOST_EDGES {
            let edges = used.iter().filter_map(|window| window.hours.next_change(at, horizon));
            at = edges.map(|(edge, _)| edge).min()?;
            let is_open = |group: &Vec<usize>| {
                let windows = group.iter().filter_map(|place| self.list.get(*place));
                blocking(windows.map(|window| (window, window.hours.contain(at)))).is_none()
            };
            if groups.iter().all(is_open) {
                return Some(at);
            }
        }
        None
    }
}

/// The window that keeps an action from running, of all that are about it, each with whether it holds.
fn blocking<'w>(windows: impl Iterator<Item = (&'w Window, bool)>) -> Option<&'w Window> {
    let mut first_allowing = None;
    let mut is_allowed = false;
    for (window, holds) in windows {
        match window.rule {
            WindowRule::Deny if holds => return Some(window),
            WindowRule::Deny => {}
            WindowRule::Allow => {
                first_allowing = first_allowing.or(Some(window));
                is_allowed |= holds;
            }
        }
    }
    first_allowing.filter(|_| !is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{Dates, Times, Zone};

    fn window(name: &str, rule: WindowRule, times: &str, verbs: &[Verb], select: Option<&str>) -> Window {
        let hours = Hours {
            zone: Zone::parse("Europe/Berlin").unwrap(),
            times: Times::of_week([times]).unwrap(),
            except: Dates::default(),
        };
        Window {
            name: name.into(),
            verbs: verbs.to_vec(),
            select: select.map(|text| Selector::parse(text).unwrap()),
            rule,
            hours,
            location: Location { file: "fleet.yaml".into(), line: 1, column: 1 },
        }
    }

    /// 2026-11-23 is a Monday; Berlin is an hour ahead.
    fn waits(windows: &[Window], verbs: &[Verb], at: &str) -> Option<(String, String)> {
        let address = Address::new("east".into(), "web-1".into());
        let all = Windows::at(windows, at.parse().unwrap());
        let server = (&address, &Labels::default());
        let found = all.waiting(verbs, server);
        // Whoever asks again hears the same.
        assert_eq!(all.waiting(verbs, server), found);
        assert_eq!(found.is_none(), verbs.iter().all(|verb| all.allow(*verb, server)));
        found.map(|w| (w.window, w.until_local.unwrap_or_else(|| "never".into())))
    }

    fn until(name: &str, when: &str) -> (String, String) {
        (name.into(), when.into())
    }

    #[test]
    fn what_an_allowing_window_names_runs_in_it_alone() {
        let nights =
            [window("nights", WindowRule::Allow, "20:00-06:00", &[Verb::PowerOff, Verb::Reboot], None)];
        let noon = "2026-11-23T11:00:00Z";
        assert_eq!(
            waits(&nights, &[Verb::PowerOff], noon),
            Some(until("nights", "Mon 2026-11-23 20:00+01:00"))
        );
        assert_eq!(
            waits(&nights, &[Verb::Rename, Verb::Reboot], noon),
            Some(until("nights", "Mon 2026-11-23 20:00+01:00"))
        );
        assert_eq!(waits(&nights, &[Verb::PowerOn], noon), None);
        assert_eq!(waits(&nights, &[Verb::PowerOff], "2026-11-23T19:00:00Z"), None);
        assert_eq!(waits(&nights, &[Verb::PowerOff], "2026-11-23T04:59:59Z"), None);
        assert!(waits(&nights, &[Verb::PowerOff], "2026-11-23T05:00:00Z").is_some());
        let of_others = [window("nights", WindowRule::Allow, "20:00-06:00", &[], Some("west/*"))];
        assert_eq!(waits(&of_others, &[Verb::Delete], noon), None);
    }

    #[test]
    fn a_deny_wins_and_both_must_let_it_run() {
        let both = [
            window("nights", WindowRule::Allow, "20:00-06:00", &[Verb::PowerOff], None),
            window("backup", WindowRule::Deny, "Mon 19:00-23:00", &[], None),
        ];
        assert_eq!(
            waits(&both, &[Verb::PowerOff], "2026-11-23T20:00:00Z"),
            Some(until("backup", "Mon 2026-11-23 23:00+01:00"))
        );
        assert_eq!(
            waits(&both, &[Verb::PowerOff], "2026-11-23T11:00:00Z"),
            Some(until("nights", "Mon 2026-11-23 23:00+01:00"))
        );
        assert_eq!(waits(&both, &[Verb::Rename], "2026-11-23T11:00:00Z"), None);
        let never = [
            window("days", WindowRule::Allow, "Mon-Fri 08:00-18:00", &[], None),
            window("work", WindowRule::Deny, "Mon-Fri 07:00-19:00", &[], None),
        ];
        assert_eq!(waits(&never, &[Verb::PowerOff], "2026-11-22T11:00:00Z"), Some(until("days", "never")));
        let either = [
            window("early", WindowRule::Allow, "05:00-06:00", &[], None),
            window("late", WindowRule::Allow, "22:00-23:00", &[], None),
        ];
        assert_eq!(
            waits(&either, &[Verb::Delete], "2026-11-23T11:00:00Z"),
            Some(until("early", "Mon 2026-11-23 22:00+01:00"))
        );
    }
}
