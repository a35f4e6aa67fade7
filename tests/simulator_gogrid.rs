//! The gogrid face, over real HTTP: each fact of the provider's page that it implements.
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

#[path = "simulator_common/mod.rs"]
mod common;

use common::{Answer, Client, signed, start};
use fleetform::simulator::Running;
use serde_json::{Value, json};

fn world() -> Value {
    json!({
        "version": 1,
        "defaults": { "settle": "800ms" },
        "connections": { "grid": { "type": "gogrid" } },
        "servers": [
            { "connection": "grid", "id": 11, "name": "web", "power": "on" },
            { "connection": "grid", "id": "12", "name": "db", "power": "off" },
            { "connection": "grid", "id": 13, "name": "twin", "power": "on",
              "attributes": { "datacenter": 2, "isSandbox": true, "server.type": 2 } },
            { "connection": "grid", "id": 14, "name": "twin", "power": "on" },
            { "connection": "grid", "id": "none", "name": "added", "state": "Starting" },
            { "connection": "grid", "id": 16, "name": "saved", "state": "On/Saving" },
            { "connection": "grid", "id": 17, "name": "11", "state": "Sleeping" },
            { "connection": "grid", "name": "many-{1..5}", "power": "off" },
        ],
    })
}

struct Grid {
    client: Client,
    key: String,
    secret: String,
}

impl Grid {
    fn of(running: &Running) -> Self {
        let settings = &running.endpoint("grid").unwrap().settings;
        assert!(settings["endpoint"].ends_with("/grid/api"));
        let client = Client::new(&settings["endpoint"]);
        Self { client, key: settings["api_key"].clone(), secret: settings["secret"].clone() }
    }

    /// A call with everything in the query.
    fn get(&self, method: &str, more: &str) -> Answer {
        self.client.get(&format!("{method}?{}&{more}", signed(&self.key, &self.secret, 0)))
    }

    /// A call with everything in a form body.
    fn post(&self, method: &str, more: &str) -> Answer {
        self.client.post_form(method, &format!("{}&{more}", signed(&self.key, &self.secret, 0)))
    }

    fn state(&self, id: u64) -> String {
        let answer = self.get("/grid/server/get", &format!("id={id}"));
        answer.json()["list"][0]["state"]["name"].as_str().unwrap().to_owned()
    }
}

/// The message of a refusal in the provider's envelope.
fn refused(answer: &Answer) -> String {
    let body = answer.json();
    assert_eq!((answer.status, &body["status"]), (400, &json!("failure")), "{body}");
    assert!(body["summary"].get("numpages").is_none());
    assert_eq!(body["list"][0]["object"], "error");
    assert_eq!(body["list"][0]["errorcode"], "IllegalArgumentException");
    body["list"][0]["message"].as_str().unwrap().to_owned()
}

