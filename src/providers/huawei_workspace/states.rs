//! The states of the page: first what is under way, then the machine, then the component inside the guest.

use super::wire::{Server, Text};
use crate::model::{LiveState, Power, Settles};

/// Words of `task_status` for what is under way, and where it ends, where that is certain.
const TASKS: [(&str, Option<Settles>); 30] = [
    ("powering-on", Some(Settles::Power(Power::On))),
    ("powering-off", Some(Settles::Power(Power::Off))),
    ("rebooting", Some(Settles::Power(Power::On))),
    ("reboot_pending", Some(Settles::Power(Power::On))),
    ("rebooting_hard", Some(Settles::Power(Power::On))),
    ("reboot_pending_hard", Some(Settles::Power(Power::On))),
    ("reboot_started_hard", Some(Settles::Power(Power::On))),
    ("deleting", Some(Settles::Gone)),
    ("scheduling", None),
    ("block_device_mapping", None),
    ("networking", None),
    ("spawning", None),
    ("rebuilding", None),
    ("rebuild_block_device_mapping", None),
    ("rebuild_spawning", None),
    ("updating_tsvi", None),
    ("migrating", None),
    ("resize_prep", None),
    ("resize_migrating", None),
    ("resize_migrated", None),
    ("resize_finish", None),
    ("resize_reverting", None),
    ("rejoining_domain", None),
    ("source_locking", None),
    ("updating_sid", None),
    ("upgrading_access_agent", None),
    ("build_image", None),
    ("build_snapshot", None),
    ("restore_snapshot", None),
    ("installing_app", None),
];

/// Words of `task_status` that only record how something ended (spelled so).
const RECORDS: [&str; 7] = [
    "rebuild_fail",
    "updating_tsvi_failed",
    "delete_failed",
    "migrate_failed",
    "install_app_failed",
    "upgrad_access_agent_fail",
    "upgrad_access_agent_success",
];

/// Words of `vm_status` that do not last.
const PASSING: [(&str, Option<Settles>); 11] = [
    ("REBOOT", Some(Settles::Power(Power::On))),
    ("HARD_REBOOT", Some(Settles::Power(Power::On))),
    ("DELETING", Some(Settles::Gone)),
    ("BUILD", None),
    ("REBUILD", None),
    ("MIGRATING", None),
    ("RESIZE", None),
    ("REVERT_RESIZE", None),
    ("BUILD_IMAGE", None),
    ("BUILD_SNAPSHOT", None),
    ("RESTORE_SNAPSHOT", None),
];

pub(super) fn state(server: &Server) -> LiveState {
    let task = Text::said(server.task.as_ref()).filter(|word| !RECORDS.contains(word));
    if let Some(word) = task {
        // A task that nobody knows may be anything: nothing is done on top of it.
        return passing(word, &TASKS).unwrap_or_else(|| LiveState::Unrecognised(word.into()));
    }
    match (Text::said(server.vm.as_ref()), Text::said(server.registration.as_ref())) {
        (Some("ACTIVE"), _) | (None, Some("REGISTERED" | "MAINTAINING")) => LiveState::Settled(Power::On),
        (Some("SHUTOFF"), _) | (None, Some("STOPPED")) => LiveState::Settled(Power::Off),
        (Some("FREEZE"), _) | (None, Some("FREEZE")) => LiveState::Settled(Power::Suspended),
        (Some(word), _) => passing(word, &PASSING).unwrap_or_else(|| LiveState::Unrecognised(word.into())),
        (None, word) => LiveState::Unrecognised(word.unwrap_or("no state").into()),
    }
}

fn passing(word: &str, words: &[(&str, Option<Settles>)]) -> Option<LiveState> {
    let (_, into) = words.iter().find(|(known, _)| *known == word)?;
    Some(LiveState::Transition { word: word.into(), into: *into })
}
