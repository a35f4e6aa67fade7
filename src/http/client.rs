//! The client: one per process (two pools, below), and a connection per `providers:` entry on top of it.

use super::answer::Answer;
use super::gate::Gate;
use super::kind::kind;
use super::large::{self, Intake, Reading};
use super::pace::End;
use super::request::{Body, Nature, Request, encoded};
use super::{retry, retry_after};
use crate::provider::{Error, ErrorKind, Meter};
use jiff::Timestamp;
use reqwest::header::{HeaderValue, RETRY_AFTER};
use reqwest::{Client, Url, redirect};
use serde::de::DeserializeOwned;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How much and how long a connection puts up with.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The largest answer that is read, in bytes after decompression.
    pub answer: usize,
    /// The largest answer that is kept whole before it is read, in bytes: reading it from memory is several times
    /// faster than reading it while it arrives. Only for answers that the caller can take either way.
    pub kept: usize,
    /// The longest that a `Retry-After` is waited for. Whoever asks for more is not asked again in this run.
    pub wait: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { answer: 512 * 1024 * 1024, kept: 24 * 1024 * 1024, wait: Duration::from_mins(1) }
    }
}

/// What a provider wants done differently from the shared rules.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Whether a 503 to a change means that it certainly was not carried out. True unless the provider's page
    /// says that the state must be read first.
    pub resend_changes_on_503: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self { resend_changes_on_503: true }
    }
}

/// Limits of one connection.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Calls under way at once.
    pub in_flight: usize,
    /// Calls per second.
    pub per_second: Option<f64>,
    /// One whole exchange.
    pub timeout: Duration,
}

/// Says whether a change may still be sent; else why not.
pub type Permit = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// The HTTP clients of one run, built when first needed: building one reads the system's root certificates, so
/// all connections that trust the same authorities share it. Clones share as well.
#[derive(Clone, Default)]
pub struct Clients {
    ca_file: Option<PathBuf>,
    permit: Option<Permit>,
    gate: Option<Arc<Gate>>,
    loopback: Arc<Pools>,
    elsewhere: Arc<Pools>,
}

impl Clients {
    /// Clients that also trust the authorities of this PEM file.
    pub fn new(ca_file: Option<PathBuf>) -> Self {
        Self { ca_file, ..Self::default() }
    }

    /// With somebody who is asked right before every call that changes something, after all waiting for its turn:
    /// whoever has lost the ledger meanwhile sends nothing more.
    #[must_use]
    pub fn permitted_by(mut self, permit: Permit) -> Self {
        self.permit = Some(permit);
        self
    }

    /// Other pools, for other authorities, permitted and limited by the same.
    #[must_use]
    pub fn with_ca_file(&self, ca_file: PathBuf) -> Self {
        Self { permit: self.permit.clone(), gate: self.gate.clone(), ..Self::new(Some(ca_file)) }
    }

    /// The same pools for one `providers:` entry. Whatever it connects to, logins included, stays within these limits
    /// together; the meter counts what is sent.
    #[must_use]
    pub fn limited(&self, limits: Limits, meter: Meter) -> Self {
        Self { gate: Some(Arc::new(Gate::counted(limits, meter))), ..self.clone() }
    }

    /// Whether they trust more than the system does.
    pub fn has_ca_file(&self) -> bool {
        self.ca_file.is_some()
    }

    /// What a connection to such a host uses; the client for reads is built now, so that a CA file that cannot be
    /// used is told now.
    fn pools(&self, loopback: bool) -> Result<Arc<Pools>, Error> {
        let pools = if loopback { &self.loopback } else { &self.elsewhere };
        let ca_file = self.ca_file.as_deref();
        pools.reads.get_or_init(|| build(loopback, ca_file, true)).as_ref().map_err(Error::clone)?;
        Ok(Arc::clone(pools))
    }
}

/// A client for reads and one for changes. A change never travels on a connection that may just have been closed
/// at the other end: its answer would be lost, and with some changes that ends in a question which only a person
/// can settle.
#[derive(Default)]
struct Pools {
    reads: OnceLock<Result<Client, Error>>,
    changes: OnceLock<Result<Client, Error>>,
}

