//! Actions: what is possible when, what it looks like meanwhile, and what it leads to.

use crate::site::{Site, fault, id, refused, usual, world};
use serde_json::{Value, json};

fn null(action: &str) -> Value {
    json!({ action: null })
}

fn reboot(kind: &str) -> Value {
    json!({ "reboot": { "type": kind } })
}

/// Takes a server through one action and asserts each phase.
fn walk(site: &Site, n: u32, body: &Value, task: &str, meanwhile: &str, after: [&str; 2]) {
    let before = site.phase(n);
    let answer = site.act(n, body);
    assert_eq!((answer.status, answer.body.len()), (202, 0), "{body}");
    assert!(answer.header("x-openstack-request-id").unwrap().starts_with("req-"));
    assert_eq!(site.phase(n), [before[0].as_str(), task, meanwhile], "{body}");
    let (status, name, message) = fault(&site.act(n, &null("shelve")));
    assert_eq!((status, name.as_str()), (409, "conflictingRequest"));
    let state = if message.contains("vm_state") { "vm_state" } else { "task_state" };
    assert!(message.starts_with(&format!("Cannot 'shelve' instance {} while it is in {state} ", id(n))));
    site.settled(n);
    assert_eq!(site.phase(n), [after[0], "-", after[1]], "{body}");
}

#[test]
fn the_status_misleads_while_an_action_runs() {
    let site = Site::new(usual());
    walk(&site, 1, &null("os-stop"), "powering-off", "ACTIVE", ["stopped", "SHUTOFF"]);
    walk(&site, 1, &null("os-start"), "powering-on", "SHUTOFF", ["active", "ACTIVE"]);
    walk(&site, 1, &reboot("SOFT"), "rebooting", "REBOOT", ["active", "ACTIVE"]);
    walk(&site, 1, &reboot("HARD"), "rebooting_hard", "HARD_REBOOT", ["active", "ACTIVE"]);
    walk(&site, 2, &reboot("HARD"), "rebooting_hard", "SHUTOFF", ["active", "ACTIVE"]);
    let tally = site.running.stats().tally("os", &id(1));
    assert_eq!((tally.accepted, tally.power_offs, tally.power_ons, tally.reboots), (4, 1, 1, 2));
}

#[test]
fn the_sleeping_states_are_told_apart() {
    let site = Site::new(usual());
    walk(&site, 1, &null("pause"), "pausing", "ACTIVE", ["paused", "PAUSED"]);
    walk(&site, 1, &null("shelve"), "shelving", "PAUSED", ["shelved", "SHELVED"]);
    walk(&site, 1, &null("unshelve"), "unshelving", "SHELVED", ["active", "ACTIVE"]);
    walk(&site, 1, &null("suspend"), "suspending", "ACTIVE", ["suspended", "SUSPENDED"]);
    walk(&site, 1, &null("resume"), "resuming", "SUSPENDED", ["active", "ACTIVE"]);
    walk(&site, 1, &null("pause"), "pausing", "ACTIVE", ["paused", "PAUSED"]);
    walk(&site, 1, &null("unpause"), "unpausing", "PAUSED", ["active", "ACTIVE"]);
    walk(&site, 3, &null("resume"), "resuming", "SUSPENDED", ["active", "ACTIVE"]);
}

#[test]
fn an_action_that_fails_leaves_the_server_as_it_was() {
    let mut world =
        world(&[json!({ "name": "a", "power": "suspended", "attributes": { "vm_state": "paused" } })]);
    world["faults"] = json!([{ "path": "*/action", "fault": { "fails": { "reason": "no host" } } }]);
    let site = Site::new(world);
    walk(&site, 1, &null("shelve"), "shelving", "PAUSED", ["paused", "PAUSED"]);
}

