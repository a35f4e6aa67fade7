//! The driver of `watch`: one round after the other, never two at once. What a round may do is decided in the room `watch`;
//! here are the clock, the files, the connections, the ledger and the signals.

mod enforce;
mod faces;
mod files;
mod lead;
mod read;
mod round;
mod state;
mod tell;
mod voice;

use super::args::{Global, LogFormat, Shape, WatchArgs};
use super::exit::{Failure, code};
use super::io::Io;
use super::run::Run;
use super::session::{Session, mode, paths, user};
use super::stop::Signals;
use crate::config::{Diagnostic, Fleet, Severity};
use crate::ledger::{self, Author, Mark, Replay};
use crate::report::diagnostics;
use crate::watch::{Board, COMMAND, Effort, Happening, Memory, Occasion, efforts};
pub(super) use faces::{Faces, bind};
use files::{Files, Look};
use jiff::Timestamp;
use lead::{Pass, Seat, Turn};
use read::Lines;
use state::{Tallies, blank};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;
use std::time::Duration;
use tell::Teller;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
pub(super) use voice::Voice;

/// What a watcher remembers, below the ledger.
const MEMORY: &str = "watch/memory.json";

/// A run of `watch`.
pub(super) struct Watcher<'a> {
    global: &'a Global,
    args: &'a WatchArgs,
    run: Run,
    author: Author,
    signals: Signals,
    reloads: watch::Receiver<u64>,
    session: Session,
    files: Files,
    loaded_at: Timestamp,
    /// What is wrong with newer files, and since when.
    rejected: Option<(String, Timestamp)>,
    lines: Lines,
    ledger: Ledger,
    memory: Memory,
    /// The memory as it was last written.
    kept: Vec<u8>,
    pass: Pass,
    /// `None` for one that only observes.
    seat: Option<Seat>,
    board: Board,
    teller: Teller,
    tallies: Tallies,
    rounds: u64,
}

/// The ledger as it was last read.
#[derive(Default)]
struct Ledger {
    mark: Mark,
    replay: Replay,
    efforts: Vec<Effort>,
}

/// How a round ended.
pub(super) enum Ended {
    /// In order; the exit code, were it the only one.
    Well(u8),
    /// Somebody else wrote into the ledger: the next one comes at once.
    Again,
}

impl<'a> Watcher<'a> {
    /// Reads the files and takes a seat among the watchers of the ledger.
    pub(super) fn new(global: &'a Global, args: &'a WatchArgs, io: &mut Io<'_>) -> Result<Self, Failure> {
        let (signals, reloads) = Signals::of_daemon()?;
        let run = Run::begin();
        let session = Session::open(global, io)?;
        let files = Files::new(paths(global), mode(global), &session.fleet.files);
        let author = Author { run: run.id.clone(), ..Author::here(COMMAND, user()) };
        let pass = Pass::default();
        session.permitted_by(pass.permit());
        let lease = session.fleet.watch.lease.duration();
        let take = || Seat::take(&session.ledger, author.clone(), lease, pass.clone());
        let seat = args.enforce.then(take).transpose().map_err(Failure::problem)?;
        let kept = std::fs::read(session.ledger.join(MEMORY)).unwrap_or_default();
        let memory = Memory::read(&kept).unwrap_or_default();
        let board = Board::new(blank(&session, &run, &author));
        let mut watcher = Self {
            global,
            args,
            author,
            signals,
            reloads,
            files,
            loaded_at: run.began,
            run,
            rejected: None,
            lines: Lines::default(),
            ledger: Ledger::default(),
            memory,
            kept,
            pass,
            seat,
            teller: Teller::new(global.log_format == LogFormat::Json, board.clone(), args.enforce),
            board,
            tallies: Tallies::default(),
            rounds: 0,
            session,
        };
        watcher.board.publish(watcher.blank());
        let used = watcher.used();
        // Missing credentials are told now, with their place.
        watcher.lines.open(&watcher.session, &used)?;
        Ok(watcher)
    }

    /// Where it shows what it knows.
    pub(super) fn board(&self) -> Board {
        self.board.clone()
    }

