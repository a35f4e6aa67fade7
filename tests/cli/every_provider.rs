//! One fleet over a connection of every type: everything that each can do, planned, carried out, and then nothing is
//! left to do.

use crate::desk::{Desk, Ran};
use fleetform::model::{OffSupport, RebootSupport};
use fleetform::providers::REGISTRY;
use serde_json::{Value, json};
use std::fmt::Write;

/// What a row can do, as entries of a fleet file and the servers that they are about.
struct Wishes {
    entries: String,
    servers: Vec<Value>,
    changes: usize,
}

fn wishes() -> Wishes {
    let mut all = Wishes { entries: "servers:\n".into(), servers: Vec::new(), changes: 0 };
    for row in REGISTRY {
        let (name, can) = (row.spec.type_name, &row.spec.capabilities);
        let mut wish = |possible: bool, live: &str, power: &str, entry: &str| {
            if possible {
                all.servers.push(json!({ "connection": name, "name": live, "power": power }));
                let _ = writeln!(all.entries, "  - {{ provider: {name}, {entry} }}");
                all.changes += 1;
            }
        };
        let off = can.off != OffSupport::No;
        wish(can.power_on, "starts", "off", "name: starts, power: on");
        wish(off, "stops", "on", "name: stops, power: off");
        wish(can.suspend, "sleeps", "on", "name: sleeps, power: suspended");
        wish(can.suspend, "wakes", "suspended", "name: wakes, power: on");
        wish(can.suspend && off, "ends", "suspended", "name: ends, power: off");
        let reboot = can.reboot != RebootSupport::No;
        wish(reboot, "boots", "on", "name: boots, rebooted_since: 2026-11-20T02:00:00Z");
        let both = "name: wakes-and-boots, power: on, rebooted_since: 2026-11-20T02:00:00Z";
        wish(can.suspend && reboot, "wakes-and-boots", "suspended", both);
        wish(can.rename, "old", "on", "name: new, renamed_from: old");
        wish(can.delete, "goes", "on", "name: goes, state: absent");
        all.servers.push(json!({ "connection": name, "name": "bystander", "power": "on" }));
    }
    all
}

fn desk(wishes: &Wishes) -> Desk {
    let connections: serde_json::Map<String, Value> = REGISTRY
        .iter()
        .map(|row| (row.spec.type_name.to_owned(), json!({ "type": row.spec.type_name })))
        .collect();
    let world = json!({
        "version": 1,
        "defaults": { "settle": "200ms" },
        "connections": connections,
        "servers": wishes.servers,
    });
    let desk = Desk::of(world);
    desk.write("fleet.yaml", &format!("{}{}", head(&desk), wishes.entries));
    desk
}

fn head(desk: &Desk) -> String {
    let mut text = String::from("version: 1\nproviders:\n");
    for row in REGISTRY {
        let name = row.spec.type_name;
        let _ = writeln!(text, "  {name}:\n    type: {name}\n    timeouts: {{ settle: 6s }}");
        for (setting, value) in &desk.running.endpoint(name).unwrap().settings {
            let _ = writeln!(text, "    {setting}: {}", Value::from(value.as_str()));
        }
    }
    text
}

fn run(desk: &Desk, args: &[&str]) -> Ran {
    crate::desk::run_in(desk.folder.path(), args)
}

#[test]
fn whatever_a_provider_can_do_is_planned_done_and_then_left_alone() {
    let wishes = wishes();
    let desk = desk(&wishes);
    let planned =
        run(&desk, &["plan", "--detailed-exitcode", "--reboot-unknown", "--format", "json"]).code(2);
    let plan = planned.json();
    assert_eq!(plan["changes"].as_array().unwrap().len(), wishes.changes, "{planned:#?}");
    assert_eq!(plan["summary"]["unmanaged"], REGISTRY.len());
    let done = format!("{} done", wishes.changes);
    run(&desk, &["apply", "--auto-approve", "--allow-delete", "--reboot-unknown"]).code(0).says(&done);
    run(&desk, &["plan", "--detailed-exitcode"]).code(0).says("No changes");
    for server in desk.running.stats().servers {
        let touched = server.tally.accepted > 0;
        assert!(!(touched && server.name == "bystander"), "nobody named it: {server:?}");
        assert!(server.tally.reboots <= 1 && server.tally.deletes <= 1, "{server:?}");
    }
}

#[test]
fn no_credential_of_any_provider_is_printed_or_kept() {
    let desk = desk(&wishes());
    let planned = run(&desk, &["plan", "-vv", "--reboot-unknown", "--out", "plan.json"]).code(0);
    let applied =
        run(&desk, &["apply", "-vv", "--auto-approve", "--allow-delete", "--reboot-unknown"]).code(0);
    let mut written = [planned.out, planned.err, applied.out, applied.err].concat();
    for path in ["plan.json", ".fleetform/journal.jsonl"] {
        written.push_str(&std::fs::read_to_string(desk.path(path)).unwrap());
    }
    for row in REGISTRY {
        let given = &desk.running.endpoint(row.spec.type_name).unwrap().settings;
        for setting in row.spec.settings.iter().filter(|s| s.kind == fleetform::model::SettingKind::Secret) {
            if let Some(secret) = given.get(setting.name) {
                assert!(!written.contains(secret.as_str()), "{}: {}", row.spec.type_name, setting.name);
            }
        }
    }
}
