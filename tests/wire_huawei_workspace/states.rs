//! The state table of the page, row by row, and lists.

use crate::wire::{Reply, Scripted, Seen};
use crate::{ID, LIST, P, TOKEN, get, open};
use fleetform::model::{CaseRule, LiveServer, LiveState, Power, Settles, Verb};
use fleetform::provider::{Error, ErrorKind, list_all};
use serde_json::{Value, json};

fn settled(power: Power) -> LiveState {
    LiveState::Settled(power)
}

fn odd(word: &str) -> LiveState {
    LiveState::Unrecognised(word.into())
}

async fn read(fields: Value) -> LiveServer {
    let mut server = json!({ "id": ID, "name": "a" });
    for (key, value) in fields.as_object().unwrap() {
        server[key] = value.clone();
    }
    get(Reply::json(200, server)).await.unwrap().unwrap()
}

#[tokio::test]
async fn what_is_under_way_comes_first() {
    let on = Some(Settles::Power(Power::On));
    let mut words = vec![
        ("powering-on", on),
        ("powering-off", Some(Settles::Power(Power::Off))),
        ("rebooting", on),
        ("reboot_pending", on),
        ("rebooting_hard", on),
        ("reboot_pending_hard", on),
        ("reboot_started_hard", on),
        ("deleting", Some(Settles::Gone)),
    ];
    let others = "scheduling block_device_mapping networking spawning rebuilding rebuild_block_device_mapping \
        rebuild_spawning updating_tsvi migrating resize_prep resize_migrating resize_migrated resize_finish \
        resize_reverting rejoining_domain source_locking updating_sid upgrading_access_agent build_image \
        build_snapshot restore_snapshot installing_app";
    words.extend(others.split_whitespace().map(|word| (word, None)));
    assert_eq!(words.len(), 30);
    for (word, into) in words {
        let live = read(json!({ "task_status": word, "vm_status": "ACTIVE", "status": "REGISTERED" })).await;
        assert_eq!(live.state, LiveState::Transition { word: word.into(), into });
    }
    for word in [
        "rebuild_fail",
        "updating_tsvi_failed",
        "delete_failed",
        "migrate_failed",
        "install_app_failed",
        "upgrad_access_agent_fail",
        "upgrad_access_agent_success",
    ] {
        let live = read(json!({ "task_status": word, "vm_status": "SHUTOFF" })).await;
        assert_eq!(live.state, settled(Power::Off), "{word}");
    }
    // Unknown, it may be anything.
    assert_eq!(
        read(json!({ "task_status": "powering_off", "vm_status": "ACTIVE" })).await.state,
        odd("powering_off")
    );
}

#[tokio::test]
async fn then_the_machine_and_then_the_guest() {
    let moving = |word: &str, into| LiveState::Transition { word: word.into(), into };
    let on = Some(Settles::Power(Power::On));
    for (vm, state) in [
        ("ACTIVE", settled(Power::On)),
        ("SHUTOFF", settled(Power::Off)),
        ("FREEZE", settled(Power::Suspended)),
        ("REBOOT", moving("REBOOT", on)),
        ("HARD_REBOOT", moving("HARD_REBOOT", on)),
        ("DELETING", moving("DELETING", Some(Settles::Gone))),
        ("BUILD", moving("BUILD", None)),
        ("REBUILD", moving("REBUILD", None)),
        ("MIGRATING", moving("MIGRATING", None)),
        ("RESIZE", moving("RESIZE", None)),
        ("REVERT_RESIZE", moving("REVERT_RESIZE", None)),
        ("BUILD_IMAGE", moving("BUILD_IMAGE", None)),
        ("BUILD_SNAPSHOT", moving("BUILD_SNAPSHOT", None)),
        ("RESTORE_SNAPSHOT", moving("RESTORE_SNAPSHOT", None)),
        ("BUILD_FAIL", odd("BUILD_FAIL")),
        ("REBUILD_FAIL", odd("REBUILD_FAIL")),
        ("VERIFY_RESIZE", odd("VERIFY_RESIZE")),
        ("ERROR", odd("ERROR")),
        ("active", odd("active")),
    ] {
        for task in [json!("null"), Value::Null, json!("")] {
            // The guest registers only after a while: the machine is on before.
            let fields = json!({ "task_status": task, "vm_status": vm, "status": "UNREGISTER" });
            assert_eq!(read(fields).await.state, state, "{vm}");
        }
    }
    for (status, state) in [
        ("REGISTERED", settled(Power::On)),
        ("MAINTAINING", settled(Power::On)),
        ("STOPPED", settled(Power::Off)),
        ("FREEZE", settled(Power::Suspended)),
        ("UNREGISTER", odd("UNREGISTER")),
        ("NONE", odd("NONE")),
    ] {
        assert_eq!(read(json!({ "vm_status": "null", "status": status })).await.state, state, "{status}");
        assert_eq!(read(json!({ "vm_status": null, "status": status })).await.state, state, "{status}");
        assert_eq!(read(json!({ "status": status })).await.state, state, "{status}");
    }
    assert_eq!(read(json!({})).await.state, odd("no state"));
}

#[tokio::test]
async fn what_is_frozen_is_left_alone_and_what_is_paid_ahead_is_not_deleted() {
    let frozen = read(json!({ "vm_status": "FREEZE" })).await;
    for verb in [Verb::PowerOn, Verb::PowerOff, Verb::Reboot, Verb::Suspend] {
        assert!(frozen.denial(verb).unwrap().contains("frozen for billing"));
    }
    assert!(frozen.denial(Verb::Delete).is_none() && frozen.denial(Verb::Rename).is_none());
    for (metadata, denied) in [
        (json!({ "charging_mode": "1" }), true),
        (json!({ "charging_mode": 1 }), true),
        (json!({ "charging_mode": "0" }), false),
        (json!({ "charging_mode": "2" }), false),
        (json!({}), false),
        (Value::Null, false),
    ] {
        let live = read(json!({ "vm_status": "ACTIVE", "metadata": metadata, "freeze": [] })).await;
        assert_eq!(live.denial(Verb::Delete).is_some(), denied, "{metadata}");
        assert!(live.denial(Verb::Reboot).is_none());
    }
}

