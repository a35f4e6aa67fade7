//! Providers in trouble: unreachable, talking nonsense, refusing the key. Codes 6 and 1, and never an empty list.

use crate::desk::{Desk, stub};
use serde_json::json;

const ABSENT: &str = "servers:\n  - { name: web-9, state: absent }\n  - { name: web-1, power: off }\n";

#[test]
fn a_dead_server_is_6_and_nothing_is_called_absent() {
    let desk = Desk::new(ABSENT);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = &desk.running.endpoint("flex").unwrap().settings["endpoint"];
    let text = std::fs::read_to_string(desk.path("fleet.yaml")).unwrap();
    desk.write("fleet.yaml", &text.replace(endpoint.as_str(), &format!("http://{free}")));
    let ran = desk.run(&["plan"]).code(6);
    assert!(ran.out.contains("unreachable") && !ran.out.contains("No changes"), "{ran:#?}");
    desk.run(&["apply", "--auto-approve"]).code(6);
    desk.run(&["apply", "--auto-approve", "--partial"]).code(6);
}

#[test]
fn a_server_that_answers_with_a_page_is_6() {
    let desk = Desk::new(ABSENT);
    let url = stub(
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 21\r\nconnection: close\r\n\r\n<html>log in</html>\r\n",
    );
    let endpoint = &desk.running.endpoint("flex").unwrap().settings["endpoint"];
    let text = std::fs::read_to_string(desk.path("fleet.yaml")).unwrap();
    desk.write("fleet.yaml", &text.replace(endpoint.as_str(), &url));
    let ran = desk.run(&["plan"]).code(6).says("HTML");
    assert!(!ran.out.contains("log in"), "{ran:#?}");
    desk.run(&["apply", "--auto-approve"]).code(6);
    desk.run(&["status"]);
}

#[test]
fn a_wrong_key_is_1_and_is_not_tried_again_and_again() {
    let desk = Desk::new(ABSENT);
    let ran: crate::desk::Ran =
        desk.command(&["plan"]).env("HOSTWAY_PASSWORD", "wrong-and-planted").output().unwrap().into();
    let ran = ran.code(1).says("401");
    assert!(!ran.out.contains("wrong-and-planted") && !ran.err.contains("wrong-and-planted"), "{ran:#?}");
    assert!(desk.running.stats().calls("flex", "GET", "/servers/detail") <= 3);
}

#[test]
fn one_connection_in_trouble_does_not_hide_the_other() {
    let desk = Desk::new(
        "servers:\n  - { name: web-1, power: off }\n  - { name: app, provider: grid, power: off }\n",
    );
    desk.fault(json!({ "connection": "flex", "count": "all", "fault": "html" }));
    desk.run(&["plan"]).code(6).says("grid/app").says("on -> off");
    desk.run(&["apply", "--auto-approve"]).code(6);
    assert_eq!(desk.accepted(), 0);
    desk.run(&["apply", "--auto-approve", "--partial"]).says("1 done");
    assert_eq!(desk.server("app").unwrap()["power"], "off");
}

#[test]
fn a_redirect_and_a_plain_http_endpoint_send_credentials_nowhere() {
    let desk = Desk::new(ABSENT);
    let url = stub(
        "HTTP/1.1 302 Found\r\nlocation: https://elsewhere.example/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    );
    let endpoint = desk.running.endpoint("flex").unwrap().settings["endpoint"].clone();
    let text = std::fs::read_to_string(desk.path("fleet.yaml")).unwrap();
    desk.write("fleet.yaml", &text.replace(&endpoint, &url));
    desk.run(&["plan"]).code(1).says("elsewhere.example");
    desk.write("fleet.yaml", &text.replace(&endpoint, "http://api.example/x"));
    desk.run(&["plan"]).code(1).says("https");
}
