//! What state a server is in, in Nova's words: `vm_state`, `task_state`, and the `status` that misleads.

use crate::model::Power;
use crate::simulator::{Effect, SimServer};

/// The word of a world file for a server whose cell cannot be reached.
pub(super) const UNREACHABLE: &str = "UNKNOWN";

/// What a server is while its power is [`Power::Suspended`].
pub(super) const ASLEEP: [&str; 4] = ["paused", "suspended", "shelved", "shelved_offloaded"];

/// The attribute that says which of them; without it, `suspended`.
pub(super) const KIND: &str = "vm_state";

/// The attribute that says which of them it was before the operation under way.
pub(super) const KIND_BEFORE: &str = "vm_state_before";

/// The statuses of servers that nothing is being done to, by `vm_state`.
const STATUSES: [(&str, &str); 12] = [
    ("active", "ACTIVE"),
    ("building", "BUILD"),
    ("paused", "PAUSED"),
    ("suspended", "SUSPENDED"),
    ("stopped", "SHUTOFF"),
    ("rescued", "RESCUE"),
    ("resized", "VERIFY_RESIZE"),
    ("soft-delete", "SOFT_DELETED"),
    ("deleted", "DELETED"),
    ("error", "ERROR"),
    ("shelved", "SHELVED"),
    ("shelved_offloaded", "SHELVED_OFFLOADED"),
];

/// The statuses that show what is being done.
const AT_WORK: [&str; 7] =
    ["REBOOT", "HARD_REBOOT", "PASSWORD", "REBUILD", "MIGRATING", "RESIZE", "REVERT_RESIZE"];

/// Where a server is and what is being done to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phase<'a> {
    pub(super) vm_state: &'a str,
    pub(super) task_state: Option<&'a str>,
}

pub(super) fn is_unreachable(server: &SimServer) -> bool {
    server.state.as_deref() == Some(UNREACHABLE)
}

impl<'a> Phase<'a> {
    pub(super) fn of(server: &'a SimServer) -> Self {
        let vm_state = server.state.as_deref().unwrap_or_else(|| settled(server));
        // An operation that the world gave a server, and not a client, is nothing but its building.
        let task_state = match &server.pending {
            Some(pending) if matches!(pending.effect, Effect::Appear { .. }) => {
                (vm_state == "building").then_some("spawning")
            }
            Some(pending) => pending.word.as_deref(),
            None => server.text("task_state"),
        };
        Self { vm_state, task_state }
    }

    /// Derived from both, and blind to most of what goes on.
    pub(super) fn status(self) -> &'a str {
        let at_work = match (self.vm_state, self.task_state.unwrap_or_default()) {
            ("active", "rebooting" | "reboot_pending" | "reboot_started") => Some("REBOOT"),
            ("active", "rebooting_hard" | "reboot_pending_hard" | "reboot_started_hard") => {
                Some("HARD_REBOOT")
            }
            ("active", "updating_password") => Some("PASSWORD"),
            ("active" | "paused", "migrating") => Some("MIGRATING"),
            ("active" | "stopped" | "error", task) if task.starts_with("rebuild") => Some("REBUILD"),
            ("resized", "resize_reverting") => Some("REVERT_RESIZE"),
            (
                "active" | "stopped",
                "resize_prep" | "resize_migrating" | "resize_migrated" | "resize_finish",
            ) => Some("RESIZE"),
            _ => None,
        };
        let plain = || STATUSES.iter().find(|(vm_state, _)| *vm_state == self.vm_state);
        at_work.or_else(|| plain().map(|(_, status)| *status)).unwrap_or(self.vm_state)
    }
}

/// Which operation is under way decides whether the attribute is true already.
fn settled(server: &SimServer) -> &str {
    let asked =
        server.pending.as_ref().is_some_and(|pending| !matches!(pending.effect, Effect::Appear { .. }));
    match server.power {
        Power::On => "active",
        Power::Off => "stopped",
        Power::Suspended => server.text(if asked { KIND_BEFORE } else { KIND }).unwrap_or("suspended"),
    }
}

/// Whether a status is in Nova's table, in any case.
pub(super) fn is_known_status(text: &str) -> bool {
    let plain = STATUSES.iter().map(|(_, status)| *status);
    plain.chain(AT_WORK).any(|status| status.eq_ignore_ascii_case(text))
}

/// The number that lags behind. What a suspended server has depends on the site's hypervisor.
pub(super) fn power_state(server: &SimServer, when_suspended: u8) -> u8 {
    match Phase::of(server).vm_state {
        "building" | "deleted" | "shelved_offloaded" | UNREACHABLE => 0,
        "paused" => 3,
        "suspended" => when_suspended,
        "stopped" | "shelved" | "soft-delete" => 4,
        _ if server.power == Power::Off => 4,
        _ => 1,
    }
}
