//! Everything that a plan depends on.

use crate::model::{
    Address, Availability, Capabilities, ConnectionName, DesiredServer, Labels, LedgerFacts, LiveServer,
    Rule, Selector, Verb, Window,
};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What the planner is told of one connection.
#[derive(Clone, Debug)]
pub struct ConnectionLive<'a> {
    /// Its name.
    pub name: ConnectionName,
    /// Its provider type, for messages.
    pub type_name: &'static str,
    /// What the provider can do.
    pub capabilities: &'a Capabilities,
    /// All of its servers, or why they could not be read in full.
    pub servers: Result<Vec<LiveServer>, ReadFailure>,
}

/// Why a connection's servers are not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadFailure {
    /// What happened, for people.
    pub message: String,
    /// Whether trying again later may help, with nobody changing anything.
    pub transient: bool,
}

/// What the user asked for beside the file.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only these servers; empty means all.
    pub targets: Vec<Selector>,
    /// None of these, whatever `targets` says.
    pub excludes: Vec<Selector>,
    /// Only these actions; empty means all.
    pub only: Vec<Verb>,
    /// Where live state comes from a snapshot: the ids that were asked for when it was taken and are not there, in
    /// the form in which the provider's equal ids are equal. A list may leave servers out, so of any other id that
    /// it does not show nobody knows. `None` where whatever is asked for by id has been asked for.
    pub absent_ids: Option<BTreeMap<ConnectionName, BTreeSet<String>>>,
    /// A missing server is a warning.
    pub allow_missing: bool,
    /// Reboot servers of which nobody knows whether they were rebooted.
    pub reboot_unknown: bool,
    /// List the servers that are as declared, beside counting them.
    pub list_unchanged: bool,
    /// Plan for this instant in place of the present one: `--at`.
    pub at: Option<Timestamp>,
}

impl Options {
    /// Whether the entry is one of those asked for.
    pub fn selects(&self, entry: &DesiredServer) -> bool {
        self.selects_server(&entry.address, &entry.labels)
    }

    /// Whether the server is one of those asked for.
    pub fn selects_server(&self, address: &Address, labels: &Labels) -> bool {
        let among = |selectors: &[Selector]| selectors.iter().any(|one| one.matches(address, labels));
        (self.targets.is_empty() || among(&self.targets)) && !among(&self.excludes)
    }
}

/// Everything that a plan depends on.
pub struct Inputs<'a> {
    /// The desired state.
    pub desired: &'a [DesiredServer],
    /// What is wanted of live servers that no entry means, in the order of the file.
    pub rules: &'a [Rule],
    /// How many servers of a group stay on, whatever is done.
    pub availability: &'a [Availability],
    /// When which actions may run.
    pub windows: &'a [Window],
    /// The live state, per connection; connections that no selected entry uses may be left out.
    pub live: &'a [ConnectionLive<'a>],
    /// What the ledger knows.
    pub ledger: &'a LedgerFacts,
    /// The instant for which the plan is made.
    pub now: Timestamp,
    /// What the user asked for.
    pub options: &'a Options,
}
