//! One request, as a provider describes it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};

/// What RFC 3986 calls unreserved stays as it is; everything else is encoded.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The text, percent-encoded as queries are sent: only unreserved characters stay, a space is `%20`.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// Whether a request changes anything, which decides when it may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// Harmless to repeat.
    Read,
    /// Repeated only when it certainly did not take effect.
    Change,
}

/// The body of a request.
#[derive(Clone, Debug, Default)]
pub enum Body {
    /// None.
    #[default]
    Empty,
    /// JSON text.
    Json(String),
    /// `application/x-www-form-urlencoded` pairs.
    Form(Vec<(&'static str, String)>),
}

/// One request, relative to the connection's base URL. Built anew for every attempt, because some providers sign
/// the time. Has no `Debug`: headers, query and body may hold credentials.
#[derive(Clone)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) segments: Vec<String>,
    /// Whether the path ends in a slash.
    pub(crate) slash: bool,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Body,
    pub(crate) nature: Nature,
}

impl Request {
    /// A request for the path made of `segments` (each is percent-encoded) below the base URL.
    pub fn new<S: Into<String>>(
        nature: Nature,
        method: Method,
        segments: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            method,
            segments: segments.into_iter().map(Into::into).collect(),
            slash: false,
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::Empty,
            nature,
        }
    }

    /// A GET that is harmless to repeat.
    pub fn get<S: Into<String>>(segments: impl IntoIterator<Item = S>) -> Self {
        Self::new(Nature::Read, Method::GET, segments)
    }

    /// With a slash at the end of the path, which some services demand of their root.
    #[must_use]
    pub fn with_slash(mut self) -> Self {
        self.slash = true;
        self
    }

    /// With one more query parameter. Parameters are sent in the order given, encoded by [`encoded`]: a signature
    /// can be made over the very same text.
    #[must_use]
    pub fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// With a header; mark the value sensitive where it is a credential.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }
}
