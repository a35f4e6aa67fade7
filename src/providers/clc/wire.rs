//! The provider's JSON, as far as it is read. Texts are borrowed from the answer where they can be: one answer may
//! hold a data center's ten thousand servers.

use serde::Deserialize;
use std::borrow::Cow;

/// A text of an answer; borrowed unless it holds escapes. By itself, because inside an `Option` it never would be.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Text<'_> {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

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

#[derive(Deserialize)]
pub(super) struct Link<'a> {
    #[serde(borrow)]
    rel: Option<Text<'a>>,
    #[serde(borrow)]
    href: Option<Text<'a>>,
    #[serde(borrow)]
    id: Option<Text<'a>>,
}

impl Link<'_> {
    /// The id of what a link of this kind leads to: said, or the end of its path.
    pub(super) fn target(&self, rel: &str) -> Option<&str> {
        if self.rel.as_ref().map(Text::as_str) != Some(rel) {
            return None;
        }
        let said = self.id.as_ref().map(Text::as_str).filter(|id| !id.is_empty());
        let end = || {
            let path = self.href.as_ref()?.as_str().split(['?', '#']).next()?.trim_end_matches('/');
            path.rsplit('/').next().filter(|end| !end.is_empty())
        };
        said.or_else(end)
    }
}

#[derive(Deserialize)]
pub(super) struct Datacenter<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) links: Option<Vec<Link<'a>>>,
}

/// A group and all below it. Reading goes as deep as the tree does; the reader's own bound (about sixty groups, twice
/// what the provider allows) makes a deeper one an error.
#[derive(Deserialize)]
pub(super) struct Group<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) groups: Option<Vec<Group<'a>>>,
    /// Only in the detailed form.
    #[serde(borrow)]
    pub(super) servers: Option<Vec<Server<'a>>>,
    #[serde(borrow)]
    pub(super) links: Option<Vec<Link<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Server<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) status: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) details: Option<Details<'a>>,
    pub(super) is_template: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Details<'a> {
    #[serde(borrow)]
    pub(super) power_state: Option<Text<'a>>,
}

/// What becomes of the servers of a call: a list, or one by itself (after a delete).
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Entries<'a> {
    Many(#[serde(borrow)] Vec<Entry<'a>>),
    One(#[serde(borrow)] Entry<'a>),
}

impl<'a> Entries<'a> {
    pub(super) fn as_slice(&self) -> &[Entry<'a>] {
        match self {
            Self::Many(entries) => entries,
            Self::One(entry) => std::slice::from_ref(entry),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry<'a> {
    #[serde(borrow)]
    pub(super) server: Option<Text<'a>>,
    pub(super) is_queued: Option<bool>,
    #[serde(borrow)]
    pub(super) links: Option<Vec<Link<'a>>>,
    #[serde(borrow)]
    pub(super) error_message: Option<Text<'a>>,
}

/// Where an operation is in the queue.
#[derive(Deserialize)]
pub(super) struct Status {
    pub(super) status: String,
}
