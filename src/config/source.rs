//! A file's text, made fit for reading: UTF-8, no byte order mark, no control characters, a bounded size.

use super::diagnostic::Diagnostic;
use super::findings::Findings;
use crate::model::Location;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The largest file that is read, in bytes.
pub(super) const MAX_BYTES: usize = 32 * 1024 * 1024;

/// Control characters reported per file; where there is one, there are often thousands.
const MAX_CONTROLS: usize = 5;

/// A text and where it comes from.
pub(super) struct Source {
    /// The path as the user gave it, or a name for a text without a file.
    pub(super) name: Arc<str>,
    /// The text without byte order mark; control characters replaced (they were reported).
    pub(super) text: String,
    /// Lower-case hex SHA-256 of the bytes as they were.
    pub(super) sha256: String,
    /// The git revision that it comes from; files beside it are read from there as well.
    pub(super) revision: Option<String>,
}

impl Source {
    /// Takes bytes as they were read. `None` (and a finding) if they are no text that can be worked on.
    pub(super) fn new(name: &str, bytes: Cow<'_, [u8]>, findings: &mut Findings) -> Option<Self> {
        let name: Arc<str> = name.into();
        if bytes.len() > MAX_BYTES {
            findings.push(too_large(&name));
            return None;
        }
        let sha256 = hex(&Sha256::digest(&bytes));
        let text = match String::from_utf8(bytes.into_owned()) {
            Ok(text) => text,
            Err(error) => {
                findings.push(not_utf8(&name, error.as_bytes(), error.utf8_error().valid_up_to()));
                return None;
            }
        };
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let text = without_controls(&name, text, findings);
        Some(Self { name, text, sha256, revision: None })
    }

    /// The folder that paths in this file are relative to.
    pub(super) fn folder(&self) -> PathBuf {
        let prefix = self.revision.as_ref().map(|revision| format!("{revision}:")).unwrap_or_default();
        let path = self.name.strip_prefix(&prefix).unwrap_or(&self.name);
        Path::new(path).parent().map(Path::to_path_buf).unwrap_or_default()
    }
}

/// The finding for a file beyond [`MAX_BYTES`].
pub(super) fn too_large(name: &str) -> Diagnostic {
    Diagnostic::error(
        "file_too_large",
        format!("{name} is larger than {} MiB, the most that is read", MAX_BYTES >> 20),
    )
    .cure("split it into several files and give the directory with -f")
}

fn not_utf8(name: &Arc<str>, bytes: &[u8], valid: usize) -> Diagnostic {
    let before = String::from_utf8_lossy(bytes.get(..valid).unwrap_or_default());
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    Diagnostic::error("not_utf8", format!("{name} is not UTF-8 text"))
        .at(location(name, line, column))
        .width(1)
        .cure("save the file as UTF-8")
}

fn location(file: &Arc<str>, line: usize, column: usize) -> Location {
    let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Location { file: Arc::clone(file), line: small(line), column: small(column) }
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|b| [b >> 4, b & 15])
        .map(|n| char::from(b"0123456789abcdef"[usize::from(n)]))
        .collect()
}

/// YAML forbids them, and a NUL would end the file early for the parser: they are reported and replaced, so that
/// the rest is still checked with its columns in place.
fn without_controls(name: &Arc<str>, text: String, findings: &mut Findings) -> String {
    if !may_be_bad(text.as_bytes()) || !text.contains(forbidden) {
        return text;
    }
    let mut reported = 0;
    for (number, line) in text.split('\n').enumerate() {
        let bad = line.chars().enumerate().filter(|(_, c)| forbidden(*c));
        for (column, c) in bad.take(MAX_CONTROLS.saturating_sub(reported)) {
            reported += 1;
            let message = format!("the character U+{:04X} is not allowed in YAML", u32::from(c));
            findings.push(
                Diagnostic::error("control_character", message)
                    .at(location(name, number + 1, column + 1))
                    .width(1)
                    .cure("remove it, or write it as an escape in double quotes"),
            );
        }
    }
    text.replace(forbidden, "\u{fffd}")
}

/// A quick first look at all bytes, in chunks without an early exit, which the compiler makes vectors of.
fn may_be_bad(bytes: &[u8]) -> bool {
    bytes.chunks(4096).any(|chunk| chunk.iter().fold(false, |bad, byte| bad | suspicious(*byte)))
}

/// Whether a byte can be (part of) a forbidden character: a quick first look.
fn suspicious(byte: u8) -> bool {
    matches!(byte, 0..=8 | 0x0b | 0x0c | 0x0e..=0x1f | 0x7f | 0xc2 | 0xef)
}

fn forbidden(c: char) -> bool {
    (c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}')) || matches!(c, '\u{fffe}' | '\u{ffff}')
}
