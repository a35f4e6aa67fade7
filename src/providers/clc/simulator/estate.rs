//! Data centers and the trees of groups in them: there is no other way to learn which servers there are.

use super::answers::missing;
use super::views::{self, ChangeInfo, Link, Server};
use super::{Answer, access};
use crate::simulator::{ConnectionWorld, Request, Response, Serial, SimServer, Streamed};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The data center of servers that name none.
pub(super) const HOME: &str = "wa1";

/// Every data center. Most of them are empty in most worlds, as in life.
pub(super) const DATACENTERS: [(&str, &str); 13] = [
    ("ca1", "CA1 - Canada (Vancouver)"),
    ("ca2", "CA2 - Canada (Toronto)"),
    ("ca3", "CA3 - Canada (Toronto)"),
    ("de1", "DE1 - Germany (Frankfurt)"),
    ("gb1", "GB1 - Great Britain (Portsmouth)"),
    ("gb3", "GB3 - Great Britain (Slough)"),
    ("il1", "IL1 - US Central (Chicago)"),
    ("ny1", "NY1 - US East (New York)"),
    ("sg1", "SG1 - APAC (Singapore)"),
    ("uc1", "UC1 - US West (Santa Clara)"),
    ("ut1", "UT1 - US Central (Salt Lake City)"),
    ("va1", "VA1 - US East (Sterling)"),
    (HOME, "WA1 - US West (Seattle)"),
];

/// Groups may be nested so deep below the root.
const DEEPEST: usize = 31;

const ARCHIVE: &str = "Archive";
const TEMPLATES: &str = "Templates";
const DEFAULT: &str = "Default Group";

/// A group: its data center and the names on the way down to it. The root has no names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Group<'a> {
    datacenter: &'a str,
    path: &'a str,
}

impl<'a> Group<'a> {
    fn names(self) -> impl Iterator<Item = &'a str> {
        self.path.split('/').filter(|name| !name.is_empty())
    }

    /// 32 hex digits, the same every time.
    pub(super) fn id(self, connection: &str) -> String {
        group_id(connection, self.datacenter, self.path)
    }
}

/// Whether it can be the `group` of a server: names with slashes between them. The two groups that hold no running
/// servers are filled by what the servers are.
pub(super) fn is_group_path(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    path.split('/').all(|name| !name.is_empty())
        && path.split('/').count() <= DEEPEST
        && ![ARCHIVE, TEMPLATES].contains(&first)
}

pub(super) fn datacenter_of(server: &SimServer) -> &str {
    server.text("datacenter").unwrap_or(HOME)
}

/// The group that a server is in. Without one of its own it is in the root or in the default group: both happen.
pub(super) fn group_of(serial: Serial, server: &SimServer) -> Group<'_> {
    let path = match server.text("group") {
        _ if views::status(server) == "archived" => ARCHIVE,
        Some(path) => path,
        None if views::flag(server, "template") => TEMPLATES,
        None if serial.is_multiple_of(2) => DEFAULT,
        None => "",
    };
    Group { datacenter: datacenter_of(server), path }
}

fn group_id(connection: &str, datacenter: &str, path: &str) -> String {
    let digest = Sha256::digest(format!("{connection}\n{datacenter}\n{path}"));
    digest.iter().take(16).fold(String::with_capacity(32), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[derive(Serialize)]
struct Datacenter {
    id: &'static str,
    name: &'static str,
    links: Vec<Link>,
}

/// `GET /v2/datacenters/{account}`
pub(super) fn datacenters(world: &ConnectionWorld, request: &Request) -> Response {
    let linked = has(request, "groupLinks", "true");
    let all = DATACENTERS.iter().map(|(id, name)| show_datacenter(world, id, name, linked));
    Response::json(200, &Streamed::new(all))
}

/// `GET /v2/datacenters/{account}/{datacenter}`
pub(super) fn datacenter(world: &ConnectionWorld, id: &str, request: &Request) -> Answer<Response> {
    let (id, name) = DATACENTERS.iter().find(|(own, _)| *own == id).ok_or_else(missing)?;
    let shown = show_datacenter(world, id, name, has(request, "groupLinks", "true"));
    Ok(Response::json(200, &shown))
}

/// The link to the root group is there only for those who ask for it.
fn show_datacenter(
    world: &ConnectionWorld,
    id: &'static str,
    name: &'static str,
    linked: bool,
) -> Datacenter {
    let alias = access::alias(&world.name).to_ascii_lowercase();
    let own = Link { rel: "self", href: format!("/v2/datacenters/{alias}/{id}"), ..Link::default() };
    let root = linked.then(|| {
        let group = group_id(&world.name, id, "");
        Link {
            rel: "group",
            href: views::group_path(&world.name, &group),
            id: Some(group),
            name: Some(root_name(id)),
            verbs: None,
        }
    });
    Datacenter { id, name, links: std::iter::once(own).chain(root).collect() }
}

fn root_name(datacenter: &str) -> String {
    format!("{} Hardware", datacenter.to_ascii_uppercase())
}

fn has(request: &Request, key: &str, value: &str) -> bool {
    let pairs = request.query_pairs().unwrap_or_default();
    pairs.iter().any(|(own, text)| own == key && text == value)
}

/// A group with what is in it.
#[derive(Default)]
struct Node<'a> {
    servers: Vec<(Serial, &'a SimServer)>,
    groups: BTreeMap<&'a str, Node<'a>>,
}

impl<'a> Node<'a> {
    /// The tree of a data center.
    fn root(world: &'a ConnectionWorld, datacenter: &str) -> Self {
        let mut root = Self::default();
        for name in [ARCHIVE, DEFAULT, TEMPLATES] {
            root.groups.insert(name, Self::default());
        }
        for (serial, server) in world.servers().filter(|(_, server)| datacenter_of(server) == datacenter) {
            let path = group_of(serial, server);
            let node = path.names().fold(&mut root, |node, name| node.groups.entry(name).or_default());
            node.servers.push((serial, server));
        }
        root
    }

    /// Itself and its descendants; templates are no servers.
    fn count(&self) -> usize {
        let own = self.servers.iter().filter(|(_, server)| !views::flag(server, "template")).count();
        own + self.groups.values().map(Self::count).sum::<usize>()
    }
}

type Items<'a, T> = Streamed<Box<dyn Iterator<Item = T> + 'a>>;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    id: String,
    name: String,
    /// Missing for groups that the provider made.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'static str>,
    location_id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
    servers_count: usize,
    groups: Items<'a, Shown<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    servers: Option<Items<'a, Server<'a>>>,
    links: Items<'a, Link>,
    change_info: ChangeInfo,
    custom_fields: [(); 0],
}

/// What all groups of an answer have in common.
#[derive(Clone, Copy)]
struct Scene<'a> {
    world: &'a ConnectionWorld,
    datacenter: &'static str,
    /// Whether servers are shown in full.
    detailed: bool,
}

