//! One line of the journal with its seal. Format 2 ends every line with `"prev"`, the sum of the line before, and
//! `"sum"`, the checksum of all bytes before it on its own line. A byte that changed shows in its own sum; a line that
//! was removed, inserted or moved shows in the `prev` of the line after it, while both sums are right. As a sum covers
//! the `prev` of its line, the last sum stands for all that was written before it.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// Characters of a fingerprint: 128 bits. It tells accidents and edits, and is no signature.
const LENGTH: usize = 32;

const SUM: &[u8] = b",\"sum\":\"";
const PREV: &[u8] = b",\"prev\":\"";
const END: &[u8] = b"\"}";

/// A line that is what its writer wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seal<'l> {
    pub(super) prev: &'l str,
    pub(super) sum: &'l str,
}

/// The fingerprint of some bytes, in hexadecimal digits.
pub(super) fn fingerprint(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digest = Sha256::digest(bytes);
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    digest.iter().take(LENGTH / 2).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Appends the line of an entry, its end included, and returns its sum.
pub(super) fn seal(lines: &mut Vec<u8>, entry: &impl Serialize, prev: &str) -> serde_json::Result<String> {
    let from = lines.len();
    serde_json::to_writer(&mut *lines, entry)?;
    reseal(lines, from, prev)
}

/// Appends a line that was sealed or written in format 1, with another `prev`, and returns its sum.
pub(super) fn seal_again(lines: &mut Vec<u8>, line: &[u8], prev: &str) -> String {
    let from = lines.len();
    match halves(line) {
        Some((body, _, _)) => {
            lines.extend_from_slice(body);
            lines.push(b'}');
        }
        None => lines.extend_from_slice(line),
    }
    reseal(lines, from, prev).unwrap_or_default()
}

/// Seals the JSON object that begins at `from`.
#[allow(clippy::unnecessary_wraps, reason = "so that writing and sealing fail alike")]
fn reseal(lines: &mut Vec<u8>, from: usize, prev: &str) -> serde_json::Result<String> {
    lines.pop();
    lines.extend_from_slice(PREV);
    lines.extend_from_slice(prev.as_bytes());
    lines.push(b'"');
    let sum = fingerprint(&lines[from..]);
    lines.extend_from_slice(SUM);
    lines.extend_from_slice(sum.as_bytes());
    lines.extend_from_slice(END);
    lines.push(b'\n');
    Ok(sum)
}

/// The seal of a line, if its sum is right.
pub(super) fn checked(line: &[u8]) -> Option<Seal<'_>> {
    let (_, prev, sum) = halves(line)?;
    let covered = line.len() - SUM.len() - LENGTH - END.len();
    (fingerprint(&line[..covered]) == sum).then_some(Seal { prev, sum })
}

/// Whether a line was meant to have a seal: one changed byte hides only one half of it.
pub(super) fn looks_sealed(line: &[u8]) -> bool {
    let has = |what: &[u8]| line.windows(what.len()).any(|window| window == what);
    has(&PREV[1..]) || has(&SUM[1..])
}

/// The body of a line (its last brace left out), its `prev` and its sum, by their places.
fn halves(line: &[u8]) -> Option<(&[u8], &str, &str)> {
    let (rest, sum) = cut(line.strip_suffix(END)?, SUM)?;
    let (body, prev) = cut(rest.strip_suffix(b"\"")?, PREV)?;
    Some((body, prev, sum))
}

fn cut<'l>(line: &'l [u8], key: &[u8]) -> Option<(&'l [u8], &'l str)> {
    let (rest, value) = line.split_at_checked(line.len().checked_sub(LENGTH)?)?;
    let value = std::str::from_utf8(value).ok()?;
    Some((rest.strip_suffix(key)?, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Entry;

    fn line() -> Vec<u8> {
        let mut lines = Vec::new();
        let at = "2026-11-01T00:00:00Z".parse().unwrap();
        seal(&mut lines, &Entry::Born { version: 2, at }, &fingerprint(b"")).unwrap();
        lines.pop();
        lines
    }

    #[test]
    fn every_changed_byte_of_a_line_shows_in_its_sum() {
        let line = line();
        assert_eq!(checked(&line).unwrap().prev, fingerprint(b""));
        for at in 0..line.len() {
            for bit in 0..8 {
                let mut changed = line.clone();
                changed[at] ^= 1 << bit;
                assert_eq!(checked(&changed), None, "byte {at}, bit {bit}");
                assert!(looks_sealed(&changed), "byte {at}, bit {bit}");
            }
            assert_eq!(checked(&line[..at]), None, "cut at {at}");
        }
    }

    #[test]
    fn a_line_that_is_sealed_again_keeps_its_body() {
        let line = line();
        let mut again = Vec::new();
        let sum = seal_again(&mut again, &line, &fingerprint(b"x"));
        again.pop();
        assert_eq!(checked(&again), Some(Seal { prev: &fingerprint(b"x"), sum: &sum }));
        let mut back = Vec::new();
        seal_again(&mut back, &again, &fingerprint(b""));
        assert_eq!(back[..back.len() - 1], line);
    }
}
