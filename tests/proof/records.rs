//! The process killed while it writes a record, at every boundary of the ledger, and a ledger that lost a part of its
//! last record afterwards.
//!
//! A limit on the size of its files makes the kernel kill the program in the very write that would cross it: no
//! polling, no chance. Where the record was torn, half of the runs find the torn record, and half find the file as it
//! is when the write had not begun: the boundary itself.

use crate::crashes::{APPLY, Silently, Undisturbed, ends, undisturbed};
use crate::points;
use crate::stand::Stand;
use crate::table::{Harm, Job};
use fleetform::providers::Registration;
use std::fs;
use std::os::unix::process::ExitStatusExt;

const BOUNDARY: &str = "killed between two records of the ledger";
const TORN: &str = "killed in the middle of a record";
const CUT: &str = "the ledger's last record cut off at a byte";

/// The signal of a write beyond the limit.
const SIGXFSZ: i32 = 25;

pub(crate) fn jobs(row: &'static Registration) -> Vec<Job> {
    let name = row.spec.type_name;
    vec![
        Job::new(BOUNDARY, name, move || killed_in_records(row, false)),
        Job::new(TORN, name, move || killed_in_records(row, true)),
        Job::new(CUT, name, move || cut_off(row)),
    ]
}

fn killed_in_records(row: &'static Registration, torn: bool) -> Harm {
    let Undisturbed { begin, ends, .. } = undisturbed(row);
    assert!(ends.len() >= 2 * crate::stand::CHANGES, "an intent and an outcome each");
    let mut harm = Harm::default();
    for point in points(ends.len(), 2) {
        let start = if point == 1 { begin } else { ends[point - 2] };
        let middle = start + (ends[point - 1] - start) / 2;
        let stand = Stand::new(row);
        let mut command = stand.command(APPLY, Some(middle as u64));
        let status = command.spawn_silently().wait().unwrap();
        // Sizes differ by a few bytes from run to run: the last point may lie beyond the end.
        let killed = status.signal() == Some(SIGXFSZ);
        assert!(killed || point == ends.len(), "{status:?} at {middle} of {ends:?}");
        let bytes = fs::read(stand.journal()).unwrap();
        assert!(bytes.len() >= begin, "the ledger was there before");
        if !torn {
            let whole = bytes.iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
            fs::write(stand.journal(), &bytes[..whole]).unwrap();
        }
        harm.add(stand.converge());
    }
    harm
}

/// Everything is done; then the last record loses its end. Whatever is left of it, nothing is done again.
fn cut_off(row: &'static Registration) -> Harm {
    let mut stand = Stand::new(row);
    let begin = fs::read(stand.journal()).unwrap().len();
    stand.apply(&[]);
    let bytes = fs::read(stand.journal()).unwrap();
    let ends = ends(&bytes, begin);
    let last = ends[ends.len() - 2];
    let counts = stand.tallies();
    stand.harm.runs = 0;
    for point in points(bytes.len() - last, 3) {
        fs::write(stand.journal(), &bytes[..last + point - 1]).unwrap();
        stand.harm.runs += 1;
        stand.apply(&[]);
        if stand.tallies() != counts {
            stand.wrong_report(&format!("cut at byte {point} of its last record, something was sent"));
        }
    }
    let runs = stand.harm.runs;
    let mut harm = stand.converge();
    harm.runs = runs;
    harm
}
