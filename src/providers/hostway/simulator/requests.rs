//! Queries and bodies, read to the letter.

use super::faults::{bad_request, method_not_allowed};
use super::{Style, views};
use crate::model::Power;
use crate::simulator::{Effect, Request, Response, SimServer};
use serde_json::{Map, Value};

/// What was read, or the answer to what could not be.
pub(super) type Parsed<T> = Result<T, Response>;

/// What the documented statuses are; any other is a bad parameter.
const STATUSES: [&str; 7] = ["ACTIVE", "STOPPED", "SUSPENDED", "BUILD", "PROCESSING", "DELETED", "UNKNOWN"];

/// What a list shows when no status is asked for.
const SHOWN_BY_DEFAULT: [&str; 3] = ["ACTIVE", "PROCESSING", "STOPPED"];

/// The filters of a list.
#[derive(Default)]
pub(super) struct ListQuery {
    name: Option<String>,
    status: Option<String>,
    image: Option<String>,
    zone: Option<String>,
    region: Option<String>,
}

impl ListQuery {
    pub(super) fn parse(request: &Request, style: Style) -> Parsed<Self> {
        let Some(pairs) = request.query_pairs() else {
            return Err(bad_request("the query is not UTF-8"));
        };
        let mut query = Self::default();
        for (key, value) in pairs {
            let slot = match (key.as_str(), style) {
                ("name", _) => &mut query.name,
                ("status", _) => &mut query.status,
                ("image", _) => &mut query.image,
                ("zone", Style::Long) => &mut query.zone,
                ("region", Style::Long) => &mut query.region,
                _ => return Err(bad_request(&format!("unknown parameter {key}"))),
            };
            if slot.replace(value).is_some() {
                return Err(bad_request(&format!("{key} is given twice")));
            }
        }
        match &query.status {
            Some(status) if !STATUSES.contains(&status.as_str()) => {
                Err(bad_request(&format!("unknown status {status}")))
            }
            _ => Ok(query),
        }
    }

    pub(super) fn wants(&self, server: &SimServer) -> bool {
        let status = views::status(server);
        let zone = views::zone(server);
        let equal = |filter: &Option<String>, value: &str| filter.as_ref().is_none_or(|text| text == value);
        self.status.as_ref().map_or(SHOWN_BY_DEFAULT.contains(&status), |wanted| wanted == status)
            // How names are matched is documented nowhere: a part is enough here, so that clients look again.
            && self.name.as_ref().is_none_or(|part| server.name.contains(part.as_str()))
            && equal(&self.image, views::IMAGE)
            && equal(&self.zone, zone)
            && equal(&self.region, views::region(zone))
    }
}

/// What is asked of one server.
#[derive(Clone, Copy)]
pub(super) enum Action {
    Start,
    Stop,
    Reboot,
    Resize,
}

impl Action {
    pub(super) fn parse(request: &Request) -> Parsed<Self> {
        let body = object(request)?;
        let mut members = body.iter();
        let (Some((verb, value)), None) = (members.next(), members.next()) else {
            return Err(bad_request("exactly one action is expected"));
        };
        match verb.as_str() {
            "os-start" if value.is_null() => Ok(Self::Start),
            "os-stop" if value.is_null() => Ok(Self::Stop),
            "os-start" | "os-stop" => Err(bad_request("the action takes null")),
            "reboot" => match only_text(value, "type") {
                Some("SOFT" | "HARD") => Ok(Self::Reboot),
                _ => Err(bad_request("reboot takes a type: SOFT or HARD")),
            },
            "resize" => Ok(Self::Resize),
            _ => Err(method_not_allowed("the action is not supported")),
        }
    }

    /// What it does; resizing does nothing here, it is refused.
    pub(super) fn effect(self) -> Effect {
        match self {
            Self::Start => Effect::Power(Power::On),
            Self::Stop => Effect::Power(Power::Off),
            Self::Reboot | Self::Resize => Effect::Reboot,
        }
    }
}

/// The name in `{"server": {"name": "…"}}`.
pub(super) fn new_name(request: &Request) -> Parsed<String> {
    let body = object(request)?;
    let name = (body.len() == 1).then(|| body.get("server")).flatten();
    match name.and_then(|server| only_text(server, "name")) {
        Some(name) if !name.is_empty() => Ok(name.to_owned()),
        _ => Err(bad_request("a server with a name and nothing else is expected")),
    }
}

fn object(request: &Request) -> Parsed<Map<String, Value>> {
    if request.media_type().as_deref() != Some("application/json") {
        return Err(bad_request("Content-Type must be application/json"));
    }
    match serde_json::from_slice(&request.body) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(bad_request("the body is no JSON object")),
    }
}

/// The text of the only member of an object.
fn only_text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    members.get(key)?.as_str()
}
