//! One server: its fields, its states, its name, its end.

use crate::common::until;
use crate::site::{Site, fault, id, refused, usual, world};
use serde_json::{Value, json};

#[test]
fn a_server_has_the_documented_fields() {
    let site = Site::new(world(&[
        json!({ "name": "runs" }),
        json!({ "name": "volume", "power": "off", "attributes": { "volume_booted": true } }),
        json!({ "name": "broken", "state": "error", "attributes": { "fault": "no valid host" } }),
    ]));
    let one = site.server(1);
    assert_eq!((&one["id"], &one["name"]), (&json!(id(1)), &json!("runs")));
    assert_eq!((&one["OS-EXT-STS:power_state"], &one["OS-EXT-STS:task_state"]), (&json!(1), &Value::Null));
    assert!(one["image"]["id"].is_string() && one.get("fault").is_none());
    let created = one["created"].as_str().unwrap();
    assert!(created.ends_with('Z') && created.len() == "2026-11-20T02:00:00Z".len());
    assert_eq!(
        (&site.server(2)["image"], &site.server(2)["OS-EXT-STS:power_state"]),
        (&json!(""), &json!(4))
    );
    let broken = site.server(3);
    assert_eq!((&broken["status"], &broken["fault"]["message"]), (&json!("ERROR"), &json!("no valid host")));
    assert_eq!(site.plain().get("/servers/detail").json()["servers"][0]["fault"], broken["fault"]);
    let unknown = fault(&site.plain().get("/servers/x"));
    assert_eq!(unknown, (404, "itemNotFound".into(), "Instance x could not be found.".into()));
    refused(&site.plain().get("/images"), 404, "itemNotFound");
    assert!(site.plain().get("/servers").header("x-openstack-request-id").is_some());
}

#[test]
fn metadata_tags_and_age_are_those_of_the_world() {
    let given = json!({ "metadata": { "env": "dev" }, "tags": ["web"] });
    let site = Site::new(world(&[
        json!({ "name": "told", "age": "40d", "attributes": given }),
        json!({ "name": "plain" }),
    ]));
    let (told, plain) = (site.server(1), site.server(2));
    assert_eq!((&told["metadata"], &plain["metadata"]), (&json!({ "env": "dev" }), &json!({})));
    assert!(told["created"].as_str() < plain["created"].as_str());
    assert!(site.plain().get("/servers/detail").json()["servers"][0].get("tags").is_none(), "before 2.26");
}

#[test]
fn the_world_s_words_are_vm_states_and_others_stay_raw() {
    let words = [
        ("building", "BUILD"),
        ("rescued", "RESCUE"),
        ("resized", "VERIFY_RESIZE"),
        ("soft-delete", "SOFT_DELETED"),
        ("deleted", "DELETED"),
        ("shelved_offloaded", "SHELVED_OFFLOADED"),
        ("Frobnicating-7", "Frobnicating-7"),
    ];
    let servers: Vec<Value> = words.iter().map(|(word, _)| json!({ "name": word, "state": word })).collect();
    let site = Site::new(world(&servers));
    for ((word, status), n) in words.iter().zip(1..) {
        assert_eq!(site.phase(n), [*word, "-", *status]);
    }
}

#[test]
fn a_task_and_a_kind_of_sleep_can_be_given() {
    let site = Site::new(world(&[
        json!({ "name": "moves", "attributes": { "task_state": "migrating" } }),
        json!({ "name": "shelf", "power": "suspended", "attributes": { "vm_state": "shelved" } }),
        json!({ "name": "new", "state": "building", "becomes": "on", "after": "2s" }),
    ]));
    assert_eq!(site.phase(1), ["active", "migrating", "MIGRATING"]);
    assert_eq!(site.phase(2), ["shelved", "-", "SHELVED"]);
    assert_eq!(site.phase(3), ["building", "spawning", "BUILD"]);
    until(|| site.phase(3) == ["active", "-", "ACTIVE"]);
}

#[test]
fn a_rename_is_answered_with_the_server_and_is_possible_at_any_time() {
    let site = Site::new(usual());
    let rename = |n: u32, body: &Value| site.plain().put_json(&format!("/servers/{}", id(n)), body);
    site.act(1, &json!({ "os-stop": null }));
    let answer = rename(1, &json!({ "server": { "name": "new name ü" } }));
    assert_eq!((answer.status, &answer.json()["server"]["name"]), (200, &json!("new name ü")));
    for name in ["", " a", "a ", "a\nb", "a\u{200b}b", &"x".repeat(256)] {
        refused(&rename(1, &json!({ "server": { "name": name } })), 400, "badRequest");
    }
    assert_eq!(rename(1, &json!({ "server": { "name": "x".repeat(255) } })).status, 200);
    for body in [
        json!({ "server": { "name": "x", "status": "ACTIVE" } }),
        json!({ "server": {} }),
        json!({ "name": "x" }),
        json!({ "server": { "name": "x" }, "other": 1 }),
    ] {
        refused(&rename(1, &body), 400, "badRequest");
    }
    refused(&rename(99, &json!({ "server": { "name": "x" } })), 404, "itemNotFound");
    let untyped = site.plain().send("PUT", &format!("/servers/{}", id(1)), None, Vec::new());
    refused(&untyped, 415, "badMediaType");
}

#[test]
fn a_deleted_server_still_says_active_and_then_is_gone() {
    let site = Site::new(usual());
    let path = format!("/servers/{}", id(1));
    let delete = || site.plain().send("DELETE", &path, None, Vec::new());
    assert_eq!(delete().status, 204);
    assert_eq!(site.phase(1), ["active", "deleting", "ACTIVE"]);
    assert_eq!(delete().status, 204, "it is at work already");
    until(|| site.plain().get(&path).status == 404);
    assert_eq!(fault(&delete()).2, format!("Instance {} could not be found.", id(1)));
    let tally = site.running.stats().tally("os", &id(1));
    assert_eq!((tally.deletes, tally.accepted), (1, 1));
}

#[test]
fn worlds_that_cannot_be_are_refused() {
    use fleetform::simulator::{Options, Simulator, World};
    for patch in [
        json!({ "id": "1" }),
        json!({ "id": "none" }),
        json!({ "name": " a" }),
        json!({ "attributes": { "vm_state": "paused" } }),
        json!({ "attributes": { "locked": "yes" } }),
    ] {
        let mut world = usual();
        world["servers"][0].as_object_mut().unwrap().extend(patch.as_object().unwrap().clone());
        let world = World::from_value(world).unwrap();
        assert!(Simulator::start(&world, crate::common::FACES, Options::default()).is_err(), "{patch}");
    }
}
