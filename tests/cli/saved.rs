//! Saved plans: written, shown, applied to the letter, refused with 5 when anything moved.

use crate::desk::Desk;
use serde_json::json;

const CHANGES: &str =
    "servers:\n  - { name: web-1, power: off }\n  - { name: report-2, renamed_from: reports }\n";

fn saved(servers: &str) -> Desk {
    let desk = Desk::new(servers);
    desk.run(&["plan", "--out", "p.json"]).code(0).says("p.json");
    desk
}

#[test]
fn a_saved_plan_is_shown_and_carried_out() {
    let desk = saved(CHANGES);
    let planned = desk.run(&["plan"]).code(0).out;
    assert_eq!(desk.run(&["show", "p.json"]).code(0).out, planned);
    let shown = desk.run(&["show", "p.json", "--format", "json"]).code(0).json();
    let file: serde_json::Value =
        serde_json::from_slice(&std::fs::read(desk.path("p.json")).unwrap()).unwrap();
    assert_eq!(shown, file);
    desk.run(&["apply", "p.json", "--auto-approve"]).code(0).says("2 done");
    assert_eq!(desk.accepted(), 2);
    desk.run(&["apply", "p.json", "--auto-approve"]).code(0);
    assert_eq!(desk.accepted(), 2, "what is as planned already is not sent again");
}

#[test]
fn a_file_that_changed_makes_it_stale() {
    let desk = saved(CHANGES);
    desk.fleet(&format!("{CHANGES}  - {{ name: web-2 }}\n"));
    desk.run(&["apply", "p.json", "--auto-approve"]).code(5).says("fleet.yaml");
    assert_eq!(desk.accepted(), 0);
}

#[test]
fn a_server_that_moved_makes_all_of_it_stale() {
    for patch in [json!({ "name": "elsewhere" }), json!({ "power": "suspended" }), json!({ "gone": true })] {
        let desk = saved(CHANGES);
        desk.patch("flex", "web-1", patch.clone());
        let ran = desk.run(&["apply", "p.json", "--auto-approve"]).code(5).says("flex/web-1");
        assert!(!ran.err.contains("report-2"), "only what moved is listed: {ran:#?}");
        assert_eq!(desk.accepted(), 0, "{patch}");
    }
}

#[test]
fn a_server_that_is_there_already_is_fine() {
    let desk = saved(CHANGES);
    desk.patch("flex", "web-1", json!({ "power": "off" }));
    desk.run(&["apply", "p.json", "--auto-approve"]).code(0).says("2 done");
    assert_eq!(desk.accepted(), 1);
}

#[test]
fn what_is_no_plan_or_was_edited_is_refused() {
    let desk = saved(CHANGES);
    let text = std::fs::read_to_string(desk.path("p.json")).unwrap();
    desk.write("edited.json", &text.replace("report-2", "report-3"));
    desk.write("newer.json", &text.replace("\"format_version\": \"1.0\"", "\"format_version\": \"2.0\""));
    desk.write("half.json", &text[..text.len() / 2]);
    for file in ["edited.json", "newer.json", "half.json", "fleet.yaml", "nowhere.json"] {
        desk.run(&["apply", file, "--auto-approve"]).code(1).says(file);
        desk.run(&["show", file]).code(1).says(file);
    }
    assert_eq!(desk.accepted(), 0);
}

#[test]
fn options_that_cannot_be_honoured_are_errors_and_a_target_narrows() {
    let desk = saved(CHANGES);
    for flag in ["--allow-missing", "--reboot-unknown", "--simulate"] {
        desk.run(&["apply", "p.json", "--auto-approve", flag]).code(64);
    }
    desk.run(&["apply", "p.json", "--auto-approve", "--target", "flex/web-7"]).code(64);
    desk.run(&["apply", "p.json", "--auto-approve", "--target", "flex/web-1"]).code(0).says("1 done");
    assert_eq!(desk.accepted(), 1);
}

