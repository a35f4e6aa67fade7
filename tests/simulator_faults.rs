//! Faults, persistence, load and stopping: what the simulator does around the wire faces.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "helpers of tests may")]

#[path = "simulator_common/mod.rs"]
mod common;

use common::{Client, FACES, signed, start, start_kept, until, wait};
use fleetform::simulator::{Error, Options, Origin, Running, Simulator, World};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

fn world(faults: Value) -> Value {
    json!({
        "version": 1,
        "defaults": { "settle": "300ms" },
        "connections": { "flex": { "type": "hostway" }, "grid": { "type": "gogrid" } },
        "servers": [
            { "connection": "flex", "id": "1", "name": "a", "power": "on" },
            { "connection": "flex", "id": "2", "name": "b", "power": "off" },
            { "connection": "grid", "id": 7, "name": "g", "power": "on" },
        ],
        "faults": faults,
    })
}

fn flex(running: &Running) -> Client {
    let settings = &running.endpoint("flex").unwrap().settings;
    Client::new(&settings["endpoint"]).with_basic(&settings["username"], &settings["password"])
}

fn reboot() -> Value {
    json!({ "reboot": { "type": "HARD" } })
}

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

#[test]
fn the_world_can_be_looked_at_and_changed_behind_a_client_s_back() {
    let running = start(world(json!([])));
    let own = Client::new(&format!("http://{}", running.address()));
    let client = flex(&running);
    assert_eq!(own.post_json("/_sim/servers/flex/1", &json!({ "power": false, "name": "x" })).status, 200);
    let server = client.get("/servers/1").json()["server"].clone();
    assert_eq!((&server["name"], &server["status"]), (&json!("x"), &json!("STOPPED")));
    assert!(running.stats().servers.is_empty(), "nobody asked for that over the wire");
    assert_eq!(own.post_json("/_sim/servers/flex/2", &json!({ "gone": true })).status, 200);
    assert_eq!(client.get("/servers/2").status, 404);
    for (path, body) in [
        ("/_sim/servers/flex/9", json!({ "power": "off" })),
        ("/_sim/servers/moon/1", json!({ "power": "off" })),
        ("/_sim/servers/flex/1", json!({ "pwr": "off" })),
        ("/_sim/faults", json!({ "fault": "earthquake" })),
        ("/_sim/faults", json!({ "fault": "html", "connection": "moon" })),
    ] {
        assert_eq!(own.post_json(path, &body).status, 400, "{path} {body}");
    }
    assert_eq!(own.post_json("/_sim/faults", &json!({ "fault": "html", "path": "/servers/1" })).status, 200);
    assert_eq!(client.get("/servers/1").header("content-type").as_deref(), Some("text/html; charset=utf-8"));
    let stats = own.get("/_sim/stats").json();
    assert_eq!((&stats["faults"][0]["fired"], &stats["busiest"]["flex"]), (&json!(1), &json!(1)));
    assert_eq!(own.get("/_sim/world").json()["servers"][0]["power"], "off");
    assert_eq!((own.get("/_sim/nothing").status, own.get("/nowhere/servers").status), (404, 404));
}

#[test]
fn the_kept_world_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep").join("world.json");
    let text = world(json!([]));
    let running = start_kept(text.clone(), &path);
    assert_eq!(running.origin(), Origin::Begun);
    let client = flex(&running);
    client.put_json("/servers/2", &json!({ "server": { "name": "renamed" } }));
    client.post_json("/servers/1/action", &reboot());
    running.stop().unwrap();

    let running = start_kept(text.clone(), &path);
    assert_eq!(running.origin(), Origin::Continued);
    assert_eq!(running.world()["servers"][1]["name"], "renamed");
    until(|| running.stats().tally("flex", "1").reboots == 1);
    assert_eq!(flex(&running).get("/servers/1").json()["server"]["status"], "ACTIVE");
    assert_eq!(running.stats().calls("flex", "POST", "/servers/{id}/action"), 1);
    drop(running);

    let mut changed = text;
    changed["servers"][0]["name"] = json!("other");
    let running = start_kept(changed.clone(), &path);
    assert_eq!(running.origin(), Origin::SourceChanged);
    assert_eq!(running.world()["servers"][1]["name"], "b");
    drop(running);
    std::fs::write(&path, "{").unwrap();
    assert_eq!(start_kept(changed, &path).origin(), Origin::Unreadable);
}

#[test]
fn what_was_answered_is_on_disk_right_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.json");
    let running = start_kept(world(json!([])), &path);
    flex(&running).put_json("/servers/2", &json!({ "server": { "name": "renamed" } }));
    until(|| std::fs::read_to_string(&path).unwrap().contains("renamed"));
    let kept: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(kept.len(), 1, "no temporary file is left behind");
}

#[test]
fn eight_clients_at_once_are_served_side_by_side() {
    let mut large = world(json!([]));
    large["connections"]["flex"]["latency"] = json!("100ms");
    large["servers"] = json!([{ "connection": "flex", "name": "s-{001..100}" }]);
    let running = start(large);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let client = flex(&running);
                for _ in 0..10 {
                    let answer = client.get("/servers/detail");
                    assert_eq!(answer.json()["servers"].as_array().unwrap().len(), 100);
                }
            });
        }
    });
    let (elapsed, stats) = (begun.elapsed(), running.stats());
    assert!(
        elapsed < Duration::from_secs(8),
        "80 calls of 100 ms one after another would take 8 s: {elapsed:?}"
    );
    assert_eq!(stats.calls("flex", "GET", "/servers/detail"), 80);
    assert!((4..=8).contains(&stats.busiest["flex"]), "{:?}", stats.busiest);
}

