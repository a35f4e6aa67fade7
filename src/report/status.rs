//! The live servers against the file, one line each.

use super::paint::{Paint, safe};
use crate::diff::{Binding, LiveIndex, bind_all};
use crate::model::{Address, DesiredServer, Presence, ServerId, ServerName};
use crate::plan::{Inputs, Plan, effective};
use serde::Serialize;
use std::collections::HashMap;
use std::fmt::Write;

/// One entry of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusRow {
    /// Its address.
    pub address: Address,
    /// The live server's id.
    pub id: Option<ServerId>,
    /// The live server's name.
    pub live_name: Option<ServerName>,
    /// Whether that is another name than the declared one, as the provider compares names.
    #[serde(skip)]
    pub is_called_otherwise: bool,
    /// The live state, for people; `null` where no server is bound.
    pub live: Option<String>,
    /// What is wanted: `on`, `off`, `suspended`, `any` or `absent`.
    pub wanted: String,
    /// `ok`, the pending actions, `waiting:` and what is withheld, or the code of the problem.
    pub status: String,
    /// The rule that governs it, where the file does not list it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// Lines up the selected entries with what is there and what the plan says of them.
pub fn status_rows(inputs: &Inputs<'_>, plan: &Plan) -> Vec<StatusRow> {
    let changes: HashMap<&Address, String> = plan
        .changes
        .iter()
        .map(|c| (&c.address, c.actions.iter().map(|verb| verb.phrase()).collect::<Vec<_>>().join(", ")))
        .collect();
    // The first of a server is its worst.
    let mut problems: HashMap<&Address, &str> = HashMap::new();
    for problem in &plan.problems {
        problems.entry(&problem.address).or_insert(problem.code.as_str());
    }
    let waiting: HashMap<&Address, String> = plan
        .withheld
        .iter()
        .map(|one| {
            let actions: Vec<&str> = one.actions.iter().map(|verb| verb.phrase()).collect();
            (&one.address, format!("waiting: {}", actions.join(", ")))
        })
        .collect();
    let desired = effective(inputs);
    let mut rows = Vec::new();
    for connection in inputs.live {
        let entries: Vec<&DesiredServer> =
            desired.iter().filter(|entry| entry.address.connection == connection.name).collect();
        let servers = connection.servers.as_deref().unwrap_or(&[]);
        let case = connection.capabilities.names.case;
        let index = LiveIndex::new(servers, &connection.capabilities.names);
        for (entry, binding) in entries.iter().zip(bind_all(&entries, &index)) {
            if !inputs.options.selects(entry) {
                continue;
            }
            let live = match binding {
                Binding::Bound(at) | Binding::Claimed { live: at, .. } => servers.get(at),
                _ => None,
            };
            let all = Address::new(connection.name.clone(), "*".into());
            let pending = changes.get(&entry.address).cloned();
            let problem =
                problems.get(&entry.address).or_else(|| problems.get(&all)).map(|code| (*code).to_owned());
            let live_name = live.and_then(|live| live.name.clone());
            let is_same = |name: &ServerName| case.same(name.as_str(), entry.address.name.as_str());
            rows.push(StatusRow {
                is_called_otherwise: live_name.as_ref().is_some_and(|name| !is_same(name)),
                live_name,
                address: entry.address.clone(),
                id: live.and_then(|live| live.id.clone()),
                live: live.map(|live| live.state.to_string()),
                wanted: if entry.presence == Presence::Absent {
                    "absent".into()
                } else {
                    // Schedules and holds are in it already.
                    entry.power.to_string()
                },
                rule: entry.rule.as_deref().map(str::to_owned),
                status: match (pending, waiting.get(&entry.address)) {
                    (Some(pending), Some(waits)) => format!("{pending}; {waits}"),
                    (pending, waits) => {
                        pending.or_else(|| waits.cloned()).or(problem).unwrap_or_else(|| "ok".into())
                    }
                },
            });
        }
    }
    rows.sort_by(|a, b| a.address.cmp(&b.address));
    rows
}

/// The rows as an aligned table.
pub fn status_text(rows: &[StatusRow], plan: &Plan, paint: Paint) -> String {
    let mut out = String::new();
    let cells: Vec<[String; 4]> = rows.iter().map(cells).collect();
    let head = ["SERVER", "LIVE", "WANTED", "STATUS"].map(str::to_owned);
    let width = |at: usize| {
        cells.iter().chain([&head]).map(|row: &[String; 4]| row[at].chars().count()).max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2)];
    for (at, row) in std::iter::once(&head).chain(&cells).enumerate() {
        let status = match (at, row[3].as_str()) {
            (0, text) => text.to_owned(),
            (_, "ok") => paint.green("ok"),
            (_, text) => paint.yellow(text),
        };
        let [a, b, c] = widths;
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{:<a$}  {:<b$}  {:<c$}  {status}", row[0], row[1], row[2]);
    }
    let ok = rows.iter().filter(|row| row.status == "ok").count();
    let rest = rows.len() - ok;
    let governed = match plan.summary.governed {
        0 => String::new(),
        count => format!(", {count} governed by rules"),
    };
    let _ = writeln!(out, "\n{ok} as declared, {rest} not; {} unmanaged{governed}.", plan.summary.unmanaged);
    out
}

fn cells(row: &StatusRow) -> [String; 4] {
    let mut name = safe(&row.address.to_string());
    if let Some(live) = row.live_name.as_ref().filter(|_| row.is_called_otherwise) {
        let _ = write!(name, " (now {})", safe(live.as_str()));
    }
    let mut wanted = row.wanted.clone();
    if let Some(rule) = &row.rule {
        let _ = write!(wanted, " (rule {})", safe(rule));
    }
    [name, safe(row.live.as_deref().unwrap_or("-")), wanted, row.status.clone()]
}
