//! Answers that are too large to be kept: read while they arrive, by a thread that is fed with their pieces.

use reqwest::Response;
use serde::de::DeserializeOwned;
use std::any::Any;
use std::io::{self, Read};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Pieces on their way to the reading thread. They are a few KiB to a few hundred KiB each.
const PIECES: usize = 16;

/// What was read of a large answer.
pub(super) type Value = Box<dyn Any + Send>;

/// Reads a value from the pieces of an answer.
pub(super) type Reading = fn(Pieces) -> serde_json::Result<Value>;

/// The reading of a JSON document as a `T`.
pub(super) fn reading<T: DeserializeOwned + Send + 'static>() -> Reading {
    |pieces| {
        serde_json::from_reader::<_, T>(io::BufReader::with_capacity(1 << 16, pieces))
            .map(|t| Box::new(t) as Value)
    }
}

/// A piece of a body.
type Piece = Vec<u8>;

/// The pieces of a body, in order, as they come.
pub(super) struct Pieces {
    from: mpsc::Receiver<Piece>,
    current: io::Cursor<Piece>,
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.current.read(into)?;
            if count > 0 || into.is_empty() {
                return Ok(count);
            }
            match self.from.blocking_recv() {
                Some(piece) => self.current = io::Cursor::new(piece),
                None => return Ok(0),
            }
        }
    }
}

/// A body as it comes in: kept, or handed on to its reader once it is large.
pub(super) enum Intake {
    Kept { bytes: Vec<u8>, most: usize, reading: Option<Reading> },
    HandedOn { to: mpsc::Sender<Piece>, reader: JoinHandle<serde_json::Result<Value>>, size: usize },
}

impl Intake {
    /// `reading` is how a body of more than `most` bytes is read; without it everything is kept.
    pub(super) fn new(response: &Response, reading: Option<Reading>, most: usize) -> Self {
        Self::Kept { bytes: Vec::with_capacity(expected_size(response)), most, reading }
    }

    /// Bytes so far.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Kept { bytes, .. } => bytes.len(),
            Self::HandedOn { size, .. } => *size,
        }
    }

    /// Takes the next piece.
    pub(super) async fn take(&mut self, piece: &[u8]) {
        match self {
            Self::Kept { bytes, most, reading } => {
                bytes.extend_from_slice(piece);
                if let Some(reading) = reading.filter(|_| bytes.len() > *most) {
                    let (to, from) = mpsc::channel(PIECES);
                    let size = bytes.len();
                    let pieces = Pieces { from, current: io::Cursor::new(std::mem::take(bytes)) };
                    let reader = tokio::task::spawn_blocking(move || reading(pieces));
                    *self = Self::HandedOn { to, reader, size };
                }
            }
            Self::HandedOn { to, size, .. } => {
                *size += piece.len();
                // A reader that met nonsense has gone; its error is told at the end.
                let _ = to.send(piece.to_vec()).await;
            }
        }
    }

    /// The kept bytes, or what was read.
    pub(super) async fn finish(self) -> (Vec<u8>, Option<serde_json::Result<Value>>) {
        match self {
            Self::Kept { bytes, .. } => (bytes, None),
            Self::HandedOn { to, reader, .. } => {
                drop(to);
                let read = reader.await.unwrap_or_else(|error| Err(serde::de::Error::custom(error)));
                (Vec::new(), Some(read))
            }
        }
    }
}

/// The announced length, within reason: a header must not make us allocate.
fn expected_size(response: &Response) -> usize {
    const MOST: usize = 1 << 20;
    usize::try_from(response.content_length().unwrap_or(0)).unwrap_or(MOST).min(MOST)
}
