//! `os-instance-actions`: what was asked for, and what became of it.

use crate::common::until;
use crate::site::{Site, id, refused, usual};
use serde_json::{Value, json};

fn actions(site: &Site) -> Vec<Value> {
    let path = format!("/servers/{}/os-instance-actions", id(1));
    site.at("2.69").get(&path).json()["instanceActions"].as_array().unwrap().clone()
}

#[test]
fn every_server_was_created_and_later_actions_come_first() {
    let site = Site::new(usual());
    assert_eq!(actions(&site)[0]["action"], "create");
    let request = site.act(1, &json!({ "os-stop": null })).header("x-openstack-request-id").unwrap();
    let all = actions(&site);
    assert_eq!((all.len(), &all[0]["action"], &all[1]["action"]), (2, &json!("stop"), &json!("create")));
    assert_eq!((&all[0]["request_id"], &all[0]["message"]), (&json!(request), &Value::Null));
    assert_eq!(all[0]["instance_uuid"], id(1).as_str());
    assert_ne!(all[0]["request_id"], all[1]["request_id"]);
    let start = all[0]["start_time"].as_str().unwrap();
    assert_eq!(start.len(), "2026-11-20T02:00:00.000000".len());
}

#[test]
fn an_action_says_what_it_consisted_of_from_2_51_on() {
    let site = Site::new(usual());
    let request = site.act(1, &json!({ "os-stop": null })).header("x-openstack-request-id").unwrap();
    let path = format!("/servers/{}/os-instance-actions/{request}", id(1));
    let event = || site.at("2.51").get(&path).json()["instanceAction"]["events"][0].clone();
    assert_eq!((&event()["event"], &event()["result"]), (&json!("compute_stop_instance"), &Value::Null));
    until(|| event()["result"] == "Success");
    assert!(event()["finish_time"].is_string());
    assert!(site.plain().get(&path).json()["instanceAction"].get("events").is_none());
    let created = actions(&site)[1]["request_id"].as_str().unwrap().to_owned();
    let path = format!("/servers/{}/os-instance-actions/{created}", id(1));
    assert_eq!(site.plain().get(&path).json()["instanceAction"]["action"], "create");
    let path = format!("/servers/{}/os-instance-actions/req-x", id(1));
    refused(&site.plain().get(&path), 404, "itemNotFound");
}

#[test]
fn a_failed_action_says_so_when_it_has_ended() {
    let site = Site::new(usual());
    site.running
        .add_fault(json!({ "method": "POST", "fault": { "fails": { "reason": "no host" } } }))
        .unwrap();
    let request = site.act(1, &json!({ "os-stop": null })).header("x-openstack-request-id").unwrap();
    assert_eq!(actions(&site)[0]["message"], Value::Null);
    site.settled(1);
    assert_eq!(site.phase(1)[0], "active");
    assert_eq!(actions(&site)[0]["message"], "Error");
    let path = format!("/servers/{}/os-instance-actions/{request}", id(1));
    let event = site.at("2.84").get(&path).json()["instanceAction"]["events"][0].clone();
    assert_eq!((&event["result"], &event["details"]), (&json!("Error"), &json!("no host")));
}

#[test]
fn the_history_takes_no_query_and_needs_a_server() {
    let site = Site::new(usual());
    refused(&site.plain().get(&format!("/servers/{}/os-instance-actions?limit=1", id(1))), 400, "badRequest");
    refused(&site.plain().get(&format!("/servers/{}/os-instance-actions", id(99))), 404, "itemNotFound");
}
