//! GitHub: comments of a pull request are those of its issue
//! (<https://docs.github.com/en/rest/issues/comments>, version 2022-11-28).

use super::calls::{Advice, body_of, failure, page_address};
use super::{Author, Comment, Forge, Page, Target};
use crate::http::{Answer, Connection, Nature, Request};
use crate::provider::Error;
use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderName, HeaderValue, LINK};
use serde::Deserialize;
use std::time::Duration;

/// The most that a page holds.
const PER_PAGE: usize = 100;

const ADVICE: Advice = Advice {
    unknown: "GITHUB_TOKEN is wrong, has expired, or is for another server",
    forbidden: "GITHUB_TOKEN needs to write pull requests: `permissions: pull-requests: write` in a workflow (which the \
                token of a pull request from a fork never has), the permission \"Pull requests: write\" of a \
                fine-grained token, the scope `repo` of a classic one",
    not_there: "check --repo, --number and that GITHUB_TOKEN may read this repository",
};

pub(super) struct GitHub {
    http: Connection,
    target: Target,
    token: HeaderValue,
}

/// A user or an app. `type` is `Bot` for apps.
#[derive(Deserialize)]
struct User {
    id: i64,
    #[serde(rename = "type", default)]
    kind: String,
}

#[derive(Deserialize)]
struct Wire {
    id: u64,
    /// Absent where only another representation was asked for, which we do not.
    #[serde(default)]
    body: Option<String>,
    html_url: String,
    /// `null` where the account is gone.
    user: Option<User>,
}

impl From<Wire> for Comment {
    fn from(wire: Wire) -> Self {
        Self {
            id: wire.id,
            body: wire.body.unwrap_or_default(),
            by_bot: wire.user.as_ref().is_some_and(|user| user.kind == "Bot"),
            author: wire.user.map_or(0, |user| user.id),
            url: page_address(&wire.html_url),
        }
    }
}

impl GitHub {
    pub(super) fn new(http: Connection, target: Target, token: HeaderValue) -> Self {
        let http = http.with_throttles(throttles).with_own_wait(own_wait);
        Self { http, target, token }
    }

    fn request<'a>(
        &self,
        nature: Nature,
        method: Method,
        tail: impl IntoIterator<Item = &'a str>,
    ) -> Request {
        Request::new(nature, method, tail)
            .header(ACCEPT, HeaderValue::from_static("application/vnd.github+json"))
            .header(HeaderName::from_static("x-github-api-version"), HeaderValue::from_static("2022-11-28"))
            .header(AUTHORIZATION, self.token.clone())
    }

    fn below_repo<'a>(&'a self, tail: &[&'a str]) -> Vec<&'a str> {
        std::iter::once("repos").chain(self.target.repo.split('/')).chain(tail.iter().copied()).collect()
    }
}

#[async_trait]
impl Forge for GitHub {
    /// The token of a workflow is an app's, which has no user: it may not ask for one, and what it writes is written
    /// by a bot (<https://docs.github.com/en/rest/users/users#get-the-authenticated-user>, "GitHub App user access
    /// tokens" are served, installation tokens are not).
    async fn author(&mut self) -> Result<Author, Error> {
        let answer = self.http.send(|| self.request(Nature::Read, Method::GET, ["user"])).await?;
        match answer.status {
            200 => Ok(Author::Is(answer.json::<User>()?.id)),
            403 if !throttles(&answer) => Ok(Author::SomeBot),
            _ => Err(refusal(&answer)),
        }
    }

    async fn page(&self, number: u32) -> Result<Page, Error> {
        let own = self.target.number.to_string();
        let path = self.below_repo(&["issues", &own, "comments"]);
        let build = || {
            self.request(Nature::Read, Method::GET, path.iter().copied())
                .query("per_page", PER_PAGE.to_string())
                .query("page", number.to_string())
        };
        let answer = self.http.send(build).await?;
        if answer.status != 200 {
            return Err(refusal(&answer));
        }
        let comments: Vec<Comment> = answer.json::<Vec<Wire>>()?.into_iter().map(Comment::from).collect();
        // The header is left out where there is one page, and may be lost behind a proxy; a full page without it is
        // taken for not the last one (https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api).
        let more = match answer.headers.get(LINK).and_then(|link| link.to_str().ok()) {
            Some(link) => link.split(',').any(|one| one.contains("rel=\"next\"")),
            None => comments.len() >= PER_PAGE,
        };
        Ok(Page { comments, next: more.then_some(number + 1) })
    }

    async fn create(&self, body: &str) -> Result<Comment, Error> {
        let own = self.target.number.to_string();
        let path = self.below_repo(&["issues", &own, "comments"]);
        let build = || self.request(Nature::Change, Method::POST, path.iter().copied()).body(body_of(body));
        let answer = self.http.send(build).await?;
        if answer.status == 201 {
            return Ok(answer.json::<Wire>()?.into());
        }
        Err(refusal(&answer))
    }

    async fn edit(&self, id: u64, body: &str) -> Result<Comment, Error> {
        let id = id.to_string();
        let path = self.below_repo(&["issues", "comments", &id]);
        let build = || self.request(Nature::Read, Method::PATCH, path.iter().copied()).body(body_of(body));
        let answer = self.http.send(build).await?;
        if answer.status == 200 {
            return Ok(answer.json::<Wire>()?.into());
        }
        Err(refusal(&answer))
    }
}

fn refusal(answer: &Answer) -> Error {
    failure(answer, throttles(answer), &ADVICE)
}

/// A limit is told by 403 or 429: with `Retry-After`, with no call left, or (the "secondary" limits) by its text alone
/// (<https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit>).
fn throttles(answer: &Answer) -> bool {
    let text = String::from_utf8_lossy(&answer.body[..answer.body.len().min(4096)]).to_ascii_lowercase();
    match answer.status {
        429 => true,
        403 => {
            answer.retry_after.is_some()
                || left(answer) == Some("0")
                || text.contains("secondary rate limit")
                || text.contains("rate limit exceeded")
        }
        _ => false,
    }
}

fn left(answer: &Answer) -> Option<&str> {
    answer.headers.get("x-ratelimit-remaining")?.to_str().ok()
}

/// Until the reset where no call is left, else a minute, as the same page asks for.
fn own_wait(answer: &Answer) -> Option<Duration> {
    if !throttles(answer) {
        return None;
    }
    let reset = || answer.headers.get("x-ratelimit-reset")?.to_str().ok()?.parse::<i64>().ok();
    let until = left(answer).filter(|left| *left == "0").and_then(|_| reset());
    Some(until.map_or(Duration::from_mins(1), |until| {
        // One more second: the reset is told in whole ones.
        let seconds = until.saturating_sub(Timestamp::now().as_second()).saturating_add(1);
        Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
    }))
}
