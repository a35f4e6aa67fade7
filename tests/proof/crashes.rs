//! The process killed at a call: before it arrives, and after its effect, before its answer.

use crate::gate::Way;
use crate::points;
use crate::stand::Stand;
use crate::table::{Harm, Job};
use fleetform::providers::Registration;
use std::collections::BTreeMap;
use std::sync::Mutex;

const NONE: &str = "none: twenty changes";
const BEFORE: &str = "killed before a call arrives";
const AFTER: &str = "killed after a call's effect, before its answer";

/// The arguments of the run that dies.
pub(crate) const APPLY: &[&str] = &["apply", "--auto-approve", "--allow-delete", "--partial"];

pub(crate) fn jobs(row: &'static Registration) -> Vec<Job> {
    let name = row.spec.type_name;
    let without = move || {
        let mut stand = Stand::new(row);
        let planned = stand.run(&["plan", "--detailed-exitcode"]);
        if planned.code != Some(2) || !stand.tallies().is_empty() {
            stand.wrong_server(&format!("a plan changes nothing: {planned:?}"));
        }
        let results = stand.apply(&[]);
        assert_eq!(results.len(), crate::stand::CHANGES, "{results:?}");
        if let Some(not_done) = results.iter().find(|result| result["outcome"] != "done") {
            stand.lose(&format!("without any fault: {not_done}"));
        }
        stand.converge()
    };
    let mut jobs = vec![Job::new(NONE, name, without)];
    for (row_name, before) in [(BEFORE, true), (AFTER, false)] {
        jobs.push(Job::new(row_name, name, move || killed_at_calls(row, before)));
    }
    jobs
}

/// Killed at calls that ask for a change, and at the others: each point on a stand of its own.
fn killed_at_calls(row: &'static Registration, before: bool) -> Harm {
    let Undisturbed { calls, changes, .. } = undisturbed(row);
    let of_changes = points(changes, 2).into_iter().map(|point| (point, true, false));
    let of_others = points(calls - changes, if before { 1 } else { 2 }).into_iter();
    let of_others = of_others.map(|point| (point, false, false));
    // Once there has been time for evidence, a run may settle by it what a person would be asked before.
    let of_changes = of_changes.chain([(changes.div_ceil(2), true, true)]);
    let mut harm = Harm::default();
    for (point, only_changes, is_patient) in of_changes.chain(of_others) {
        let mut stand = Stand::new(row);
        if is_patient {
            stand.patience = if crate::is_long() { "65s" } else { "12s" };
        }
        let mut others = 0;
        stand.gate.judge(move |call| {
            others += usize::from(call.change == 0);
            let at = if only_changes { call.change } else { others * usize::from(call.change == 0) };
            match (at == point, before) {
                (true, true) => Way::HoldBefore,
                (true, false) => Way::HoldAfter,
                _ => Way::Pass,
            }
        });
        kill_at_hold(&stand);
        harm.add(stand.converge());
    }
    harm
}

/// What an apply without any fault comes to.
#[derive(Clone, Debug)]
pub(crate) struct Undisturbed {
    pub(crate) calls: usize,
    pub(crate) changes: usize,
    /// How long the ledger was before it.
    pub(crate) begin: usize,
    /// Where each of its records ends.
    pub(crate) ends: Vec<usize>,
}

/// Found out once for each provider.
pub(crate) fn undisturbed(row: &'static Registration) -> Undisturbed {
    static KNOWN: Mutex<BTreeMap<&str, Undisturbed>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap();
    let find_out = || {
        let stand = Stand::new(row);
        let begin = std::fs::read(stand.journal()).unwrap().len();
        stand.gate.pass();
        stand.run(APPLY);
        let (calls, changes) = stand.gate.counts();
        let ends = ends(&std::fs::read(stand.journal()).unwrap(), begin);
        Undisturbed { calls, changes, begin, ends }
    };
    known.entry(row.spec.type_name).or_insert_with(find_out).clone()
}

/// Where the records of a file end, from the first that begins at or after `from`.
pub(crate) fn ends(bytes: &[u8], from: usize) -> Vec<usize> {
    (from..bytes.len()).filter(|at| bytes[*at] == b'\n').map(|at| at + 1).collect()
}

/// Runs an apply until the gate holds one of its calls, and kills it there.
pub(crate) fn kill_at_hold(stand: &Stand) {
    let mut child = stand.command(APPLY, None).spawn_silently();
    // A run that ends before the point was not killed: it is a run all the same.
    stand.gate.until_held(|| child.try_wait().unwrap().is_some());
    let _ = child.kill();
    child.wait().unwrap();
    stand.gate.release();
}

pub(crate) trait Silently {
    fn spawn_silently(&mut self) -> std::process::Child;
}

impl Silently for std::process::Command {
    fn spawn_silently(&mut self) -> std::process::Child {
        use std::process::Stdio;
        self.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }
}
