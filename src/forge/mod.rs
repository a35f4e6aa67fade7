//! The one comment on a pull or merge request: where it belongs, and the calls that create or edit it. One file per
//! service behind [`Forge`]; what makes a comment the same one from run to run is in `sticky` alone. Knows no plan.

mod calls;
mod gitea;
mod github;
mod gitlab;
mod marker;
mod sticky;
mod target;

pub use marker::{Key, Marker};
pub use sticky::{Action, Outcome, Sent, Wanted};
pub use target::{Given, Missing, Service, Surroundings, Target};

use crate::http::{Bounds, Clients, Connection, Limits, Policy};
use crate::provider::{Error, ErrorKind, Secrets};
use async_trait::async_trait;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// One call, and the longest wait that a service may ask for.
const TIMEOUT: Duration = Duration::from_secs(30);
const WAIT: Duration = Duration::from_secs(90);

/// A comment as its service has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Its id; those made later are larger.
    pub id: u64,
    /// Its text.
    pub body: String,
    /// The id of who wrote it. Services give negative ones to users of their own.
    pub author: i64,
    /// Whether that is an app or a bot, where the service tells it.
    pub by_bot: bool,
    /// Its page, where the service tells it.
    pub url: Option<String>,
}

/// Whose token this is, as far as the token may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// The user with this id.
    Is(i64),
    /// An app, which may not ask for its own name.
    SomeBot,
    /// The token may not ask.
    Untold,
}

impl Author {
    /// Whether a comment may be this one's.
    pub fn wrote(self, comment: &Comment) -> bool {
        match self {
            Self::Is(id) => comment.author == id,
            Self::SomeBot => comment.by_bot,
            Self::Untold => true,
        }
    }
}

/// A part of the comments of a request.
#[derive(Debug)]
pub struct Page {
    /// Its comments.
    pub comments: Vec<Comment>,
    /// The number of the next part.
    pub next: Option<u32>,
}

/// A service with pull or merge requests, and one of these. One exchange per call, except where noted.
#[async_trait]
pub trait Forge: Send + Sync {
    /// Whose token this is; also the first call, so that a bad token or target is told before anything else.
    async fn author(&mut self) -> Result<Author, Error>;

    /// One part of the request's comments, from 1. Never a shorter one than there is.
    async fn page(&self, number: u32) -> Result<Page, Error>;

    /// Writes a new comment.
    async fn create(&self, body: &str) -> Result<Comment, Error>;

    /// Replaces the text of a comment, which is harmless to repeat.
    async fn edit(&self, id: u64, body: &str) -> Result<Comment, Error>;
}

/// A target and its token.
pub struct Opened {
    forge: Box<dyn Forge>,
    secrets: Secrets,
}

impl Opened {
    /// Opens a target. Nothing is sent yet.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a base URL that no token is sent to (plain http, say), and for a token that cannot
    /// be sent.
    pub fn new(target: &Target, token: SecretString) -> Result<Self, Error> {
        let limits = Limits { in_flight: 1, per_second: None, timeout: TIMEOUT };
        // A comment that a 5xx may have created is looked for before it is sent again.
        let policy = Policy { resend_changes_on_503: false };
        let http = Connection::new(&target.api, limits, policy, &Clients::new(None))
            .map_err(|error| error.with_hint("it is given by --api, or by the pipeline's variables"))?
            .with_bounds(Bounds { wait: WAIT, ..Bounds::default() });
        let target = target.clone();
        let forge: Box<dyn Forge> = match target.service {
            Service::GitHub => Box::new(github::GitHub::new(http, target, header("Bearer ", &token)?)),
            Service::GitLab => Box::new(gitlab::GitLab::new(http, target, header("", &token)?)),
            Service::Gitea => Box::new(gitea::Gitea::new(http, target, header("token ", &token)?)),
        };
        Ok(Self { forge, secrets: Secrets::new([token]) })
    }

    /// Creates or edits the comment. What the service says is repeated, the token never, wherever it says it.
    ///
    /// # Errors
    /// What the calls fail with. After a lost answer the comment was looked for first, and sent again only while it
    /// was not there.
    pub async fn keep(&mut self, wanted: Wanted<'_>, sent: &Sent) -> Result<Outcome, Error> {
        let outcome = sticky::keep(&mut *self.forge, wanted, sent).await;
        let outcome = outcome.map_err(|error| self.secrets.error(error))?;
        let text = |text| self.secrets.text(text);
        let comment = outcome.comment.map(|one| Comment { url: one.url.map(text), ..one });
        Ok(Outcome { comment, warnings: outcome.warnings.into_iter().map(text).collect(), ..outcome })
    }
}

fn header(prefix: &str, token: &SecretString) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(&format!("{prefix}{}", token.expose_secret()))
        .map_err(|_| Error::new(ErrorKind::Config, "the token holds characters that no token has"))?;
    value.set_sensitive(true);
    Ok(value)
}
