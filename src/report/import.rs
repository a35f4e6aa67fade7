//! Live servers as YAML that can be pasted into a fleet file. Written so that no reader of any YAML dialect is
//! misled: names, ids and power states are quoted.

use super::paint::safe;
use super::yaml::quoted;
use crate::model::{CaseRule, ConnectionName, LiveServer, Power};
use crate::plan::ConnectionLive;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::Write;

/// The longest name that a fleet file takes, in characters.
const MAX_NAME: usize = 255;

/// Entries for servers that the file does not have. `live` is all that the connections have: a name that several of
/// their servers have (in any case, where the provider compares so) is bound by id, and written once only, because an
/// address means one server. What no entry can express is left as a comment.
pub fn import_yaml(missing: &[(ConnectionName, Vec<LiveServer>)], live: &[ConnectionLive<'_>]) -> String {
    let mut out = String::from("version: 1\n");
    let mut entries = String::new();
    for (connection, servers) in missing {
        let whole = live.iter().find(|live| live.name == *connection);
        let case = whole.map_or(CaseRule::Exact, |live| live.capabilities.names.case);
        let all = whole.and_then(|live| live.servers.as_deref().ok()).unwrap_or_default();
        let (live, ours) = (counted(all, case), counted(servers, case));
        let mut written: HashSet<Cow<'_, str>> = HashSet::new();
        let mut sorted: Vec<&LiveServer> = servers.iter().collect();
        sorted.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        for server in sorted {
            let name = case.key(server.name.as_ref().map_or("", |name| name.as_str()));
            let namesakes = live.get(&name).copied().unwrap_or(0);
            // A namesake that the file has already leaves no address for this one.
            let is_free = namesakes <= ours.get(&name).copied().unwrap_or(0);
            match unusable(server, namesakes > 1) {
                Some(why) => left_out(&mut out, connection, server, why),
                None if is_free && written.insert(name) => {
                    entry(&mut entries, connection, server, namesakes > 1);
                }
                None => left_out(&mut out, connection, server, "another live server has the same name"),
            }
        }
    }
    out.push_str(if entries.is_empty() { "servers: []\n" } else { "servers:\n" });
    out.push_str(&entries);
    out
}

/// How many servers have each name.
fn counted(servers: &[LiveServer], case: CaseRule) -> HashMap<Cow<'_, str>, usize> {
    let mut names = HashMap::new();
    for name in servers.iter().filter_map(|server| server.name.as_ref()) {
        *names.entry(case.key(name.as_str())).or_default() += 1;
    }
    names
}

fn entry(out: &mut String, connection: &ConnectionName, server: &LiveServer, by_id: bool) {
    let Some(name) = &server.name else { return };
    // A backslash keeps braces from being expanded when the file is read.
    let literal: String = name
        .as_str()
        .chars()
        .flat_map(|c| matches!(c, '{' | '}' | '\\').then_some('\\').into_iter().chain([c]))
        .collect();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "  - name: {}", quoted(&literal));
    let _ = writeln!(out, "    provider: {}", quoted(connection.as_str()));
    if let Some(id) = server.id.as_ref().filter(|_| by_id) {
        let _ = writeln!(out, "    id: {}", quoted(id.as_str()));
    }
    // Not every provider that shows suspended servers can suspend them, so that is not declared for anybody.
    let power = server.state.settled_power().filter(|power| *power != Power::Suspended);
    let _ = writeln!(out, "    power: {}", quoted(power.map_or("any", Power::word)));
    if power.is_none() {
        let _ = writeln!(out, "    # its state was: {}", safe(&server.state.to_string()));
    }
}

/// Says of a server that no entry can mean it, and how it can be declared all the same.
fn left_out(out: &mut String, connection: &ConnectionName, server: &LiveServer, why: &str) {
    let name = server.name.as_ref().map_or_else(|| "a server without a name".into(), |n| quoted(n.as_str()));
    let id = server.id.as_ref().map_or_else(|| "no id".into(), |id| format!("id {}", quoted(id.as_str())));
    // Writing to a String cannot fail.
    let _ = writeln!(out, "# left out of {}: {name} ({id}): {why}", safe(connection.as_str()));
}

/// Why a fleet file cannot bind the server by what it is called now, if so.
fn unusable(server: &LiveServer, by_id: bool) -> Option<&'static str> {
    let bad = |text: &str| {
        text.is_empty()
            || text.starts_with(char::is_whitespace)
            || text.ends_with(char::is_whitespace)
            || text.chars().any(char::is_control)
            || text.chars().count() > MAX_NAME
    };
    match (&server.name, &server.id) {
        (None, _) => Some("the provider does not say what it is called"),
        (Some(name), _) if bad(name.as_str()) => {
            Some("no entry can have this name; with `id:` and another name it would be renamed")
        }
        (_, None) if by_id => Some("another live server has the same name"),
        (_, Some(id)) if by_id && bad(id.as_str()) => Some("no entry can have this id"),
        _ => None,
    }
}
