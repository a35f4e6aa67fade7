//! Which of our states a server is in. `status` alone misleads: while a server is stopped it still says ACTIVE.

use super::wire::Server;
use crate::model::{LiveState, Power, Settles};

/// What a server is while nothing is done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Active,
    Stopped,
    Paused,
    Suspended,
    Shelved,
    Building,
    Error,
    /// Resized or rescued: known, and none of ours.
    Odd,
    Gone,
}

/// `vm_state` and the `status` that says the same.
const KINDS: [(&str, &str, Kind); 12] = [
    ("active", "ACTIVE", Kind::Active),
    ("stopped", "SHUTOFF", Kind::Stopped),
    ("paused", "PAUSED", Kind::Paused),
    ("suspended", "SUSPENDED", Kind::Suspended),
    ("shelved", "SHELVED", Kind::Shelved),
    ("shelved_offloaded", "SHELVED_OFFLOADED", Kind::Shelved),
    ("building", "BUILD", Kind::Building),
    ("error", "ERROR", Kind::Error),
    ("resized", "VERIFY_RESIZE", Kind::Odd),
    ("rescued", "RESCUE", Kind::Odd),
    ("deleted", "DELETED", Kind::Gone),
    ("soft-delete", "SOFT_DELETED", Kind::Gone),
];

/// Statuses that show that something is under way; they matter where a site hides the task.
const AT_WORK: [(&str, Option<Power>); 7] = [
    ("REBOOT", Some(Power::On)),
    ("HARD_REBOOT", Some(Power::On)),
    ("PASSWORD", None),
    ("REBUILD", None),
    ("MIGRATING", None),
    ("RESIZE", None),
    ("REVERT_RESIZE", None),
];

/// A server's state as the page orders it.
pub(super) struct Phase {
    /// What it is beside what is done to it, where that is known.
    pub(super) kind: Option<Kind>,
    /// `None` where it is deleted.
    pub(super) state: Option<LiveState>,
}

impl Phase {
    pub(super) fn of(server: &Server<'_>) -> Self {
        let status = server.status.as_deref().unwrap_or_default();
        if server.name.is_none() || status.is_empty() || same(status, "UNKNOWN") {
            let word = match status {
                "" => "no status".into(),
                status if same(status, "UNKNOWN") => "UNKNOWN".into(),
                status => format!("{status}, without a name").into(),
            };
            return Self { kind: None, state: Some(LiveState::Unrecognised(word)) };
        }
        let vm_state = server.vm_state.as_deref().filter(|word| !word.is_empty());
        let row = KINDS.iter().find(|row| match vm_state {
            Some(vm_state) => same(row.0, vm_state),
            None => same(row.1, status),
        });
        let kind = row.map(|row| row.2);
        let task = server.task_state.as_deref().filter(|task| !task.is_empty());
        let state = match (task, row) {
            (Some(task), _) if !vm_state.is_some_and(|word| same(word, "deleted")) => {
                Some(LiveState::Transition { word: task.into(), into: end(task) })
            }
            (_, Some(row)) => settled(row.2, row.1),
            (_, None) => Some(other(vm_state, status)),
        };
        Self { kind, state }
    }
}

fn settled(kind: Kind, status: &str) -> Option<LiveState> {
    Some(match kind {
        Kind::Active => LiveState::Settled(Power::On),
        Kind::Stopped => LiveState::Settled(Power::Off),
        Kind::Paused | Kind::Suspended | Kind::Shelved => LiveState::Settled(Power::Suspended),
        Kind::Building => LiveState::Transition { word: status.into(), into: None },
        Kind::Error | Kind::Odd => LiveState::Unrecognised(status.into()),
        Kind::Gone => return None,
    })
}

fn other(vm_state: Option<&str>, status: &str) -> LiveState {
    let at_work = AT_WORK.iter().find(|row| vm_state.is_none() && same(row.0, status));
    match at_work {
        Some((word, into)) => LiveState::Transition { word: (*word).into(), into: into.map(Settles::Power) },
        None => LiveState::Unrecognised(vm_state.unwrap_or(status).into()),
    }
}

/// Where a task ends, where that is certain.
fn end(task: &str) -> Option<Settles> {
    Some(match task {
        "deleting" | "soft-deleting" => Settles::Gone,
        "powering-off" => Settles::Power(Power::Off),
        "powering-on"
        | "resuming"
        | "unpausing"
        | "unshelving"
        | "rebooting"
        | "reboot_pending"
        | "reboot_started"
        | "rebooting_hard"
        | "reboot_pending_hard"
        | "reboot_started_hard" => Settles::Power(Power::On),
        "suspending" | "pausing" => Settles::Power(Power::Suspended),
        task if task.starts_with("shelving") => Settles::Power(Power::Suspended),
        _ => return None,
    })
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}
