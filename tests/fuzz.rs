//! The bounded part of the fuzzing, for every run of the suite: the targets of `fuzz/`, fed with real files that a
//! fixed sequence of mutations has spoiled. The same cases every time, more of them with `FLEETFORM_LONG=1`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and says how much it did")]

#[allow(dead_code, unreachable_pub, reason = "the targets are shared with the crate in fuzz/")]
#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// What is put in where it does not belong.
const WORDS: &[&str] = &[
    "\"",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "-0.0",
    "18446744073709551616",
    "\\u0000",
    "\\ud800",
    "\u{0}",
    "\u{feff}",
    "\u{202e}",
    "\u{2028}",
    "\n",
    "\r",
    "\t",
    "- ",
    "? ",
    "&a ",
    "*a",
    "<<: *a",
    "!!int ",
    "!x ",
    "|\n",
    ">-\n",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "{1..99999}",
    "{a,b}",
    "${env:HOME}",
    "${file:/dev/zero}",
    "9999-12-31T23:59:59Z",
    "-009999-01-01T00:00:00Z",
    "'",
    "#",
    "~",
    ".inf",
    "0x7f",
    "1_000",
    "on",
    "y",
];

/// A sequence of numbers that is the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (sides.max(1) as u64)).unwrap()
    }
}

fn is_long() -> bool {
    std::env::var_os("FLEETFORM_LONG").is_some_and(|value| value == "1")
}

/// Feeds a target with the seeds themselves and with so many mutations of them; for `most` at the longest.
fn feed(name: &str, seeds: &[Vec<u8>], cases: usize, most: Duration, target: impl Fn(&[u8])) {
    assert!(!seeds.is_empty(), "{name}: there is nothing to begin with");
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let begun = Instant::now();
    let (cases, most) = if is_long() { (cases * 50, most * 100) } else { (cases, most) };
    let (mut fed, mut slowest) = (0, (Duration::ZERO, 0, 0));
    for case in 0..seeds.len() + cases {
        let bytes = match seeds.get(case) {
            Some(seed) => seed.clone(),
            None => spoiled(seeds, &mut dice),
        };
        let started = Instant::now();
        let run = catch_unwind(AssertUnwindSafe(|| target(&bytes)));
        let took = started.elapsed();
        if run.is_err() || took > Duration::from_secs(30) {
            let kept = std::env::temp_dir().join(format!("fleetform-fuzz-{name}-{case}"));
            fs::write(&kept, &bytes).unwrap();
            panic!("{name}, case {case}, after {took:?}; kept as {}", kept.display());
        }
        fed += 1;
        slowest = slowest.max((took, case, bytes.len()));
        if begun.elapsed() > most {
            break;
        }
    }
    assert!(fed > seeds.len().min(cases), "{name}: only {fed} cases in {most:?}");
    let (took, case, length) = slowest;
    println!(
        "{name}: {fed} cases in {:?}; the slowest took {took:?}: case {case}, {length} bytes",
        begun.elapsed()
    );
}

/// A seed with one to five things done to it.
fn spoiled(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seeds[dice.roll(seeds.len())].clone();
    for _ in 0..=dice.roll(5) {
        let at = dice.roll(bytes.len() + 1);
        let end = (at + dice.roll(40)).min(bytes.len());
        match dice.roll(10) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part.repeat(1 + dice.roll(3)));
            }
            3 => {
                let other = &seeds[dice.roll(seeds.len())];
                let from = dice.roll(other.len() + 1);
                let to = (from + dice.roll(200)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            4 if at < bytes.len() => bytes[at] ^= 1 << dice.roll(8),
            5 => {
                // Nested as nobody nests.
                let open = [b"[".as_slice(), b"{\"a\":", b"- ", b"{a: "][dice.roll(4)];
                bytes.splice(at..at, open.repeat(1 + dice.roll(2000)));
            }
            6 => swap_lines(&mut bytes, dice),
            7 => {
                // Another number where there is one.
                if let Some(digit) = (at..bytes.len()).find(|at| bytes[*at].is_ascii_digit()) {
                    let end =
                        (digit..bytes.len()).find(|at| !bytes[*at].is_ascii_digit()).unwrap_or(bytes.len());
                    let number =
                        ["0", "-1", "4294967296", "18446744073709551615", "1e400", "007"][dice.roll(6)];
                    bytes.splice(digit..end, number.bytes());
                }
            }
            _ => drop(bytes.splice(at..at, WORDS[dice.roll(WORDS.len())].bytes())),
        }
    }
    bytes.truncate(1 << 16);
    bytes
}

fn swap_lines(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let (one, other) = (dice.roll(lines.len()), dice.roll(lines.len()));
    if !lines.is_empty() {
        lines.swap(one, other);
        *bytes = lines.concat();
    }
}

/// Files below a folder of the repository with that ending.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// A plan, a snapshot and a ledger, as the program writes them today.
fn written(name: &str) -> Vec<u8> {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        for file in ["fleet.yaml", "world.yaml"] {
            let quickstart = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart");
            fs::copy(quickstart.join(file), folder.path().join(file)).unwrap();
        }
        for args in [
            &["plan", "--simulate", "-v", "--out", "plan.json"][..],
            &["snapshot", "--simulate", "--out", "snapshot.json"],
            &["apply", "--simulate", "--auto-approve"],
        ] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_fleetform"));
            command.current_dir(folder.path()).args(args).env_clear();
            let output = command.stdin(Stdio::null()).output().unwrap();
            assert!(output.status.success(), "{args:?}: {output:?}");
        }
        folder
    });
    let mut folders = vec![folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with(name) {
                return fs::read(path).unwrap();
            }
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    panic!("no {name} was written");
}

#[test]
fn any_fleet_file_is_read_or_refused() {
    let seeds: Vec<Vec<u8>> = files("examples", "yaml").iter().map(|path| fs::read(path).unwrap()).collect();
    feed("fleet", &seeds, 2500, Duration::from_secs(6), targets::fleet);
}

#[test]
fn any_ledger_is_read_or_refused_and_goes_on() {
    feed("ledger", &[written("journal.jsonl")], 250, Duration::from_secs(4), targets::ledger);
}

#[test]
fn any_saved_plan_is_read_or_refused() {
    feed("plan", &[written("plan.json")], 3000, Duration::from_secs(3), targets::plan);
}

#[test]
fn any_snapshot_is_read_or_refused() {
    feed("snapshot", &[written("snapshot.json")], 3000, Duration::from_secs(3), targets::snapshot);
}

#[test]
fn any_answer_of_a_provider_is_understood_or_refused() {
    let mut seeds = Vec::new();
    let mut dice = Dice(7);
    for (at, row) in fleetform::providers::REGISTRY.iter().enumerate() {
        let folder = format!("src/providers/{}/fixtures", row.spec.type_name.replace('-', "_"));
        for path in files(&folder, "json") {
            for call in 0..4 {
                let which = u8::try_from(call + 8 * dice.roll(4)).unwrap();
                let mut seed = vec![u8::try_from(at).unwrap(), which, 0];
                seed.extend(fs::read(&path).unwrap());
                seeds.push(seed);
            }
        }
    }
    feed("wire", &seeds, 1500, Duration::from_secs(8), targets::wire);
}
