//! Two watchers on one ledger, real processes: killed, stopped, woken. And a person beside them.

use crate::desk::Desk;
use crate::watching::{SERVERS, Watching, calls, changes, desk, flip, power, world};
use serde_json::json;
use std::time::{Duration, Instant};

/// With a lease that a test can wait for.
const SHORT: &str = "watch: { lease: 2s }\n";

fn pair(desk: &Desk) -> (Watching, Watching) {
    let leader = Watching::start(desk, &["--enforce"]);
    leader.until_says("Drift is put right within the file's policy");
    let standby = Watching::start(desk, &["--enforce"]);
    standby.until_says(&format!("Standing by: process {}", leader.pid()));
    (leader, standby)
}

#[test]
fn the_standby_only_looks_and_takes_over_when_the_leader_is_killed() {
    let desk = desk(SHORT);
    let (leader, standby) = pair(&desk);
    flip(&desk, "web-01", "off");
    desk.until(|desk| power(desk, "web-01") == "on");
    leader.until_says("corrected flex/web-01");
    assert_eq!((desk.accepted(), standby.count("corrected")), (1, 0));
    leader.signal("KILL");
    let begun = Instant::now();
    standby.until_says("leader: this watcher leads from now on");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    flip(&desk, "web-02", "off");
    standby.until_says("corrected flex/web-02");
    assert_eq!(desk.accepted(), 2);
    standby.stop();
}

#[test]
fn an_orderly_stop_hands_over_at_once() {
    let desk = desk("");
    let (leader, standby) = pair(&desk);
    leader.stop();
    standby.until_says("leader: this watcher leads from now on");
    flip(&desk, "web-02", "off");
    standby.until_says("corrected flex/web-02");
    standby.stop();
}

#[test]
fn a_leader_that_was_stopped_is_replaced_within_the_lease_and_sends_nothing_when_it_wakes() {
    let desk = desk(SHORT);
    let (leader, standby) = pair(&desk);
    desk.until(|desk| calls(desk, "grid") >= 3);
    leader.signal("STOP");
    let begun = Instant::now();
    standby.until_says("leader: this watcher leads from now on");
    assert!(begun.elapsed() < Duration::from_millis(2_600), "{:?}", begun.elapsed());
    flip(&desk, "web-02", "off");
    standby.until_says("corrected flex/web-02");
    leader.signal("CONT");
    leader.until_says("leader lost");
    leader.until_says(&format!("standing by: process {} ", standby.pid()));
    for n in 3..=6 {
        flip(&desk, &format!("web-{n:02}"), "off");
        desk.until(|desk| power(desk, &format!("web-{n:02}")) == "on");
    }
    assert_eq!(desk.accepted(), 5);
    assert_eq!(leader.count("corrected"), 0, "{:#?}", leader.said());
    leader.stop();
    standby.stop();
    desk.run(&["ledger", "verify"]).code(0);
}

#[test]
fn a_leader_that_is_stopped_in_the_midst_of_a_correction_does_nothing_twice() {
    let mut world = world();
    world["defaults"]["settle"] = json!("700ms");
    let desk = Desk::with(world, &format!("{SHORT}{SERVERS}"));
    let (leader, standby) = pair(&desk);
    desk.until(|desk| calls(desk, "grid") >= 3);
    flip(&desk, "web-02", "off");
    desk.until(|desk| desk.accepted() == 1);
    leader.signal("STOP");
    standby.until_says("leader: this watcher leads from now on");
    flip(&desk, "web-03", "off");
    // The lock of the ledger is still the other one's; it passes on as the lease did.
    standby.until_says("corrected flex/web-03");
    leader.signal("CONT");
    leader.until_says("leader lost");
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!((changes(&desk, "web-02"), changes(&desk, "web-03"), desk.accepted()), (1, 1, 2));
    leader.stop();
    standby.stop();
}

#[test]
fn a_person_can_apply_beside_the_leader() {
    let desk = desk("");
    let watching = Watching::start(&desk, &["--enforce"]);
    desk.until(|desk| calls(desk, "grid") >= 2);
    desk.write(
        "other.yaml",
        &format!(
            "{}servers:\n  - {{ name: web-09, power: any, rebooted_since: 2026-01-01T00:00:00Z }}\n",
            desk.head()
        ),
    );
    for _ in 0..3 {
        desk.run(&["-f", "other.yaml", "apply", "--auto-approve", "--reboot-unknown"]).code(0);
    }
    assert_eq!(desk.accepted(), 1);
    watching.stop();
    let history = desk.run(&["history"]).code(0);
    assert!(history.out.contains("reboot"), "{history:#?}");
}
