//! Progress of an apply: a bar on a terminal, plain lines elsewhere. And the log.

use super::args::{Global, LogFormat};
use super::events::Stream;
use super::io::Io;
use crate::apply::{ChangeOutcome, Event, Observer};
use crate::model::Address;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
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

/// Tells what an apply is doing.
pub(super) struct Progress<'a> {
    events: &'a Stream,
    bar: Option<ProgressBar>,
    quiet: bool,
    /// What is under way, oldest first.
    under_way: Mutex<Vec<(Address, String)>>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(changes: usize, events: &'a Stream, io: &Io<'_>) -> Self {
        let bar = io.shows_bars().then(|| {
            let bar = ProgressBar::with_draw_target(Some(changes as u64), ProgressDrawTarget::stderr());
            if let Ok(style) =
                ProgressStyle::with_template("{spinner} [{bar:30}] {pos}/{len} {elapsed}  {wide_msg}")
            {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self { events, bar, quiet: io.is_quiet(), under_way: Mutex::default() }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Notes that a server's change is at another step (or at its end) and shows the oldest one under way.
    fn now(&self, address: &Address, what: Option<&str>) {
        let Some(bar) = &self.bar else { return };
        let mut all = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(other, _)| other != address);
        all.extend(what.map(|what| (address.clone(), what.to_owned())));
        bar.set_message(match &all[..] {
            [] => String::new(),
            [(address, what)] => format!("{address}: {what}"),
            [(address, what), rest @ ..] => format!("{address}: {what} (and {} more)", rest.len()),
        });
    }

    fn line(&self, text: &str) {
        if !self.quiet {
            self.aloud(text);
        }
    }

    fn aloud(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
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
                self.now(address, Some(&what));
                if self.bar.is_none() {
                    self.line(&format!("{address}: {what} ..."));
                }
            }
            Event::Note { address, text, elapsed } => {
                self.line(&format!("{address}: {text} ({:.1} s)", elapsed.as_secs_f64()));
            }
            Event::Finished { result } => {
                self.now(&result.address, None);
                if let Some(bar) = &self.bar {
                    bar.inc(1);
                }
                let (phrase, seconds) = (result.outcome.phrase(), result.seconds);
                match result.outcome {
                    ChangeOutcome::Done => {
                        self.line(&format!("{}: {phrase} after {seconds:.1} s", result.address));
                    }
                    _ => self.line(&format!("{}: {phrase}: {}", result.address, result.detail)),
                }
            }
        }
    }
}
