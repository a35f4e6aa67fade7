//! One receiver: its queue, its attempts, its tally. A receiver that is down loses the oldest notices, and those are
//! counted; a receiver that refuses is not asked again.

use super::event::{EVENT_TYPE, event};
use super::gather::Notice;
use super::memory::{Key, Memory};
use super::notifier::Pace;
use super::sign::signature;
use super::slack::{MESSAGE_TYPE, message};
use crate::config::Receiver;
use crate::http::{Hook, HookAnswer};
use crate::model::NoticeFormat;
use crate::watch::{NotificationStatus, Watcher};
use backon::{BackoffBuilder, ExponentialBuilder};
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// The longest that a receiver's wish to be left alone is followed.
const MAX_WAIT: Duration = Duration::from_mins(15);

/// A notice on its way.
struct Job {
    key: Key,
    /// The same at every attempt, so that a receiver can drop what it has.
    id: String,
    notice: Notice,
}

/// A receiver.
pub(super) struct Target {
    pub(super) receiver: Receiver,
    hook: Hook,
    watcher: Watcher,
    simulated: bool,
    pace: Pace,
    state: Mutex<State>,
    arrived: Notify,
}

struct State {
    queue: VecDeque<Job>,
    /// The one that is being sent, which is not in the queue.
    under_way: bool,
    tally: NotificationStatus,
}

/// What came of an attempt.
enum Attempt {
    Taken,
    /// It makes no sense to try again.
    Refused(String),
    Later(String, Option<Duration>),
}

