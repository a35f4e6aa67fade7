//! After a run that died: looks for evidence of the one-shot calls that it may have sent. Sends nothing.

use super::follow::Pace;
use super::judge::{Judgement, Watch};
use super::{Link, Links};
use crate::ledger::{EvidenceLevel, OpenIntent, Outcome};
use crate::model::{ServerName, Verb};
use crate::provider::{Job, Mark, Receipt, Trail};
use futures_util::future::join_all;
use jiff::Timestamp;
use std::time::Duration;
use tokio::time::Instant;

/// An open intent about which the provider's evidence says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The intent.
    pub open: OpenIntent,
    /// What came of it.
    pub outcome: Outcome,
    /// How that is known.
    pub evidence: String,
    /// How strong that evidence is, where it is done.
    pub level: Option<EvidenceLevel>,
}

/// Looks at every open intent whose connection is open, side by side. Where an operation may still be under way,
/// looks again for at most `patience`. Intents about which nothing can be said are not returned.
pub async fn recover(
    open: &[OpenIntent],
    links: &Links,
    now: Timestamp,
    patience: Duration,
) -> Vec<Recovered> {
    let looks =
        open.iter().filter_map(|open| Some(look(open, links.get(&open.intent.provider)?, now, patience)));
    join_all(looks).await.into_iter().flatten().collect()
}

/// Whether the provider's record says that a call of an earlier run is still under way.
pub async fn is_under_way(open: &OpenIntent, link: &Link) -> bool {
    let mark = open.intent.mark.clone().map(Mark);
    let receipt = open.accepted.clone().map(|ticket| Receipt { ticket, already: false });
    let trail = Trail {
        id: &open.intent.id,
        operation: &open.intent.operation,
        receipt: receipt.as_ref(),
        mark: mark.as_ref(),
    };
    link.provider.observe(trail).await.is_ok_and(|seen| seen.job == Job::Running)
}

async fn look(open: &OpenIntent, link: &Link, now: Timestamp, patience: Duration) -> Option<Recovered> {
    let intent = &open.intent;
    let mark = intent.mark.clone().map(Mark);
    let receipt = open.accepted.clone().map(|ticket| Receipt { ticket, already: false });
    let trail = Trail {
        id: &intent.id,
        operation: &intent.operation,
        receipt: receipt.as_ref(),
        mark: mark.as_ref(),
    };
    let case = link.capabilities.names.case;
    let same_name = |a: &ServerName, b: &ServerName| case.same(a.as_str(), b.as_str());
    // The settle time is not counted: a call sent long ago is judged by what is there now.
    let delay = link.capabilities.usual_delay;
    let mut watch = Watch::new(&intent.operation, &same_name, receipt.is_some(), delay, Duration::MAX)
        .requiring(intent.require_evidence);
    if let Some(evidence) = watch.at_once() {
        let level = watch.level();
        return Some(Recovered { open: open.clone(), outcome: Outcome::Done, evidence, level });
    }
    let before = Duration::try_from(now.duration_since(intent.at)).unwrap_or_default();
    let started = Instant::now();
    let mut pace = Pace::until(started + patience);
    loop {
        let seen = link.provider.observe(trail).await.ok()?;
        let verdict = match watch.judge(&seen, before + started.elapsed()) {
            // What is at its end and shows too little is for a person; a later run looks again.
            Judgement::Wait if !watch.is_short() && pace.wait().await => continue,
            Judgement::Done(how) => Some((Outcome::Done, how)),
            Judgement::NeverArrived(how) => Some((Outcome::NoEffect, how)),
            // A server that was to be deleted and is there, at rest, was not deleted: live state says so.
            Judgement::Failed(how) if intent.operation.verb() == Verb::Delete => {
                Some((Outcome::NoEffect, how))
            }
            Judgement::Failed(how)
                if seen.live.is_none() || mark.is_some() || matches!(seen.job, Job::Failed(_)) =>
            {
                Some((Outcome::Failed, how))
            }
            Judgement::Wait | Judgement::Unknown(_) | Judgement::Failed(_) => None,
        };
        let level = watch.level();
        return verdict.map(|(outcome, evidence)| Recovered { open: open.clone(), outcome, evidence, level });
    }
}
