//! What a provider says is there.

use super::{Power, ServerId, ServerName, Verb};
use jiff::Timestamp;
use std::fmt;
use std::sync::Arc;

/// Where a transition ends, when the provider tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Settles {
    /// It will have this power state.
    Power(Power),
    /// It is being deleted.
    Gone,
}

/// The state of a live server. Three kinds of "cannot say" are kept apart on purpose: a transition ends, a
/// provider without power states is no fault, and a word nobody knows is never guessed at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LiveState {
    /// Settled.
    Settled(Power),
    /// An operation is under way.
    Transition {
        /// The provider's word for it.
        word: Box<str>,
        /// Where it ends, where told.
        into: Option<Settles>,
    },
    /// The provider has no power state to report; not a problem by itself.
    NotReported,
    /// The provider's word is not in its vocabulary: a problem, never acted upon.
    Unrecognised(Box<str>),
}

impl LiveState {
    /// The settled power, or the one a transition is known to settle into.
    pub fn expected_power(&self) -> Option<Power> {
        match self {
            Self::Settled(power) | Self::Transition { into: Some(Settles::Power(power)), .. } => Some(*power),
            _ => None,
        }
    }

    /// The power if nothing is under way.
    pub fn settled_power(&self) -> Option<Power> {
        match self {
            Self::Settled(power) => Some(*power),
            _ => None,
        }
    }

    /// Whether an operation is under way.
    pub fn is_transition(&self) -> bool {
        matches!(self, Self::Transition { .. })
    }

    /// Whether the server is being deleted.
    pub fn is_going_away(&self) -> bool {
        matches!(self, Self::Transition { into: Some(Settles::Gone), .. })
    }
}

impl fmt::Display for LiveState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settled(power) => power.fmt(f),
            Self::Transition { word, into: Some(Settles::Power(power)) } => {
                write!(f, "{word}, becoming {power}")
            }
            Self::Transition { word, into: Some(Settles::Gone) } => write!(f, "{word}, being deleted"),
            Self::Transition { word, into: None } => write!(f, "in transition ({word})"),
            Self::NotReported => f.write_str("not reported"),
            Self::Unrecognised(word) => write!(f, "not recognised ({word})"),
        }
    }
}

/// A verb that the provider refuses for this one server, known before any call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Denial {
    /// The verb that would be refused.
    pub verb: Verb,
    /// Why, as half a sentence for people: `it is suspended and hostway has no call that resumes it`.
    pub why: Box<str>,
}

/// The tags of a server, sorted; shared where neighbours have the same.
pub type Tags = Arc<[Box<str>]>;

/// One server as its provider describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveServer {
    /// Missing for a short while on providers that assign ids late; without one nothing can be asked of it.
    pub id: Option<ServerId>,
    /// Missing where the provider could not say (an unreachable part of it).
    pub name: Option<ServerName>,
    /// Its state now.
    pub state: LiveState,
    /// When its guest last booted, where the provider tells.
    pub booted_at: Option<Timestamp>,
    /// When it was created, where the listing tells; where it tells that without a zone, the latest instant that it can
    /// mean, so that no server is taken for older than it is.
    pub created_at: Option<Timestamp>,
    /// The provider's own tags, `key=value` or a single word; `None` where the answer does not tell them.
    pub tags: Option<Tags>,
    /// What cannot be done with this server although the provider can do it in general. Mostly empty.
    pub denials: Vec<Denial>,
}

impl LiveServer {
    /// A server with an id, a name and a state, and nothing special.
    pub fn new(id: impl Into<ServerId>, name: impl Into<ServerName>, state: LiveState) -> Self {
        Self {
            id: Some(id.into()),
            name: Some(name.into()),
            state,
            booted_at: None,
            created_at: None,
            tags: None,
            denials: Vec::new(),
        }
    }

    /// With what an earlier answer told of it and this one does not: reading one server may tell less than a list.
    #[must_use]
    pub fn completed_by(mut self, earlier: &Self) -> Self {
        self.created_at = self.created_at.or(earlier.created_at);
        self.tags = self.tags.or_else(|| earlier.tags.clone());
        self
    }

    /// Why `verb` cannot be done with this server, if so.
    pub fn denial(&self, verb: Verb) -> Option<&str> {
        self.denials.iter().find(|d| d.verb == verb).map(|d| &*d.why)
    }
}
