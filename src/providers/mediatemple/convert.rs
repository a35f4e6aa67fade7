//! Media Temple's answers to the model, and nothing else.

use super::wire::{One, Scalar, Service, Services, Standard, Wrapped, is_whole_number};
use crate::http::Answer;
use crate::model::{Denial, LiveServer, LiveState, Power, ServerId, Verb};
use crate::provider::{Error, ErrorKind, Part, Receipt};

/// The product that is no server (a registered domain): left out.
const NO_SERVER: &str = "739";

/// One call shows all there is.
pub(super) fn list(mut answer: Answer) -> Result<Part, Error> {
    if answer.status != 200 {
        return Err(failure(&answer));
    }
    let services = answer.value::<Services>()?.0;
    let servers = services.into_iter().filter(|service| !is_no_server(service));
    let servers = servers.map(|service| live(&answer, service)).collect::<Result<_, _>>()?;
    Ok(Part { servers, ..Part::default() })
}

/// `{"service": {…}}`, or the bare service.
pub(super) fn one(id: &ServerId, answer: &Answer) -> Result<Option<LiveServer>, Error> {
    match answer.status {
        200 => {
            let bare = || serde_json::from_slice::<Service>(&answer.body).ok();
            let service = answer.json::<One>().map(|one| one.service).or_else(|error| bare().ok_or(error))?;
            if service.id.0 != id.as_str() {
                return Err(answer.garbage("another service than the one asked for"));
            }
            if is_no_server(&service) {
                // It exists, so it is not gone; and nothing that is done to servers may be done to it.
                let text = format!("service {id} is no server (its type is {NO_SERVER})");
                return Err(Error::new(ErrorKind::Refused, text));
            }
            live(answer, service).map(Some)
        }
        404 if says_gone(answer) => Ok(None),
        _ => Err(failure(answer)),
    }
}

/// Whether a reboot was taken: 202, and a body that says the same.
pub(super) fn verdict(answer: &Answer) -> Result<Receipt, Error> {
    match (answer.status, standard(answer)) {
        (202, Some(standard)) if agrees(answer, &standard) => match says(&standard) {
            None => Ok(Receipt::default()),
            Some(_) => Err(answer.garbage("a list of errors beside its acceptance")),
        },
        (202, None) => {
            Err(answer.json::<Wrapped>().err().unwrap_or_else(|| answer.garbage(&answer.described())))
        }
        (404, _) if says_gone(answer) => {
            Err(answer.failure_as(ErrorKind::NotFound, "there is no such service", None))
        }
        _ => Err(failure(answer)),
    }
}

fn is_no_server(service: &Service) -> bool {
    service.kind.as_ref().is_some_and(|kind| kind.0 == NO_SERVER)
}

fn live(answer: &Answer, service: Service) -> Result<LiveServer, Error> {
    let id = service.id.0.as_str();
    if !is_whole_number(id) {
        return Err(answer.garbage("a service whose id is no whole number"));
    }
    let billing = service.billing_status.as_ref().map(|status| status.0.trim());
    let state = state(&service, billing);
    let name = service.primary_domain.map(|name| name.0).filter(|name| !name.is_empty());
    let live = LiveServer {
        // Some products have no domain: their id alone tells which they are.
        name: name.map(Into::into),
        denials: denial(billing).into_iter().collect(),
        ..LiveServer::new(id, "", state)
    };
    Ok(live)
}

/// The table of the page. A reboot that waits comes first: it is the only state that ends.
fn state(service: &Service, billing: Option<&str>) -> LiveState {
    match service.pending_reboot.as_ref().map(|pending| pending.0.trim()) {
        Some("1" | "true") => return LiveState::Transition { word: "reboot pending".into(), into: None },
        None | Some("0" | "false" | "") => {}
        Some(other) => return LiveState::Unrecognised(format!("pendingReboot {other}").into()),
    }
    let word = || {
        let text = service.billing_status_text.as_ref().map(|text| format!(" ({})", text.0));
        LiveState::Unrecognised(
            format!("billing status {}{}", billing.unwrap_or("missing"), text.unwrap_or_default()).into(),
        )
    };
    match billing {
        Some("0") => LiveState::NotReported,
        Some("1") => LiveState::Settled(Power::Off),
        Some("2") => LiveState::Settled(Power::Suspended),
        _ => word(),
    }
}

/// Nothing but a reboot can be asked of a service, and not of one without a running contract.
fn denial(billing: Option<&str>) -> Option<Denial> {
    let why = match billing? {
        "1" => "its contract is closed",
        "2" => "it is suspended for billing and no call lifts that",
        _ => return None,
    };
    Some(Denial { verb: Verb::Reboot, why: why.into() })
}

/// The standard response, in its object or bare.
fn standard(answer: &Answer) -> Option<Standard> {
    let wrapped = serde_json::from_slice::<Wrapped>(&answer.body).map(|wrapped| wrapped.response);
    wrapped.or_else(|_| serde_json::from_slice(&answer.body)).ok()
}

/// HTTP status and body must say the same: otherwise the body is about another call, or the status is a proxy's
/// (Parsing API Responses page).
fn agrees(answer: &Answer, standard: &Standard) -> bool {
    standard.status_code.0.trim().parse() == Ok(answer.status)
}

/// A 404 from a proxy or a wrong path says nothing about the service.
fn says_gone(answer: &Answer) -> bool {
    let codes = |standard: &Standard| {
        let errors = standard.errors.iter().flatten();
        errors.filter_map(|error| error.error_code.as_ref()).any(|code| code.0 == "InvalidService")
    };
    standard(answer).is_some_and(|standard| agrees(answer, &standard) && codes(&standard))
}

/// The errors of a standard response, for people: `message (code)`.
fn says(standard: &Standard) -> Option<String> {
    let text = |scalar: &Option<Scalar>| scalar.as_ref().map(|text| text.0.clone()).filter(|t| !t.is_empty());
    let each =
        standard.errors.iter().flatten().map(|error| match (text(&error.error_code), text(&error.message)) {
            (Some(code), Some(message)) => format!("{message} ({code})"),
            (Some(text), None) | (None, Some(text)) => text,
            (None, None) => "an error without a text".to_owned(),
        });
    let all: Vec<String> = each.collect();
    (!all.is_empty()).then(|| all.join("; "))
}

fn failure(answer: &Answer) -> Error {
    let standard = standard(answer);
    if standard.as_ref().is_some_and(|standard| !agrees(answer, standard)) {
        let error = answer.garbage("a body that names another status");
        return error.with_hint("a proxy may stand in between, or the endpoint does not end in /api/v1");
    }
    let says = standard.as_ref().and_then(says).or_else(|| plain_text(answer));
    let says = says.as_deref();
    match answer.status {
        // The wrong way round from HTTP's usual meaning (Parsing API Responses page).
        401 => answer.failure_as(ErrorKind::Forbidden, "the key is not allowed to do this", says),
        403 => answer
            .failure_as(ErrorKind::Auth, "the key was refused", says)
            .with_hint("api_key is wrong, or the service belongs to another account"),
        404 => answer.failure(says).with_hint("the endpoint must end in /api/v1"),
        _ => answer.failure(says),
    }
}

fn plain_text(answer: &Answer) -> Option<String> {
    let text = std::str::from_utf8(&answer.body).ok()?.trim();
    (!text.is_empty() && !text.starts_with(['<', '{', '['])).then(|| text.to_owned())
}
