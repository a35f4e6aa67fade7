//! `GoGrid`'s answers to the model, and nothing else.

use super::wire::{Envelope, Id, Item, Summary, Word};
use crate::http::Answer;
use crate::model::{LiveServer, LiveState, Power, ServerId, Settles};
use crate::provider::{Cursor, Error, ErrorKind, Job, Mark, Part};
use jiff::Timestamp;

/// A clock that differs by more is named in the error and made up for, once.
pub(super) const TOLERATED_SKEW_SECONDS: i64 = 60;

/// More pages than any account has: a count beyond is no count.
const MOST_PAGES: u64 = 50_000;

/// What a call came to: its list, or a refusal that says so in its envelope.
pub(super) enum Outcome<'a> {
    Success(Envelope<'a>),
    NothingFound,
}

/// Judges an answer by HTTP status and envelope together: an HTTP 200 may hold a failure.
pub(super) fn judge(answer: &Answer) -> Result<Outcome<'_>, Error> {
    let envelope = serde_json::from_slice::<Envelope>(&answer.body).ok();
    match (answer.status, envelope) {
        (200, Some(envelope)) if envelope.status == "success" => Ok(Outcome::Success(envelope)),
        (200, None) => {
            Err(answer.json::<Envelope>().err().unwrap_or_else(|| answer.garbage(&answer.described())))
        }
        (200 | 400, Some(envelope)) if envelope.status == "failure" => {
            let text = error_text(&envelope.list);
            // "No object found" is how this API says 404 (jclouds GoGridErrorHandler).
            if answer.status == 400 && text.as_deref().is_some_and(|text| text.contains("No object found")) {
                return Ok(Outcome::NothingFound);
            }
            let text = text.unwrap_or_else(|| "no reason is given".into());
            Err(Error::new(ErrorKind::Refused, format!("{} was refused: {text}", answer.asked))
                .with_status(answer.status))
        }
        (_, envelope) => Err(failure(answer, envelope.and_then(|e| error_text(&e.list)).as_deref())),
    }
}

