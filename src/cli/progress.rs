//! Progress of an apply: on a terminal a bar with what is under way, elsewhere plain lines and a sign of life. And the
//! log.

use super::args::{Global, LogFormat};
use super::events::Stream;
use super::io::Io;
use super::live::Live;
use crate::apply::{ChangeOutcome, Event, Observer, readable};
use crate::report::safe;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tracing_subscriber::filter::EnvFilter;

/// Starts the log: warnings, with `-v` what is decided, with `-vv` every call. Only our own records: those of the
/// libraries beneath may hold headers.
pub(super) fn start_logging(global: &Global) {
    let level = match global.verbose {
        0 => "fleetform=warn",
        1 => "fleetform=info",
        _ => "fleetform=debug",
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(level))
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false);
    // A second call in one process (a test) keeps the first log.
    let _ = match global.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}

/// Where nobody watches a bar: a log that says nothing for long looks like a run that hangs.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Tells what an apply is doing.
pub(super) struct Progress<'a> {
    events: &'a Stream,
    terminal: Option<Terminal>,
    quiet: bool,
    state: Mutex<State>,
}

struct State {
    live: Live,
    /// When the last sign of life was written.
    beat: Instant,
}

impl<'a> Progress<'a> {
    pub(super) fn new(changes: usize, events: &'a Stream, io: &Io<'_>) -> Self {
        let changes = changes as u64;
        let terminal = io.shows_bars().then(|| Terminal::new(changes));
        let state = Mutex::new(State { live: Live::new(changes), beat: Instant::now() });
        Self { events, terminal, quiet: io.is_quiet(), state }
    }

    /// To be called every second or so: times go on, and a log shows that the run is alive.
    pub(super) fn tick(&self) {
        let now = Instant::now();
        if let Some(terminal) = &self.terminal {
            terminal.show(&self.state().live, now);
        } else {
            let line = {
                let mut state = self.state();
                let is_due = now.saturating_duration_since(state.beat) >= HEARTBEAT;
                is_due.then(|| {
                    state.beat = now;
                    state.live.heartbeat(now)
                })
            };
            if let Some(line) = line {
                self.line(&line);
            }
        }
    }

    pub(super) fn finish(&self) {
        if let Some(terminal) = &self.terminal {
            terminal.clear();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self, text: &str) {
        if !self.quiet {
            self.aloud(text);
        }
    }

    /// Also where `-q` wants to hear nothing.
    pub(super) fn aloud(&self, text: &str) {
        let text = safe(text);
        match &self.terminal {
            Some(terminal) => terminal.print(&text),
            // Nobody is left to be told when stderr is gone.
            None => {
                let _ = writeln!(std::io::stderr(), "{text}");
            }
        }
    }
}

impl Observer for Progress<'_> {
    fn event(&self, event: &Event<'_>) {
        self.events.event(event);
        if let Some(warning) = self.events.trouble() {
            self.aloud(&format!("warning: {warning}"));
        }
        match event {
            Event::Started { change, step } => {
                let address = &change.address;
                let what =
                    change.steps.get(*step).map_or_else(String::new, |step| step.operation.to_string());
                self.state().live.started(address, &what, Instant::now());
                if self.terminal.is_none() {
                    self.line(&format!("{address}: {what} ..."));
                }
            }
            Event::Pause { wave, left } => {
                let what = format!("before wave {} of {} of {}", wave.number, wave.of, wave.servers);
                let pause = wave.pause.map_or_else(|| readable(*left), |pause| pause.to_string());
                self.line(&format!("pausing for {pause} {what}"));
                self.state().live.pausing(what, Instant::now() + *left);
            }
            Event::Note { address, text, elapsed } => {
                self.line(&format!("{address}: {text} ({:.1} s)", elapsed.as_secs_f64()));
            }
            Event::Finished { result } => {
                self.state().live.finished(result);
                let (phrase, seconds) = (result.outcome.phrase(), result.seconds);
                match result.outcome {
                    ChangeOutcome::Done => {
                        self.line(&format!("{}: {phrase} after {seconds:.1} s", result.address));
                    }
                    _ => self.line(&format!("{}: {phrase}: {}", result.address, result.detail)),
                }
            }
        }
        if let Some(terminal) = &self.terminal {
            terminal.show(&self.state().live, Instant::now());
        }
    }
}

/// A bar over all changes, and lines beneath it.
struct Terminal {
    all: MultiProgress,
    bar: ProgressBar,
    lines: Mutex<Vec<ProgressBar>>,
}

impl Terminal {
    fn new(changes: u64) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let bar = all.add(ProgressBar::new(changes));
        if let Ok(style) = ProgressStyle::with_template("{spinner} [{bar:30}] {pos}/{len} {elapsed}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { all, bar, lines: Mutex::default() }
    }

    fn show(&self, live: &Live, now: Instant) {
        self.bar.set_position(live.ended());
        let texts = live.lines(now);
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        while lines.len() > texts.len() {
            if let Some(last) = lines.pop() {
                self.all.remove(&last);
            }
        }
        while lines.len() < texts.len() {
            let added = self.all.add(ProgressBar::new_spinner());
            // Cut to the width of the terminal: a line that wraps could not be taken back.
            if let Ok(style) = ProgressStyle::with_template("  {wide_msg}") {
                added.set_style(style);
            }
            lines.push(added);
        }
        for (row, text) in lines.iter().zip(texts) {
            let text = safe(&text);
            // Each message that is set is drawn.
            if row.message() != text {
                row.set_message(text);
            }
        }
    }

    fn print(&self, text: &str) {
        // Nobody is left to be told when stderr is gone.
        let _ = self.all.println(text);
    }

    fn clear(&self) {
        self.bar.finish_and_clear();
        let _ = self.all.clear();
    }
}
