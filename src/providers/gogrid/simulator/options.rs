//! The provider's tables of options. Where the page does not give a table, a small one is made up.

use serde::Serialize;

/// One option of a lookup.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    pub(super) id: u64,
    pub(super) name: &'static str,
    pub(super) description: Option<&'static str>,
}

/// An option as the answers show it.
#[derive(Serialize)]
pub(super) struct Shown<'a> {
    pub(super) description: Option<&'a str>,
    pub(super) id: u64,
    pub(super) name: &'a str,
    pub(super) object: &'static str,
}

const fn choice(id: u64, name: &'static str, description: &'static str) -> Choice {
    Choice { id, name, description: Some(description) }
}

pub(super) const ON: u64 = 1;
pub(super) const OFF: u64 = 3;

pub(super) const SERVER_STATES: &[Choice] = &[
    choice(ON, "On", "Server is in active state."),
    choice(2, "Starting", "Server is being started."),
    Choice { id: OFF, name: "Off", description: None },
    choice(4, "Stopping", "Server is being stopped."),
    choice(5, "Restarting", "Server is being restarted."),
    choice(6, "Saving", "Server is being saved."),
    choice(7, "Restoring", "Server is being restored."),
    choice(8, "Updating", "Server is being updated."),
    choice(9, "On/Saving", "Server is on and being saved."),
    choice(10, "Off/Saving", "Server is off and being saved."),
];

pub(super) const JOB_STATES: &[Choice] = &[
    choice(1, "Queued", "Change request is new to the system."),
    choice(2, "Processing", "Change request is being carried out."),
    choice(3, "Succeeded", "Change request was carried out."),
    choice(4, "Failed", "Change request was not carried out."),
    choice(5, "Canceled", "Change request was taken back."),
    choice(6, "Fatal", "Change request broke down."),
    choice(7, "Created", "Change request was made."),
];

pub(super) const OBJECT_TYPES: &[Choice] = &[choice(1, "VirtualServer", "Virtual Server")];

pub(super) const DATACENTERS: &[Choice] =
    &[choice(1, "US-West-1", "US West 1 Datacenter"), choice(2, "US-East-1", "US East 1 Datacenter")];

pub(super) const TYPES: &[Choice] =
    &[choice(1, "Web Server", "Web or application server"), choice(2, "Database Server", "Database server")];

pub(super) const RAMS: &[Choice] = &[
    choice(1, "512MB", "Server with 512MB RAM"),
    choice(2, "1GB", "Server with 1GB RAM"),
    choice(3, "2GB", "Server with 2GB RAM"),
    choice(4, "4GB", "Server with 4GB RAM"),
];

pub(super) const SYSTEMS: &[Choice] = &[choice(9, "Debian 12", "Debian 12 (64-bit)")];

/// The option with that id, else the first.
pub(super) fn by_id(table: &'static [Choice], id: u64) -> Shown<'static> {
    let found = table.iter().find(|choice| choice.id == id).or(table.first());
    found.map_or(Shown { description: None, id, name: "", object: "option" }, Choice::shown)
}

impl Choice {
    pub(super) fn shown(&self) -> Shown<'static> {
        Shown { description: self.description, id: self.id, name: self.name, object: "option" }
    }
}
