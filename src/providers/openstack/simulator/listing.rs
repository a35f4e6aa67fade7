//! `GET /servers` and `GET /servers/detail`: filters, order, pages.

use super::Answer;
use super::envelope::{bad_request, fault};
use super::microversion::Microversion;
use super::pattern::Pattern;
use super::states::{self, Phase};
use super::views::{self, View};
use crate::simulator::{ConnectionWorld, Request, Response, Serial, SimServer};

/// The most servers that a page holds where the world does not say.
const SITE_LIMIT: usize = 1000;

/// How much a list tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    Names,
    Detail,
}

/// In which order servers are listed.
#[derive(Clone, Copy, Debug, Default)]
enum Key {
    #[default]
    Created,
    Name,
    Id,
}

#[derive(Debug, Default)]
struct Query {
    limit: Option<usize>,
    marker: Option<String>,
    name: Option<Pattern>,
    status: Option<String>,
    key: Key,
    ascending: bool,
}

pub(super) fn list(
    world: &ConnectionWorld,
    request: &Request,
    view: &View,
    depth: Depth,
) -> Answer<Response> {
    let pairs = request.query_pairs().ok_or_else(|| bad_request("The query is not UTF-8."))?;
    let query = Query::parse(&pairs, view.version)?;
    let most = world.manner.page_size.unwrap_or(SITE_LIMIT);
    let limit = query.limit.map_or(most, |limit| limit.min(most));
    let ordered = query.ordered(world);
    let first = match &query.marker {
        None => 0,
        Some(marker) => {
            let is_it = |(_, server): &(Serial, &SimServer)| server.id.as_deref() == Some(marker);
            let at = ordered.iter().position(is_it);
            at.ok_or_else(|| bad_request(&format!("marker [{marker}] not found")))? + 1
        }
    };
    let wanted = ordered.into_iter().skip(first).filter(|(_, server)| query.wants(server, view));
    let page: Vec<_> = wanted.take(limit).collect();
    // A page that is full promises another one, whether or not there is anything on it.
    let full = limit > 0 && page.len() == limit;
    let last = page.last().and_then(|(_, server)| server.id.as_deref()).filter(|_| full);
    let next = last.map(|last| view.next_link(depth, &pairs, last));
    Ok(views::list(&page, view, depth, next))
}

impl Query {
    fn parse(pairs: &[(String, String)], version: Microversion) -> Answer<Self> {
        let mut query = Self::default();
        for (at, (key, value)) in pairs.iter().enumerate() {
            if pairs[..at].iter().any(|(earlier, _)| earlier == key) {
                return Err(bad_request(&format!(
                    "Invalid input for query parameters {key}. It is given twice."
                )));
            }
            query.take(key, value, version)?;
        }
        Ok(query)
    }

    fn take(&mut self, key: &str, value: &str, version: Microversion) -> Answer<()> {
        let bad = || bad_request(&format!("Invalid input for query parameters {key}. Value: {value}"));
        match key {
            "limit" => {
                let digits = value.chars().all(|c| c.is_ascii_digit());
                self.limit = Some(value.parse().ok().filter(|_| digits).ok_or_else(bad)?);
            }
            "marker" => self.marker = Some(value.to_owned()),
            "name" => self.name = Some(Pattern::parse(value).ok_or_else(bad)?),
            "status" => self.status = Some(status(value, version)?),
            "sort_key" => {
                self.key = match value {
                    "created_at" => Key::Created,
                    "display_name" => Key::Name,
                    "uuid" => Key::Id,
                    _ => return Err(bad()),
                }
            }
            "sort_dir" => {
                self.ascending = match value {
                    "asc" => true,
                    "desc" => false,
                    _ => return Err(bad()),
                }
            }
            "changes-since" => return Err(bad()),
            "all_tenants" => {
                let text =
                    "Policy doesn't allow os_compute_api:servers:detail:get_all_tenants to be performed.";
                return Err(fault(403, text));
            }
            _ if version >= Microversion(75) => {
                let text = format!("Additional properties are not allowed ('{key}' was unexpected)");
                return Err(bad_request(&text));
            }
            _ => {}
        }
        Ok(())
    }

    fn ordered<'a>(&self, world: &'a ConnectionWorld) -> Vec<(Serial, &'a SimServer)> {
        let mut all: Vec<_> = world.servers().collect();
        match self.key {
            Key::Created => {}
            Key::Name => all.sort_by_key(|(_, server)| &server.name),
            Key::Id => all.sort_by_key(|(_, server)| &server.id),
        }
        if !self.ascending {
            all.reverse();
        }
        all
    }

    /// A server of which nothing is known passes no filter.
    fn wants(&self, server: &SimServer, view: &View) -> bool {
        if states::is_unreachable(server) {
            return view.shows_unreachable() && self.name.is_none() && self.status.is_none();
        }
        let status = Phase::of(server).status();
        self.name.as_ref().is_none_or(|pattern| pattern.matches(&server.name))
            && self.status.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(status))
    }
}

/// An unknown one is refused from 2.38 on; before that nothing has it.
fn status(text: &str, version: Microversion) -> Answer<String> {
    if text.eq_ignore_ascii_case("DELETED") || text.eq_ignore_ascii_case("SOFT_DELETED") {
        return Err(fault(403, "Only administrators may list deleted instances"));
    }
    if states::is_known_status(text) {
        Ok(text.to_owned())
    } else if version >= Microversion(38) {
        Err(bad_request("Invalid status value"))
    } else {
        Ok("-".to_owned())
    }
}
