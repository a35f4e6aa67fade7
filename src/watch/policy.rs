//! What is done about the drift of a server: the file's `policy:`, and behind it the built-in rule.

use crate::model::{Address, DriftRule, Labels, OnDrift, Verb};
use crate::plan::Change;

/// What is done about one verb of a server's change. Without a rule that means it, power is enforced and everything else
/// reported. A rule that names no verbs never makes a delete enforced.
pub fn on_drift(policy: &[DriftRule], address: &Address, labels: &Labels, verb: Verb) -> OnDrift {
    let means = |rule: &&DriftRule| {
        let is_named = rule.verbs.contains(&verb);
        let is_meant = rule.verbs.is_empty() && !(verb == Verb::Delete && rule.on_drift == OnDrift::Enforce);
        (is_named || is_meant) && rule.select.matches(address, labels)
    };
    policy.iter().find(means).map_or_else(|| built_in(verb), |rule| rule.on_drift)
}

fn built_in(verb: Verb) -> OnDrift {
    match verb {
        Verb::PowerOn | Verb::PowerOff | Verb::Suspend => OnDrift::Enforce,
        Verb::Rename | Verb::Reboot | Verb::Delete => OnDrift::Report,
    }
}

/// A change as the policy sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The part that may be carried out.
    pub enforced: Option<Change>,
    /// What is done about the change as a whole: what is done about its part that is treated most strictly.
    pub on_drift: OnDrift,
}

/// Divides a change. Its rename is one part, what follows the other; a part is enforced if all of it is.
pub fn share(policy: &[DriftRule], change: &Change, labels: &Labels) -> Share {
    let of = |verb: Verb| on_drift(policy, &change.address, labels, verb);
    let part = |renames: bool| {
        let verbs = change.actions.iter().filter(move |verb| (**verb == Verb::Rename) == renames);
        // The mildest of a part: half of it cannot be done.
        verbs.map(|verb| of(*verb)).max()
    };
    let (name, rest) = (part(true), part(false));
    let is_enforced = |verb: &&Verb| {
        let part = if **verb == Verb::Rename { name } else { rest };
        part == Some(OnDrift::Enforce)
    };
    let verbs: Vec<Verb> = change.actions.iter().filter(is_enforced).copied().collect();
    let on_drift = name.into_iter().chain(rest).min().unwrap_or(OnDrift::Report);
    Share { enforced: change.clone().only(&verbs), on_drift }
}