#[test]
fn every_action_has_its_states() {
    let words =
        ["active", "stopped", "paused", "suspended", "shelved", "shelved_offloaded", "error", "rescued"];
    let servers: Vec<Value> = words.iter().map(|word| json!({ "name": word, "state": word })).collect();
    for (body, allowed) in [
        (null("os-start"), &["stopped"][..]),
        (null("os-stop"), &["active", "error"]),
        (reboot("SOFT"), &["active"]),
        (reboot("HARD"), &["active", "stopped", "paused", "suspended", "error"]),
        (null("pause"), &["active"]),
        (null("unpause"), &["paused"]),
        (null("suspend"), &["active"]),
        (null("resume"), &["suspended"]),
        (null("shelve"), &["active", "stopped", "paused", "suspended"]),
        (null("unshelve"), &["shelved", "shelved_offloaded"]),
    ] {
        let site = Site::new(world(&servers));
        for (word, n) in words.iter().zip(1..) {
            let answer = site.act(n, &body);
            if allowed.contains(word) {
                assert_eq!(answer.status, 202, "{body} {word}");
            } else {
                let (status, _, message) = fault(&answer);
                assert!(message.ends_with(&format!("while it is in vm_state {word}")), "{message}");
                assert_eq!(status, 409);
            }
        }
    }
}

#[test]
fn a_hard_reboot_may_overtake_what_hangs_and_nothing_else_may() {
    let site = Site::new(usual());
    assert_eq!(site.act(1, &reboot("SOFT")).status, 202);
    let (status, _, message) = fault(&site.act(1, &reboot("SOFT")));
    assert_eq!(
        (status, message),
        (409, format!("Cannot 'reboot' instance {} while it is in task_state rebooting", id(1)))
    );
    assert_eq!(site.act(1, &reboot("HARD")).status, 202);
    assert_eq!(site.act(2, &null("os-start")).status, 202);
    refused(&site.act(2, &reboot("HARD")), 409, "conflictingRequest");
}

#[test]
fn bodies_are_read_to_the_letter() {
    let site = Site::new(usual());
    for body in [
        json!({}),
        json!([]),
        json!({ "os-stop": null, "os-start": null }),
        json!({ "os-stop": {} }),
        json!({ "reboot": null }),
        json!({ "reboot": { "type": "soft" } }),
        json!({ "reboot": { "type": "SOFT", "force": true } }),
    ] {
        refused(&site.act(1, &body), 400, "badRequest");
    }
    assert_eq!(fault(&site.act(1, &null("dance"))).2, "There is no such action: dance");
    let path = format!("/servers/{}/action", id(1));
    refused(&site.plain().send("POST", &path, None, br#"{"os-stop":null}"#.to_vec()), 415, "badMediaType");
    let unknown = site.act(99, &null("os-stop"));
    assert_eq!(fault(&unknown).2, format!("Instance {} could not be found.", id(99)));
    refused(&site.plain().get(&path), 405, "badMethod");
    assert!(site.running.stats().servers.is_empty());
}

#[test]
fn a_lock_forbids_actions_and_deletion_until_it_is_lifted() {
    let site = Site::new(world(&[json!({ "name": "a", "attributes": { "locked": true } })]));
    let path = format!("/servers/{}", id(1));
    assert_eq!(site.server(1)["locked"], true);
    let locked = (409, "conflictingRequest".to_owned(), format!("Instance {} is locked", id(1)));
    assert_eq!(fault(&site.act(1, &null("os-stop"))), locked);
    assert_eq!(fault(&site.plain().send("DELETE", &path, None, Vec::new())), locked);
    assert_eq!(site.plain().put_json(&path, &json!({ "server": { "name": "b" } })).status, 200);
    assert_eq!(site.act(1, &null("unlock")).status, 202);
    assert_eq!((site.act(1, &null("lock")).status, site.act(1, &null("unlock")).status), (202, 202));
    assert_eq!(site.act(1, &null("os-stop")).status, 202);
}

#[test]
fn the_fault_refuse_is_a_conflict() {
    let site = Site::new(usual());
    site.running.add_fault(json!({ "fault": "refuse", "count": 2 })).unwrap();
    let (status, name, message) = fault(&site.act(1, &null("os-stop")));
    assert_eq!((status, name.as_str()), (409, "conflictingRequest"));
    assert!(message.contains(&id(1)) && message.contains("task_state"));
}
