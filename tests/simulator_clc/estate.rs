//! Data centers, groups, and the servers in them.

use crate::common::start;
use crate::{Cloud, flat, servers, world};
use serde_json::{Value, json};

#[test]
fn data_centers_link_their_root_group_to_those_who_ask() {
    let running = start(world());
    let cloud = Cloud::of(&running);
    let plain = cloud.get("/v2/datacenters/{a}").json();
    assert_eq!(plain.as_array().unwrap().len(), 13);
    let rels = |one: &Value| -> Vec<String> {
        let links = one["links"].as_array().unwrap();
        links.iter().map(|link| link["rel"].as_str().unwrap().to_owned()).collect()
    };
    assert!(plain.as_array().unwrap().iter().all(|one| rels(one) == ["self"]));
    let linked = cloud.get("/v2/datacenters/{a}?groupLinks=true").json();
    assert!(linked.as_array().unwrap().iter().all(|one| rels(one) == ["self", "group"]));
    let ca1 = linked.as_array().unwrap().iter().find(|one| one["id"] == "ca1").unwrap();
    assert_eq!(ca1["name"], "CA1 - Canada (Vancouver)");
    let root = &ca1["links"][1];
    let id = root["id"].as_str().unwrap();
    assert_eq!((id.len(), &root["name"]), (32, &json!("CA1 Hardware")));
    assert_eq!(root["href"], format!("/v2/groups/clou/{id}"));
    assert_eq!(cloud.get("/v2/datacenters/{a}/ca1?groupLinks=true").json(), *ca1);
}

#[test]
fn a_root_shows_its_whole_tree_with_every_server_in_its_group() {
    let running = start(world());
    let cloud = Cloud::of(&running);
    let wa1 = cloud.root("wa1", "?serverDetail=detailed");
    let names = |tree: &Value| servers(tree);
    let pair = |id: &str, group: &str| (id.to_owned(), group.to_owned());
    assert_eq!(
        names(&wa1),
        [
            pair("wa1cloudeaf01", "WA1 Hardware"),
            pair("wa1clounew01", "Default Group"),
            pair("wa1clouoff01", "WA1 Hardware"),
            pair("wa1clouold01", "Archive"),
            pair("wa1clouon01", "Default Group"),
            pair("wa1cloupaused01", "Default Group"),
            pair("wa1cloutpl01", "Templates"),
        ]
    );
    assert_eq!((&wa1["locationId"], &wa1["serversCount"]), (&json!("WA1"), &json!(6)));
    let archive = flat(&wa1).into_iter().find(|group| group["type"] == "archive").unwrap();
    assert_eq!(archive["serversCount"], 0, "as recorded, although there is one in it");
    let ca1 = cloud.root("ca1", "?serverDetail=detailed");
    assert_eq!(names(&ca1), [pair("ca1clounested01", "Blue")]);
    let types: Vec<_> = flat(&ca1).iter().map(|group| group["type"].clone()).collect();
    assert_eq!(types, ["default", "archive", "default", "templates", "default", "default"]);
    assert_eq!(names(&cloud.root("de1", "?serverDetail=detailed")), []);
    let blue = flat(&ca1).pop().unwrap();
    let alone =
        cloud.get(&format!("/v2/groups/{{a}}/{}?serverDetail=detailed", blue["id"].as_str().unwrap()));
    assert_eq!(alone.json(), blue);
}

#[test]
fn without_detail_there_are_links_with_ids_in_upper_case() {
    let running = start(world());
    let cloud = Cloud::of(&running);
    let root = cloud.root("ca1", "");
    assert!(flat(&root).iter().all(|group| group.get("servers").is_none()));
    let blue = flat(&root).pop().unwrap();
    let link = blue["links"].as_array().unwrap().iter().find(|link| link["rel"] == "server").unwrap().clone();
    assert_eq!(
        (&link["id"], &link["href"]),
        (&json!("CA1CLOUNESTED01"), &json!("/v2/servers/clou/ca1clounested01"),)
    );
    assert_eq!(cloud.client.get(link["href"].as_str().unwrap()).json()["id"], "ca1clounested01");
    let mut old = world();
    old["servers"][0]["attributes"] = json!({ "plain_groups": true });
    let running = start(old);
    let cloud = Cloud::of(&running);
    let root = cloud.root("ca1", "?serverDetail=detailed");
    assert!(flat(&root).iter().all(|group| group.get("servers").is_none()));
}

#[test]
fn a_server_is_found_by_its_id_in_any_case_and_shows_what_it_is() {
    let running = start(world());
    let cloud = Cloud::of(&running);
    let on = cloud.server("WA1CLOUON01");
    assert_eq!(
        (&on["id"], &on["name"], &on["status"]),
        (&json!("wa1clouon01"), &json!("WA1CLOUON01"), &json!("active"),)
    );
    assert_eq!((&on["locationId"], &on["isTemplate"]), (&json!("WA1"), &json!(false)));
    assert_eq!(on["details"]["inMaintenanceMode"], false);
    assert_eq!(on["links"][0]["verbs"], json!(["GET", "PATCH", "DELETE"]));
    assert_eq!(cloud.power("wa1clouon01"), "started");
    assert_eq!(cloud.power("wa1clouoff01"), "stopped");
    assert_eq!(cloud.power("wa1cloupaused01"), "paused");
    let old = cloud.server("wa1clouold01");
    assert_eq!(
        (&old["status"], &old["details"]),
        (&json!("archived"), &json!({ "powerState": "stopped", "storageGB": 16 }),)
    );
    let new = cloud.server("wa1clounew01");
    assert_eq!((&new["status"], new.get("details")), (&json!("underConstruction"), None));
    assert_eq!(new["links"][0]["verbs"], json!(["GET", "PATCH"]));
    assert_eq!(cloud.server("wa1cloutpl01")["isTemplate"], true);
    let patch = json!({ "state": "Frobnicating-7", "attributes": { "power_state": null } });
    running.change_server("cloud", "wa1clouon01", patch).unwrap();
    let odd = cloud.server("wa1clouon01");
    assert_eq!((&odd["status"], odd["details"].get("powerState")), (&json!("Frobnicating-7"), None));
}
