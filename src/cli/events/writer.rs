//! The thread that writes the stream, so that no reader and no disk can hold an apply up. What cannot be written is
//! counted and told.

use super::target::{Sink, Target};
use crate::cli::exit::{Failure, code};
use crate::report::events::{StreamEvent, event_line};
use jiff::Timestamp;
use std::collections::VecDeque;
use std::io;
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Events that wait for a reader; more are dropped. A plan of 100,000 changes fits in before anything is read.
const MOST: usize = 250_000;

/// How long the opening may take: a named pipe waits for its reader.
const TO_OPEN: Duration = Duration::from_secs(5);

/// At the end: how long nothing may be written before the rest is given up.
const IDLE: Duration = Duration::from_secs(2);

/// A queue with the thread that empties it.
pub(super) struct Writer {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
    most: usize,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<(Timestamp, StreamEvent)>,
    /// Events for which there was no room, since the last one that there was room for.
    dropped: u64,
    /// Lines that were written, or given up.
    handled: u64,
    /// Events that could not be written.
    lost: u64,
    /// Why not, and not told yet.
    trouble: Option<String>,
    /// Told once is enough.
    told: bool,
    /// Nothing comes any more.
    closed: bool,
    /// The thread has ended.
    over: bool,
}

impl Writer {
    /// Opens the target and begins to write.
    pub(super) fn start(target: &Target) -> Result<Self, Failure> {
        let shared = Arc::new(Shared::new(MOST));
        let (opened, answer) = mpsc::channel();
        let (target_of_thread, shared_of_thread) = (target.clone(), Arc::clone(&shared));
        std::thread::spawn(move || match target_of_thread.open() {
            Err(failure) => drop(opened.send(Err(failure))),
            Ok(mut lines) => {
                // Whoever waited may have given up; then nobody closes the queue, and the process ends soon.
                let _ = opened.send(Ok(()));
                shared_of_thread.write_all(&mut lines);
            }
        });
        let late = || {
            let text = format!(
                "the events cannot be written to {}: it was not open after {} s; if it is a named pipe, start its \
                 reader first; nothing was executed",
                target.shown(),
                TO_OPEN.as_secs()
            );
            Failure::Message(code::PROBLEM, text)
        };
        answer.recv_timeout(TO_OPEN).unwrap_or_else(|_| Err(late()))?;
        Ok(Self { shared })
    }

    /// Hands an event over; never waits for its reader.
    pub(super) fn push(&self, event: StreamEvent) {
        self.shared.push(Timestamp::now(), event);
    }

    /// What went wrong, once.
    pub(super) fn trouble(&self) -> Option<String> {
        let mut queue = self.shared.lock();
        let trouble = queue.trouble.take()?;
        let first = !std::mem::replace(&mut queue.told, true);
        first.then_some(trouble)
    }

    /// Writes the rest, for at most so long; says what is missing where nothing was said so far.
    pub(super) fn finish(self, patience: Duration) -> Option<String> {
        let missing = self.shared.finish(patience);
        if self.shared.lock().told {
            return None;
        }
        self.trouble().or_else(|| {
            (missing > 0).then(|| {
                format!("the reader of the events does not read: the last {missing} were not delivered")
            })
        })
    }
}

impl Shared {
    fn new(most: usize) -> Self {
        Self { queue: Mutex::default(), changed: Condvar::new(), most }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, at: Timestamp, event: StreamEvent) {
        let mut queue = self.lock();
        if queue.over {
            return;
        }
        // Without its end a stream reads as that of a run that was killed.
        if queue.waiting.len() >= self.most && !matches!(event, StreamEvent::End(_)) {
            queue.dropped += 1;
            queue.trouble.get_or_insert_with(|| {
                "the reader of the events is too slow: some are dropped, and the stream says how many".into()
            });
            return;
        }
        if queue.dropped > 0 {
            let count = std::mem::take(&mut queue.dropped);
            queue.waiting.push_back((at, StreamEvent::Dropped { count }));
        }
        queue.waiting.push_back((at, event));
        self.changed.notify_all();
    }

    /// The thread's work: until the queue is closed and empty, or nothing can be written any more.
    fn write_all(&self, sink: &mut dyn Sink) {
        let mut numbered = Numbered { sink, seq: 1, lost: 0 };
        while let Some((at, event)) = self.next() {
            let written = numbered.write(at, event);
            let mut queue = self.lock();
            queue.handled += 1;
            queue.lost = numbered.lost;
            if let Err((error, is_final)) = written {
                let rest = if is_final { "no more are" } else { "those meanwhile are not" };
                let text = format!("an event could not be written: {error}; {rest}, the apply goes on");
                queue.trouble.get_or_insert(text);
                if is_final {
                    queue.lost += queue.waiting.len() as u64;
                    queue.waiting.clear();
                    break;
                }
            }
            self.changed.notify_all();
        }
        self.lock().over = true;
        self.changed.notify_all();
    }

