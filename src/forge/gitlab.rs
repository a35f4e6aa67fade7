//! GitLab: the notes of a merge request (<https://docs.gitlab.com/api/notes/#merge-requests>).

use super::calls::{Advice, body_of, failure, page_address};
use super::{Author, Comment, Forge, Page, Target};
use crate::http::{Answer, Connection, Nature, Request};
use crate::provider::Error;
use async_trait::async_trait;
use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderName, HeaderValue};
use serde::Deserialize;

/// The most that a page holds (<https://docs.gitlab.com/api/rest/#offset-based-pagination>).
const PER_PAGE: usize = 100;

const ADVICE: Advice = Advice {
    unknown: "GITLAB_TOKEN is wrong or has expired; it is a personal, project or group access token with the scope `api`: \
              a CI_JOB_TOKEN cannot write notes",
    forbidden: "GITLAB_TOKEN needs the scope `api`, and its user at least the role Reporter in a private project",
    not_there: "check --repo, --number (the merge request's own, as in !12) and that GITLAB_TOKEN may read this project",
};

pub(super) struct GitLab {
    http: Connection,
    target: Target,
    token: HeaderValue,
    /// The merge request's page: a note's own address is not told by the API.
    page: Option<String>,
}

#[derive(Deserialize)]
struct User {
    id: i64,
}

#[derive(Deserialize)]
struct MergeRequest {
    web_url: String,
}

#[derive(Deserialize)]
struct Note {
    id: u64,
    body: String,
    author: User,
    /// Written by GitLab itself: "changed the description".
    #[serde(default)]
    system: bool,
}

impl GitLab {
    pub(super) fn new(http: Connection, target: Target, token: HeaderValue) -> Self {
        Self { http, target, token, page: None }
    }

    fn request<'a>(
        &self,
        nature: Nature,
        method: Method,
        path: impl IntoIterator<Item = &'a str>,
    ) -> Request {
        Request::new(nature, method, path)
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .header(HeaderName::from_static("private-token"), self.token.clone())
    }

    /// `:id` is the project's id or its whole path as one segment
    /// (<https://docs.gitlab.com/api/rest/#namespaced-paths>).
    fn below_request<'a>(&'a self, number: &'a str, tail: &[&'a str]) -> Vec<&'a str> {
        ["projects", &self.target.repo, "merge_requests", number]
            .into_iter()
            .chain(tail.iter().copied())
            .collect()
    }

    fn comment(&self, note: Note) -> Comment {
        let url = self.page.as_ref().map(|page| format!("{page}#note_{}", note.id));
        Comment { id: note.id, body: note.body, author: note.author.id, by_bot: false, url }
    }
}

#[async_trait]
impl Forge for GitLab {
    /// Two exchanges: who we are, and the merge request, whose page the notes' addresses are made of.
    async fn author(&mut self) -> Result<Author, Error> {
        let answer = self.http.send(|| self.request(Nature::Read, Method::GET, ["user"])).await?;
        if answer.status != 200 {
            return Err(refusal(&answer));
        }
        let user: User = answer.json()?;
        let number = self.target.number.to_string();
        let path = self.below_request(&number, &[]);
        let answer = self.http.send(|| self.request(Nature::Read, Method::GET, path.iter().copied())).await?;
        if answer.status != 200 {
            return Err(refusal(&answer));
        }
        self.page = page_address(&answer.json::<MergeRequest>()?.web_url);
        Ok(Author::Is(user.id))
    }

    async fn page(&self, number: u32) -> Result<Page, Error> {
        let own = self.target.number.to_string();
        let path = self.below_request(&own, &["notes"]);
        // Oldest first: notes that come meanwhile do not move the others from page to page.
        let build = || {
            self.request(Nature::Read, Method::GET, path.iter().copied())
                .query("per_page", PER_PAGE.to_string())
                .query("page", number.to_string())
                .query("sort", "asc")
                .query("order_by", "created_at")
        };
        let answer = self.http.send(build).await?;
        if answer.status != 200 {
            return Err(refusal(&answer));
        }
        let notes: Vec<Note> = answer.json()?;
        let full = notes.len() >= PER_PAGE;
        let comments = notes.into_iter().filter(|note| !note.system).map(|note| self.comment(note)).collect();
        // Empty on the last page; a proxy may have lost it.
        let next =
            match answer.headers.get("x-next-page").map(|next| next.to_str().unwrap_or_default().trim()) {
                Some("") => None,
                Some(next) => {
                    Some(next.parse().map_err(|_| answer.garbage("an x-next-page that is no number"))?)
                }
                None => full.then_some(number + 1),
            };
        Ok(Page { comments, next })
    }

    async fn create(&self, body: &str) -> Result<Comment, Error> {
        let own = self.target.number.to_string();
        let path = self.below_request(&own, &["notes"]);
        let build = || self.request(Nature::Change, Method::POST, path.iter().copied()).body(body_of(body));
        let answer = self.http.send(build).await?;
        if answer.status == 201 {
            return Ok(self.comment(answer.json()?));
        }
        Err(refusal(&answer))
    }

    async fn edit(&self, id: u64, body: &str) -> Result<Comment, Error> {
        let (own, id) = (self.target.number.to_string(), id.to_string());
        let path = self.below_request(&own, &["notes", &id]);
        let build = || self.request(Nature::Read, Method::PUT, path.iter().copied()).body(body_of(body));
        let answer = self.http.send(build).await?;
        if answer.status == 200 {
            return Ok(self.comment(answer.json()?));
        }
        Err(refusal(&answer))
    }
}

/// Limits are told by 429 with `Retry-After`
/// (<https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers>).
fn refusal(answer: &Answer) -> Error {
    failure(answer, answer.status == 429, &ADVICE)
}
