//! What is at which path: a request's head to an answer, without any IO.

use super::access::{Access, Verdict};
use super::health::{alive, ready};
use crate::report::{METRICS_TYPE, PAGE_TYPE, Served, metrics_text, page_policy, status_page};
use crate::watch::{Board, NotificationStatus};
use hyper::header::{
    ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderMap, HeaderName,
    HeaderValue, REFERRER_POLICY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Method, Response, StatusCode, Uri};
use jiff::Timestamp;
use std::sync::Arc;

const TEXT_TYPE: &str = "text/plain; charset=utf-8";

/// The policy of everything that is no page.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

/// Asked for how notifications fare at the moment.
pub type Notifications = Arc<dyn Fn() -> Vec<NotificationStatus> + Send + Sync>;

/// Everything that is served.
pub(super) struct Site {
    pub(super) board: Board,
    pub(super) notifications: Notifications,
    pub(super) access: Access,
}

/// An answer before its common headers.
struct Page {
    status: StatusCode,
    media_type: &'static str,
    body: String,
    more: Vec<(HeaderName, HeaderValue)>,
}

impl Page {
    fn new(status: StatusCode, media_type: &'static str, body: String) -> Self {
        Self { status, media_type, body, more: Vec::new() }
    }

    fn text(status: StatusCode, words: &str) -> Self {
        Self::new(status, TEXT_TYPE, format!("{words}\n"))
    }

    fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.more.push((name, HeaderValue::from_static(value)));
        self
    }
}

impl Site {
    /// Answers a request by its head; a body is never read.
    pub(super) fn answer(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Response<String> {
        let page = self.page(method, uri, headers, now);
        let mut response = Response::new(page.body);
        *response.status_mut() = page.status;
        let own = response.headers_mut();
        own.insert(CONTENT_TYPE, HeaderValue::from_static(page.media_type));
        own.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        own.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        own.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        let same = HeaderName::from_static("cross-origin-resource-policy");
        own.insert(same, HeaderValue::from_static("same-origin"));
        let policy = if page.media_type == PAGE_TYPE { page_policy() } else { NOTHING.to_owned() };
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            own.insert(CONTENT_SECURITY_POLICY, policy);
        }
        for (name, value) in page.more {
            own.append(name, value);
        }
        response
    }

    fn page(&self, method: &Method, uri: &Uri, headers: &HeaderMap, now: Timestamp) -> Page {
        let header = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let is_probe = matches!(uri.path(), "/healthz" | "/readyz");
        if !is_probe {
            match self.access.judge(header(HOST), header(AUTHORIZATION)) {
                Verdict::Granted => {}
                Verdict::Unauthorized => {
                    return Page::text(
                        StatusCode::UNAUTHORIZED,
                        "the token is needed: as a bearer token, or as a password",
                    )
                    .with(WWW_AUTHENTICATE, "Basic realm=\"fleetform\", charset=\"UTF-8\"")
                    .with(WWW_AUTHENTICATE, "Bearer realm=\"fleetform\"");
                }
                Verdict::WrongHost => {
                    let words = "only this machine's own names are served without a token: localhost, 127.0.0.1, [::1]";
                    return Page::text(StatusCode::MISDIRECTED_REQUEST, words);
                }
            }
        }
        if !matches!(uri.path(), "/" | "/metrics" | "/status.json" | "/healthz" | "/readyz") {
            let words = "there are /, /metrics, /status.json, /healthz and /readyz";
            return Page::text(StatusCode::NOT_FOUND, words);
        }
        if !matches!(*method, Method::GET | Method::HEAD) {
            let words = "everything here is read only";
            return Page::text(StatusCode::METHOD_NOT_ALLOWED, words).with(ALLOW, "GET, HEAD");
        }
        self.content(uri.path(), now)
    }

    fn content(&self, path: &str, now: Timestamp) -> Page {
        let status = self.board.latest();
        let probe = |outcome: Result<String, String>| match outcome {
            Ok(words) => Page::text(StatusCode::OK, &words),
            Err(why) => Page::text(StatusCode::SERVICE_UNAVAILABLE, &why),
        };
        match path {
            "/healthz" => return probe(alive(&status, now)),
            "/readyz" => return probe(ready(&status, now)),
            _ => {}
        }
        let notifications = (self.notifications)();
        let served = Served { status: &status, notifications: &notifications };
        match path {
            "/metrics" => Page::new(StatusCode::OK, METRICS_TYPE, metrics_text(served)),
            "/status.json" => match serde_json::to_string_pretty(&served) {
                Ok(text) => Page::new(StatusCode::OK, "application/json", text + "\n"),
                Err(error) => Page::text(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
            },
            _ => Page::new(StatusCode::OK, PAGE_TYPE, status_page(served, now)),
        }
    }
}
