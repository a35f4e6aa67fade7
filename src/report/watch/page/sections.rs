//! The tables of the page, in the order in which somebody who is called at night wants them.

use super::cells::{Table, clock, count, prose, since, tag};
use crate::model::Verb;
use crate::plan::Severity;
use crate::report::hypertext::{code, text};
use crate::report::watch::Served;
use crate::watch::{
    ConnectionStatus, Contested, Correction, Drift, HoldStatus, NotificationStatus, OnDrift, Upcoming,
};
use jiff::Timestamp;
use std::fmt::Write;

pub(super) fn all(out: &mut String, served: Served<'_>, now: Timestamp) {
    let status = served.status;
    drift(out, &status.drift, now);
    if !status.contested.is_empty() {
        contested(out, &status.contested, now);
    }
    if !status.problems.is_empty() {
        problems(out, served);
    }
    connections(out, &status.connections, now);
    holds(out, &status.holds, now);
    upcoming(out, &status.upcoming, now);
    recent(out, &status.recent, now);
    if !served.notifications.is_empty() {
        notifications(out, served.notifications, now);
    }
    files(out, served, now);
}

fn verbs(actions: &[Verb]) -> String {
    actions.iter().map(|verb| tag(danger(*verb), verb.phrase())).collect::<Vec<_>>().join(" ")
}

fn danger(verb: Verb) -> &'static str {
    match verb {
        Verb::Delete => "bad",
        Verb::PowerOff | Verb::Suspend | Verb::Reboot => "warn",
        Verb::PowerOn | Verb::Rename => "good",
    }
}

fn drift(out: &mut String, drift: &[Drift], now: Timestamp) {
    let table = Table {
        id: "drift",
        title: "Drift",
        columns: &["Server", "Needs", "Change", "Why", "Since", "What is done"],
        empty: "No server differs from what is declared.",
    };
    table.write(out, drift, |one| {
        let mut done = match one.on_drift {
            OnDrift::Enforce => tag("good", "enforce"),
            OnDrift::Report => tag("held", "report"),
            OnDrift::Ignore => tag("", "ignore"),
        };
        if let Some(why) = &one.held_back {
            let _ = write!(done, " held back: {}", prose(why));
        }
        if let Some(at) = one.next_try_at {
            let _ = write!(done, " next try {}", since(at, now));
        }
        vec![
            code(&one.address.to_string()),
            verbs(&one.actions),
            prose(&one.words.replace(" -> ", " → ")),
            prose(&one.reasons.join(", ")),
            since(one.since, now),
            done,
        ]
    });
}

fn contested(out: &mut String, contested: &[Contested], now: Timestamp) {
    let table = Table {
        id: "contested",
        title: "Contested",
        columns: &["Server", "Left alone since", "Put right", "Last undone", "Who else, and what to do"],
        empty: "",
    };
    table.write(out, contested, |one| {
        vec![
            code(&one.address.to_string()),
            since(one.since, now),
            format!("{} times", count(one.corrections)),
            one.undone_at.map_or_else(dash, |at| since(at, now)),
            prose(&one.message),
        ]
    });
}

fn problems(out: &mut String, served: Served<'_>) {
    let table = Table {
        id: "problems",
        title: "Problems",
        columns: &["Server", "Problem", "Message", "Place"],
        empty: "",
    };
    table.write(out, &served.status.problems, |one| {
        let class = if one.severity == Severity::Error { "bad" } else { "warn" };
        let word = if one.severity == Severity::Error { "error" } else { "warning" };
        vec![
            code(&one.address.to_string()),
            format!("{} {}", tag(class, word), code(one.code.as_str())),
            prose(&one.message),
            one.location.as_ref().map_or_else(dash, |at| code(&format!("{}:{}", at.file, at.line))),
        ]
    });
}

