//! The service's answers to the model, and nothing else.

use super::access::{Grants, sensitive};
use super::states;
use super::wire::{Login, Page, Projects, Queued, Server, Text};
use crate::http::{Answer, Grant};
use crate::model::{Denial, LiveServer, LiveState, Power, ServerId, Verb};
use crate::provider::{Cursor, Error, ErrorKind, Part, Receipt};
use jiff::Timestamp;
use reqwest::header::HeaderValue;
use serde_json::{Map, Value};
use std::time::Duration;

/// A clock that differs by more is named where a signature is refused.
const TOLERATED_SKEW_SECONDS: i64 = 60;

/// More pages than any project has: a count beyond is no count.
const MOST_PAGES: u64 = 50_000;

/// The most that a token is renewed before its end.
const MARGIN: Duration = Duration::from_mins(5);

/// What a change asked for, which decides what a body of its success may look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Start, stop or reboot: the answer says nothing at all.
    Action,
    /// The answer may show the server.
    Rename,
}

/// Servers of one page; the pages that follow are named by the first one.
pub(super) fn page(answer: &Answer, offset: u64, grants: Grants) -> Result<Part, Error> {
    if answer.status != 200 {
        return Err(failure(answer, grants));
    }
    let page: Page = answer.json()?;
    let count = page.count.map(|count| count.0.parse::<u64>());
    let total = count.transpose().map_err(|_| answer.garbage("a list with a count that is no number"))?;
    let items = match page.items {
        Some(items) => items,
        None if total == Some(0) => Vec::new(),
        None => return Err(answer.garbage("a list without items")),
    };
    let next = following(answer, offset, items.len() as u64, total)?;
    let servers = items.into_iter().map(|server| live(answer, server)).collect::<Result<_, _>>()?;
    Ok(Part { servers, next, total })
}

/// Where the other pages begin, by what really came on the first one: the service may show fewer than asked for.
fn following(answer: &Answer, offset: u64, came: u64, total: Option<u64>) -> Result<Vec<Cursor>, Error> {
    let at = |offset: u64| Cursor::At(offset.to_string());
    match total {
        _ if came == 0 => Ok(Vec::new()),
        // Without a count there is another page until one is empty.
        None => Ok(vec![at(offset.saturating_add(came))]),
        Some(_) if offset > 0 => Ok(Vec::new()),
        Some(total) => {
            let pages = total.div_ceil(came);
            if pages > MOST_PAGES {
                return Err(answer.garbage(&format!("a list that claims to have {pages} pages")));
            }
            Ok((1..pages).map(|page| at(page * came)).collect())
        }
    }
}

/// The one server asked for; it comes without an envelope.
pub(super) fn one(id: &ServerId, answer: &Answer, grants: Grants) -> Result<Option<LiveServer>, Error> {
    match answer.status {
        200 => {
            let server: Server = answer.json()?;
            if server.id.0 != id.as_str() {
                return Err(answer.garbage("another server than the one asked for"));
            }
            live(answer, server).map(Some)
        }
        404 if is_the_service_s(answer) => Ok(None),
        _ => Err(failure(answer, grants)),
    }
}

fn live(answer: &Answer, server: Server) -> Result<LiveServer, Error> {
    if server.id.0.is_empty() {
        return Err(answer.garbage("a server without an id"));
    }
    let state = states::state(&server);
    let frozen = "it is frozen for billing and nothing of the provider resumes it";
    let unpaid = "it is paid by the month or year and must be unsubscribed in the billing service";
    let deny = |verb, why: &str| Denial { verb, why: why.into() };
    let mut denials = Vec::new();
    if state == LiveState::Settled(Power::Suspended) {
        let verbs = [Verb::PowerOn, Verb::PowerOff, Verb::Suspend, Verb::Reboot];
        denials.extend(verbs.map(|verb| deny(verb, frozen)));
    }
    if server.metadata.as_ref().and_then(|metadata| Text::said(metadata.charging_mode.as_ref())) == Some("1")
    {
        denials.push(deny(Verb::Delete, unpaid));
    }
    let name = server.name.map(|name| name.0.into());
    Ok(LiveServer { name, denials, ..LiveServer::new(server.id.0, "", state) })
}

/// Whether a change was taken, for all servers that it named.
pub(super) fn taken(answer: &Answer, asked: Asked, grants: Grants) -> Result<(), Error> {
    if !matches!(answer.status, 200 | 202 | 204) {
        return Err(refusal(answer, grants));
    }
    let fits = match success(answer)? {
        Value::Null => true,
        Value::Object(members) => members.is_empty() || asked == Asked::Rename,
        _ => false,
    };
    if fits { Ok(()) } else { Err(answer.garbage("JSON of another shape")) }
}

/// Whether a deletion was taken. Without a job there was nothing to delete.
pub(super) fn deleted(answer: &Answer, grants: Grants) -> Result<Receipt, Error> {
    if !matches!(answer.status, 200 | 202 | 204) {
        return Err(refusal(answer, grants));
    }
    match success(answer)? {
        Value::Null => Ok(Receipt { ticket: None, already: true }),
        body => {
            let queued = serde_json::from_value::<Queued>(body);
            let queued = queued.map_err(|_| answer.garbage("JSON of another shape"))?;
            let ticket = Text::said(queued.job_id.as_ref()).map(str::to_owned);
            Ok(Receipt { already: ticket.is_none(), ticket })
        }
    }
}

/// The body of a success: nothing, null or an object that is no error.
fn success(answer: &Answer) -> Result<Value, Error> {
    if answer.body.trim_ascii().is_empty() {
        return Ok(Value::Null);
    }
    let body: Value = answer.json()?;
    let is_error = body.as_object().is_some_and(|members| fault_in(members).is_some());
    if is_error { Err(answer.garbage("an error beside a success")) } else { Ok(body) }
}