fn names(answer: &Answer) -> Vec<String> {
    let list = answer.json()["list"].as_array().unwrap().clone();
    list.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_bad_key_signature_or_clock_is_403_without_json_and_with_a_date() {
    let running = start(world());
    let grid = Grid::of(&running);
    let (key, secret) = (grid.key.as_str(), grid.secret.as_str());
    for common in [
        String::new(),
        "v=1.6".to_owned(),
        format!("api_key={key}&v=1.6"),
        signed(key, "wrong", 0),
        signed("wrong", secret, 0),
        signed(key, secret, -605),
        signed(key, secret, 615),
        format!("{}&api_key={key}", signed(key, secret, 0)),
    ] {
        let answer = grid.client.get(&format!("/grid/server/list?{common}"));
        assert_eq!(answer.status, 403, "{common}");
        assert!(serde_json::from_slice::<Value>(&answer.body).is_err());
        assert!(answer.header("date").unwrap().ends_with(" GMT"));
    }
    for off in [-590, 0, 590] {
        let answer = grid.client.get(&format!("/grid/server/list?{}", signed(key, secret, off)));
        assert_eq!(answer.status, 200, "{off}");
    }
}

#[test]
fn a_wrong_clock_shows_in_the_date_and_signatures_hold_by_it() {
    let mut skewed = world();
    skewed["connections"]["grid"]["clock_skew"] = json!("1h");
    let running = start(skewed);
    let grid = Grid::of(&running);
    let refused = grid.get("/grid/server/list", "");
    let date = jiff::fmt::rfc2822::parse(&refused.header("date").unwrap()).unwrap().timestamp();
    let ahead = date.as_second() - jiff::Timestamp::now().as_second();
    assert!(refused.status == 403 && (3590..=3610).contains(&ahead), "{ahead}");
    let common = signed(&grid.key, &grid.secret, ahead);
    assert_eq!(grid.client.get(&format!("/grid/server/list?{common}")).status, 200);
}

#[test]
fn a_key_that_may_only_read_gets_401_elsewhere() {
    let running = start(world());
    let grid = Grid::of(&running);
    let reader = Grid {
        client: Client::new(&running.endpoint("grid").unwrap().settings["endpoint"]),
        key: format!("{}-reader", grid.key),
        secret: format!("{}-reader", grid.secret),
    };
    assert_eq!(reader.get("/grid/server/list", "").status, 200);
    assert_eq!(reader.get("/grid/server/get", "id=11").status, 200);
    for (method, more) in [
        ("/grid/server/power", "id=11&power=off"),
        ("/grid/server/delete", "id=11"),
        ("/grid/server/edit", "id=11&description=x"),
        ("/grid/job/list", ""),
    ] {
        assert_eq!(reader.post(method, more).status, 401, "{method}");
    }
    assert!(running.stats().servers.is_empty());
}

#[test]
fn unknown_methods_are_404_and_common_parameters_are_checked() {
    let running = start(world());
    let grid = Grid::of(&running);
    for path in ["/grid/server/lists", "/grid/server", "/grid/server/list/", "/grid/server/reboot"] {
        assert_eq!(grid.get(path, "").status, 404, "{path}");
    }
    assert_eq!(grid.client.send("PUT", "/grid/server/list", None, Vec::new()).status, 405);
    let common = signed(&grid.key, &grid.secret, 0);
    for changed in [
        common.replace("&v=1.6", ""),
        common.replace("v=1.6", "v=2.0"),
        common.replace("v=1.6", "v=1.10"),
        common.replace("format=json", "format=xml"),
        common.replace("format=json", "format=JSON"),
        format!("{common}&limit=3"),
        format!("{common}&num_items=0"),
        format!("{common}&num_items=ten"),
        format!("{common}&isSandbox=yes"),
        format!("{common}&datacenter=3"),
        format!("{}&datacenter=1", common.replace("v=1.6", "v=1.4")),
    ] {
        refused(&grid.client.get(&format!("/grid/server/list?{changed}")));
    }
    let unformatted = common.replace("&format=json", "");
    assert_eq!(grid.client.get(&format!("/grid/server/list?{unformatted}")).status, 200);
}

#[test]
fn parameters_come_from_the_query_and_from_forms_and_from_nothing_else() {
    let running = start(world());
    let grid = Grid::of(&running);
    let common = signed(&grid.key, &grid.secret, 0);
    assert_eq!(grid.client.post_form(&format!("/grid/server/get?{common}"), "id=11").status, 200);
    assert_eq!(grid.client.post_form(&format!("/grid/server/get?{common}&id=11"), "").status, 200);
    let as_text = grid.client.send("POST", "/grid/server/list", Some("text/plain"), common.into_bytes());
    assert_eq!(as_text.status, 403);
}

#[test]
fn a_list_is_whole_unless_paged() {
    let running = start(world());
    let grid = Grid::of(&running);
    let whole = grid.get("/grid/server/list", "page=3").json();
    assert_eq!((&whole["status"], &whole["method"]), (&json!("success"), &json!("/grid/server/list")));
    assert_eq!(whole["summary"], json!({ "total": 12, "start": 0, "numpages": 0, "returned": 12 }));
    let page = grid.get("/grid/server/list", "num_items=5&page=2");
    assert_eq!(page.json()["summary"], json!({ "total": 12, "start": 10, "numpages": 3, "returned": 2 }));
    assert_eq!(names(&page), ["many-4", "many-5"]);
    let beyond = grid.get("/grid/server/list", "num_items=5&page=3").json();
    assert_eq!(beyond["summary"], json!({ "total": 12, "start": 15, "numpages": 3, "returned": 0 }));
    assert_eq!(names(&grid.get("/grid/server/list", "isSandbox=true")), ["twin"]);
    assert_eq!(names(&grid.get("/grid/server/list", "datacenter=US-East-1&num_items=1")), ["twin"]);
    assert_eq!(grid.get("/grid/server/list", "server.type=2").json()["summary"]["total"], 1);
}

#[test]
fn later_versions_page_by_themselves_and_pages_can_be_kept_small() {
    let mut large = world();
    large["servers"] = json!([{ "connection": "grid", "name": "s-{001..250}" }]);
    large["connections"]["grid"]["page_size"] = json!(40);
    let running = start(large.clone());
    let grid = Grid::of(&running);
    let page = grid.get("/grid/server/list", "num_items=100&page=6").json();
    assert_eq!(page["summary"], json!({ "total": 250, "start": 240, "numpages": 7, "returned": 10 }));
    large["connections"]["grid"].as_object_mut().unwrap().remove("page_size");
    let running = start(large);
    let grid = Grid::of(&running);
    let later = signed(&grid.key, &grid.secret, 0).replace("v=1.6", "v=1.7");
    let page = grid.client.get(&format!("/grid/server/list?{later}")).json();
    assert_eq!(page["summary"], json!({ "total": 250, "start": 0, "numpages": 3, "returned": 100 }));
}

#[test]
fn servers_have_the_documented_fields() {
    let running = start(world());
    let grid = Grid::of(&running);
    let list = grid.get("/grid/server/list", "").json()["list"].clone();
    let web = &list[0];
    assert_eq!(
        (&web["id"], &web["object"], &web["isSandbox"]),
        (&json!(11), &json!("server"), &json!(false))
    );
    assert_eq!(web["datacenter"]["name"], "US-West-1");
    assert!(web["description"].is_null());
    let off = json!({ "description": null, "id": 3, "name": "Off", "object": "option" });
    assert_eq!(list[1]["state"], off);
    assert!(list[4].get("id").is_none(), "no id while it is being added");
    assert_eq!((&list[5]["state"]["id"], &list[6]["state"]["name"]), (&json!(9), &json!("Sleeping")));
    let old = signed(&grid.key, &grid.secret, 0).replace("v=1.6", "v=1.4");
    let old = grid.client.get(&format!("/grid/server/list?{old}")).json();
    assert!(old["list"][0].get("datacenter").is_none());
}

#[test]
fn selectors_are_of_one_kind_and_never_ambiguous() {
    let running = start(world());
    let grid = Grid::of(&running);
    let two = grid.get("/grid/server/get", "id=11&id=12");
    assert_eq!(
        (names(&two), &two.json()["method"]),
        (vec!["web".into(), "db".into()], &json!("/grid/server/list"))
    );
    assert_eq!(names(&grid.get("/grid/server/get", "name=db")), ["db"]);
    assert_eq!(names(&grid.get("/grid/server/get", "server=12")), ["db"]);
    for more in ["id=99", "id=db", "name=added", "name=nobody"] {
        assert!(refused(&grid.get("/grid/server/get", more)).contains("No object found"), "{more}");
    }
    for more in ["", "id=11&name=web", "name=twin", "server=11"] {
        assert!(!refused(&grid.get("/grid/server/get", more)).contains("No object found"), "{more}");
    }
    refused(&grid.post("/grid/server/power", "id=11&id=13&power=off"));
    refused(&grid.post("/grid/server/power", "name=twin&power=off"));
    assert!(running.stats().servers.is_empty());
}

#[test]
fn power_answers_the_old_state_then_shows_its_word_and_settles() {
    let running = start(world());
    let grid = Grid::of(&running);
    for (id, power, old, meanwhile, settled) in [
        (12, "on", "Off", "Starting", "On"),
        (11, "off", "On", "Stopping", "Off"),
        (13, "cycle", "On", "Restarting", "On"),
        (11, "start", "Off", "Starting", "On"),
        (12, "stop", "On", "Stopping", "Off"),
        (14, "restart", "On", "Restarting", "On"),
    ] {
        let answer = grid.post("/grid/server/power", &format!("id={id}&power={power}"));
        assert_eq!(
            (answer.status, &answer.json()["list"][0]["state"]["name"]),
            (200, &json!(old)),
            "{power}"
        );
        assert_eq!(grid.state(id), meanwhile);
        refused(&grid.post("/grid/server/power", &format!("id={id}&power={power}")));
        refused(&grid.post("/grid/server/delete", &format!("id={id}")));
        common::until(|| grid.state(id) != meanwhile);
        assert_eq!(grid.state(id), settled);
    }
    let stats = running.stats();
    let [web, db, twin] = ["11", "12", "13"].map(|id| stats.tally("grid", id));
    assert_eq!((web.power_offs, web.power_ons, db.power_ons, db.power_offs), (1, 1, 1, 1));
    assert_eq!((twin.reboots, twin.boots, twin.accepted), (1, 1, 1));
    assert_eq!(stats.calls("grid", "POST", "/grid/server/power"), 12);
}

#[test]
fn power_is_refused_where_it_makes_no_sense() {
    let running = start(world());
    let grid = Grid::of(&running);
    for more in [
        "id=11&power=on",
        "id=12&power=off",
        "id=12&power=cycle",
        "id=16&power=off",
        "id=17&power=on",
        "id=11&power=reboot",
        "id=11",
        "id=99&power=on",
    ] {
        refused(&grid.post("/grid/server/power", more));
    }
    assert!(running.stats().servers.is_empty());
}

#[test]
fn a_deleted_server_keeps_its_state_until_its_job_ran() {
    let running = start(world());
    let grid = Grid::of(&running);
    let answer = grid.post("/grid/server/delete", "id=11").json();
    assert_eq!(answer["list"][0]["state"]["name"], "On");
    assert_eq!(grid.state(11), "On");
    refused(&grid.post("/grid/server/delete", "id=11"));
    common::until(|| grid.get("/grid/server/get", "id=11").status != 200);
    assert!(refused(&grid.get("/grid/server/get", "id=11")).contains("No object found"));
    assert_eq!(grid.get("/grid/server/list", "").json()["summary"]["total"], 11);
    let job = grid.get("/grid/job/list", "object=11&num_items=1").json();
    assert_eq!(job["list"][0]["currentstate"]["name"], "Succeeded");
    assert_eq!(running.stats().tally("grid", "11").deletes, 1);
}

#[test]
fn jobs_tell_what_was_asked_newest_first() {
    let running = start(world());
    let grid = Grid::of(&running);
    grid.post("/grid/server/power", "id=11&power=cycle");
    let first = grid.get("/grid/job/list", "object=11&num_items=1").json()["list"][0].clone();
    assert_eq!((&first["object"], &first["objecttype"]["name"]), (&json!("job"), &json!("VirtualServer")));
    assert!(["Queued", "Processing"].contains(&first["currentstate"]["name"].as_str().unwrap()));
    let id = first["id"].as_u64().unwrap();
    let job = || grid.get("/grid/job/get", &format!("id={id}")).json()["list"][0].clone();
    common::until(|| job()["currentstate"]["id"] == 3);
    let steps = job()["history"].as_array().unwrap().clone();
    let steps: Vec<&str> = steps.iter().map(|step| step["state"]["name"].as_str().unwrap()).collect();
    assert_eq!(steps, ["Queued", "Processing", "Succeeded"]);
    grid.post("/grid/server/power", "id=13&power=off");
    grid.post("/grid/server/power", "id=11&power=off");
    let all = grid.get("/grid/job/list", "").json();
    assert_eq!(all["summary"], json!({ "total": 3, "start": 0, "numpages": 1, "returned": 3 }));
    let ids: Vec<u64> =
        all["list"].as_array().unwrap().iter().map(|job| job["id"].as_u64().unwrap()).collect();
    assert!(ids.is_sorted_by(|newer, older| newer > older), "{ids:?}");
    assert_eq!(grid.get("/grid/job/list", "object=web&num_items=1").json()["summary"]["total"], 2);
    assert_eq!(grid.get("/grid/job/list", "job.state=Succeeded").json()["summary"]["total"], 1);
    assert_eq!(grid.get("/grid/job/list", "enddate=1000").json()["summary"]["total"], 0);
    assert!(refused(&grid.get("/grid/job/get", "id=5")).contains("No object found"));
    refused(&grid.get("/grid/job/list", "job.state=Done"));
}

#[test]
fn editing_changes_what_it_can_and_never_the_name() {
    let running = start(world());
    let grid = Grid::of(&running);
    let edited = grid.post("/grid/server/edit", "name=web&description=front+door&server.ram=2GB").json();
    assert_eq!(edited["list"][0]["description"], "front door");
    assert_eq!((&edited["list"][0]["ram"]["id"], &edited["list"][0]["name"]), (&json!(3), &json!("web")));
    refused(&grid.post("/grid/server/edit", "id=11&name=other"));
    refused(&grid.post("/grid/server/edit", "id=11"));
    refused(&grid.post("/grid/server/edit", "id=11&server.ram=3TB"));
}

#[test]
fn the_table_of_states_can_be_read() {
    let running = start(world());
    let grid = Grid::of(&running);
    let states = grid.get("/common/lookup/list", "lookup=server.state");
    let expected = [
        "On",
        "Starting",
        "Off",
        "Stopping",
        "Restarting",
        "Saving",
        "Restoring",
        "Updating",
        "On/Saving",
        "Off/Saving",
    ];
    assert_eq!(names(&states), expected);
    let ids = states.json()["list"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["id"].as_u64().unwrap())
        .collect::<Vec<_>>();
    assert_eq!(ids, (1..=10).collect::<Vec<_>>());
    let downwards = grid.get("/common/lookup/list", "lookup=server.state&sort=name&asc=false");
    assert_eq!(names(&downwards)[0], "Updating");
    refused(&grid.get("/common/lookup/list", ""));
    refused(&grid.get("/common/lookup/list", "lookup=server.colour"));
}