/// A connection to one base URL.
pub struct Connection {
    pools: Arc<Pools>,
    ca_file: Option<PathBuf>,
    permit: Option<Permit>,
    base: Url,
    gate: Arc<Gate>,
    timeout: Duration,
    policy: Policy,
    bounds: Bounds,
    own_wait: OwnWait,
    throttles: Throttles,
}

/// Whether an answer is a request to slow down, where a service says so by another status than 429: nothing was
/// carried out, and the call is sent again after the wait.
pub type Throttles = fn(&Answer) -> bool;

/// How a provider asks to be left alone where it does not use `Retry-After`; `None` where it does not ask.
pub type OwnWait = fn(&Answer) -> Option<Duration>;

impl Connection {
    /// Opens nothing yet; checks the base URL and builds the clients. Clients that are limited already
    /// ([`Clients::limited`]) keep these limits.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a URL that is no http(s) URL, holds credentials, or is plain http to a host other
    /// than loopback; and for a CA file that cannot be used.
    pub fn new(base: &str, limits: Limits, policy: Policy, clients: &Clients) -> Result<Self, Error> {
        let base = checked_base(base)?;
        Ok(Self {
            pools: clients.pools(is_loopback(&base))?,
            ca_file: clients.ca_file.clone(),
            permit: clients.permit.clone(),
            base,
            gate: clients.gate.clone().unwrap_or_else(|| Arc::new(Gate::new(limits))),
            timeout: limits.timeout,
            policy,
            bounds: Bounds::default(),
            own_wait: |_| None,
            throttles: |_| false,
        })
    }

    /// With the service's own way of saying that there are too many calls. Its wait is looked for as in a 429.
    #[must_use]
    pub fn with_throttles(mut self, throttles: Throttles) -> Self {
        self.throttles = throttles;
        self
    }

    /// With the provider's own way of asking to be left alone, looked for in answers 413, 429 and 503 that have no
    /// `Retry-After`.
    #[must_use]
    pub fn with_own_wait(mut self, own_wait: OwnWait) -> Self {
        self.own_wait = own_wait;
        self
    }

    /// With other bounds than the usual ones.
    #[must_use]
    pub fn with_bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// The `Host` that requests carry: with the port, unless it is the scheme's own.
    pub fn host(&self) -> String {
        let host = self.base.host_str().unwrap_or_default();
        self.base.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The path of the base URL without a slash at its end, percent-encoded as it is sent.
    pub fn base_path(&self) -> &str {
        self.base.path().trim_end_matches('/')
    }

    /// Sends a request, again where that is safe, and returns the first answer that is worth judging (whatever
    /// its status). `build` makes the request anew for every attempt.
    ///
    /// # Errors
    /// [`ErrorKind::Unreachable`] (certainly without effect), [`ErrorKind::LostAnswer`] or [`ErrorKind::Garbage`]
    /// (too large).
    pub async fn send(&self, build: impl Fn() -> Request) -> Result<Answer, Error> {
        self.repeat(build, None).await
    }

    /// Like [`Self::send`], for an answer that may be too large to be kept: it is then read as a `T` while it
    /// arrives. Take it with [`Answer::value`].
    ///
    /// # Errors
    /// As for [`Self::send`].
    pub async fn send_large<T: DeserializeOwned + Send + 'static>(
        &self,
        build: impl Fn() -> Request,
    ) -> Result<Answer, Error> {
        self.repeat(build, Some(large::reading::<T>())).await
    }

