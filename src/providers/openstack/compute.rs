//! A connection to Nova, and the microversion that is spoken on it.

use super::convert::{own_wait, says};
use super::wire::Root;
use crate::http::{Answer, Body, Clients, Connection, Limits, Nature, Policy, Request};
use crate::provider::Error;
use reqwest::header::{ACCEPT, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use std::sync::atomic::{AtomicU32, Ordering};

/// The oldest microversion: 2.1.
const OLDEST: u32 = 1;

/// No microversion is named, which means the oldest one.
const UNSAID: u32 = 0;

/// `N` of the newest microversion `2.N` that is of use: from it on, servers of a cell that cannot be reached are
/// listed with few fields instead of being left out.
const WANTED: u32 = 69;

const TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
const VERSION: HeaderName = HeaderName::from_static("openstack-api-version");

/// One call, as the caller describes it.
pub(super) struct Ask<'a> {
    pub(super) nature: Nature,
    pub(super) method: Method,
    pub(super) path: &'a [&'a str],
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<String>,
}

impl<'a> Ask<'a> {
    /// A read without a query.
    pub(super) fn get(path: &'a [&'a str]) -> Self {
        Self { nature: Nature::Read, method: Method::GET, path, query: Vec::new(), body: None }
    }

    /// A change.
    pub(super) fn change(method: Method, path: &'a [&'a str], body: Option<String>) -> Self {
        Self { nature: Nature::Change, method, path, query: Vec::new(), body }
    }
}

/// Lives as long as its URL stays the same, across logins: its gate holds the limits of the connection.
pub(super) struct Compute {
    /// As the catalog has it.
    pub(super) url: String,
    http: Connection,
    /// The project at the end of the URL, where it is there: the root document is above it.
    project: Option<String>,
    minor: AtomicU32,
}

impl Compute {
    /// For the URL as it stands in the catalog; `project` is that of the token.
    pub(super) fn new(
        url: &str,
        project: Option<&str>,
        limits: Limits,
        clients: &Clients,
    ) -> Result<Self, Error> {
        let (base, project) = split(url, project);
        // A 503 to a change is no promise that nothing happened: the state is read first.
        let policy = Policy { resend_changes_on_503: false };
        let http = Connection::new(&base, limits, policy, clients)?.with_own_wait(own_wait);
        Ok(Self { url: url.to_owned(), http, project, minor: AtomicU32::new(WANTED) })
    }

    /// Sends a call with the newest microversion that both sides know. A 406 was not carried out.
    pub(super) async fn send(&self, token: &HeaderValue, ask: &Ask<'_>) -> Result<Answer, Error> {
        let minor = self.minor.load(Ordering::Acquire);
        let mut answer = self.http.send(|| self.request(token, minor, ask)).await?;
        let mut asked = minor;
        while answer.status == 406 && asked > UNSAID {
            let text = says(&answer).unwrap_or_default();
            let lower = self.lower(token, asked, &text).await?;
            tracing::info!(asked, taken = lower, "the cloud speaks an older microversion of 2.N");
            self.minor.fetch_min(lower, Ordering::AcqRel);
            answer = self.http.send(|| self.request(token, lower, ask)).await?;
            asked = lower;
        }
        Ok(answer)
    }

    fn request(&self, token: &HeaderValue, minor: u32, ask: &Ask<'_>) -> Request {
        let path = self.project.iter().map(String::as_str).chain(ask.path.iter().copied());
        let request = dressed(Request::new(ask.nature, ask.method.clone(), path), token);
        let request = match HeaderValue::from_str(&format!("compute 2.{minor}")) {
            Ok(version) if minor > UNSAID => request.header(VERSION, version),
            _ => request,
        };
        let request =
            ask.query.iter().fold(request, |request, (name, value)| request.query(name, value.clone()));
        match &ask.body {
            Some(body) => request.body(Body::Json(body.clone())),
            None => request,
        }
    }

    /// The version to use after a 406: the newest the other side has, as the refusal or its root document says. Where
    /// neither says so, 2.1, which every cloud speaks; and after that no header, which means the same.
    async fn lower(&self, token: &HeaderValue, minor: u32, refusal: &str) -> Result<u32, Error> {
        let known = self.minor.load(Ordering::Acquire);
        if known < minor {
            return Ok(known);
        }
        if minor == OLDEST {
            return Ok(UNSAID);
        }
        let told = match refusal.split_once("maximum is ") {
            Some((_, version)) => minor_of(version),
            None => self.root(token).await?,
        };
        Ok(told.filter(|told| (OLDEST..minor).contains(told)).unwrap_or(OLDEST))
    }

    /// What the root document has.
    async fn root(&self, token: &HeaderValue) -> Result<Option<u32>, Error> {
        let here: [&str; 0] = [];
        let answer = self.http.send(|| dressed(Request::get(here).with_slash(), token)).await?;
        let root = answer.json::<Root>().ok().filter(|_| answer.status == 200);
        // Without a version it speaks 2.1 and no other.
        Ok(root.map(|root| minor_of(&root.version.version).unwrap_or(1)))
    }
}

fn dressed(request: Request, token: &HeaderValue) -> Request {
    request.header(TOKEN, token.clone()).header(ACCEPT, HeaderValue::from_static("application/json"))
}

/// `N` of a text that begins with `2.N`.
fn minor_of(text: &str) -> Option<u32> {
    let rest = text.trim_start_matches(['"', '\'']).strip_prefix("2.")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// A URL without the project at its end, and the project.
fn split(url: &str, project: Option<&str>) -> (String, Option<String>) {
    let whole = (url.to_owned(), None);
    let (Some(project), Ok(mut parsed)) = (project.filter(|id| !id.is_empty()), Url::parse(url)) else {
        return whole;
    };
    let ends = parsed.path().trim_end_matches('/').rsplit('/').next() == Some(project);
    match parsed.path_segments_mut() {
        Ok(mut path) if ends => drop(path.pop_if_empty().pop()),
        _ => return whole,
    }
    (parsed.into(), Some(project.to_owned()))
}