    /// One round after the other, until it is stopped.
    pub(super) async fn go(mut self, io: &mut Io<'_>) -> Result<u8, Failure> {
        self.introduce(io);
        loop {
            let begun = Instant::now();
            self.take_turns(io);
            let ended = self.round(io).await;
            let ended = match ended {
                Ok(ended) => ended,
                Err(Failure::Interrupted) => return Ok(self.stopped(io)),
                Err(failure) if self.args.once => return Err(failure),
                Err(failure) => {
                    // A full disk, a ledger that cannot be read: the next round may do better.
                    let now = Timestamp::now();
                    self.teller.note(
                        "round",
                        Some(format!("the round came to nothing: {}", failure.text())),
                        now,
                        io,
                    );
                    Ended::Well(failure.code())
                }
            };
            if self.signals.came() {
                return Ok(self.stopped(io));
            }
            match ended {
                Ended::Well(code) if self.args.once => return Ok(code),
                Ended::Well(_) => {
                    // A round that is late is not made up for by several at once.
                    let next = begun + jittered(self.interval());
                    if !self.rest(next, io).await {
                        return Ok(self.stopped(io));
                    }
                }
                Ended::Again => {
                    if !self.rest(Instant::now() + Duration::from_millis(500), io).await {
                        return Ok(self.stopped(io));
                    }
                }
            }
        }
    }

    fn introduce(&self, io: &mut Io<'_>) {
        let Fleet { servers, connections, .. } = &self.session.fleet;
        let what = match &self.seat {
            None => "Drift is reported; --enforce puts it right.".to_owned(),
            Some(seat) if seat.leads() => "Drift is put right within the file's policy.".to_owned(),
            Some(seat) => format!("Standing by: {} leads.", seat.holder()),
        };
        if !self.args.once && !self.is_json() {
            io.mention(&format!(
                "Watching {} servers on {} connections every {:?}. {what} Ctrl-C stops it.",
                servers.len(),
                connections.len(),
                self.interval()
            ));
        }
    }

    /// Waits for the next round; false when it is to end.
    async fn rest(&mut self, until: Instant, io: &mut Io<'_>) -> bool {
        loop {
            let changed = async {
                match &mut self.seat {
                    Some(seat) => seat.changed().await,
                    None => std::future::pending().await,
                }
            };
            let turn = tokio::select! {
                () = self.signals.wait() => return false,
                () = sleep_until(until) => return true,
                _ = self.reloads.changed() => {
                    self.lines.try_all();
                    self.reload(true, io);
                    return true;
                }
                turn = changed => turn,
            };
            let gained = turn == Turn::Gained;
            self.turn(turn, io);
            if gained {
                return true;
            }
        }
    }

    fn take_turns(&mut self, io: &mut Io<'_>) {
        let turns = self.seat.as_mut().map(Seat::look).unwrap_or_default();
        for turn in turns {
            self.turn(turn, io);
        }
    }

    fn turn(&mut self, turn: Turn, io: &mut Io<'_>) {
        let now = Timestamp::now();
        let say = |occasion, text: String| Happening::new(now, occasion, text);
        let holder = self.seat.as_ref().map(|seat| seat.holder().to_owned()).unwrap_or_default();
        match turn {
            Turn::Gained => {
                self.teller.note("seat", None, now, io);
                let text = "this watcher leads from now on, and puts drift right";
                self.teller.say(say(Occasion::LeaderGained, text.into()), io);
            }
            Turn::Lost(why) => {
                self.teller.say(say(Occasion::LeaderLost, format!("{why}; nothing more is sent")), io);
            }
            Turn::Standby => {
                self.teller.note("seat", Some(format!("standing by: {holder} leads")), now, io);
            }
            Turn::Trouble(why) => {
                self.teller.note("seat", Some(format!("the leader's lease cannot be used: {why}")), now, io);
            }
        }
    }

    fn stopped(self, io: &mut Io<'_>) -> u8 {
        io.mention("Stopped.");
        // The lease is given back when the seat is dropped.
        drop(self.seat);
        code::INTERRUPTED
    }

    fn is_json(&self) -> bool {
        self.global.log_format == LogFormat::Json
    }

    fn interval(&self) -> Duration {
        self.args.interval.unwrap_or(self.session.fleet.watch.interval.duration())
    }

