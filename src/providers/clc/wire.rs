//! The provider's JSON, as far as it is read. One answer may hold a data center's ten thousand servers, so what is read
//! of a server or a link is brought into its short form on the spot.

use crate::model::LiveServer;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Login {
    pub(super) account_alias: Option<String>,
    pub(super) bearer_token: String,
}

/// What refusals and errors say.
#[derive(Deserialize)]
pub(super) struct Message {
    pub(super) message: String,
}

/// A link: its kind, and the id of what it leads to.
#[derive(Deserialize)]
#[serde(from = "WrittenLink")]
pub(super) struct Link {
    rel: Rel,
    target: Option<Box<str>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rel {
    Group,
    Server,
    Status,
    Other,
}

#[derive(Deserialize)]
struct WrittenLink {
    rel: Option<String>,
    href: Option<String>,
    id: Option<String>,
}

impl From<WrittenLink> for Link {
    fn from(link: WrittenLink) -> Self {
        let rel = match link.rel.as_deref() {
            Some("group") => Rel::Group,
            Some("server") => Rel::Server,
            Some("status") => Rel::Status,
            _ => return Self { rel: Rel::Other, target: None },
        };
        let said = link.id.as_deref().filter(|id| !id.is_empty());
        let end = || {
            let path = link.href.as_ref()?.split(['?', '#']).next()?.trim_end_matches('/');
            path.rsplit('/').next().filter(|end| !end.is_empty())
        };
        Self { rel, target: said.or_else(end).map(Into::into) }
    }
}

impl Link {
    /// The id of what it leads to, where it is of this kind.
    pub(super) fn target(&self, rel: Rel) -> Option<&str> {
        self.target.as_deref().filter(|_| self.rel == rel)
    }
}

#[derive(Deserialize)]
pub(super) struct Datacenter {
    pub(super) id: Option<String>,
    pub(super) links: Option<Vec<Link>>,
}

/// A group and all below it. Reading goes as deep as the tree does; the reader's own bound (about sixty groups, twice
/// what the provider allows) makes a deeper one an error.
#[derive(Deserialize)]
pub(super) struct Group {
    pub(super) id: Option<Box<str>>,
    pub(super) name: Option<Box<str>>,
    #[serde(rename = "type")]
    pub(super) kind: Option<Box<str>>,
    pub(super) groups: Option<Vec<Group>>,
    /// Only in the detailed form.
    pub(super) servers: Option<Vec<Described>>,
    pub(super) links: Option<Vec<Link>>,
}

/// A server, as the model has it.
#[derive(Deserialize)]
#[serde(from = "Server")]
pub(super) struct Described {
    pub(super) live: LiveServer,
    /// What servers are made from, and none itself.
    pub(super) is_template: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Server {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) status: Option<String>,
    pub(super) details: Option<Details>,
    pub(super) is_template: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Details {
    pub(super) power_state: Option<String>,
}

/// What becomes of the servers of a call: a list, or one by itself (after a delete).
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Entries {
    Many(Vec<Entry>),
    One(Entry),
}

impl Entries {
    pub(super) fn as_slice(&self) -> &[Entry] {
        match self {
            Self::Many(entries) => entries,
            Self::One(entry) => std::slice::from_ref(entry),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    pub(super) server: Option<String>,
    pub(super) is_queued: Option<bool>,
    pub(super) links: Option<Vec<Link>>,
    pub(super) error_message: Option<String>,
}

/// Where an operation is in the queue.
#[derive(Deserialize)]
pub(super) struct Status {
    pub(super) status: String,
}
