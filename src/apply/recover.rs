//! After a run that died: looks for evidence of the one-shot calls that it may have sent. Sends nothing.

use super::Links;
use super::judge::{Judgement, Watch};
use crate::ledger::{OpenIntent, Outcome};
use crate::model::{ServerName, Verb};
use crate::provider::{Mark, Receipt, Trail};
use jiff::Timestamp;
use std::time::Duration;

/// An open intent about which the provider's evidence says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The intent.
    pub open: OpenIntent,
    /// What came of it.
    pub outcome: Outcome,
    /// How that is known.
    pub evidence: String,
}

/// Looks at every open intent whose connection is open. Those about which nothing can be said are not returned.
pub async fn recover(open: &[OpenIntent], links: &Links, now: Timestamp) -> Vec<Recovered> {
    let mut found = Vec::new();
    for open in open {
        let intent = &open.intent;
        let Some(link) = links.get(&intent.provider) else { continue };
        let mark = intent.mark.clone().map(Mark);
        let receipt = open.accepted.clone().map(|ticket| Receipt { ticket, already: false });
        let trail = Trail {
            id: &intent.id,
            operation: &intent.operation,
            receipt: receipt.as_ref(),
            mark: mark.as_ref(),
        };
        let Ok(seen) = link.provider.observe(trail).await else { continue };
        let case = link.capabilities.names.case;
        let same_name = |a: &ServerName, b: &ServerName| case.same(a.as_str(), b.as_str());
        let elapsed = Duration::try_from(now.duration_since(intent.at)).unwrap_or_default();
        // One look only, so time never runs out: a call sent long ago is judged by what is there now.
        let delay = link.capabilities.usual_delay;
        let mut watch = Watch::new(&intent.operation, &same_name, receipt.is_some(), delay, Duration::MAX);
        let verdict = match watch.judge(&seen, elapsed) {
            Judgement::Done(how) => Some((Outcome::Done, how)),
            Judgement::NeverArrived(how) => Some((Outcome::NoEffect, how)),
            // A server that was to be deleted and is there, at rest, was not deleted: live state says so.
            Judgement::Failed(how) if intent.operation.verb() == Verb::Delete => {
                Some((Outcome::NoEffect, how))
            }
            Judgement::Failed(how) if seen.live.is_none() => Some((Outcome::Failed, how)),
            Judgement::Failed(how) if intent.mark.is_some() => Some((Outcome::Failed, how)),
            Judgement::Failed(_) | Judgement::Unknown(_) | Judgement::Wait => None,
        };
        if let Some((outcome, evidence)) = verdict {
            found.push(Recovered { open: open.clone(), outcome, evidence });
        }
    }
    found
}
