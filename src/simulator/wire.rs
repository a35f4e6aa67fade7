//! A request and an answer as wire faces see them: no sockets, no HTTP library.

use super::Moment;
use percent_encoding::percent_decode_str;
use serde::{Serialize, Serializer};
use std::cell::RefCell;

/// A request, with the base path of its connection taken off.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The method, as sent.
    pub method: String,
    /// The path below the connection's base, still percent-encoded; begins with a slash or is empty.
    pub path: String,
    /// The query as sent, without its question mark; empty if there was none.
    pub query: String,
    /// The headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// The first header of that (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The media type of the body in lower case, without its parameters.
    pub fn media_type(&self) -> Option<String> {
        let text = self.header("content-type")?;
        Some(text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    /// The segments of the path, decoded. `None` where one is not UTF-8. One slash at the end is taken off.
    pub fn segments(&self) -> Option<Vec<String>> {
        let path = self.path.strip_prefix('/').unwrap_or(&self.path);
        let path = path.strip_suffix('/').unwrap_or(path);
        path.split('/').map(|part| percent_decode_str(part).decode_utf8().ok().map(Into::into)).collect()
    }

    /// The parameters of the query. `None` where they are not UTF-8.
    pub fn query_pairs(&self) -> Option<Vec<(String, String)>> {
        form_pairs(&self.query)
    }
}

/// Reads `a=1&b=2` as forms and queries write it. `None` where it is not UTF-8.
pub fn form_pairs(text: &str) -> Option<Vec<(String, String)>> {
    let decode = |part: &str| -> Option<String> {
        let spaced = part.replace('+', " ");
        percent_decode_str(&spaced).decode_utf8().ok().map(Into::into)
    };
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(key)?, decode(value)?))
        })
        .collect()
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers, names in lower case. Date and length are added on the way out.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// A status and nothing else.
    pub fn empty(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// A body of the given media type.
    pub fn new(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("content-type", media_type.to_owned())], body: body.into() }
    }

    /// A JSON body, serialised straight to bytes.
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => Self::new(status, "application/json", bytes),
            Err(error) => Self::new(500, "text/plain", error.to_string()),
        }
    }

    /// With one more header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With the date of the connection's clock, unless it has one.
    #[must_use]
    pub(super) fn dated(self, now: Moment) -> Self {
        if self.headers.iter().any(|(name, _)| *name == "date") {
            return self;
        }
        self.with_header("date", now.http_date())
    }
}

/// A list whose items are made while it is written, so that ten thousand of them are never held at once. Written
/// once; a second time it is empty.
#[derive(Debug)]
pub struct Streamed<I>(RefCell<Option<I>>);

impl<I: Iterator<Item: Serialize>> Streamed<I> {
    /// A list of what the iterator yields.
    pub fn new(items: I) -> Self {
        Self(RefCell::new(Some(items)))
    }
}

impl<I: Iterator<Item: Serialize>> Serialize for Streamed<I> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.borrow_mut().take().into_iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_forms_are_decoded_part_by_part() {
        let request = Request { path: "/servers/a%2Fb%20c/".into(), ..Request::default() };
        assert_eq!(request.segments().unwrap(), ["servers", "a/b c"]);
        let pairs = form_pairs("a=1+2&b=%C3%BC&a=&c").unwrap();
        let expected = [("a", "1 2"), ("b", "ü"), ("a", ""), ("c", "")];
        assert_eq!(pairs, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
        assert!(form_pairs("a=%FF").is_none());
    }
}
