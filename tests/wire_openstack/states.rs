//! Every row of the page's table of states, in the page's order.

use crate::wire::Reply;
use crate::{Cloud, server};
use fleetform::model::{LiveServer, LiveState, Power, Settles, Verb};
use serde_json::{Value, json};

async fn read(changes: Value) -> Option<LiveServer> {
    Cloud::new([Reply::json(200, server(&changes))]).await.get().await.unwrap()
}

fn states(vm_state: &str, task_state: Option<&str>, status: &str) -> Value {
    json!({ "OS-EXT-STS:vm_state": vm_state, "OS-EXT-STS:task_state": task_state, "status": status })
}

fn moving(word: &str, into: Option<Settles>) -> LiveState {
    LiveState::Transition { word: word.into(), into }
}

fn odd(word: &str) -> LiveState {
    LiveState::Unrecognised(word.into())
}

const ON: LiveState = LiveState::Settled(Power::On);
const OFF: LiveState = LiveState::Settled(Power::Off);
const ASLEEP: LiveState = LiveState::Settled(Power::Suspended);

const ROWS: [(&str, &str, Option<LiveState>); 8] = [
    ("active", "ACTIVE", Some(ON)),
    ("stopped", "SHUTOFF", Some(OFF)),
    ("paused", "PAUSED", Some(ASLEEP)),
    ("suspended", "SUSPENDED", Some(ASLEEP)),
    ("shelved", "SHELVED", Some(ASLEEP)),
    ("shelved_offloaded", "SHELVED_OFFLOADED", Some(ASLEEP)),
    ("deleted", "DELETED", None),
    ("soft-delete", "SOFT_DELETED", None),
];

#[tokio::test]
async fn a_server_at_rest_is_what_its_vm_state_says_or_its_status_without_one() {
    for (vm_state, status, expected) in &ROWS {
        let live = read(states(vm_state, None, status)).await;
        assert_eq!(live.map(|live| live.state), *expected, "{vm_state}");
        let hidden = json!({ "OS-EXT-STS:vm_state": "(missing)", "OS-EXT-STS:task_state": "(missing)", "status": status });
        assert_eq!(read(hidden).await.map(|live| live.state), *expected, "{status}");
    }
    for (vm_state, status, word) in [
        ("error", "ERROR", "ERROR"),
        ("resized", "VERIFY_RESIZE", "VERIFY_RESIZE"),
        ("rescued", "RESCUE", "RESCUE"),
        ("frobbed", "FROB", "frobbed"),
    ] {
        assert_eq!(read(states(vm_state, None, status)).await.unwrap().state, odd(word));
    }
    assert_eq!(read(states("building", None, "BUILD")).await.unwrap().state, moving("BUILD", None));
}

#[tokio::test]
async fn a_task_under_way_goes_before_the_state_that_does_not_show_it() {
    let (on, off) = (Some(Settles::Power(Power::On)), Some(Settles::Power(Power::Off)));
    let asleep = Some(Settles::Power(Power::Suspended));
    for (vm_state, task, status, into) in [
        ("active", "powering-off", "ACTIVE", off),
        ("stopped", "powering-on", "SHUTOFF", on),
        ("active", "rebooting", "REBOOT", on),
        ("active", "rebooting_hard", "HARD_REBOOT", on),
        ("active", "reboot_started", "REBOOT", on),
        ("active", "deleting", "ACTIVE", Some(Settles::Gone)),
        ("active", "soft-deleting", "ACTIVE", Some(Settles::Gone)),
        ("active", "suspending", "ACTIVE", asleep),
        ("active", "pausing", "ACTIVE", asleep),
        ("active", "shelving_image_uploading", "ACTIVE", asleep),
        ("suspended", "resuming", "SUSPENDED", on),
        ("paused", "unpausing", "PAUSED", on),
        ("shelved_offloaded", "unshelving", "SHELVED_OFFLOADED", on),
        ("active", "image_snapshot", "ACTIVE", None),
        ("building", "spawning", "BUILD", None),
        ("soft-delete", "restoring", "SOFT_DELETED", None),
        ("error", "rebuilding", "ERROR", None),
    ] {
        assert_eq!(read(states(vm_state, Some(task), status)).await.unwrap().state, moving(task, into));
    }
}

#[tokio::test]
async fn where_the_site_hides_its_states_the_status_shows_what_it_can() {
    for (status, into) in [
        ("REBOOT", Some(Settles::Power(Power::On))),
        ("HARD_REBOOT", Some(Settles::Power(Power::On))),
        ("PASSWORD", None),
        ("REBUILD", None),
        ("MIGRATING", None),
        ("RESIZE", None),
        ("REVERT_RESIZE", None),
    ] {
        let hidden = json!({ "OS-EXT-STS:vm_state": "(missing)", "OS-EXT-STS:task_state": "(missing)", "status": status });
        assert_eq!(read(hidden).await.unwrap().state, moving(status, into));
    }
}

#[tokio::test]
async fn a_server_of_which_little_is_known_is_neither_absent_nor_guessed_at() {
    for (changes, word) in [
        (json!({ "status": "UNKNOWN" }), "UNKNOWN"),
        (json!({ "status": "UNKNOWN", "name": "(missing)", "OS-EXT-STS:vm_state": "(missing)" }), "UNKNOWN"),
        (json!({ "status": "(missing)" }), "no status"),
        (json!({ "status": null }), "no status"),
        (json!({ "name": "(missing)" }), "ACTIVE, without a name"),
    ] {
        let live = read(changes.clone()).await.expect("it is there");
        assert_eq!(live.state, odd(word), "{changes}");
        assert_eq!(live.name.is_none(), changes.get("name").is_some());
    }
}

#[tokio::test]
async fn a_locked_server_may_be_renamed_and_nothing_else() {
    let live = read(json!({ "locked": true })).await.unwrap();
    for verb in Verb::ALL {
        assert_eq!(
            live.denial(verb).is_some_and(|why| why.contains("locked")),
            verb != Verb::Rename,
            "{verb}"
        );
    }
    for open in [json!(false), Value::Null, json!("(missing)")] {
        assert!(read(json!({ "locked": open })).await.unwrap().denials.is_empty());
    }
}