impl Target {
    pub(super) fn new(
        number: usize,
        receiver: Receiver,
        hook: Hook,
        watcher: Watcher,
        simulated: bool,
        pace: Pace,
    ) -> Self {
        let tally = NotificationStatus {
            target: format!("notify[{number}]"),
            format: receiver.format.word().into(),
            queued: 0,
            sent: 0,
            failed: 0,
            dropped: 0,
            repeated: 0,
            retries: 0,
            last_sent_at: None,
            trouble: None,
        };
        let state = Mutex::new(State { queue: VecDeque::new(), under_way: false, tally });
        Self { receiver, hook, watcher, simulated, pace, state, arrived: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it fares.
    pub(super) fn status(&self) -> NotificationStatus {
        let state = self.state();
        let queued = state.queue.len() as u64 + u64::from(state.under_way);
        NotificationStatus { queued, ..state.tally.clone() }
    }

    /// Whether it wants to know of such a thing.
    pub(super) fn wants(&self, notice: &Notice) -> bool {
        self.receiver.events.contains(&notice.kind) && notice.kind.severity() >= self.receiver.min_severity
    }

    /// Puts a notice into the queue; where that is full, the oldest is dropped.
    pub(super) fn push(&self, key: Key, id: String, notice: Notice) {
        let mut state = self.state();
        if state.queue.len() >= self.pace.queue {
            state.queue.pop_front();
            state.tally.dropped += 1;
        }
        state.queue.push_back(Job { key, id, notice });
        drop(state);
        self.arrived.notify_one();
    }

    /// Counts a notice that it was told before.
    pub(super) fn count_repeated(&self) {
        self.state().tally.repeated += 1;
    }

    /// Counts happenings that came too fast to be read.
    pub(super) fn count_missed(&self, count: u64) {
        self.state().tally.dropped += count;
    }

    pub(super) fn is_idle(&self) -> bool {
        let state = self.state();
        state.queue.is_empty() && !state.under_way
    }

    /// Sends what comes, one after another, until the task is dropped.
    pub(super) async fn work(self: Arc<Self>, memory: Arc<Mutex<Memory>>) {
        loop {
            let next = {
                let mut state = self.state();
                let next = state.queue.pop_front();
                state.under_way = next.is_some();
                next
            };
            let Some(job) = next else {
                self.arrived.notified().await;
                continue;
            };
            let outcome = self.deliver(&job).await;
            if outcome.is_ok() {
                memory.lock().unwrap_or_else(PoisonError::into_inner).taken(job.key, Timestamp::now());
            }
            let mut state = self.state();
            state.under_way = false;
            match outcome {
                Ok(()) => {
                    state.tally.sent += 1;
                    state.tally.last_sent_at = Some(Timestamp::now());
                    state.tally.trouble = None;
                }
                Err(why) => {
                    tracing::warn!("a notification to {} was given up: {why}", state.tally.target);
                    state.tally.failed += 1;
                    state.tally.trouble = Some(why);
                }
            }
        }
    }

    /// Sends one until it is taken, refused, or tried too often.
    async fn deliver(&self, job: &Job) -> Result<(), String> {
        let mut delays = ExponentialBuilder::default()
            .with_min_delay(self.pace.first_delay)
            .with_max_delay(self.pace.longest_delay)
            .with_max_times(self.pace.attempts.saturating_sub(1))
            .with_jitter()
            .build();
        loop {
            let (why, asked) = match self.attempt(job).await {
                Attempt::Taken => return Ok(()),
                Attempt::Refused(why) => return Err(why),
                Attempt::Later(why, asked) => (why, asked),
            };
            let Some(delay) = delays.next() else {
                return Err(format!("{why}; tried {} times", self.pace.attempts));
            };
            let wait = asked.map_or(delay, |asked| asked.min(MAX_WAIT).max(delay));
            {
                let mut state = self.state();
                state.tally.retries += 1;
                state.tally.trouble =
                    Some(format!("{why}; tried again in {:.0} s", wait.as_secs_f64().ceil()));
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn attempt(&self, job: &Job) -> Attempt {
        let (headers, body) = match self.request(job) {
            Ok(request) => request,
            Err(why) => return Attempt::Refused(why),
        };
        match self.hook.post(headers, body, self.pace.timeout).await {
            Ok(answer) => judge(answer),
            Err(why) => Attempt::Later(why, None),
        }
    }

    /// Made anew for every attempt, because its time is signed.
    fn request(&self, job: &Job) -> Result<(HeaderMap, Vec<u8>), String> {
        let (media_type, body) = match self.receiver.format {
            NoticeFormat::CloudEvents => {
                let event = event(&job.notice, &job.id, &self.watcher, self.simulated);
                (EVENT_TYPE, serde_json::to_vec(&event))
            }
            NoticeFormat::Slack => {
                let message = message(&job.notice, &self.watcher.host, self.simulated);
                (MESSAGE_TYPE, serde_json::to_vec(&message))
            }
        };
        let body = body.map_err(|error| error.to_string())?;
        let mut headers = HeaderMap::new();
        for (name, value) in &self.receiver.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| error.to_string())?;
            let mut value = HeaderValue::from_str(value.expose_secret())
                .map_err(|_| format!("the header {name} cannot be sent"))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        let seconds = Timestamp::now().as_second();
        let mut own = |name: &'static str, value: &str| match HeaderValue::from_str(value) {
            Ok(value) => drop(headers.insert(HeaderName::from_static(name), value)),
            // Ids, times and signatures are plain ASCII.
            Err(error) => tracing::warn!("{name}: {error}"),
        };
        own("webhook-id", &job.id);
        own("webhook-timestamp", &seconds.to_string());
        if let Some(secret) = &self.receiver.secret {
            own("webhook-signature", &signature(secret, &job.id, seconds, &body));
        }
        Ok((headers, body))
    }
}

fn judge(answer: HookAnswer) -> Attempt {
    let status = answer.status;
    match status {
        200..=299 => Attempt::Taken,
        300..=399 => Attempt::Refused(format!(
            "the receiver answered {status}: it redirects, and notifications are not taken elsewhere"
        )),
        408 | 425 | 429 | 500..=599 => {
            Attempt::Later(format!("the receiver answered {status}"), answer.retry_after)
        }
        _ => Attempt::Refused(format!("the receiver answered {status}")),
    }
}
