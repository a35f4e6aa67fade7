//! Windows: when which actions may run.

use super::{Address, Labels, Location, Selector, Verb};
use crate::calendar::Hours;
use jiff::{SignedDuration, Timestamp};

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

/// What some actions on a server wait for at an instant; `None` where they may run.
pub fn waiting(
    windows: &[Window],
    verbs: &[Verb],
    (address, labels): (&Address, &Labels),
    now: Timestamp,
) -> Option<Waiting> {
    let about = |verb: &Verb| -> Vec<&Window> {
        windows.iter().filter(|window| window.is_about(*verb, address, labels)).collect()
    };
    let groups: Vec<Vec<&Window>> = verbs.iter().map(about).filter(|group| !group.is_empty()).collect();
    let in_the_way = groups.iter().find_map(|group| blocking(group, now))?;
    let until = next_opening(&groups, now);
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

/// The window that keeps an action from running, of all that are about it.
fn blocking<'w>(group: &[&'w Window], now: Timestamp) -> Option<&'w Window> {
    let denies = |window: &&&Window| window.rule == WindowRule::Deny && window.hours.contain(now);
    if let Some(window) = group.iter().find(denies) {
        return Some(window);
    }
    let mut allowing = group.iter().filter(|window| window.rule == WindowRule::Allow).peekable();
    let first = *allowing.peek()?;
    if allowing.any(|window| window.hours.contain(now)) { None } else { Some(first) }
}

fn next_opening(groups: &[Vec<&Window>], now: Timestamp) -> Option<Timestamp> {
    let horizon = now.checked_add(HORIZON).unwrap_or(Timestamp::MAX);
    let mut at = now;
    for _ in 0..MOST_EDGES {
        let edges = groups.iter().flatten().filter_map(|window| window.hours.next_change(at, horizon));
        at = edges.map(|(edge, _)| edge).min()?;
        if groups.iter().all(|group| blocking(group, at).is_none()) {
            return Some(at);
        }
    }
    None
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
        let found = waiting(windows, verbs, (&address, &Labels::default()), at.parse().unwrap());
        found.map(|w| (w.window, w.until_local.unwrap_or_else(|| "never".into())))
    }

    fn until(name: &str, when: &str) -> Option<(String, String)> {
        Some((name.into(), when.into()))
    }

    #[test]
    fn what_an_allowing_window_names_runs_in_it_alone() {
        let nights =
            [window("nights", WindowRule::Allow, "20:00-06:00", &[Verb::PowerOff, Verb::Reboot], None)];
        let noon = "2026-11-23T11:00:00Z";
        assert_eq!(waits(&nights, &[Verb::PowerOff], noon), until("nights", "Mon 2026-11-23 20:00+01:00"));
        assert_eq!(
            waits(&nights, &[Verb::Rename, Verb::Reboot], noon),
            until("nights", "Mon 2026-11-23 20:00+01:00")
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
            until("backup", "Mon 2026-11-23 23:00+01:00")
        );
        assert_eq!(
            waits(&both, &[Verb::PowerOff], "2026-11-23T11:00:00Z"),
            until("nights", "Mon 2026-11-23 23:00+01:00")
        );
        assert_eq!(waits(&both, &[Verb::Rename], "2026-11-23T11:00:00Z"), None);
        let never = [
            window("days", WindowRule::Allow, "Mon-Fri 08:00-18:00", &[], None),
            window("work", WindowRule::Deny, "Mon-Fri 07:00-19:00", &[], None),
        ];
        assert_eq!(waits(&never, &[Verb::PowerOff], "2026-11-22T11:00:00Z"), until("days", "never"));
        let either = [
            window("early", WindowRule::Allow, "05:00-06:00", &[], None),
            window("late", WindowRule::Allow, "22:00-23:00", &[], None),
        ];
        assert_eq!(
            waits(&either, &[Verb::Delete], "2026-11-23T11:00:00Z"),
            until("early", "Mon 2026-11-23 22:00+01:00")
        );
    }
}
