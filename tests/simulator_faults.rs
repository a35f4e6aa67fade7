//! Faults: each kind, as a client and as the wire see it.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "helpers of tests may")]

#[path = "simulator_common/mod.rs"]
mod common;

use common::{Client, flex, reboot, signed, small_world as world, start, until, wait};
use fleetform::simulator::Running;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// What comes over the wire, to the last byte.
fn raw(running: &Running, request: &str) -> String {
    let mut stream = TcpStream::connect(running.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    // A reset instead of an end is as good.
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn authorization() -> &'static str {
    "Basic c2ltLWZsZXg6c2ltLWZsZXgtcGFzc3dvcmQ="
}

fn raw_reboot(running: &Running) -> String {
    let body = reboot().to_string();
    let length = body.len();
    let authorization = authorization();
    raw(
        running,
        &format!(
            "POST /flex/servers/1/action HTTP/1.1\r\nhost: x\r\nauthorization: {authorization}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        ),
    )
}

fn rule(fault: Value) -> Value {
    json!([{ "connection": "flex", "method": "POST", "path": "/servers/*/action", "body": "*reboot*",
             "fault": fault }])
}

#[test]
fn a_reset_before_the_work_sends_nothing_and_does_nothing() {
    let running = start(world(rule(json!("reset_before"))));
    assert_eq!(raw_reboot(&running), "");
    assert!(running.stats().servers.is_empty());
    assert_eq!(flex(&running).post_json("/servers/1/action", &reboot()).status, 202, "only the first call");
}

#[test]
fn a_reset_after_the_work_sends_nothing_and_the_work_is_done() {
    let running = start(world(rule(json!("reset_after"))));
    assert_eq!(raw_reboot(&running), "");
    until(|| running.stats().tally("flex", "1").reboots == 1);
    let stats = running.stats();
    assert_eq!((stats.calls("flex", "POST", "/servers/{id}/action"), stats.faults[0].fired), (1, 1));
}

#[test]
fn a_client_sees_a_reset_as_an_error_and_does_not_send_again() {
    let running = start(world(rule(json!({ "reset_after": {} }))));
    let client = flex(&running);
    assert_eq!(client.get("/servers").status, 200, "the connection is warm");
    let lost = client.try_send(
        "POST",
        "/servers/1/action",
        Some("application/json"),
        reboot().to_string().into_bytes(),
    );
    assert!(lost.is_err());
    assert_eq!(running.stats().calls("flex", "POST", "/servers/{id}/action"), 1);
}

#[test]
fn a_status_comes_instead_of_the_work() {
    let fault = json!({ "status": { "code": 503, "retry_after": 3, "body": "later" } });
    let running = start(world(rule(fault)));
    let answer = flex(&running).post_json("/servers/1/action", &reboot());
    assert_eq!((answer.status, answer.header("retry-after").as_deref()), (503, Some("3")));
    assert_eq!(answer.body, b"later");
    assert!(running.stats().servers.is_empty());
    let date = json!({ "connection": "flex",
        "fault": { "status": { "code": 429, "retry_after": "Sun, 06 Nov 1994 08:49:37 GMT", "body": "{}" } } });
    running.add_fault(date).unwrap();
    let answer = flex(&running).get("/servers");
    assert_eq!(answer.header("retry-after").as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    assert_eq!((answer.status, answer.header("content-type").as_deref()), (429, Some("application/json")));
}

#[test]
fn a_status_after_the_work_hides_that_it_was_done() {
    let running = start(world(rule(json!("status_after"))));
    assert_eq!(flex(&running).post_json("/servers/1/action", &reboot()).status, 500);
    until(|| running.stats().tally("flex", "1").reboots == 1);
}

#[test]
fn a_late_answer_is_late_and_its_work_is_not() {
    let running = start(world(rule(json!({ "late": "900ms" }))));
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let call = scope.spawn(|| flex(&running).post_json("/servers/1/action", &reboot()).status);
        until(|| running.stats().tally("flex", "1").accepted == 1);
        assert!(begun.elapsed() < Duration::from_millis(900), "accepted at once");
        assert_eq!(call.join().unwrap(), 202);
    });
    assert!(begun.elapsed() >= Duration::from_millis(900));
}

#[test]
fn work_is_done_even_if_the_client_has_given_up_waiting() {
    let mut slow = world(json!([]));
    slow["connections"]["flex"]["latency"] = json!("400ms");
    let running = start(slow);
    let body = reboot().to_string();
    let (length, authorization) = (body.len(), authorization());
    let mut stream = TcpStream::connect(running.address()).unwrap();
    let request = format!(
        "POST /flex/servers/1/action HTTP/1.1\r\nhost: x\r\nauthorization: {authorization}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    until(|| running.stats().calls("flex", "POST", "/servers/{id}/action") == 1);
    drop(stream);
    until(|| running.stats().tally("flex", "1").reboots == 1);
}

#[test]
fn a_cut_off_body_promises_more_than_it_brings() {
    let fault = json!([{ "connection": "flex", "path": "/servers/detail", "fault": "cut_off" }]);
    let running = start(world(fault));
    let authorization = authorization();
    let answer = raw(
        &running,
        &format!("GET /flex/servers/detail HTTP/1.1\r\nhost: x\r\nauthorization: {authorization}\r\n\r\n"),
    );
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let promised = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let promised: usize = promised.parse().unwrap();
    assert!(
        body.starts_with(r#"{"servers":["#) && body.len() == promised / 2,
        "{} of {promised}",
        body.len()
    );
}

#[test]
fn an_answer_without_a_body_can_be_cut_off_too() {
    let running = start(world(rule(json!("cut_off"))));
    let answer = raw_reboot(&running);
    assert!(answer.contains("202 Accepted") && answer.contains("content-length: 1"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"));
}

#[test]
fn html_and_garbage_come_instead_of_the_work() {
    for (fault, status, media_type) in [
        (json!("html"), 200, "text/html; charset=utf-8"),
        (json!({ "html": { "status": 502 } }), 502, "text/html; charset=utf-8"),
        (json!("garbage"), 200, "application/json"),
        (json!({ "garbage": { "status": 404 } }), 404, "application/json"),
    ] {
        let running = start(world(rule(fault)));
        let answer = flex(&running).post_json("/servers/1/action", &reboot());
        assert_eq!((answer.status, answer.header("content-type").as_deref()), (status, Some(media_type)));
        assert!(serde_json::from_slice::<Value>(&answer.body).is_err());
        assert!(running.stats().servers.is_empty());
    }
}

#[test]
fn an_operation_may_never_settle_or_fail_in_the_end() {
    let running = start(world(rule(json!("never_settles"))));
    let client = flex(&running);
    assert_eq!(client.post_json("/servers/1/action", &reboot()).status, 202);
    wait(700);
    assert_eq!(client.get("/servers/1").json()["server"]["status"], "PROCESSING");
    assert_eq!(running.stats().tally("flex", "1").reboots, 0);

    let fails =
        json!([{ "connection": "grid", "path": "*/power", "fault": { "fails": { "reason": "no host" } } }]);
    let running = start(world(fails));
    let url = running.endpoint("grid").unwrap().settings["endpoint"].clone();
    let grid = Client::new(&url);
    let call = |method: &str, more: &str| {
        let common = signed("sim-grid-key", "sim-grid-secret", 0);
        grid.post_form(method, &format!("{common}&{more}")).json()
    };
    assert_eq!(call("/grid/server/power", "id=7&power=off")["status"], "success");
    let job = || call("/grid/job/list", "object=7&num_items=1")["list"][0].clone();
    until(|| job()["currentstate"]["name"] == "Failed");
    assert_eq!(job()["history"][2]["note"], "no host");
    assert_eq!(call("/grid/server/get", "id=7")["list"][0]["state"]["name"], "On");
    assert_eq!(running.stats().tally("grid", "7").power_offs, 0);
}

#[test]
fn a_refusal_comes_in_the_provider_s_own_envelope() {
    let running = start(world(json!([{ "fault": "refuse", "count": "all" }])));
    let answer = flex(&running).post_json("/servers/1/action", &reboot());
    assert_eq!((answer.status, answer.json()["conflictingRequest"]["code"].clone()), (409, json!(409)));
    let url = running.endpoint("grid").unwrap().settings["endpoint"].clone();
    let answer = Client::new(&url).get("/grid/server/power");
    assert_eq!(
        (answer.status, &answer.json()["list"][0]["errorcode"]),
        (400, &json!("IllegalArgumentException"))
    );
}

#[test]
fn rules_choose_calls_by_number_query_and_connection() {
    let faults = json!([
        { "connection": "fl*", "method": "get", "path": "/servers*", "query": "status=BUILD",
          "nth": 2, "count": 2, "fault": { "status": { "code": 500 } } },
    ]);
    let running = start(world(faults));
    let client = flex(&running);
    let statuses: Vec<u16> = (0..5).map(|_| client.get("/servers/detail?status=BUILD").status).collect();
    assert_eq!(statuses, [200, 500, 500, 200, 200]);
    assert_eq!(client.get("/servers/detail").status, 200);
    assert_eq!((running.stats().faults[0].matched, running.stats().faults[0].fired), (5, 2));
}
