//! The list of servers: data centers, the tree of groups in each of them, and the servers in the groups.

use super::convert::{canonical, failure, one};
use super::wire::{Datacenter, Group, Link, Rel};
use crate::http::Answer;
use crate::model::{ServerId, Tags};
use crate::provider::{Cursor, Error, Part};
use foldhash::HashSet;

/// A place to go on from, kept in the text of a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop<'a> {
    /// All data centers, with their root groups.
    Datacenters,
    /// One data center, whose root group the list of them did not tell.
    Datacenter(&'a str),
    /// A group and everything below it.
    Group(&'a str),
    /// A server that its group named without describing it.
    Server(&'a str),
}

const DATACENTER: &str = "datacenter";
const GROUP: &str = "group";
const SERVER: &str = "server";

impl<'a> Stop<'a> {
    /// `None` for a cursor that was not made here.
    pub(super) fn of(cursor: &'a Cursor) -> Option<Self> {
        let Cursor::At(text) = cursor else { return Some(Self::Datacenters) };
        match text.split_once('/')? {
            (DATACENTER, id) => Some(Self::Datacenter(id)),
            (GROUP, id) => Some(Self::Group(id)),
            (SERVER, id) => Some(Self::Server(id)),
            _ => None,
        }
    }
}

fn cursor(kind: &str, id: &str) -> Cursor {
    Cursor::At(format!("{kind}/{id}"))
}

fn root_group(links: Option<&Vec<Link>>) -> Option<&str> {
    links?.iter().find_map(|link| link.target(Rel::Group))
}

/// Where to go on from the list of data centers.
pub(super) fn datacenters(answer: &Answer) -> Result<Part, Error> {
    if answer.status != 200 {
        return Err(failure(answer));
    }
    let next = answer.json::<Vec<Datacenter>>()?.into_iter().map(|datacenter| {
        let id = datacenter.id.as_deref().filter(|id| !id.is_empty());
        match (root_group(datacenter.links.as_ref()), id) {
            (Some(group), _) => Ok(cursor(GROUP, group)),
            (None, Some(id)) => Ok(cursor(DATACENTER, id)),
            (None, None) => Err(answer.garbage("a data center without an id")),
        }
    });
    Ok(Part { next: next.collect::<Result<_, _>>()?, ..Part::default() })
}

/// Where to go on from one data center.
pub(super) fn datacenter(answer: &Answer, id: &str) -> Result<Part, Error> {
    if answer.status != 200 {
        return Err(failure(answer));
    }
    let datacenter = answer.json::<Datacenter>()?;
    if datacenter.id.as_deref().map(canonical) != Some(canonical(id)) {
        return Err(answer.garbage("another data center than the one asked for"));
    }
    let group = root_group(datacenter.links.as_ref()).ok_or_else(|| {
        answer.garbage(&format!(
            "no link to the root group of {id}, without which its servers cannot be listed"
        ))
    })?;
    Ok(Part { next: vec![cursor(GROUP, group)], ..Part::default() })
}

/// The servers of a group and of all groups below it. Servers that are linked and not described are named as the
/// places to go on from.
pub(super) fn group(mut answer: Answer, id: &str) -> Result<Part, Error> {
    if answer.status != 200 {
        return Err(failure(&answer));
    }
    let root = answer.value::<Group>()?;
    if root.id.as_deref().map(canonical) != Some(canonical(id)) {
        return Err(answer.garbage("another group than the one asked for"));
    }
    let (mut servers, mut templates) = (Vec::new(), Vec::new());
    let mut linked: Vec<String> = Vec::new();
    let mut waiting = vec![(root, Vec::new())];
    while let Some((group, mut tags)) = waiting.pop() {
        if group.kind.as_deref() == Some("templates") {
            continue;
        }
        if group.servers.is_none() && group.links.is_none() {
            return Err(answer.garbage("a group that does not say which servers it has"));
        }
        let links = group.links.iter().flatten();
        linked.extend(links.filter_map(|link| link.target(Rel::Server)).map(canonical));
        tags.extend(group.name.map(|name| format!("group={name}").into_boxed_str()));
        let shared = group.servers.as_ref().filter(|servers| !servers.is_empty()).map(|_| shared(&tags));
        for mut server in group.servers.into_iter().flatten() {
            if server.live.id.is_none() {
                return Err(answer.garbage("a server without an id"));
            }
            server.live.tags.clone_from(&shared);
            if server.is_template { templates.push(server.live) } else { servers.push(server.live) }
        }
        waiting.extend(group.groups.into_iter().flatten().map(|below| (below, tags.clone())));
    }
    let described: HashSet<&str> =
        servers.iter().chain(&templates).filter_map(|live| live.id.as_ref().map(ServerId::as_str)).collect();
    let missing = linked.iter().filter(|id| !described.contains(id.as_str()));
    Ok(Part { next: missing.map(|id| cursor(SERVER, id)).collect(), servers, total: None })
}

/// The groups that servers are in, from the root down, as tags that all servers of a group share.
fn shared(groups: &[Box<str>]) -> Tags {
    let mut tags = groups.to_vec();
    tags.sort_unstable();
    tags.dedup();
    tags.into()
}

/// One server of the list; none where it was deleted meanwhile, or is a template.
pub(super) fn server(answer: &Answer, id: &str) -> Result<Part, Error> {
    let found = one(answer, id)?.filter(|found| !found.is_template);
    Ok(Part { servers: found.into_iter().map(|found| found.live).collect(), ..Part::default() })
}
