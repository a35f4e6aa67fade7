//! Posts to a URL that may itself be a secret: one exchange, no redirects, and nothing of the URL in any message.

use super::client::{build, is_loopback};
use super::retry_after;
use crate::provider::{Error, ErrorKind};
use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// Where something is posted to.
pub struct Hook {
    client: Client,
    url: Url,
}

/// What came back. The body is nobody's business and is not read.
#[derive(Clone, Copy, Debug)]
pub struct HookAnswer {
    /// The HTTP status.
    pub status: u16,
    /// How long the receiver asks to be left alone.
    pub retry_after: Option<Duration>,
}

impl Hook {
    /// Opens nothing yet.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for what is no URL, plain http to another machine, and where there is no HTTP client.
    pub fn new(url: &SecretString) -> Result<Self, Error> {
        let bad = |why: &str| Error::new(ErrorKind::Config, format!("the URL of a notification {why}"));
        let url = Url::parse(url.expose_secret()).map_err(|_| bad("is no URL"))?;
        let loopback = is_loopback(&url);
        if !(url.scheme() == "https" || url.scheme() == "http" && loopback) {
            return Err(bad("must be https, except to this machine"));
        }
        Ok(Self { client: build(loopback, None, false)?, url })
    }

    /// Posts once, and takes at most this long.
    ///
    /// # Errors
    /// What went wrong on the way, in words that hold nothing of the URL but perhaps its host.
    pub async fn post(
        &self,
        headers: HeaderMap,
        body: Vec<u8>,
        within: Duration,
    ) -> Result<HookAnswer, String> {
        let call = self.client.post(self.url.clone()).headers(headers).body(body).timeout(within).send();
        let response = call.await.map_err(|error| words(&error, within))?;
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|value| retry_after::parse(value, Timestamp::now()));
        Ok(HookAnswer { status: response.status().as_u16(), retry_after })
    }
}

fn words(error: &reqwest::Error, within: Duration) -> String {
    if error.is_timeout() {
        return format!("no answer within {within:?}");
    }
    // The innermost cause says what happened; reqwest's own text would repeat the URL.
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(deeper) = cause.and_then(std::error::Error::source) {
        cause = Some(deeper);
    }
    let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
    if error.is_connect() {
        format!("could not connect{cause}")
    } else {
        format!("the connection broke{cause}")
    }
}
