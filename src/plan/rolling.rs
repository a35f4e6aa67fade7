//! Guards over a time that ends with the plan: `max_power_offs: 5% per 24h`. What was done within it counts as well, whoever
//! did it, so that many small plans are no way around a bound.

use super::guard::{Accepted, GuardName, Refusal, count};
use super::planner::Plan;
use crate::model::{Bound, ConnectionName, LimitKind, Rolling, Verb};
use jiff::Timestamp;
use std::time::Duration;

/// Something that was done before, as the ledger has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// When it was sent.
    pub at: Timestamp,
    /// Where.
    pub connection: ConnectionName,
    /// What.
    pub verb: Verb,
}

/// Checks a plan and what was done before it against bounds over a time.
pub fn check(
    plan: &Plan,
    bounds: &[Rolling],
    accepted: &Accepted,
    earlier: &[Earlier],
    now: Timestamp,
) -> Vec<Refusal> {
    bounds.iter().flat_map(|one| exceeded(plan, *one, accepted, earlier, now)).collect()
}

fn exceeded(
    plan: &Plan,
    rolling: Rolling,
    accepted: &Accepted,
    earlier: &[Earlier],
    now: Timestamp,
) -> Vec<Refusal> {
    let guard = match rolling.kind {
        LimitKind::Changes => GuardName::Changes,
        LimitKind::PowerOffs => GuardName::PowerOffs,
        LimitKind::Deletes => GuardName::Deletes,
    };
    let whole = count(plan, guard, None);
    if whole == 0 || accepted.get(&guard).is_some_and(|number| whole <= *number) {
        return Vec::new();
    }
    let before = |connection: Option<&ConnectionName>| {
        let counts = |one: &&Earlier| {
            guard.counts(one.verb)
                && connection.is_none_or(|name| one.connection == *name)
                && is_within(one.at, rolling.per.duration(), now)
        };
        earlier.iter().filter(counts).count() as u64
    };
    let refusal = |planned, already, provider| Refusal {
        guard,
        planned,
        already: Some(already),
        limit: Some(rolling.to_string()),
        provider,
        flag: format!("--accept {guard}={whole}"),
    };
    match rolling.bound {
        Bound::Count(most) => {
            let already = before(None);
            (whole + already > most).then(|| refusal(whole, already, None)).into_iter().collect()
        }
        Bound::Percent(_) => plan
            .live_counts
            .iter()
            .map(|(name, servers)| (name, *servers, count(plan, guard, Some(name)), before(Some(name))))
            .filter(|(_, servers, planned, already)| {
                *planned > 0 && planned + already > rolling.bound.allows(*servers)
            })
            .map(|(name, _, planned, already)| refusal(planned, already, Some(name.clone())))
            .collect(),
    }
}

/// Whether an instant lies within a time that ends now. One in the future does: a clock was set back, and what was done
/// was done.
pub fn is_within(at: Timestamp, time: Duration, now: Timestamp) -> bool {
    now.duration_since(at) < jiff::SignedDuration::try_from(time).unwrap_or(jiff::SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, Power};
    use crate::plan::{Change, Facts};

    fn offs(connection: &str, servers: u64, changes: usize) -> Plan {
        let mut plan = Plan::default();
        plan.live_counts.insert(connection.into(), servers);
        plan.changes.extend((0..changes).map(|at| Change {
            address: Address::new(connection.into(), format!("s{at}").into()),
            provider: connection.into(),
            id: at.to_string().into(),
            actions: vec![Verb::PowerOff],
            before: Facts { name: "x".into(), power: Some(Power::On) },
            after: None,
            reasons: Vec::new(),
            wave: None,
            cause: None,
            rebooted_since: None,
            steps: Vec::new(),
            location: None,
        }));
        plan
    }

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + hours * 3600).unwrap()
    }

    fn earlier(connection: &str, verb: Verb, hours: i64) -> Earlier {
        Earlier { at: at(hours), connection: connection.into(), verb }
    }

    #[test]
    fn what_was_done_within_the_time_counts_and_what_was_done_before_does_not() {
        let bound = Rolling::parse(LimitKind::PowerOffs, "5% per 24h").unwrap();
        let past = [
            earlier("east", Verb::PowerOff, -25),
            earlier("east", Verb::PowerOff, -24),
            earlier("east", Verb::PowerOff, -23),
            earlier("east", Verb::PowerOn, -1),
            earlier("west", Verb::PowerOff, -1),
            earlier("east", Verb::PowerOff, 1),
        ];
        let refused = |changes| check(&offs("east", 100, changes), &[bound], &Accepted::new(), &past, at(0));
        assert!(refused(3).is_empty(), "two before and three now are five of a hundred");
        assert_eq!(refused(0), []);
        assert_eq!(
            refused(4)[0].to_string(),
            "4 power-offs on east after 2 before, and at most 5% per 24h are allowed; --accept power_offs=4 lets this \
             plan pass"
        );
        let accepted = Accepted::from([(GuardName::PowerOffs, 4)]);
        assert!(check(&offs("east", 100, 4), &[bound], &accepted, &past, at(0)).is_empty());
    }

    #[test]
    fn a_number_counts_over_all_connections() {
        let bound = Rolling::parse(LimitKind::Changes, "3 per 1h").unwrap();
        let past = [earlier("east", Verb::PowerOn, 0), earlier("west", Verb::Rename, 0)];
        let refused =
            |changes| check(&offs("east", 9, changes), &[bound], &Accepted::new(), &past, at(0)).len();
        assert_eq!((refused(1), refused(2)), (0, 1));
    }
}
