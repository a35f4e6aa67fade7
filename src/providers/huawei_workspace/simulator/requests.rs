//! Queries and bodies, read to the letter.

use super::Answer;
use super::answers::{empty_request, malformed};
use crate::simulator::Request;
use serde_json::{Map, Value};

/// The most servers of one batch.
const BATCH: usize = 20;

/// The most items of one page, and how many there are if nobody says.
const LIMIT: (usize, usize) = (100, 10);

/// The longest name.
const NAME: usize = 64;

/// The parameters of a call; each at most once.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads them; none may be there that is not known.
    pub(super) fn read(request: &Request, known: &[&str]) -> Answer<Self> {
        let pairs = request.query_pairs().ok_or_else(|| malformed("The query is not UTF-8."))?;
        for (at, (key, _)) in pairs.iter().enumerate() {
            if !known.contains(&key.as_str()) {
                return Err(malformed(format!("The parameter {key} is not known.")));
            }
            if pairs[..at].iter().any(|(other, _)| other == key) {
                return Err(malformed(format!("The parameter {key} is given twice.")));
            }
        }
        Ok(Self(pairs))
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == key).map(|(_, value)| value.as_str())
    }

    pub(super) fn flag(&self, key: &str) -> Answer<Option<bool>> {
        match self.text(key) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(malformed(format!("The parameter {key} must be true or false."))),
        }
    }

    /// Offset and limit.
    pub(super) fn page(&self) -> Answer<(usize, usize)> {
        let (most, usual) = LIMIT;
        let offset = self.number("offset", 0)?;
        let limit = self.number("limit", usual)?;
        if !(1..=most).contains(&limit) {
            return Err(malformed(format!("The parameter limit must be 1 to {most}.")));
        }
        Ok((offset, limit))
    }

    fn number(&self, key: &str, usual: usize) -> Answer<usize> {
        let Some(text) = self.text(key) else { return Ok(usual) };
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| plain);
        number.ok_or_else(|| malformed(format!("The parameter {key} must be a whole number.")))
    }
}

/// How gently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Soft,
    Hard,
}

/// The ids of a batch and its other members.
pub(super) struct Batch {
    pub(super) ids: Vec<String>,
    members: Map<String, Value>,
}

impl Batch {
    /// Reads a batch that takes one more member at most.
    pub(super) fn read(request: &Request, other: Option<&str>) -> Answer<Self> {
        let members = object(request)?;
        if let Some(key) = members.keys().find(|key| *key != "items" && Some(key.as_str()) != other) {
            return Err(malformed(format!("The member {key} is not known.")));
        }
        let items =
            members.get("items").and_then(Value::as_array).ok_or_else(|| malformed("items is missing."))?;
        let ids: Option<Vec<String>> = items.iter().map(|id| id.as_str().map(str::to_owned)).collect();
        let mut ids = ids.ok_or_else(|| malformed("items must hold texts."))?;
        if !(1..=BATCH).contains(&ids.len()) {
            return Err(malformed(format!("items must hold 1 to {BATCH} ids.")));
        }
        let given = ids.len();
        ids.sort();
        ids.dedup();
        if ids.len() < given {
            return Err(malformed("An id is given twice."));
        }
        Ok(Self { ids, members })
    }

    /// The mandatory member `type`, in upper case.
    pub(super) fn kind(&self) -> Answer<Kind> {
        match self.members.get("type").and_then(Value::as_str) {
            Some("SOFT") => Ok(Kind::Soft),
            Some("HARD") => Ok(Kind::Hard),
            _ => Err(malformed("type must be SOFT or HARD.")),
        }
    }

    /// A mandatory member that is yes or no.
    pub(super) fn flag(&self, key: &str) -> Answer<bool> {
        let value = self.members.get(key).and_then(Value::as_bool);
        value.ok_or_else(|| malformed(format!("{key} must be true or false.")))
    }
}

/// What is to be changed about a server.
pub(super) struct Edit {
    pub(super) name: Option<String>,
    pub(super) attributes: Vec<(&'static str, Value)>,
}

impl Edit {
    pub(super) fn read(request: &Request) -> Answer<Self> {
        let mut edit = Self { name: None, attributes: Vec::new() };
        for (key, value) in object(request)? {
            match (key.as_str(), value) {
                ("name", Value::String(name)) if is_name(&name) => edit.name = Some(name),
                ("description", Value::String(text)) => edit.attributes.push(("description", text.into())),
                ("maintain_status", Value::Bool(flag)) => {
                    edit.attributes.push(("maintain_status", flag.into()));
                }
                _ => return Err(malformed(format!("The member {key} is not known, or it cannot be that."))),
            }
        }
        Ok(edit)
    }
}

/// 1 to 64 letters, digits, underscores, hyphens and Chinese characters.
pub(super) fn is_name(name: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '\u{4e00}'..='\u{9fff}');
    (1..=NAME).contains(&name.chars().count()) && name.chars().all(good)
}

/// A JSON object with something in it.
fn object(request: &Request) -> Answer<Map<String, Value>> {
    if request.body.is_empty() {
        return Err(empty_request());
    }
    if request.media_type().as_deref() != Some("application/json") {
        return Err(malformed("Content-Type must be application/json."));
    }
    match serde_json::from_slice(&request.body) {
        Ok(Value::Object(members)) if members.is_empty() => Err(empty_request()),
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(malformed("The body is no JSON object.")),
    }
}