fn error_text(list: &[Item<'_>]) -> Option<String> {
    let item = list.iter().find(|item| item.message.is_some() || item.errorcode.is_some())?;
    Some(match (&item.errorcode, &item.message) {
        (Some(code), Some(message)) => format!("{message} ({code})"),
        (Some(text), None) | (None, Some(text)) => text.clone(),
        (None, None) => return None,
    })
}

fn failure(answer: &Answer, says: Option<&str>) -> Error {
    match answer.status {
        // The wrong way round from HTTP's usual meaning: 401 is the role, 403 the key, the secret or the clock.
        401 => answer
            .failure_as(ErrorKind::Forbidden, "the key's role may not do this", says)
            .with_hint("power and delete need the key of a Super or System User"),
        403 => {
            let off = skew_seconds(answer).filter(|skew| skew.abs() > TOLERATED_SKEW_SECONDS);
            let clock = off.map_or_else(
                || "this machine's clock is off".to_owned(),
                |skew| {
                    let way = if skew > 0 { "behind" } else { "ahead of" };
                    format!("the clock: this machine's is {} s {way} the server's", skew.abs())
                },
            );
            let hint = format!("wrong api_key or secret, or {clock}; the signature holds the time");
            answer.failure_as(ErrorKind::Auth, "the key or its signature was refused", says).with_hint(hint)
        }
        404 => answer.failure(says).with_hint("no such method: the endpoint must end in /api"),
        _ => answer.failure(says),
    }
}

/// Servers of one page; the pages that follow are named by the first one.
pub(super) fn page(answer: &Answer, number: u64) -> Result<Part, Error> {
    let Outcome::Success(envelope) = judge(answer)? else {
        // Documented of `get` alone: of a list it is a refusal like any other, and never an empty list.
        let text = format!("{} was refused: no object found", answer.asked);
        return Err(Error::new(ErrorKind::Refused, text).with_status(answer.status));
    };
    let Some(summary) = envelope.summary else {
        return Err(answer.garbage("a list without a summary"));
    };
    if summary.returned != envelope.list.len() as u64 {
        return Err(answer.garbage(&format!(
            "a list of {} servers that claims to hold {}",
            envelope.list.len(),
            summary.returned
        )));
    }
    let next = if number == 0 { pages_after_the_first(answer, summary)? } else { Vec::new() };
    let servers = envelope.list.into_iter().map(|item| live(answer, item)).collect::<Result<_, _>>()?;
    Ok(Part { servers, next, total: Some(summary.total) })
}

fn pages_after_the_first(answer: &Answer, summary: Summary) -> Result<Vec<Cursor>, Error> {
    if summary.returned == 0 || summary.start.saturating_add(summary.returned) >= summary.total {
        return Ok(Vec::new());
    }
    let pages = summary.total.div_ceil(summary.returned).max(summary.numpages);
    if pages > MOST_PAGES {
        return Err(answer.garbage(&format!("a list that claims to have {pages} pages")));
    }
    Ok((1..pages).map(|page| Cursor::At(page.to_string())).collect())
}

/// How many seconds the server's clock is ahead of ours, where it says its time.
pub(super) fn skew_seconds(answer: &Answer) -> Option<i64> {
    Some(answer.date()?.as_second() - Timestamp::now().as_second())
}

/// The one server asked for.
pub(super) fn one(answer: &Answer, id: &ServerId) -> Result<Option<LiveServer>, Error> {
    let Outcome::Success(envelope) = judge(answer)? else { return Ok(None) };
    let wanted =
        envelope.list.into_iter().find(|item| item.id.as_ref().is_some_and(|own| own.is(id.as_str())));
    let missing = || answer.garbage("another server than the one asked for");
    live(answer, wanted.ok_or_else(missing)?).map(Some)
}

fn live(answer: &Answer, item: Item<'_>) -> Result<LiveServer, Error> {
    let Some(name) = item.name else {
        return Err(answer.garbage("a server without a name"));
    };
    let Some(id) = item.id.map(Id::into_text).filter(|id| !id.is_empty()) else {
        // For minutes after a server was added (grid.server.list and .add samples).
        let state = LiveState::Transition { word: "being added, without an id yet".into(), into: None };
        return Ok(LiveServer { id: None, ..LiveServer::new("", name, state) });
    };
    Ok(LiveServer::new(id, name, state(item.state.as_ref())))
}

/// The `server.state` lookup table. Decided by id; by name where the id is unknown.
fn state(word: Option<&Word<'_>>) -> LiveState {
    let Some(word) = word else { return LiveState::Unrecognised("no state".into()) };
    let number = word.id.as_ref().and_then(Id::number);
    let by_id = number.and_then(|number| table(|row| row.0 == number));
    let by_name = || word.name.as_ref().and_then(|name| table(|row| row.1 == name));
    by_id.or_else(by_name).unwrap_or_else(|| {
        let shown = word.name.as_deref().map(str::to_owned).or(number.map(|number| number.to_string()));
        LiveState::Unrecognised(shown.as_deref().unwrap_or("no state").into())
    })
}

type Row = (u64, &'static str, Option<Power>, bool);

/// Id, name, where it settles (if told), whether it is settled already.
const STATES: [Row; 11] = [
    (1, "On", Some(Power::On), true),
    (1, "Started", Some(Power::On), true),
    (2, "Starting", Some(Power::On), false),
    (3, "Off", Some(Power::Off), true),
    (4, "Stopping", Some(Power::Off), false),
    (5, "Restarting", Some(Power::On), false),
    (6, "Saving", None, false),
    (7, "Restoring", None, false),
    (8, "Updating", None, false),
    (9, "On/Saving", Some(Power::On), false),
    (10, "Off/Saving", Some(Power::Off), false),
];

fn table(wanted: impl Fn(&Row) -> bool) -> Option<LiveState> {
    STATES.iter().find(|row| wanted(row)).map(|&(_, word, power, settled)| match power {
        Some(power) if settled => LiveState::Settled(power),
        into => LiveState::Transition { word: word.into(), into: into.map(Settles::Power) },
    })
}

/// The id of the newest job of a listing, empty where there is none.
pub(super) fn newest(answer: &Answer) -> Result<(Mark, Option<Job>), Error> {
    let Outcome::Success(envelope) = judge(answer)? else { return Ok((Mark(String::new()), None)) };
    let Some(item) = envelope.list.into_iter().next() else { return Ok((Mark(String::new()), None)) };
    let Some(id) = item.id.map(Id::into_text) else { return Err(answer.garbage("a job without an id")) };
    let job = item.currentstate.as_ref().map_or(Job::NoRecords, |word| job(&id, word));
    Ok((Mark(id), Some(job)))
}

/// By name first: the numbers of the three failures are the order of jclouds' list, not a documented table.
fn job(id: &str, word: &Word<'_>) -> Job {
    let name = word.name.as_deref().unwrap_or_default();
    let number = word.id.as_ref().and_then(Id::number);
    match (name.to_ascii_lowercase().as_str(), number) {
        ("created" | "queued" | "processing", _) | ("", Some(7 | 1 | 2)) => Job::Running,
        ("succeeded", _) | ("", Some(3)) => Job::Succeeded,
        ("failed" | "canceled" | "cancelled" | "fatal", _) | ("", Some(4..=6)) => {
            let word = if name.is_empty() { "failed" } else { name };
            Job::Failed(format!("job {id} ended as {word}"))
        }
        _ => Job::NoRecords,
    }
}
