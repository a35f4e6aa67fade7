//! Where the path of a request leads.

use crate::simulator::Request;

/// A path, read.
#[derive(Debug)]
pub(super) struct Target {
    /// The project that the URL names, where it names one.
    pub(super) project: Option<String>,
    pub(super) place: Place,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    Tokens,
    /// Below Keystone, and nothing that is known here.
    OtherIdentity,
    Root,
    /// Nova sends whoever asks for this one slash further.
    RootWithoutSlash,
    Servers,
    Detail,
    Server(String),
    Action(String),
    History(String),
    Event(String, String),
    Elsewhere,
}

impl Target {
    pub(super) fn of(request: &Request) -> Self {
        let elsewhere = Self { project: None, place: Place::Elsewhere };
        let Some(segments) = request.segments() else { return elsewhere };
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let slash = request.path.ends_with('/');
        match &segments[..] {
            ["identity", "v3", "auth", "tokens"] if !slash => Self { place: Place::Tokens, ..elsewhere },
            ["identity", ..] => Self { place: Place::OtherIdentity, ..elsewhere },
            ["compute", "v2.1", project, rest @ ..] if is_project(project) => {
                Self { project: Some((*project).to_owned()), place: below(rest, slash) }
            }
            ["compute", "v2.1", rest @ ..] => Self { place: below(rest, slash), ..elsewhere },
            _ => elsewhere,
        }
    }
}

/// What is no such text is taken for a resource.
fn is_project(segment: &str) -> bool {
    !segment.is_empty() && segment.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f' | '-'))
}

fn below(rest: &[&str], slash: bool) -> Place {
    let owned = |text: &str| text.to_owned();
    match (rest, slash) {
        ([], true) => Place::Root,
        ([], false) => Place::RootWithoutSlash,
        (["servers"], false) => Place::Servers,
        (["servers", "detail"], false) => Place::Detail,
        (["servers", id], false) => Place::Server(owned(id)),
        (["servers", id, "action"], false) => Place::Action(owned(id)),
        (["servers", id, "os-instance-actions"], false) => Place::History(owned(id)),
        (["servers", id, "os-instance-actions", event], false) => Place::Event(owned(id), owned(event)),
        _ => Place::Elsewhere,
    }
}

impl Place {
    pub(super) fn is_identity(&self) -> bool {
        matches!(self, Self::Tokens | Self::OtherIdentity)
    }

    /// The server that the path names.
    pub(super) fn server(&self) -> Option<&str> {
        match self {
            Self::Server(id) | Self::Action(id) | Self::History(id) | Self::Event(id, _) => Some(id),
            _ => None,
        }
    }

    /// The path with its variable parts named, the same for every form of the compute URL.
    pub(super) fn route(&self) -> &'static str {
        match self {
            Self::Tokens => "/auth/tokens",
            Self::Root | Self::RootWithoutSlash => "/",
            Self::Servers => "/servers",
            Self::Detail => "/servers/detail",
            Self::Server(_) => "/servers/{id}",
            Self::Action(_) => "/servers/{id}/action",
            Self::History(_) => "/servers/{id}/os-instance-actions",
            Self::Event(..) => "/servers/{id}/os-instance-actions/{request_id}",
            Self::OtherIdentity | Self::Elsewhere => "(other)",
        }
    }
}