    fn next(&self) -> Option<(Timestamp, StreamEvent)> {
        let mut queue = self.lock();
        loop {
            if let Some(next) = queue.waiting.pop_front() {
                return Some(next);
            }
            if queue.closed {
                return None;
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until all is written, while something is written; how many events were not.
    fn finish(&self, patience: Duration) -> u64 {
        let begun = Instant::now();
        let mut queue = self.lock();
        queue.closed = true;
        self.changed.notify_all();
        let (mut handled, mut since) = (queue.handled, begun);
        while !queue.over {
            if queue.handled != handled {
                (handled, since) = (queue.handled, Instant::now());
            }
            if since.elapsed() >= IDLE.min(patience) || begun.elapsed() >= patience {
                // One is in the hands of the thread.
                return queue.waiting.len() as u64 + queue.lost + 1;
            }
            let wait = Duration::from_millis(50);
            queue = self.changed.wait_timeout(queue, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
        queue.lost
    }
}

/// Numbers lines without gaps, and says how many are missing as soon as one can be written.
struct Numbered<'s> {
    sink: &'s mut dyn Sink,
    seq: u64,
    lost: u64,
}

impl Numbered<'_> {
    /// Writes an event, after the gap that is before it; tells what went wrong, and whether for good.
    fn write(&mut self, at: Timestamp, event: StreamEvent) -> Result<(), (io::Error, bool)> {
        let weight = if let StreamEvent::Dropped { count } = event { count } else { 1 };
        let written = self.close_gap(at).and_then(|()| self.line(at, event));
        if written.is_err() {
            self.lost += weight;
        }
        written
    }

    fn close_gap(&mut self, at: Timestamp) -> Result<(), (io::Error, bool)> {
        if self.lost > 0 {
            self.line(at, StreamEvent::Dropped { count: self.lost })?;
            self.lost = 0;
        }
        Ok(())
    }

    fn line(&mut self, at: Timestamp, event: StreamEvent) -> Result<(), (io::Error, bool)> {
        let line = event_line(self.seq, at, event).map_err(|error| (error, false))?;
        self.sink.line(&line)?;
        self.seq += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// A disk that is full for a while, or gone for good; writes are counted from 1.
    #[derive(Default)]
    struct Disk {
        lines: Vec<Value>,
        tried: usize,
        /// Which writes fail, and whether for good.
        full: Vec<usize>,
        gone: Option<usize>,
    }

    impl Sink for Disk {
        fn line(&mut self, line: &[u8]) -> Result<(), (io::Error, bool)> {
            self.tried += 1;
            if self.gone.is_some_and(|at| self.tried >= at) {
                return Err((io::ErrorKind::BrokenPipe.into(), true));
            }
            if self.full.contains(&self.tried) {
                return Err((io::ErrorKind::StorageFull.into(), false));
            }
            self.lines.push(serde_json::from_slice(line).unwrap());
            Ok(())
        }
    }

    impl Disk {
        /// Sequence numbers, and what was lost in between.
        fn told(&self) -> (Vec<u64>, Vec<u64>) {
            let seqs = self.lines.iter().map(|line| line["seq"].as_u64().unwrap()).collect();
            let lost = self.lines.iter().filter(|line| line["kind"] == "dropped");
            (seqs, lost.map(|line| line["count"].as_u64().unwrap()).collect())
        }
    }

    /// Pushes so many events and writes them; how many are missing at the end.
    fn written(disk: &mut Disk, events: usize, most: usize) -> (u64, Shared) {
        let shared = Shared::new(most);
        for _ in 0..events {
            shared.push(Timestamp::UNIX_EPOCH, StreamEvent::Interrupted {});
        }
        shared.lock().closed = true;
        shared.write_all(disk);
        let missing = shared.finish(Duration::ZERO);
        (missing, shared)
    }

    #[test]
    fn what_a_full_disk_took_is_told_when_there_is_room_and_no_number_is_missing() {
        let mut disk = Disk { full: vec![2, 3, 4], ..Disk::default() };
        let (missing, shared) = written(&mut disk, 6, 100);
        // Written: 1; lost: 2, 3, 4; then the gap, 5 and 6.
        assert_eq!(disk.told(), ((1..=4).collect(), vec![3]));
        assert_eq!(missing, 0);
        assert!(shared.lock().trouble.as_ref().unwrap().contains("could not be written"));
        // Full to the end: the last ones are missing, and that is known.
        let mut disk = Disk { full: (5..100).collect(), ..Disk::default() };
        assert_eq!(written(&mut disk, 6, 100).0, 2);
        assert_eq!(disk.told().0, [1, 2, 3, 4]);
    }

    #[test]
    fn a_gap_that_cannot_be_told_grows() {
        // The event is lost, then its gap together with the next event, then there is room.
        let mut disk = Disk { full: vec![1, 2], ..Disk::default() };
        written(&mut disk, 3, 100);
        assert_eq!(disk.told(), (vec![1, 2], vec![2]));
        assert_eq!(disk.lines[1]["kind"], json!("interrupted"));
    }

    #[test]
    fn after_a_reader_that_went_away_nothing_is_tried_any_more() {
        let mut disk = Disk { gone: Some(3), ..Disk::default() };
        let (missing, shared) = written(&mut disk, 10, 100);
        assert_eq!((missing, disk.tried), (8, 3));
        shared.push(Timestamp::UNIX_EPOCH, StreamEvent::Interrupted {});
        assert!(shared.lock().waiting.is_empty(), "nobody would ever take it");
    }

    #[test]
    fn what_finds_no_room_is_counted_and_the_end_always_does() {
        let shared = Shared::new(3);
        let push = |event| shared.push(Timestamp::UNIX_EPOCH, event);
        (0..7).for_each(|_| push(StreamEvent::Interrupted {}));
        let end = crate::report::events::End { exit_code: 0, changes: 0, summary: None, seconds: 0.0 };
        push(StreamEvent::End(end));
        shared.lock().closed = true;
        let mut disk = Disk::default();
        shared.write_all(&mut disk);
        assert_eq!(disk.told(), ((1..=5).collect(), vec![4]));
        assert_eq!(disk.lines.last().unwrap()["kind"], "end");
    }
}