    async fn repeat(&self, build: impl Fn() -> Request, reading: Option<Reading>) -> Result<Answer, Error> {
        let mut delays = retry::delays();
        let mut attempts = 0;
        loop {
            let request = build();
            let nature = request.nature;
            let kind = kind(&request);
            attempts += 1;
            let slot = self.gate.enter().await;
            if nature == Nature::Change
                && let Some(Err(why)) = self.permit.as_ref().map(|permit| permit())
            {
                return Err(Error::new(ErrorKind::Forbidden, format!("nothing was sent: {why}")));
            }
            self.gate.meter().sent();
            let outcome = self.once(request, reading).await;
            if !outcome.as_ref().is_ok_and(|answer| answer.is_success() || answer.status == 404) {
                self.gate.meter().failed();
            }
            slot.ended(kind, self.sign(&outcome));
            let (again, asked_wait) = match &outcome {
                Ok(answer) => {
                    let again = retry::after_answer(answer, nature, self.policy) || (self.throttles)(answer);
                    (again, answer.retry_after)
                }
                Err(failed) => (retry::after_error(&failed.error, failed.timed_out, nature, attempts), None),
            };
            // Who asks for more patience than there is, is not asked again before that.
            let in_time = asked_wait.is_none_or(|asked| asked <= self.bounds.wait);
            let Some(delay) = delays.next().filter(|_| again && in_time) else {
                return outcome.map_err(|failed| failed.error);
            };
            let wait = asked_wait.map_or(delay, |asked| asked.min(self.bounds.wait).max(delay));
            let throttled = outcome.as_ref().is_ok_and(|answer| answer.status == 429);
            if throttled || asked_wait.is_some() {
                // It is the connection that was told to wait, not this call alone.
                self.gate.pause(wait);
                self.gate.meter().waited(wait);
            }
            tracing::debug!(
                attempts,
                wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                "asking again"
            );
            tokio::time::sleep(wait).await;
        }
    }

    /// What the end of a call says of how busy the provider is.
    fn sign(&self, outcome: &Result<Answer, Failed>) -> End {
        match outcome {
            Ok(answer) if matches!(answer.status, 429 | 503) || (self.throttles)(answer) => End::Overloaded,
            Ok(answer) => End::Answered(answer.took),
            Err(failed) if failed.timed_out => End::Overloaded,
            Err(_) => End::Other,
        }
    }

    async fn once(&self, request: Request, reading: Option<Reading>) -> Result<Answer, Failed> {
        let url =
            self.url(&request.segments, request.slash).map_err(|error| Failed { error, timed_out: false })?;
        let asked = format!("{} {url}", request.method);
        let changes = request.nature == Nature::Change;
        let started = tokio::time::Instant::now();
        let outcome =
            match tokio::time::timeout(self.timeout, self.exchange(request, url, &asked, reading)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(Failed {
                    timed_out: true,
                    error: Error::new(
                        ErrorKind::LostAnswer,
                        format!("{asked} was not answered within {:?}", self.timeout),
                    ),
                }),
            };
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match &outcome {
            Ok(answer) => {
                tracing::debug!(call = %asked, status = answer.status, bytes = answer.body.len(), ms);
            }
            Err(failed) => tracing::debug!(call = %asked, error = %failed.error, ms),
        }
        outcome.map_err(|mut failed| {
            if changes && failed.error.kind != ErrorKind::Unreachable {
                failed.error = failed.error.maybe_effective();
            }
            failed
        })
    }

    async fn exchange(
        &self,
        request: Request,
        mut url: Url,
        asked: &str,
        reading: Option<Reading>,
    ) -> Result<Answer, Failed> {
        let changes = request.nature == Nature::Change;
        if !request.query.is_empty() {
            url.set_query(Some(&query_text(&request.query)));
        }
        let client = self.client(changes).map_err(|error| Failed { error, timed_out: false })?;
        let mut builder = client.request(request.method, url);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        builder = match request.body {
            Body::Empty => builder,
            Body::Json(text) => builder
                .header(reqwest::header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
                .body(text),
            Body::Form(pairs) => builder.form(&pairs),
        };
        let sent = tokio::time::Instant::now();
        let mut response = builder.send().await.map_err(|error| transport(asked, &error))?;
        let took = sent.elapsed();
        let headers = response.headers().clone();
        let status = response.status().as_u16();
        let mut intake = Intake::new(&response, reading.filter(|_| status == 200), self.bounds.kept);
        while let Some(chunk) = response.chunk().await.map_err(|error| transport(asked, &error))? {
            if intake.size() + chunk.len() > self.bounds.answer {
                return Err(Failed {
                    timed_out: false,
                    error: Error::new(
                        ErrorKind::Garbage,
                        format!("{asked} answered more than {} bytes", self.bounds.answer),
                    ),
                });
            }
            intake.take(&chunk).await;
        }
        let (body, read) = intake.finish().await;
        let retry_after = headers
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| retry_after::parse(value, Timestamp::now()));
        // What is sent again after a 503 had no effect by the same reasoning when the last attempt is over.
        let idle_503 = self.policy.resend_changes_on_503;
        let asked = asked.to_owned();
        let mut answer = Answer { status, headers, body, read, asked, retry_after, took, changes, idle_503 };
        let may_ask = matches!(status, 413 | 429 | 503) || (self.throttles)(&answer);
        if answer.retry_after.is_none() && may_ask {
            answer.retry_after = (self.own_wait)(&answer);
        }
        Ok(answer)
    }

