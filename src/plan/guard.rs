//! Guards look at the finished plan: named bounds, checked before anything is executed. A refusal states what is
//! planned, what is allowed, and the flag that lifts exactly this.

use super::planner::Plan;
use crate::model::{Bound, ConnectionName, LimitKind, Limits, Verb};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A guard by name, as `--accept` takes it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum GuardName {
    /// Servers changed.
    Changes,
    /// Servers powered off.
    PowerOffs,
    /// Servers deleted.
    Deletes,
}

impl GuardName {
    /// All guards.
    pub const ALL: [Self; 3] = [Self::Changes, Self::PowerOffs, Self::Deletes];

    /// Whether it counts servers to which this is done.
    pub(super) fn counts(self, verb: Verb) -> bool {
        match self {
            Self::Changes => true,
            Self::PowerOffs => verb == Verb::PowerOff,
            Self::Deletes => verb == Verb::Delete,
        }
    }

    /// The word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::PowerOffs => "power_offs",
            Self::Deletes => "deletes",
        }
    }
}

impl fmt::Display for GuardName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What the user lifts by hand: the guard and the number, from `--accept deletes=3`.
pub type Accepted = BTreeMap<GuardName, u64>;

/// Why a plan is not applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Refusal {
    /// The guard.
    pub guard: GuardName,
    /// How many are planned.
    pub planned: u64,
    /// How many were done already within the bound's time, where it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub already: Option<u64>,
    /// The bound, as written; `null` for deletes that nobody allowed.
    pub limit: Option<String>,
    /// The connection whose share is exceeded; `null` for bounds of the whole plan.
    #[schemars(with = "Option<String>")]
    pub provider: Option<ConnectionName>,
    /// The flag that lets this plan pass.
    pub flag: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { guard, planned, flag, .. } = self;
        let noun = match (guard, planned) {
            (GuardName::Changes, 1) => "1 change".to_owned(),
            (GuardName::Changes, n) => format!("{n} changes"),
            (GuardName::PowerOffs, 1) => "1 power-off".to_owned(),
            (GuardName::PowerOffs, n) => format!("{n} power-offs"),
            (GuardName::Deletes, 1) => "1 delete".to_owned(),
            (GuardName::Deletes, n) => format!("{n} deletes"),
        };
        let on = self.provider.as_ref().map_or_else(String::new, |name| format!(" on {name}"));
        let on = self.already.map_or(on.clone(), |already| format!("{on} after {already} before"));
        match &self.limit {
            Some(limit) => {
                write!(f, "{noun}{on}, and at most {limit} are allowed; {flag} lets this plan pass")
            }
            None => write!(
                f,
                "{noun}, and deletes must be allowed; {flag} does that (or max_deletes in the file)"
            ),
        }
    }
}

/// Checks a plan against every bound. `allow_delete` is the flag of that name.
pub fn check(plan: &Plan, limits: &Limits, accepted: &Accepted, allow_delete: bool) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for guard in GuardName::ALL {
        let planned = count(plan, guard, None);
        // The number is named so that a plan that grew since does not slip through.
        if planned == 0 || accepted.get(&guard).is_some_and(|number| planned <= *number) {
            continue;
        }
        let bounds = match guard {
            GuardName::Changes => &limits.max_changes,
            GuardName::PowerOffs => &limits.max_power_offs,
            GuardName::Deletes => &limits.max_deletes,
        };
        let is_bounded =
            !bounds.is_empty() || limits.rolling.iter().any(|one| one.kind == LimitKind::Deletes);
        if guard == GuardName::Deletes && !is_bounded && !allow_delete {
            let flag = "--allow-delete".into();
            refusals.push(Refusal { guard, planned, already: None, limit: None, provider: None, flag });
        }
        let flag = format!("--accept {guard}={planned}");
        refusals.extend(bounds.iter().flat_map(|bound| exceeded(plan, guard, *bound, &flag)));
    }
    refusals
}

fn exceeded(plan: &Plan, guard: GuardName, bound: Bound, flag: &str) -> Vec<Refusal> {
    let refusal = |planned, provider| Refusal {
        guard,
        planned,
        already: None,
        limit: Some(bound.to_string()),
        provider,
        flag: flag.to_owned(),
    };
    match bound {
        Bound::Count(most) => {
            let planned = count(plan, guard, None);
            (planned > most).then(|| refusal(planned, None)).into_iter().collect()
        }
        Bound::Percent(_) => plan
            .live_counts
            .iter()
            .map(|(name, servers)| (name, *servers, count(plan, guard, Some(name))))
            .filter(|(_, servers, planned)| *planned > bound.allows(*servers))
            .map(|(name, _, planned)| refusal(planned, Some(name.clone())))
            .collect(),
    }
}

