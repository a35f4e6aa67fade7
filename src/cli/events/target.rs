//! Where a stream of events goes: a file, which begins anew, or a descriptor that the program was started with.

use crate::cli::exit::Failure;
use crate::report::events::FIRST_BYTES;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// As it is given: `FILE` or `fd:N`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Target {
    /// A file (or a named pipe).
    File(PathBuf),
    /// A descriptor.
    Descriptor(u32),
}

impl Target {
    /// Reads it.
    pub(in crate::cli) fn parse(text: &str) -> Result<Self, String> {
        const INSTEAD: &str =
            "give the stream one of its own: --events fd:3 3>events.jsonl, or a file's name";
        let Some(number) = text.strip_prefix("fd:") else {
            return match text {
                "" | "-" => Err(format!("the standard streams are for people; {INSTEAD}")),
                _ => Ok(Self::File(PathBuf::from(text))),
            };
        };
        match number.parse() {
            Ok(0..=2) => Err(format!("descriptors 0, 1 and 2 are for people; {INSTEAD}")),
            Ok(number) => Ok(Self::Descriptor(number)),
            Err(_) => Err("write fd: and the number of a descriptor, or a file's name".into()),
        }
    }

    /// For people.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Descriptor(number) => format!("fd:{number}"),
        }
    }

    /// Opens it. Blocks while a named pipe has no reader.
    pub(super) fn open(&self) -> Result<Lines, Failure> {
        match self {
            Self::File(path) => open_file(path).map_err(|why| {
                Failure::problem(format!(
                    "the events cannot be written to {}: {why}; nothing was executed",
                    path.display()
                ))
            }),
            Self::Descriptor(number) => open_descriptor(*number),
        }
    }
}

fn open_file(path: &Path) -> Result<Lines, String> {
    let said = |error: io::Error| error.to_string();
    // Not truncated before it is known what would be lost: a plan's name is easily given where the stream's belongs.
    let is_regular = std::fs::metadata(path).is_ok_and(|it| it.is_file());
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).read(is_regular);
    let mut file = options.open(path).map_err(said)?;
    if !file.metadata().map_err(said)?.is_file() {
        return Ok(Lines { file, whole: None });
    }
    if is_regular {
        let mut first = Vec::new();
        Read::by_ref(&mut file).take(FIRST_BYTES.len() as u64).read_to_end(&mut first).map_err(said)?;
        if !first.is_empty() && first != FIRST_BYTES.as_bytes() {
            return Err("it exists and holds no events; give another name, or remove it".into());
        }
    }
    file.set_len(0).and_then(|()| file.rewind()).map_err(said)?;
    Ok(Lines { file, whole: Some(0) })
}

#[cfg(unix)]
fn open_descriptor(number: u32) -> Result<Lines, Failure> {
    // A descriptor cannot be taken over by its number without `unsafe`. Opened by its name, a pipe is the same pipe; a
    // file has a position of its own, so what is written is appended, and nothing that is there is taken away.
    let name = format!("/dev/fd/{number}");
    match OpenOptions::new().append(true).open(name) {
        Ok(file) => Ok(Lines { file, whole: None }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let text =
                format!("--events fd:{number}: no such descriptor is open; open it with {number}>FILE");
            Err(Failure::usage(format!("{text} behind the command; nothing was executed")))
        }
        Err(error) => Err(Failure::problem(format!(
            "the events cannot be written to fd:{number}: {error}; it must be a pipe or a file that can be \
             written, and a socket is neither; nothing was executed"
        ))),
    }
}

#[cfg(not(unix))]
fn open_descriptor(_: u32) -> Result<Lines, Failure> {
    Err(Failure::usage("--events fd:N is not there on this system; give a file's name"))
}

/// Takes one whole line after another.
pub(super) trait Sink {
    /// Writes a line.
    ///
    /// # Errors
    /// Nothing of the line is left, and another one may be tried; or (`true`) nothing more can be written.
    fn line(&mut self, line: &[u8]) -> Result<(), (io::Error, bool)>;
}

/// A file, a pipe.
pub(super) struct Lines {
    file: File,
    /// Of a file that is ours alone: its length up to the last whole line.
    whole: Option<u64>,
}

impl Sink for Lines {
    fn line(&mut self, line: &[u8]) -> Result<(), (io::Error, bool)> {
        // One write call for each line, as a rule: who is killed between two leaves whole lines.
        let written = self.file.write_all(line);
        match (written, &mut self.whole) {
            (Ok(()), whole) => {
                *whole = whole.map(|whole| whole + line.len() as u64);
                Ok(())
            }
            (Err(error), None) => Err((error, true)),
            (Err(error), Some(whole)) => {
                // A full disk takes half a line; without it the file ends whole, and may go on when there is room.
                let mended = self.file.set_len(*whole).and_then(|()| self.file.seek(SeekFrom::Start(*whole)));
                Err((error, mended.is_err()))
            }
        }
    }
}