#[test]
fn a_target_that_tears_a_swap_apart_is_refused_before_anything_is_sent() {
    let desk = Desk::new("servers: []\n");
    let id = |name: &str| desk.server(name).unwrap()["id"].as_str().unwrap().to_owned();
    desk.fleet(&format!(
        "servers:\n  - {{ name: web-2, id: {} }}\n  - {{ name: web-1, id: {} }}\n",
        id("web-1"),
        id("web-2")
    ));
    desk.run(&["plan", "--out", "p.json"]).code(0);
    for target in ["flex/web-1", "flex/web-2"] {
        let ran = desk.run(&["apply", "p.json", "--auto-approve", "--target", target]);
        assert_eq!((ran.code, desk.accepted()), (Some(64), 0), "{ran:#?}");
    }
}

#[test]
fn a_plan_that_cannot_be_checked_against_the_world_is_not_carried_out() {
    let desk = saved(CHANGES);
    desk.fault(json!({ "count": "all", "fault": "html" }));
    desk.run(&["apply", "p.json", "--auto-approve"]).code(6);
    assert_eq!(desk.accepted(), 0);
}

#[test]
fn a_plan_in_a_folder_that_is_not_there_is_1() {
    Desk::new(CHANGES).run(&["plan", "--out", "no/such/p.json"]).code(1).says("no/such/p.json");
}

#[cfg(unix)]
#[test]
fn a_pipe_a_device_and_a_link_stay_what_they_are() {
    let desk = Desk::new("servers:\n  - { name: web-1, power: off }\n");
    let status = std::process::Command::new("mkfifo").arg(desk.path("pipe")).status().unwrap();
    assert!(status.success());
    let reader = {
        let path = desk.path("pipe");
        std::thread::spawn(move || std::fs::read_to_string(path).unwrap())
    };
    desk.run(&["plan", "--out", "pipe"]).code(0);
    assert!(reader.join().unwrap().contains("\"digest\""));
    desk.write("real.json", "old");
    std::os::unix::fs::symlink(desk.path("real.json"), desk.path("link.json")).unwrap();
    desk.run(&["plan", "--out", "link.json"]).code(0);
    assert!(std::fs::symlink_metadata(desk.path("link.json")).unwrap().is_symlink());
    desk.run(&["show", "real.json"]).code(0).says("1 power off");
    desk.run(&["plan", "--out", "/dev/stdout", "-q"]).code(0).says("\"digest\"");
}

/// Nobody takes half a comment for a whole one.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_stdout_is_an_error() {
    let desk = Desk::new("servers:\n  - { name: web-1, power: off }\n");
    for args in [&["plan"][..], &["plan", "--format", "markdown"], &["status"], &["schema"], &["providers"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = desk.command(args).stdout(full).output().unwrap();
        let ran = crate::desk::Ran::from(output).code(1);
        assert!(ran.err.contains("stdout could not be written"), "{args:?}: {ran:#?}");
    }
    // What an apply did, it did.
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = desk.command(&["apply", "--auto-approve"]).stdout(full).output().unwrap();
    crate::desk::Ran::from(output).code(0).says("stdout could not be written");
    assert_eq!(desk.accepted(), 1);
}

#[test]
fn of_a_change_that_was_half_done_the_half_is_taken_back() {
    let desk = Desk::new("servers:\n  - { name: web-9, renamed_from: web-1, power: off }\n");
    desk.fault(json!({ "connection": "flex", "method": "POST", "count": "all", "fault": { "status": { "code": 403 } } }));
    let report = desk.run(&["apply", "--auto-approve", "--format", "json"]).code(3).json();
    let undo = report["undo"].as_str().unwrap_or_else(|| panic!("{report:#}"));
    let plan = desk.run(&["show", undo, "--format", "json"]).code(0).json();
    assert_eq!(plan["changes"][0]["actions"], json!(["rename"]), "{plan:#}");
    assert_eq!(plan["changes"][0]["after"]["name"], "web-1");
    desk.run(&["apply", undo, "--auto-approve"]).code(0);
    assert_eq!(desk.server("web-1").unwrap()["power"], "on");
}
