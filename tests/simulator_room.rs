//! The simulator around the wire faces: looking in, persistence, load, stopping, and mistakes in worlds.

#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

#[path = "simulator_common/mod.rs"]
mod common;

use common::{Client, FACES, flex, reboot, small_world as world, start, start_kept, until};
use fleetform::simulator::{Error, Options, Origin, Simulator, World};
use serde_json::{Value, json};
use std::net::TcpStream;
use std::time::{Duration, Instant};

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
