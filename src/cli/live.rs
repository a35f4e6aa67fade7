//! How far an apply is, in lines: what is under way and for how long, the last failure, the numbers. Pure: whoever shows
//! it has the clock and the terminal.

use crate::apply::{ApplySummary, ChangeOutcome, ChangeResult, readable};
use crate::model::Address;
use std::time::{Duration, Instant};

/// So many changes under way are shown; the oldest, which are most likely in trouble.
const MOST_LINES: usize = 8;

/// How far an apply is.
pub(super) struct Live {
    total: u64,
    summary: ApplySummary,
    /// Oldest first.
    under_way: Vec<UnderWay>,
    last_failure: Option<String>,
    /// What waits, and until when.
    pauses: Vec<(String, Instant)>,
}

struct UnderWay {
    address: Address,
    what: String,
    /// When this step began.
    since: Instant,
}

impl Live {
    pub(super) fn new(total: u64) -> Self {
        Self {
            total,
            summary: ApplySummary::default(),
            under_way: Vec::new(),
            last_failure: None,
            pauses: Vec::new(),
        }
    }

    /// Nothing of a rollout is started until then.
    pub(super) fn pausing(&mut self, what: String, until: Instant) {
        self.pauses.push((what, until));
    }

    fn pauses(&self, now: Instant) -> impl Iterator<Item = String> {
        let open = self.pauses.iter().filter(move |(_, until)| *until > now);
        open.map(move |(what, until)| format!("pausing {what}, {} left", elapsed(now, *until)))
    }

    /// A step begins; the change's earlier one is over.
    pub(super) fn started(&mut self, address: &Address, what: &str, now: Instant) {
        self.under_way.retain(|one| one.address != *address);
        self.under_way.push(UnderWay { address: address.clone(), what: what.into(), since: now });
    }

    /// A change has come to its end.
    pub(super) fn finished(&mut self, result: &ChangeResult) {
        self.under_way.retain(|one| one.address != result.address);
        self.summary.add(result.outcome);
        if matches!(result.outcome, ChangeOutcome::Failed | ChangeOutcome::Unresolved) {
            let (phrase, detail) = (result.outcome.phrase(), &result.detail);
            self.last_failure = Some(format!("{}: {phrase}: {detail}", result.address));
        }
    }

    /// Changes that have come to their end.
    pub(super) fn ended(&self) -> u64 {
        let ApplySummary { done, failed, unresolved, not_started } = self.summary;
        done + failed + unresolved + not_started
    }

    /// Beneath the bar: what is under way, oldest first, and the last failure.
    pub(super) fn lines(&self, now: Instant) -> Vec<String> {
        let shown = self.under_way.iter().take(MOST_LINES);
        let mut lines: Vec<String> =
            shown.map(|one| format!("{}: {}, {}", one.address, one.what, elapsed(one.since, now))).collect();
        let hidden = self.under_way.len() - lines.len();
        if hidden > 0 {
            lines.push(format!("and {hidden} more"));
        }
        lines.extend(self.pauses(now));
        lines.extend(self.last_failure.iter().map(|failure| format!("last failure: {failure}")));
        lines
    }

    /// All of it in one line: `12 of 40 done, 3 under way (oldest east/web-03: power off, 2 min 10 s)`.
    pub(super) fn heartbeat(&self, now: Instant) -> String {
        let mut parts = vec![format!("{} of {} done", self.summary.done, self.total)];
        for (count, word) in [
            (self.summary.failed, "failed"),
            (self.summary.unresolved, "unresolved"),
            (self.summary.not_started, "not started"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {word}"));
            }
        }
        if let Some(oldest) = self.under_way.first() {
            let time = elapsed(oldest.since, now);
            let count = self.under_way.len();
            parts.push(format!("{count} under way (oldest {}: {}, {time})", oldest.address, oldest.what));
        }
        parts.extend(self.pauses(now));
        parts.join(", ")
    }
}

/// In whole seconds: a line that changes more often is not read.
fn elapsed(since: Instant, now: Instant) -> String {
    match now.saturating_duration_since(since).as_secs() {
        0 => "0 s".into(),
        seconds => readable(Duration::from_secs(seconds)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Change, Facts};

    fn result(name: &str, outcome: ChangeOutcome) -> ChangeResult {
        let facts = Facts { name: name.into(), power: None };
        let change = Change {
            address: Address::new("east".into(), name.into()),
            provider: "east".into(),
            id: name.into(),
            actions: Vec::new(),
            before: facts.clone(),
            after: Some(facts),
            reasons: Vec::new(),
            wave: None,
            cause: None,
            rebooted_since: None,
            steps: Vec::new(),
            location: None,
        };
        ChangeResult::of(&change, outcome, "no host", Duration::ZERO)
    }

    fn address(name: &str) -> Address {
        Address::new("east".into(), name.into())
    }

    #[test]
    fn the_oldest_are_shown_with_their_time_and_the_last_failure_stays() {
        let begun = Instant::now();
        let after = |seconds| begun + Duration::from_secs(seconds);
        let mut live = Live::new(40);
        assert_eq!((live.heartbeat(begun), live.lines(begun)), ("0 of 40 done".into(), Vec::new()));
        for number in 1..=11 {
            live.started(&address(&format!("web-{number:02}")), "power off", after(number));
        }
        // The second step of a change is younger than the first steps of the others.
        live.started(&address("web-01"), "rename to b", after(20));
        live.finished(&result("web-02", ChangeOutcome::Done));
        live.finished(&result("web-04", ChangeOutcome::Failed));
        live.finished(&result("web-05", ChangeOutcome::Done));
        live.finished(&result("web-39", ChangeOutcome::NotStarted));
        let now = after(133);
        assert_eq!(
            live.heartbeat(now),
            "2 of 40 done, 1 failed, 1 not started, 8 under way (oldest east/web-03: power off, 2 min 10 s)"
        );
        assert_eq!(live.ended(), 4);
        live.started(&address("web-12"), "power off", now);
        let lines = live.lines(now);
        assert_eq!(lines.len(), MOST_LINES + 2);
        assert_eq!(lines[0], "east/web-03: power off, 2 min 10 s");
        assert_eq!(lines[7], "east/web-01: rename to b, 113 s");
        assert_eq!(lines[8], "and 1 more");
        assert_eq!(lines[9], "last failure: east/web-04: failed: no host");
    }

    #[test]
    fn what_is_not_known_to_be_done_is_a_failure_and_what_was_not_started_is_none() {
        let mut live = Live::new(2);
        live.finished(&result("a", ChangeOutcome::NotStarted));
        assert_eq!(live.lines(Instant::now()), Vec::<String>::new());
        live.finished(&result("b", ChangeOutcome::Unresolved));
        assert_eq!(live.lines(Instant::now()), ["last failure: east/b: unresolved: no host"]);
        assert_eq!(live.heartbeat(Instant::now()), "0 of 2 done, 1 unresolved, 1 not started");
    }
}
