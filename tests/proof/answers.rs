//! What can be wrong with answers, in the middle of twenty changes: lost, late, old, slow, refused, redirected.

use crate::gate::{Call, Way, answer};
use crate::is_long;
use crate::stand::Stand;
use crate::table::{Harm, Job};
use fleetform::providers::Registration;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const TEN_YEARS: &str = "315360000";

/// The longest that an apply of twenty changes may take here, whatever it is told to wait: calls to a provider that does
/// not answer in time go out one after another.
const LONGEST: Duration = Duration::from_secs(90);

pub(crate) fn jobs(at: usize, row: &'static Registration) -> Vec<Job> {
    let name = row.spec.type_name;
    let judged = |title, judge: fn(&Call) -> Way| Job::new(title, name, move || judged(row, judge));
    let mut jobs = vec![
        judged("every change's call lost before it arrives, once", |call| {
            if (1..=20).contains(&call.change) { Way::LoseBefore } else { Way::Pass }
        }),
        judged("every change's answer lost", |call| if call.change > 0 { Way::LoseAfter } else { Way::Pass }),
        judged("500 after the effect, for every change", |call| {
            if call.change > 0 { Way::After(answer("500 Oops", "", "oops")) } else { Way::Pass }
        }),
        judged("every third read broken off", |call| {
            if call.is_read && call.number % 3 == 0 { Way::LoseAfter } else { Way::Pass }
        }),
        judged("answers that drip (slow-loris)", |call| {
            let drips = call.change > 0 || call.number > 8 && call.number % 5 == 0;
            if drips && call.number < 60 { Way::Slowly(Duration::from_millis(250)) } else { Way::Pass }
        }),
        judged("flapping reads: old and new in turns", |call| {
            if call.number % 2 == 0 { Way::Old } else { Way::Pass }
        }),
        Job::new("stale reads: the old state for 600 ms", name, move || stale(row)),
        Job::new("202 that settles after the time limit", name, move || late(row)),
        Job::new("202 that never settles", name, move || never(row)),
        Job::new("token expired in mid-apply", name, move || expired(row)),
        Job::new("redirect to another host (a second listener)", name, move || redirected(row)),
    ];
    for (title, header) in [
        ("429 without Retry-After", None),
        ("429 with seconds", Some("1".to_owned())),
        ("429 with a date", Some(String::new())),
        ("429 with ten years", Some(TEN_YEARS.to_owned())),
    ] {
        jobs.push(Job::new(title, name, move || throttled(row, header)));
    }
    // What the one HTTP client decides is the same for all: in the short form two providers take turns at each.
    let shared = ["429", "redirect", "every third read"];
    let mut turn = 0;
    jobs.retain(|job| {
        let is_shared = shared.iter().any(|word| job.row.starts_with(word));
        turn += usize::from(is_shared);
        is_long() || !is_shared || (turn + at).is_multiple_of(3)
    });
    jobs
}

/// An apply through a gate that judges so, and what comes of it afterwards.
fn judged(row: &'static Registration, judge: fn(&Call) -> Way) -> Harm {
    let mut stand = Stand::new(row);
    stand.gate.judge(judge);
    in_time(&mut stand);
    stand.converge()
}

fn in_time(stand: &mut Stand) {
    let begun = Instant::now();
    stand.apply(&[]);
    let took = begun.elapsed();
    if took > LONGEST {
        stand.wrong_report(&format!("it took {took:?}"));
    }
}

fn stale(row: &'static Registration) -> Harm {
    let mut stand = Stand::new(row);
    let mut changed = None;
    stand.gate.judge(move |call| {
        if call.change > 0 {
            changed.get_or_insert_with(Instant::now);
        }
        let is_old = changed.is_some_and(|at| at.elapsed() < Duration::from_millis(600));
        if call.is_read && is_old { Way::Old } else { Way::Pass }
    });
    in_time(&mut stand);
    stand.converge()
}

/// Accepted, and carried out when the program has given up already.
fn late(row: &'static Registration) -> Harm {
    let mut stand = Stand::with(row, "4500ms");
    in_time(&mut stand);
    std::thread::sleep(Duration::from_millis(1500));
    stand.until_quiet();
    stand.converge()
}

/// Accepted, and never carried out: nothing of it may be reported as done. Then somebody puts the servers right.
fn never(row: &'static Registration) -> Harm {
    let mut stand = Stand::new(row);
    stand.may_fail = true;
    stand.spoil(json!({ "changes": true, "count": 20, "fault": "never_settles" }));
    in_time(&mut stand);
    let world = stand.running.world();
    for server in world["servers"].as_array().unwrap().iter().filter(|server| server["busy"] == true) {
        stand.patch(server["id"].as_str().unwrap(), json!({ "power": server["power"] }));
    }
    // What the provider's records call under way for ever is waited for: its end is not ours to see.
    stand.excused.append(&mut stand.under_way);
    stand.converge_with_rest_of_faults()
}

fn expired(row: &'static Registration) -> Harm {
    let mut stand = Stand::new(row);
    let running = Arc::clone(&stand.running);
    stand.gate.judge(move |call| {
        if call.change > 0 && call.change % 3 == 1 {
            running.end_sessions("c").unwrap();
        }
        Way::Pass
    });
    in_time(&mut stand);
    let has_sessions = stand.gate.saw_logins();
    let mut harm = stand.converge();
    if !has_sessions {
        // Without sessions it shows nothing that was not shown already.
        harm.runs = 0;
    }
    harm
}

fn redirected(row: &'static Registration) -> Harm {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let elsewhere = listener.local_addr().unwrap();
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    std::thread::spawn(move || {
        for _ in listener.incoming() {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    let mut harm = Harm::default();
    let all = ["302 Found", "307 Temporary", "301 Moved", "303 See Other", "308 Permanent"];
    for (at, status) in all.into_iter().enumerate().take(if is_long() { 5 } else { 2 }) {
        let only_changes = at % 2 == 0;
        let mut stand = Stand::new(row);
        stand.gate.judge(move |call| {
            let location = format!("location: http://{elsewhere}/v3/auth/tokens\r\n");
            let hit = call.change > 0 || (!only_changes && call.number > 2);
            if hit { Way::Instead(answer(status, &location, "")) } else { Way::Pass }
        });
        in_time(&mut stand);
        harm.add(stand.converge());
    }
    let seen = seen.load(Ordering::SeqCst) as u64;
    if seen > 0 {
        harm.wrong_server += seen;
        harm.details.push(format!("{seen} connections reached the other host"));
    }
    harm
}

/// The first changes and some reads are told to wait; an empty header stands for a date.
fn throttled(row: &'static Registration, header: Option<String>) -> Harm {
    let mut stand = Stand::new(row);
    stand.gate.judge(move |call| {
        let hit =
            (1..=3).contains(&call.change) || (call.change == 0 && call.number % 9 == 8 && call.number < 40);
        let header = header.as_ref().map_or_else(String::new, |text| {
            let date = Timestamp::now().checked_add(SignedDuration::from_secs(1)).unwrap();
            let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            format!("retry-after: {}\r\n", if text.is_empty() { &date } else { text })
        });
        if hit { Way::Instead(answer("429 Too Many Requests", &header, "slow down")) } else { Way::Pass }
    });
    in_time(&mut stand);
    stand.converge()
}
