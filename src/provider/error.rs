//! What can go wrong in a call to a provider, sorted by what the caller may do about it.

use std::fmt;
use std::time::Duration;

/// The kind of a failure, independent of the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The settings of the connection do not work (a bad URL, a missing setting).
    Config,
    /// Wrong, missing or expired credentials.
    Auth,
    /// The credentials are good and not allowed to do this.
    Forbidden,
    /// The provider does not know the path or method: a wrong endpoint, as a rule.
    WrongEndpoint,
    /// The provider says the server does not exist.
    NotFound,
    /// Another operation is under way on the server; the call was not carried out.
    Busy,
    /// The provider understood and refused.
    Refused,
    /// Throttled.
    RateLimited,
    /// The provider is in trouble (5xx).
    Unavailable,
    /// No connection could be made.
    Unreachable,
    /// The connection broke or time ran out before the answer was complete.
    LostAnswer,
    /// An answer that cannot be understood: HTML from a gateway, cut-off or foreign JSON.
    Garbage,
    /// The place in a listing that was asked for is gone: the listing has to be read from its start. Only
    /// `list_part` may say this.
    ListMoved,
    /// This provider cannot do that.
    Unsupported,
}

/// Whether a failed call may have taken effect all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It certainly did not.
    None,
    /// It may have: only a look at the provider can tell.
    Unknown,
}

/// A failed call. Its text never holds a credential: URLs are shown without their query.
#[derive(Clone, Debug, thiserror::Error)]
pub struct Error {
    /// What happened, for programs.
    pub kind: ErrorKind,
    /// Whether the call may have taken effect.
    pub effect: Effect,
    /// What happened, for people: one sentence without a full stop.
    pub message: String,
    /// What to do about it, where we know.
    pub hint: Option<String>,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// How long the provider asks to be left alone.
    pub retry_after: Option<Duration>,
}

impl Error {
    /// A failure that certainly had no effect.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            effect: Effect::None,
            message: message.into(),
            hint: None,
            status: None,
            retry_after: None,
        }
    }

    /// The same failure, of a call that may have taken effect.
    #[must_use]
    pub fn maybe_effective(mut self) -> Self {
        self.effect = Effect::Unknown;
        self
    }

    /// With advice.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With the HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Whether the same attempt may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::Busy
                | ErrorKind::RateLimited
                | ErrorKind::Unavailable
                | ErrorKind::Unreachable
                | ErrorKind::LostAnswer
                | ErrorKind::Garbage
                | ErrorKind::ListMoved
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}