/// To how many servers of a plan, or of a connection in it, that is done which a guard counts.
pub(super) fn count(plan: &Plan, guard: GuardName, connection: Option<&ConnectionName>) -> u64 {
    plan.changes
        .iter()
        .filter(|change| connection.is_none_or(|name| change.provider == *name))
        .filter(|change| change.actions.iter().any(|verb| guard.counts(*verb)))
        .count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, Power};
    use crate::plan::{Change, Facts};

    /// A plan with so many changes of a verb on each connection, which has so many servers.
    fn plan(parts: &[(&str, u64, Verb, usize)]) -> Plan {
        let mut plan = Plan::default();
        for (connection, servers, verb, count) in parts {
            plan.live_counts.insert((*connection).into(), *servers);
            plan.changes.extend((0..*count).map(|at| Change {
                address: Address::new((*connection).into(), format!("{verb}-{at}").into()),
                provider: (*connection).into(),
                id: at.to_string().into(),
                actions: vec![*verb],
                before: Facts { name: "x".into(), power: Some(Power::On) },
                after: None,
                reasons: Vec::new(),
                wave: None,
                cause: None,
                rebooted_since: None,
                steps: Vec::new(),
                location: None,
            }));
        }
        plan
    }

    fn refused(
        plan: &Plan,
        limits: &Limits,
        accepted: &[(GuardName, u64)],
        allow_delete: bool,
    ) -> Vec<String> {
        let accepted = accepted.iter().copied().collect();
        check(plan, limits, &accepted, allow_delete)
            .iter()
            .map(|r| format!("{} {:?}", r.flag, r.limit))
            .collect()
    }

    fn deletes(bounds: &[&str]) -> Limits {
        let bounds = bounds.iter().map(|text| Bound::parse(text).unwrap()).collect();
        Limits { max_deletes: bounds, ..Limits::default() }
    }

    #[test]
    fn deletes_need_a_flag_or_a_bound_in_the_file() {
        let three = plan(&[("east", 10, Verb::Delete, 3)]);
        assert_eq!(refused(&three, &Limits::default(), &[], false), ["--allow-delete None"]);
        assert!(refused(&three, &Limits::default(), &[], true).is_empty());
        assert!(refused(&three, &Limits::default(), &[(GuardName::Deletes, 3)], false).is_empty());
        assert!(refused(&three, &deletes(&["3"]), &[], false).is_empty());
        assert!(refused(&plan(&[("east", 10, Verb::Reboot, 3)]), &Limits::default(), &[], false).is_empty());
    }

    #[test]
    fn the_flag_does_not_lift_a_bound() {
        let three = plan(&[("east", 10, Verb::Delete, 3)]);
        assert_eq!(refused(&three, &deletes(&["2"]), &[], true), [r#"--accept deletes=3 Some("2")"#]);
        assert_eq!(refused(&three, &deletes(&["0"]), &[], true), [r#"--accept deletes=3 Some("0")"#]);
    }

    #[test]
    fn an_accepted_number_is_a_bound_of_its_own() {
        let three = plan(&[("east", 10, Verb::Delete, 3)]);
        assert!(refused(&three, &deletes(&["2"]), &[(GuardName::Deletes, 3)], false).is_empty());
        assert_eq!(refused(&three, &deletes(&["2"]), &[(GuardName::Deletes, 2)], false).len(), 1);
        assert_eq!(refused(&three, &deletes(&["2"]), &[(GuardName::Changes, 9)], false).len(), 1);
    }

    #[test]
    fn a_percentage_is_of_each_connection_and_rounded_down() {
        let spread = plan(&[("east", 100, Verb::Delete, 10), ("west", 9, Verb::Delete, 1)]);
        assert_eq!(refused(&spread, &deletes(&["10%"]), &[], false), [r#"--accept deletes=11 Some("10%")"#]);
        assert!(refused(&spread, &deletes(&["12%"]), &[], false).is_empty());
        assert_eq!(
            refused(&spread, &deletes(&["12%", "5"]), &[], false),
            [r#"--accept deletes=11 Some("5")"#]
        );
    }
}
