//! `after:` and `availability:` over real HTTP: how many servers are on is the simulator's own record.

use crate::desk::{Desk, Ran};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};

const FLEET: &str = "servers:\n  - { name: \"web-{1..6}\", labels: { tier: web }, rebooted_since: 2026-01-01T00:00:00Z }\n\
                     availability:\n  - { select: \"label:tier=web\", min_on: 4 }\n";

fn six() -> Desk {
    let world = json!({
        "version": 1,
        "defaults": { "settle": "150ms" },
        "connections": { "flex": { "type": "hostway" }, "grid": { "type": "gogrid" } },
        "servers": [{ "connection": "flex", "name": "web-{1..6}", "power": "on" }],
    });
    Desk::with(world, FLEET)
}

/// How many servers are on with nothing under way.
fn on(desk: &Desk) -> usize {
    let world = desk.running.world();
    let is_on = |server: &&Value| server["power"] == "on" && server["state"].is_null();
    world["servers"].as_array().unwrap().iter().filter(is_on).count()
}

/// Runs the program and watches the world meanwhile; the fewest that were on.
fn watched(desk: &Desk, args: &[&str]) -> (Ran, usize) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut least = on(desk);
            while !over.load(Ordering::SeqCst) {
                least = least.min(on(desk));
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            least
        });
        let ran = desk.run(args);
        over.store(true, Ordering::SeqCst);
        (ran, watch.join().unwrap())
    })
}

fn reboots(desk: &Desk) -> Vec<u64> {
    let id = |name: &str| desk.server(name).unwrap()["id"].as_str().unwrap().to_owned();
    let stats = desk.running.stats();
    (1..=6).map(|n| stats.tally("flex", &id(&format!("web-{n}"))).reboots).collect()
}

const APPLY: [&str; 3] = ["apply", "--auto-approve", "--reboot-unknown"];

#[test]
fn of_six_servers_four_stay_on_while_all_are_rebooted() {
    let desk = six();
    let (ran, least) = watched(&desk, &APPLY);
    ran.code(0).says("6 done");
    assert_eq!(least, 4, "two at a time, and never more");
    assert_eq!(reboots(&desk), [1; 6]);
}

#[test]
fn a_reboot_that_fails_ends_its_lane_and_no_other() {
    let desk = six();
    let id = desk.server("web-2").unwrap()["id"].as_str().unwrap().to_owned();
    desk.fault(json!({
        "method": "POST", "path": format!("/servers/{id}/action"), "count": "all",
        "fault": { "status": { "code": 403 } },
    }));
    let (ran, least) = watched(&desk, &APPLY);
    ran.code(3).says("3 done").says("1 failed").says("2 not started").says("it comes after flex/web-2");
    assert!(least >= 4, "{least}");
    assert_eq!(reboots(&desk), [1, 0, 1, 0, 1, 0]);
}

#[test]
fn a_server_that_hangs_in_its_reboot_is_one_of_those_that_are_away() {
    let desk = six();
    let id = desk.server("web-1").unwrap()["id"].as_str().unwrap().to_owned();
    desk.fault(
        json!({ "method": "POST", "path": format!("/servers/{id}/action"), "fault": "never_settles" }),
    );
    let (ran, least) = watched(&desk, &APPLY);
    ran.code(3).says("3 done").says("2 not started");
    assert_eq!(least, 4);
    assert_eq!(on(&desk), 5);
}

#[test]
fn a_saved_plan_keeps_its_order_where_a_part_of_it_is_done_or_left_out() {
    let desk = six();
    desk.run(&["plan", "--reboot-unknown", "--out", "p.json"]).code(0).says("after flex/web-1");
    // The middle of both lanes is left out: what came after it comes after what it came after.
    let narrowed = ["apply", "p.json", "--auto-approve", "--exclude", "web-3", "--exclude", "web-4"];
    let (ran, least) = watched(&desk, &narrowed);
    ran.code(0).says("4 done");
    assert!(least >= 4, "{least}");
    // By now four of the six are done, and the two that are not have nobody to wait for.
    let (ran, least) = watched(&desk, &["apply", "p.json", "--auto-approve"]);
    ran.code(0).says("6 done");
    assert!(least >= 4, "{least}");
    assert_eq!(reboots(&desk), [1; 6]);
}

const TIERS: &str =
    "servers:\n  - { name: db, provider: grid, power: on }\n  - { name: web, power: on, after: [grid/db] }\n";

fn tiers() -> Desk {
    let world = json!({
        "version": 1,
        "defaults": { "settle": "150ms" },
        "connections": { "flex": { "type": "hostway" }, "grid": { "type": "gogrid" } },
        "servers": [
            { "connection": "grid", "id": 7, "name": "db", "power": "off" },
            { "connection": "flex", "name": "web", "power": "off" },
        ],
    });
    Desk::with(world, TIERS)
}

#[test]
fn a_start_waits_for_its_predecessor_on_another_connection() {
    let desk = tiers();
    desk.run(&["plan", "--out", "p.json"]).code(0).says("~ power   off -> on  (after grid/db)");
    // Cut away, it is not forgotten.
    desk.run(&["apply", "p.json", "--auto-approve", "--target", "web"]).code(64).says("comes after grid/db");
    assert_eq!(desk.accepted(), 0);
    desk.run(&["plan", "--target", "web"]).code(1).says("predecessor_down").says("not among the selected");
    // Once somebody has started it there is nothing to wait for.
    desk.patch("grid", "db", json!({ "power": "on" }));
    desk.run(&["apply", "p.json", "--auto-approve"]).code(0).says("2 done");
    assert_eq!(desk.accepted(), 1);
}

#[test]
fn what_comes_after_a_server_that_does_not_start_is_not_started() {
    let desk = tiers();
    desk.fault(json!({ "connection": "grid", "method": "POST", "count": "all", "fault": { "status": { "code": 403 } } }));
    let ran = desk.run(&["apply", "--auto-approve"]).code(3);
    ran.says("1 failed").says("1 not started").says("it comes after grid/db, which was not done");
    assert_eq!(desk.accepted(), 0);
}

#[test]
fn a_plan_that_is_stopped_out_of_its_order_is_stale() {
    let desk = six();
    desk.fleet(
        &FLEET
            .replace("web-{1..6}", "web-{1..5}")
            .replace("availability", "  - { name: web-6, labels: { tier: web }, power: off }\navailability"),
    );
    desk.run(&["plan", "--reboot-unknown", "--out", "p.json"]).code(0);
    desk.patch("flex", "web-6", json!({ "power": "off" }));
    desk.run(&["apply", "p.json", "--auto-approve"]).code(5).says("flex/web-6").says("plan again");
    assert_eq!(desk.accepted(), 0);
}