#[test]
fn stopping_answers_calls_in_flight_and_waits_for_no_idle_client() {
    let faults = json!([{ "path": "/servers/1", "fault": { "late": "30s" } }]);
    let running = start(world(faults));
    let (idle, address) = (flex(&running), running.address());
    assert_eq!(idle.get("/servers").status, 200);
    let half_open = TcpStream::connect(address).unwrap();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let client = flex(&running);
        let call = scope.spawn(move || client.get("/servers/1").status);
        until(|| running.stats().calls("flex", "GET", "/servers/{id}") == 1);
        running.stop().unwrap();
        assert_eq!(call.join().unwrap(), 200);
    });
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    drop(half_open);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn only_loopback_is_listened_on() {
    let options = Options { listen: "0.0.0.0:0".parse().unwrap(), ..Options::default() };
    let world = World::from_value(world(json!([]))).unwrap();
    assert!(matches!(Simulator::start(&world, FACES, options), Err(Error::NotLoopback(_))));
}

#[test]
fn a_fleet_file_s_connections_give_the_types() {
    let text = json!({ "version": 1, "servers": [{ "connection": "flex", "name": "a" }] });
    let world = World::from_value(text.clone()).unwrap();
    let lost = Simulator::start(&world, FACES, Options::default()).unwrap_err().to_string();
    assert!(lost.contains("servers[0]") && lost.contains("flex"), "{lost}");
    let world = World::from_value(text).unwrap().with_connections([("flex", "hostway"), ("grid", "gogrid")]);
    let running = Simulator::start(&world.unwrap(), FACES, Options::default()).unwrap();
    let served: Vec<_> = running.endpoints().iter().map(|e| (&*e.connection, &*e.type_name)).collect();
    assert_eq!(served, [("flex", "hostway"), ("grid", "gogrid")]);
}

#[test]
fn mistakes_in_a_world_are_told_with_their_place() {
    let flex = json!({ "flex": { "type": "hostway" } });
    let server = |server: Value| json!({ "version": 1, "connections": flex, "servers": [server] });
    for (text, place, what) in [
        (json!({}), "top level", "version"),
        (json!({ "version": 2 }), "version", "2"),
        (json!({ "version": 1, "sever": [] }), "top level", "sever"),
        (json!({ "version": 1, "defaults": { "settle": "2 weeks" } }), "defaults", "2 weeks"),
        (json!({ "version": 1, "connections": { "x": { "type": "moon" } } }), "connections.x", "moon"),
        (json!({ "version": 1, "connections": { "x": { "latency": 5 } } }), "connections.x", "5"),
        (json!({ "version": 1, "connections": { "x": {} } }), "connections.x", "type"),
        (
            json!({ "version": 1, "connections": { "_sim": { "type": "gogrid" } } }),
            "connections._sim",
            "itself",
        ),
        (server(json!({ "connection": "flex", "name": "a", "pwr": "on" })), "servers[0]", "pwr"),
        (server(json!({ "connection": "flux", "name": "a" })), "servers[0]", "flux"),
        (server(json!({ "connection": "flex", "name": "a", "power": "up" })), "servers[0]", "up"),
        (server(json!({ "connection": "flex", "name": "a{" })), "servers[0]", "brace"),
        (server(json!({ "connection": "flex", "name": "a{1..2}", "id": "x" })), "servers[0]", "one id each"),
        (server(json!({ "connection": "flex", "name": "a", "id": "none" })), "servers[0]", "id"),
        (server(json!({ "connection": "flex", "name": "a", "after": "1s" })), "servers[0]", "becomes"),
        (
            server(json!({ "connection": "flex", "name": "a", "attributes": { "x": 1 } })),
            "servers[0]",
            "zone",
        ),
        (json!({ "version": 1, "faults": [{ "fault": "quake" }] }), "faults[0]", "quake"),
        (json!({ "version": 1, "faults": [{ "fault": "html", "nth": 0 }] }), "faults[0]", "nth"),
        (json!({ "version": 1, "faults": [{ "fault": "html", "count": "some" }] }), "faults[0]", "all"),
        (json!({ "version": 1, "faults": [{ "fault": "html", "matched": 3 }] }), "faults[0]", "matched"),
        (json!({ "version": 1, "faults": [{ "fault": { "status": { "code": 100 } } }] }), "faults[0]", "100"),
    ] {
        let read = World::from_value(text.clone());
        let started = read.and_then(|world| Simulator::start(&world, FACES, Options::default()).map(drop));
        let message = started.unwrap_err().to_string();
        assert!(message.contains(place) && message.contains(what), "{text} -> {message}");
    }
}

#[test]
fn servers_come_out_of_odd_states_where_the_world_says_so() {
    let running = start(json!({
        "version": 1,
        "connections": { "flex": { "type": "hostway" }, "grid": { "type": "gogrid" } },
        "servers": [
            { "connection": "flex", "id": "1", "name": "a", "state": "BUILD", "becomes": "on", "after": "600ms" },
            { "connection": "grid", "id": "none", "name": "g", "state": "Starting", "becomes": "on", "after": "600ms" },
        ],
    }));
    let client = flex(&running);
    assert_eq!(client.get("/servers/1").json()["server"]["status"], "BUILD");
    until(|| client.get("/servers/1").json()["server"]["status"] == "ACTIVE");
    until(|| running.world()["servers"][1]["id"] == "200001");
    assert!(running.stats().servers.is_empty(), "nobody asked for that");
}
