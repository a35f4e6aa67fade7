//! Happenings that belong together, as one notice: a thousand servers that drift in one round are one message.

use crate::model::{Address, ConnectionName, NoticeKind, Verb};
use crate::watch::{Happening, Occasion};
use jiff::Timestamp;

/// A server of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) address: Address,
    pub(super) actions: Vec<Verb>,
    pub(super) message: String,
}

/// What is told at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    /// When the first of it happened.
    pub(super) at: Timestamp,
    pub(super) kind: NoticeKind,
    /// The plan in which it was seen.
    pub(super) digest: Option<String>,
    /// Where it is about one connection.
    pub(super) connection: Option<ConnectionName>,
    /// Which servers it is about, by address; none where it is about none.
    pub(super) servers: Vec<Told>,
    /// What happened, where it is about no server.
    pub(super) message: String,
}

impl Notice {
    /// For people, in one line: `east/web-1: power off -> on`, `12 servers are not as declared`.
    pub(super) fn words(&self) -> String {
        match &self.servers[..] {
            [] => self.message.clone(),
            [one] => format!("{}: {}", one.address, one.message),
            many => format!("{} servers {}", many.len(), phrase(self.kind)),
        }
    }
}

/// Sorts happenings into notices, in the order in which the first of each came.
pub(super) fn gather(happenings: Vec<Happening>) -> Vec<Notice> {
    let mut notices: Vec<Notice> = Vec::new();
    for happening in happenings {
        let kind = kind(happening.occasion);
        let fits = |notice: &&mut Notice| {
            notice.kind == kind
                && notice.digest == happening.digest
                && !notice.servers.is_empty()
                && happening.address.is_some()
        };
        let found = notices.iter_mut().rev().take(64).find(fits);
        let Some(address) = happening.address else {
            notices.push(Notice {
                at: happening.at,
                kind,
                digest: happening.digest,
                connection: happening.connection,
                servers: Vec::new(),
                message: happening.message,
            });
            continue;
        };
        let told = Told { address, actions: happening.actions, message: happening.message };
        match found {
            Some(notice) => {
                if notice.connection != happening.connection {
                    notice.connection = None;
                }
                notice.servers.push(told);
            }
            None => notices.push(Notice {
                at: happening.at,
                kind,
                digest: happening.digest,
                connection: happening.connection,
                servers: vec![told],
                message: String::new(),
            }),
        }
    }
    for notice in &mut notices {
        notice.servers.sort_by(|a, b| a.address.cmp(&b.address));
    }
    notices
}

fn kind(occasion: Occasion) -> NoticeKind {
    match occasion {
        Occasion::DriftSeen => NoticeKind::Drift,
        Occasion::DriftEnded => NoticeKind::DriftEnded,
        Occasion::Corrected => NoticeKind::Corrected,
        Occasion::Failed => NoticeKind::Failed,
        Occasion::Contested => NoticeKind::Contested,
        Occasion::ContestEnded => NoticeKind::ContestEnded,
        Occasion::Stopped => NoticeKind::Stopped,
        Occasion::Resumed => NoticeKind::Resumed,
        Occasion::Refused => NoticeKind::Refused,
        Occasion::ConnectionLost => NoticeKind::ConnectionLost,
        Occasion::ConnectionBack => NoticeKind::ConnectionBack,
        Occasion::FileRejected => NoticeKind::FileRejected,
        Occasion::FileReloaded => NoticeKind::FileReloaded,
        Occasion::LeaderGained => NoticeKind::LeaderGained,
        Occasion::LeaderLost => NoticeKind::LeaderLost,
        Occasion::ProblemSeen => NoticeKind::Problem,
        Occasion::ProblemEnded => NoticeKind::ProblemEnded,
        Occasion::Note => NoticeKind::Note,
    }
}

/// What several servers do or had done to them.
fn phrase(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Drift => "are not as declared",
        NoticeKind::DriftEnded => "are as declared again",
        NoticeKind::Corrected => "were put right",
        NoticeKind::Failed => "could not be put right",
        NoticeKind::Contested => "are changed by somebody else again and again, and left alone",
        NoticeKind::ContestEnded => "are not contested any more",
        NoticeKind::Problem => "have problems",
        NoticeKind::ProblemEnded => "have no problems any more",
        _ => "are concerned",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(name: &str, digest: &str, occasion: Occasion) -> Happening {
        let address = Address::parse(name).unwrap();
        Happening::new(Timestamp::UNIX_EPOCH, occasion, "power off -> on")
            .of(&address, &[Verb::PowerOn])
            .in_plan(Some(digest))
    }

    #[test]
    fn what_is_of_one_kind_and_one_plan_is_one_notice() {
        let lost = Happening::new(Timestamp::UNIX_EPOCH, Occasion::ConnectionLost, "503").on(&"flex".into());
        let notices = gather(vec![
            seen("east/b", "d1", Occasion::DriftSeen),
            lost.clone(),
            seen("east/a", "d1", Occasion::DriftSeen),
            seen("east/a", "d1", Occasion::Corrected),
            seen("flex/c", "d1", Occasion::Corrected),
            seen("east/a", "d2", Occasion::DriftSeen),
            lost,
        ]);
        let words: Vec<String> = notices.iter().map(Notice::words).collect();
        assert_eq!(
            words,
            [
                "2 servers are not as declared",
                "503",
                "2 servers were put right",
                "east/a: power off -> on",
                "503"
            ]
        );
        assert_eq!(notices[0].servers[0].address.to_string(), "east/a");
        let connections: Vec<Option<&str>> =
            notices.iter().map(|one| one.connection.as_ref().map(ConnectionName::as_str)).collect();
        assert_eq!(connections, [Some("east"), Some("flex"), None, Some("east"), Some("flex")]);
    }
}
