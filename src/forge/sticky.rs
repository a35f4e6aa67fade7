//! One comment from run to run: found again, edited where it differs, created where there is none. The same for every
//! service.

use super::{Author, Comment, Forge, Marker};
use crate::provider::{Effect, Error, ErrorKind};
use serde::Serialize;
use std::cell::Cell;
use std::time::Duration;

/// The most pages that are read: ten thousand comments on GitHub and GitLab.
const MOST_PAGES: u32 = 100;

/// How long a comment whose answer was lost is given to appear before it is looked for; after the last of these it is
/// not sent again.
const LOOKS: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// What the comment is found by.
    pub marker: &'a Marker,
    /// All of its text, the marker included.
    pub body: &'a str,
    /// Whether it is created where there is none.
    pub create: bool,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// There was none.
    Created,
    /// Its text was another one.
    Updated,
    /// It said this already.
    Unchanged,
    /// There was none and none was wanted.
    Skipped,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was done.
    pub action: Action,
    /// The comment, where there is one.
    pub comment: Option<Comment>,
    /// What somebody should know: sentences without a full stop.
    pub warnings: Vec<String>,
}

/// Whether anything was sent that may have an effect: for whoever drops the work half way.
pub type Sent = Cell<bool>;

/// Creates or edits the comment.
///
/// Where several are ours the newest is edited, because the older ones may be there for a reason: one that could not
/// be edited any more was followed by a new one, and that one is to be found from then on.
///
/// # Errors
/// What the calls fail with. After a lost answer the comment was looked for first, and sent again only while it was
/// not there.
pub(super) async fn keep(forge: &mut dyn Forge, wanted: Wanted<'_>, sent: &Sent) -> Result<Outcome, Error> {
    let author = forge.author().await?;
    let forge = &*forge;
    let mut warnings = Vec::new();
    if author == Author::Untold {
        warnings.push(
            "the token may not ask whose it is (scope read:user), so its own comment is told by its first line alone"
                .to_owned(),
        );
    }
    let mut ours = find(forge, author, wanted.marker).await?;
    let Some(newest) = ours.pop() else {
        if !wanted.create {
            return Ok(Outcome { action: Action::Skipped, comment: None, warnings });
        }
        let (action, comment) = create(forge, author, wanted, None, sent).await?;
        return Ok(Outcome { action, comment: Some(comment), warnings });
    };
    if !ours.is_empty() {
        let others: Vec<String> = ours.iter().map(|comment| comment.id.to_string()).collect();
        warnings.push(format!(
            "{} older comments of the same key are left as they are: {}",
            others.len(),
            others.join(", ")
        ));
    }
    if same(&newest.body, wanted.body) {
        return Ok(Outcome { action: Action::Unchanged, comment: Some(newest), warnings });
    }
    sent.set(true);
    match forge.edit(newest.id, wanted.body).await {
        Ok(comment) => Ok(Outcome { action: Action::Updated, comment: Some(comment), warnings }),
        // Deleted meanwhile, or written with more rights than this token has.
        Err(error) if matches!(error.kind, ErrorKind::Forbidden | ErrorKind::NotFound) => {
            warnings
                .push(format!("comment {} could not be edited, so there is a new one: {error}", newest.id));
            let (action, comment) = create(forge, author, wanted, Some(newest.id), sent).await?;
            Ok(Outcome { action, comment: Some(comment), warnings })
        }
        Err(error) => Err(error),
    }
}

/// Sends the comment; after a lost answer looks for it before sending it again. `not` could not be edited.
async fn create(
    forge: &dyn Forge,
    author: Author,
    wanted: Wanted<'_>,
    not: Option<u64>,
    sent: &Sent,
) -> Result<(Action, Comment), Error> {
    sent.set(true);
    let mut looks = LOOKS.into_iter();
    loop {
        let lost = match forge.create(wanted.body).await {
            Ok(comment) => return Ok((Action::Created, comment)),
            Err(error) if error.effect == Effect::Unknown => error,
            Err(error) => return Err(error),
        };
        let Some(pause) = looks.next() else { return Err(doubtful(lost)) };
        tracing::info!("the answer was lost; looking for the comment");
        tokio::time::sleep(pause).await;
        let ours = find(forge, author, wanted.marker).await.map_err(|_| doubtful(lost))?;
        match ours.into_iter().rfind(|comment| Some(comment.id) > not) {
            Some(comment) if same(&comment.body, wanted.body) => return Ok((Action::Created, comment)),
            // Another run was faster.
            Some(comment) => return Ok((Action::Updated, forge.edit(comment.id, wanted.body).await?)),
            None => {}
        }
    }
}

fn doubtful(error: Error) -> Error {
    error.with_hint("whether the comment is there is not known; the next run looks for it first")
}

/// The comments that are ours, oldest first.
async fn find(forge: &dyn Forge, author: Author, marker: &Marker) -> Result<Vec<Comment>, Error> {
    let mut ours = Vec::new();
    let mut number = 1;
    loop {
        let page = forge.page(number).await?;
        ours.extend(page.comments.into_iter().filter(|one| marker.begins(&one.body) && author.wrote(one)));
        match page.next {
            None => break,
            Some(next) if next <= number || next > MOST_PAGES => {
                // Without all of them a second comment might be made beside the first.
                let text = format!("the list of comments does not end within {MOST_PAGES} pages");
                return Err(Error::new(ErrorKind::Garbage, text));
            }
            Some(next) => number = next,
        }
    }
    ours.sort_by_key(|comment| comment.id);
    ours.dedup_by_key(|comment| comment.id);
    Ok(ours)
}

/// Services may give other line breaks back than they were given, and drop what ends a text.
fn same(theirs: &str, ours: &str) -> bool {
    let lines = |text: &'_ str| text.trim_end().lines().map(str::to_owned).collect::<Vec<_>>();
    theirs.trim_end() == ours.trim_end() || lines(theirs) == lines(ours)
}
