//! How things are, in one sentence, and what is out of the ordinary.

use super::cells::{count, count_of, shortened, since};
use crate::plan::Severity;
use crate::report::hypertext::{code, text};
use crate::watch::Status;
use jiff::Timestamp;

/// How somebody who looks should feel; never by colour alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mood {
    Good,
    Held,
    Warn,
    Bad,
}

impl Mood {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Held => "held",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

pub(super) struct Notice {
    pub(super) mood: Mood,
    pub(super) html: String,
}

pub(super) struct Verdict {
    pub(super) mood: Mood,
    /// Plain text.
    pub(super) words: String,
    pub(super) notices: Vec<Notice>,
}

/// Rounds that may be missed before that is worth a word.
const LATE: f64 = 3.0;

pub(super) fn verdict(status: &Status, now: Timestamp) -> Verdict {
    let notices = notices(status, now);
    let unreadable = status.connections.iter().filter(|one| one.failure.is_some()).count();
    let errors = status.problems.iter().filter(|one| one.severity == Severity::Error).count();
    let drift = status.drift.len();
    let (mood, words) = if status.last_round.is_none() {
        (Mood::Held, "The first round has not ended yet".to_owned())
    } else if unreadable > 0 {
        let all = count_of(status.connections.len(), "connection");
        (Mood::Bad, format!("{} of {all} cannot be read", count(unreadable as u64)))
    } else if !status.contested.is_empty() {
        let servers = count_of(status.contested.len(), "server");
        (Mood::Bad, format!("{servers} changed by somebody else, again and again"))
    } else if drift > 0 {
        let is = if drift == 1 { "is" } else { "are" };
        (Mood::Warn, format!("{} {is} not as declared", count_of(drift, "server")))
    } else if errors > 0 {
        (Mood::Warn, format!("{} in the plan", count_of(errors, "problem")))
    } else {
        (Mood::Good, "Everything is as declared".to_owned())
    };
    let worst = notices.iter().map(|notice| notice.mood).max().unwrap_or(mood);
    let mood = if worst >= Mood::Warn { mood.max(worst) } else { mood };
    Verdict { mood, words, notices }
}

fn notices(status: &Status, now: Timestamp) -> Vec<Notice> {
    let mut notices = Vec::new();
    let mut add = |mood, html| notices.push(Notice { mood, html });
    let began = status.last_round.as_ref().map(|round| round.began_at);
    if let Some(began) = began.filter(|began| late(*began, status.interval, now)) {
        add(Mood::Bad, format!("<b>Late:</b> the last round that ended began {}", since(began, now)));
    }
    for hold in status.holds.iter().filter(|hold| hold.what == "freeze") {
        add(
            Mood::Held,
            format!(
                "<b>Frozen</b> by {} until {}: {}",
                text(&hold.by),
                since(hold.until, now),
                text(&shortened(&hold.reason))
            ),
        );
    }
    if let Some(why) = &status.file.rejected {
        let when = status.file.rejected_at.map(|at| format!(" {}", since(at, now))).unwrap_or_default();
        add(
            Mood::Bad,
            format!("<b>File rejected</b>{when}, the one before stays in force: {}", text(&shortened(why))),
        );
    }
    for connection in &status.connections {
        if let Some(why) = &connection.stopped {
            add(
                Mood::Bad,
                format!(
                    "<b>Nothing is put right</b> on {}: {}",
                    code(connection.name.as_str()),
                    text(&shortened(why))
                ),
            );
        }
    }
    if let Some(why) = status.last_round.as_ref().and_then(|round| round.trouble.as_ref()) {
        add(Mood::Warn, format!("<b>The last round</b>: {}", text(&shortened(why))));
    }
    notices
}

fn late(began: Timestamp, interval: f64, now: Timestamp) -> bool {
    now.duration_since(began).as_secs_f64() > (interval * LATE).max(60.0)
}