/// The pass that a login brought: a header. How long it is good for is told by the identity service's own clock.
pub(super) fn grant(answer: &Answer) -> Result<Grant<HeaderValue>, Error> {
    if !matches!(answer.status, 200 | 201) {
        return Err(identity_failure(answer));
    }
    let login: Login = answer.json()?;
    let token = answer.headers.get("x-subject-token").and_then(|token| token.to_str().ok());
    let pass = token.filter(|token| !token.is_empty()).and_then(sensitive);
    let pass = pass.ok_or_else(|| answer.garbage("no token in the header X-Subject-Token"))?;
    let instant = |text: Option<String>| text.and_then(|text| text.parse::<Timestamp>().ok());
    let from = instant(login.token.issued_at).or_else(|| answer.date()).unwrap_or_else(Timestamp::now);
    let lifetime = instant(login.token.expires_at).map(|end| {
        let whole = Duration::try_from(end.duration_since(from)).unwrap_or_default();
        whole.saturating_sub(MARGIN.min(whole / 10))
    });
    Ok(Grant { pass, lifetime })
}

/// The project that is called like the region.
pub(super) fn project(answer: &Answer, region: &str, grants: Grants) -> Result<Grant<String>, Error> {
    if answer.status == 401 {
        return Err(unauthorised(answer, grants));
    }
    if answer.status != 200 {
        return Err(identity_failure(answer));
    }
    let projects = answer.json::<Projects>()?.projects;
    let found = projects.into_iter().find(|project| project.name == region && !project.id.is_empty());
    let missing = || {
        let text = format!("{} knows no project called {region}", answer.asked);
        Error::new(ErrorKind::Config, text).with_hint("set `project_id`, or another `region`")
    };
    Ok(Grant { pass: found.ok_or_else(missing)?.id, lifetime: None })
}

/// The code and the text of an error, in whichever of its envelopes it comes.
struct Fault {
    code: Option<String>,
    text: Option<String>,
}

fn fault(answer: &Answer) -> Option<Fault> {
    let members: Map<String, Value> = serde_json::from_slice(&answer.body).ok()?;
    fault_in(&members).or_else(|| members.values().filter_map(Value::as_object).find_map(fault_in))
}

/// The names that the SDK reads.
fn fault_in(members: &Map<String, Value>) -> Option<Fault> {
    let names = [("error_code", "error_msg"), ("errorCode", "errorMsg"), ("code", "message")];
    let text = |name: &str| match members.get(name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    names.into_iter().find_map(|(code, message)| match (text(code), text(message)) {
        (None, None) => None,
        (code, text) => Some(Fault { code, text }),
    })
}

/// Whether an error comes from the service and not from the gateway before it, or from anybody else: by its code, a
/// word, a dot and digits. Which code says that there is no such server is not documented.
fn is_the_service_s(answer: &Answer) -> bool {
    let code = fault(answer).and_then(|fault| fault.code);
    let parts = code.as_deref().and_then(|code| code.split_once('.'));
    parts.is_some_and(|(word, number)| {
        let is_word = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
        is_word && word != "APIGW" && !number.is_empty() && number.chars().all(|c| c.is_ascii_digit())
    })
}

fn says(answer: &Answer) -> Option<String> {
    if let Some(fault) = fault(answer) {
        return match (fault.text, fault.code) {
            (Some(text), Some(code)) => Some(format!("{text} ({code})")),
            (text, code) => text.or(code),
        };
    }
    let text = std::str::from_utf8(&answer.body).ok()?.trim();
    (!text.is_empty() && !text.starts_with(['<', '{', '['])).then(|| text.to_owned())
}

/// Why a change was not taken: a 404 of the service is about the servers.
fn refusal(answer: &Answer, grants: Grants) -> Error {
    match answer.status {
        404 if is_the_service_s(answer) => {
            answer.failure_as(ErrorKind::NotFound, "there is no such server", says(answer).as_deref())
        }
        _ => failure(answer, grants),
    }
}

pub(super) fn failure(answer: &Answer, grants: Grants) -> Error {
    let says = says(answer);
    match answer.status {
        401 => unauthorised(answer, grants),
        404 => answer
            .failure(says.as_deref())
            .with_hint("`region` or `endpoint` is wrong, or the service does not exist there"),
        _ => answer.failure(says.as_deref()),
    }
}

fn unauthorised(answer: &Answer, grants: Grants) -> Error {
    let error = answer.failure(says(answer).as_deref());
    match grants {
        Grants::GivenToken => error.with_hint("a token that is given cannot be renewed; set a new one"),
        Grants::Login => error.with_hint("a new token was refused as well"),
        Grants::Signature => error.with_hint(format!("wrong access_key or secret_key, or {}", clock(answer))),
    }
}

/// How far this machine's clock is off, which a signature does not bear.
fn clock(answer: &Answer) -> String {
    let skew = answer.date().map(|date| date.as_second() - Timestamp::now().as_second());
    match skew.filter(|skew| skew.abs() > TOLERATED_SKEW_SECONDS) {
        None => "this machine's clock is off; the signature holds the time".to_owned(),
        Some(skew) => {
            let way = if skew > 0 { "behind" } else { "ahead of" };
            format!("the clock: this machine's is {} s {way} the server's", skew.abs())
        }
    }
}

fn identity_failure(answer: &Answer) -> Error {
    let error = answer.failure(says(answer).as_deref());
    match answer.status {
        401 => error.with_hint("wrong username, password or domain, or the user has no part in the project"),
        404 => error.with_hint("`region` or `iam_endpoint` is wrong"),
        _ => error,
    }
}
