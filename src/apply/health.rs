//! Waits until a server that was started is healthy, where the plan asks for that.

use super::executor::{Executor, Waited};
use super::follow::Pace;
use super::judge::readable;
use super::step::Subject;
use crate::health::Asked;
use crate::model::HealthCheck;
use std::time::Duration;
use tokio::time::Instant;

/// How a check ended.
pub(super) enum Checked {
    /// It passed; in words.
    Healthy(String),
    /// It never passed in its time; in words.
    Unhealthy(String),
    /// The run was interrupted; what was done is done.
    Unknown(String),
}

impl Executor<'_> {
    /// Asks until it passes, at most as long as the check says. A stop ends it at once.
    pub(super) async fn check_health(&self, subject: &Subject<'_>, check: &HealthCheck) -> Checked {
        let started = Instant::now();
        let deadline = started + check.within.duration();
        let mut pace = Pace::until(deadline);
        let (address, probe) = (subject.address.to_string(), &check.probe);
        let asked = Asked { address: &address, id: subject.id.as_str(), name: subject.name.as_str() };
        let mut tries: u64 = 0;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let limit = check.timeout.duration().min(left);
            let asking = self.probes.ask(check, asked, limit);
            let answer = tokio::select! {
                biased;
                why = self.stopped() => return interrupted(check, &why),
                answer = asking => answer,
            };
            tries += 1;
            let Err(why) = answer else { return Checked::Healthy(format!("healthy: {probe}")) };
            if tries == 1 {
                self.note(subject.address, format!("on, not healthy yet: {probe}: {why}"));
            }
            match self.wait(&mut pace).await {
                Waited::LookAgain if Instant::now() + SHORTEST_TRY < deadline => {}
                Waited::LookAgain | Waited::TimeUp => {
                    let (within, times) = (readable(check.within.duration()), plural(tries));
                    return Checked::Unhealthy(format!(
                        "it is on, and not healthy: {probe}: {why}, {times} in {within}"
                    ));
                }
                Waited::Stopped(why) => return interrupted(check, &why),
            }
        }
    }
}

/// A try that has less time than this says nothing.
const SHORTEST_TRY: Duration = Duration::from_millis(10);

fn plural(tries: u64) -> String {
    if tries == 1 { "the only try".to_owned() } else { format!("last of {tries} tries") }
}

fn interrupted(check: &HealthCheck, why: &str) -> Checked {
    Checked::Unknown(format!("{why} before it was known to be healthy ({})", check.probe))
}
