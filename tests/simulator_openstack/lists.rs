//! Lists: pages, markers, filters, order.

use crate::common::Answer;
use crate::site::{Site, fault, id, refused, usual, world};
use serde_json::{Value, json};

fn names(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.json());
    let servers = answer.json()["servers"].as_array().unwrap().clone();
    servers.iter().map(|server| server["name"].as_str().unwrap().to_owned()).collect()
}

fn next(answer: &Answer) -> Option<String> {
    let body = answer.json();
    let link = body.get("servers_links")?[0].clone();
    assert_eq!(link["rel"], "next");
    Some(link["href"].as_str().unwrap().to_owned())
}

fn five() -> Value {
    let servers: Vec<Value> = ["a", "b", "c", "d", "e"].iter().map(|name| json!({ "name": name })).collect();
    world(&servers)
}

#[test]
fn the_newest_server_is_the_first() {
    let site = Site::new(five());
    let client = site.plain();
    assert_eq!(names(&client.get("/servers/detail")), ["e", "d", "c", "b", "a"]);
    assert_eq!(names(&client.get("/servers?sort_key=display_name&sort_dir=asc")), ["a", "b", "c", "d", "e"]);
    assert!(next(&client.get("/servers/detail")).is_none());
    let bare = client.get("/servers").json()["servers"][0].clone();
    assert_eq!(bare.as_object().unwrap().len(), 3);
    assert!(bare["id"].is_string() && bare["name"].is_string() && bare["links"].is_array());
}

#[test]
fn a_full_page_promises_another_one_even_if_that_is_empty() {
    let site = Site::new(five());
    let client = site.plain();
    let first = client.get("/servers/detail?limit=3");
    assert_eq!(names(&first), ["e", "d", "c"]);
    let href = next(&first).unwrap();
    assert!(href.ends_with(&format!("/servers/detail?limit=3&marker={}", id(3))), "{href}");
    assert!(!href.starts_with(&site.compute), "the host is one behind the proxy");
    let second = client.get(&format!("/servers/detail?limit=3&marker={}", id(3)));
    assert_eq!((names(&second), next(&second)), (vec!["b".to_owned(), "a".to_owned()], None));
    assert!(next(&client.get("/servers/detail?limit=5")).is_some());
    let last = client.get(&format!("/servers/detail?limit=5&marker={}", id(1)));
    assert_eq!((names(&last).len(), next(&last)), (0, None));
    let none = client.get("/servers/detail?limit=0");
    assert_eq!((names(&none).len(), next(&none)), (0, None));
}

#[test]
fn the_site_s_limit_caps_every_page() {
    let mut world = five();
    world["connections"]["os"]["page_size"] = json!(2);
    let site = Site::new(world);
    for query in ["", "?limit=4", "?limit=100000"] {
        let page = site.plain().get(&format!("/servers/detail{query}"));
        assert_eq!(names(&page), ["e", "d"]);
        assert!(next(&page).is_some());
    }
}

#[test]
fn bad_parameters_are_refused() {
    let site = Site::new(five());
    let client = site.plain();
    let unknown = fault(&client.get("/servers/detail?marker=x"));
    assert_eq!(unknown, (400, "badRequest".to_owned(), "marker [x] not found".to_owned()));
    for query in ["limit=-1", "limit=x", "limit=", "limit=1&limit=2", "sort_dir=up", "sort_key=x", "name=a|b"]
    {
        refused(&client.get(&format!("/servers?{query}")), 400, "badRequest");
    }
    for query in ["all_tenants=1", "status=deleted"] {
        refused(&client.get(&format!("/servers?{query}")), 403, "forbidden");
    }
}

#[test]
fn names_are_matched_as_patterns_and_statuses_in_any_case() {
    let site =
        Site::new(world(&[json!({ "name": "web-1" }), json!({ "name": "my-web-10", "power": "off" })]));
    let client = site.plain();
    assert_eq!(names(&client.get("/servers?name=web-1")).len(), 2);
    assert_eq!(names(&client.get("/servers?name=%5Eweb%5C-1%24")), ["web-1"]);
    assert_eq!(names(&client.get("/servers?status=shutoff")), ["my-web-10"]);
    assert_eq!(names(&client.get("/servers?status=Active")), ["web-1"]);
}

#[test]
fn a_marker_that_is_gone_is_refused() {
    let site = Site::new(usual());
    site.running.change_server("os", &id(2), json!({ "gone": true })).unwrap();
    refused(&site.plain().get(&format!("/servers?marker={}", id(2))), 400, "badRequest");
}
