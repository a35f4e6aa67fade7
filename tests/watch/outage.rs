//! Providers that fail: alone, and for a while.

use crate::watching::{Watching, calls, desk, flip, power};
use serde_json::json;
use std::time::Duration;

#[test]
fn a_dead_provider_backs_off_alone_and_comes_back() {
    let desk = desk("");
    let watching = Watching::start(&desk, &["--enforce"]);
    desk.until(|desk| calls(desk, "grid") >= 2 && calls(desk, "flex") >= 2);
    let faults = desk.running.stats().faults.len();
    // Refused for ever would be told as that; these answers may pass.
    desk.fault(json!({ "connection": "grid", "count": 14, "fault": { "status": { "code": 500 } } }));
    watching.until_says("connection lost grid");
    flip(&desk, "app-1", "off");
    flip(&desk, "web-01", "off");
    desk.until(|desk| power(desk, "web-01") == "on");
    assert_eq!(power(&desk, "app-1"), "off", "its servers are left alone");
    assert_eq!(watching.count("missing"), 0);
    watching.until_says_within("connection back grid", Duration::from_secs(40));
    desk.until(|desk| power(desk, "app-1") == "on");
    assert_eq!((watching.count("connection lost"), watching.count("connection back")), (1, 1));
    assert!(desk.running.stats().faults[faults].fired >= 14);
    watching.stop();
}

#[test]
fn a_provider_that_does_not_answer_keeps_the_others_waiting_for_a_part_of_a_round() {
    let desk = desk("");
    let watching = Watching::start(&desk, &["--enforce"]);
    desk.until(|desk| calls(desk, "grid") >= 2 && calls(desk, "flex") >= 2);
    desk.fault(json!({ "connection": "grid", "count": 1, "fault": { "late": "9s" } }));
    watching.until_says("connection lost grid: it has not answered within 5s");
    flip(&desk, "web-01", "off");
    desk.until(|desk| power(desk, "web-01") == "on");
    watching.until_says("connection back grid");
    watching.stop();
}
