//! The words of notifications: what can be told, how bad it is, and in which form.

/// The form of a notification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoticeFormat {
    /// A `CloudEvents` 1.0 event in structured JSON.
    #[default]
    CloudEvents,
    /// `{"text": …}`, which Slack, Mattermost and Rocket.Chat take.
    Slack,
}

impl NoticeFormat {
    /// As it is written in a fleet file.
    pub fn word(self) -> &'static str {
        match self {
            Self::CloudEvents => "cloudevents",
            Self::Slack => "slack",
        }
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoticeSeverity {
    /// Good news, or news.
    #[default]
    Info,
    /// Somebody should look at it in office hours.
    Warning,
    /// Somebody should look at it now: something is not put right.
    Error,
}

impl NoticeSeverity {
    /// As it is written in a fleet file and in events.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What can be told. The words are stable: receivers filter by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    /// Servers are not as declared.
    Drift,
    /// They are again, without our doing.
    DriftEnded,
    /// Servers were put right.
    Corrected,
    /// Putting them right failed, or nobody can tell.
    Failed,
    /// Somebody else keeps changing them.
    Contested,
    /// Nobody does any more.
    ContestEnded,
    /// Too much has drifted on a connection: nothing is enforced there.
    Stopped,
    /// It goes on there.
    Resumed,
    /// A limit forbids what a round would do.
    Refused,
    /// A connection cannot be read.
    ConnectionLost,
    /// It can again.
    ConnectionBack,
    /// New fleet files have mistakes.
    FileRejected,
    /// New fleet files are in force.
    FileReloaded,
    /// The watcher may enforce.
    LeaderGained,
    /// It may no more.
    LeaderLost,
    /// A problem appeared in the plan.
    Problem,
    /// It is gone.
    ProblemEnded,
    /// Anything else.
    Note,
}

impl NoticeKind {
    /// All of them, in the order in which they are offered to people.
    pub const ALL: [Self; 18] = [
        Self::Drift,
        Self::DriftEnded,
        Self::Corrected,
        Self::Failed,
        Self::Contested,
        Self::ContestEnded,
        Self::Stopped,
        Self::Resumed,
        Self::Refused,
        Self::ConnectionLost,
        Self::ConnectionBack,
        Self::FileRejected,
        Self::FileReloaded,
        Self::LeaderGained,
        Self::LeaderLost,
        Self::Problem,
        Self::ProblemEnded,
        Self::Note,
    ];

    /// As it is written in a fleet file and at the end of an event's type.
    pub fn word(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::DriftEnded => "drift_ended",
            Self::Corrected => "corrected",
            Self::Failed => "failed",
            Self::Contested => "contested",
            Self::ContestEnded => "contest_ended",
            Self::Stopped => "stopped",
            Self::Resumed => "resumed",
            Self::Refused => "refused",
            Self::ConnectionLost => "connection_lost",
            Self::ConnectionBack => "connection_back",
            Self::FileRejected => "file_rejected",
            Self::FileReloaded => "file_reloaded",
            Self::LeaderGained => "leader_gained",
            Self::LeaderLost => "leader_lost",
            Self::Problem => "problem",
            Self::ProblemEnded => "problem_ended",
            Self::Note => "note",
        }
    }

    /// How bad it is.
    pub fn severity(self) -> NoticeSeverity {
        match self {
            Self::Failed
            | Self::Contested
            | Self::Stopped
            | Self::Refused
            | Self::ConnectionLost
            | Self::FileRejected => NoticeSeverity::Error,
            Self::Drift | Self::Problem | Self::LeaderLost => NoticeSeverity::Warning,
            Self::DriftEnded
            | Self::Corrected
            | Self::ContestEnded
            | Self::Resumed
            | Self::ConnectionBack
            | Self::FileReloaded
            | Self::LeaderGained
            | Self::ProblemEnded
            | Self::Note => NoticeSeverity::Info,
        }
    }
}
