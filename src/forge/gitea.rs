//! Gitea and Forgejo: comments of a pull request are those of its issue (<https://docs.gitea.com/api/>).

use super::calls::{Advice, body_of, failure, page_address};
use super::{Author, Comment, Forge, Page, Target};
use crate::http::{Answer, Connection, Nature, Request};
use crate::provider::Error;
use async_trait::async_trait;
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use serde::Deserialize;

const ADVICE: Advice = Advice {
    unknown: "GITEA_TOKEN is wrong, has expired, or is for another server",
    forbidden: "GITEA_TOKEN needs the scopes write:issue and read:user, and its user access to the repository",
    not_there: "check --repo, --number and that GITEA_TOKEN may read this repository",
};

pub(super) struct Gitea {
    http: Connection,
    target: Target,
    token: HeaderValue,
}

/// Users of the server's own have negative ids: that of Gitea Actions is -2.
#[derive(Deserialize)]
struct User {
    id: i64,
}

#[derive(Deserialize)]
struct Issue {
    /// Whether it is a pull request; absent of a plain issue.
    #[serde(default)]
    pull_request: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Wire {
    id: u64,
    body: String,
    html_url: String,
    user: Option<User>,
}

impl From<Wire> for Comment {
    fn from(wire: Wire) -> Self {
        Self {
            id: wire.id,
            body: wire.body,
            author: wire.user.map_or(0, |user| user.id),
            by_bot: false,
            url: page_address(&wire.html_url),
        }
    }
}

impl Gitea {
    pub(super) fn new(http: Connection, target: Target, token: HeaderValue) -> Self {
        Self { http, target, token }
    }

    fn request<'a>(
        &self,
        nature: Nature,
        method: Method,
        path: impl IntoIterator<Item = &'a str>,
    ) -> Request {
        Request::new(nature, method, path)
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .header(AUTHORIZATION, self.token.clone())
    }

    fn below_repo<'a>(&'a self, tail: &[&'a str]) -> Vec<&'a str> {
        std::iter::once("repos").chain(self.target.repo.split('/')).chain(tail.iter().copied()).collect()
    }

    async fn read(&self, path: &[&str]) -> Result<Answer, Error> {
        self.http.send(|| self.request(Nature::Read, Method::GET, path.iter().copied())).await
    }
}

#[async_trait]
impl Forge for Gitea {
    /// Two exchanges. The request is asked for because the list of comments of one that does not exist is a 500
    /// (`routers/api/v1/repo/issue_comment.go`); who we are may only be asked with the scope `read:user`
    /// (<https://github.com/go-gitea/gitea/issues/33583>).
    async fn author(&mut self) -> Result<Author, Error> {
        let number = self.target.number.to_string();
        let answer = self.read(&self.below_repo(&["issues", &number])).await?;
        if answer.status != 200 {
            return Err(refusal(&answer));
        }
        if answer.json::<Issue>()?.pull_request.is_none() {
            let error = answer.failure_as(
                crate::provider::ErrorKind::NotFound,
                "this is an issue and no pull request",
                None,
            );
            return Err(error.with_hint(ADVICE.not_there));
        }
        let answer = self.read(&["user"]).await?;
        match answer.status {
            200 => Ok(Author::Is(answer.json::<User>()?.id)),
            403 => Ok(Author::Untold),
            _ => Err(refusal(&answer)),
        }
    }

    /// The list has no pages: all of it comes at once, with the count in a header.
    async fn page(&self, _number: u32) -> Result<Page, Error> {
        let own = self.target.number.to_string();
        let answer = self.read(&self.below_repo(&["issues", &own, "comments"])).await?;
        if answer.status != 200 {
            return Err(refusal(&answer));
        }
        let comments: Vec<Comment> = answer.json::<Vec<Wire>>()?.into_iter().map(Comment::from).collect();
        let total = answer.headers.get("x-total-count").and_then(|total| total.to_str().ok()?.parse().ok());
        if total.is_some_and(|total: usize| total > comments.len()) {
            return Err(answer.garbage("fewer comments than it says there are"));
        }
        Ok(Page { comments, next: None })
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
    failure(answer, answer.status == 429, &ADVICE)
}