fn connections(out: &mut String, connections: &[ConnectionStatus], now: Timestamp) {
    let table = Table {
        id: "connections",
        title: "Connections",
        columns: &["Connection", "State", "Servers", "Read", "Calls"],
        empty: "There are no connections.",
    };
    table.write(out, connections, |one| {
        let mut state = match (&one.failure, one.read_at, &one.stopped) {
            (Some(_), _, _) => tag("bad", "cannot be read"),
            (None, _, Some(_)) => tag("warn", "nothing is put right"),
            (None, Some(_), None) => tag("good", "ok"),
            (None, None, None) => tag("held", "not read yet"),
        };
        if let Some(why) = &one.failure {
            if let Some(at) = one.failing_since {
                let _ = write!(state, " first {}", since(at, now));
            }
            let _ = write!(state, ": {}", prose(why));
            if let Some(at) = one.next_try_at {
                let _ = write!(state, "; next try {}", since(at, now));
            }
        }
        let errors =
            if one.call_errors == 0 { String::new() } else { format!(", {} failed", count(one.call_errors)) };
        let waited = if one.rate_limit_wait < 0.05 {
            String::new()
        } else {
            format!(", {:.1} s limited", one.rate_limit_wait)
        };
        vec![
            format!("{} {}", code(one.name.as_str()), text(&one.type_name)),
            state,
            servers(one),
            one.read_at.map_or_else(|| "never".into(), |at| since(at, now)),
            format!("{}{errors}{waited}", count(one.calls)),
        ]
    });
}

/// Its servers by state, whatever their policy.
fn servers(connection: &ConnectionStatus) -> String {
    let mut by_state: Vec<(&str, u64)> = Vec::new();
    for one in &connection.servers {
        match by_state.iter_mut().find(|(state, _)| *state == one.state) {
            Some((_, count)) => *count += one.count,
            None => by_state.push((&one.state, one.count)),
        }
    }
    if by_state.is_empty() {
        return dash();
    }
    let words = by_state
        .iter()
        .map(|(state, number)| format!("<b>{}</b> {}", count(*number), text(&state.replace('_', " "))));
    words.collect::<Vec<_>>().join(" · ")
}

fn holds(out: &mut String, holds: &[HoldStatus], now: Timestamp) {
    let table = Table {
        id: "holds",
        title: "Holds",
        columns: &["Servers", "What", "Until", "By", "Reason"],
        empty: "Nothing is held or frozen.",
    };
    table.write(out, holds, |one| {
        vec![
            code(&one.selector),
            tag("held", &one.what),
            clock(one.until, now),
            text(&one.by),
            prose(&one.reason),
        ]
    });
}

fn upcoming(out: &mut String, upcoming: &[Upcoming], now: Timestamp) {
    let table = Table {
        id: "next",
        title: "Next by schedule",
        columns: &["When", "Server", "Power", "Schedule"],
        empty: "No schedule changes anything soon.",
    };
    table.write(out, upcoming, |one| {
        vec![
            clock(one.at, now),
            code(&one.address.to_string()),
            text(&one.power.to_string()),
            text(&one.schedule),
        ]
    });
}

fn recent(out: &mut String, recent: &[Correction], now: Timestamp) {
    let table = Table {
        id: "recent",
        title: "Recent corrections",
        columns: &["Server", "Did", "Outcome", "When", "Evidence"],
        empty: "Nothing has been put right since the start.",
    };
    table.write(out, recent, |one| {
        let class = if one.outcome == "done" { "good" } else { "bad" };
        vec![
            code(&one.address.to_string()),
            verbs(&one.actions),
            tag(class, &one.outcome.replace('_', " ")),
            since(one.at, now),
            prose(&one.detail),
        ]
    });
}

fn notifications(out: &mut String, notifications: &[NotificationStatus], now: Timestamp) {
    let table = Table {
        id: "notifications",
        title: "Notifications",
        columns: &["Receiver", "State", "Sent", "Waiting", "Failed", "Dropped"],
        empty: "",
    };
    table.write(out, notifications, |one| {
        let state = match (&one.trouble, one.last_sent_at) {
            (Some(why), _) => format!("{} {}", tag("bad", "trouble"), prose(why)),
            (None, Some(at)) => format!("{} last {}", tag("good", "ok"), since(at, now)),
            (None, None) => "nothing was sent yet".into(),
        };
        vec![
            format!("{} {}", code(&one.target), text(&one.format)),
            state,
            count(one.sent),
            count(one.queued),
            count(one.failed),
            count(one.dropped),
        ]
    });
}

fn files(out: &mut String, served: Served<'_>, now: Timestamp) {
    let file = &served.status.file;
    let table = Table {
        id: "files",
        title: "Fleet files",
        columns: &["File", "SHA-256", "In force since"],
        empty: "No file is in force.",
    };
    table.write(out, &file.fleet, |one| {
        let print: String = one.sha256.chars().take(16).collect();
        vec![code(&one.path), code(&print), since(file.loaded_at, now)]
    });
}

fn dash() -> String {
    "–".into()
}