async fn list(replies: Vec<Reply>) -> (Result<Vec<LiveServer>, Error>, Vec<Seen>) {
    let server = Scripted::new(replies).await;
    let listed = list_all(&*open(&server.url, TOKEN), CaseRule::Exact, 1).await;
    (listed, server.seen())
}

fn page(count: u64, ids: std::ops::Range<u64>) -> Reply {
    let items: Vec<Value> = ids
        .map(|id| json!({ "id": id.to_string(), "name": format!("n{id}"), "vm_status": "ACTIVE" }))
        .collect();
    Reply::json(200, json!({ "count": count, "items": items }))
}

fn offsets(seen: &[Seen]) -> Vec<String> {
    seen.iter()
        .map(|seen| {
            assert_eq!(
                (seen.path(), seen.pair("limit").as_deref()),
                (&*format!("/v1/{P}/app-servers"), Some("100"))
            );
            seen.pair("offset").unwrap()
        })
        .collect()
}

#[tokio::test]
async fn a_list_is_read_with_ids_to_the_digit() {
    let (listed, _) = list(vec![Reply::json(200, LIST)]).await;
    let shown: Vec<String> = listed
        .unwrap()
        .iter()
        .map(|s| format!("{} {} {}", s.id.as_ref().unwrap(), s.name.as_ref().unwrap(), s.state))
        .collect();
    assert_eq!(
        shown,
        [
            "522933611213619200 desk-1 on",
            "522933611213619201 desk-2 off",
            "522933611213619202 画图-3 suspended",
            "522933611213619203 desk-4 powering-off, becoming off"
        ]
    );
}

#[tokio::test]
async fn pages_are_as_long_as_the_first_one_really_was() {
    let (listed, seen) = list(vec![page(230, 0..100), page(230, 100..200), page(230, 200..230)]).await;
    assert_eq!((listed.unwrap().len(), offsets(&seen)), (230, ["0", "100", "200"].map(Into::into).to_vec()));
    // A service that shows fewer than asked for.
    let (listed, seen) = list(vec![page(25, 0..10), page(25, 10..20), page(25, 20..25)]).await;
    assert_eq!((listed.unwrap().len(), offsets(&seen)), (25, ["0", "10", "20"].map(Into::into).to_vec()));
    let (listed, seen) = list(vec![page(100, 0..100)]).await;
    assert_eq!((listed.unwrap().len(), seen.len()), (100, 1));
    let (listed, seen) = list(vec![page(0, 0..0)]).await;
    assert_eq!((listed.unwrap().len(), seen.len()), (0, 1));
    let (listed, _) = list(vec![Reply::json(200, json!({ "count": "0", "items": null }))]).await;
    assert_eq!(listed.unwrap(), []);
}

#[tokio::test]
async fn without_a_count_pages_are_read_until_one_is_empty() {
    let bare = |ids: std::ops::Range<u64>| {
        let items: Vec<Value> =
            ids.map(|id| json!({ "id": id.to_string(), "vm_status": "ACTIVE" })).collect();
        Reply::json(200, json!({ "items": items }))
    };
    let (listed, seen) = list(vec![bare(0..10), bare(10..13), bare(0..0)]).await;
    assert_eq!((listed.unwrap().len(), offsets(&seen)), (13, ["0", "10", "13"].map(Into::into).to_vec()));
}

#[tokio::test]
async fn rows_that_move_are_kept_once_and_a_count_that_changes_is_read_again() {
    let (listed, seen) = list(vec![page(4, 0..2), page(3, 2..3), page(3, 0..2), page(3, 2..3)]).await;
    assert_eq!((listed.unwrap().len(), seen.len()), (3, 4));
    // A page that is empty before its time is not the end of the list.
    let (listed, _) = list(vec![page(3, 0..2), page(3, 0..0)]).await;
    assert_eq!(listed.unwrap_err().kind, ErrorKind::Garbage);
    let (listed, _) = list(vec![page(3, 0..0)]).await;
    assert_eq!(listed.unwrap_err().kind, ErrorKind::Garbage);
}

#[tokio::test]
async fn a_page_that_cannot_be_read_in_full_fails_the_list() {
    for bad in [
        Reply::json(200, "{}"),
        Reply::json(200, "null"),
        Reply::json(200, "[]"),
        Reply::json(200, json!({ "count": 2 })),
        Reply::json(200, json!({ "count": "many", "items": [] })),
        Reply::json(200, json!({ "count": 1, "items": [{ "name": "a" }] })),
        Reply::json(200, json!({ "count": 1, "items": [{ "id": "" }] })),
        Reply::json(200, json!({ "count": 1, "items": [{ "id": null, "name": "a" }] })),
        Reply::json(200, json!({ "count": 9_000_000_000_000_u64, "items": [{ "id": "1" }] })),
        Reply::json(200, &LIST[..300]),
        Reply::new(200, ""),
        Reply::new(200, "<html>please log in</html>"),
        Reply::new(204, ""),
        Reply::json(404, crate::NOT_FOUND),
    ] {
        for first in [None, Some(page(4, 0..2))] {
            let replies: Vec<Reply> = first.into_iter().chain([bad.clone()]).collect();
            let (listed, _) = list(replies).await;
            assert!(listed.is_err(), "{bad:?} was taken for {listed:?}");
        }
    }
}
