//! A complete answer, and how to read it without trusting it.

use super::large::Value;
use crate::provider::{Effect, Error, ErrorKind};
use jiff::Timestamp;
use reqwest::header::{DATE, HeaderMap, LOCATION};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// An answer that arrived in full. What it says is for the provider to judge.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body, decompressed; empty where it was too large and was read while it arrived.
    pub body: Vec<u8>,
    /// What was read of such a body.
    pub(super) read: Option<serde_json::Result<Value>>,
    /// Method and URL without its query: for messages.
    pub asked: String,
    /// How long the provider asks to be left alone, uncapped.
    pub retry_after: Option<Duration>,
    /// From sending the request to the first byte of the answer, so that its size does not count.
    pub(super) took: Duration,
    /// Whether the request could change anything.
    pub(crate) changes: bool,
    /// Whether a 503 means that nothing was carried out.
    pub(crate) idle_503: bool,
}

impl Answer {
    /// Whether the status is a 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Reads the body as JSON of the expected shape.
    ///
    /// # Errors
    /// [`ErrorKind::Garbage`], saying what came instead but never quoting it; of a change, the effect is unknown.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| self.misread(&error, false))
    }

    /// Reads the body as JSON of the expected shape, or takes what was read of it while it arrived.
    ///
    /// # Errors
    /// As for [`Self::json`].
    pub fn value<T: DeserializeOwned + 'static>(&mut self) -> Result<T, Error> {
        match self.read.take() {
            None => self.json(),
            Some(Err(error)) => Err(self.misread(&error, true)),
            Some(Ok(value)) => match value.downcast::<T>() {
                Ok(value) => Ok(*value),
                Err(_) => Err(self.garbage("a list that was read as something else")),
            },
        }
    }

    fn misread(&self, error: &serde_json::Error, while_it_arrived: bool) -> Error {
        let what = if error.is_eof() && !self.body.is_empty() {
            format!("JSON that is cut off after {} bytes", self.body.len())
        } else if error.is_data() {
            format!("JSON of another shape (line {}, column {})", error.line(), error.column())
        } else if while_it_arrived {
            format!("broken JSON (line {}, column {})", error.line(), error.column())
        } else {
            self.described()
        };
        self.garbage(&what)
    }

    /// The error for an answer that makes no sense here.
    pub fn garbage(&self, what: &str) -> Error {
        let error =
            Error::new(ErrorKind::Garbage, format!("{} answered {} with {what}", self.asked, self.status))
                .with_status(self.status);
        if self.changes { error.maybe_effective() } else { error }
    }

    /// What the body looks like, without quoting it.
    pub fn described(&self) -> String {
        let start = self.body.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(self.body.len());
        match self.body[start..].first() {
            None => "an empty body".into(),
            Some(b'<') => "an HTML or XML page instead of JSON".into(),
            Some(b'{' | b'[') => "broken JSON".into(),
            Some(_) => format!("{} bytes that are no JSON", self.body.len()),
        }
    }

    /// The server's clock, from the `Date` header.
    pub fn date(&self) -> Option<Timestamp> {
        let text = self.headers.get(DATE)?.to_str().ok()?;
        super::retry_after::http_date(text)
    }

    /// The error for a status that means the same everywhere; `says` is the provider's own text, if any. A
    /// provider judges the statuses it documents before it comes here.
    pub fn failure(&self, says: Option<&str>) -> Error {
        let (kind, meaning) = self.usual_meaning();
        self.failure_as(kind, meaning, says)
    }

    fn usual_meaning(&self) -> (ErrorKind, &'static str) {
        match self.status {
            401 => (ErrorKind::Auth, "the credentials were refused"),
            403 => (ErrorKind::Forbidden, "the credentials are not allowed to do this"),
            404 => (ErrorKind::WrongEndpoint, "there is nothing at this path"),
            405 => (ErrorKind::WrongEndpoint, "the method is not allowed at this path"),
            408 => (ErrorKind::LostAnswer, "the server gave up waiting"),
            409 => (ErrorKind::Busy, "another operation is under way"),
            413 | 429 => (ErrorKind::RateLimited, "too many requests"),
            500..=599 => (ErrorKind::Unavailable, "the server is in trouble"),
            300..=399 => (ErrorKind::WrongEndpoint, "it redirects, and credentials are not taken elsewhere"),
            200..=299 => (ErrorKind::Garbage, "an answer that is not expected here"),
            _ => (ErrorKind::Refused, "the request was refused"),
        }
    }

    /// The error for a status that means something else here than everywhere. Whether the call may have taken
    /// effect follows from the kind.
    pub fn failure_as(&self, kind: ErrorKind, meaning: &str, says: Option<&str>) -> Error {
        let text = says.map_or_else(|| meaning.to_owned(), |says| format!("{meaning}: {}", shortened(says)));
        let text = match self.retry_after.filter(|wait| *wait >= Duration::from_mins(1)) {
            Some(wait) => format!("{text}; it asks to be left alone for {} s", wait.as_secs()),
            None => text,
        };
        let mut error = Error::new(kind, format!("{} answered {}: {text}", self.asked, self.status))
            .with_status(self.status);
        error.retry_after = self.retry_after;
        let in_doubt = matches!(kind, ErrorKind::Unavailable | ErrorKind::LostAnswer | ErrorKind::Garbage);
        if self.changes && in_doubt && !(self.status == 503 && self.idle_503) {
            error.effect = Effect::Unknown;
        }
        match self.headers.get(LOCATION).and_then(|to| to.to_str().ok()) {
            Some(to) if (300..400).contains(&self.status) => {
                let host = reqwest::Url::parse(to).ok().and_then(|url| url.host_str().map(str::to_owned));
                error.with_hint(format!(
                    "it points to {}; set `endpoint` to the final address",
                    host.as_deref().unwrap_or("another path of the same host")
                ))
            }
            _ => error,
        }
    }
}

/// A provider's text on one line and of bounded length: it may be anything.
fn shortened(text: &str) -> String {
    const MOST: usize = 300;
    let line: String = text
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .filter(|c| !c.is_control())
        .take(MOST + 1)
        .collect();
    if line.chars().count() > MOST {
        format!("{}…", line.chars().take(MOST).collect::<String>())
    } else {
        line
    }
}
