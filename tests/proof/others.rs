//! Others who act at the same time: a second apply, and whoever swaps, deletes and names servers.

use crate::gate::Way;
use crate::stand::{Stand, Wish, finish};
use crate::table::{Harm, Job};
use fleetform::model::Verb;
use fleetform::providers::Registration;
use serde_json::json;
use std::sync::Arc;

const APPLY: &[&str] =
    &["apply", "--auto-approve", "--allow-delete", "--partial", "--format", "json", "--lock-timeout"];

pub(crate) fn jobs(at: usize, row: &'static Registration) -> Vec<Job> {
    let name = row.spec.type_name;
    let mut jobs = vec![
        Job::new("two applies at once", name, move || two_at_once(row, "0s")),
        Job::new("two applies at once", name, move || two_at_once(row, "30s")),
    ];
    for (title, how) in [
        ("another server has the name by now (ids differ)", Meanwhile::Swapped),
        ("deleted, and its name used again", Meanwhile::Reused),
    ] {
        jobs.push(Job::new(title, name, move || saved_plan(row, how)));
        jobs.push(Job::new(title, name, move || in_mid_apply(row, how)));
    }
    // In the short form the providers take turns at the two ways in which each of them happens.
    let mut turn = 0;
    jobs.retain(|_| {
        turn += 1;
        crate::is_long() || (turn + at).is_multiple_of(2)
    });
    jobs
}

/// Both begin at once; one waits for the other, or says who holds the ledger.
fn two_at_once(row: &'static Registration, patience: &str) -> Harm {
    let mut stand = Stand::new(row);
    let args: Vec<&str> = APPLY.iter().copied().chain([patience]).collect();
    let before = stand.tallies();
    let both = [stand.start(&args), stand.start(&args)].map(finish);
    let is_refused = |code: Option<i32>| code == Some(6);
    match both.iter().filter(|ran| is_refused(ran.code)).count() {
        0 => {}
        1 if patience == "0s" => {
            let refused = both.iter().find(|ran| is_refused(ran.code)).unwrap();
            if !refused.err.contains("in use by") {
                stand.wrong_report(&format!("it does not say who holds the ledger: {refused:?}"));
            }
        }
        _ => stand.wrong_report(&format!("nobody got the ledger: {both:?}")),
    }
    for ran in both.iter().filter(|ran| !is_refused(ran.code)) {
        stand.check_report(&before, ran);
    }
    stand.harm.runs = 2;
    stand.converge()
}

#[derive(Clone, Copy, PartialEq)]
enum Meanwhile {
    Swapped,
    Reused,
}

impl Meanwhile {
    /// Another server gets the name.
    fn happen(self, running: &fleetform::simulator::Running, wish: &Wish, other: &str) {
        match self {
            Self::Swapped => running.change_server("c", &wish.id, json!({ "name": "other-9" })).unwrap(),
            Self::Reused => running.change_server("c", &wish.id, json!({ "gone": true })).unwrap(),
        }
        running.change_server("c", other, json!({ "name": wish.old })).unwrap();
    }

    /// As it was, as far as that can be: for the runs after.
    fn end(self, stand: &mut Stand, wish: &Wish, other: &str) {
        stand.patch(other, json!({ "name": "other-1" }));
        if self == Self::Swapped {
            stand.patch(&wish.id, json!({ "name": wish.old }));
        } else {
            stand.excused.push(wish.name.clone());
        }
    }
}

/// The last change that must not reach a wrong server: it interrupts or destroys.
fn victim(stand: &Stand) -> Wish {
    let disruptive =
        |wish: &&Wish| wish.verbs.iter().all(|verb| verb.is_disruptive() && *verb != Verb::Rename);
    stand.wishes.iter().rev().find(disruptive).unwrap().clone()
}

/// The plan was saved before it happened: the apply is refused, and sends nothing at all.
fn saved_plan(row: &'static Registration, how: Meanwhile) -> Harm {
    let mut stand = Stand::new(row);
    let (wish, other) = (victim(&stand), stand.id("other-1"));
    let planned = stand.run(&["plan", "--out", "plan.json"]);
    assert_eq!(planned.code, Some(0), "{planned:?}");
    how.happen(&stand.running, &wish, &other);
    let before = stand.tallies();
    let ran = stand.run(&["apply", "plan.json", "--auto-approve", "--allow-delete", "--format", "json"]);
    // A delete whose server is gone is where the plan wants it: then the rest goes on.
    let is_fine = wish.verbs == [Verb::Delete] && how == Meanwhile::Reused;
    if !is_fine && (ran.code != Some(5) || stand.tallies() != before) {
        stand.wrong_report(&format!("the plan is stale, and: {ran:?}"));
    }
    stand.check_report(&before, &ran);
    spared(&mut stand, &wish, &other);
    how.end(&mut stand, &wish, &other);
    stand.converge()
}

/// It happens when the plan is made and other changes are under way.
fn in_mid_apply(row: &'static Registration, how: Meanwhile) -> Harm {
    let mut stand = Stand::new(row);
    let (wish, other) = (victim(&stand), stand.id("other-1"));
    let (running, one, id) = (Arc::clone(&stand.running), wish.clone(), other.clone());
    stand.gate.judge(move |call| {
        if call.change == 1 {
            how.happen(&running, &one, &id);
        }
        Way::Pass
    });
    let results = stand.apply(&["--parallelism", "1"]);
    let its = results.iter().find(|result| result["id"] == wish.id.as_str());
    let is_fine = wish.verbs == [Verb::Delete] && how == Meanwhile::Reused;
    if !is_fine && its.is_none_or(|result| result["outcome"] != "failed") {
        stand.wrong_report(&format!("it is another server by now: {its:?}"));
    }
    spared(&mut stand, &wish, &other);
    how.end(&mut stand, &wish, &other);
    stand.converge()
}

/// Neither the one that was meant and is not it any more, nor the one that has its name, got anything.
fn spared(stand: &mut Stand, wish: &Wish, other: &str) {
    for id in [wish.id.as_str(), other] {
        let tally = stand.tally(id);
        if tally.accepted > 0 {
            stand.wrong_server(&format!("{id}, for {wish:?}: {tally:?}"));
        }
    }
}