    /// Takes new files over, where they are right; `asked` says that somebody wants to hear of it in any case.
    fn reload(&mut self, asked: bool, io: &mut Io<'_>) {
        let now = Timestamp::now();
        match self.files.look() {
            Look::Same if asked && self.rejected.is_none() => {
                self.teller.say(Happening::new(now, Occasion::Note, "the fleet files are as they were"), io);
            }
            Look::Same => {}
            Look::Wrong(mistakes) => {
                if !self.is_json() {
                    io.say(diagnostics::render(&mistakes, io.colour_err()).trim_end());
                }
                self.reject(first_of(&mistakes), io);
            }
            Look::New(loaded) => {
                let fleet = loaded.fleet;
                let ledger = self.session.ledger_of(&fleet);
                if ledger != self.session.ledger {
                    let text = format!("another ledger, {}, needs a restart", ledger.display());
                    return self.reject(text, io);
                }
                self.session.take_over(fleet);
                self.lines.reset();
                self.rejected = None;
                self.loaded_at = now;
                let count = self.session.fleet.servers.len();
                let text = format!("the fleet files are in force as they are now: {count} servers");
                self.teller.say(Happening::new(now, Occasion::FileReloaded, text), io);
            }
        }
    }

    fn reject(&mut self, why: String, io: &mut Io<'_>) {
        let now = Timestamp::now();
        let text = format!("{why}; the files stay in force as they were");
        self.teller.say(Happening::new(now, Occasion::FileRejected, text), io);
        let since = self.rejected.take().map_or(now, |(_, since)| since);
        self.rejected = Some((why, since));
    }

    /// Reads the ledger, unless it is as it was.
    fn read_ledger(&mut self, io: &mut Io<'_>) -> Result<(), Failure> {
        let failed = |error: ledger::JournalError| Failure::problem(error.to_string());
        let folder = &self.session.ledger;
        let mark = ledger::mark(folder);
        if mark != self.ledger.mark || self.rounds <= 1 {
            let replay = ledger::read(folder).map_err(failed)?;
            let history = ledger::history(folder).map_err(failed)?;
            let warning = (!replay.warnings.is_empty()).then(|| replay.warnings.join("; "));
            self.teller.note("ledger", warning, Timestamp::now(), io);
            self.ledger = Ledger { mark, replay, efforts: efforts(&history.past) };
        }
        Ok(())
    }

    /// Keeps what is remembered, where it is another than before. Only the leader does.
    fn keep_memory(&mut self, io: &mut Io<'_>) {
        if !self.seat.as_ref().is_some_and(Seat::leads) {
            return;
        }
        let bytes = self.memory.bytes();
        if bytes == self.kept {
            return;
        }
        let path: PathBuf = self.session.ledger.join(MEMORY);
        let trouble = match super::whole::write(&path, &bytes) {
            Ok(()) => {
                self.kept = bytes;
                None
            }
            Err(failure) => {
                Some(format!("what was seen cannot be kept for the next run: {}", failure.text()))
            }
        };
        self.teller.note("memory", trouble, Timestamp::now(), io);
    }

    fn shape() -> Shape {
        // Who is in transition is looked at again in the next round.
        Shape { list_unchanged: true, settle_timeout: Some(Duration::ZERO), ..Shape::default() }
    }
}

/// The first mistake of files, in one line, and how many there are beside it.
fn first_of(mistakes: &[Diagnostic]) -> String {
    let Some(first) = mistakes.iter().find(|one| one.severity == Severity::Error).or(mistakes.first()) else {
        return "they cannot be read".into();
    };
    let place = first.location.as_ref().map_or_else(String::new, |place| format!("{place}: "));
    let count = mistakes.iter().filter(|one| one.severity == Severity::Error).count();
    let more = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
    format!("{place}{}{more}", first.message)
}

/// A tenth more or less, so that watchers that were started together do not ask together.
fn jittered(interval: Duration) -> Duration {
    let random = RandomState::new().build_hasher().finish() % 2001;
    let part = u32::try_from(random).unwrap_or(1000);
    interval.mul_f64(0.9 + f64::from(part) / 10_000.0)
}
