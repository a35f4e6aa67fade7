//! Where changes and problems come from: what is being reviewed, or what has happened to the servers since. A plan is
//! compared with the plan that the base leads to from the same live state.

use super::cause::Cause;
use super::change::{Call, Change, Step};
use super::planner::Plan;
use super::problem::Code;
use crate::model::{Address, ConnectionName, ServerId, Verb};
use std::collections::{HashMap, HashSet};

/// Says of every change and problem where it comes from. Servers that the base would change and this plan does not
/// are returned, as the base calls them, by address.
///
/// Servers are compared by what they are live, not by what the files call them: an entry that is renamed in the file
/// is the same server.
pub fn attribute(plan: &mut Plan, base: &Plan) -> Vec<Address> {
    let before: HashMap<(&ConnectionName, &ServerId), &Change> =
        base.changes.iter().map(|change| ((&change.provider, &change.id), change)).collect();
    for change in &mut plan.changes {
        let old = before.get(&(&change.provider, &change.id)).copied();
        change.cause = Some(cause(change, old));
    }
    let known: HashSet<(Code, &Address)> =
        base.problems.iter().map(|problem| (problem.code, &problem.address)).collect();
    for problem in &mut plan.problems {
        let is_known = known.contains(&(problem.code, &problem.address));
        problem.cause = Some(if is_known { Cause::Drift } else { Cause::ThisChange });
    }
    let now: HashSet<(&ConnectionName, &ServerId)> =
        plan.changes.iter().map(|change| (&change.provider, &change.id)).collect();
    let gone = base.changes.iter().filter(|change| !now.contains(&(&change.provider, &change.id)));
    gone.map(|change| change.address.clone()).collect()
}

fn cause(new: &Change, old: Option<&Change>) -> Cause {
    let Some(old) = old else { return Cause::ThisChange };
    let of_action = |verb: &Verb| match () {
        () if !old.does(*verb) => Cause::ThisChange,
        () if part(old, *verb).eq(part(new, *verb)) && aim(old, *verb) == aim(new, *verb) => Cause::Drift,
        () => Cause::Both,
    };
    let mut causes = new.actions.iter().map(of_action);
    let first = causes.next().unwrap_or(Cause::ThisChange);
    if causes.all(|cause| cause == first) { first } else { Cause::Both }
}

/// The calls of an action. Those of a change beside its renames are all of its one other action.
fn part(change: &Change, verb: Verb) -> impl Iterator<Item = Call<'_>> {
    let is_of = move |step: &&Step| (step.operation.verb() == Verb::Rename) == (verb == Verb::Rename);
    change.steps.iter().filter(is_of).map(Step::call)
}

/// What an action is to reach beside its calls.
fn aim(change: &Change, verb: Verb) -> Option<jiff::Timestamp> {
    change.rebooted_since.filter(|_| verb == Verb::Reboot)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{OffKind, Operation};
    use crate::plan::{Facts, Problem, Severity};

    fn change(name: &str, id: &str, operations: &[Operation]) -> Change {
        let facts = Facts { name: name.into(), power: None };
        Change {
            address: Address::new("east".into(), name.into()),
            provider: "east".into(),
            id: id.into(),
            actions: operations.iter().map(Operation::verb).collect(),
            before: facts.clone(),
            after: Some(facts),
            reasons: vec!["declared".into()],
            wave: None,
            cause: None,
            rebooted_since: None,
            steps: operations.iter().cloned().map(Step::new).collect(),
            location: None,
        }
    }

    fn off(method: OffKind) -> Operation {
        Operation::PowerOff { method }
    }

    fn rename(to: &str) -> Operation {
        Operation::Rename { to: to.into() }
    }

    fn told(new: Change, old: Option<Change>) -> Cause {
        let mut plan = Plan { changes: vec![new], ..Plan::default() };
        attribute(&mut plan, &Plan { changes: old.into_iter().collect(), ..Plan::default() });
        plan.changes[0].cause.unwrap()
    }

    #[test]
    fn what_the_base_leads_to_as_well_is_drift() {
        let on = change("a", "1", &[Operation::PowerOn]);
        assert_eq!(told(on.clone(), Some(on.clone())), Cause::Drift);
        assert_eq!(told(on.clone(), None), Cause::ThisChange);
        assert_eq!(told(on.clone(), Some(change("a", "2", &[Operation::PowerOn]))), Cause::ThisChange);
        assert_eq!(told(on, Some(change("a", "1", &[off(OffKind::Hard)]))), Cause::ThisChange);
    }

    #[test]
    fn a_part_of_each_and_another_way_to_the_same_are_both() {
        let two = change("b", "1", &[rename("b"), Operation::PowerOn]);
        assert_eq!(told(two.clone(), Some(change("a", "1", &[Operation::PowerOn]))), Cause::Both);
        assert_eq!(told(two.clone(), Some(two)), Cause::Drift);
        let (soft, hard) =
            (change("a", "1", &[off(OffKind::Graceful)]), change("a", "1", &[off(OffKind::Hard)]));
        assert_eq!(told(hard, Some(soft)), Cause::Both);
        let since = |text: &str| Change {
            rebooted_since: Some(text.parse().unwrap()),
            ..change("a", "1", &[Operation::Reboot { method: crate::model::RebootKind::Hard }])
        };
        let (earlier, later) = (since("2026-11-01T00:00:00Z"), since("2026-11-02T00:00:00Z"));
        assert_eq!(told(later.clone(), Some(earlier)), Cause::Both);
        assert_eq!(told(later.clone(), Some(later)), Cause::Drift);
    }

    #[test]
    fn problems_and_what_is_no_longer_planned_are_told() {
        let problem = |code| Problem {
            code,
            severity: Severity::Error,
            address: Address::new("east".into(), "a".into()),
            message: String::new(),
            location: None,
            cause: None,
        };
        let mut plan = Plan {
            problems: vec![problem(Code::MissingServer), problem(Code::Protected)],
            ..Plan::default()
        };
        let base = Plan {
            changes: vec![change("z", "9", &[Operation::Delete])],
            problems: vec![problem(Code::MissingServer)],
            ..Plan::default()
        };
        assert_eq!(attribute(&mut plan, &base), [Address::new("east".into(), "z".into())]);
        let causes: Vec<_> = plan.problems.iter().map(|problem| problem.cause.unwrap()).collect();
        assert_eq!(causes, [Cause::Drift, Cause::ThisChange]);
    }
}
