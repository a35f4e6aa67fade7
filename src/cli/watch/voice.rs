//! What a watcher says, said by a thread of its own: whoever reads slowly, or not at all, holds up no round and no signal.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// So many lines wait to be said; further ones are left out, and counted.
const MOST: usize = 1_000;

/// How long the end waits for what is still to be said.
const FAREWELL: Duration = Duration::from_secs(1);

/// A writer that never waits for its reader.
pub(in crate::cli) struct Voice {
    /// The beginning of a line.
    begun: Vec<u8>,
    lines: Option<SyncSender<Vec<u8>>>,
    done: Receiver<()>,
    left_out: u64,
}

impl Voice {
    /// Says it there.
    pub(in crate::cli) fn over(mut mouth: impl Write + Send + 'static) -> Self {
        let (lines, said) = sync_channel::<Vec<u8>>(MOST);
        let (tell, done) = sync_channel(1);
        thread::spawn(move || {
            for line in said {
                // A reader that went away is no error.
                let _ = mouth.write_all(&line).and_then(|()| mouth.flush());
            }
            let _ = tell.send(());
        });
        Self { begun: Vec::new(), lines: Some(lines), done, left_out: 0 }
    }

    fn say(&mut self, line: Vec<u8>) {
        let Some(lines) = &self.lines else { return };
        if self.left_out > 0 {
            let note = format!("({} lines were left out: they were not read in time)\n", self.left_out);
            if lines.try_send(note.into_bytes()).is_ok() {
                self.left_out = 0;
            }
        }
        if lines.try_send(line).is_err() {
            self.left_out += 1;
        }
    }
}

impl Write for Voice {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun.extend_from_slice(bytes);
        if let Some(end) = self.begun.iter().rposition(|byte| *byte == b'\n') {
            let rest = self.begun.split_off(end + 1);
            let whole = std::mem::replace(&mut self.begun, rest);
            self.say(whole);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Voice {
    fn drop(&mut self) {
        let rest = std::mem::take(&mut self.begun);
        if !rest.is_empty() {
            self.say(rest);
        }
        self.lines = None;
        let _ = self.done.recv_timeout(FAREWELL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use std::time::Instant;

    /// Keeps what is said, and waits before each line.
    struct Mouth(Arc<Mutex<Vec<u8>>>, Duration);

    impl Write for Mouth {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            thread::sleep(self.1);
            self.0.lock().map_err(|_| io::ErrorKind::Other)?.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn everything_is_said_in_order_before_the_end() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let mut voice = Voice::over(Mouth(Arc::clone(&heard), Duration::ZERO));
        let mut expected = String::new();
        for n in 0..500 {
            let line = format!("line {n}\n");
            voice.write_all(line.as_bytes()).unwrap();
            expected.push_str(&line);
        }
        write!(voice, "no end").unwrap();
        drop(voice);
        assert_eq!(String::from_utf8(heard.lock().unwrap().clone()).unwrap(), expected + "no end");
    }

    #[test]
    fn a_reader_that_stands_still_holds_nobody_up() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let begun = Instant::now();
        let mut voice = Voice::over(Mouth(Arc::clone(&heard), Duration::from_mins(1)));
        for n in 0..5_000 {
            writeln!(voice, "line {n}").unwrap();
        }
        assert!(voice.left_out > 0);
        drop(voice);
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }

    #[test]
    fn what_was_left_out_is_told_once_somebody_reads_again() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let mut voice = Voice::over(Mouth(Arc::clone(&heard), Duration::from_millis(1)));
        for n in 0..3_000 {
            writeln!(voice, "line {n}").unwrap();
        }
        assert!(voice.left_out > 0);
        thread::sleep(Duration::from_millis(200));
        writeln!(voice, "later").unwrap();
        assert_eq!(voice.left_out, 0);
        drop(voice);
        let heard = String::from_utf8_lossy(&heard.lock().unwrap()).into_owned();
        assert!(heard.starts_with("line 0\n"), "{heard}");
    }
}