    /// Most runs change nothing, so the client for changes is built with the first of them.
    fn client(&self, changes: bool) -> Result<&Client, Error> {
        let cell = if changes { &self.pools.changes } else { &self.pools.reads };
        let ca_file = self.ca_file.as_deref();
        cell.get_or_init(|| build(is_loopback(&self.base), ca_file, !changes)).as_ref().map_err(Error::clone)
    }

    fn url(&self, segments: &[String], slash: bool) -> Result<Url, Error> {
        // An id that is empty or a dot would vanish from the path, and the call would be about something else.
        if let Some(odd) = segments.iter().find(|segment| matches!(segment.as_str(), "" | "." | "..")) {
            return Err(Error::new(ErrorKind::Refused, format!("{odd:?} cannot be part of a URL's path")));
        }
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
            if slash {
                path.push("");
            }
        }
        Ok(url)
    }
}

fn query_text(pairs: &[(&'static str, String)]) -> String {
    let pair = |(name, value): &(&'static str, String)| format!("{}={}", encoded(name), encoded(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

struct Failed {
    error: Error,
    timed_out: bool,
}

fn transport(asked: &str, error: &reqwest::Error) -> Failed {
    // The source chain says what happened; reqwest's own text would repeat the URL with its query.
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let (kind, what) = if error.is_connect() {
        (ErrorKind::Unreachable, "could not connect")
    } else if error.is_builder() {
        (ErrorKind::Config, "cannot be sent")
    } else {
        (ErrorKind::LostAnswer, "the connection broke before the answer was complete")
    };
    Failed { timed_out: false, error: Error::new(kind, format!("{asked}: {what}: {cause}")) }
}

fn checked_base(text: &str) -> Result<Url, Error> {
    let bad = |why: &str| Error::new(ErrorKind::Config, format!("the endpoint {why}"));
    let url = Url::parse(text.trim()).map_err(|error| bad(&format!("is no URL: {error}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("must not hold credentials; give them as settings"));
    }
    if url.cannot_be_a_base() || url.query().is_some() || url.fragment().is_some() {
        return Err(bad("must be a plain base URL without query or fragment"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(bad("is plain http: credentials travel over https only, except to loopback")),
        other => Err(bad(&format!("has the scheme {other:?}; http and https are spoken"))),
    }
}

pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}

pub(super) fn build(loopback: bool, ca_file: Option<&Path>, keep_alive: bool) -> Result<Client, Error> {
    let mut builder = Client::builder()
        .user_agent(concat!("fleetform/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(Duration::from_secs(10))
        .pool_idle_timeout(Duration::from_secs(4))
        .referer(false);
    if !keep_alive {
        builder = builder.pool_max_idle_per_host(0);
    }
    if loopback {
        // A proxy has no business between us and this machine.
        builder = builder.no_proxy();
    }
    if let Some(path) = ca_file {
        let bad = |why: String| Error::new(ErrorKind::Config, format!("ca_file {}: {why}", path.display()));
        let pem = std::fs::read(path).map_err(|error| bad(error.to_string()))?;
        let certificates =
            reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| bad(error.to_string()))?;
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|error| Error::new(ErrorKind::Config, no_client(&error)))
}

/// Almost always it is the root certificates: an image without them has no client, not even for plain http.
fn no_client(error: &reqwest::Error) -> String {
    let mut why = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        why = format!("{why}: {cause}");
        source = cause.source();
    }
    format!(
        "no HTTP client ({why}); are there root certificates? install the system's (ca-certificates), or name a file \
         of them with `ca_file` or SSL_CERT_FILE"
    )
}
