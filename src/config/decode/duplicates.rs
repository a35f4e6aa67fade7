//! One server listed twice, under the rules by which its provider compares names and ids.

use super::servers::KnownConnections;
use crate::config::diagnostic::{Diagnostic, TO_LINE_END, quote};
use crate::config::findings::Findings;
use crate::model::{CaseRule, DesiredServer, ServerId, ServerName};
use foldhash::{HashMap, HashMapExt};
use std::borrow::Cow;
use std::collections::hash_map::Entry;

/// What makes two entries the same server.
struct Trait {
    code: &'static str,
    what: &'static str,
    text: fn(&DesiredServer) -> Option<&str>,
    is_id: bool,
}

const TRAITS: [Trait; 3] = [
    Trait {
        code: "duplicate_server",
        what: "the server",
        text: |server| Some(server.address.name.as_str()),
        is_id: false,
    },
    Trait {
        code: "duplicate_id",
        what: "the id",
        text: |server| server.id.as_ref().map(ServerId::as_str),
        is_id: true,
    },
    Trait {
        code: "duplicate_renamed_from",
        what: "the old name",
        text: |server| server.renamed_from.as_ref().map(ServerName::as_str),
        is_id: false,
    },
];

/// Reports every server that is listed twice. `connections` holds the index of each server's connection.
pub(super) fn report(
    servers: &[DesiredServer],
    connections: &[usize],
    known: &KnownConnections,
    findings: &mut Findings,
) {
    for kind in &TRAITS {
        let mut counts = vec![0; known.list.len()];
        for (server, connection) in servers.iter().zip(connections) {
            if let (Some(_), Some(count)) = ((kind.text)(server), counts.get_mut(*connection)) {
                *count += 1;
            }
        }
        let mut seen: Vec<HashMap<Cow<'_, str>, &DesiredServer>> =
            counts.into_iter().map(HashMap::with_capacity).collect();
        for (server, connection) in servers.iter().zip(connections) {
            let Some(text) = (kind.text)(server) else { continue };
            let Some(seen) = seen.get_mut(*connection) else { continue };
            let rules = known.list.get(*connection).and_then(|known| known.rules);
            let case = rules.map_or(CaseRule::Exact, |r| if kind.is_id { r.id_case } else { r.case });
            match seen.entry(case.key(text)) {
                Entry::Vacant(free) => drop(free.insert(server)),
                Entry::Occupied(first) => findings.push(finding(kind, server, text, first.get())),
            }
        }
    }
}

fn finding(kind: &Trait, server: &DesiredServer, text: &str, first: &DesiredServer) -> Diagnostic {
    let first_text = (kind.text)(first).unwrap_or_default();
    let as_written = if first_text == text {
        String::new()
    } else {
        format!(" (as {}: its provider compares them in any letter case)", quote(first_text))
    };
    let connection = &server.address.connection;
    let message = format!("{} {} is listed twice on {connection}{as_written}", kind.what, quote(text));
    Diagnostic::error(kind.code, message)
        .at(server.location.clone())
        .related("listed first here", first.location.clone())
        .related_width(TO_LINE_END)
        .cure("remove one of the two entries")
}