/// `GET /v2/groups/{account}/{id}`: the group and everything below it.
pub(super) fn group(world: &ConnectionWorld, id: &str, request: &Request) -> Answer<Response> {
    let old = world.servers().any(|(_, server)| views::flag(server, "plain_groups"));
    let detailed = has(request, "serverDetail", "detailed") && !old;
    let is_root = |datacenter: &str| group_id(&world.name, datacenter, "") == id;
    let roots = DATACENTERS.iter().map(|(datacenter, _)| *datacenter);
    // Most calls are for roots: the other trees need not be grown for them.
    let (first, rest): (Vec<_>, Vec<_>) = roots.partition(|datacenter| is_root(datacenter));
    for datacenter in first.into_iter().chain(rest) {
        let root = Node::root(world, datacenter);
        let scene = Scene { world, datacenter, detailed };
        if let Some((path, node)) = scene.find(&root, String::new(), id) {
            return Ok(Response::json(200, &scene.show(&path, node)));
        }
    }
    Err(missing())
}

impl<'a> Scene<'a> {
    fn find<'n>(self, node: &'n Node<'a>, path: String, id: &str) -> Option<(String, &'n Node<'a>)> {
        if group_id(&self.world.name, self.datacenter, &path) == id {
            return Some((path, node));
        }
        node.groups.iter().find_map(|(name, child)| self.find(child, below(&path, name), id))
    }

    fn show<'n>(self, path: &str, node: &'n Node<'a>) -> Shown<'n>
    where
        'a: 'n,
    {
        let connection = self.world.name.as_str();
        let kind = match path {
            ARCHIVE => "archive",
            TEMPLATES => "templates",
            _ => "default",
        };
        let id = group_id(connection, self.datacenter, path);
        let name = path.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned);
        let servers = self.detailed.then(|| {
            let all =
                node.servers.iter().map(move |(serial, server)| views::server(connection, *serial, server));
            Streamed::new(Box::new(all) as Box<dyn Iterator<Item = Server<'n>> + 'n>)
        });
        let own = Link {
            rel: "self",
            href: views::group_path(connection, &id),
            id: Some(id.clone()),
            ..Link::default()
        };
        let links = std::iter::once(own).chain(node.servers.iter().map(move |(_, server)| {
            let id = server.id.as_deref().unwrap_or_default();
            // Upper case in one, lower case in the other: so the samples have it.
            Link {
                rel: "server",
                href: views::server_path(connection, id),
                id: Some(id.to_uppercase()),
                ..Link::default()
            }
        }));
        let parent = path.to_owned();
        let groups = node.groups.iter().map(move |(name, child)| self.show(&below(&parent, name), child));
        Shown {
            id,
            name: name.unwrap_or_else(|| root_name(self.datacenter)),
            description: (!matches!(path, "" | ARCHIVE | TEMPLATES)).then_some(""),
            location_id: self.datacenter.to_ascii_uppercase(),
            kind,
            status: "active",
            // The recordings have it so: no check for anybody.
            servers_count: if kind == "default" { node.count() } else { 0 },
            groups: Streamed::new(Box::new(groups)),
            servers,
            links: Streamed::new(Box::new(links)),
            change_info: ChangeInfo::of(connection, crate::simulator::Moment::default()),
            custom_fields: [],
        }
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}
