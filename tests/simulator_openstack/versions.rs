//! Microversions: how they are asked for, what they change, the document that lists them.

use crate::common::Answer;
use crate::site::{Site, id, refused, usual, world};
use serde_json::{Value, json};

fn versions(answer: &Answer) -> [Option<String>; 2] {
    ["openstack-api-version", "x-openstack-nova-api-version"].map(|name| answer.header(name))
}

fn both(minor: u32) -> [Option<String>; 2] {
    [Some(format!("compute 2.{minor}")), Some(format!("2.{minor}"))]
}

#[test]
fn the_version_of_a_call_is_repeated_in_its_answer() {
    let site = Site::new(usual());
    assert_eq!(versions(&site.plain().get("/servers")), both(1));
    assert_eq!(versions(&site.at("2.69").get("/servers")), both(69));
    assert_eq!(versions(&site.at("latest").get("/servers")), both(96));
    assert_eq!(versions(&site.at("2.20").get("/servers/none")), both(20), "refusals too");
    let old = site.plain().with_header("x-openstack-nova-api-version", "2.5");
    assert_eq!(versions(&old.get("/servers")), both(5));
    let other = site.plain().with_header("openstack-api-version", "volume 3.5");
    assert_eq!(versions(&other.get("/servers")), both(1));
}

#[test]
fn versions_out_of_range_are_406_and_malformed_ones_400() {
    let site = Site::new(usual());
    for version in ["2.97", "2.0", "3.1", "1.1"] {
        refused(&site.at(version).get("/servers"), 406, "computeFault");
    }
    for version in ["2", "2.x", "2.01", "v2.1", "2.1.1", ""] {
        refused(&site.at(version).get("/servers"), 400, "badRequest");
    }
}

#[test]
fn the_root_document_says_what_there_is() {
    let site = Site::new(usual());
    let version = site.plain().get("/").json()["version"].clone();
    assert_eq!((&version["min_version"], &version["version"]), (&json!("2.1"), &json!("2.96")));
    assert_eq!(versions(&site.plain().get("/")), both(1));
    let before = site.running.stats().calls("os", "GET", "/");
    assert_eq!(site.plain().get("").json()["version"]["id"], "v2.1");
    assert_eq!(site.running.stats().calls("os", "GET", "/"), before + 2, "sent one slash further");
}

#[test]
fn what_a_server_shows_depends_on_the_version() {
    let site = Site::new(usual());
    let server = |version: &str| -> Value {
        site.at(version).get(&format!("/servers/{}", id(1))).json()["server"].clone()
    };
    assert!(server("2.8").get("locked").is_none());
    assert_eq!(server("2.9")["locked"], json!(false));
    assert!(server("2.18").get("description").is_none() && server("2.19").get("description").is_some());
    assert!(server("2.46")["flavor"]["id"].is_string() && server("2.47")["flavor"]["vcpus"].is_u64());
    let rename = |version: &str| {
        let body = json!({ "server": { "name": "runs" } });
        site.at(version).put_json(&format!("/servers/{}", id(1)), &body).json()["server"].clone()
    };
    assert!(rename("2.74").get("OS-EXT-STS:vm_state").is_none());
    assert_eq!(rename("2.75")["OS-EXT-STS:vm_state"], "active");
}

#[test]
fn unknown_filters_are_refused_late() {
    let site = Site::new(usual());
    assert_eq!(site.at("2.37").get("/servers?status=none").json()["servers"], json!([]));
    refused(&site.at("2.38").get("/servers?status=none"), 400, "badRequest");
    assert_eq!(site.at("2.74").get("/servers?colour=red").json()["servers"].as_array().unwrap().len(), 3);
    refused(&site.at("2.75").get("/servers?colour=red"), 400, "badRequest");
}

#[test]
fn a_server_in_an_unreachable_cell_is_left_out_and_later_shown_with_few_fields() {
    let site = Site::new(world(&[json!({ "name": "lost", "state": "UNKNOWN" }), json!({ "name": "here" })]));
    let listed = |version: &str| site.at(version).get("/servers/detail").json()["servers"].clone();
    assert_eq!(listed("2.68").as_array().unwrap().len(), 1);
    let lost = listed("2.69")[1].clone();
    assert_eq!((&lost["id"], &lost["status"]), (&json!(id(1)), &json!("UNKNOWN")));
    assert!(lost.get("name").is_none() && lost.get("OS-EXT-STS:vm_state").is_none());
    assert_eq!(site.server(1), lost);
    refused(&site.at("2.68").get(&format!("/servers/{}", id(1))), 500, "computeFault");
    refused(&site.act(1, &json!({ "os-stop": null })), 500, "computeFault");
}
