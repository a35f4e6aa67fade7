//! Live servers as YAML that can be pasted into a fleet file. Written so that no reader of any YAML dialect is
//! misled: names, ids and power states are quoted.

use crate::model::{ConnectionName, LiveServer, Power};
use std::collections::HashMap;
use std::fmt::Write;

/// Entries for servers that the file does not have. `all` are the connection's live servers: a name that several
/// of them have is bound by id.
pub fn import_yaml(
    missing: &[(ConnectionName, Vec<LiveServer>)],
    all: &HashMap<ConnectionName, Vec<LiveServer>>,
) -> String {
    let mut out = String::from("version: 1\n");
    if missing.iter().all(|(_, servers)| servers.is_empty()) {
        out.push_str("servers: []\n");
        return out;
    }
    out.push_str("servers:\n");
    for (connection, servers) in missing {
        let mut names: HashMap<&str, usize> = HashMap::new();
        for name in all.get(connection).into_iter().flatten().filter_map(|server| server.name.as_ref()) {
            *names.entry(name.as_str()).or_default() += 1;
        }
        for server in servers {
            entry(&mut out, connection, server, &names);
        }
    }
    out
}

fn entry(out: &mut String, connection: &ConnectionName, server: &LiveServer, names: &HashMap<&str, usize>) {
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
    if let Some(id) = server.id.as_ref().filter(|_| names.get(name.as_str()).is_some_and(|count| *count > 1))
    {
        let _ = writeln!(out, "    id: {}", quoted(id.as_str()));
    }
    let power = server.state.settled_power().map_or("any", Power::word);
    let _ = writeln!(out, "    power: {}", quoted(power));
    if server.state.settled_power().is_none() {
        let word = server.state.to_string().replace(['\n', '\r'], " ");
        let _ = writeln!(out, "    # its state was: {word}");
    }
}

/// A double-quoted YAML scalar: JSON's escapes are a subset of YAML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
